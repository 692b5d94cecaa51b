//! What a command run by `exec` finds: the credentials, and otherwise the world its caller left, pipes and signals included.

use std::process::{Command, Stdio};

use crate::KEYFOB;
use crate::scene::Scene;
use crate::support::tools;

/// Runs a script under bash with the warm `audit` at hand.
fn bash(scene: &Scene, script: &str) -> Option<String> {
    let bash = tools::require("bash")?;
    Some(scene.sandbox.program(&bash, &["-c", script]).run().ok().to_owned())
}

#[test]
fn limits_signals_and_pipes_are_the_callers() {
    let scene = Scene::new();
    scene.warm();
    let inside = "ulimit -c; ulimit -n; umask; pwd; grep -E '^Sig(Blk|Ign)' /proc/self/status; nice";
    for caller in
        ["true", "ulimit -c 7; ulimit -n 123; umask 027; cd bin; trap '' HUP INT USR1; renice -n 5 $$ >/dev/null"]
    {
        let Some(outside) = bash(&scene, &format!("{caller}; {inside}")) else { return };
        let under = bash(&scene, &format!("{caller}; keyfob exec audit -- bash -c {}", quoted(inside)));
        assert_eq!(under.as_deref(), Some(outside.as_str()), "after `{caller}`");
    }
    // A command that writes to a reader that has gone ends by the signal, as it would without keyfob.
    let piped = bash(&scene, "keyfob exec audit -- yes | head -1; echo ${PIPESTATUS[0]}");
    assert_eq!(piped.as_deref(), Some("y\n141\n"));
}

fn quoted(script: &str) -> String {
    format!("'{}'", script.replace('\'', r"'\''"))
}

#[test]
fn no_file_socket_or_lock_of_keyfobs_stays_open_in_the_command() {
    let scene = Scene::new();
    // Cold, so that everything there is was open: sockets, locks, the terminal's absence.
    let code = scene.phone.code();
    let list = "for file in /proc/$$/fd/*; do readlink $file || true; done";
    // Both from one shell, with whatever the tests' own parents left open.
    let script = format!("{list}; echo --; exec keyfob exec audit --mfa-code {code} -- sh -c '{list}'");
    let ran = scene.sandbox.program("/bin/sh", &["-c", &script]).run();
    let (before, under) = ran.ok().split_once("--\n").expect("two lists");
    // Each pipe and socket has a number of its own; what it is has to be the same. Nothing is left out: what an async
    // runtime leaves open is `anon_inode:[eventpoll]` and `anon_inode:[eventfd]`.
    let kinds = |text: &str| {
        let mut kinds: Vec<String> =
            text.lines().map(|line| line.chars().filter(|character| !character.is_ascii_digit()).collect()).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(under), kinds(before), "under keyfob, and without it");
    assert!(kinds(under).len() >= 3, "{under}");
}

#[test]
fn the_command_takes_keyfobs_place_and_its_process_id() {
    let scene = Scene::new();
    scene.warm();
    let mut command = Command::new(KEYFOB);
    command.args(["exec", "audit", "--", "sh", "-c", "echo $$; exec sleep 600"]).env_clear().envs(scene.sandbox.env());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("keyfob starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("it says its id");
    assert_eq!(line.trim(), child.id().to_string());
    child.kill().expect("an own child can be killed");
    child.wait().expect("an own child can be waited for");
}

#[test]
fn a_subshell_is_opened_where_no_command_is_given_and_the_inner_one_wins() {
    let scene = Scene::new();
    scene.warm();
    scene.edit("[profile audit]\nregion = eu-central-1", "[profile audit]\nregion = eu-west-3");
    scene.warm();
    let mut terminal = scene.sandbox.keyfob(&["exec", "deploy"]).env("SHELL", "/bin/sh").on_terminal();
    terminal.expect("with the credentials of `deploy`");
    terminal.type_line("keyfob exec audit");
    terminal.expect("with the credentials of `audit` inside `deploy`");
    terminal.type_line("echo \"<$KEYFOB_PROFILE $AWS_REGION $AWS_DEFAULT_REGION>\"");
    terminal.expect("<audit eu-west-3 eu-west-3>");
    terminal.type_line("exit 3");
    terminal.type_line("echo \"<$? $KEYFOB_PROFILE $AWS_REGION>\"");
    terminal.expect("<3 deploy eu-central-1>");
    terminal.type_line("exit");
    let (ran, seen) = terminal.finish();
    assert_eq!(ran.code, Some(0), "{seen}");
}
