//! No secret gets out: not in what is said with `-v`, not in a file, not in a system call, not to a program keyfob starts.
//!
//! Every sandbox hunts through its outputs and files when it is dropped, whatever the test was about; here all commands run
//! at their most talkative, in good and in bad times, and the hunt itself is put to the test.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::CommandFactory;

use crate::agent::wait_for;
use crate::rotate::{hurry, scene};
use crate::scene::{ADD, Scene, key_id};
use crate::stores::program_of_page;
use crate::support::aws::{ACCOUNT, Fault};
use crate::support::data;
use crate::support::leaks::Shows;
use crate::support::run::Invocation;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

/// Every command in an order in which each finds what it needs, and how it ends. `CODE` is one of Ann's, fresh; `KEY` on
/// stdin is her access key.
const COMMANDS: &[(&str, i32)] = &[
    ("list", 0),
    ("list --json", 0),
    ("show work --json", 0),
    ("show audit", 0),
    ("explain audit", 0),
    ("explain audit --json", 0),
    ("explain nobody", 6),
    ("doctor", 1),
    ("doctor --online --json", 1),
    ("doctor --fix", 1),
    ("keys", 0),
    ("keys --json --older-than 1s", 1),
    ("credential-process work", 0),
    ("credential-process audit", 0),
    ("credential-process audit --min-ttl 2h", 2),
    ("credential-process nobody", 6),
    ("env audit --shell fish", 0),
    ("env audit --shell json", 0),
    ("env --unset --shell bash", 0),
    ("exec audit -- true", 0),
    ("exec audit -- no-such-program", 127),
    ("console audit", 0),
    ("agent --socket run/agent.sock --only audit", 0),
    ("hook bash", 0),
    ("prompt", 0),
    ("hook bash --step switch -- audit", 0),
    ("hook nu --step renew --profile audit", 0),
    ("user create carol --group developers --key --console --require-mfa --mfa none --with work --yes", 0),
    ("user list --with work", 0),
    ("user list --with work --json", 0),
    ("user password nobody", 1),
    ("user create eve --key --console --handover eve.keyfob --passphrase-file passphrase --with work --yes", 0),
    ("user accept eve.keyfob --passphrase-file passphrase", 3),
    ("user accept eve.keyfob --passphrase-file passphrase --mfa none", 0),
    ("user accept nothing.keyfob", 1),
    ("user password-policy --cis --with work --yes", 0),
    ("user password-policy --with work --json", 0),
    ("user remove eve --with work --yes", 0),
    ("remove eve --yes", 0),
    ("user remove carol --now --with work --yes", 0),
    ("profile add new region=eu-west-1", 0),
    ("profile set new output json", 0),
    ("profile unset new output", 0),
    ("profile copy new newer", 0),
    ("profile rename newer newest", 0),
    ("profile remove newest --yes", 0),
    ("profile unlink deploy", 0),
    ("profile link deploy", 0),
    ("unlink deploy", 0),
    ("link deploy", 0),
    ("import --yes", 0),
    ("store move work --to team --yes", 0),
    ("store move work --to vault --yes", 0),
    ("mfa list work --json", 0),
    ("mfa enroll work --store --name second --yes", 0),
    ("mfa code work", 0),
    ("mfa code work --json --wait", 0),
    ("mfa resync work", 0),
    ("mfa add work --stdin --no-verify --yes --replace", 0),
    ("mfa remove work --device --yes", 0),
    ("rotate work --yes", 0),
    ("rotate work --status --json", 0),
    ("rotate work --rollback --yes", 0),
    ("rotate work --yes --delete-now --drop-sessions", 0),
    ("rotate work --finish", 0),
    ("rotate --all --older-than 1s --yes", 0),
    ("whoami audit", 0),
    ("whoami work --json", 0),
    ("login corp", 0),
    ("sso accounts corp --json", 0),
    ("sso profiles corp --plain", 0),
    ("audit work", 1),
    ("audit work --json --last-accessed", 1),
    ("audit --profiles * --csv", 1),
    ("log --json", 0),
    ("store list --json", 0),
    ("store check vault", 0),
    ("store serve --get-only", 0),
    ("logout corp", 0),
    ("login console --region eu-central-1", 0),
    ("logout console", 0),
    ("vault identity again.txt", 0),
    ("vault passphrase --new-passphrase-file new-passphrase", 0),
    ("export work --yes", 3),
    ("export work --force", 0),
    ("export work --force --csv", 0),
    ("completions bash", 0),
    ("man pages", 0),
    ("clear audit", 0),
    ("clear --all", 0),
    ("remove work", 3),
    ("remove work --yes", 0),
    ("add work --stdin --yes", 0),
];

/// Runs every command, as talkative as it gets; with strace, what each writes and starts is hunted through too.
fn all_commands(scene: &mut Scene, strace: Option<&Path>) {
    // In plain text, for `import`; and the seed of a device that is none of hers, for `mfa add`.
    let plain = scene.aws.user("bob").access_key();
    let in_plain_text =
        format!("[plain]\naws_access_key_id = {}\naws_secret_access_key = {}\n", plain.id, plain.secret);
    scene.sandbox.write(".aws/credentials", &in_plain_text);
    let seed = scene.aws.user("bob").mfa("bobs").seed();
    let center = scene.aws.identity_center("https://corp.awsapps.com/start").signed_in();
    center.account("000000000042", "Payments").assign("000000000042", "ReadOnly");
    let console = scene.aws.role("console");
    scene.aws.console_is("arn:aws:sts::111122223333:assumed-role/console/ann", &console);
    scene.sandbox.give_browser();
    let world = fs::read_to_string(data::path("audit/small-team.json")).expect("it is there");
    let world: serde_json::Value = serde_json::from_str(&world).expect("JSON");
    scene.aws.serve_account(ACCOUNT, &world["facts"]);
    let session = "\n[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n";
    scene.sandbox.write(".aws/config", &(scene.sandbox.read(".aws/config") + session));
    scene.sandbox.may_hold_secrets("again.txt");
    scene.sandbox.keep_secret("FAKE-new-passphrase", "new passphrase");
    scene.sandbox.write("new-passphrase", "FAKE-new-passphrase\n");
    scene.sandbox.may_hold_secrets(".aws/login/cache");
    // A store that is another program, which has the key in its database.
    let team = scene.sandbox.script("bin/team-store", &program_of_page("#!/usr/bin/env python3"));
    scene.sandbox.may_hold_secrets(".team-store.db");
    let settings = format!("[stores.team]\ncommand = \"'{}'\"\n[serve]\nask = false\n", team.display());
    scene.sandbox.write("keyfob/config.toml", &settings);
    scene.ann.may_manage_others();
    scene.sandbox.keep_secret("FAKE-handover-passphrase", "passphrase of the handover");
    scene.sandbox.write("passphrase", "FAKE-handover-passphrase\n");
    // What it enrols makes its codes from here on, one in 30 s.
    for (line, code) in COMMANDS {
        let arguments: Vec<&str> = line.split(' ').collect();
        let active = || scene.ann.keys().into_iter().find(|(_, active)| *active).expect("she has one").0;
        let input = match arguments[..] {
            ["store", "serve", ..] => {
                format!("{{\"version\":1,\"action\":\"get\",\"name\":\"access-key/{}\"}}\n", active())
            }
            ["mfa", "add", ..] => format!("{seed}\n"),
            ["add", ..] => {
                let id = active();
                format!("{id}\n{}\n", scene.ann.secret_of(&id))
            }
            _ => String::new(),
        };
        // A code that was not used before; a key that has an age.
        if ["mfa", "import"].iter().any(|name| line.starts_with(name)) || line.contains("--older-than") {
            scene.sandbox.pass_time(60).expect("it was there before");
        }
        let run = match strace {
            Some(strace) => scene.sandbox.traced(strace, &arguments),
            None => scene.sandbox.keyfob(&arguments),
        };
        match arguments[..] {
            ["agent", ..] => agent(scene, run, strace.is_some(), *code),
            ["user", "accept", "eve.keyfob", _, _, "--mfa", _] => {
                let mut terminal = run.shows(Shows::Passwords).on_terminal();
                terminal.expect("? [y/N] ");
                terminal.type_line("y");
                terminal.expect("now? [y/N] ");
                terminal.type_line("n");
                terminal.finish().0.ends_with(*code);
            }
            _ => drop(run.stdin(&input).run().ends_with(*code)),
        }
        if strace.is_some() {
            scene.sandbox.keep_calls(&arguments);
        }
        if line.starts_with("login console") {
            keep_keys(&scene.sandbox);
        }
        if line.starts_with("import") {
            // Nothing is left of it.
            assert!(!scene.sandbox.read(".aws/credentials").contains(&plain.secret));
        }
    }
}

/// Starts an agent, asks it, and ends it.
fn agent(scene: &Scene, run: Invocation<'_>, is_traced: bool, code: i32) {
    let socket = scene.sandbox.path("run/agent.sock");
    let running = run.start();
    let mut pid = running.pid().to_string();
    wait_for(&socket);
    for profile in ["audit", "nobody"] {
        let ran = scene.sandbox.keyfob(&["credential-process", profile]).env("KEYFOB_AGENT", &socket).run();
        ran.ends_with(if profile == "audit" { 0 } else { 6 });
    }
    if is_traced {
        // strace's only child.
        pid = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("it runs");
    }
    scene.sandbox.program("kill", &[pid.trim()]).run().ok();
    running.finish().ends_with(code);
}

/// The private keys that `login` has made, which nobody else knows.
fn keep_keys(sandbox: &Sandbox) {
    for entry in fs::read_dir(sandbox.path(".aws/login/cache")).expect("a sign-in").flatten() {
        let file: serde_json::Value = serde_json::from_slice(&fs::read(entry.path()).expect("a file")).expect("JSON");
        let key = file["dpopKey"].as_str().expect("a key");
        let lines = key.lines().filter(|line| !line.starts_with('-') && line.len() > 20);
        lines.for_each(|line| sandbox.keep_secret(line, "the key of a sign-in"));
    }
}

/// The words of each command that does something by itself.
fn leaves(command: &clap::Command, before: &str) -> Vec<String> {
    if !command.has_subcommands() {
        return vec![before.to_owned()];
    }
    let below = command.get_subcommands().filter(|below| below.get_name() != "help");
    below.flat_map(|below| leaves(below, format!("{before} {}", below.get_name()).trim_start())).collect()
}

#[test]
fn the_hunt_covers_every_command() {
    let known: BTreeSet<String> = leaves(&keyfob::cli::Cli::command(), "").into_iter().collect();
    assert!(known.len() > 25, "{known:?}");
    let hunted = |command: &String| {
        COMMANDS.iter().any(|(line, code)| *code <= 1 && format!("{line} ").starts_with(&format!("{command} ")))
    };
    let missing: Vec<&String> = known.iter().filter(|command| !hunted(command)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "not in COMMANDS");
}

#[test]
fn nothing_leaks_in_good_times_or_bad_at_the_most_verbose_level() {
    let Some(_) = tools::require("faketime") else { return };
    let mut scene = scene();
    scene.warm();
    all_commands(&mut scene, None);
    assert_eq!(scene.sandbox.leaks(), Vec::<String>::new());

    let scene = Scene::new();
    scene.warm();
    for fault in [Fault::Garbage, Fault::HalfAnswer, Fault::DropAnswer, Fault::FailAfterwards] {
        scene.aws.faults("*", 3, fault);
        scene.credential_process_with_code("audit", "123456");
        scene.add(&[ADD, &["--replace"]].concat());
    }
    assert_eq!(scene.sandbox.leaks(), Vec::<String>::new());
}

/// Where people leave secrets in AWS files: `{S}` is one, of 40 characters; after `NAMED` one of any form.
const PLACES: &[&str] = &[
    "{N} = NAMED",
    "{N}=NAMED ; mine",
    "#{N} = {S}",
    "; export {N}=\"{S}\"",
    "# {N}: NAMED",
    "  # old {S}",
    "{N}: NAMED",
    "s3 =\n  {N} = NAMED",
    "s3 =\n  addressing_style = {S}",
    "region = a\n  {S}",
    "region = {S}",
    "role_arn = arn:aws:iam::123456789012:role/{S}",
    "role_arn = {S}\nsource_profile = {S}",
    "source_profile = {S}",
    "include_profile = {S}",
    "duration_seconds = {S}",
    "mfa_serial = arn:aws:iam::123456789012:mfa/{S}",
    "external_id = {S}",
    "{S} = x",
    "{S}",
    "a{S}b = c",
    "credential_process = /opt/get --{N} NAMED --other",
    "credential_process = /opt/get --x={S}",
    "credential_process = sh -c '{N}=NAMED /opt/get'",
    "credential_process = keyfob credential-process {S}",
    "endpoint_url = https://ann:NAMED@localhost:1/x",
    "endpoint_url = http://localhost:1/{S}?{N}=NAMED",
    "services = {S}",
    "sso_session = {S}",
    "aws_access_key_id = {S}\naws_secret_access_key = {S}",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {S}\naws_session_token = {S}{S}{S}{S}",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key =\n  {S}",
    "keyfob_session = {S}",
    "keyfob_frobnicate = {S}",
    "mfa_process = /opt/otp {S}",
    "[profile {S}]\nregion = x",
    "[{S}]\naws_secret_access_key = {S}",
    "[services {S}]\nsts =\n  endpoint_url = {S}",
    "[profile {S}",
    "{\"{N}\": \"NAMED\"}",
];

const NAMES: &[&str] = &[
    "aws_secret_access_key", "aws_secret_acess_key", "AWS_SECRET_KEY", "AWSSecretKey", "secret_key", "Password",
    "api_token", "client-secret", "aws_sesion_token",
];

#[test]
fn a_secret_planted_anywhere_in_the_aws_files_is_in_no_output() {
    let aws = std::sync::Arc::new(crate::support::aws::LoopbackAws::start());
    for ((number, name), place) in (0_u64..).zip(NAMES.iter().cycle()).zip(PLACES) {
        let sandbox = Sandbox::with_vault(crate::KEYFOB, &aws);
        let secret = &crate::support::aws::secret(900 + number);
        let named = &format!("hunter2-correct-{number}");
        sandbox.keep_secret(secret, "planted secret");
        sandbox.keep_secret(named, "planted password");
        let written = if number % 3 == 1 { secret.replace('/', "%2F").replace('+', "%2b") } else { secret.clone() };
        let planted = place.replace("{N}", name).replace("{S}", &written).replace("NAMED", named);
        // Ours to begin with: it may stay where it was planted.
        sandbox.may_hold_secrets(".aws");
        for (config, credentials) in [
            (format!("[profile q]\nregion = eu-west-1\n{planted}\noutput = json\n"), String::new()),
            ("[profile q]\noutput = json\n".to_owned(), format!("[q]\n{planted}\n[default]\nregion = x\n")),
        ] {
            sandbox.write(".aws/config", &config);
            sandbox.write(".aws/credentials", &credentials);
            for line in [
                "show q", "show q --json", "list", "list --json", "explain q", "explain q --json", "-v explain q",
                "doctor", "doctor --json", "env q --shell bash", "profile set q output text --diff",
                "profile unset q region --diff", "profile rename q r --diff", "profile copy q r --diff",
                "profile link q --diff", "profile remove q --diff", "profile remove q",
                "import --json --no-verify --no-link",
            ] {
                // A session that is written in the files is what `env` is for.
                let shows = if line.starts_with("env") { Shows::Keys } else { Shows::Nothing };
                sandbox.keyfob(&line.split(' ').collect::<Vec<_>>()).shows(shows).run();
            }
        }
        let leaks = sandbox.leaks();
        assert!(leaks.is_empty(), "{planted}\n{}", leaks.join("\n"));
    }
}

#[test]
fn the_hunt_finds_what_keyfob_is_made_to_give_away() {
    let scene = Scene::new();
    let code = scene.phone.code();
    let planted = |arguments: &[&str], shows: Shows| {
        scene.sandbox.forget_outputs();
        scene.sandbox.keyfob(arguments).shows(shows).env("KEYFOB_MFA_CODE", &code).run().ok();
        scene.sandbox.leaks().join("\n")
    };
    let echo = ["exec", "work", "--no-session", "--", "sh", "-c", "echo $AWS_SECRET_ACCESS_KEY"];
    assert!(planted(&echo, Shows::Sessions).contains("secret access key of AKIA"));
    assert!(planted(&["credential-process", "work"], Shows::Nothing).contains("session token of ASIA"));
    let file = ["exec", "work", "--", "sh", "-c", "echo $AWS_SESSION_TOKEN >planted.log"];
    assert!(planted(&file, Shows::Sessions).contains("planted.log: the session token of ASIA"));
    scene.sandbox.may_hold_secrets("planted.log");
    scene.sandbox.forget_outputs();
}

#[test]
fn what_keyfob_writes_anywhere_never_holds_the_access_key() {
    let (Some(strace), Some(_)) = (tools::require_strace(), tools::require("faketime")) else { return };
    let mut scene = scene();
    let code = scene.phone.code();
    // The code is in what strace itself is started with.
    let cold = ["credential-process", "audit"];
    scene.sandbox.traced(&strace, &cold).env("KEYFOB_MFA_CODE", &code).run().ok();
    scene.sandbox.keep_calls(&cold);
    all_commands(&mut scene, Some(&strace));
    assert_eq!(scene.sandbox.leaks(), Vec::<String>::new());
}

#[test]
fn a_program_keyfob_starts_learns_nothing_but_who_is_asked_for() {
    let scene = Scene::new();
    let script =
        "#!/bin/sh\nenv >\"$HOME/seen\"\necho \"$0 $*\" >>\"$HOME/seen\"\ncat >>\"$HOME/seen\"\ncat \"$HOME/code\"\n";
    let process = scene.sandbox.script("authenticator", script);
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", process.display()));
    scene.sandbox.write("code", &scene.phone.code());
    let run = scene.sandbox.keyfob(&["credential-process", "audit"]).stdin("for keyfob alone\n");
    key_id(&run.env("AWS_PROFILE", "other").run().json());
    let seen = scene.sandbox.read("seen");
    assert!(seen.lines().any(|line| line.starts_with("KEYFOB_CHAIN=") && line.contains("audit")), "{seen}");
    assert!(!seen.contains("AWS_PROFILE=") && !seen.contains("for keyfob alone"), "{seen}");
}

#[test]
fn no_helper_gets_the_credentials_and_the_code_that_keyfob_was_started_with() {
    let given = [
        ("AWS_ACCESS_KEY_ID", "ASIAFAKEFAKEFAKEFAKE"),
        ("AWS_SECRET_ACCESS_KEY", "FAKE-outer-secret"),
        ("AWS_SESSION_TOKEN", "FAKE-outer-token"),
        ("AWS_SECURITY_TOKEN", "FAKE-older-token"),
        ("AWS_BEARER_TOKEN_BEDROCK", "FAKE-bearer-token"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "FAKE-container-token"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/FAKE/token"),
        ("AWS_PROFILE", "other"),
    ];
    let mut scene = Scene::empty();
    let passphrase = "FAKE passphrase that a command prints";
    scene.sandbox.keep_secret(passphrase, "passphrase");
    let command =
        scene.sandbox.script("command", &format!("#!/bin/sh\nenv >\"$HOME/seen-command\"\necho '{passphrase}'\n"));
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    scene.sandbox.set("KEYFOB_PASSPHRASE_COMMAND", &command);
    scene.prepare();
    let program = "#!/bin/sh\nenv >\"$HOME/seen-program\"\ncat \"$HOME/code\"\n";
    let program = scene.sandbox.script("program", program);
    let pinentry = "#!/bin/sh\nenv >\"$HOME/seen-pinentry\"\necho OK\nwhile read -r verb rest; do\n  \
                    case $verb in GETPIN) echo D $(cat \"$HOME/code\") ;; BYE) echo OK; exit ;; esac\n  echo OK\ndone\n";
    let pinentry = scene.sandbox.script("pinentry", pinentry);
    scene.sandbox.set("KEYFOB_PINENTRY", &pinentry);
    let run = |arguments: &[&str]| {
        given.iter().fold(scene.sandbox.keyfob(arguments), |run, (name, value)| run.env(name, value))
    };
    scene.sandbox.write("code", &scene.phone.code());
    key_id(&run(&["credential-process", "audit"]).run().json());
    // The passphrase command while a code is given, which nobody else needs.
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    let code = run(&["credential-process", "audit"]).env("KEYFOB_MFA_CODE", "000000");
    code.run().ends_with(4);
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", program.display()));
    run(&["credential-process", "audit"]).run();
    for helper in ["command", "pinentry", "program"] {
        let seen = scene.sandbox.read(&format!("seen-{helper}"));
        assert!(seen.contains("HOME="), "{helper}: {seen}");
        for (name, value) in given.iter().chain(&[("KEYFOB_MFA_CODE", "000000")]) {
            assert!(!seen.contains(&format!("{name}=")) && !seen.contains(value), "{helper}: {name}");
        }
    }
}

/// Whether the memory of a process that may be written holds these bytes, as only root can see.
fn is_in_memory(pid: u32, bytes: &[u8]) -> bool {
    use std::os::unix::fs::FileExt;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("it runs");
    let memory = fs::File::open(format!("/proc/{pid}/mem")).expect("root may");
    maps.lines().any(|line| {
        let mut words = line.split(' ');
        let (Some((start, end)), Some(mode)) = (words.next().and_then(|range| range.split_once('-')), words.next())
        else {
            return false;
        };
        let [start, end] = [start, end].map(|number| u64::from_str_radix(number, 16).expect("hexadecimal"));
        let mut content = vec![0; usize::try_from(end - start).expect("64 bits")];
        mode.starts_with("rw")
            && memory.read_exact_at(&mut content, start).is_ok()
            && memchr::memmem::find(&content, bytes).is_some()
    })
}

#[test]
fn the_secret_key_is_not_in_memory_while_somebody_looks_for_a_code() {
    if !rustix::process::geteuid().is_root() {
        return tools::skipped("only root can look into keyfob's memory");
    }
    // The very first session, and the first after all was forgotten.
    for is_first in [true, false] {
        let scene = Scene::new();
        if !is_first {
            scene.warm();
            scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
        }
        the_secret_key_is_read_after_the_code(&scene);
    }
}

fn the_secret_key_is_read_after_the_code(scene: &Scene) {
    let wait =
        "#!/bin/sh\n: >\"$HOME/waiting\"\nwhile [ ! -e \"$HOME/code\" ]; do sleep 0.05; done\ncat \"$HOME/code\"\n";
    let process = scene.sandbox.script("slow", wait);
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", process.display()));
    let started = scene.sandbox.keyfob(&["credential-process", "audit"]).start();
    for _ in 0..1000 {
        if scene.sandbox.path("waiting").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let holds = |text: &str| is_in_memory(started.pid(), text.as_bytes());
    assert!(holds(&scene.key.id), "the hunt finds what is there");
    assert!(!holds(&scene.key.secret), "the key is read after the code");
    scene.aws.advance(30);
    scene.sandbox.write("code.new", &scene.phone.code());
    scene.sandbox.may_hold_secrets("code");
    fs::rename(scene.sandbox.path("code.new"), scene.sandbox.path("code")).expect("whole from the start");
    key_id(&started.finish().json());
}

/// The mode in a traced call that makes a file or folder, and its path; nothing for other calls.
fn made(line: &str) -> Option<(&str, u32)> {
    let call = line.trim_start_matches(|character: char| character.is_ascii_digit() || character == ' ');
    let (call, rest) = call.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(") = ")?;
    let makes = match call {
        "mkdir" | "mkdirat" | "creat" => true,
        "open" | "openat" => arguments.contains("O_CREAT") || arguments.contains("O_TMPFILE"),
        _ => false,
    };
    let mode = arguments.rsplit(", ").next()?;
    let mode = u32::from_str_radix(mode, 8).ok().filter(|_| makes && !result.starts_with('-'))?;
    Some((arguments.split('"').nth(1)?, mode))
}

#[test]
fn files_are_private_from_the_moment_they_exist() {
    let Some(strace) = tools::require_strace() else { return };
    let mut scene = Scene::empty();
    hurry(&mut scene);
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let mut modes = Vec::new();
    let mut traced = |sandbox: &Sandbox, line: &str, code: &str| {
        // Whatever the user's umask says.
        let calls = "open,openat,creat,mkdir,mkdirat";
        let script =
            format!("umask 000; exec '{}' -f -qq -s 1000 -e trace={calls} -o trace keyfob {line}", strace.display());
        sandbox.program("/bin/sh", &["-c", &script]).stdin(&key).env("KEYFOB_MFA_CODE", code).run().ok();
        let trace = sandbox.read("trace");
        let home = sandbox.home().to_str().expect("UTF-8");
        let own = trace.lines().filter_map(made).filter(|(path, _)| path.starts_with(home) || !path.starts_with('/'));
        modes.extend(
            own.map(|(path, mode)| (line.split(' ').next().unwrap_or_default().to_owned(), path.to_owned(), mode)),
        );
    };
    traced(&scene.sandbox, "add work --stdin --yes --region eu-central-1", "");
    scene.prepare();
    for line in [
        "credential-process audit",
        "rotate work --yes",
        "mfa enroll work --store --name second --yes",
        "vault identity another.txt",
        "list",
        "clear --all",
    ] {
        traced(&scene.sandbox, line, &scene.phone.code());
        let Some(()) = scene.sandbox.pass_time(90) else { return };
    }
    scene.sandbox.may_hold_secrets("another.txt");
    for (command, path, mode) in &modes {
        assert!([0o600, 0o700].contains(mode), "`{command}` makes {path} with mode {mode:o}");
    }
    let by = |command: &str, ends: &str| modes.iter().any(|(by, path, _)| by == command && path.ends_with(ends));
    assert!(by("add", "/keyfob/data") && by("add", ".tmp") && by("credential-process", ".lock"), "{modes:?}");
    assert!(by("vault", ".tmp") && by("rotate", "/rotations"), "{modes:?}");
}

/// Waits for `marker`, then ends the process as a failed assertion in C would.
#[cfg(target_os = "linux")]
fn aborted(command: &mut std::process::Command, marker: &std::path::Path) -> std::process::ExitStatus {
    use rustix::process::{Pid, Signal, kill_process};
    let mut child = command.spawn().expect("it starts");
    for _ in 0..1500 {
        if marker.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(marker.exists(), "it never waits");
    kill_process(Pid::from_child(&child), Signal::ABORT).expect("an own child");
    child.wait().expect("an own child")
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_core_dump_and_a_command_under_exec_leaves_its_own() {
    use std::os::unix::process::ExitStatusExt;
    let scene = Scene::new();
    scene.warm();
    let under = |script: &str| {
        let script = format!("ulimit -c unlimited || exit 9; {script}");
        let mut command = scene.sandbox.program("/bin/sh", &["-c", &script]).command();
        // Its own process, and not one that `setsid` forks.
        command.stdin(std::process::Stdio::null());
        command
    };
    // What a machine does with cores is its own affair; where it makes none, nothing is shown.
    let command =
        aborted(&mut under("exec keyfob exec audit -- sh -c ': >here; exec sleep 60'"), &scene.sandbox.path("here"));
    assert_eq!(command.signal(), Some(6));
    if !command.core_dumped() {
        return tools::skipped("this machine makes no core dumps");
    }
    // The core of the command, which has the credentials by right, is no leak of keyfob's.
    for entry in std::fs::read_dir(scene.sandbox.home()).expect("the home").flatten() {
        if entry.file_name().to_string_lossy().starts_with("core") {
            std::fs::remove_file(entry.path()).expect("an own file");
        }
    }
    // keyfob with the access key in its memory, waiting for a program that gives codes.
    let process = scene.sandbox.script("slow", "#!/bin/sh\n: >\"$HOME/waiting\"\nsleep 20\n");
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", process.display()));
    scene.sandbox.keyfob(&["clear"]).run().ok();
    let keyfob =
        aborted(&mut under("exec keyfob credential-process audit 2>/dev/null"), &scene.sandbox.path("waiting"));
    assert_eq!((keyfob.signal(), keyfob.core_dumped()), (Some(6), false));
}

#[test]
fn a_data_folder_that_others_own_or_may_write_is_refused_before_anything_is_stored() {
    let scene = Scene::empty();
    let data = scene.sandbox.path("keyfob/data");
    keyfob::sys::files::private_dir(&data).expect("made");
    for mode in [0o777, 0o770, 0o702] {
        fs::set_permissions(&data, fs::Permissions::from_mode(mode)).expect("an own folder");
        let ran = scene.add(ADD);
        assert!(ran.ends_with(5).contains("is writable by other users"), "{}", ran.stderr);
        assert_eq!(fs::read_dir(&data).expect("there").count(), 0, "nothing is stored");
    }
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("an own folder");
    scene.prepare();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).expect("an own folder");
    for arguments in [&["credential-process", "work"][..], &["remove", "work", "--yes"], &["list"]] {
        let ran = scene.sandbox.keyfob(arguments).run();
        assert!(ran.ends_with(5).contains("the data folder is not used"), "{}", ran.stderr);
    }
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).expect("an own folder");
        std::os::unix::fs::chown(&data, Some(54_321), None).expect("root may");
        assert!(scene.credential_process("work").ends_with(5).contains("belongs to another user"));
    }
}

#[test]
fn what_is_planted_in_place_of_an_own_file_is_neither_followed_nor_waited_for() {
    let scene = Scene::new();
    scene.warm();
    let file = scene.sandbox.write("important", "FILE OF ANN");
    let cache = scene.sandbox.path("keyfob/cache");
    let names = || fs::read_dir(&cache).expect("there").flatten().map(|entry| entry.path());
    let plant = |path: &std::path::Path, how: &str| {
        fs::remove_file(path).ok();
        match how {
            "symlink" => std::os::unix::fs::symlink(&file, path).expect("linked"),
            "dangling" => std::os::unix::fs::symlink(scene.sandbox.path("nowhere"), path).expect("linked"),
            "hard link" => fs::hard_link(&file, path).expect("linked"),
            _ => assert!(std::process::Command::new("mkfifo").arg(path).status().is_ok_and(|status| status.success())),
        }
    };
    for how in ["symlink", "dangling", "hard link", "fifo"] {
        // Sessions and their locks: others are made, or none is kept.
        for path in names().filter(|path| path.extension().is_some_and(|end| end == "session" || end == "lock")) {
            plant(&path, how);
        }
        scene.aws.advance(30);
        scene.sandbox.keyfob(&["credential-process", "audit", "--mfa-code", &scene.phone.code()]).run();
        // The index, its lock, and that of the AWS files.
        for (path, command) in [
            ("keyfob/data/index.json", &["credential-process", "work"][..]),
            ("keyfob/data/index.lock", &["remove", "work", "--yes"]),
            ("keyfob/cache/aws-files.lock", &["profile", "set", "work", "region", "eu-west-3"]),
        ] {
            let path = scene.sandbox.path(path);
            let before = fs::read(&path).ok();
            plant(&path, how);
            let ran = scene.sandbox.keyfob(command).run();
            assert!(ran.code.is_some_and(|code| code != 0), "{how} as {}: {ran:?}", path.display());
            fs::remove_file(&path).ok();
            if let Some(before) = before {
                keyfob::sys::files::replace(&path, &before).expect("as it was");
            }
        }
        assert_eq!(scene.sandbox.read("important"), "FILE OF ANN", "{how}");
        assert!(!scene.sandbox.path("nowhere").exists(), "{how}");
        for path in names() {
            fs::remove_file(path).ok();
        }
    }
}

#[test]
fn a_link_in_place_of_any_own_file_is_never_written_through() {
    let scene = Scene::new();
    scene.warm();
    let commands = [
        &["credential-process", "audit"][..],
        &["credential-process", "work", "--no-session"],
        &["rotate", "work", "--yes"],
        &["rotate", "work", "--rollback", "--yes"],
        &["mfa", "add", "work", "--stdin", "--yes"],
        &["clear", "work"],
    ];
    let run = |command: &[&str]| {
        scene.aws.advance(30);
        let seed = format!("{}\n", scene.phone.seed());
        let sandbox = &scene.sandbox;
        sandbox.keyfob(command).env("KEYFOB_MFA_CODE", scene.phone.code()).stdin(&seed).shows(Shows::Keys).run();
    };
    for command in &commands {
        run(command);
    }
    let folders = ["keyfob/data", "keyfob/cache"].map(|folder| scene.sandbox.path(folder));
    let listed = || {
        let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("there").flatten());
        entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect::<std::collections::BTreeSet<_>>()
    };
    let names = listed();
    assert!(names.len() > 6, "{names:?}");
    let file = scene.sandbox.write("important", "FILE OF ANN");
    for path in names {
        let before = fs::read(&path).ok();
        for command in &commands {
            fs::remove_file(&path).ok();
            std::os::unix::fs::symlink(&file, &path).expect("linked");
            run(command);
            assert_eq!(scene.sandbox.read("important"), "FILE OF ANN", "{} by {command:?}", path.display());
        }
        fs::remove_file(&path).ok();
        if let Some(before) = before {
            keyfob::sys::files::replace(&path, &before).expect("as it was");
        }
    }
}

#[test]
fn a_umask_that_takes_everything_takes_nothing_from_own_files() {
    let scene = Scene::empty();
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let script = "umask 777; keyfob add work --stdin --yes --region eu-central-1";
    scene.sandbox.program("/bin/sh", &["-c", script]).stdin(&key).shows(Shows::Nothing).run().ok();
    let script = format!("umask 777; keyfob credential-process work --mfa-code {}", scene.phone.code());
    scene.sandbox.program("/bin/sh", &["-c", &script]).run().ok();
    let mut folders = vec![scene.sandbox.path("keyfob/data"), scene.sandbox.path("keyfob/cache")];
    let mut files = vec![scene.sandbox.path(".aws/config")];
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).expect("there").permissions().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).expect("listed").flatten() {
            if entry.path().is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    for file in files {
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}
