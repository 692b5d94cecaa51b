//! A `credential_process` value as an argument vector, by botocore's rules: it starts no shell. Pure.
//!
//! Not the crate shell-words: it ends a line at a `#` and unescapes `\$` in double quotes, and botocore does neither.

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

/// Takes a line apart as botocore does on this platform.
///
/// # Errors
/// An open quote, or (not on Windows) a backslash at the end.
pub fn split(line: &str) -> Result<Vec<String>, Unsplittable> {
    if cfg!(windows) { windows(line) } else { posix(line) }
}

/// Python's `shlex.split`: quotes of both kinds; a backslash escapes anything outside quotes, and only `"` and itself
/// inside double ones.
pub(super) fn posix(line: &str) -> Result<Vec<String>, Unsplittable> {
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

/// The C runtime's rules as botocore has them: double quotes alone; backslashes mean something only before a `"`.
pub(super) fn windows(line: &str) -> Result<Vec<String>, Unsplittable> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut backslashes = 0;
    for c in line.chars() {
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        if backslashes > 0 {
            let kept = if c == '"' { backslashes / 2 } else { backslashes };
            word.get_or_insert_default().push_str(&"\\".repeat(kept));
        }
        let escaped = backslashes % 2 == 1;
        backslashes = 0;
        match c {
            '"' if escaped => word.get_or_insert_default().push('"'),
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err(Unsplittable::OpenQuote);
    }
    if backslashes > 0 {
        word.get_or_insert_default().push_str(&"\\".repeat(backslashes));
    }
    words.extend(word);
    Ok(words)
}
