//! Where the sections of a long file lie, for a reader that needs few of them and keeps no others. Pure.

use std::hash::Hasher;
use std::ops::Range;

use rustc_hash::FxHasher;

use super::{Document, Header, Problem, SectionSpan, SyntaxError, Text, parse};

/// The sections of a file, found while its text passes by in pieces.
#[derive(Debug)]
pub struct Outline {
    places: Vec<Place>,
    /// How much of the file was taken in.
    bytes: u32,
    /// The number of the line that follows.
    line: usize,
    /// Those of one piece; kept for its memory.
    sections: Vec<SectionSpan>,
}

/// Where a section begins. Small numbers, as in [`SectionSpan`].
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    line: u32,
    /// A hash of its name: the name itself has passed by.
    name: u32,
}

/// A section's text, to be had from the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Where it lies in the file.
    pub range: Range<usize>,
    /// Its header's line, 1-based.
    pub line: usize,
}

impl Outline {
    /// That of a file of about this many bytes, before any of it was seen.
    pub fn new(bytes: usize) -> Outline {
        // What is not used is never touched.
        Outline { places: Vec::with_capacity(bytes / 64), bytes: 0, line: 1, sections: Vec::new() }
    }

    /// Takes whole sections in, and says how many of these bytes they are; the rest, which is all where nothing ends a
    /// section yet, is to be given again with what follows it. `is_last` says that nothing follows.
    ///
    /// `None` where the file is not UTF-8, is refused as in [`Document::parse`], or has more than 4 GiB.
    pub fn add(&mut self, bytes: &[u8], is_last: bool) -> Option<usize> {
        let length = match is_last {
            true => bytes.len(),
            // A `[` in the first column begins a section, whatever stands before it.
            false => bytes.windows(2).rposition(|pair| pair == b"\n[").map_or(0, |before| before + 1),
        };
        let text = std::str::from_utf8(&bytes[..length]).ok()?;
        self.sections.clear();
        self.line = parse::check(text, self.line, &mut self.sections).ok()?;
        for span in &self.sections {
            let name = Header::parse(&text[span.header()]).name;
            self.places.push(Place { start: self.bytes.checked_add(span.start)?, line: span.line, name: hash(name) });
        }
        self.bytes = self.bytes.checked_add(u32::try_from(length).ok()?)?;
        Some(length)
    }

    /// The sections of this name, whatever their kind, and now and then one of another name.
    pub fn called(&self, name: &str) -> impl Iterator<Item = Excerpt> {
        let name = hash(name);
        let found = self.places.iter().enumerate().filter(move |(_, place)| place.name == name);
        found.map(|(index, place)| {
            let end = self.places.get(index + 1).map_or(self.bytes, |next| next.start);
            Excerpt { range: place.start as usize..end as usize, line: place.line as usize }
        })
    }
}

fn hash(name: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    hasher.finish() as u32
}

impl Document {
    /// Some sections of a file: for each its header's line there and its text, in their order there.
    ///
    /// What is read from it is what is read of these sections in the whole file, lines too. Not for editing.
    ///
    /// # Errors
    /// As [`Document::parse`], and for a text that does not begin with its header.
    pub fn of_sections<'a>(sections: impl Iterator<Item = (usize, &'a str)> + Clone) -> Result<Document, SyntaxError> {
        // In one piece from the start: what is grown leaves copies behind that nobody wipes.
        let length = sections.clone().map(|(_, text)| text.len()).sum();
        let mut document = Document { text: Text(String::with_capacity(length)), sections: Vec::new() };
        for (line, text) in sections {
            if !text.starts_with('[') {
                return Err(SyntaxError { line, problem: Problem::NoSection });
            }
            let (start, first) = (document.text.len(), document.sections.len());
            parse::check(text, line, &mut document.sections)?;
            document.text.0.push_str(text);
            for span in &mut document.sections[first..] {
                span.start += u32::try_from(start).expect("sections of a file of at most 4 GiB");
            }
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The outline of a text that passes by in pieces of this length.
    fn outline(text: &str, piece: usize) -> Option<Outline> {
        let mut outline = Outline::new(text.len());
        let (mut start, mut end) = (0, 0);
        loop {
            let is_last = end == text.len();
            start += outline.add(&text.as_bytes()[start..end], is_last)?;
            if is_last {
                assert_eq!(start, end);
                return Some(outline);
            }
            end = text.len().min(end + piece);
        }
    }

    proptest! {
        #[test]
        fn an_outline_finds_what_a_document_has(
            text in "(# x\n|\n){0,2}(\\[(profile |services )?[ab\u{e9}\"]{1,2}\\]( # c)?\r?\n([ab] = [a-c\u{e9}]{0,9}\n|  b = c\n|#[\\[\n]\n|\n){0,3}){0,6}(\\[a\\]|a =)?",
            piece in 1_usize..40,
        ) {
            let document = Document::parse(text.clone());
            let outline = outline(&text, piece);
            prop_assert_eq!(document.is_ok(), outline.is_some());
            let (Ok(document), Some(outline)) = (document, outline) else { return Ok(()) };
            for name in ["a", "b", "ab", "ba", "\u{e9}", "aa", "x"] {
                let excerpts: Vec<_> = outline.called(name).collect();
                let sections = excerpts.iter().map(|Excerpt { range, line }| (*line, &text[range.clone()]));
                let part = Document::of_sections(sections).expect("it is of a text that parses");
                let read = |document: &Document| -> Vec<String> {
                    let of = |section: super::super::Section<'_>| {
                        let properties = section.properties().map(|it| (it.line(), it.key(), it.value().into_owned()));
                        format!("{} {:?} {:?}", section.line(), section.header(), properties.collect::<Vec<_>>())
                    };
                    document.sections_called(name).map(|(_, section)| of(section)).collect()
                };
                prop_assert_eq!(read(&part), read(&document));
            }
        }
    }
}
