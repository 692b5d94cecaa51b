//! The lines of a text, the space round what is in them, and the bytes that decide what a line is, found many at a time.
//!
//! With 10,000 profiles most of the reading is done here.

use std::ops::Range;

/// Where each line of `text` ends, its ending included; the last one may lack it.
pub(super) fn line_ends(text: &[u8]) -> impl Iterator<Item = usize> {
    let mut end = 0;
    std::iter::from_fn(move || {
        let rest = text.get(end..).filter(|rest| !rest.is_empty())?;
        end += ending_in(rest).map_or(rest.len(), |ending| ending + 1);
        Some(end)
    })
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
            prop_assert!(line_ends(text.as_bytes()).eq(ends));
            prop_assert_eq!(mark_in(text.as_bytes()), text.find(['=', '#', ';']));
        }
    }
}
