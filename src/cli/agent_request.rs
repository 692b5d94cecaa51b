//! What an agent starts for each connection: reads the request, carries the plan out, answers.
//!
//! Its standard input is the connection. A client that is gone does not end it: the session is made and cached. A kill loses the
//! answer, and whatever a killed `credential-process` loses.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use clap::Parser;

use crate::chain::Plan;
use crate::cli::agent::{AgentArgs, allow};
use crate::cli::snapshot::{Made, Snapshot};
use crate::cli::world::{Served, World};
use crate::cli::{Cli, Command};
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::ops::agent;
use crate::ops::agent::protocol::{About, AgentRequest, Answer, LONGEST_REQUEST};
use crate::ops::log::Parent;
use crate::ops::resolve::store_of;
use crate::ops::whoami::of_plan;
use crate::profile::Profile;
use crate::settings::Prompt;
use crate::sys::env::{Environment, vars};
use crate::sys::own_socket::{Peer, read_line};
use crate::sys::{agent_process, parent};
use crate::ui::talk::StderrTalk;

/// How long a client may take to send its request, and to read the answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long a question may wait: the SDK at the other end waits no longer (`cli::credential_process`).
const PROMPT_LIMIT: Duration = Duration::from_secs(50);

/// Answers the connection of the agent with this command line, the program's name first; the exit code.
pub(super) fn run(arguments: &[OsString], mut env: Environment) -> u8 {
    let Ok(Cli { global, command: Command::Agent(args) }) = Cli::try_parse_from(arguments) else {
        return Kind::Defect.exit_code();
    };
    // A program of a profile's own that runs keyfob would ask this agent again.
    env.remove(vars::KEYFOB_AGENT);
    let talk = StderrTalk::new(global.level(), &env);
    let connected = agent_process::connection().and_then(|stream| Ok((Peer::of(&stream)?, stream)));
    let Ok((peer, mut stream)) = connected else { return Kind::Failed.exit_code() };
    let socket = std::path::absolute(&args.socket).unwrap_or(args.socket.clone()).display().to_string();
    // Security: the mode of the socket says the same; this holds where a mount or a container has changed it.
    if !peer.is_trusted() {
        talk.warn(&format!("the user {} was refused at {socket}", peer.uid));
        return Kind::Usage.exit_code();
    }
    let asked = read_request(&mut stream);
    let talk = talk.of_command(asked.as_ref().map(repeated).unwrap_or_default());
    let answer = asked.and_then(|request| {
        let mut world = World::new(&global, env, &talk)?;
        if request.unattended {
            world.settings.prompt = Prompt::never();
        }
        let peer = peer.pid.map(|pid| Parent { pid, name: parent::name_of(pid).unwrap_or_default() });
        let about = format!("request at {socket}: ");
        world.served = Some(Served { socket: socket.clone(), about, peer });
        serve(&world, &args, &request)
            .inspect_err(|error| talk.warn(&format!("{socket}: `{}`: {}", request.profile, error.in_one_line())))
    });
    // Security: the one place where an answer leaves. A client that is gone needs none.
    let _ = stream.set_write_timeout(Some(TIME_LIMIT)).and_then(|()| stream.write_all(Answer::bytes(&answer).expose()));
    answer.map_or_else(|error| error.kind().exit_code(), |_| 0)
}

fn read_request(stream: &mut UnixStream) -> Result<AgentRequest> {
    let line = read_line(stream, LONGEST_REQUEST, TIME_LIMIT).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::TimedOut => format!("it took more than {} s", TIME_LIMIT.as_secs()),
            io::ErrorKind::InvalidData => format!("it has more than {LONGEST_REQUEST} bytes"),
            _ => "it has no end".to_owned(),
        };
        Error::new(Kind::Usage, format!("the agent does not take the request: {what}"))
    })?;
    AgentRequest::read(&line)
}

/// A command that does the same on this machine: what hints repeat.
fn repeated(request: &AgentRequest) -> Vec<OsString> {
    let mut words = vec!["keyfob".to_owned(), "exec".to_owned(), request.profile.clone()];
    if let Some(seconds) = request.duration_seconds {
        words.push(format!("--duration={seconds}"));
    }
    words.extend(request.read_only.then(|| "--read-only".to_owned()));
    words.extend(["--".to_owned(), "true".to_owned()]);
    words.into_iter().map(OsString::from).collect()
}

fn serve(world: &World<'_>, args: &AgentArgs, request: &AgentRequest) -> Result<Answer> {
    let profile = &request.profile;
    if !args.only.contains(profile) {
        let text = format!("it does not serve `{profile}`, only {}", args.only.join(", "));
        return Err(Error::new(Kind::Config, text));
    }
    let snapshot = world.snapshot();
    let mut options = args.options(request.read_only);
    args.limit(&snapshot, profile, &mut options, request.duration_seconds)?;
    if request.identity_only {
        let plan = snapshot.plan(profile, &options)?;
        let expires = world.with_cache(|cache| cache.summary(&plan, store_of(&plan))).cached_until();
        let mut about = about(&snapshot, &plan)?;
        about.identity.expires = expires;
        return Ok(Answer { about, credentials: None });
    }
    let Made { plan, credentials, is_cached } = snapshot.make(profile, &options, Some(PROMPT_LIMIT))?;
    // The plan may be another by now: what a base turns out to be is learned on the way.
    agent::check(&plan, args.allow_user_session, || allow(world))?;
    agent::check_made(profile, &credentials)?;
    world.note_in_log(&plan, &credentials, is_cached);
    let mut about = about(&snapshot, &plan)?;
    about.identity.expires = credentials.expires_at();
    about.is_new = !is_cached;
    if let Credentials::Session(session) = &credentials {
        about.issued = Some(session.issued_at);
    }
    Ok(Answer { about, credentials: Some(credentials) })
}

fn about(snapshot: &Snapshot<'_>, plan: &Plan) -> Result<About> {
    let profiles = snapshot.files()?.profiles();
    let region = |profile: Profile<'_>| Some(profile.setting("region")?.value.into_owned());
    Ok(About {
        identity: of_plan(plan, None),
        role_arn: plan.hops().last().map(|hop| hop.role_arn.clone()),
        narrowed: plan.narrowed.as_ref().map(|narrowed| narrowed.layers.clone()).unwrap_or_default(),
        region: profiles.get(&plan.profile).and_then(region),
        issued: None,
        is_new: false,
    })
}
