//! keyfob at a terminal: what is asked and shown there, and what is left of it afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;

fn machine() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    (aws, sandbox)
}

#[test]
fn a_person_is_asked_for_the_key_the_device_and_the_region_and_the_secret_is_never_shown() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, device) = (ann.access_key(), ann.mfa("ann"));
    let mut terminal = sandbox.keyfob(&["add", "work"]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    terminal.expect("secret access key (not shown): ");
    terminal.type_line(&key.secret);
    terminal.expect(&format!("use your MFA device `{}`? [Y/n] ", device.serial()));
    terminal.type_line("");
    terminal.expect("region of `work` (Enter for none): ");
    // What is no region costs nothing of what was typed before.
    for mistake in ["Frankfurt", "eu central 1", "euwest1"] {
        terminal.type_line(mistake);
        terminal.expect("is no region; one looks like `eu-west-1`");
        terminal.expect("region of `work` (Enter for none): ");
    }
    terminal.type_line("eu-west-1");
    // The sandbox searches what was shown for the secret.
    let (ran, shown) = terminal.finish();
    ran.ends_with(0);
    assert!(shown.contains(&key.id), "an id is no secret: {shown}");
    let config = sandbox.read(".aws/config");
    assert!(config.contains("region = eu-west-1") && config.contains(&device.serial()), "{config}");
}

#[test]
fn of_several_devices_one_is_chosen_by_number() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, _, second) = (ann.access_key(), ann.mfa("one"), ann.mfa("two"));
    let mut terminal = sandbox.keyfob(&["add", "work", "--region", "eu-west-1"]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    terminal.expect("(not shown): ");
    terminal.type_line(&key.secret);
    let list = terminal.expect("(1 to 2; Enter for none)? ");
    let number = list.lines().find(|line| line.contains(&second.serial())).expect("listed").trim().chars().next();
    terminal.type_line("7");
    terminal.expect("(1 to 2; Enter for none)? ");
    terminal.type_line(&number.expect("a digit").to_string());
    terminal.finish().0.ends_with(0);
    assert!(sandbox.read(".aws/config").contains(&second.serial()));
}

#[test]
fn who_has_no_device_is_told_before_anything_is_stored_and_may_choose_the_key_itself() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let mut terminal = sandbox.keyfob(&["add", "work", "--region", "eu-west-1"]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    terminal.expect("(not shown): ");
    terminal.type_line(&key.secret);
    terminal.expect("AWS refuses every IAM call");
    terminal.expect("(`keyfob_session = never`)? [y/N] ");
    assert!(!sandbox.path("keyfob/data/index.json").exists(), "nothing is stored yet");
    terminal.type_line("yes");
    terminal.finish().0.ends_with(0);
    assert!(sandbox.read(".aws/config").contains("keyfob_session = never"));
}

#[test]
fn whoever_ends_the_conversation_before_its_end_has_stored_nothing_and_is_told() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, _) = (ann.access_key(), ann.mfa("ann"));
    for questions in [&["your MFA device"][..], &["your MFA device", "region of `work`"]] {
        let mut terminal = sandbox.keyfob(&["add", "work"]).on_terminal();
        terminal.expect("access key id: ");
        terminal.type_line(&key.id);
        terminal.expect("(not shown): ");
        terminal.type_line(&key.secret);
        let (last, before) = questions.split_last().expect("one at least");
        for question in before {
            terminal.expect(question);
            terminal.type_line("y");
        }
        terminal.expect(last);
        terminal.press_ctrl('c');
        let (ran, shown) = terminal.finish();
        ran.ends_with(1);
        assert!(shown.contains("nothing was stored"), "{shown}");
        assert!(!sandbox.path("keyfob/data/index.json").exists() && !sandbox.path(".aws/config").exists());
    }
}

#[test]
fn ctrl_c_at_a_secret_leaves_a_terminal_that_echoes_and_nothing_stored() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let script = "keyfob add work; echo code=$?; stty -a";
    let mut terminal = sandbox.program("/bin/sh", &["-c", script]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    terminal.expect("(not shown): ");
    terminal.press_ctrl('c');
    terminal.expect("code=1");
    let (ran, shown) = terminal.finish();
    ran.ends_with(0);
    for mode in [" echo ", " icanon ", "isig "] {
        assert!(shown.contains(mode), "{mode}: {shown}");
    }
    assert!(!sandbox.path("keyfob/data/index.json").exists());
}

#[test]
fn a_background_job_asks_nobody_and_is_not_stopped() {
    let (_, sandbox) = machine();
    // With `tostop` the kernel stops whoever writes to the terminal from the background, so stderr goes elsewhere.
    let script = "set -m; stty tostop; keyfob add work 2>said & wait $!; echo code=$?; cat said";
    let start = Instant::now();
    let mut terminal = sandbox.program("/bin/sh", &["-c", script]).on_terminal();
    terminal.expect("code=3");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    terminal.expect("this is a background job");
    terminal.finish().0.ends_with(0);
}

#[test]
fn a_question_reaches_the_terminal_and_not_the_pipes_an_sdk_holds() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, device) = (ann.access_key(), ann.mfa("ann"));
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes"]).stdin(&input).run().ok();
    let mut terminal = sandbox.keyfob(&["credential-process", "work"]).beside_terminal();
    terminal.expect(": ");
    terminal.type_line(&device.code());
    let (ran, _) = terminal.finish();
    assert_eq!(ran.json()["Version"], 1);
    assert_eq!(ran.stderr, "");
}

#[test]
fn prompts_can_be_forbidden_even_where_somebody_is() {
    let (_, sandbox) = machine();
    let terminal = sandbox.keyfob(&["add", "work"]).env("KEYFOB_PROMPT", "never").on_terminal();
    let (ran, shown) = terminal.finish();
    assert_eq!(ran.code, Some(3), "{shown}");
    assert!(shown.contains("`prompt` is `never`"), "{shown}");
}
