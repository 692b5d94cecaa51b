//! The lines of a text, the space round what is in them, and the bytes that decide what a line is, found many at a time.
//!
//! With 10,000 profiles most of the reading is done here.

use std::ops::Range;

/// What ends a line beside a line feed: a carriage return alone does for Python, which botocore reads files with, and is a blank
/// to all others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LineEnds {
    /// Nothing else; the text may still have carriage returns alone, as blanks.
    #[default]
    LineFeeds,
    /// A carriage return alone too.
    LoneReturns,
}

impl LineEnds {
    /// Those of a text for botocore.
    pub(super) fn of(text: &str) -> LineEnds {
        let (bytes, mut from) = (text.as_bytes(), 0);
        while let Some(at) = return_in(&bytes[from..]).map(|at| from + at) {
            if bytes.get(at + 1) != Some(&b'\n') {
                return LineEnds::LoneReturns;
            }
            from = at + 2;
        }
        LineEnds::LineFeeds
    }

    /// The ending of a line, or of a text's last line, which may have none.
    pub(super) fn ending_of(self, text: &str) -> Option<&'static str> {
        let endings: &[&'static str] = match self {
            LineEnds::LineFeeds => &["\r\n", "\n"],
            LineEnds::LoneReturns => &["\r\n", "\n", "\r"],
        };
        endings.iter().copied().find(|ending| text.ends_with(ending))
    }

    /// A line without its ending.
    pub(super) fn without_ending(self, line: &str) -> &str {
        &line[..line.len() - self.ending_of(line).map_or(0, str::len)]
    }

    /// Where each line of `text` ends, its ending included; the last one may lack it.
    pub(super) fn ends(self, text: &[u8]) -> impl Iterator<Item = usize> {
        let mut end = 0;
        std::iter::from_fn(move || {
            let rest = text.get(end..).filter(|rest| !rest.is_empty())?;
            end += self.end_in(rest).unwrap_or(rest.len());
            Some(end)
        })
    }

    /// The lines of `text`, their endings included.
    pub(super) fn lines(self, text: &str) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends(text.as_bytes()).map(move |end| &text[std::mem::replace(&mut start, end)..end])
    }

    /// The end of the first line.
    fn end_in(self, text: &[u8]) -> Option<usize> {
        match self {
            LineEnds::LineFeeds => ending_in(text).map(|at| at + 1),
            LineEnds::LoneReturns => {
                let at = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
                Some(if text[at..].starts_with(b"\r\n") { at + 2 } else { at + 1 })
            }
        }
    }

    /// Where the last line of `text` begins.
    pub(super) fn start_of_last(self, text: &str) -> usize {
        let text = self.without_ending(text);
        let end = match self {
            LineEnds::LineFeeds => text.rfind('\n'),
            LineEnds::LoneReturns => text.rfind(['\r', '\n']),
        };
        end.map_or(0, |at| at + 1)
    }
}

// On x86-64, `memchr` first asks the processor what it can do. In a virtual machine that takes as long as reading a few
// hundred profiles, and lines are too short to gain from anything beyond SSE2.
#[cfg(target_arch = "x86_64")]
use memchr::arch::x86_64::sse2::memchr::{One, Three};

/// The first line ending.
#[cfg(target_arch = "x86_64")]
fn ending_in(text: &[u8]) -> Option<usize> {
    One::new(b'\n').expect("x86-64 has SSE2").find(text)
}

/// The first carriage return.
#[cfg(target_arch = "x86_64")]
fn return_in(text: &[u8]) -> Option<usize> {
    One::new(b'\r').expect("x86-64 has SSE2").find(text)
}

/// The first `=`, or `#` or `;`, which may begin a comment.
#[cfg(target_arch = "x86_64")]
pub(super) fn mark_in(line: &[u8]) -> Option<usize> {
    Three::new(b'=', b'#', b';').expect("x86-64 has SSE2").find(line)
}

/// The first quote or backslash.
#[cfg(target_arch = "x86_64")]
pub(super) fn quote_in(header: &[u8]) -> Option<usize> {
    Three::new(b'"', b'\'', b'\\').expect("x86-64 has SSE2").find(header)
}

#[cfg(not(target_arch = "x86_64"))]
fn ending_in(text: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', text)
}

#[cfg(not(target_arch = "x86_64"))]
fn return_in(text: &[u8]) -> Option<usize> {
    memchr::memchr(b'\r', text)
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn mark_in(line: &[u8]) -> Option<usize> {
    memchr::memchr3(b'=', b'#', b';', line)
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn quote_in(header: &[u8]) -> Option<usize> {
    memchr::memchr3(b'"', b'\'', b'\\', header)
}

/// Whether `str.strip` of Python takes a character off.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

/// `range` without the space at its ends; an empty one stays where its end is.
pub(super) fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let text = line[range.clone()].trim_start_matches(is_space);
    let start = range.end - text.len();
    start..start + text.trim_end_matches(is_space).len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_and_marks_are_where_they_are_one_byte_at_a_time(
            text in "([a-z=#;\n\r\t\u{e9}]{0,10}|[a-z\u{20}:/]{0,90}|\n){0,12}",
        ) {
            let mut end = 0;
            let ends = text.split_inclusive('\n').map(|line| {
                end += line.len();
                end
            });
            prop_assert!(LineEnds::LineFeeds.ends(text.as_bytes()).eq(ends));
            prop_assert_eq!(LineEnds::of(&text) == LineEnds::LoneReturns, text.replace("\r\n", "").contains('\r'));
            // As Python's universal newlines.
            let lines = LineEnds::LoneReturns.lines(&text).map(|line| LineEnds::LoneReturns.without_ending(line));
            prop_assert!(lines.eq(text.replace("\r\n", "\n").replace('\r', "\n").lines()));
            prop_assert_eq!(mark_in(text.as_bytes()), text.find(['=', '#', ';']));
        }
    }
}
