//! Where the MFA code comes from, and what happens where it comes from nowhere: exit 3 at once, never a hang.

use std::fs;

use crate::scene::{Scene, fails, key_id};
use crate::support::tools;

/// Where nobody can be asked, this is the line an SDK shows its user.
const NOBODY: &str = "profile `audit` needs an MFA code and nobody can be asked: start a session in a terminal first";

#[test]
fn a_code_is_asked_for_on_the_terminal_while_the_sdk_holds_stdin_stdout_and_stderr() {
    let scene = Scene::new();
    let code = scene.phone.code();
    let mut terminal = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
    terminal.expect(&format!("MFA code for profile `audit` ({}): ", scene.phone.serial()));
    terminal.type_line(&code);
    let (ran, seen) = terminal.finish();
    key_id(&ran.json());
    assert!(!seen.contains(&code), "the code is echoed: {seen}");
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_mistyped_code_is_asked_for_again_and_three_are_enough() {
    let scene = Scene::new();
    let mut terminal = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
    for typed in [&scene.phone.wrong_code(), "12345", &scene.phone.code()] {
        terminal.expect("): ");
        terminal.type_line(typed);
    }
    let (ran, seen) = terminal.finish();
    key_id(&ran.json());
    assert!(seen.contains("is wrong or was already used; try again") && seen.contains("not six digits"), "{seen}");
    assert_eq!(scene.aws.count("GetSessionToken"), 2);

    let scene = Scene::new();
    let mut terminal = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
    for _ in 0..3 {
        terminal.expect("): ");
        terminal.type_line(&scene.phone.wrong_code());
    }
    let (ran, _) = terminal.finish();
    fails(&ran, 4, "is wrong or was already used");
    assert_eq!(scene.aws.count("GetSessionToken"), 1, "the same code again is not sent again");
}

#[test]
fn control_d_at_the_question_is_a_failure_and_control_c_a_signal_that_reaches_whoever_runs_keyfob() {
    for (key, code, signal, said) in
        [('d', Some(1), None, "no MFA code for profile `audit`: cancelled"), ('c', None, Some(2), "cancelled")]
    {
        let scene = Scene::new();
        let mut terminal = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
        terminal.expect("): ");
        terminal.press_ctrl(key);
        let (ran, _) = terminal.finish();
        assert_eq!(
            (ran.code, ran.signal, ran.stderr.as_str()),
            (code, signal, &*format!("keyfob: {said}\n")),
            "Ctrl-{key}"
        );
        assert_eq!((ran.stdout.as_str(), scene.aws.requests().len()), ("", 0));
    }
}

#[test]
fn a_code_that_is_given_is_tried_once() {
    let scene = Scene::new();
    let (code, wrong) = (scene.phone.code(), scene.phone.wrong_code());
    let given = |code: &str| scene.sandbox.keyfob(&["credential-process", "audit", "--mfa-code", code]).run();
    fails(&given("12345"), 2, "`--mfa-code` is not six digits");
    let stderr = fails(&given(&wrong), 4, "is wrong or was already used");
    assert!(stderr.contains("hint: AWS accepts each code once: wait for the next one"), "{stderr}");
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
    key_id(&given(&code).json());
}

#[test]
fn a_program_gives_codes_and_a_broken_one_is_named() {
    let scene = Scene::new();
    let process = scene.sandbox.script("authenticator", "#!/bin/sh\ncat \"$HOME/code\"\n");
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", process.display()));
    let ran = scene.credential_process("audit");
    fails(&ran, 1, "did not print an MFA code");
    scene.sandbox.write("code", &scene.phone.code());
    key_id(&scene.credential_process("audit").json());
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
}

#[test]
fn with_nobody_to_ask_it_ends_at_once_and_says_how_to_go_on() {
    let scene = Scene::new();
    // No terminal; stdin at its end.
    let stderr = fails(&scene.credential_process("audit"), 3, NOBODY);
    assert!(stderr.contains("`keyfob mfa add audit`") && stderr.contains("`mfa_process`"), "{stderr}");
    // The same with stdin and stderr closed altogether, and stdout a pipe.
    let keyfob = scene.sandbox.path("bin/keyfob");
    let script = r#""$0" credential-process audit <&- 2>&- | cat; "$0" credential-process audit <&-; echo $?"#;
    let closed = scene.sandbox.program("/bin/sh", &["-c", script, &keyfob.to_string_lossy()]).run();
    assert_eq!(closed.ok(), "3\n");
    // With a terminal at hand that must not be used.
    let forbidden = scene.sandbox.keyfob(&["credential-process", "audit"]).env("KEYFOB_PROMPT", "never");
    let (ran, seen) = forbidden.beside_terminal().finish();
    fails(&ran, 3, NOBODY);
    assert_eq!(seen, "");
    assert_eq!(scene.aws.requests().len(), 0);
}

#[test]
fn a_background_job_is_not_stopped_by_the_terminal_and_exits_3_at_once() {
    let Some(bash) = tools::require("bash") else { return };
    let scene = Scene::new();
    // Job control gives the job a process group of its own, which is not the terminal's foreground one.
    let script = r#"
        set -m; stty tostop
        keyfob credential-process audit >out 2>err &
        wait $!; echo "code $?"; jobs; cat out; cat err"#;
    let mut terminal = scene.sandbox.program(&bash, &["--norc", "-c", script]).on_terminal();
    terminal.expect("code 3");
    let (_, seen) = terminal.finish();
    assert!(seen.contains("keyfob: profile `audit` needs an MFA code") && !seen.contains("Stopped"), "{seen}");
    assert!(seen.contains("background"), "the cause is named: {seen}");
    // Once a code was typed in the foreground, the background job works.
    scene.warm();
    let script = "set -m; keyfob credential-process audit >out 2>err & wait $!; echo \"code $?\"; rm out";
    let mut terminal = scene.sandbox.program(&bash, &["--norc", "-c", script]).on_terminal();
    terminal.expect("code 0");
    terminal.finish();
}

#[test]
fn a_locked_vault_is_opened_on_the_terminal_and_is_exit_3_without_one() {
    let passphrase = "FAKE passphrase of the vault";
    let scene = Scene::locked_with(passphrase);
    let stderr = fails(&scene.credential_process_with_code("audit", "123456"), 3, "vault");
    assert!(stderr.contains("hint: "), "{stderr}");

    let mut terminal = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
    for answer in ["wrong", passphrase] {
        terminal.expect("assphrase");
        terminal.expect(": ");
        terminal.type_line(answer);
    }
    terminal.expect("MFA code");
    terminal.expect("): ");
    terminal.type_line(&scene.phone.code());
    let (ran, seen) = terminal.finish();
    key_id(&ran.json());
    assert!(!seen.contains("wrong\n"), "what is typed is not echoed: {seen}");
    assert!(fs::metadata(scene.sandbox.path("keyfob/data/vault.age")).is_ok());
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
}
