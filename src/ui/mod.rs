//! What people see: questions on the terminal, talk on stderr, data on stdout. Nothing else prints.
//!
//! May use `sys` and the ports in `human`.

pub mod out;
pub mod person;
mod picker;
pub mod segment;
pub mod talk;

use crate::format::shell::Shell;
use crate::hint::Hint;
use crate::mask::{self, MASK};

/// Whether a character is not seen, or changes the order in which those around it are: a text with it can be read as another.
/// Unicode's bidirectional and zero-width formatting, its line separators, and its tags (UTR 36).
fn is_deceptive(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Replaces control characters but line ends and tabs, and what deceives, so that no text from AWS or a file can steer the
/// terminal or be read as another.
fn harmless(text: &str) -> String {
    let mut letters = text.chars().peekable();
    let mut harmless = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        let is_line_end = letter == '\r' && letters.peek() == Some(&'\n');
        let may_stay = !(letter.is_control() || is_deceptive(letter)) || matches!(letter, '\n' | '\t') || is_line_end;
        harmless.push(if may_stay { letter } else { '\u{fffd}' });
    }
    harmless
}

/// Text that may be shown: without secrets, and [`harmless`].
// Security: whatever a message repeats of a file, of AWS or of another program goes through here.
fn shown(text: &str) -> String {
    harmless(&mask::text(text))
}

/// A hint that may be shown. The names of secrets mask what follows them, but not what keyfob wrote itself there: `--http-tokens
/// required`.
pub(crate) fn shown_hint(hint: &Hint, shell: impl FnOnce() -> Shell) -> String {
    let mut text = shown(&hint.text(shell));
    for (name, word) in hint.own_pairs() {
        text = text.replacen(&format!("{name} {MASK}"), &format!("{name} {word}"), 1);
    }
    text
}

/// The address of a page, indented, on a line of its own. Its query stays as it is: a challenge or a client's id has the form
/// of a secret, and is none.
// Security: only for pages that keyfob or AWS sends a person to; what is before the query is masked.
fn shown_address(url: &str) -> String {
    match url.split_once('?') {
        Some((page, query)) => format!("  {}?{}", shown(page), harmless(query)),
        None => format!("  {}", shown(url)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_can_be_copied_and_a_password_in_it_cannot() {
        let challenge = "code_challenge=hUqXhSCvC6h5fTfN5CMhbmSRl1jVtFTkMZKKDQhpmNc";
        let url = format!("https://eu-west-1.signin.aws.amazon.com/v1/authorize?{challenge}");
        assert_eq!(super::shown_address(&url), format!("  {url}"));
        assert_ne!(super::shown(&url), url, "this is why");
        assert_eq!(super::shown_address("https://me:hunter2@x/y?z=\u{1b}"), "  https://me:****@x/y?z=\u{fffd}");
    }

    #[test]
    fn control_characters_are_replaced_and_line_ends_of_either_kind_stay() {
        for (text, expected) in [
            ("a\tb\r\nc\n", "a\tb\r\nc\n"),
            ("\x1b[2J\x07\x7f\u{9b}31m", "\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m"),
            ("hidden\rshown", "hidden\u{fffd}shown"),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
            ("本番 é ñ 🚀", "本番 é ñ 🚀"),
        ] {
            assert_eq!(super::harmless(text), expected, "{text:?}");
        }
    }
}
