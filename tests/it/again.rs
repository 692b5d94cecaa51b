//! Runs one test of this binary once more, in a process and an environment of its own.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use keyfob::human::{AskError, Human, Talk};
use keyfob::secret::Secret;
use keyfob::sys::env::Environment;

use crate::support::tools;

const CASE: &str = "KEYFOB_TEST_CASE";

/// What the test is to do this time; `None` in the first process.
pub fn case() -> Option<String> {
    Environment::of_process().get(CASE).map(str::to_owned)
}

/// The command that runs `test` again as `case`: this binary, with nothing but `PATH`, `HOME` and an own
/// `XDG_RUNTIME_DIR` under `folder` in its environment.
pub fn command(test: &str, case: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test's own path"));
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    clear(&mut command, case, folder);
    command
}

/// The same with `program` in front, which gets the test's command as its last arguments.
pub fn command_under(program: &[&str], test: &str, case: &str, folder: &Path) -> Command {
    let inner = command(test, case, folder);
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg(inner.get_program()).args(inner.get_args());
    clear(&mut command, case, folder);
    command
}

fn clear(command: &mut Command, case: &str, folder: &Path) {
    let path = Environment::of_process().get_os("PATH").map(OsString::from).expect("PATH is set");
    let runtime = folder.join("runtime");
    keyfob::sys::files::private_dir(&runtime).expect("made");
    command.env_clear().env("PATH", path).env("HOME", folder).env("XDG_RUNTIME_DIR", runtime).env(CASE, case);
}

/// Fails with all the process has said, unless it succeeded.
#[cfg(target_os = "linux")]
pub fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

/// Fails with all the process has said, unless the one test it was started for has run and passed.
pub fn passed(output: &Output) {
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && stdout.contains(" 1 passed;"), "{}", said(output));
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// Whether all of `programs` are installed; a missing one is told as [`tools::require`] does.
pub fn installed(programs: &[&str]) -> bool {
    programs.iter().all(|program| tools::require(program).is_some())
}

/// Neither answers nor speaks.
pub struct Nobody;

impl Human for Nobody {
    fn ask_secret(&self, _: &str, _: Option<Duration>) -> Result<Secret, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }
    fn ask(&self, _: &str, _: Option<Duration>) -> Result<String, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }
    fn confirm(&self, _: &str) -> Result<bool, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }
    fn is_there(&self) -> bool {
        false
    }
    fn progress(&self, _: &str) {}
}

impl Talk for Nobody {
    fn warn(&self, _: &str) {}
    fn hint(&self, _: keyfob::hint::Hint) {}
    fn say(&self, _: &str) {}
    fn explain(&self, _: &str) {}
}

/// Opens the key stores of this process's environment, with nobody to ask.
pub fn with_stores(test: impl FnOnce(&keyfob::keystore::open::Stores<'_>)) {
    let environment = Environment::of_process();
    let paths = keyfob::sys::paths::Paths::new(&environment).expect("HOME is set");
    let settings = keyfob::settings::Settings::new(None, &paths.settings, &environment).expect("valid");
    test(&keyfob::keystore::open::Stores::new(keyfob::keystore::open::StoreContext {
        settings: &settings,
        paths: &paths,
        environment: &environment,
        human: &Nobody,
        talk: &Nobody,
        prompt_limit: Some(Duration::from_mins(2)),
    }));
}
