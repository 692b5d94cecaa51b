//! The picture in the README: what a run shows today, with a code that can be scanned.

#![allow(clippy::disallowed_methods, reason = "tests lay out files to be read")]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::support::tools;

#[test]
fn the_picture_of_an_enrolment_is_that_of_a_run_and_its_code_is_scanned() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/enrolment.svg");
    let picture = std::fs::read_to_string(path).expect("the picture is committed");
    if let Some(example) = tools::require_example("enrolment") {
        let output = Command::new(&example).env_clear().env("PATH", "/usr/bin:/bin").output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let today = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(today == picture, "draw it anew: cargo run --example enrolment > docs/enrolment.svg");
    }
    let Some(zbarimg) = tools::require("zbarimg") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("picture.pgm");
    keyfob::sys::files::replace(&file, painted(&picture).as_bytes()).expect("written");
    let output = Command::new(zbarimg).args(["--nodbus", "--quiet", "--raw"]).arg(file).output().expect("it starts");
    let address = String::from_utf8_lossy(&output.stdout);
    assert!(address.starts_with("otpauth://totp/") && address.contains("secret=FAKESEED"), "{address:?}");
}

/// The rectangles of the picture, painted one over the other, as a PGM.
fn painted(picture: &str) -> String {
    let number = |element: &str, name: &str| -> usize {
        let value = element.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        value.expect("it has all of them").parse().expect("a whole number")
    };
    let (width, height) = (number(picture, " width"), number(picture, " height"));
    let mut pixels = vec![vec![128; width]; height];
    for element in picture.lines().filter(|line| line.starts_with("<rect ")) {
        let shade = match element.split("fill=\"").nth(1).map(|rest| &rest[..7]) {
            Some("#000000") => 0,
            Some("#ffffff") => 255,
            Some(_) | None => 40,
        };
        let [x, y, across, down] = [" x", " y", " width", " height"].map(|name| number(element, name));
        for row in &mut pixels[y..y + down] {
            row[x..x + across].fill(shade);
        }
    }
    let mut text = format!("P2\n{width} {height}\n255\n");
    for row in pixels {
        for shade in &row {
            write!(text, "{shade} ").expect("text");
        }
        text.push('\n');
    }
    text
}
