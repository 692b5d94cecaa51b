//! The controlling terminal, as a person meets it: questions with and without echo, within a time limit.
//!
//! Opened by its own name, never through stdin or stdout: those belong to the SDK that runs `credential-process`.

use std::time::Duration;

use crate::human::AskError;
use crate::secret::Secret;

#[cfg(unix)]
mod line;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use self::unix::Terminal;
#[cfg(windows)]
pub use self::windows::Terminal;

/// Whether what is typed is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Echo {
    On,
    /// Nothing is shown, not even a dot: its length is part of a secret.
    Off,
}

/// Blanks and not an escape code: every terminal knows them, and none is 79 columns or less.
fn in_place(text: &str) -> String {
    let line: String = text.chars().take(79).collect();
    if line.is_empty() { format!("\r{:79}\r", "") } else { format!("\r{line:79}") }
}
