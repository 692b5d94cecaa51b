//! keyfob at a terminal: what is asked and shown there, and what is left of it afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::KEYFOB;
use crate::scene::{Scene, key_id};
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

const SIGINT: i32 = 2;

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
    terminal.expect("secret access key (hidden): ");
    terminal.type_line(&key.secret);
    terminal.expect(&format!("use your MFA device `{}`? [Y/n] ", device.serial()));
    terminal.type_line("");
    terminal.expect("region of `work` (Enter for none): ");
    // What is no region costs nothing of what was typed before.
    for mistake in ["Frankfurt", "eu central 1", "euwest1"] {
        terminal.type_line(mistake);
        terminal.expect("is not a valid region; expected a name like `eu-west-1`");
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
    terminal.expect("(hidden): ");
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
fn who_has_no_device_is_told_before_anything_is_stored_and_may_create_one_at_once() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let mut terminal = sandbox.keyfob(&["add", "work", "--region", "eu-west-1"]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    terminal.expect("(hidden): ");
    terminal.type_line(&key.secret);
    terminal.expect("AWS will refuse its sessions all IAM calls");
    terminal.expect("create an MFA device now, in an authenticator app? [y/N] ");
    assert!(sandbox.path("keyfob/data/index.json").exists(), "the key is stored by then");
    terminal.type_line("yes");
    // What an enrollment asks first.
    terminal.expect("[ann]: ");
    terminal.type_line("not a name");
    let (_, shown) = terminal.finish();
    assert!(shown.contains("the key is stored; enroll a device later"), "{shown}");
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
        terminal.expect("(hidden): ");
        terminal.type_line(&key.secret);
        let (last, before) = questions.split_last().expect("one at least");
        for question in before {
            terminal.expect(question);
            terminal.type_line("y");
        }
        terminal.expect(last);
        terminal.press_ctrl('c');
        let (ran, shown) = terminal.finish();
        assert_eq!(ran.signal, Some(SIGINT), "{shown}");
        assert!(shown.contains("cancelled\n") && shown.contains("nothing was stored"), "{shown}");
        assert!(!sandbox.path("keyfob/data/index.json").exists() && !sandbox.path(".aws/config").exists());
    }
}

#[test]
fn ctrl_c_at_a_secret_leaves_a_terminal_that_echoes_and_nothing_stored() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    // The script gets the signal too, and goes on.
    let script = "trap : INT; keyfob add work; echo code=$?; stty -a";
    let mut terminal = sandbox.program("/bin/sh", &["-c", script]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    terminal.expect("(hidden): ");
    terminal.press_ctrl('c');
    terminal.expect("code=130");
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

#[test]
fn control_c_ends_the_loop_or_the_line_that_keyfob_runs_in() {
    let scene = Scene::new();
    let cases = [
        ("for p in work deploy audit; do keyfob exec $p -- true; echo went on; done", "/bin/sh"),
        ("eval \"$(keyfob env work)\"; echo went on", "/bin/sh"),
        ("sh -c 'keyfob credential-process work'; echo went on", "/bin/sh"),
        ("for p in work deploy; do keyfob exec $p -- true; echo went on; done", "bash"),
    ];
    for (script, shell) in cases {
        let Some(shell) = tools::require(shell.trim_start_matches("/bin/")) else { continue };
        let mut terminal = scene.sandbox.program(&shell, &["-c", script]).on_terminal();
        terminal.expect("): ");
        terminal.press_ctrl('c');
        let (ran, shown) = terminal.finish();
        assert_eq!((ran.signal, shown.contains("went on")), (Some(SIGINT), false), "{script}: {shown}");
        assert_eq!(shown.matches("): ").count(), 1, "asked once: {shown}");
    }
    assert_eq!(scene.actions(), Vec::<String>::new());
}

#[test]
fn control_z_suspends_a_question_and_it_is_asked_again_in_the_foreground() {
    let Some(bash) = tools::require("bash") else { return };
    let scene = Scene::new();
    let script = "set -m; keyfob exec work -- true; echo stopped=$?; stty -a | tr ' ' '\\n' | grep -x 'echo;*'; fg; echo code=$?";
    let mut terminal = scene.sandbox.program(&bash, &["--norc", "-c", script]).on_terminal();
    terminal.expect("): ");
    terminal.type_keys("12");
    terminal.press_ctrl('z');
    terminal.expect("stopped=148");
    terminal.expect("echo");
    terminal.expect("): ");
    terminal.type_line(&scene.phone.code());
    terminal.expect("code=0");
    terminal.finish();
    // Continued in the background it asks nobody, and ends.
    scene.sandbox.keyfob(&["clear"]).run().ok();
    let script = "set -m; keyfob exec work -- true; bg; wait %1; echo code=$?";
    let mut terminal = scene.sandbox.program(&bash, &["--norc", "-c", script]).on_terminal();
    terminal.expect("): ");
    terminal.press_ctrl('z');
    terminal.expect("code=3");
    terminal.finish();
}

/// Starts so many at once in the terminal's foreground, as `make -j` does; their output goes into files.
fn crowd(number: usize) -> String {
    format!(
        "for n in $(seq {number}); do keyfob credential-process audit >out.$n 2>err.$n </dev/null & done; wait; echo all ended"
    )
}

#[test]
fn control_c_ends_all_who_wait_on_the_terminal() {
    let scene = Scene::new();
    // They ignore SIGINT, as jobs of a script do, and learn of it by the failure they share.
    let mut terminal = scene.sandbox.program("/bin/sh", &["-c", &format!("trap '' INT; {}", crowd(5))]).on_terminal();
    terminal.expect("waiting for process");
    terminal.press_ctrl('c');
    terminal.expect("all ended");
    let (_, shown) = terminal.finish();
    assert_eq!(shown.matches("MFA code").count(), 1, "{shown}");
    for number in 1..=5 {
        assert_eq!(scene.sandbox.read(&format!("err.{number}")), "keyfob: cancelled\n");
    }
}

#[test]
fn after_control_c_whoever_waits_on_another_terminal_asks_there() {
    let scene = Scene::new();
    let mut first = scene.sandbox.keyfob(&["exec", "audit", "--", "true"]).on_terminal();
    first.expect("MFA code");
    let mut other = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
    other.expect("waiting for process");
    first.press_ctrl('c');
    let (ran, shown) = first.finish();
    assert_eq!(ran.signal, Some(SIGINT), "{shown}");
    other.expect("MFA code");
    other.expect("): ");
    other.type_line(&scene.phone.code());
    key_id(&other.finish().0.json());
}

#[test]
fn twenty_who_wait_on_one_terminal_say_so_once() {
    let scene = Scene::new();
    (1..=20).for_each(|number| scene.sandbox.may_hold_secrets(&format!("out.{number}")));
    let mut terminal = scene.sandbox.program("/bin/sh", &["-c", &crowd(20)]).on_terminal();
    terminal.expect("): ");
    terminal.expect("waiting for process");
    // Whoever has anything to say says it after two seconds.
    std::thread::sleep(Duration::from_secs(4));
    terminal.type_line(&scene.phone.code());
    terminal.expect("all ended");
    let (_, shown) = terminal.finish();
    assert_eq!((shown.matches("waiting for").count(), shown.matches("MFA code").count()), (1, 1), "{shown}");
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
}

#[test]
fn neither_yes_nor_no_is_asked_again() {
    let scene = Scene::new();
    let mut terminal = scene.sandbox.keyfob(&["remove", "work"]).on_terminal();
    for answer in ["maybe", "yess", "y n", "n"] {
        terminal.expect("[y/N] ");
        terminal.type_line(answer);
        if answer != "n" {
            terminal.expect("please answer y or n");
        }
    }
    terminal.finish().0.ends_with(1);
    assert!(scene.sandbox.keyfob(&["list"]).run().ok().contains("vault"), "the key is still there");
}

#[test]
fn what_is_typed_while_a_passphrase_is_checked_is_not_shown() {
    let passphrase = "FAKE passphrase of the vault";
    let scene = Scene::locked_with(passphrase);
    let mut terminal = scene.sandbox.keyfob(&["exec", "work", "--", "true"]).on_terminal();
    terminal.expect("assphrase of keyfob's vault: ");
    terminal.type_line("wrong");
    terminal.expect("\n");
    terminal.type_line(passphrase);
    terminal.expect("assphrase of keyfob's vault: ");
    terminal.type_line(passphrase);
    terminal.expect("): ");
    terminal.type_line(&scene.phone.code());
    // The sandbox searches what was shown for the passphrase.
    terminal.finish().0.ends_with(0);
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
}

#[test]
fn an_id_and_a_secret_pasted_at_once_are_both_taken_and_a_wrong_one_is_asked_for_again() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    for (number, pasted) in [
        format!("{}\r{}\r", key.id, key.secret),
        format!("{},{}\r", key.id, key.secret),
        format!("\"{}\"\t\"{}\"\r", key.id, key.secret),
    ]
    .iter()
    .enumerate()
    {
        let profile = format!("p{number}");
        let mut terminal = sandbox.keyfob(&["add", &profile, "--region", "eu-west-1"]).on_terminal();
        terminal.expect("access key id: ");
        terminal.type_line("AKIAwrong");
        terminal.expect("\naccess key id: ");
        terminal.type_keys(pasted);
        terminal.expect("[y/N] ");
        terminal.type_line("n");
        // The sandbox searches what was shown for the secret.
        terminal.finish().0.ends_with(0);
    }
    let mut terminal = sandbox.keyfob(&["add", "typed", "--region", "eu-west-1"]).on_terminal();
    terminal.expect("access key id: ");
    terminal.type_line(&key.id);
    for secret in ["too short", &key.secret] {
        terminal.expect("secret access key (hidden): ");
        terminal.type_line(secret);
    }
    terminal.expect("[y/N] ");
    terminal.type_line("");
    terminal.finish().0.ends_with(0);
    let mut terminal = sandbox.keyfob(&["add", "other"]).on_terminal();
    for _ in 0..3 {
        terminal.expect("\naccess key id: ");
        terminal.type_line("nonsense");
    }
    terminal.finish().0.ends_with(1);
}

#[test]
fn a_short_passphrase_for_a_new_vault_is_warned_of_and_an_empty_one_asked_for_again() {
    let (aws, mut sandbox) = machine();
    let key = aws.user("ann").access_key();
    sandbox.unset("KEYFOB_IDENTITY_FILE");
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.write("key", &input);
    let add = sandbox.keyfob(&["add", "work", "--stdin", "--yes"]);
    let mut terminal = add.on_terminal_in(r#"exec "$@" <key"#);
    for (answer, prompt, said) in [
        ("", "vault: ", "an empty passphrase"),
        ("seven77", "vault: ", "fewer than 8 characters"),
        ("seven77", "Repeat the passphrase: ", ""),
    ] {
        terminal.expect(prompt);
        terminal.type_line(answer);
        terminal.expect(said);
    }
    terminal.finish().0.ends_with(0);
    sandbox.keyfob(&["clear", "--all"]).run().ok();
}

#[test]
fn env_on_a_terminal_says_how_to_load_its_lines() {
    let scene = Scene::new();
    scene.warm();
    for (arguments, line) in [
        (&["env", "audit", "--shell", "bash"][..], r#"eval "$(keyfob env audit)""#),
        (&["env", "audit", "--shell", "fish"], "keyfob env audit | source"),
        (&["env", "--unset", "--shell", "zsh"], r#"eval "$(keyfob env --unset)""#),
    ] {
        let (ran, shown) = scene.sandbox.keyfob(arguments).on_terminal().finish();
        assert!(ran.code == Some(0) && shown.contains(&format!("`{line}`")), "{shown}");
        let piped = scene.sandbox.keyfob(arguments).run();
        assert!(!piped.stderr.contains("hint"), "{}", piped.stderr);
    }
}

/// What a terminal has shown: rexpect makes a character of each byte.
fn as_text(shown: &str) -> String {
    let bytes = shown.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn list_keeps_the_session_at_60_columns() {
    let scene = Scene::new();
    scene.warm();
    let (ran, shown) = scene.sandbox.keyfob(&["list"]).on_terminal_in(r#"stty cols 60; exec "$@""#).finish();
    let shown = as_text(&shown);
    let table: Vec<&str> =
        shown.lines().filter(|line| line.starts_with("PROFILE") || line.starts_with("audit")).collect();
    assert!(ran.code == Some(0) && table[0].contains("SESSION") && table[1].contains(" left"), "{shown}");
    assert!(table.iter().all(|line| line.chars().count() <= 60), "{shown}");
}

#[test]
fn explain_says_that_nobody_can_be_asked_where_nobody_is() {
    let scene = Scene::new();
    let said = scene.sandbox.keyfob(&["explain", "work"]).run();
    assert!(said.ok().contains("needed now (nobody can be asked: there is no terminal)"), "{}", said.stdout);
    let (_, shown) = scene.sandbox.keyfob(&["explain", "work"]).on_terminal().finish();
    assert!(shown.contains("needed now (the terminal)"), "{shown}");
}

#[test]
fn every_table_fits_the_terminal() {
    let scene = Scene::new();
    scene.warm();
    let long = "a-profile-with-a-rather-long-name-for-one-account-of-many";
    scene.sandbox.keyfob(&["profile", "copy", "work", long]).run().ok();
    scene.sandbox.keyfob(&["profile", "add", "lost", "source_profile=nowhere", "--raw"]).run().ok();
    let commands = [
        (&["list"][..], "work"),
        (&["keys"], "active"),
        (&["mfa", "list", "work"], "ann-phone"),
        (&["store", "list"], "vault"),
        (&["log"], "audit"),
        (&["show", "work"], "credential_process"),
        (&["explain", "work"], "MFA device"),
        (&["whoami", "work"], "account"),
        (&["doctor"], "fix: "),
        (&["audit", "--list"], "root-mfa"),
    ];
    for (command, has) in commands {
        for columns in [60, 80, 100] {
            let script = format!(r#"stty cols {columns}; exec "$@""#);
            let (ran, shown) = scene.sandbox.keyfob(command).on_terminal_in(&script).finish();
            let shown = as_text(&shown);
            assert_eq!(ran.code, Some(i32::from(command == ["doctor"])), "{shown}");
            // What `-v` says on stderr is no table; commands are to be copied, and a word stays whole.
            let is_whole = |line: &str| {
                ["note: ", "hint: ", "fix: ", "warning: "].iter().any(|sign| line.contains(sign))
                    || line.trim().rsplit("  ").next().is_some_and(|last| !last.contains(' '))
            };
            let wide = shown.lines().filter(|line| line.trim_end().chars().count() > columns && !is_whole(line));
            let wide: Vec<&str> = wide.collect();
            assert!(wide.is_empty() && shown.contains(has), "{command:?} at {columns}: {wide:#?} in {shown}");
        }
    }
}

#[test]
fn no_word_of_a_message_is_broken_by_the_end_of_a_line() {
    let scene = Scene::new();
    let long = "a-profile-with-a-rather-long-name";
    let refused = ["profile", "set", "work", "region", "a-region-that-amazon-does-not-have"];
    scene.sandbox.keyfob(&["profile", "add", long, "source_profile=work"]).run().ok();
    for (command, code) in [(&refused[..], 2), (&["exec", "work", long, "--", "true"], 2), (&["export", long], 1)] {
        let whole = scene.sandbox.keyfob(command).run().ends_with(code).to_owned();
        for columns in [50, 60, 80] {
            let script = format!(r#"stty cols {columns}; exec "$@""#);
            let run = scene.sandbox.keyfob(command).env("NO_COLOR", "1");
            let (_, shown) = run.on_terminal_in(&script).finish();
            let shown = as_text(&shown).replace('\r', "");
            let is_whole = |line: &str| line.trim_start().starts_with('`') || !line.trim().contains(' ');
            let wide = shown.lines().filter(|line| line.chars().count() > columns && !is_whole(line));
            assert_eq!(wide.collect::<Vec<_>>(), [""; 0], "{command:?} at {columns}: {shown}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&shown), words(&whole), "{command:?} at {columns}");
            let commands = whole.lines().filter_map(|line| line.split('`').nth_back(1));
            commands.for_each(|command| assert!(shown.contains(&format!("`{command}`")), "`{command}` in {shown}"));
        }
    }
    let remove = scene.sandbox.keyfob(&["remove", "work"]).env("NO_COLOR", "1");
    let mut asking = remove.on_terminal_in(r#"stty cols 40; exec "$@""#);
    let question = asking.expect("[y/N] ");
    let is_whole =
        |line: &str| line.chars().count() <= 40 || line.trim_start().starts_with('`') || !line.trim().contains(' ');
    assert!(question.lines().count() > 1 && question.lines().all(is_whole), "{question}");
    asking.type_line("n");
    asking.finish();
}
