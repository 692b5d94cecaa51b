//! Many sections edited at once, in a time that grows with the file and not with its square. Pure.

use std::collections::HashMap;
use std::ops::Range;

use super::{EditError, check_value, checked_name};
use crate::ini::{Document, SectionName};
use crate::sorted;

impl Document {
    /// Makes one edit for each of `edits`, in the section that `section_of` says it is of; the same as one after the other.
    ///
    /// `edit` may change that section alone, and no two are of the same. A section that is there once is edited apart from
    /// the others, in a document with it and one before it whose spacing it may copy; the rest are edited in the whole
    /// document, last.
    ///
    /// # Errors
    /// The first of `edit`; nothing is changed then.
    pub fn edit_each<T>(
        &mut self,
        edits: &[T],
        section_of: impl for<'t> Fn(&'t T) -> SectionName<'t>,
        edit: impl Fn(&mut Document, &T) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        if let [only] = edits {
            return edit(self, only);
        }
        let (models, by_name) = (self.models(), self.by_name());
        let mut whole = self.clone();
        let mut changes: Vec<(Range<usize>, String)> = Vec::new();
        let mut rest = Vec::new();
        for one in edits {
            let wanted = section_of(one);
            let called = by_name.get(wanted.name()).map(Vec::as_slice).unwrap_or_default();
            let mut found = called.iter().copied().filter(|index| wanted.is(self.section(*index).header()));
            let model = match (found.next(), found.next()) {
                (Some(index), None) => models[index].map(|model| (index, model)),
                (_, _) => None,
            };
            let Some((index, model)) = model else {
                rest.push(one);
                continue;
            };
            let (range, before) = (self.range_of(index), self.range_of(model));
            let before = if model == index { "" } else { &self.text[before] };
            let mut apart =
                Document::parse(format!("{before}{}", &self.text[range.clone()])).expect("it is a part of this");
            // A header that is indented further than the setting put before it is none there.
            if apart.ending() != self.ending()
                || apart.line_ends > self.line_ends
                || apart.sections.len() != 1 + usize::from(model != index)
            {
                rest.push(one);
                continue;
            }
            edit(&mut apart, one)?;
            changes.push((range, apart.text[before.len()..].to_owned()));
        }
        sorted::sort_by_key(&mut changes, |(range, _)| range.start);
        whole.splice_all(&changes);
        if whole.sections.len() != self.sections.len() {
            // Nor is one after an edited section that was empty.
            return self.edit_one_by_one(edits, edit);
        }
        for one in rest {
            edit(&mut whole, one)?;
        }
        *self = whole;
        Ok(())
    }

    /// Adds sections with settings at the end of the file, as [`Document::add_section`] and [`Document::set`] would in a file
    /// whose last setting shows how all are spaced.
    ///
    /// # Errors
    /// As theirs, and a section that is there already; nothing is changed then.
    pub fn add_sections(&mut self, sections: &[(SectionName<'_>, Vec<(&str, String)>)]) -> Result<(), EditError> {
        let (ending, is_separated) = (self.ending(), self.separates_sections());
        let (column, after) = self.spacing(self.text.len());
        let mut new = String::new();
        if !self.text.is_empty() && self.ending_of(&self.text).is_none() {
            new.push_str(ending);
        }
        let by_name = self.by_name();
        for (section, settings) in sections {
            section.check()?;
            let mut called = by_name.get(section.name()).into_iter().flatten();
            if called.any(|index| section.is(self.section(*index).header())) {
                return Err(EditError::SectionExists(section.header_text()));
            }
            let has_gap = new.trim().is_empty() && self.ends_with_blank_line();
            if is_separated && !has_gap {
                new.push_str(ending);
            }
            new.push_str(&format!("[{}]{ending}", section.header_text()));
            for (name, value) in settings {
                let name = checked_name(name)?;
                check_value(&name, value)?;
                new.push_str(&format!("{name}{}={after}{value}{ending}", column.before(&name)));
            }
        }
        self.splice(self.text.len()..self.text.len(), &new);
        Ok(())
    }

    fn edit_one_by_one<T>(
        &mut self,
        edits: &[T],
        edit: impl Fn(&mut Document, &T) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        let mut whole = self.clone();
        edits.iter().try_for_each(|one| edit(&mut whole, one))?;
        *self = whole;
        Ok(())
    }

    /// For each section the one whose spacing a new line in it copies: itself, or the nearest before it.
    fn models(&self) -> Vec<Option<usize>> {
        let mut last = None;
        let shows = |index: usize| !self.spacings(index).is_empty();
        let model = |index: usize| {
            if shows(index) {
                last = Some(index);
            }
            last
        };
        (0..self.sections.len()).map(model).collect()
    }

    fn by_name(&self) -> HashMap<&str, Vec<usize>> {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, section) in self.sections().enumerate() {
            let header = section.header();
            by_name.entry(header.name).or_default().push(index);
            if header.text != header.name {
                by_name.entry(header.text).or_default().push(index);
            }
        }
        by_name
    }

    fn range_of(&self, index: usize) -> Range<usize> {
        let end = self.sections.get(index + 1).map_or(self.text.len(), |next| next.start);
        self.sections[index].start..end
    }

    /// Where the only section of this name begins.
    pub fn start_of(&self, section: SectionName<'_>) -> Option<usize> {
        let [index] = self.indices_of(section)[..] else { return None };
        Some(self.sections[index].start)
    }

    /// Takes out an empty section with the `gap` of line ends, in bytes, that was written before it: what is left is what
    /// was there before it was added. Whether it was such a section.
    pub fn take_back_section(&mut self, section: SectionName<'_>, gap: usize) -> bool {
        let [index] = self.indices_of(section)[..] else { return false };
        let header = self.section(index).header_line();
        let start = header.start.saturating_sub(gap);
        let is_gap = self.text[start..header.start].bytes().all(|byte| matches!(byte, b'\r' | b'\n'));
        let joins = !self.text[..start].is_empty() && self.ending_of(&self.text[..start]).is_none();
        let after = &self.text[header.end..];
        if self.section(index).properties().len() > 0
            || !is_gap
            || (joins && !after.is_empty() && !after.starts_with(['\r', '\n']))
        {
            return false;
        }
        let mut without = self.clone();
        without.splice(start..header.end, "");
        if without.sections.len() + 1 != self.sections.len() {
            return false;
        }
        *self = without;
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edits_made_apart_are_those_made_one_after_the_other() {
        let texts = [
            "[profile a]\nx = 1\n[profile b]\n\n[profile c]\ny=1\n[profile d]\n# d\n",
            "# c\r\n[profile a]\r\nlonger  = 1\r\n\r\n[profile b]\r\ns3 =\r\n  a = b\r\n[profile c]",
            "[profile a]\n[profile b]\nx = 1\n[profile b]\ny = 1\n[default]\nz = 1\n",
            "",
        ];
        let edits = ["b", "d", "new", "a", "c", "default"];
        let edit = |document: &mut Document, name: &&str| {
            let section = SectionName::Profile(name);
            document.rename_settings(section, |key| (key == "x").then(|| "keyfob_x".to_owned()))?;
            document.set(section, "process", name)
        };
        for text in texts {
            let mut apart = Document::parse(text.to_owned()).expect("parses");
            let mut one_by_one = apart.clone();
            apart.edit_each(&edits, |name| SectionName::Profile(name), edit).expect("edited");
            // What is there is edited first, then what is new: the order shows in nothing else.
            for name in ["a", "b", "c", "d", "default", "new"] {
                let there = |document: &Document| document.has_section(SectionName::Profile(name));
                if there(&one_by_one) {
                    edit(&mut one_by_one, &name).expect("edited");
                }
            }
            for name in edits {
                edit(&mut one_by_one, &name).expect("edited");
            }
            assert_eq!(apart.text(), one_by_one.text(), "{text:?}");
        }
    }

    #[test]
    fn many_sections_are_added_as_one_after_the_other_would_be() {
        let texts = [
            "",
            "[profile x]\nregion = y",
            "[profile x]\r\nregion=y\r\n\r\n[profile z]\r\na=b\r\n",
            "# c\n[profile x]\na = b\n[profile z]\nb = c\n",
            "[default]\n\n",
        ];
        for text in texts {
            let mut at_once = Document::parse(text.to_owned()).expect("parses");
            let mut one_by_one = at_once.clone();
            let names = ["one", "two words", "three"];
            let settings = [("sso_role_name", "ReadOnly"), ("region", "x")];
            let with = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
            let sections = names.map(|name| (SectionName::Profile(name), with.clone()));
            at_once.add_sections(&sections).expect("added");
            for name in names {
                one_by_one.add_section(SectionName::Profile(name)).expect("added");
                for (setting, value) in settings {
                    one_by_one.set(SectionName::Profile(name), setting, value).expect("set");
                }
            }
            assert_eq!(at_once.text(), one_by_one.text(), "{text:?}");
            let refused = at_once.add_sections(&[sections[0].clone()]);
            assert_eq!(refused, Err(EditError::SectionExists("profile one".to_owned())), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_section_that_was_added_is_taken_back_without_a_trace(
            text in "(\\[[a-c]\\]|[a-z]{1,3} ?= ?[a-z]{0,2}|#[a-z]?|)((\r)?\n(\\[profile [a-c]\\]|[a-z]{1,3} ?= ?[a-z]{0,2}|#[a-z]?|)){0,6}"
        ) {
            let Ok(before) = Document::parse(text) else { return Ok(()) };
            let section = SectionName::Profile("new");
            let mut document = before.clone();
            document.add_section(section).expect("added");
            let gap = document.start_of(section).expect("there") - before.text().len();
            document.set(section, "a", "b").expect("set");
            document.unset(section, "a");
            prop_assert!(document.take_back_section(section, gap));
            prop_assert_eq!(document.text(), before.text());
        }
    }
}
