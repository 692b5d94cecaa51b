//! An AWS file and, after a NUL, edits of it, one a line: what is read and written keeps its promises whatever they are.

use std::collections::BTreeMap;

use keyfob::ini::{Document, EditError, SectionKind, SectionName, is_identifier};
use keyfob::profile::Profiles;

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, script) = text.split_once('\0').unwrap_or((text, ""));
    let Ok(mut document) = Document::parse(text.to_owned()) else { return };
    assert_eq!(document.text(), text);
    read(&document);
    // A lone carriage return at the end of the last line belongs to its value, until a line is added after it.
    let script = if text.ends_with('\r') { "" } else { script };
    for line in script.lines().take(12) {
        document = edited(document, line);
    }
    let again = Document::parse(document.text().to_owned()).expect("what is written can be read");
    assert_eq!(meaning(&again), meaning(&document));
    assert!(document.lines_beyond(&again).is_empty());
}

/// Everything that is asked of a file.
fn read(document: &Document) {
    for files in [(Some(document), None), (None, Some(document)), (Some(document), Some(document))] {
        let profiles = Profiles::new(files.0, files.1);
        for name in profiles.names() {
            let profile = profiles.get(name).expect("it is listed");
            for setting in profile.settings() {
                assert!(setting.line >= 1 && setting.line <= document.text().lines().count());
            }
            profile.setting("role_arn");
        }
        profiles.warnings();
    }
    assert!(!document.text_without(|_| true).contains("aws_secret_access_key = x"));
}

/// One edit: `set SECTION NAME VALUE`, `unset SECTION NAME`, `rename|copy SECTION NEW`, `hide SECTION NAME`,
/// `remove SECTION`. A section is `p:NAME`, `c:NAME` or `s:NAME`.
fn edited(old: Document, line: &str) -> Document {
    let mut words = line.splitn(4, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (action, section, name, value) = (word(), word(), word(), word());
    let Some((kind, section)) = section.split_once(':') else { return old };
    let section = match kind {
        "p" => SectionName::Profile(section),
        "c" => SectionName::Credentials(section),
        _ => SectionName::Other(SectionKind::Services, section),
    };
    let mut new = old.clone();
    let done = match action {
        "set" => set(&mut new, section, name, value),
        "unset" => unset(&mut new, section, name),
        "rename" => rename(&mut new, section, name),
        "copy" => new.copy_section(section, name).map(drop),
        "hide" => new.hide(section, name, |_| true).map(drop),
        "remove" => {
            new.remove_section(section);
            assert!(!new.has_section(section) || section == SectionName::Profile("default"));
            Ok(())
        }
        _ => return old,
    };
    if done.is_err() {
        assert_eq!(new.text(), old.text(), "a refused edit changes nothing");
    }
    if action != "rename" {
        // Whatever it did, other sections mean what they meant.
        let (mut before, mut after) = (meaning(&old), meaning(&new));
        let of_copy = if action == "copy" { name } else { section.name() };
        for meaning in [&mut before, &mut after] {
            meaning.retain(|(_, name), _| name != section.name() && name != of_copy);
        }
        assert_eq!(after, before);
    }
    new
}

fn set(document: &mut Document, section: SectionName<'_>, name: &str, value: &str) -> Result<(), EditError> {
    let old = document.clone();
    let is_new = old.has_section(section) && old.value_in(section, name).is_none();
    document.set(section, name, value)?;
    assert_eq!(document.value_in(section, name).as_deref(), Some(value));
    if is_new {
        let mut back = document.clone();
        assert!(back.unset(section, name));
        assert_eq!(back.text(), old.text());
    }
    let settled = document.text().to_owned();
    document.set(section, name, value)?;
    assert_eq!(document.text(), settled, "set again, nothing changes");
    Ok(())
}

fn unset(document: &mut Document, section: SectionName<'_>, name: &str) -> Result<(), EditError> {
    let was_there = document.value_in(section, name).is_some();
    assert_eq!(document.unset(section, name), was_there);
    assert_eq!(document.value_in(section, name), None);
    Ok(())
}

fn rename(document: &mut Document, section: SectionName<'_>, name: &str) -> Result<(), EditError> {
    let old = document.clone();
    if document.rename_section(section, name)? && is_identifier(section.name()) {
        let there = match section {
            SectionName::Profile(_) => SectionName::Profile(name),
            SectionName::Credentials(_) => SectionName::Credentials(name),
            SectionName::Other(kind, _) => SectionName::Other(kind, name),
        };
        let mut back = document.clone();
        // `[default]` and `[profile default]` are one profile, and what was `default` may have become the other.
        if section.name() != "default" && name != "default" {
            assert_eq!(back.rename_section(there, section.name()), Ok(true));
            assert_eq!(back.text(), old.text());
        }
    }
    Ok(())
}

/// Every section, whatever its kind, with the settings of all that have its name.
fn meaning(document: &Document) -> BTreeMap<(Option<String>, String), BTreeMap<String, String>> {
    let mut all: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for section in document.sections() {
        let header = section.header();
        let settings = all.entry((header.prefix.map(str::to_owned), header.name.to_owned())).or_default();
        for property in section.properties() {
            settings.insert(property.key().to_ascii_lowercase(), property.value().into_owned());
        }
    }
    all
}
