//! For tests: what cannot be tried here is said aloud, and in CI it is a failure.

use std::io::Write;

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
