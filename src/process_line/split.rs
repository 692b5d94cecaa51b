//! A `credential_process` value as an argument vector, by botocore's rules: it starts no shell. Pure.

use crate::shlex::{self, Unsplittable};

/// Takes a line apart as botocore does on this platform.
///
/// # Errors
/// An open quote, or (not on Windows) a backslash at the end.
pub fn split(line: &str) -> Result<Vec<String>, Unsplittable> {
    if cfg!(windows) { windows(line) } else { shlex::split(line) }
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
