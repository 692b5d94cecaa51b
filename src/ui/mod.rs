//! What people see: questions on the terminal, talk on stderr, data on stdout. Nothing else prints.
//!
//! May use `sys` and the ports in `human`.

pub mod out;
pub mod person;
mod picker;
pub mod talk;

use crate::mask;

/// Replaces control characters but line ends and tabs, so that no text from AWS or a file can steer the terminal.
fn harmless(text: &str) -> String {
    let mut letters = text.chars().peekable();
    let mut harmless = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        let is_line_end = letter == '\r' && letters.peek() == Some(&'\n');
        let may_stay = !letter.is_control() || matches!(letter, '\n' | '\t') || is_line_end;
        harmless.push(if may_stay { letter } else { '\u{fffd}' });
    }
    harmless
}

/// Text that may be shown: without secrets, and [`harmless`].
// Security: whatever a message repeats of a file, of AWS or of another program goes through here.
fn shown(text: &str) -> String {
    harmless(&mask::text(text))
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_are_replaced_and_line_ends_of_either_kind_stay() {
        for (text, expected) in [
            ("a\tb\r\nc\n", "a\tb\r\nc\n"),
            ("\x1b[2J\x07\x7f\u{9b}31m", "\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m"),
            ("hidden\rshown", "hidden\u{fffd}shown"),
        ] {
            assert_eq!(super::harmless(text), expected, "{text:?}");
        }
    }
}
