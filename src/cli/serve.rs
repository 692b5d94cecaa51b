//! What `exec --server` starts: a second keyfob that serves the credentials of one command, and ends when that does.
//!
//! Its standard input is the listening socket, its standard output tells the first keyfob that there are credentials to serve.
//! One thread, this one, owns the world and resolves, with a snapshot for each time; another one answers requests.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use clap::Parser;

use crate::cli::exec::ExecArgs;
use crate::cli::world::World;
use crate::cli::{Cli, Command, GlobalOptions};
use crate::error::{Error, Kind, Result};
use crate::ops::serve::{Shared, Via};
use crate::secret::Secret;
use crate::settings::Prompt;
use crate::sys::clock::Clock;
use crate::sys::env::{Environment, vars};
use crate::sys::http_server::{self, ReceivedRequest};
use crate::sys::own_socket::OwnListener;
use crate::sys::server_process as process;
use crate::timestamp::Timestamp;
use crate::ui::talk::{Level, StderrTalk};

/// How often it is looked whether the command is still there, and what time it is: a laptop may have slept.
const TICK: Duration = Duration::from_secs(1);

/// How long after a renewal that brought nothing newer the next one is tried, seconds.
const AGAIN: i64 = 60;

/// Runs the server of `exec`'s command line `arguments`, the program's name first; the exit code.
pub(super) fn run(arguments: &[OsString], profile: &OsStr, env: Environment) -> u8 {
    let talk = StderrTalk::new(Level::Normal, &env).of_command(arguments.to_vec());
    let served = match Cli::try_parse_from(arguments) {
        Ok(Cli { global, command: Command::Exec(exec) }) => {
            serve(&global, exec.of_profile(profile), env, &talk, arguments)
        }
        Ok(_) | Err(_) => Err(Error::new(Kind::Defect, "this command line serves nothing")),
    };
    match served {
        Ok(()) => 0,
        Err(error) => {
            talk.error(&error);
            error.kind().exit_code()
        }
    }
}

fn serve(
    global: &GlobalOptions,
    mut exec: ExecArgs,
    env: Environment,
    talk: &StderrTalk,
    arguments: &[OsString],
) -> Result<()> {
    let failed = |what: &'static str| move |error| Error::new(Kind::Failed, what).because(error);
    let parent = process::parent();
    let token = env.get(vars::KEYFOB_SERVER_TOKEN).unwrap_or_default().to_owned();
    let mut env = env;
    env.remove(vars::KEYFOB_SERVER_TOKEN);
    let listener = process::listener().map_err(failed("the server has no socket"))?;
    let port = listener.local_addr().map_err(failed("the server has no socket"))?.port();
    let (wake, woken) = sync_channel(1);
    let shared = Arc::new(Shared::new(port, &Secret::new(token), wake));
    // With the person at the terminal, whose command has not started yet.
    let world = World::new(global, env.clone(), talk)?;
    let (_, credentials) = exec.resolve(&world)?;
    let due = exec.due(&credentials);
    exec.take_only_fresh(&credentials);
    shared.set(credentials)?;
    process::leave_terminal();
    let folder = exec.hide_default.then(|| process::private_folder(&world.paths.cache, parent));
    let answers = Arc::clone(&shared);
    std::thread::spawn(move || {
        let clock = Clock::system();
        http_server::serve(listener.incoming(), move |request| answers.answer(request, Via::Port, || clock.now()));
    });
    let socket = exec.listen_socket.as_deref().map(OwnListener::bind).transpose().map(|socket| socket.map(Arc::new));
    let socket = socket
        .map_err(|error| Error::new(Kind::Failed, "cannot listen on the socket of `--listen-socket`").because(error))?;
    if let Some(socket) = socket.clone() {
        let answers = Arc::clone(&shared);
        std::thread::spawn(move || {
            let clock = Clock::system();
            let answer = move |request: &ReceivedRequest| answers.answer(request, Via::Socket, || clock.now());
            http_server::serve(std::iter::repeat_with(|| socket.accept()), answer);
        });
    }
    process::say_ready().map_err(failed("the server cannot say that it is ready"))?;
    drop(world);
    std::thread::spawn(move || end_with(parent, folder.as_deref(), socket.as_deref()));
    // The terminal is the command's from now on.
    let quiet = GlobalOptions { verbose: false, quiet: true, ..global.clone() };
    let talk = StderrTalk::new(Level::Quiet, &env).of_command(arguments.to_vec());
    let mut world = World::new(&quiet, env, &talk)?;
    world.is_agreed.set(true);
    renew(&mut world, &exec, &shared, &woken, due);
    Ok(())
}

/// Waits for the end of the command, and ends this process, whatever it waits for: a person perhaps.
fn end_with(command: u32, folder: Option<&Path>, socket: Option<&OwnListener>) {
    while process::parent() == command {
        std::thread::sleep(TICK);
    }
    if let Some(folder) = folder {
        process::remove_private_folder(folder);
    }
    if let Some(socket) = socket {
        socket.remove();
    }
    std::process::exit(0);
}

/// Renews what is served before SDKs would.
///
/// A person is asked once, in a window, and then not again before there are new credentials: whoever has closed the window, or
/// was away, gets the command to run from the program that wants them.
fn renew(world: &mut World<'_>, exec: &ExecArgs, shared: &Shared, woken: &Receiver<()>, mut due: Timestamp) {
    let (asking, mut may_ask) = (world.settings.prompt.clone(), true);
    loop {
        let is_wanted = match woken.recv_timeout(TICK) {
            Ok(()) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let now = world.clock().now();
        if !is_wanted && now < due {
            continue;
        }
        // There is none.
        world.settings.prompt = Prompt::on_terminal();
        let mut made = exec.resolve(world);
        if may_ask && made.as_ref().is_err_and(|error| error.kind() == Kind::NeedsHuman) {
            may_ask = false;
            world.settings.prompt = asking.clone();
            made = exec.resolve(world);
        }
        due = now.plus_seconds(AGAIN);
        match made {
            Ok((_, credentials)) => {
                may_ask = true;
                due = due.max(exec.due(&credentials));
                // It was usable a moment ago, and only what ends is ever served here.
                let _ = shared.set(credentials);
            }
            Err(error) => shared.set_failure(&error, exec.advice(&error)),
        }
    }
}
