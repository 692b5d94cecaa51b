//! Text taken apart into words, and quoted, as Python's `shlex` does: botocore reads section headers and (not on Windows)
//! `credential_process` lines so, and the AWS CLI writes headers so. Pure; uses nothing of keyfob's.
//!
//! Not the crate shell-words: it ends a line at a `#` and unescapes `\$` in double quotes, and Python does neither.

use std::borrow::Cow;

/// Why a line cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsplittable {
    /// A quote without its partner.
    #[error("a quote is not closed")]
    OpenQuote,
    /// A backslash at the end.
    #[error("it ends with a backslash")]
    OpenEscape,
}

/// `shlex.split`: quotes of both kinds; a backslash escapes anything outside quotes, and only `"` and itself inside double
/// ones.
///
/// # Errors
/// An open quote, or a backslash at the end.
pub fn split(line: &str) -> Result<Vec<String>, Unsplittable> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('\\', None | Some('"')) => {
                let next = characters.next().ok_or(Unsplittable::OpenEscape)?;
                let word = word.get_or_insert_default();
                if quote.is_some() && !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ' | '\t' | '\r' | '\n', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(Unsplittable::OpenQuote);
    }
    words.extend(word);
    Ok(words)
}

/// One word that [`split`] gives back: in single quotes if it has a blank, a quote or a backslash, as `shlex.quote` has it.
pub fn quoted(word: &str) -> Cow<'_, str> {
    if word.is_empty() || word.contains([' ', '\t', '\r', '\n', '\'', '"', '\\']) {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\"'\"'")))
    } else {
        Cow::Borrowed(word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quoted_word_is_read_back(word in "[a-c\u{e9}\u{a0} \t\"'\\\\#;\\]]{0,8}") {
            prop_assert_eq!(split(&format!("profile {}", quoted(&word))), Ok(vec!["profile".to_owned(), word]));
        }
    }
}
