//! The reference parser's rules, line by line. Pure.
//!
//! smithy-rs `aws-runtime/src/env_config/parse.rs`, the Java SDK's `ProfileFileReader` and their common test cases.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{Document, PropertySpan, SectionSpan};

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

pub(super) fn parse(text: Zeroizing<String>) -> Result<Document, SyntaxError> {
    let mut sections: Vec<SectionSpan> = Vec::new();
    let mut properties: Vec<PropertySpan> = Vec::new();
    // Whether an indented line continues the last property.
    let mut in_property = false;
    let mut end = 0;
    for (number, line_with_ending) in (1..).zip(text.split_inclusive('\n')) {
        let refuse = |problem| SyntaxError { line: number, problem };
        let whole = end..end + line_with_ending.len();
        end = whole.end;
        let line = without_ending(line_with_ending);
        if number == 1 && line.starts_with('\u{feff}') {
            return Err(refuse(Problem::ByteOrderMark));
        }
        if is_ignored(line) {
            continue;
        }
        if line.starts_with('[') {
            let header = header_range(line).ok_or(refuse(Problem::HeaderNotClosed))?;
            sections.push(SectionSpan {
                line: number,
                header: shift(header, whole.start),
                header_line: whole,
                first: properties.len(),
            });
            in_property = false;
        } else if sections.is_empty() {
            return Err(refuse(Problem::NoSection));
        } else if line.starts_with([' ', '\t']) {
            let property = properties.last_mut().filter(|_| in_property).ok_or(refuse(Problem::StrayContinuation))?;
            if property.value.is_empty() {
                split_property(line).map_err(|no| {
                    refuse(match no {
                        NotAProperty::NoEquals => Problem::NestedNoEquals,
                        NotAProperty::NoName => Problem::NestedNoName,
                    })
                })?;
            }
            property.end = whole.end;
        } else {
            let (key, value) = split_property(line).map_err(|no| {
                refuse(match no {
                    NotAProperty::NoEquals => Problem::NoEquals,
                    NotAProperty::NoName => Problem::NoName,
                })
            })?;
            properties.push(PropertySpan {
                line: number,
                key: shift(key, whole.start),
                value: shift(value, whole.start),
                end: whole.end,
                key_line: whole,
            });
            in_property = true;
        }
    }
    Ok(Document { text, sections, properties })
}

/// Whether a line is blank or a comment; a comment begins in the first column.
pub(super) fn is_ignored(line: &str) -> bool {
    matches!(line.as_bytes().first(), Some(b'#' | b';')) || trimmed(line, 0..line.len()).is_empty()
}

/// Takes a line's ending off, as `str::lines` does: a lone `\r` at the very end of the file stays.
fn without_ending(line: &str) -> &str {
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
    // By bytes: a reading of 10,000 profiles spends most of its time here.
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
