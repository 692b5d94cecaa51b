//! The reference parser's rules, line by line. Pure.
//!
//! smithy-rs `aws-runtime/src/env_config/parse.rs`, the Java SDK's `ProfileFileReader` and their common test cases.

use std::ops::Range;

use super::find::{line_ends, mark_in};
use super::{Document, PropertySpan, SectionSpan, Text};

/// What counts as blank; other Unicode space does not.
pub(super) const BLANK: &[char] = &[' ', '\t'];
pub(super) const BLANK_OR_ENDING: &[char] = &[' ', '\t', '\r', '\n'];

/// Where and why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SyntaxError {
    /// 1-based.
    pub line: usize,
    /// Why.
    pub problem: Problem,
}

/// What AWS's parser refuses, in its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file begins with U+FEFF.
    #[error("the file begins with a byte order mark (BOM), which AWS's SDKs do not skip")]
    ByteOrderMark,
    /// `[profile a`, or something after the `]`.
    #[error("Profile definition must end with ']'")]
    HeaderNotClosed,
    /// Anything but comments before the first header.
    #[error("Expected a profile definition")]
    NoSection,
    /// No `=`.
    #[error("Expected an '=' sign defining a property")]
    NoEquals,
    /// Nothing before the `=`.
    #[error("Property did not have a name")]
    NoName,
    /// An indented line after a header.
    #[error("Expected a property definition, found continuation")]
    StrayContinuation,
    /// No `=` in a nested block.
    #[error("Expected an '=' sign defining a sub-property")]
    NestedNoEquals,
    /// Nothing before the `=` in a nested block.
    #[error("Sub-property did not have a name")]
    NestedNoName,
}

/// Parses a whole file: checks every line and notes where the sections are.
pub(super) fn parse(text: Text) -> Result<Document, SyntaxError> {
    if text.starts_with('\u{feff}') {
        return Err(SyntaxError { line: 1, problem: Problem::ByteOrderMark });
    }
    // More than most files have, so that it need not grow; what is not used is never touched.
    let mut sections = Vec::with_capacity(text.len() / 64);
    // The line of the property that an indented line would continue.
    let mut property = None;
    let mut start = 0;
    for (number, end) in (1..).zip(line_ends(text.as_bytes())) {
        let whole = start..end;
        start = end;
        match plain(&text.as_bytes()[whole.clone()]) {
            Some(Plain::Empty) => continue,
            Some(Plain::Property) if !sections.is_empty() => {
                property = Some(whole);
                continue;
            }
            Some(Plain::Header) => {
                let header = whole.start + 1..whole.end - "]\n".len();
                sections.push(SectionSpan { line: number, start: whole.start, header });
                property = None;
                continue;
            }
            Some(Plain::Property) | None => {}
        }
        let refuse = |problem| SyntaxError { line: number, problem };
        let line = without_ending(&text[whole.clone()]);
        if is_ignored(line) {
            // It ends nothing.
        } else if line.starts_with('[') {
            let header = header_range(line).ok_or(refuse(Problem::HeaderNotClosed))?;
            sections.push(SectionSpan { line: number, start: whole.start, header: shift(header, whole.start) });
            property = None;
        } else if sections.is_empty() {
            return Err(refuse(Problem::NoSection));
        } else if is_indented(line) {
            let property = property.clone().ok_or(refuse(Problem::StrayContinuation))?;
            let is_nested = split_property(without_ending(&text[property])).is_ok_and(|(_, value)| value.is_empty());
            if is_nested && let Err(no) = split_property(line) {
                return Err(refuse(match no {
                    NotAProperty::NoEquals => Problem::NestedNoEquals,
                    NotAProperty::NoName => Problem::NestedNoName,
                }));
            }
        } else {
            split_property(line).map_err(|no| {
                refuse(match no {
                    NotAProperty::NoEquals => Problem::NoEquals,
                    NotAProperty::NoName => Problem::NoName,
                })
            })?;
            property = Some(whole);
        }
    }
    Ok(Document { text, sections })
}

/// A line without anything special in it. Nearly every line is one, and needs no closer look.
enum Plain {
    /// Nothing but its ending.
    Empty,
    /// `[…]`, without blanks round it, and nothing in it that could begin a comment.
    Header,
    /// A name in the first column and a `=`, without a comment before it.
    Property,
}

fn plain(line: &[u8]) -> Option<Plain> {
    match line {
        [b'\n'] => Some(Plain::Empty),
        [b'[', .., b']', b'\n'] if mark_in(line).is_none() => Some(Plain::Header),
        [b'=' | b'[' | b' ' | b'\t' | b'\r', ..] => None,
        _ => mark_in(line).filter(|at| line[*at] == b'=').map(|_| Plain::Property),
    }
}

/// The properties in `range`, the lines between two headers of a text that was parsed; `number` is that of the first.
pub(super) fn properties(text: &str, range: Range<usize>, number: usize) -> Vec<PropertySpan> {
    let mut properties: Vec<PropertySpan> = Vec::new();
    let mut end = range.start;
    for (line, line_with_ending) in (number..).zip(text[range].split_inclusive('\n')) {
        let whole = end..end + line_with_ending.len();
        end = whole.end;
        let content = without_ending(line_with_ending);
        match properties.last_mut() {
            _ if is_ignored(content) => {}
            Some(property) if is_indented(content) => property.end = whole.end,
            Some(_) | None => {
                let (key, value) = split_property(content).expect("`parse` has checked every line");
                let (key, value) = (shift(key, whole.start), shift(value, whole.start));
                properties.push(PropertySpan { line, key, value, end: whole.end, key_line: whole });
            }
        }
    }
    properties
}

fn is_indented(line: &str) -> bool {
    line.starts_with([' ', '\t'])
}

/// Whether a line is blank or a comment; a comment begins in the first column.
pub(super) fn is_ignored(line: &str) -> bool {
    matches!(line.as_bytes().first(), Some(b'#' | b';')) || is_blank(line)
}

/// Whether a line, without its ending, has nothing in it. Space of other kinds is something: it goes on with a value.
pub(super) fn is_blank(line: &str) -> bool {
    trimmed(line, 0..line.len()).is_empty()
}

/// Takes a line's ending off, as `str::lines` does: a lone `\r` at the very end of the file stays.
pub(super) fn without_ending(line: &str) -> &str {
    match line.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => line,
    }
}

/// The range between the brackets of a header line; a comment begins at any `#` or `;`, a blank before it or not.
fn header_range(line: &str) -> Option<Range<usize>> {
    let end = line.bytes().position(|byte| matches!(byte, b'#' | b';')).unwrap_or(line.len());
    let header = &line[trimmed(line, 0..end)];
    (header.len() > 1 && header.ends_with(']')).then(|| 1..header.len() - 1)
}

/// Why a line is no `key = value`.
#[derive(Debug, Clone, Copy)]
pub(super) enum NotAProperty {
    NoEquals,
    NoName,
}

/// The ranges of key and value of a `key = value`, each trimmed.
pub(super) fn split_property(line: &str) -> Result<(Range<usize>, Range<usize>), NotAProperty> {
    let line_without_blanks = trimmed(line, 0..line.len());
    let (start, end) =
        (line_without_blanks.start, line_without_blanks.start + without_comment(&line[line_without_blanks]).len());
    let equals = line.as_bytes()[start..end].iter().position(|byte| *byte == b'=').ok_or(NotAProperty::NoEquals)?;
    let key = trimmed(line, start..start + equals);
    if key.is_empty() {
        return Err(NotAProperty::NoName);
    }
    Ok((key, trimmed(line, start + equals + 1..end)))
}

/// Cuts an inline comment off, which begins with a `#` or `;` after a blank, which here may be any Unicode space.
pub(super) fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(found) = line.as_bytes()[from..].iter().position(|byte| matches!(byte, b'#' | b';')) {
        let at = from + found;
        if line[..at].chars().next_back().is_some_and(char::is_whitespace) {
            return &line[..at];
        }
        from = at + 1;
    }
    line
}

/// `range` without the blanks at its ends; an empty one stays where its end is.
pub(super) fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    let bytes = line.as_bytes();
    while start < end && matches!(bytes[start], b' ' | b'\t') {
        start += 1;
    }
    while start < end && matches!(bytes[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    start..end
}

fn shift(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn plain_lines_are_what_the_rules_say_of_them(text in "(\\[a|)[a\\]\\[ =#;\r\t\u{e9}]{0,12}\n?") {
            let line = without_ending(&text);
            match plain(text.as_bytes()) {
                Some(Plain::Empty) => prop_assert!(is_ignored(line)),
                Some(Plain::Header) => prop_assert_eq!(header_range(line), Some(1..line.len() - 1)),
                Some(Plain::Property) => {
                    prop_assert!(!line.starts_with('[') && !is_ignored(line) && !is_indented(line));
                    prop_assert!(split_property(line).is_ok());
                }
                None => {}
            }
        }
    }
}
