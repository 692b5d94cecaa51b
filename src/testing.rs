//! For tests: what cannot be tried here is said aloud, and in CI it is a failure.

use std::io::Write;
use std::time::Duration;

use crate::error::Error;
use crate::format::shell::Shell;
use crate::hint::Hint;
use crate::human::{AskError, Human, Talk};
use crate::secret::Secret;
use crate::sys::env::Environment;

/// Says past the test harness that a test is skipped, and why.
///
/// # Panics
/// With `CI=true`: there a check that was not made must not pass for one that was.
pub(crate) fn skipped(why: &str) {
    assert!(Environment::of_process().get("CI") != Some("true"), "skipped in CI: {why}");
    // A closed stderr fails no test.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

impl Error {
    /// The error as a POSIX shell's user sees it.
    pub(crate) fn shown(&self) -> String {
        self.render(|| Shell::Sh)
    }

    pub(crate) fn cause_texts(&self) -> Vec<String> {
        self.causes().map(ToString::to_string).collect()
    }

    pub(crate) fn hint_texts(&self) -> Vec<String> {
        self.hints().iter().map(Hint::shown).collect()
    }
}

impl Hint {
    /// The hint as a POSIX shell's user sees it.
    pub(crate) fn shown(&self) -> String {
        self.text(|| Shell::Sh)
    }
}

/// A person who is not there.
#[derive(Debug)]
pub(crate) struct Nobody;

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

/// Says nothing to anybody.
#[derive(Debug)]
pub(crate) struct Silence;

impl Talk for Silence {
    fn warn(&self, _: &str) {}
    fn hint(&self, _: Hint) {}
    fn say(&self, _: &str) {}
    fn explain(&self, _: &str) {}
}
