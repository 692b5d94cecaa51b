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
    /// The first word is shown, and nothing after it: a secret may be pasted along with it.
    FirstWord,
    /// Nothing is shown, not even a dot: its length is part of a secret.
    Off,
}

/// Whether a character ends a word: what stands between the two parts of a pair, or around one, in files and messages.
fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, ',' | ';' | ':' | '=' | '"' | '\'')
}

/// How often the first of a pair is asked for.
const TRIES: usize = 3;

/// The first word of a line, and the second if there is one.
#[cfg(unix)]
fn pair(line: &str) -> (&str, Option<&str>) {
    let line = line.trim_start_matches(ends_word);
    let (first, rest) = line.split_at(line.find(ends_word).unwrap_or(line.len()));
    let second = rest.trim_start_matches(ends_word).split(|letter: char| ends_word(letter) && letter != '=').next();
    (first, second.filter(|second| !second.is_empty()))
}

/// Blanks and not an escape code: every terminal knows them, and none is 79 columns or less.
fn in_place(text: &str) -> String {
    let line: String = text.chars().take(79).collect();
    if line.is_empty() { format!("\r{:79}\r", "") } else { format!("\r{line:79}") }
}
