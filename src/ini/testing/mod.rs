//! Edits of a document, what each does to a table of its settings, and what holds of every one of them.
//!
//! For the tests here; the integration tests and the fuzz targets include this file. May use `ini`.
#![allow(dead_code, missing_docs, reason = "each of those that share this uses a part of it")]

use std::collections::BTreeMap;

use crate::ini::{Document, Header, Section, SectionKind, SectionName, is_identifier};

#[cfg(test)]
pub mod random;

#[derive(Debug, Clone)]
pub enum Edit {
    Set { section: Place, name: String, value: String },
    Unset { section: Place, name: String },
    Rename { section: Place, new: String },
    Copy { section: Place, new: String },
    Remove { section: Place },
    Hide { section: Place, name: String },
}

/// A section by what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Profile(String),
    Credentials(String),
    Services(String),
}

impl Place {
    pub fn name(&self) -> SectionName<'_> {
        match self {
            Place::Profile(name) => SectionName::Profile(name),
            Place::Credentials(name) => SectionName::Credentials(name),
            Place::Services(name) => SectionName::Other(SectionKind::Services, name),
        }
    }

    /// The same kind of section, under another name.
    pub fn called(&self, name: &str) -> Place {
        match self {
            Place::Profile(_) => Place::Profile(name.to_owned()),
            Place::Credentials(_) => Place::Credentials(name.to_owned()),
            Place::Services(_) => Place::Services(name.to_owned()),
        }
    }
}

impl Edit {
    pub fn section(&self) -> &Place {
        match self {
            Edit::Set { section, .. }
            | Edit::Unset { section, .. }
            | Edit::Rename { section, .. }
            | Edit::Copy { section, .. }
            | Edit::Remove { section }
            | Edit::Hide { section, .. } => section,
        }
    }

    /// Makes the edit; whether it was one that is made, not refused.
    pub fn apply(&self, document: &mut Document) -> bool {
        let section = self.section().name();
        match self {
            Edit::Set { name, value, .. } => document.set(section, name, value).is_ok(),
            Edit::Unset { name, .. } => {
                let was_there = document.value_in(section, name).is_some();
                assert_eq!(document.unset(section, name), was_there);
                true
            }
            Edit::Rename { new, .. } => document.rename_section(section, new).is_ok(),
            Edit::Copy { new, .. } => document.copy_section(section, new).is_ok(),
            Edit::Remove { .. } => {
                let was_there = document.has_section(section);
                assert_eq!(document.remove_section(section), was_there);
                true
            }
            Edit::Hide { name, .. } => document.hide(section, name, |_| true).is_ok(),
        }
    }

    /// The same edit of a table.
    pub fn apply_to<V: Clone + From<String>>(&self, table: &mut Table<V>) {
        let key = key_of(table, self.section());
        match self {
            Edit::Set { name, value, .. } => {
                table.entry(key).or_default().insert(name.to_ascii_lowercase(), value.clone().into());
            }
            Edit::Unset { name, .. } => {
                table.get_mut(&key).and_then(|settings| settings.remove(&name.to_ascii_lowercase()));
            }
            Edit::Rename { new, .. } | Edit::Copy { new, .. } => {
                let new = key_of(table, &self.section().called(new));
                if let Some(settings) = table.get(&key).cloned() {
                    if matches!(self, Edit::Rename { .. }) {
                        table.remove(&key);
                    }
                    table.insert(new, settings);
                }
            }
            Edit::Remove { .. } => {
                table.remove(&key);
            }
            Edit::Hide { name, .. } => {
                let Some(settings) = table.get_mut(&key) else { return };
                let (name, hidden) = (name.to_ascii_lowercase(), format!("keyfob_{}", name.to_ascii_lowercase()));
                if !settings.contains_key(&hidden)
                    && let Some(value) = settings.remove(&name)
                {
                    settings.insert(hidden, value);
                }
            }
        }
    }

    /// The edit that takes this one back byte for byte, where there is one.
    pub fn opposite(&self, document: &Document) -> Option<Edit> {
        match self {
            Edit::Set { section, name, .. } => {
                let is_new = document.has_section(section.name()) && document.value_in(section.name(), name).is_none();
                is_new.then(|| Edit::Unset { section: section.clone(), name: name.clone() })
            }
            Edit::Rename { section, new } => {
                let old = section.name().name();
                // `[default]` and `[profile default]` are one profile, and what was `default` may have become the other.
                // What needs quotes, or is escaped, is spelt anew.
                let is_plain = |header: Header<'_>| match header.prefix {
                    Some(prefix) => {
                        let written = header.text[prefix.len()..].trim_start_matches([' ', '\t']);
                        [old.to_owned(), format!("'{old}'"), format!("\"{old}\"")].iter().any(|plain| plain == written)
                    }
                    None => true,
                };
                let goes_back = document.has_section(section.name())
                    && [old, new].into_iter().all(is_identifier)
                    && document.sections().map(Section::header).filter(|found| section.name().is(*found)).all(is_plain);
                (goes_back && old != "default" && new != "default")
                    .then(|| Edit::Rename { section: section.called(new), new: old.to_owned() })
            }
            Edit::Unset { .. } | Edit::Copy { .. } | Edit::Remove { .. } | Edit::Hide { .. } => None,
        }
    }
}

/// What a file says, whatever it looks like: by the kind and the name of its sections, what their settings are.
pub type Table<V = String> = BTreeMap<(Option<String>, String), BTreeMap<String, V>>;

pub fn table_of(document: &Document) -> Table {
    let mut table = Table::new();
    for section in document.sections() {
        let header = section.header();
        let key = match header.is_usable() {
            true => (header.prefix.map(str::to_owned), header.name.to_owned()),
            false => (None, header.text.to_owned()),
        };
        let settings = table.entry(key).or_default();
        for property in section.properties() {
            settings.insert(property.key().to_ascii_lowercase(), property.value().into_owned());
        }
    }
    table
}

/// The key of a section in the table: `[default]` is the profile's where there is no `[profile default]`.
fn key_of<V>(table: &Table<V>, section: &Place) -> (Option<String>, String) {
    let prefix = match section {
        Place::Profile(name) if name == "default" => {
            let prefixed = (Some("profile".to_owned()), name.clone());
            return if table.contains_key(&prefixed) { prefixed } else { (None, name.clone()) };
        }
        Place::Profile(_) => Some("profile".to_owned()),
        Place::Credentials(_) => None,
        Place::Services(_) => Some("services".to_owned()),
    };
    (prefix, section.name().name().to_owned())
}

/// Makes an edit and checks all that holds of it, whatever the file is. `false`: it was refused, and changed nothing.
pub fn edited(document: &mut Document, edit: &Edit) -> bool {
    let old = document.clone();
    let section = edit.section().name();
    if !edit.apply(document) {
        assert_eq!(document.text(), old.text(), "a refused edit changes nothing");
        return false;
    }
    let again = Document::parse(document.text().to_owned()).expect("what is written can be read");
    assert_eq!((again.text(), table_of(&again)), (document.text(), table_of(document)));
    if old.has_blank_returns() {
        return true;
    }
    match edit {
        Edit::Set { name, value, .. } => {
            assert_eq!(document.value_in(section, name).as_deref(), Some(&**value));
            assert!(edit.apply(document) && document.text() == again.text(), "set again, nothing changes");
        }
        Edit::Unset { name, .. } => assert_eq!(document.value_in(section, name), None),
        Edit::Remove { .. } => assert!(!document.has_section(section) || section == SectionName::Profile("default")),
        Edit::Rename { .. } | Edit::Copy { .. } | Edit::Hide { .. } => {}
    }
    // Whatever it did, other sections mean what they meant.
    let others = |document: &Document| {
        let mut others = table_of(document);
        let new = if let Edit::Rename { new, .. } | Edit::Copy { new, .. } = edit { new } else { "" };
        others.retain(|(_, name), _| name != section.name() && name != new);
        others
    };
    assert_eq!(others(document), others(&old));
    if let Some(back) = edit.opposite(&old) {
        let mut undone = document.clone();
        assert!(back.apply(&mut undone));
        assert_eq!(undone.text(), old.text(), "taken back, it was never made");
    }
    true
}
