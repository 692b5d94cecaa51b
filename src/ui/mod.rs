//! What people see: questions on the terminal, talk on stderr, data on stdout. Nothing else prints.
//!
//! May use `sys` and the ports in `human`.

pub mod out;
pub mod person;
mod picker;
pub mod segment;
pub mod talk;
mod wrap;

use crate::format::harmless::{harmless, is_deceptive};
use crate::format::shell::Shell;
use crate::hint::Hint;
use crate::mask::{self, MASK};

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
}
