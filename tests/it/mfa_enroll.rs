//! Enrolling a device: by a person whose app has scanned the screen, by keyfob alone, and whatever goes wrong on the way.

use std::fmt::Write;

use crate::mfa::{SERIAL, machine};
use crate::support::aws::{Fault, LoopbackAws};
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

#[test]
fn a_device_is_enrolled_with_two_codes_from_an_app_that_scanned_the_screen() {
    let (aws, sandbox) = machine();
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work"]).on_terminal();
    terminal.expect("device name [ann]: ");
    terminal.type_line("");
    terminal.expect("first code from the app: ");
    let device = aws.device(SERIAL).expect("made");
    assert!(!device.is_enabled());
    terminal.type_line(&device.wrong_code());
    terminal.expect("that is not a code of this device");
    terminal.expect("first code from the app: ");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("next code, once the app shows it: ");
    terminal.type_line(&first);
    terminal.expect("that is the first code again");
    terminal.expect("next code, once the app shows it: ");
    terminal.type_line(&second);
    terminal.expect(&format!("`{SERIAL}` is enabled for user `ann`"));
    let (ran, shown) = terminal.finish();
    ran.ends_with(0);
    assert!(device.is_enabled());
    assert!(sandbox.read(".aws/config").contains(&format!("mfa_serial = {SERIAL}")));
    assert_eq!(aws.count("EnableMFADevice"), 1);
    assert!(!sandbox.read("keyfob/data/index.json").contains("seeds"), "the app has it, and keyfob does not");
    scanned(&sandbox, &shown, &device.seed());
}

#[test]
fn all_of_the_code_is_on_a_terminal_of_24_rows_when_the_question_is_asked() {
    let (_aws, sandbox) = machine();
    let enroll = sandbox.keyfob(&["mfa", "enroll", "work", "--yes"]);
    let mut terminal = enroll.on_terminal_in(r#"stty rows 24 cols 80; exec "$@""#);
    let shown = terminal.expect("first code from the app: ");
    let rows: Vec<&str> = shown.lines().skip_while(|line| !line.contains("48;5;231m")).collect();
    let drawn = rows.iter().take_while(|row| row.contains("48;5;231m")).count();
    // The last is the question's own.
    assert!(drawn > 20 && rows.len() <= 24 && rows.len() - drawn <= 1, "{drawn} of {}: {shown}", rows.len());
    terminal.press_ctrl('c');
    terminal.finish();
}

#[test]
fn on_a_terminal_too_small_for_the_code_it_is_measured_first_and_the_key_is_there_as_text() {
    const NEEDS: &str = "the QR code needs 20 rows × 41 columns; this terminal has 16 × 60";
    for (answer, enlarge) in [("s", false), ("", false), ("", true)] {
        let (aws, sandbox) = machine();
        let enroll = sandbox.keyfob(&["mfa", "enroll", "work", "--yes"]).shows(Shows::Seeds);
        let mut terminal = enroll.on_terminal_in(&format!(
            r#"stty rows 16 cols 60; {} "$@""#,
            if enlarge { "(sleep 3; stty rows 20 cols 60 </dev/tty; echo large) &" } else { "" }
        ));
        let shown = terminal.expect("or `s` for the key as text: ");
        let shown =
            String::from_utf8(shown.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()).expect("UTF-8");
        let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(NEEDS) && !shown.contains("48;5;231m"), "{shown}");
        if enlarge {
            terminal.expect("large");
        }
        terminal.type_line(answer);
        let shown = terminal.expect("first code from the app: ");
        let seed = aws.device(SERIAL).expect("made").seed();
        assert_eq!(
            (shown.contains("48;5;231m"), shown.contains(&format!("\n{seed}\n"))),
            (enlarge, !enlarge),
            "{shown}"
        );
        terminal.press_ctrl('c');
        terminal.finish();
    }
}

/// Has zbarimg scan what the terminal showed, and finds the seed in it.
fn scanned(sandbox: &Sandbox, shown: &str, seed: &str) {
    let Some(zbarimg) = tools::require("zbarimg") else { return };
    // rexpect takes every byte for a character.
    let bytes: Vec<u8> = shown.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let shown = String::from_utf8(bytes).expect("UTF-8");
    let rows: Vec<&str> = shown.lines().filter_map(|line| line.split("\x1b[48;5;231m").nth(1)).collect();
    assert!(rows.len() > 20, "{shown}");
    let mut pixels: Vec<Vec<bool>> = Vec::new();
    for row in rows {
        let row = row.split('\x1b').next().expect("up to the end of the colours");
        pixels.push(row.chars().map(|c| matches!(c, '▀' | '█')).collect());
        pixels.push(row.chars().map(|c| matches!(c, '▄' | '█')).collect());
    }
    const SCALE: usize = 4;
    let mut picture = format!("P2\n{} {}\n255\n", pixels[0].len() * SCALE, pixels.len() * SCALE);
    for row in pixels.iter().flat_map(|row| std::iter::repeat_n(row, SCALE)) {
        for dark in row {
            write!(picture, "{} ", if *dark { "0 0 0 0" } else { "255 255 255 255" }).expect("text");
        }
        picture.push('\n');
    }
    let file = sandbox.write("screen.pgm", &picture);
    let scan = ["--nodbus", "--quiet", "--raw", &file.to_string_lossy()];
    let scanned = sandbox.program(zbarimg, &scan).shows(Shows::Seeds).run();
    let address = scanned.ok();
    assert!(address.starts_with("otpauth://totp/") && address.contains(&format!("secret={seed}")), "{address}");
}

#[test]
fn a_device_whose_seed_is_kept_is_enrolled_and_used_without_anybody() {
    let (aws, mut sandbox) = machine();
    sandbox.go_to_second(20);
    let ran = sandbox
        .keyfob(&["mfa", "enroll", "work", "--store", "--png", "code.png", "--show-secret"])
        .shows(Shows::Seeds)
        .run();
    let seed = aws.device(SERIAL).expect("made").seed();
    assert!(ran.ok().contains(&format!("\n{seed}\n")), "{}", ran.stdout);
    assert_eq!(ran.stderr.matches("both factors are now in the same key store").count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains(&format!("or remove it: `keyfob mfa remove work --serial {SERIAL}`")),
        "{}",
        ran.stderr
    );
    assert!(aws.device(SERIAL).expect("made").is_enabled());
    if let Some(zbarimg) = tools::require("zbarimg") {
        let scanned = sandbox.program(zbarimg, &["--nodbus", "--quiet", "--raw", "code.png"]).shows(Shows::Seeds).run();
        assert!(scanned.ok().contains(&seed));
    }
    let explained = sandbox.keyfob(&["explain", "work", "--json"]).run().json();
    assert_eq!(explained["mfa"]["code_from"], "the seed in the vault");
    // Both codes are spent, so this one waits for the next.
    sandbox.go_to_second(20);
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    assert_eq!(aws.count("GetSessionToken"), 1, "no spent code was sent");
    let listed = sandbox.keyfob(&["mfa", "list", "work", "--json"]).run().json();
    let devices = listed["devices"].as_array().expect("a list");
    assert_eq!(devices.len(), 1);
    assert_eq!((&devices[0]["serial"], &devices[0]["on_aws"]), (&SERIAL.into(), &true.into()));
    assert_eq!((&devices[0]["seed"]["backend"], &devices[0]["profiles"][0]), (&"vault".into(), &"work".into()));
}

#[test]
fn whoever_cannot_be_asked_is_told_before_anything_is_made() {
    let (aws, sandbox) = machine();
    let ran = sandbox.keyfob(&["mfa", "enroll", "work"]).run();
    assert!(ran.ends_with(3).contains("`keyfob mfa enroll work --store`"), "{}", ran.stderr);
    assert_eq!(aws.count("CreateVirtualMFADevice"), 0);
}

/// What happens to a call, and what the enrolment ends with: whether the device is enabled, or gone, or left.
#[test]
fn a_failure_after_each_call_leaves_nothing_or_names_what_it_leaves() {
    const DENIED: Fault = Fault::Refuse { status: 403, code: "AccessDenied", message: "not authorized" };
    const BROKEN: Fault = Fault::Refuse { status: 409, code: "EntityTemporarilyUnmodifiable", message: "wait" };
    enum After {
        Enabled,
        Gone,
        Left,
    }
    let cases = [
        ("CreateVirtualMFADevice", DENIED, None, After::Gone),
        ("CreateVirtualMFADevice", Fault::DropAnswer, None, After::Left),
        ("CreateVirtualMFADevice", Fault::FailAfterwards, None, After::Left),
        ("EnableMFADevice", BROKEN, None, After::Gone),
        ("EnableMFADevice", BROKEN, Some(Fault::DropAnswer), After::Gone),
        ("EnableMFADevice", BROKEN, Some(Fault::FailAfterwards), After::Gone),
        ("EnableMFADevice", BROKEN, Some(DENIED), After::Left),
        ("EnableMFADevice", Fault::DropAnswer, None, After::Enabled),
        ("EnableMFADevice", Fault::FailAfterwards, None, After::Enabled),
    ];
    for (action, fault, delete, after) in cases {
        let (aws, sandbox) = machine();
        let what = format!("{action}: {fault:?}, then {delete:?}");
        aws.fault(action, fault);
        if let Some(fault) = delete {
            aws.fault("DeleteVirtualMFADevice", fault);
        }
        let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work", "--yes"]).on_terminal();
        if action == "EnableMFADevice" {
            terminal.expect("first code from the app: ");
            let device = aws.device(SERIAL).expect("made");
            let [first, second] = device.codes_in_a_row();
            terminal.type_line(&first);
            terminal.expect("next code, once the app shows it: ");
            terminal.type_line(&second);
        }
        let (ran, shown) = terminal.finish();
        let enabled = aws.device(SERIAL).map(|device| device.is_enabled());
        let names_command = shown.contains(&format!("`keyfob mfa remove work --serial {SERIAL} --device`"));
        match after {
            After::Enabled => assert_eq!((ran.code, enabled), (Some(0), Some(true)), "{what}: {shown}"),
            After::Gone => assert!(ran.code != Some(0) && enabled.is_none(), "{what}: {shown}"),
            After::Left => {
                assert!(ran.code != Some(0) && enabled == Some(false) && names_command, "{what}: {shown}");
                // The command that is named does what it is named for.
                let command = ["mfa", "remove", "work", "--serial", SERIAL, "--device", "--yes"];
                sandbox.keyfob(&command).run().ends_with(0);
                assert!(aws.device(SERIAL).is_none(), "{what}");
            }
        }
        assert!(aws.count("EnableMFADevice") <= 1, "{what}: sent once");
    }
}

/// Leaves a half-made device behind.
fn killed_enrolment(aws: &LoopbackAws, sandbox: &Sandbox) {
    let mut first = sandbox.keyfob(&["mfa", "enroll", "work", "--store"]).start();
    while aws.device(SERIAL).is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    first.kill();
    assert!(first.finish().was_killed());
}

#[test]
fn ctrl_c_while_a_lost_answer_is_looked_for_deletes_the_device_again() {
    let (aws, sandbox) = machine();
    aws.fault("EnableMFADevice", Fault::InternalFailure);
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work", "--yes"]).on_terminal();
    terminal.expect("first code from the app: ");
    let [first, second] = aws.device(SERIAL).expect("made").codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("next code, once the app shows it: ");
    terminal.type_line(&second);
    terminal.expect("not listed yet, checking for ");
    terminal.press_ctrl('c');
    let (ran, seen) = terminal.finish();
    assert_ne!(ran.code, Some(0), "{seen}");
    assert!(seen.contains("interrupted") && aws.device(SERIAL).is_none(), "{seen}");
}

#[test]
fn a_device_half_made_by_a_killed_enrolment_is_named_by_the_next() {
    let (aws, sandbox) = machine();
    killed_enrolment(&aws, &sandbox);
    // Nobody is there, and `--yes` deletes nothing at AWS.
    for arguments in [&["mfa", "enroll", "work", "--store"][..], &["mfa", "enroll", "work", "--store", "--yes"]] {
        let ran = sandbox.keyfob(arguments).run();
        let said = ran.ends_with(1);
        assert!(said.contains(&format!("`keyfob mfa remove work --serial {SERIAL} --device`")), "{said}");
    }
    sandbox.keyfob(&["mfa", "remove", "work", "--serial", SERIAL, "--device", "--yes"]).run().ends_with(0);
    assert!(aws.device(SERIAL).is_none());
}

#[test]
fn a_device_half_made_by_a_killed_enrolment_is_made_anew_by_whoever_says_so() {
    let (aws, sandbox) = machine();
    killed_enrolment(&aws, &sandbox);
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work"]).on_terminal();
    terminal.expect("device name [ann]: ");
    terminal.type_line("");
    terminal.expect("left it behind? [y/N] ");
    terminal.type_line("y");
    terminal.expect("first code from the app: ");
    let device = aws.device(SERIAL).expect("made anew");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("next code, once the app shows it: ");
    terminal.type_line(&second);
    terminal.finish().0.ends_with(0);
    assert!(device.is_enabled());
}

#[test]
fn whoever_may_not_delete_a_device_half_made_is_told_to_choose_another_name() {
    let (aws, sandbox) = machine();
    killed_enrolment(&aws, &sandbox);
    aws.user("ann").denied("iam:DeleteVirtualMFADevice");
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work"]).on_terminal();
    terminal.expect("device name [ann]: ");
    terminal.type_line("");
    terminal.expect("left it behind? [y/N] ");
    terminal.type_line("y");
    terminal.expect("or choose another name for the new device: `keyfob mfa enroll work --name NAME`");
    terminal.finish().0.ends_with(4);
}

#[test]
fn a_name_that_another_users_device_has_costs_that_user_nothing() {
    let (aws, sandbox) = machine();
    let device = aws.user("bob").mfa("ann");
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work"]).on_terminal();
    terminal.expect("device name [ann]: ");
    terminal.type_line("");
    terminal.expect("left it behind? [y/N] ");
    terminal.type_line("y");
    terminal.expect("it is enabled for another user");
    terminal.expect("--name NAME");
    terminal.finish().0.ends_with(1);
    assert!(device.is_enabled());
}

#[test]
fn whoever_ends_the_enrolment_at_a_question_leaves_nothing_behind() {
    for store in [false, true] {
        let (aws, sandbox) = machine();
        let arguments: &[&str] = if store { &["--store", "--backend", "vault"] } else { &["--yes"] };
        let mut terminal = sandbox.keyfob(&[&["mfa", "enroll", "work"], arguments].concat()).on_terminal();
        if store {
            // Asked before anything is made.
            terminal.expect("device name [ann]: ");
        } else {
            terminal.expect("first code from the app: ");
            assert!(aws.device(SERIAL).is_some());
        }
        terminal.press_ctrl('c');
        let (ran, shown) = terminal.finish();
        assert_eq!(ran.signal, Some(2), "{shown}");
        assert!(aws.device(SERIAL).is_none(), "{shown}");
        assert_eq!(shown.contains("was deleted again"), !store, "{shown}");
        assert!(!sandbox.read(".aws/config").contains("mfa_serial"));
    }
}

#[test]
fn a_user_with_seven_devices_gets_an_eighth_and_no_ninth() {
    let (aws, sandbox) = machine();
    for name in ["ann", "ann-2", "ann-3", "ann-4", "ann-5", "ann-6", "tablet"] {
        aws.user("ann").mfa(name);
    }
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work", "--yes"]).on_terminal();
    terminal.expect("first code from the app: ");
    let device = aws.device(&format!("{SERIAL}-7")).expect("made under the first free name");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("next code, once the app shows it: ");
    terminal.type_line(&second);
    terminal.finish().0.ends_with(0);
    assert!(device.is_enabled());
    let ran = sandbox.keyfob(&["mfa", "enroll", "work", "--store"]).run();
    assert!(ran.ends_with(1).contains("8 MFA devices"), "{}", ran.stderr);
}
