//! Scripts of edits: each edit does to a file what it does to a table of its settings, and taken back it was never made.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::ini::{Document, SectionName};

#[derive(Debug, Clone)]
enum Edit {
    Set { section: Place, name: String, value: String },
    Unset { section: Place, name: String },
    Rename { section: Place, new: String },
    Copy { section: Place, new: String },
    Remove { section: Place },
    Hide { section: Place, name: String },
}

#[derive(Debug, Clone)]
enum Place {
    Profile(String),
    Credentials(String),
}

impl Place {
    fn name(&self) -> SectionName<'_> {
        match self {
            Place::Profile(name) => SectionName::Profile(name),
            Place::Credentials(name) => SectionName::Credentials(name),
        }
    }

    fn called(&self, name: &str) -> Place {
        match self {
            Place::Profile(_) => Place::Profile(name.to_owned()),
            Place::Credentials(_) => Place::Credentials(name.to_owned()),
        }
    }
}

fn any_place() -> impl Strategy<Value = Place> {
    let profile = "[abc]|default".prop_map(Place::Profile);
    prop_oneof![4 => profile, 1 => "[abc]".prop_map(Place::Credentials)]
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let name = || "(a|B|region|role_arn|s3|new)";
    prop_oneof![
        4 => (any_place(), name(), "[a-z/:=\u{e9}-]{0,6}").prop_map(|(section, name, value)| Edit::Set { section, name, value }),
        3 => (any_place(), name()).prop_map(|(section, name)| Edit::Unset { section, name }),
        2 => (any_place(), "[abcd]").prop_map(|(section, new)| Edit::Rename { section, new }),
        1 => (any_place(), "[abcd]").prop_map(|(section, new)| Edit::Copy { section, new }),
        1 => any_place().prop_map(|section| Edit::Remove { section }),
        1 => (any_place(), name()).prop_map(|(section, name)| Edit::Hide { section, name }),
    ]
}

/// A file that can be read: headers in every spelling, comments in every place, nested blocks, values of several lines.
fn any_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => "\\[(profile |services )?(a|b|c)\\]( ?# c)?",
        1 => "\\[( profile  [ab] |default|profile default|profile 'b')\\]",
        5 => "(a|b|B|Region|role_arn)( {0,2}|\t)=[ \t]?[a-z\u{e9}/:=\"]{0,4}( [;#] ?x)?",
        1 => "(s3|b) ?=\n {1,3}[a-z]{1,3} = [a-z]{0,3}\n {1,3}[a-z]{1,3} = [a-z]{0,3}",
        1 => "a = x\n  [a-z]{1,4}\n# between\n\t[a-z]{1,4}",
        1 => "[#;].{0,5}",
        1 => "[ \t]{0,3}",
    ];
    let ending = prop_oneof![9 => Just("\n"), 1 => Just("\r\n")];
    (prop::collection::vec((line, ending), 0..14), any::<bool>(), "(# top\n\n?)?").prop_map(|(lines, open_end, top)| {
        let text: String = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]).collect();
        let text = format!("{top}[profile a]\n{text}");
        if open_end { text.trim_end_matches(['\r', '\n']).to_owned() } else { text }
    })
}

type Table = BTreeMap<(Option<String>, String), BTreeMap<String, String>>;

/// What a file says, whatever it looks like.
fn table_of(document: &Document) -> Table {
    let mut table = Table::new();
    for section in document.sections() {
        let header = section.header();
        let settings = table.entry((header.prefix.map(str::to_owned), header.name.to_owned())).or_default();
        for property in section.properties() {
            let value = property.value();
            settings.insert(property.key().to_ascii_lowercase(), value.trim_end_matches('\r').to_owned());
        }
    }
    table
}

/// The key of a section in the table: `[default]` is the profile's where there is no `[profile default]`.
fn key_of(table: &Table, section: SectionName<'_>) -> (Option<String>, String) {
    match section {
        SectionName::Profile("default") => {
            let prefixed = (Some("profile".to_owned()), "default".to_owned());
            if table.contains_key(&prefixed) { prefixed } else { (None, "default".to_owned()) }
        }
        SectionName::Profile(name) => (Some("profile".to_owned()), name.to_owned()),
        SectionName::Credentials(name) => (None, name.to_owned()),
        SectionName::Other(kind, name) => (Some(kind.prefix().to_owned()), name.to_owned()),
    }
}

/// The same edit of the table.
fn apply_to_table(table: &mut Table, edit: &Edit) {
    let section = match edit {
        Edit::Set { section, .. }
        | Edit::Unset { section, .. }
        | Edit::Rename { section, .. }
        | Edit::Copy { section, .. }
        | Edit::Remove { section }
        | Edit::Hide { section, .. } => section,
    };
    let key = key_of(table, section.name());
    match edit {
        Edit::Set { name, value, .. } => {
            table.entry(key).or_default().insert(name.to_ascii_lowercase(), value.clone());
        }
        Edit::Unset { name, .. } => {
            table.get_mut(&key).and_then(|settings| settings.remove(&name.to_ascii_lowercase()));
        }
        Edit::Rename { new, .. } | Edit::Copy { new, .. } => {
            let new = key_of(table, section.called(new).name());
            if let Some(settings) = table.get(&key).cloned() {
                if matches!(edit, Edit::Rename { .. }) {
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

/// Makes the edit; whether it was one that is made, not refused.
fn apply(document: &mut Document, edit: &Edit) -> bool {
    match edit {
        Edit::Set { section, name, value } => document.set(section.name(), name, value).is_ok(),
        Edit::Unset { section, name } => {
            document.unset(section.name(), name);
            true
        }
        Edit::Rename { section, new } => document.rename_section(section.name(), new).is_ok(),
        Edit::Copy { section, new } => document.copy_section(section.name(), new).is_ok(),
        Edit::Remove { section } => {
            document.remove_section(section.name());
            true
        }
        Edit::Hide { section, name } => document.hide(section.name(), name, |_| true).is_ok(),
    }
}

/// The edit that takes this one back byte for byte, where there is one.
fn opposite(document: &Document, edit: &Edit) -> Option<Edit> {
    match edit {
        Edit::Set { section, name, .. } => {
            let is_new = document.has_section(section.name()) && document.value_in(section.name(), name).is_none();
            is_new.then(|| Edit::Unset { section: section.clone(), name: name.clone() })
        }
        Edit::Rename { section, new } => {
            let old = section.name().name();
            let goes_back = document.has_section(section.name()) && old != "default";
            goes_back.then(|| Edit::Rename { section: section.called(new), new: old.to_owned() })
        }
        Edit::Unset { .. } | Edit::Copy { .. } | Edit::Remove { .. } | Edit::Hide { .. } => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn a_script_of_edits_does_what_each_of_them_says(text in any_file(), script in prop::collection::vec(any_edit(), 1..12)) {
        let Ok(mut document) = Document::parse(text) else { return Ok(()) };
        let mut table = table_of(&document);
        for edit in &script {
            let before = document.text().to_owned();
            if apply(&mut document, edit) {
                apply_to_table(&mut table, edit);
            } else {
                prop_assert_eq!(document.text(), &before, "refused: {:?}", edit);
            }
            prop_assert_eq!(&table_of(&document), &table, "{:?}\n{}\n-> {}", edit, before, document.text());
            let again = Document::parse(document.text().to_owned()).expect("what is written can be read");
            prop_assert_eq!(again.text(), document.text());
        }
    }

    #[test]
    fn a_script_taken_back_from_its_end_gives_the_same_bytes(text in any_file(), script in prop::collection::vec(any_edit(), 1..12)) {
        let Ok(mut document) = Document::parse(text.clone()) else { return Ok(()) };
        // A lone carriage return at the end of the last line becomes a line end.
        if text.ends_with('\r') {
            return Ok(());
        }
        let mut undo = Vec::new();
        for edit in &script {
            let Some(back) = opposite(&document, edit) else { continue };
            if apply(&mut document, edit) {
                undo.push(back);
            }
        }
        for back in undo.iter().rev() {
            prop_assert!(apply(&mut document, back), "{:?}", back);
        }
        prop_assert_eq!(document.text(), text);
    }
}
