//! Seeds and devices: added, listed, removed, by the real binary on a terminal, against an AWS that takes a code once.

use std::fmt::Write;
use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::Scene;
use crate::support::aws::{Fault, LoopbackAws};
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

pub const SERIAL: &str = "arn:aws:iam::111122223333:mfa/ann";

/// A machine with Ann's key, stored for `work`.
pub fn machine() -> (Arc<LoopbackAws>, Sandbox) {
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
fn a_seed_is_added_typed_and_a_code_of_another_device_is_noticed() {
    let (aws, sandbox) = machine_with_device();
    let device = aws.device(SERIAL).expect("there");
    let enter = |seed: &str, code: &str| {
        let mut terminal = sandbox.keyfob(&["mfa", "add", "work"]).on_terminal();
        terminal.expect("base32 key or otpauth:// URI (hidden): ");
        terminal.type_line(seed);
        terminal.expect(&format!("current code of `{SERIAL}` in the app: "));
        terminal.type_line(code);
        terminal
    };
    let other = aws.user("bob").mfa("bob").seed();
    let mut terminal = enter(&other, &device.code_at(0));
    for _ in 0..2 {
        terminal.expect("that code does not match the seed");
        terminal.expect("in the app: ");
        terminal.type_line(&device.code_at(0));
    }
    terminal.expect(&format!("the seed does not belong to `{SERIAL}`"));
    terminal.finish().0.ends_with(1);

    let spaced: String = device
        .seed()
        .to_lowercase()
        .as_bytes()
        .chunks(4)
        .map(|part| format!("{} ", String::from_utf8_lossy(part)))
        .collect();
    let mut terminal = enter(&spaced, &device.code_at(0));
    terminal.expect("both factors are now in the same key store");
    terminal.finish().0.ends_with(0);
    // The code that was typed is not sent: the next one is waited for.
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    assert_eq!(aws.count("GetSessionToken"), 1);

    let ran = sandbox.keyfob(&["mfa", "add", "work", "--stdin", "--no-verify"]).stdin(&other).run();
    assert!(ran.ends_with(1).contains("`keyfob mfa add work --stdin --no-verify --replace`"), "{}", ran.stderr);
}

#[test]
fn a_seed_is_read_from_a_picture_that_another_program_drew() {
    let (Some(qrencode), Some(cjpeg)) = (tools::require("qrencode"), tools::require("cjpeg")) else { return };
    let (aws, sandbox) = machine_with_device();
    let seed = aws.device(SERIAL).expect("there").seed();
    let address = format!("otpauth://totp/ann@111122223333?secret={seed}");
    for file in ["phone.png", "phone.pgm", "phone.jpg"] {
        sandbox.may_hold_secrets(file);
    }
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
    assert!(ran.ends_with(1).starts_with("keyfob: none.png: it is neither a PNG nor a JPEG file"), "{}", ran.stderr);
}

/// Takes `phone.png` as a camera would, into `phone.pgm`: held askew, in a light that falls off to one side.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a small picture")]
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
        (format!("otpauth://totp/ann?secret={seed}&algorithm=SHA256"), "algorithm SHA256, but AWS's devices use SHA1"),
        (format!("otpauth://totp/ann?secret={seed}&digits=8"), "digits 8, but AWS's devices use 6"),
        (format!("{seed}1"), "it is not base32"),
        (String::new(), "it is empty"),
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
    terminal.expect("unless an app has it too, nobody can generate this device's codes any more");
    terminal.expect("[y/N] ");
    terminal.type_line("n");
    terminal.finish().0.ends_with(1);

    let mut terminal = sandbox.keyfob(&["mfa", "remove", "work", "--device"]).on_terminal();
    terminal.expect("cannot use anything that requires MFA until another device is enrolled");
    terminal.expect("[y/N] ");
    terminal.type_line("y");
    terminal.expect("`work` still names the device; remove that line? [Y/n] ");
    terminal.type_line("");
    terminal.expect("removed `mfa_serial` of `work`");
    terminal.finish().0.ends_with(0);
    assert!(aws.device(SERIAL).is_none());
    assert!(!sandbox.read(".aws/config").contains(SERIAL) && !sandbox.read("keyfob/data/index.json").contains(SERIAL));
    let listed = sandbox.keyfob(&["mfa", "list", "work", "--json"]).run().json();
    assert_eq!(listed["devices"], serde_json::json!([]));
}

#[test]
fn a_device_that_aws_removes_and_says_it_failed_to_is_removed() {
    let (aws, sandbox) = machine_with_device();
    aws.fault("DeactivateMFADevice", Fault::FailAfterwards);
    aws.fault("DeleteVirtualMFADevice", Fault::FailAfterwards);
    sandbox.keyfob(&["mfa", "remove", "work", "--device", "--yes"]).run().ends_with(0);
    assert!(aws.device(SERIAL).is_none());
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
    terminal.expect("(`dev`) still name the device; remove those lines? [Y/n] ");
    terminal.type_line("n");
    terminal.expect("`dev` still names the device; remove that line");
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
    terminal.expect("(hidden): ");
    terminal.type_line(&seed);
    terminal.expect("in the app: ");
    terminal.type_line(&device.code_at(0));
    terminal.expect(&format!("use `{SERIAL}` in `work`? [Y/n] "));
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
fn a_session_that_aws_drops_between_two_calls_is_made_again() {
    let scene = Scene::new();
    let old = scene.ann.mfa("old");
    scene.warm();
    scene.ann.needs_mfa_for_iam();
    let expired = Fault::Refuse { status: 403, code: "ExpiredToken", message: "The security token is expired" };
    scene.aws.fault("DeleteVirtualMFADevice", expired);
    let serial = old.serial();
    let remove = ["mfa", "remove", "work", "--serial", &serial, "--device", "--yes"];
    scene.sandbox.keyfob(&remove).env("KEYFOB_MFA_CODE", scene.phone.code()).run().ends_with(0);
    assert!(scene.aws.device(&serial).is_none());
    assert_eq!((scene.aws.count("GetSessionToken"), scene.aws.count("DeactivateMFADevice")), (1, 2));
}

#[test]
fn a_seed_on_the_command_line_is_refused_and_not_repeated() {
    let (aws, sandbox) = machine_with_device();
    let seed = aws.device(SERIAL).expect("there").seed();
    // The sandbox searches what was said for the seed.
    for argument in [seed.clone(), format!("otpauth://totp/ann?secret={seed}"), format!("--stdin={seed}")] {
        let ran = sandbox.keyfob(&["mfa", "add", "work", &argument]).run();
        assert!(ran.ends_with(2).contains("looks like an MFA device's seed"), "{}", ran.stderr);
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
