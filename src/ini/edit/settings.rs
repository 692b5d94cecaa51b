//! Settings taken out, renamed, and given other values in place. Pure.

use std::ops::Range;

use super::{EditError, check_value, checked_name};
use crate::ini::{Document, Property, PropertySpan, Section, SectionName, parse};

impl Document {
    /// Takes a setting out of every section of this name, duplicates too; whether there was one.
    ///
    /// An inline comment goes with it; comments on lines of their own stay. Where the last line of a file goes that has
    /// no line end, the line before it loses its own.
    pub fn unset(&mut self, section: SectionName<'_>, name: &str) -> bool {
        let mut cuts: Vec<Range<usize>> = Vec::new();
        for index in self.indices_of(section) {
            for property in self.section(index).properties() {
                if property.key().eq_ignore_ascii_case(name) {
                    for line in self.lines_of(&property.span) {
                        match cuts.last_mut() {
                            Some(last) if last.end == line.start => last.end = line.end,
                            Some(_) | None => cuts.push(line),
                        }
                    }
                }
            }
        }
        if let Some(last) = cuts.last_mut()
            && last.end == self.text.len()
            && self.ending_of(&self.text).is_none()
        {
            last.start -= self.ending_of(&self.text[..last.start]).map_or(0, str::len);
        }
        let changes: Vec<_> = cuts.into_iter().map(|cut| (cut, String::new())).collect();
        self.splice_all(&changes);
        !changes.is_empty()
    }

    /// Takes out whole lines, comments and headers too; how many it were.
    pub fn delete_lines(&mut self, is_meant: impl Fn(&str) -> bool) -> usize {
        let (mut changes, mut start) = (Vec::new(), 0);
        for line in self.line_ends.lines(&self.text) {
            if is_meant(self.line_ends.without_ending(line)) {
                changes.push((start..start + line.len(), String::new()));
            }
            start += line.len();
        }
        self.splice_all(&changes);
        changes.len()
    }

    /// The lines that are the property's own: its key's, and each that continues its value.
    fn lines_of(&self, span: &PropertySpan) -> Vec<Range<usize>> {
        let mut lines = vec![span.key_line.clone()];
        let mut start = span.key_line.end;
        for line in self.line_ends.lines(&self.text[span.key_line.end..span.end]) {
            if !parse::is_ignored(line) {
                lines.push(start..start + line.len());
            }
            start += line.len();
        }
        lines
    }

    /// Gives settings of a section other names, each where it stands; how many it were. `rename` is given each name as
    /// it is written.
    ///
    /// # Errors
    /// A name that cannot be written; nothing is changed then.
    pub fn rename_settings(
        &mut self,
        section: SectionName<'_>,
        rename: impl Fn(&str) -> Option<String>,
    ) -> Result<usize, EditError> {
        let mut changes = Vec::new();
        for index in self.indices_of(section) {
            for property in self.section(index).properties() {
                if let Some(new) = rename(property.key()) {
                    checked_name(&new)?;
                    changes.push((property.span.key.clone(), new));
                }
            }
        }
        self.splice_all(&changes);
        Ok(changes.len())
    }

    /// Puts `keyfob_` before the name of a setting whose value `is_meant`, where no setting has that name.
    ///
    /// # Errors
    /// As [`Document::rename_settings`].
    pub fn hide(
        &mut self,
        section: SectionName<'_>,
        name: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<usize, EditError> {
        let hidden = format!("keyfob_{name}");
        if !self.value_in(section, name).is_some_and(|value| is_meant(&value))
            || self.names_in(section).contains(&hidden)
        {
            return Ok(0);
        }
        self.rename_settings(section, |key| key.eq_ignore_ascii_case(name).then(|| format!("keyfob_{key}")))
    }

    /// The names of the settings in the sections of this name, in lower case.
    pub fn names_in(&self, section: SectionName<'_>) -> Vec<String> {
        let indices = self.indices_of(section);
        let names = indices.iter().flat_map(|index| self.section(*index).properties());
        names.map(|property| property.key().to_ascii_lowercase()).collect()
    }

    /// The value of a setting in the sections of this name; of duplicates the last, which counts.
    pub fn value_in(&self, section: SectionName<'_>, name: &str) -> Option<String> {
        let indices = self.indices_of(section);
        indices.iter().rev().find_map(|index| Some(self.section(*index).property(name)?.value().into_owned()))
    }

    /// Gives settings of any section other values, each where it stands: its inline comment stays beside it. How many it
    /// were. A value of several lines is not offered to `change`.
    ///
    /// # Errors
    /// A value that cannot be written; nothing is changed then.
    pub fn change_values(
        &mut self,
        change: impl Fn(Section<'_>, &Property<'_>) -> Option<String>,
    ) -> Result<usize, EditError> {
        let mut changes = Vec::new();
        for section in self.sections() {
            for property in section.properties().filter(|property| property.continuations().next().is_none()) {
                if let Some(new) = change(section, &property) {
                    check_value(property.key(), &new)?;
                    changes.push((property.span.value.clone(), new));
                }
            }
        }
        self.splice_all(&changes);
        Ok(changes.len())
    }

    /// The text with the values of some settings replaced by `****`, to be shown.
    pub fn text_without(&self, is_secret: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        let mut from = 0;
        let properties = self.sections().flat_map(Section::properties);
        for span in properties.filter(|property| is_secret(property.key())).map(|property| property.span) {
            text.push_str(&self.text[from..span.value.start]);
            text.push_str("****");
            // Security: a comment after the value may be a part of it that a blank and a `#` cut off.
            let end = self.text[..span.end].trim_end_matches(['\r', '\n']).len();
            from = end.max(span.value.end);
        }
        text.push_str(&self.text[from..]);
        text
    }
}
