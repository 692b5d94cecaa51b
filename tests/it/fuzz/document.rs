//! An AWS file and, after a NUL, edits of it, one a line: what is read and written keeps its promises whatever they are.

use keyfob::ini::Document;
use keyfob::profile::Profiles;

use crate::ini_testing::{Edit, Place, edited, table_of};

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (text, script) = text.split_once('\0').unwrap_or((text, ""));
    let Ok(mut document) = Document::parse(text.to_owned()) else { return };
    assert_eq!(document.text(), text);
    read(&document);
    for edit in script.lines().take(12).filter_map(edit) {
        edited(&mut document, &edit);
    }
    let again = Document::parse(document.text().to_owned()).expect("what is written can be read");
    assert_eq!(table_of(&again), table_of(&document));
    assert!(document.lines_beyond(&again).is_empty());
}

/// Everything that is asked of a file.
fn read(document: &Document) {
    for files in [(Some(document), None), (None, Some(document)), (Some(document), Some(document))] {
        let profiles = Profiles::new(files.0, files.1);
        for name in profiles.names() {
            let profile = profiles.get(name).expect("it is listed");
            for setting in profile.settings() {
                assert!(setting.line >= 1 && setting.line <= document.lines().count());
            }
            profile.setting("role_arn");
        }
        profiles.warnings();
    }
    assert!(!document.text_without(|_| true).contains("aws_secret_access_key = x"));
}

/// One edit: `set SECTION NAME VALUE`, `unset SECTION NAME`, `rename|copy SECTION NEW`, `hide SECTION NAME`,
/// `remove SECTION`. A section is `p:NAME`, `c:NAME` or `s:NAME`.
fn edit(line: &str) -> Option<Edit> {
    let mut words = line.splitn(4, ' ').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let (action, section, name, value) = (word(), word(), word(), word());
    let (kind, section) = section.split_once(':')?;
    let section = match kind {
        "p" => Place::Profile(section.to_owned()),
        "c" => Place::Credentials(section.to_owned()),
        _ => Place::Services(section.to_owned()),
    };
    Some(match action.as_str() {
        "set" => Edit::Set { section, name, value },
        "unset" => Edit::Unset { section, name },
        "rename" => Edit::Rename { section, new: name },
        "copy" => Edit::Copy { section, new: name },
        "hide" => Edit::Hide { section, name },
        "remove" => Edit::Remove { section },
        _ => return None,
    })
}
