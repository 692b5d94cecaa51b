//! The lines of a text, found 64 bytes at a time, each with the little of it that decides what most lines are.
//!
//! A reading of 10,000 profiles spends its time here.

use std::ops::Range;

use wide::u8x16;

/// A line of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// 1-based.
    pub number: usize,
    /// Where it lies, its ending included.
    pub range: Range<usize>,
    /// Which of `=`, `#` and `;` comes first in it.
    pub first: First,
}

/// What comes first in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// `=`.
    Equals,
    /// `#` or `;`, which may begin a comment.
    Comment,
    /// Neither is in it.
    Neither,
}

/// The lines of `text`, in order, the first of this number; the last one may lack its ending.
pub(super) fn lines(text: &[u8], number: usize) -> Lines<'_> {
    let (blocks, rest) = text.as_chunks();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    let marks = marks(blocks.first().unwrap_or(&last));
    Lines { length: text.len(), blocks, last, number, start: 0, block: 0, marks }
}

/// See [`lines`].
pub(super) struct Lines<'a> {
    /// Of the text, in bytes.
    length: usize,
    blocks: &'a [[u8; BLOCK]],
    /// What is left after the last whole block, and then nothing that is marked.
    last: [u8; BLOCK],
    /// The number of the next line.
    number: usize,
    /// Where the next line begins.
    start: usize,
    /// The index of the block that `marks` are of.
    block: usize,
    /// What of the block is left: nothing before `start`.
    marks: Marks,
}

impl Iterator for Lines<'_> {
    type Item = Line;

    #[inline(always)]
    fn next(&mut self) -> Option<Line> {
        if self.start >= self.length {
            return None;
        }
        let mut first = First::Neither;
        let end = loop {
            let Marks { endings, equals, comments } = self.marks;
            let ending = endings.trailing_zeros();
            if first == First::Neither {
                let (equals, comment) = (equals.trailing_zeros(), comments.trailing_zeros());
                if equals.min(comment) < ending {
                    first = if equals < comment { First::Equals } else { First::Comment };
                }
            }
            if ending < BLOCK as u32 {
                // In two steps, for after the last byte it is by all 64 bits.
                self.marks = self.marks.and(u64::MAX << ending << 1);
                break self.block * BLOCK + ending as usize + 1;
            }
            self.block += 1;
            if self.block > self.blocks.len() {
                break self.length;
            }
            self.marks = marks(self.blocks.get(self.block).unwrap_or(&self.last));
        };
        let line = Line { number: self.number, range: self.start..end, first };
        (self.start, self.number) = (end, self.number + 1);
        Some(line)
    }
}

const BLOCK: usize = 64;

/// The bytes of a block that matter here: a bit a byte, the lowest one for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    /// `\n`.
    endings: u64,
    /// `=`.
    equals: u64,
    /// `#` and `;`.
    comments: u64,
}

impl Marks {
    #[inline(always)]
    fn and(self, kept: u64) -> Marks {
        Marks { endings: self.endings & kept, equals: self.equals & kept, comments: self.comments & kept }
    }
}

#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> Marks {
    let mut marks = Marks { endings: 0, equals: 0, comments: 0 };
    let (quarters, _) = block.as_chunks::<16>();
    for quarter in quarters.iter().rev() {
        let bytes = u8x16::new(*quarter);
        let equal = |byte: u8| bytes.simd_eq(u8x16::splat(byte));
        let bits = |found: u8x16| u64::from(found.to_bitmask());
        marks.endings = marks.endings << 16 | bits(equal(b'\n'));
        marks.equals = marks.equals << 16 | bits(equal(b'='));
        marks.comments = marks.comments << 16 | bits(equal(b'#') | equal(b';'));
    }
    marks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`lines`] finds, found in the plainest way.
    fn lines_of(text: &str) -> Vec<Line> {
        let mut end = 0;
        let line = |(number, line): (usize, &str)| {
            let start = end;
            end += line.len();
            let first = match line.find(['=', '#', ';']).map(|at| line.as_bytes()[at]) {
                Some(b'=') => First::Equals,
                Some(_) => First::Comment,
                None => First::Neither,
            };
            Line { number, range: start..end, first }
        };
        (1..).zip(text.split_inclusive('\n')).map(line).collect()
    }

    proptest! {
        #[test]
        fn sixty_four_bytes_at_a_time_find_what_one_at_a_time_finds(
            text in "([a-z=#;\n\r\t\u{e9}]{0,10}|[a-z\u{20}:/]{0,90}|\n){0,12}",
        ) {
            prop_assert_eq!(lines(text.as_bytes(), 1).collect::<Vec<_>>(), lines_of(&text));
        }

        #[test]
        fn vectors_find_what_each_byte_is(block in prop::array::uniform::<_, BLOCK>(any::<u8>())) {
            let bits = |is_one: fn(u8) -> bool| {
                block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is_one(*byte)))
            };
            let expected = Marks {
                endings: bits(|byte| byte == b'\n'),
                equals: bits(|byte| byte == b'='),
                comments: bits(|byte| matches!(byte, b'#' | b';')),
            };
            prop_assert_eq!(marks(&block), expected);
        }
    }

    #[test]
    fn lines_end_well_where_blocks_do() {
        for length in 60..=70 {
            let line = "x".repeat(length);
            for text in [line.clone(), format!("{line}\n"), format!("{line}\n="), format!("={line}\n#{line}")] {
                assert_eq!(lines(text.as_bytes(), 1).collect::<Vec<_>>(), lines_of(&text), "{length}");
            }
        }
        assert_eq!(lines(b"", 1).next(), None);
    }
}
