//! Edits that touch only the lines they name, and write what every SDK reads alike. Pure.
//!
//! Here what adds and sets; `settings` takes out, renames and changes in place, `nested` does so within a block, `sections`
//! with whole sections.

mod apart;
mod nested;
mod sections;
mod settings;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::find::LineEnds;
use super::{Document, Property, PropertySpan, SectionName, is_identifier, parse};

/// Why an edit is refused; the document is then unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The section's name.
    #[error("`{name}` is not a valid section name: {reason}")]
    SectionName {
        /// As given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The setting's name.
    #[error("`{0}` is not a valid setting name: SDKs accept only `a-z 0-9 _ - / . % @ +`")]
    SettingName(String),
    /// There is such a section already.
    #[error("the section `[{0}]` already exists")]
    SectionExists(String),
    /// The value. It is not repeated here, for it may be a secret.
    #[error("the value of `{name}` cannot be written: {reason}")]
    Value {
        /// Of the setting.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// botocore could read the file only before the change, or only after it.
    #[error(
        "a carriage return without a line feed would make other lines of the file mean something else after this change"
    )]
    LoneReturn,
}

impl Document {
    /// This document after `change`.
    ///
    /// # Errors
    /// Those of `change`; one that makes a carriage return alone end a line, or no longer, since lines that are not changed would
    /// then be read otherwise.
    pub fn changed(&self, change: impl FnOnce(&mut Document) -> Result<(), EditError>) -> Result<Document, EditError> {
        let mut new = self.clone();
        change(&mut new)?;
        let has_returns = |document: &Document| LineEnds::of(&document.text) == LineEnds::LoneReturns;
        match has_returns(self) && has_returns(&new) && new.line_ends != self.line_ends {
            true => Err(EditError::LoneReturn),
            false => Ok(new),
        }
    }

    /// Gives a setting a value; a section that is not there is added at the end of the file.
    ///
    /// Only the lines concerned change. Of duplicates the last one is set, for it is the one that counts. A new line
    /// copies its neighbours' spacing round the `=` and their line ending; at the end of a file whose last line has none
    /// it has none either, so that taking it out again gives the same bytes. An inline comment moves to a line of its
    /// own above, since botocore would read it as part of the value.
    ///
    /// # Errors
    /// A name or a value that not every SDK would read back as it is given.
    pub fn set(&mut self, section: SectionName<'_>, name: &str, value: &str) -> Result<(), EditError> {
        let name = checked_name(name)?;
        check_value(&name, value)?;
        self.add_section(section)?;
        let indices = self.indices_of(section);
        let found = indices.iter().rev().find_map(|index| self.section(*index).property(&name));
        let (at, new) = match found {
            Some(property) if property.value() == value => return Ok(()),
            Some(property) => (property.span.key_line.start..property.span.end, self.with_value(&property, value)),
            None => self.new_property(*indices.last().expect("the section was just added"), &name, value),
        };
        self.splice(at, &new);
        Ok(())
    }

    /// Adds an empty section at the end of the file, unless there is one of this name.
    ///
    /// # Errors
    /// As [`SectionName::check`]; one that is there already, in quotes, is taken.
    pub fn add_section(&mut self, section: SectionName<'_>) -> Result<(), EditError> {
        if !self.indices_of(section).is_empty() {
            return Ok(());
        }
        section.check()?;
        let ending = self.ending();
        let mut new = String::new();
        if !self.text.is_empty() && self.ending_of(&self.text).is_none() {
            new.push_str(ending);
        }
        if self.separates_sections() && !self.ends_with_blank_line() {
            new.push_str(ending);
        }
        new.push_str(&format!("[{}]{ending}", section.header_text()));
        self.splice(self.text.len()..self.text.len(), &new);
        Ok(())
    }

    /// The sections and settings of this document that `old` does not have, as lines to paste into the file by hand.
    pub fn lines_beyond(&self, old: &Document) -> String {
        let mut known = HashSet::new();
        let mut headers = HashSet::new();
        for section in old.sections() {
            headers.insert(section.header_text());
            known
                .extend(section.properties().map(|property| (section.header_text(), property.key(), property.value())));
        }
        let mut lines = String::new();
        for section in self.sections() {
            let header = section.header_text();
            let is_new = |property: &Property<'_>| !known.contains(&(header, property.key(), property.value()));
            let mut new = section.properties().filter(is_new).peekable();
            if new.peek().is_some() || !headers.contains(header) {
                lines.push_str(&format!("[{header}]\n"));
                new.for_each(|property| lines.push_str(&format!("{} = {}\n", property.key(), property.value())));
            }
        }
        lines
    }

    /// Every section of this name; `[default]` only where no `[profile default]` replaces it.
    fn indices_of(&self, section: SectionName<'_>) -> Vec<usize> {
        let all = |is: &dyn Fn(&super::Section<'_>) -> bool| -> Vec<usize> {
            self.sections().enumerate().filter(|(_, section)| is(section)).map(|(index, _)| index).collect()
        };
        let exact = all(&|candidate| section.is(candidate.header()));
        match section {
            SectionName::Profile("default") if exact.is_empty() => all(&|candidate| candidate.header().is_default()),
            SectionName::Profile(_) | SectionName::Credentials(_) | SectionName::Other(..) => exact,
        }
    }

    /// The lines of `property` with another value; comment lines among its continuation lines stay. A `:` in place of the
    /// `=` goes, for it is one reader's alone.
    fn with_value(&self, property: &Property<'_>, value: &str) -> String {
        let span = &property.span;
        let key_line = &self.text[span.key_line.clone()];
        let ending = self.ending_of(key_line).unwrap_or("");
        let indentation = &self.text[span.key_line.start..span.key.start];
        let mut new = String::new();
        if let Some(comment) = property.comment() {
            new.push_str(indentation);
            new.push_str(comment);
            new.push_str(if ending.is_empty() { self.ending() } else { ending });
        }
        new.push_str(&self.text[span.key_line.start..span.key.end]);
        let separator = &self.text[span.key.end..span.value.start];
        if separator.contains('=') {
            new.push_str(separator);
            if separator.ends_with('=') && span.value.is_empty() {
                new.push_str(self.spacing(span.key_line.start).1);
            }
        } else {
            let (column, after) = self.spacing(span.key_line.start);
            new.push_str(&format!("{}={after}", column.before(property.key())));
        }
        new.push_str(value);
        new.push_str(ending);
        let rest = &self.text[span.key_line.end..span.end];
        new.extend(self.line_ends.lines(rest).filter(|line| parse::is_ignored(line)));
        new
    }

    /// A new line after the section's last property, and where it goes.
    fn new_property(&self, section: usize, name: &str, value: &str) -> (Range<usize>, String) {
        let (neighbour, indentation) = match self.section(section).properties().next_back() {
            Some(Property { span: last, .. }) => {
                (last.key_line.start..last.end, &self.text[last.key_line.start..last.key.start])
            }
            None => (self.section(section).header_line(), self.indentation_after_header(section)),
        };
        let at = neighbour.end;
        let neighbour = &self.text[neighbour];
        let (before, ending) = match self.ending_of(neighbour) {
            Some(ending) => ("", ending),
            None => (self.ending(), ""),
        };
        let (column, after) = self.spacing(at);
        let after = if value.is_empty() { "" } else { after };
        (at..at, format!("{before}{indentation}{name}{}={after}{value}{ending}", column.before(name)))
    }

    /// The indentation of a section's first setting: a header after it that is indented further would continue its value.
    fn indentation_after_header(&self, section: usize) -> &str {
        let depth = |index: &usize| self.indentation_of_header(*index).chars().count();
        let deepest = [section, section + 1].into_iter().filter(|index| *index < self.sections.len()).max_by_key(depth);
        self.indentation_of_header(deepest.expect("the section is there"))
    }

    fn indentation_of_header(&self, section: usize) -> &str {
        parse::indentation(&self.text[self.sections[section].start..self.sections[section].header.end])
    }

    /// How the nearest property before `at` (else the first one) spaces its `=`. More than one space is an oddity of its line,
    /// unless another line of the section has the `=` in the same column.
    fn spacing(&self, at: usize) -> (Column<'_>, &str) {
        let index = self.sections.partition_point(|section| section.start < at).saturating_sub(1);
        let before = (0..=index).rev().filter(|index| *index < self.sections.len());
        let after = index + 1..self.sections.len();
        let nearest = |index: usize| {
            let spacings = self.spacings(index);
            let above = spacings.partition_point(|(start, _, _)| *start < at);
            let place = if above > 0 { above - 1 } else { 0 };
            spacings.into_iter().nth(place).map(|(_, column, right)| (column, right))
        };
        before.chain(after).find_map(nearest).unwrap_or((Column::Space(" "), " "))
    }

    /// The spacing of each property of a section that others can copy, with where its line begins.
    fn spacings(&self, index: usize) -> Vec<(usize, Column<'_>, &str)> {
        let spans: Vec<PropertySpan> = self.section(index).properties().map(|property| property.span).collect();
        // A property without a value (a nested block) does not show what stands after its `=`.
        let shown = || {
            let shows = spans.iter().filter(|property| !property.value.is_empty());
            shows.filter_map(|property| Some((property, self.sides(property)?)))
        };
        let (mut columns, mut rights) = (HashMap::new(), HashMap::new());
        for (property, (left, right)) in shown() {
            *columns.entry(property.key.len() + left.len()).or_insert(0) += 1;
            *rights.entry(right).or_insert(0) += 1;
        }
        let spacing = |(property, (left, right)): (&PropertySpan, (_, _))| {
            let (left, right): (&str, &str) = (left, right);
            let column = property.key.len() + left.len();
            let column = match left.len() {
                0 | 1 => Column::Space(left),
                _ if columns[&column] > 1 && !left.contains('\t') => Column::At(column),
                _ => return None,
            };
            (right.len() <= 1 || rights[right] > 1).then_some((property.key_line.start, column, right))
        };
        shown().filter_map(spacing).collect()
    }

    /// What is before and after the `=` of a property; none where it has a `:`.
    fn sides(&self, property: &PropertySpan) -> Option<(&str, &str)> {
        self.text[property.key.end..property.value.start].split_once('=')
    }

    /// The file's line ending: that of its first line.
    fn ending(&self) -> &'static str {
        self.line_ends.lines(&self.text).next().and_then(|line| self.ending_of(line)).unwrap_or("\n")
    }

    /// Whether a blank line goes before a new section: as before the last one, and where there is but one.
    fn separates_sections(&self) -> bool {
        match self.sections.as_slice() {
            [] | [_] => true,
            [.., last] => {
                let above = &self.text[..last.start];
                // Comments right above a header belong to it.
                let lines: Vec<&str> = self.line_ends.lines(above).collect();
                lines.into_iter().rev().find(|line| !parse::is_comment(line)).is_none_or(parse::is_blank)
            }
        }
    }

    /// The ending of a line; the last line of a file may have none.
    fn ending_of(&self, line: &str) -> Option<&'static str> {
        self.line_ends.ending_of(line)
    }

    fn ends_with_blank_line(&self) -> bool {
        parse::is_blank(&self.text[self.line_ends.start_of_last(&self.text)..])
    }

    fn splice(&mut self, at: Range<usize>, new: &str) {
        self.splice_all(&[(at, new.to_owned())]);
    }

    /// Replaces ranges that do not overlap, in the order of the file.
    fn splice_all(&mut self, changes: &[(Range<usize>, String)]) {
        // Built beside the old text, so that growing it leaves no copy behind that is not wiped.
        let added: usize = changes.iter().map(|(_, new)| new.len()).sum();
        let mut text = String::with_capacity(self.text.len() + added);
        let mut from = 0;
        for (at, new) in changes {
            text.push_str(&self.text[from..at.start]);
            text.push_str(new);
            from = at.end;
        }
        text.push_str(&self.text[from..]);
        *self = Document::parse(text).expect("what is written was checked, so it parses");
    }
}

/// Where a new line's `=` goes.
enum Column<'a> {
    /// After this much space.
    Space(&'a str),
    /// In this column, under its neighbours'.
    At(usize),
}

impl Column<'_> {
    /// The space between a key and its `=`.
    fn before(&self, key: &str) -> Cow<'_, str> {
        match self {
            Column::Space(before) => Cow::Borrowed(before),
            Column::At(column) => Cow::Owned(" ".repeat(column.saturating_sub(key.len()).max(1))),
        }
    }
}

impl SectionName<'_> {
    /// Whether a section of this name can be written.
    ///
    /// # Errors
    /// A name that botocore would not read back, or in which blanks would be lost to the reference.
    pub fn check(self) -> Result<(), EditError> {
        let name = self.name();
        let text = self.header_text();
        let is_read_back = || {
            let written = Document::parse(format!("[{text}]\n"));
            written.is_ok_and(|written| match written.sections().collect::<Vec<_>>()[..] {
                [section] => self.is(section.header()) || (name == "default" && section.header().is_default()),
                _ => false,
            })
        };
        let reason = if name.is_empty() {
            "it is empty"
        } else if name.chars().any(char::is_control) {
            "it has a line break or another control character"
        } else if name.trim() != name {
            "it begins or ends with a blank"
        } else if self == SectionName::Credentials("DEFAULT") {
            "the AWS CLI and boto3 would copy its settings into every section"
        } else if !is_read_back() {
            "the SDKs would not read it back"
        } else {
            return Ok(());
        };
        Err(EditError::SectionName { name: name.to_owned(), reason })
    }
}

/// The name in lower case; JavaScript's SDK finds no other.
fn checked_name(name: &str) -> Result<String, EditError> {
    // botocore ends a name at a `:`.
    if is_identifier(name) && !name.contains(':') {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(EditError::SettingName(name.to_owned()))
    }
}

fn check_value(name: &str, value: &str) -> Result<(), EditError> {
    let reason = if value.chars().any(|c| c.is_control() && c != '\t') {
        "it has a line break or another control character"
    } else if value.trim() != value {
        "it begins or ends with a space"
    } else if value.starts_with(['#', ';']) || parse::without_comment(value) != value {
        "SDKs would treat its `#` or `;` as the start of a comment"
    } else if value.len() > 1 && ['"', '\''].iter().any(|quote| value.starts_with(*quote) && value.ends_with(*quote)) {
        "the SDK for Go would remove the quotes around it"
    } else {
        return Ok(());
    };
    Err(EditError::Value { name: name.to_owned(), reason })
}

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
