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

/// A line over the one that is there, in fewer columns than the terminal has, or it would leave each one standing. Blanks and not
/// an escape code: every terminal knows them.
fn in_place(text: &str, columns: Option<usize>) -> String {
    let width = columns.map_or(79, |columns| columns.saturating_sub(1).min(79));
    let line: String = text.chars().take(width).collect();
    if line.is_empty() { format!("\r{:width$}\r", "") } else { format!("\r{line:width$}") }
}
