//! Whole sections renamed, copied and taken out, each with the comments that describe it. Pure.

use std::ops::Range;

use super::{EditError, parse};
use crate::ini::{Document, Property, PropertySpan, SectionName, find, is_identifier};
use crate::shlex;

impl Document {
    /// Whether there is a section of this name.
    pub fn has_section(&self, section: SectionName<'_>) -> bool {
        !self.indices_of(section).is_empty()
    }

    /// Gives every section of this name another name; whether there was one.
    ///
    /// Blanks, comments and quotes in the header stay, so that renaming it back gives the same bytes; only quotes that
    /// the old name needed go, and those that the new one needs come. `[default]` becomes `[profile NAME]`, and what becomes `default` has no `profile`.
    ///
    /// # Errors
    /// As [`SectionName::check`], or a name that is taken.
    pub fn rename_section(&mut self, section: SectionName<'_>, name: &str) -> Result<bool, EditError> {
        let new = section.with_name(name);
        self.check_new(new)?;
        let indices = self.indices_of(section);
        let changes: Vec<_> = indices.iter().map(|index| self.renamed(*index, new)).collect();
        let mut renamed = self.clone();
        renamed.splice_all(&changes);
        // What is after the header in its line may be read as a part of it now.
        if renamed.indices_of(new).len() != indices.len() {
            let reason = "the SDKs would not read it back from that header's line";
            return Err(EditError::SectionName { name: name.to_owned(), reason });
        }
        *self = renamed;
        Ok(!changes.is_empty())
    }

    /// The part of a header that its new name replaces, and what it becomes.
    fn renamed(&self, index: usize, new: SectionName<'_>) -> (Range<usize>, String) {
        let header = self.section(index).header();
        let all = self.sections[index].header.clone();
        let whole = shift(find::trimmed(&self.text[all.clone()], 0..all.len()), all.start);
        let after_prefix = header.prefix.and_then(|prefix| header.text[prefix.len()..].strip_prefix([' ', '\t']));
        let (range, text) = match after_prefix {
            Some(name) if new != SectionName::Profile("default") => {
                let written = name.trim_start();
                let place = whole.end - written.len()..whole.end;
                let is_plain = is_identifier(header.name) && written.len() == header.name.len() + 2;
                match header.quoted && is_plain && is_identifier(new.name()) {
                    true => (place.start + 1..place.end - 1, new.name().to_owned()),
                    false => (place, shlex::quoted(new.name()).into_owned()),
                }
            }
            Some(_) | None => (whole, new.header_text()),
        };
        let header = format!("{}{text}{}", &self.text[all.start..range.start], &self.text[range.end..all.end]);
        let read = Document::parse(format!("[{header}]\n"));
        let is_read_back = |document: &Document| document.has_section(new);
        if read.is_ok_and(|read| is_read_back(&read)) { (range, text) } else { (all, new.header_text()) }
    }

    /// Adds a copy of a section at the end of the file; whether there was one to copy.
    ///
    /// Its settings come along as they are written, with the comments between them. Of several sections of one name
    /// one is made: two would be refused by the AWS CLI.
    ///
    /// # Errors
    /// As [`Document::rename_section`].
    pub fn copy_section(&mut self, section: SectionName<'_>, name: &str) -> Result<bool, EditError> {
        let new = section.with_name(name);
        self.check_new(new)?;
        let indices = self.indices_of(section);
        if indices.is_empty() {
            return Ok(false);
        }
        let mut body = String::new();
        let mut depth = usize::MAX;
        for index in indices {
            self.copy_settings(index, &mut depth, &mut body);
            if !body.is_empty() && self.ending_of(&body).is_none() {
                body.push_str(self.ending());
            }
        }
        self.add_section(new)?;
        self.splice(self.text.len()..self.text.len(), &body);
        Ok(true)
    }

    /// The settings of a section, none indented further than the one before it, whose value it would continue.
    fn copy_settings(&self, index: usize, depth: &mut usize, body: &mut String) {
        let section = self.section(index);
        let mut from = section.header_line().end;
        for PropertySpan { key_line, key, .. } in section.properties().map(|property| property.span) {
            body.push_str(&self.text[from..key_line.start]);
            let indentation = &self.text[key_line.start..key.start];
            body.extend(indentation.chars().take(*depth));
            *depth = indentation.chars().count().min(*depth);
            from = key.start;
        }
        body.push_str(&self.text[from..self.end_of_settings(index)]);
    }

    /// Takes every section of this name out; whether there was one.
    ///
    /// The comments that stand right above its header or right below its last setting go with it, and one gap of blank
    /// lines. Comments set off by blank lines stay: they may describe what follows. A header after it that would now
    /// continue the setting before it is indented no further than that.
    pub fn remove_section(&mut self, section: SectionName<'_>) -> bool {
        let indices = self.indices_of(section);
        let mut changes: Vec<(Range<usize>, String)> = Vec::new();
        for index in &indices {
            let mut extent = self.extent(*index);
            // Two that stand side by side reach for the same gap.
            if let Some((last, _)) = changes.last() {
                extent.start = extent.start.max(last.end);
            }
            changes.push((extent, String::new()));
            changes.extend(self.next_header_indented_less(*index, &indices));
        }
        self.splice_all(&changes);
        !changes.is_empty()
    }

    /// The change that a header needs to stay one when the sections before it go, of which `index` is the last.
    fn next_header_indented_less(&self, index: usize, gone: &[usize]) -> Option<(Range<usize>, String)> {
        let next = self.sections.get(index + 1).filter(|_| !gone.contains(&(index + 1)))?;
        let before = (0..index).rev().find(|index| !gone.contains(index))?;
        let Property { span: last, .. } = self.section(before).properties().next_back()?;
        let depth = self.text[last.key_line.start..last.key.start].chars().count();
        let indentation = self.indentation_of_header(index + 1);
        let is_deeper = indentation.chars().count() > depth;
        is_deeper.then(|| (next.start..next.start + indentation.len(), indentation.chars().take(depth).collect()))
    }

    fn check_new(&self, new: SectionName<'_>) -> Result<(), EditError> {
        new.check()?;
        match self.has_section(new) {
            true => Err(EditError::SectionExists(new.header_text())),
            false => Ok(()),
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
        let comment_at = |line: &Range<usize>| parse::is_comment(&self.text[line.clone()]);
        while let Some(line) = self.line_before(start).filter(comment_at) {
            start = line.start;
        }
        let mut end = self.end_of_settings(index);
        let mut comments = end;
        while let Some(line) = self.line_at(comments).filter(comment_at) {
            comments = line.end;
        }
        // Right above another header they are that one's.
        if self.sections.get(index + 1).is_none_or(|next| next.start != comments) {
            end = comments;
        }
        let blank_at = |line: &Range<usize>| parse::is_blank(&self.text[line.clone()]);
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
        let line = self.line_ends.lines(&self.text[start..]).next()?;
        Some(start..start + line.len())
    }

    fn line_before(&self, end: usize) -> Option<Range<usize>> {
        (end > 0).then(|| self.line_ends.start_of_last(&self.text[..end])..end)
    }
}

fn shift(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}
