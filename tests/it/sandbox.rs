//! The sandbox keeps the machine out, and finds every secret that gets out. A shell stands in for keyfob.

use std::path::Path;
use std::sync::Arc;

use crate::support::aws::LoopbackAws;
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::support::secret_service::SecretService;
use crate::support::tools;

fn shell() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::new("/bin/sh", &aws);
    (aws, sandbox)
}

#[test]
fn nothing_of_the_machine_gets_in_but_its_path() {
    let (aws, sandbox) = shell();
    let env = sandbox.keyfob(&["-c", "env"]).run();
    let mut names: Vec<&str> = env.ok().lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    names.sort_unstable();
    let expected = [
        "AWS_EC2_METADATA_DISABLED", "AWS_ENDPOINT_URL", "HOME", "KEYFOB_CACHE_DIR", "KEYFOB_CONFIG",
        "KEYFOB_DATA_DIR", "KEYFOB_UNLOCK_TIME", "LANG", "PATH", "PWD", "RUST_LOG", "XDG_RUNTIME_DIR",
    ];
    assert_eq!(names, expected);
    assert!(env.stdout.contains(&aws.url()));
    assert_ne!(sandbox.keyfob(&["-c", ": </dev/tty"]).run().code, Some(0), "there is a terminal");
    assert_eq!(sandbox.keyfob(&["-c", "cat"]).stdin("given\n").run().ok(), "given\n");
    assert_eq!(sandbox.keyfob(&["-c", "exit 7"]).run().code, Some(7));
}

#[test]
fn a_secret_is_found_wherever_it_gets_out() {
    // What a program does with a secret in $S, and what the hunt has to say.
    let cases = [
        ("echo $S", "stdout of"),
        ("echo $S >&2", "stderr of"),
        ("printf x$S | base64 -w0", "stdout of"),
        ("printf $S | od -An -tx1 -v | tr -d ' \\n'", "stdout of"),
        ("mkdir -p a/b && echo \"{$S}\" >a/b/c.log", "a/b/c.log: the "),
        ("echo nothing", ""),
    ];
    let (aws, sandbox) = shell();
    let secret = aws.user("ann").access_key().secret;
    for (script, found) in cases {
        let (_, other) = shell();
        other.keep_secret(&secret, "secret");
        other.keyfob(&["-c", script]).env("S", &secret).run().ok();
        let leaks = other.leaks().join("\n");
        assert!(if found.is_empty() { leaks.is_empty() } else { leaks.contains(found) }, "{script}: {leaks:?}");
        other.forget_outputs();
        other.may_hold_secrets("a");
    }
    sandbox.write("keys.csv", &secret);
    assert!(sandbox.leaks().is_empty(), "what a test writes is its own affair");
}

#[test]
fn session_credentials_may_stand_where_they_belong_and_long_term_ones_nowhere() {
    let session = Shows::of_command(&["-v", "exec", "dev", "--", "list"]);
    assert_eq!(session, Shows::Sessions);
    assert_eq!(Shows::of_command(&["list", "env"]), Shows::Nothing);
}

#[test]
fn time_goes_by_for_aws_and_its_clients_alike() {
    let (aws, mut sandbox) = shell();
    let seconds =
        |sandbox: &Sandbox| -> i64 { sandbox.keyfob(&["-c", "date +%s"]).run().ok().trim().parse().expect("a number") };
    if sandbox.pass_time(7200).is_none() || sandbox.pass_time(-60).is_none() {
        return;
    }
    assert!((seconds(&sandbox) - aws.now()).abs() <= 1);
    sandbox.put_clock_off(600).expect("it was there before");
    assert!((seconds(&sandbox) - aws.now() - 600).abs() <= 1);
}

#[test]
fn a_terminal_is_answered_as_a_person_would() {
    let (_aws, sandbox) = shell();
    let script = r#"printf 'Code: '; stty -echo; read code; stty echo; printf '\nName: '; read name; echo "$code $name" >got; exit 3"#;
    let mut terminal = sandbox.keyfob(&["-c", script]).on_terminal();
    terminal.expect("Code: ");
    // The prompt is there before the echo is gone, as with any program.
    std::thread::sleep(std::time::Duration::from_millis(100));
    terminal.type_line("123456");
    terminal.expect("Name: ");
    terminal.type_line("ann");
    let (ran, seen) = terminal.finish();
    assert_eq!(ran.code, Some(3));
    assert_eq!(sandbox.read("got"), "123456 ann\n");
    assert!(!seen.contains("123456") && seen.contains("Name: ann\n"), "{seen:?}");
}

#[test]
fn beside_a_terminal_the_outputs_are_apart_and_the_terminal_is_there() {
    let (_aws, sandbox) = shell();
    let script = r#"echo out; echo err >&2; [ -t 0 ] || [ -t 1 ] || [ -t 2 ] || { printf 'Code: ' >/dev/tty; read code </dev/tty; echo "$code"; }"#;
    let mut terminal = sandbox.keyfob(&["-c", script]).beside_terminal();
    terminal.expect("Code: ");
    terminal.type_line("123456");
    let (ran, _) = terminal.finish();
    assert_eq!((ran.ok(), ran.stderr.as_str()), ("out\n123456\n", "err\n"));
}

#[test]
fn the_secret_service_keeps_locks_hangs_and_goes_away_as_told() {
    let Some(mut service) = SecretService::start() else { return };
    let Some(tool) = tools::require("secret-tool") else { return };
    let (_aws, mut sandbox) = shell();
    service.serve(&mut sandbox);
    let lookup = |sandbox: &Sandbox| sandbox.program(&tool, &["lookup", "test", "loopback"]).run();
    let store = ["store", "--label=test", "test", "loopback"];
    sandbox.program(&tool, &store).stdin("FAKEstored").run().ok();
    assert_eq!(lookup(&sandbox).ok(), "FAKEstored");

    service.lock();
    assert_ne!(lookup(&sandbox).stdout, "FAKEstored", "locked");
    service.unlock();
    assert_eq!(lookup(&sandbox).ok(), "FAKEstored");

    service.pause();
    let limited = ["0.5", &tool.to_string_lossy(), "lookup", "test", "loopback"];
    assert_eq!(sandbox.program(Path::new("/usr/bin/timeout"), &limited).run().code, Some(124), "hanging");
    service.resume();
    assert_eq!(lookup(&sandbox).ok(), "FAKEstored");

    service.stop();
    assert_ne!(lookup(&sandbox).code, Some(0), "nobody there");
    service.start_again();
    assert_eq!(lookup(&sandbox).ok(), "FAKEstored");
}
