//! What a line of an AWS file is, by what the lines before it are. Pure.
//!
//! Two parsers are followed. The reference: smithy-rs `aws-runtime/src/env_config/parse.rs`, the Java SDK's
//! `ProfileFileReader` and their common test cases. And botocore, which the AWS CLI and boto3 read with: Python's
//! `configparser.RawConfigParser`, which also takes indented lines, `name: value` and text after a header. What either of
//! them reads is read here; where they read a line differently, the docs of what reads it say which of them counts.

use std::ops::Range;

use super::find::{LineEnds, is_space, mark_in, quote_in, trimmed};
use super::header::Header;
use super::{Document, PropertySpan, SectionSpan, Text};

/// Where and why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct SyntaxError {
    /// 1-based.
    pub line: usize,
    /// Why.
    pub problem: Problem,
}

/// What both parsers refuse, in the reference's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file begins with U+FEFF.
    #[error("the file begins with a byte order mark (BOM), which AWS's SDKs do not skip")]
    ByteOrderMark,
    /// `[profile a`.
    #[error("Profile definition must end with ']'")]
    HeaderNotClosed,
    /// Anything but comments before the first header.
    #[error("Expected a profile definition")]
    NoSection,
    /// No `=`, and no `:`.
    #[error("Expected an '=' sign defining a property")]
    NoEquals,
    /// Nothing before the `=`.
    #[error("Property did not have a name")]
    NoName,
    /// An indented line after a header that is not a property.
    #[error("Expected a property definition, found continuation")]
    StrayContinuation,
}

/// Parses a whole file: checks every line and notes where the sections are.
///
/// A carriage return alone ends a line, as for botocore; where the file cannot be read so, it is a blank, as for the reference.
pub(super) fn parse(text: Text) -> Result<Document, SyntaxError> {
    let line_ends = LineEnds::of(&text);
    match sections(&text, line_ends) {
        Ok((sections, quoted_names)) => Ok(Document { text, line_ends, sections, quoted_names }),
        Err(error) if line_ends == LineEnds::LineFeeds => Err(error),
        Err(error) => {
            let (sections, quoted_names) = sections(&text, LineEnds::LineFeeds).map_err(|_| error)?;
            Ok(Document { text, line_ends: LineEnds::LineFeeds, sections, quoted_names })
        }
    }
}

/// The sections, and the names in quotes, each with its section's index.
type Sections = (Vec<SectionSpan>, Vec<(usize, String)>);

fn sections(text: &str, line_ends: LineEnds) -> Result<Sections, SyntaxError> {
    if text.starts_with('\u{feff}') {
        return Err(SyntaxError { line: 1, problem: Problem::ByteOrderMark });
    }
    // More than most files have, so that it need not grow; what is not used is never touched.
    let mut sections = Vec::with_capacity(text.len() / 64);
    let mut quoted_names = Vec::new();
    let mut depth = Depth::default();
    let mut start = 0;
    for (number, end) in (1..).zip(line_ends.ends(text.as_bytes())) {
        let whole = start..end;
        start = end;
        let header = match plain(&text.as_bytes()[whole.clone()]) {
            Some(Plain::Empty) => continue,
            Some(Plain::Property) if !sections.is_empty() => {
                depth = Depth::of_plain_property();
                continue;
            }
            Some(Plain::Header) => whole.start + 1..whole.end - "]\n".len(),
            Some(Plain::Property) | None => {
                let line = line_ends.without_ending(&text[whole.clone()]);
                match depth.kind_of(line) {
                    Kind::Ignored | Kind::Continuation => continue,
                    Kind::Header(header) => shift(header, whole.start),
                    Kind::Property if !sections.is_empty() => continue,
                    Kind::Property => return Err(SyntaxError { line: number, problem: Problem::NoSection }),
                    Kind::Unreadable(problem) => {
                        let is_first = sections.is_empty() && problem != Problem::HeaderNotClosed;
                        let problem = if is_first { Problem::NoSection } else { problem };
                        return Err(SyntaxError { line: number, problem });
                    }
                }
            }
        };
        depth = Depth::default();
        if quote_in(&text.as_bytes()[header.clone()]).is_some()
            && let Some(name) = Header::unquoted_name(&text[header.clone()])
        {
            quoted_names.push((sections.len(), name));
        }
        sections.push(SectionSpan { line: number, start: whole.start, header });
    }
    Ok((sections, quoted_names))
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
        [b'=' | b'[' | b':' | ..=b' ' | 0x7f.., ..] => None,
        _ => mark_in(line).filter(|at| line[*at] == b'=').map(|_| Plain::Property),
    }
}

/// The properties in `range`, the lines between two headers of a text that was parsed; `number` is that of the first.
pub(super) fn properties(text: &str, line_ends: LineEnds, range: Range<usize>, number: usize) -> Vec<PropertySpan> {
    let mut properties: Vec<PropertySpan> = Vec::new();
    let mut depth = Depth::default();
    let mut end = range.start;
    for (line, line_with_ending) in (number..).zip(line_ends.lines(&text[range])) {
        let whole = end..end + line_with_ending.len();
        end = whole.end;
        let content = line_ends.without_ending(line_with_ending);
        match depth.kind_of(content) {
            Kind::Continuation => properties.last_mut().expect("it continues one").end = whole.end,
            Kind::Property => {
                let (key, value) = split_property(content).expect("it is one");
                let (key, value) = (shift(key, whole.start), shift(value, whole.start));
                properties.push(PropertySpan { line, key, value, end: whole.end, key_line: whole });
            }
            Kind::Ignored | Kind::Header(_) | Kind::Unreadable(_) => {}
        }
    }
    properties
}

/// How far the section's last property is indented, none after a header: a line that is indented further continues its
/// value, and any other is a line of its own. (To the reference every indented line continues one, but where it reads a
/// file no property is indented.)
#[derive(Debug, Clone, Copy, Default)]
struct Depth(Option<usize>);

/// What a line is.
enum Kind {
    /// Blank, or a comment.
    Ignored,
    /// It continues the value above.
    Continuation,
    /// A header, with the range between its brackets.
    Header(Range<usize>),
    Property,
    Unreadable(Problem),
}

impl Depth {
    /// That of a property in the first column.
    fn of_plain_property() -> Depth {
        Depth(Some(0))
    }

    /// What the next line is, which counts for those after it.
    fn kind_of(&mut self, line: &str) -> Kind {
        if is_ignored(line) {
            return Kind::Ignored;
        }
        let indented = indentation(line).chars().count();
        if self.0.is_some_and(|depth| indented > depth) {
            return Kind::Continuation;
        }
        if let Some(header) = header_range(line) {
            *self = Depth::default();
            return Kind::Header(header);
        }
        match split_property(line) {
            Ok(_) => {
                *self = Depth(Some(indented));
                Kind::Property
            }
            Err(NotAProperty::NoName) => Kind::Unreadable(Problem::NoName),
            Err(NotAProperty::NoSeparator) => {
                Kind::Unreadable(match line.trim_start_matches(is_space).starts_with('[') {
                    true => Problem::HeaderNotClosed,
                    false if indented > 0 => Problem::StrayContinuation,
                    false => Problem::NoEquals,
                })
            }
        }
    }
}

/// The space before a line's content.
pub(super) fn indentation(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches(is_space).len()]
}

/// Whether a line is blank or a comment, which may be indented: only the reference reads such a comment as part of the
/// value above.
pub(super) fn is_ignored(line: &str) -> bool {
    let content = line.trim_start_matches(is_space);
    content.is_empty() || content.starts_with(['#', ';'])
}

/// Whether a line is a comment.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start_matches(is_space).starts_with(['#', ';'])
}

/// Whether a line, without its ending, has nothing in it.
pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(is_space)
}

/// The range between the brackets of a header line.
///
/// To the reference, and to Go and JavaScript, a comment begins at any `#` or `;`, and a `]` ends what is before it.
/// botocore takes everything up to the line's last `]`. Its reading counts where theirs gives no name.
fn header_range(line: &str) -> Option<Range<usize>> {
    let content = trimmed(line, 0..line.len());
    if !line[content.clone()].starts_with('[') {
        return None;
    }
    let start = content.start + 1;
    let end = line.bytes().position(|byte| matches!(byte, b'#' | b';')).unwrap_or(content.end);
    let before_comment = trimmed(line, content.start..end);
    let ends = line[before_comment.clone()].ends_with(']') && before_comment.len() > 1;
    let to_comment = ends.then(|| start..before_comment.end - 1);
    let to_last = line[start..].rfind(']').filter(|length| *length > 0).map(|length| start..start + length);
    match (to_comment, to_last) {
        (Some(short), Some(long))
            if short != long && !names_something(&line[short.clone()]) && names_something(&line[long.clone()]) =>
        {
            Some(long)
        }
        (short, long) => short.or(long),
    }
}

fn names_something(header: &str) -> bool {
    Header::new(header, Header::unquoted_name(header).as_deref()).is_usable()
}

/// Why a line is not a property.
#[derive(Debug, Clone, Copy)]
pub(super) enum NotAProperty {
    NoSeparator,
    NoName,
}

/// The ranges of name and value of a property, each trimmed, and its comment left out.
///
/// The first of `=` and `:` ends the name, as for botocore and Go, if there is a name before it; to the reference and
/// JavaScript, a `:` is a part of the name. A comment before both is part of the name, as for botocore: the others do not
/// read such a line.
pub(super) fn split_property(line: &str) -> Result<(Range<usize>, Range<usize>), NotAProperty> {
    let content = trimmed(line, 0..line.len());
    let bytes = &line.as_bytes()[..content.end];
    let separator = |range: Range<usize>, is: fn(u8) -> bool| {
        bytes[range.clone()].iter().position(|byte| is(*byte)).map(|at| range.start + at)
    };
    let until_comment = content.start + without_comment(&line[content.clone()]).len();
    let either = |byte| matches!(byte, b'=' | b':');
    let at = separator(content.start..until_comment, either)
        .or_else(|| separator(until_comment..content.end, either))
        .ok_or(NotAProperty::NoSeparator)?;
    let at = if at > content.start {
        at
    } else if bytes[at] == b':' {
        separator(at..until_comment, |byte| byte == b'=').ok_or(NotAProperty::NoName)?
    } else {
        return Err(NotAProperty::NoName);
    };
    let end =
        if at < until_comment { until_comment } else { at + 1 + without_comment(&line[at + 1..content.end]).len() };
    Ok((trimmed(line, content.start..at), trimmed(line, at + 1..end)))
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
        fn plain_lines_are_what_the_rules_say_of_them(text in "(\\[a|)[a\\]\\[ =:#;\r\t\u{e9}\u{a0}]{0,12}\n?") {
            let line = LineEnds::LineFeeds.without_ending(&text);
            match plain(text.as_bytes()) {
                Some(Plain::Empty) => prop_assert!(is_ignored(line)),
                Some(Plain::Header) => prop_assert_eq!(header_range(line), Some(1..line.len() - 1)),
                Some(Plain::Property) => {
                    prop_assert!(header_range(line).is_none() && !is_ignored(line) && indentation(line).is_empty());
                    prop_assert!(split_property(line).is_ok());
                }
                None => {}
            }
        }
    }
}
