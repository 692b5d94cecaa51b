//! Draws `docs/enrolment.svg`, the picture in the README, from a run: `cargo run --example enrolment > docs/enrolment.svg`.
//!
//! A device is enrolled on a pseudo-terminal against the loopback AWS of the tests, and what the terminal was sent is drawn.
//! The seed is fake and says so; a test compares the picture with what is drawn today, and has it scanned.
//! Linked into a home folder under the name of `keyfob`, this program is keyfob, so nothing else has to be built.

use std::process::ExitCode;

#[cfg(unix)]
#[path = "../tests/support/mod.rs"]
mod support;

#[cfg(unix)]
fn main() -> ExitCode {
    enrolment::main()
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    // Nothing to show: it types at a terminal as Unix has it.
    ExitCode::FAILURE
}

#[cfg(unix)]
mod enrolment {
    use std::ffi::OsString;
    use std::io::{self, Write};
    use std::path::Path;
    use std::process::ExitCode;
    use std::sync::Arc;

    use keyfob::sys::env::Environment;

    use crate::support::aws::LoopbackAws;
    use crate::support::leaks::Shows;
    use crate::support::sandbox::Sandbox;
    use crate::support::screen::Screen;

    const COMMAND: [&str; 3] = ["mfa", "enroll", "work"];

    pub fn main() -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        if arguments.first().is_some_and(|program| Path::new(program).file_name() == Some("keyfob".as_ref())) {
            return ExitCode::from(keyfob::cli::run(arguments, Environment::of_process()));
        }
        let program = std::env::current_exe().expect("a running program has a path");
        let line = format!("keyfob {}", COMMAND.join(" "));
        let picture = Screen::showing(&format!("$ {line}\n{}", enrolled(&program).trim_end())).svg(&line);
        match io::stdout().write_all(picture.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        }
    }

    /// What the terminal shows while Ann enrols a device.
    fn enrolled(program: &Path) -> String {
        let aws = Arc::new(LoopbackAws::start());
        let key = aws.user("ann").access_key();
        let sandbox = Sandbox::with_vault(program, &aws);
        let input = format!("{}\n{}\n", key.id, key.secret);
        sandbox.keyfob(&["add", "work", "--stdin", "--yes", "--region", "eu-central-1"]).stdin(&input).run().ok();
        let mut terminal = sandbox.keyfob(&COMMAND).shows(Shows::Seeds).on_terminal();
        terminal.expect("device name [ann]: ");
        terminal.type_line("ann-phone");
        terminal.expect("first code from the app: ");
        let device = aws.device("arn:aws:iam::111122223333:mfa/ann-phone").expect("it is made by now");
        let [first, second] = device.codes_in_a_row();
        terminal.type_line(&first);
        terminal.expect("next code, once the app shows it: ");
        terminal.type_line(&second);
        let (ran, shown) = terminal.finish();
        assert_eq!(ran.code, Some(0), "the enrolment failed: {shown}");
        // The terminal takes every byte for a character.
        let bytes: Vec<u8> = shown.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let shown = String::from_utf8(bytes).expect("keyfob writes UTF-8");
        shown.replace(&sandbox.home().display().to_string(), "~")
    }
}
