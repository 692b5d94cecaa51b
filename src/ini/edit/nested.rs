//! Settings in a nested block: `s3 =` with `max_queue_size = 5` indented below it. Pure.
//!
//! They are written as `aws configure set s3.max_queue_size 5` writes them (AWS CLI `configure/writer.py`): four spaces
//! further in than the block's own line, or as its other lines are.

use std::ops::Range;

use super::{EditError, check_value, checked_name};
use crate::ini::{Document, Property, SectionName, parse};

/// How much further in than the block's line a nested setting is.
const DEEPER: &str = "    ";

impl Document {
    /// Gives a setting in a nested block a value; section and block are added where there are none.
    ///
    /// # Errors
    /// As [`Document::set`], and where `block` has a value of its own.
    pub fn set_nested(
        &mut self,
        section: SectionName<'_>,
        block: &str,
        name: &str,
        value: &str,
    ) -> Result<(), EditError> {
        let (block, name) = (checked_name(block)?, checked_name(name)?);
        check_value(&name, value)?;
        self.add_section(section)?;
        let indices = self.indices_of(section);
        let found = indices.iter().rev().find_map(|index| self.section(*index).property(&block));
        let (at, new) = match &found {
            Some(property) if !property.first_value().is_empty() || property.comment().is_some() => {
                return Err(EditError::Value {
                    name: block,
                    reason: "it has a value of its own, so it is not a block",
                });
            }
            Some(property) => match self.nested_line(property, &name) {
                Some((_, old)) if &self.text[old.clone()] == value => return Ok(()),
                Some((_, old)) => (old, value.to_owned()),
                None => self.new_nested(property, &name, value),
            },
            None => {
                let index = *indices.last().expect("the section was just added");
                let (at, line) = self.new_property(index, &block, "");
                (at, self.with_nested(&line, &name, value))
            }
        };
        self.splice(at, &new);
        Ok(())
    }

    /// Takes a setting out of a nested block, and the block too where nothing else is in it; whether it was there.
    pub fn unset_nested(&mut self, section: SectionName<'_>, block: &str, name: &str) -> bool {
        let mut was_there = false;
        while let Some((property, line)) = self.indices_of(section).into_iter().find_map(|index| {
            let property = self.section(index).property(block).filter(|block| block.first_value().is_empty())?;
            let (line, _) = self.nested_line(&property, name)?;
            Some((property, line))
        }) {
            was_there = true;
            if property.continuations().count() == 1 {
                return self.unset(section, block);
            }
            // The last line of a file without a line end leaves the one before without.
            let before = &self.text[..line.start];
            let is_last = line.end == self.text.len() && self.ending_of(&self.text).is_none();
            let start = line.start - if is_last { self.ending_of(before).map_or(0, str::len) } else { 0 };
            self.splice(start..line.end, "");
        }
        was_there
    }

    /// The line of a nested setting, and where its value is; of duplicates the last.
    fn nested_line(&self, block: &Property<'_>, name: &str) -> Option<(Range<usize>, Range<usize>)> {
        let (mut found, mut start) = (None, block.span.key_line.end);
        for line in self.line_ends.lines(&self.text[block.span.key_line.end..block.span.end]) {
            let content = self.line_ends.without_ending(line);
            if let Some((key, value)) = content.split_once('=').filter(|_| !parse::is_ignored(content))
                && key.trim().eq_ignore_ascii_case(name)
            {
                let at = start + key.len() + 1;
                let trimmed = value.trim();
                let from = at + value.len() - value.trim_start().len();
                found = Some((start..start + line.len(), from..from + trimmed.len()));
            }
            start += line.len();
        }
        found
    }

    /// A new line at the end of a block, like the last one in it.
    fn new_nested(&self, block: &Property<'_>, name: &str, value: &str) -> (Range<usize>, String) {
        let at = block.span.end;
        let last = block.continuations().last();
        let Some((number, _)) = last else {
            let line = &self.text[block.span.key_line.clone()];
            return (block.span.key_line.clone(), self.with_nested(line, name, value));
        };
        let lines = &self.text[block.span.key_line.end..at];
        let line = self.line_ends.lines(lines).nth(number - block.span.line - 1).expect("the block has it");
        let indentation = parse::indentation(line);
        let content = self.line_ends.without_ending(line);
        let spacing = content.split_once('=').map(|(key, value)| {
            let space = |text: &str| text.len() - text.trim().len();
            (space(key) > indentation.len(), value.starts_with(' '))
        });
        let (before, after) = spacing.unwrap_or((true, true));
        let (before, after) = (if before { " " } else { "" }, if after { " " } else { "" });
        let (start, ending) = match self.ending_of(line) {
            Some(ending) => ("", ending),
            None => (self.ending(), ""),
        };
        (at..at, format!("{start}{indentation}{name}{before}={after}{value}{ending}"))
    }

    /// The line of a block, and below it its one setting.
    fn with_nested(&self, line: &str, name: &str, value: &str) -> String {
        let indentation = parse::indentation(line.trim_start_matches(['\r', '\n']));
        let (line, between, ending) = match self.ending_of(line) {
            Some(ending) => (line, "", ending),
            None => (line, self.ending(), ""),
        };
        format!("{line}{between}{indentation}{DEEPER}{name} = {value}{ending}")
    }
}
