//! Whole sections renamed, copied and taken out, each with the comments that describe it. Pure.

use std::ops::Range;

use super::{EditError, ending_of, parse};
use crate::ini::{Document, SectionName, is_identifier};

impl Document {
    /// Whether there is a section of this name.
    pub fn has_section(&self, section: SectionName<'_>) -> bool {
        !self.indices_of(section).is_empty()
    }

    /// Gives every section of this name another name; whether there was one.
    ///
    /// Blanks, comments and quotes in the header stay, so that renaming it back gives the same bytes; only quotes that
    /// the old name needed go. `[default]` becomes `[profile NAME]`, and what becomes `default` has no `profile`.
    ///
    /// # Errors
    /// A name that SDKs would ignore, or that is taken.
    pub fn rename_section(&mut self, section: SectionName<'_>, name: &str) -> Result<bool, EditError> {
        let new = with_name(section, name);
        self.check_new(new)?;
        let indices = self.indices_of(section);
        let changes: Vec<_> = indices
            .iter()
            .map(|index| {
                let header = self.section(*index).header();
                let range = self.sections[*index].header.clone();
                let text = &self.text[range.clone()];
                let at = text.rfind(header.name).expect("a header's name is a part of its text");
                let name_at = range.start + at..range.start + at + header.name.len();
                let needed_quotes = header.quoted && !is_identifier(header.name);
                if header.is_default() || new == SectionName::Profile("default") {
                    let blanks = text.len() - text.trim_start().len();
                    let end = range.start + text.trim_end().len();
                    (range.start + blanks..end, new.header_text())
                } else if needed_quotes {
                    (name_at.start - 1..name_at.end + 1, name.to_owned())
                } else {
                    (name_at, name.to_owned())
                }
            })
            .collect();
        self.splice_all(&changes);
        Ok(!changes.is_empty())
    }

    /// Adds a copy of a section at the end of the file; whether there was one to copy.
    ///
    /// Its settings come along as they are written, with the comments between them. Of several sections of one name
    /// one is made: two would be refused by the AWS CLI.
    ///
    /// # Errors
    /// As [`Document::rename_section`].
    pub fn copy_section(&mut self, section: SectionName<'_>, name: &str) -> Result<bool, EditError> {
        let new = with_name(section, name);
        self.check_new(new)?;
        let indices = self.indices_of(section);
        if indices.is_empty() {
            return Ok(false);
        }
        let mut body = String::new();
        for index in indices {
            body.push_str(&self.text[self.section(index).header_line().end..self.end_of_settings(index)]);
            if !body.is_empty() && !body.ends_with('\n') {
                body.push_str(self.ending());
            }
        }
        self.add_section(new)?;
        self.splice(self.text.len()..self.text.len(), &body);
        Ok(true)
    }

    /// Takes every section of this name out; whether there was one.
    ///
    /// The comments that stand right above its header or right below its last setting go with it, and one gap of blank
    /// lines. Comments set off by blank lines stay: they may describe what follows.
    pub fn remove_section(&mut self, section: SectionName<'_>) -> bool {
        let indices = self.indices_of(section);
        let mut changes: Vec<(Range<usize>, String)> = Vec::new();
        for index in indices {
            let mut extent = self.extent(index);
            // Two that stand side by side reach for the same gap.
            if let Some((last, _)) = changes.last() {
                extent.start = extent.start.max(last.end);
            }
            changes.push((extent, String::new()));
        }
        self.splice_all(&changes);
        !changes.is_empty()
    }

    fn check_new(&self, new: SectionName<'_>) -> Result<(), EditError> {
        if !is_identifier(new.name()) {
            Err(EditError::SectionName(new.name().to_owned()))
        } else if self.has_section(new) {
            Err(EditError::SectionExists(new.header_text()))
        } else {
            Ok(())
        }
    }

    fn end_of_settings(&self, index: usize) -> usize {
        let section = self.section(index);
        let last = section.properties().next_back();
        last.map_or_else(|| section.header_line().end, |last| last.span.end)
    }

    /// The lines that go with a section.
    fn extent(&self, index: usize) -> Range<usize> {
        let mut start = self.sections[index].start;
        while let Some(line) = self.line_before(start).filter(|line| is_comment(&self.text[line.clone()])) {
            start = line.start;
        }
        let mut end = self.end_of_settings(index);
        let mut comments = end;
        while let Some(line) = self.line_at(comments).filter(|line| is_comment(&self.text[line.clone()])) {
            comments = line.end;
        }
        // Right above another header they are that one's.
        if !self.text[comments..].starts_with('[') {
            end = comments;
        }
        let blank_at = |line: &Range<usize>| parse::is_blank(parse::without_ending(&self.text[line.clone()]));
        let gap_before = self.line_before(start).is_none_or(|line| blank_at(&line));
        let mut after = end;
        while let Some(line) = self.line_at(after).filter(blank_at) {
            after = line.end;
        }
        if after == self.text.len() {
            while let Some(line) = self.line_before(start).filter(blank_at) {
                start = line.start;
            }
            start..after
        } else if gap_before {
            start..after
        } else {
            start..end
        }
    }

    fn line_at(&self, start: usize) -> Option<Range<usize>> {
        let line = self.text[start..].split_inclusive('\n').next()?;
        Some(start..start + line.len())
    }

    fn line_before(&self, end: usize) -> Option<Range<usize>> {
        let before = &self.text[..end];
        let line = before[..before.len() - ending_of(before).map_or(0, str::len)].rfind('\n').map_or(0, |at| at + 1);
        (end > 0).then_some(line..end)
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', ';'])
}

fn with_name<'a>(section: SectionName<'_>, name: &'a str) -> SectionName<'a> {
    match section {
        SectionName::Profile(_) => SectionName::Profile(name),
        SectionName::Credentials(_) => SectionName::Credentials(name),
        SectionName::Other(kind, _) => SectionName::Other(kind, name),
    }
}
