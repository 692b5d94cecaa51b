//! AWS's ini dialect as a byte-exact document: spans over the text, read and edited through one type.
//!
//! Pure; uses `shlex` alone. What sections and settings *mean* is `profile`'s.

#![warn(missing_docs)]

mod edit;
mod find;
mod header;
mod parse;
#[cfg(test)]
mod testing;

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, Range};

use zeroize::Zeroize;

use find::LineEnds;

pub use edit::EditError;
pub use header::{Header, SectionKind, SectionName, is_identifier};
pub use parse::{Problem, SyntaxError};

/// A config or credentials file: its text and where its sections lie.
///
/// All of it is checked when it is parsed, but a section's properties are only taken apart when they are asked for: of
/// 10,000 profiles one run needs a few, and each start of `credential-process` reads the file.
///
/// Printing it gives the bytes that were parsed. What botocore or AWS's reference parser reads is read; what both refuse is
/// refused, with the reference's words. The default is an empty file.
#[derive(Clone, Default)]
pub struct Document {
    text: Text,
    line_ends: LineEnds,
    sections: Vec<SectionSpan>,
    /// The names that are in quotes, without them, by their section's index.
    quoted_names: Vec<(usize, String)>,
}

/// The file's text.
///
/// Security: it may hold secret access keys, so it is wiped when it is dropped. In one piece: `Zeroizing<String>` takes a
/// byte at a time, which with 10,000 profiles would be a tenth of a run.
#[derive(Clone, Default)]
struct Text(String);

impl Drop for Text {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_bytes().as_mut_slice().zeroize();
    }
}

impl Deref for Text {
    type Target = String;

    fn deref(&self) -> &String {
        &self.0
    }
}

/// Where a section is.
#[derive(Debug, Clone)]
struct SectionSpan {
    /// 1-based.
    line: usize,
    /// Where its header's line begins; the header may be indented.
    start: usize,
    /// The text between the brackets.
    header: Range<usize>,
}

/// Where a property is.
#[derive(Debug, Clone)]
struct PropertySpan {
    /// 1-based.
    line: usize,
    key: Range<usize>,
    /// The value on the key's own line, without blanks round it and without its comment.
    value: Range<usize>,
    /// The key's line, indentation and line ending included.
    key_line: Range<usize>,
    /// The end of the last continuation line, line ending included; of the key's line where there is none.
    end: usize,
}

impl Document {
    /// Parses a whole file.
    ///
    /// # Errors
    /// Where botocore and AWS's reference parser both error, and for a byte order mark.
    pub fn parse(text: String) -> Result<Document, SyntaxError> {
        parse::parse(Text(text))
    }

    /// The file's text, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines of the file, without their endings.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.line_ends.lines(&self.text).map(|line| self.line_ends.without_ending(line))
    }

    /// Whether carriage returns alone are blanks in it, since botocore cannot read it: after an edit it may be able to, and then
    /// they end lines.
    pub fn has_blank_returns(&self) -> bool {
        self.line_ends == LineEnds::LineFeeds && LineEnds::of(&self.text) == LineEnds::LoneReturns
    }

    /// The sections in file order; one that appears twice comes twice.
    pub fn sections(&self) -> impl DoubleEndedIterator<Item = Section<'_>> + ExactSizeIterator {
        (0..self.sections.len()).map(|index| self.section(index))
    }

    /// The sections that may be of this name, whatever their kind, each with its index in [`Document::sections`].
    pub(crate) fn sections_named(&self, name: &str) -> impl Iterator<Item = (usize, Section<'_>)> {
        let end = name.bytes().last();
        // A quick look first: nothing comes off a header that ends in a letter or a digit, and few end like the name.
        let may_be = move |span: &SectionSpan| {
            let last = self.text.as_bytes()[span.header.end - 1];
            Some(last) == end || !last.is_ascii_alphanumeric()
        };
        let found = self.sections.iter().enumerate().filter(move |(_, span)| may_be(span));
        found.map(|(index, _)| (index, self.section(index))).filter(move |(_, section)| {
            let header = section.header();
            header.name == name || header.text == name
        })
    }

    /// The section at `index` of [`Document::sections`].
    pub(crate) fn section(&self, index: usize) -> Section<'_> {
        Section { document: self, index }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Security: the text may hold secret access keys.
        f.debug_struct("Document").field("sections", &self.sections.len()).finish_non_exhaustive()
    }
}

/// One section of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    document: &'a Document,
    index: usize,
}

impl<'a> Section<'a> {
    fn span(self) -> &'a SectionSpan {
        &self.document.sections[self.index]
    }

    /// The text between the brackets, as written.
    pub fn header_text(self) -> &'a str {
        &self.document.text[self.span().header.clone()]
    }

    /// The header's text, taken apart.
    pub fn header(self) -> Header<'a> {
        let names = &self.document.quoted_names;
        let unquoted = match names.is_empty() {
            true => None,
            false => names.binary_search_by_key(&self.index, |(index, _)| *index).ok().map(|at| names[at].1.as_str()),
        };
        Header::new(self.header_text(), unquoted)
    }

    /// The header's line, 1-based.
    pub fn line(self) -> usize {
        self.span().line
    }

    /// Whether the header does not begin in the first column.
    pub fn is_indented(self) -> bool {
        self.span().header.start > self.span().start + 1
    }

    /// What follows the header in its line, trimmed.
    pub fn after_header(self) -> &'a str {
        self.document.text[self.span().header.end + 1..self.header_line().end].trim_matches(find::is_space)
    }

    /// The indented comments among its lines, each with its line, and the property above it.
    pub fn indented_comments(self) -> impl Iterator<Item = (usize, &'a str, Option<Property<'a>>)> {
        let mut properties = self.properties().peekable();
        let mut above = None;
        let body = &self.document.text[self.header_line().end..self.end()];
        let comments = (self.line() + 1..).zip(self.document.line_ends.lines(body));
        let comments = comments.filter(|(_, line)| parse::is_comment(line) && !parse::indentation(line).is_empty());
        comments.map(move |(number, line)| {
            while let Some(property) = properties.next_if(|property| property.line() < number) {
                above = Some(property);
            }
            (number, line.trim_matches(find::is_space), above.clone())
        })
    }

    /// The properties in file order; one that appears twice comes twice.
    pub fn properties(self) -> impl DoubleEndedIterator<Item = Property<'a>> + ExactSizeIterator {
        let (text, line_ends) = (self.document.text(), self.document.line_ends);
        let spans = parse::properties(text, line_ends, self.header_line().end..self.end(), self.line() + 1);
        spans.into_iter().map(move |span| Property { text, line_ends, span })
    }

    /// The last property of this name, which is the one that counts. Case does not matter.
    pub fn property(self, name: &str) -> Option<Property<'a>> {
        self.properties().rev().find(|property| property.key().eq_ignore_ascii_case(name))
    }

    /// Where the next section begins, or the file ends.
    fn end(self) -> usize {
        let document = self.document;
        document.sections.get(self.index + 1).map_or(document.text.len(), |next| next.start)
    }

    /// The header's line, line ending included.
    fn header_line(self) -> Range<usize> {
        let start = self.span().start;
        let text = &self.document.text[start..];
        start..start + self.document.line_ends.lines(text).next().map_or(0, str::len)
    }
}

/// One `key = value` of a [`Section`], continuation lines included.
#[derive(Clone)]
pub struct Property<'a> {
    text: &'a str,
    line_ends: LineEnds,
    span: PropertySpan,
}

impl<'a> Property<'a> {
    /// The key as written; it means the same in any case.
    pub fn key(&self) -> &'a str {
        &self.text[self.span.key.clone()]
    }

    /// The key's line, 1-based.
    pub fn line(&self) -> usize {
        self.span.line
    }

    /// Whether it does not begin in the first column.
    pub fn is_indented(&self) -> bool {
        self.span.key.start > self.span.key_line.start
    }

    /// Whether a `:` ends its name.
    pub fn has_colon(&self) -> bool {
        !self.text[self.span.key.end..self.span.value.start].contains('=')
    }

    /// The value: trimmed, an inline comment taken off the first line, continuation lines joined with `\n`.
    ///
    /// A nested block is the text after an empty first line, so it begins with `\n`.
    pub fn value(&self) -> Cow<'a, str> {
        let first = &self.text[self.span.value.clone()];
        let mut continuations = self.continuations().peekable();
        if continuations.peek().is_none() {
            return Cow::Borrowed(first);
        }
        let mut value = first.to_owned();
        for (_, line) in continuations {
            value.push('\n');
            value.push_str(line);
        }
        Cow::Owned(value)
    }

    /// The value on the key's own line, as written between the blanks.
    pub fn first_value(&self) -> &'a str {
        &self.text[self.span.value.clone()]
    }

    /// The inline comment after the value on the key's line, from its `#` or `;` on.
    pub fn comment(&self) -> Option<&'a str> {
        let rest = self.text[self.span.value.end..self.span.key_line.end].trim_matches(find::is_space);
        (!rest.is_empty()).then_some(rest)
    }

    /// Each continuation line with its number, trimmed.
    pub fn continuations(&self) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        let lines = &self.text[self.span.key_line.end..self.span.end];
        let (first, line_ends) = (self.span.line + 1, self.line_ends);
        (first..)
            .zip(line_ends.lines(lines).map(move |line| line_ends.without_ending(line)))
            .filter(|(_, line)| !parse::is_ignored(line))
            .map(|(number, line)| (number, line.trim_matches(find::is_space)))
    }
}

impl fmt::Debug for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Security: the value may be a secret access key.
        f.debug_struct("Property").field("key", &self.key()).field("line", &self.line()).finish_non_exhaustive()
    }
}
