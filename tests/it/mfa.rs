//! Devices: enrolled, added, listed, removed, by the real binary on a terminal, against an AWS that takes a code once.

use std::fmt::Write;
use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::{Fault, LoopbackAws};
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

const SERIAL: &str = "arn:aws:iam::111122223333:mfa/ann";

/// A machine with Ann's key, stored for `work`.
fn machine() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let key = aws.user("ann").access_key();
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes", "--region", "eu-west-1"]).stdin(&input).run().ok();
    aws.forget_requests();
    (aws, sandbox)
}

/// As [`machine`], with a device that AWS has and the profile names.
fn machine_with_device() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let (key, device) = (aws.user("ann").access_key(), aws.user("ann").mfa("ann"));
    let input = format!("{}\n{}\n", key.id, key.secret);
    let add = ["add", "work", "--stdin", "--yes", "--region", "eu-west-1", "--mfa-serial", &device.serial()];
    sandbox.keyfob(&add).stdin(&input).run().ok();
    (aws, sandbox)
}

#[test]
fn a_device_is_enrolled_with_two_codes_from_an_app_that_scanned_the_screen() {
    let (aws, sandbox) = machine();
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work"]).on_terminal();
    terminal.expect("name of the device [ann]: ");
    terminal.type_line("");
    terminal.expect("first code the app shows: ");
    let device = aws.device(SERIAL).expect("made");
    assert!(!device.is_enabled());
    terminal.type_line(&device.wrong_code());
    terminal.expect("that is no code of this device");
    terminal.expect("first code the app shows: ");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("the code after it, once the app shows it: ");
    terminal.type_line(&first);
    terminal.expect("that is the first code again");
    terminal.expect("the code after it, once the app shows it: ");
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
        row.iter()
            .for_each(|dark| write!(picture, "{} ", if *dark { "0 0 0 0" } else { "255 255 255 255" }).expect("text"));
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
        ("EnableMFADevice", BROKEN, None, After::Gone),
        ("EnableMFADevice", BROKEN, Some(Fault::DropAnswer), After::Gone),
        ("EnableMFADevice", BROKEN, Some(DENIED), After::Left),
        ("EnableMFADevice", Fault::DropAnswer, None, After::Enabled),
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
            terminal.expect("first code the app shows: ");
            let device = aws.device(SERIAL).expect("made");
            let [first, second] = device.codes_in_a_row();
            terminal.type_line(&first);
            terminal.expect("the code after it, once the app shows it: ");
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
    first.finish();
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
    terminal.expect("name of the device [ann]: ");
    terminal.type_line("");
    terminal.expect("delete it and make it anew? [y/N] ");
    terminal.type_line("y");
    terminal.expect("first code the app shows: ");
    let device = aws.device(SERIAL).expect("made anew");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("the code after it, once the app shows it: ");
    terminal.type_line(&second);
    terminal.finish().0.ends_with(0);
    assert!(device.is_enabled());
}

#[test]
fn a_name_that_another_users_device_has_costs_that_user_nothing() {
    let (aws, sandbox) = machine();
    let device = aws.user("bob").mfa("ann");
    let mut terminal = sandbox.keyfob(&["mfa", "enroll", "work"]).on_terminal();
    terminal.expect("name of the device [ann]: ");
    terminal.type_line("");
    terminal.expect("delete it and make it anew? [y/N] ");
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
            terminal.expect("name of the device [ann]: ");
        } else {
            terminal.expect("first code the app shows: ");
            assert!(aws.device(SERIAL).is_some());
        }
        terminal.press_ctrl('c');
        let (ran, shown) = terminal.finish();
        ran.ends_with(1);
        assert!(aws.device(SERIAL).is_none(), "{shown}");
        assert_eq!(shown.contains("nothing is left behind"), !store, "{shown}");
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
    terminal.expect("first code the app shows: ");
    let device = aws.device(&format!("{SERIAL}-7")).expect("made under the first free name");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("the code after it, once the app shows it: ");
    terminal.type_line(&second);
    terminal.finish().0.ends_with(0);
    assert!(device.is_enabled());
    let ran = sandbox.keyfob(&["mfa", "enroll", "work", "--store"]).run();
    assert!(ran.ends_with(1).contains("8 MFA devices"), "{}", ran.stderr);
}

#[test]
fn a_seed_is_added_typed_and_a_code_of_another_device_is_noticed() {
    let (aws, sandbox) = machine_with_device();
    let device = aws.device(SERIAL).expect("there");
    let enter = |seed: &str, code: &str| {
        let mut terminal = sandbox.keyfob(&["mfa", "add", "work"]).on_terminal();
        terminal.expect("base32 key or otpauth:// address (not shown): ");
        terminal.type_line(seed);
        terminal.expect(&format!("current code of `{SERIAL}`, from the app: "));
        terminal.type_line(code);
        terminal
    };
    let other = aws.user("bob").mfa("bob").seed();
    let mut terminal = enter(&other, &device.code_at(0));
    for _ in 0..2 {
        terminal.expect("that is no code of this seed");
        terminal.expect("from the app: ");
        terminal.type_line(&device.code_at(0));
    }
    terminal.expect(&format!("the seed is not that of `{SERIAL}`"));
    terminal.finish().0.ends_with(1);

    let spaced: String = device
        .seed()
        .to_lowercase()
        .as_bytes()
        .chunks(4)
        .map(|part| format!("{} ", String::from_utf8_lossy(part)))
        .collect();
    let mut terminal = enter(&spaced, &device.code_at(0));
    terminal.expect("the second factor now rests beside the first");
    terminal.finish().0.ends_with(0);
    // The code that was typed is not sent: the next one is waited for.
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    assert_eq!(aws.count("GetSessionToken"), 1);

    let ran = sandbox.keyfob(&["mfa", "add", "work", "--stdin", "--no-verify"]).stdin(&other).run();
    assert!(ran.ends_with(1).contains("`keyfob mfa add work --replace`"), "{}", ran.stderr);
}

#[test]
fn a_seed_is_read_from_a_picture_that_another_program_drew() {
    let (Some(qrencode), Some(cjpeg)) = (tools::require("qrencode"), tools::require("cjpeg")) else { return };
    let (aws, sandbox) = machine_with_device();
    let seed = aws.device(SERIAL).expect("there").seed();
    let address = format!("otpauth://totp/ann@111122223333?secret={seed}");
    ["phone.png", "phone.pgm", "phone.jpg"].map(|file| sandbox.may_hold_secrets(file));
    sandbox.program(&qrencode, &["-o", "phone.png", "-s", "5", &address]).shows(Shows::Seeds).run().ok();
    photograph(&sandbox);
    sandbox.program(&cjpeg, &["-quality", "80", "-outfile", "phone.jpg", "phone.pgm"]).run().ok();
    for picture in ["phone.png", "phone.jpg"] {
        let ran = sandbox.keyfob(&["mfa", "add", "work", "--qr", picture, "--no-verify"]).run();
        assert!(ran.ends_with(0).contains(&format!("delete {picture}")), "{}", ran.stderr);
        sandbox.keyfob(&["mfa", "remove", "work", "--yes"]).run().ends_with(0);
    }
    sandbox.write("none.png", "no picture");
    let ran = sandbox.keyfob(&["mfa", "add", "work", "--qr", "none.png", "--no-verify"]).run();
    assert!(ran.ends_with(1).starts_with("keyfob: none.png: it is neither a PNG nor a JPEG picture"), "{}", ran.stderr);
}

/// Takes `phone.png` as a camera would, into `phone.pgm`: held askew, in a light that falls off to one side.
fn photograph(sandbox: &Sandbox) {
    let file = std::fs::File::open(sandbox.path("phone.png")).expect("qrencode has drawn it");
    let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let frame = reader.next_frame(&mut pixels).expect("a whole picture");
    let (width, height) = (f64::from(frame.width), f64::from(frame.height));
    let (sine, cosine) = 0.07_f64.sin_cos();
    let shade = |x: f64, y: f64| {
        let (x, y) = (x - width / 2.0, y - height / 2.0);
        let (u, v) = (cosine * x - sine * y + width / 2.0, sine * x + cosine * y + height / 2.0);
        let inside = (0.0..width).contains(&u) && (0.0..height).contains(&v);
        let sample =
            if inside { pixels[(v as usize * width as usize + u as usize) * frame.color_type.samples()] } else { 255 };
        ((30.0 + f64::from(sample) * 0.8) * (0.7 + 0.3 * (x / width + 0.5))) as u8
    };
    let mut picture = format!("P2\n{width} {height}\n255\n");
    for y in 0..frame.height {
        (0..frame.width).for_each(|x| write!(picture, "{} ", shade(f64::from(x), f64::from(y))).expect("text"));
        picture.push('\n');
    }
    sandbox.write("phone.pgm", &picture);
}

#[test]
fn what_aws_does_not_use_is_refused_with_the_reason() {
    let (aws, sandbox) = machine_with_device();
    let seed = aws.device(SERIAL).expect("there").seed();
    for (input, reason) in [
        (format!("otpauth://totp/ann?secret={seed}&algorithm=SHA256"), "algorithm SHA256, and AWS's devices use SHA1"),
        (format!("otpauth://totp/ann?secret={seed}&digits=8"), "digits 8, and AWS's devices use 6"),
        (format!("{seed}1"), "the seed is not base32"),
        (String::new(), "there is no seed"),
    ] {
        let ran = sandbox.keyfob(&["mfa", "add", "work", "--stdin", "--no-verify"]).stdin(&input).run();
        assert!(ran.ends_with(1).starts_with("keyfob: stdin: ") && ran.stderr.contains(reason), "{}", ran.stderr);
    }
}

#[test]
fn a_device_is_removed_with_its_seed_after_a_question_that_names_the_danger() {
    let (aws, sandbox) = machine_with_device();
    let seed = aws.device(SERIAL).expect("there").seed();
    sandbox.keyfob(&["mfa", "add", "work", "--stdin", "--no-verify"]).stdin(&seed).run().ok();
    let ran = sandbox.keyfob(&["mfa", "remove", "work"]).run();
    assert!(ran.ends_with(3).contains("`keyfob mfa remove work --yes`"), "{}", ran.stderr);

    let mut terminal = sandbox.keyfob(&["mfa", "remove", "work"]).on_terminal();
    terminal.expect("unless an app has it too, nobody can make this device's codes any more");
    terminal.expect("[y/N] ");
    terminal.type_line("n");
    terminal.finish().0.ends_with(1);

    let mut terminal = sandbox.keyfob(&["mfa", "remove", "work", "--device"]).on_terminal();
    terminal.expect("whatever wants MFA is out of reach until another device is enrolled");
    terminal.expect("[y/N] ");
    terminal.type_line("y");
    terminal.expect("`work` still names the device; take that line out? [Y/n] ");
    terminal.type_line("");
    terminal.expect("took `mfa_serial` of `work` out");
    terminal.finish().0.ends_with(0);
    assert!(aws.device(SERIAL).is_none());
    assert!(!sandbox.read(".aws/config").contains(SERIAL) && !sandbox.read("keyfob/data/index.json").contains(SERIAL));
    let listed = sandbox.keyfob(&["mfa", "list", "work", "--json"]).run().json();
    assert_eq!(listed["devices"], serde_json::json!([]));
}

#[test]
fn every_line_that_names_a_removed_device_is_taken_out_or_named() {
    let (aws, sandbox) = machine_with_device();
    let other = "arn:aws:iam::111122223333:mfa/other";
    let config = sandbox.read(".aws/config");
    let more = format!(
        "[profile dev] # Ann's\nkeyfob_mfa_serial = {SERIAL}\nregion = eu-west-1\n[profile x]\nmfa_serial = {other}\n"
    );
    sandbox.write(".aws/config", &format!("{config}{more}"));
    let mut terminal = sandbox.keyfob(&["mfa", "remove", "work", "--device"]).on_terminal();
    terminal.expect("[y/N] ");
    terminal.type_line("y");
    terminal.expect("and so do 1 more lines; take them out? [Y/n] ");
    terminal.type_line("n");
    terminal.expect("`dev` still names the device; take that line out");
    terminal.finish().0.ends_with(0);
    assert_eq!(sandbox.read(".aws/config"), format!("{config}{more}"));
    // Once more, of a device that is gone.
    sandbox.keyfob(&["mfa", "remove", "work", "--device", "--yes"]).run().ends_with(0);
    assert!(aws.device(SERIAL).is_none());
    let left = config.replace(&format!("mfa_serial = {SERIAL}\n"), "");
    let rest = format!("[profile dev] # Ann's\nregion = eu-west-1\n[profile x]\nmfa_serial = {other}\n");
    assert_eq!(sandbox.read(".aws/config"), format!("{left}{rest}"));
}

#[test]
fn a_profile_that_names_no_device_gets_the_one_whose_seed_is_kept() {
    let (aws, sandbox) = machine();
    let (device, seed) = (aws.user("ann").mfa("ann"), aws.user("ann").mfa("ann").seed());
    let add = ["mfa", "add", "work", "--stdin", "--no-verify"];
    let ran = sandbox.keyfob(&add).stdin(&seed).run();
    let command = format!("`keyfob profile set work mfa_serial {SERIAL}`");
    assert!(ran.ends_with(0).contains(&command), "nobody can be asked: {}", ran.stderr);
    assert!(!sandbox.read(".aws/config").contains("mfa_serial"));
    let mut terminal = sandbox.keyfob(&["mfa", "add", "work"]).on_terminal();
    terminal.expect("(not shown): ");
    terminal.type_line(&seed);
    terminal.expect("from the app: ");
    terminal.type_line(&device.code_at(0));
    terminal.expect(&format!("have `work` use `{SERIAL}`? [Y/n] "));
    terminal.type_line("");
    terminal.finish().0.ends_with(0);
    let config = sandbox.read(".aws/config");
    assert!(config.contains(&format!("mfa_serial = {SERIAL}\n")), "{config}");
    // It is asked once. For a profile over another the one with the key is written.
    sandbox.keyfob(&add).stdin(&seed).run().ends_with(0);
    let config = config.replace(&format!("mfa_serial = {SERIAL}\n"), "");
    let role = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/dev\nsource_profile = work\n";
    sandbox.write(".aws/config", &format!("{config}{role}"));
    let over = ["mfa", "add", "dev", "--stdin", "--no-verify", "--yes"];
    sandbox.keyfob(&over).stdin(&seed).run().ends_with(0);
    let explained = sandbox.keyfob(&["explain", "work", "--json"]).run().json();
    assert_eq!(explained["mfa"]["serial"], SERIAL);
}

#[test]
fn where_iam_wants_mfa_the_calls_are_signed_with_a_session_that_has_it() {
    let (aws, sandbox) = machine_with_device();
    let device = aws.device(SERIAL).expect("there");
    sandbox.keyfob(&["mfa", "add", "work", "--stdin", "--no-verify"]).stdin(&device.seed()).run().ok();
    aws.user("ann").needs_mfa_for_iam();
    sandbox.keyfob(&["mfa", "remove", "work", "--device", "--yes"]).run().ends_with(0);
    assert!(aws.device(SERIAL).is_none());
    assert_eq!(aws.count("GetSessionToken"), 1);
}

#[test]
fn a_seed_on_the_command_line_is_refused_and_not_repeated() {
    let (aws, sandbox) = machine_with_device();
    let seed = aws.device(SERIAL).expect("there").seed();
    // The sandbox searches what was said for the seed.
    for argument in [seed.clone(), format!("otpauth://totp/ann?secret={seed}"), format!("--stdin={seed}")] {
        let ran = sandbox.keyfob(&["mfa", "add", "work", &argument]).run();
        assert!(ran.ends_with(2).contains("looks like the seed of an MFA device"), "{}", ran.stderr);
    }
}

#[test]
fn a_profile_over_another_is_sent_to_the_one_with_the_key() {
    let (_aws, sandbox) = machine();
    let config = sandbox.read(".aws/config");
    let role = "[profile dev]\nrole_arn = arn:aws:iam::111122223333:role/dev\nsource_profile = work\n";
    sandbox.write(".aws/config", &format!("{config}\n{role}"));
    let ran = sandbox.keyfob(&["mfa", "enroll", "dev", "--store"]).run();
    assert!(ran.ends_with(2).contains("`keyfob mfa enroll work`"), "{}", ran.stderr);
}
