//! For tests: what cannot be tried here is said aloud, and in CI it is a failure.

use std::io::Write;

use crate::error::Error;
use crate::format::shell::Shell;
use crate::hint::Hint;
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
