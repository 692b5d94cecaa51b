//! Files as people have them: every edit comes back to the same bytes, and changes nothing that it does not name.

use crate::ini::testing::{Table, table_of};
use crate::ini::{Document, Problem, SectionName};

const A: SectionName<'_> = SectionName::Profile("a");

fn files(folder: &str) -> Vec<(String, String)> {
    let folder = format!("{}/tests/data/{folder}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("listed").path());
    let mut files: Vec<(String, String)> =
        entries.map(|path| (path.display().to_string(), std::fs::read_to_string(path).expect("UTF-8"))).collect();
    files.sort();
    files
}

/// Every section with its settings, but for `a`.
fn others(document: &Document) -> Table {
    let mut table = table_of(document);
    table.retain(|(_, name), _| !["a", "renamed", "copied"].contains(&name.as_str()));
    table
}

#[test]
fn edits_of_real_files_are_exact_and_come_back() {
    let files = files("aws-files");
    assert!(files.len() >= 11);
    for (name, text) in files {
        let old = Document::parse(text.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(old.text(), text, "{name}");

        let mut new = old.clone();
        new.set(A, "new_setting", "x").expect("can be written");
        assert_eq!(others(&new), others(&old), "{name}");
        assert!(new.unset(A, "new_setting"), "{name}");
        assert_eq!(new.text(), text, "{name}");

        assert!(new.rename_section(A, "renamed").expect("free"), "{name}");
        assert_eq!(others(&new), others(&old), "{name}");
        new.rename_section(SectionName::Profile("renamed"), "a").expect("free");
        assert_eq!(new.text(), text, "{name}");

        assert!(new.copy_section(A, "copied").expect("free"), "{name}");
        assert!(new.text().starts_with(text.trim_end()), "{name}");
        assert_eq!(others(&new), others(&old), "{name}");

        let mut without = old.clone();
        assert!(without.remove_section(A), "{name}");
        assert_eq!(others(&without), others(&old), "{name}");
        let kept: Vec<&str> = without.text().lines().collect();
        let all: Vec<&str> = text.lines().collect();
        assert!(kept.iter().all(|line| all.contains(line)), "{name}: a line is new");
    }
}

#[test]
fn files_that_awss_sdks_refuse_are_refused_with_their_line() {
    let expected = [
        ("byte-order-mark.ini", 1, Problem::ByteOrderMark),
        ("merge-conflict.ini", 3, Problem::NoEquals),
        ("no-header.ini", 1, Problem::NoSection),
        ("open-header.ini", 1, Problem::HeaderNotClosed),
    ];
    let files = files("aws-files-refused");
    assert_eq!(files.len(), expected.len());
    for ((path, text), (name, line, problem)) in files.into_iter().zip(expected) {
        assert!(path.ends_with(name), "{path}");
        let error = Document::parse(text).expect_err(name);
        assert_eq!((error.line, error.problem), (line, problem), "{name}");
    }
}
