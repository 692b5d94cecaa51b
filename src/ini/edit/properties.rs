//! What holds of every edit and script of edits of every file, tried on files put together at random.

use proptest::prelude::*;

use super::*;
use crate::ini::testing::random::{any_document, any_edit, any_place};
use crate::ini::testing::{Edit, edited, table_of};

fn any_edit_here() -> impl Strategy<Value = Edit> {
    let places = any_place().boxed();
    any_edit(places, "(a|B|b|r|ab|region|role_arn|s3|new)", "[a-z/:=#\"' \u{e9}-]{0,6}", "[abcd]")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_parses_prints_as_it_was(text in prop_oneof![
        any_document().prop_map(|document| document.text().to_owned()), ".{0,40}", "(\\[a\\]\n)?(.|\n){0,60}",
    ]) {
        if let Ok(document) = Document::parse(text.clone()) {
            prop_assert_eq!(document.text(), &text);
            for property in document.sections().flat_map(super::super::Section::properties) {
                let line = document.lines().nth(property.line() - 1).expect("the line is there");
                prop_assert!(line.trim_start().starts_with(property.key()));
            }
        }
    }

    #[test]
    fn a_set_or_a_copy_changes_only_its_own_lines(document in any_document(), edit in any_edit_here()) {
        let (old, section) = (document.clone(), edit.section().name());
        let mine = old.indices_of(section);
        let lines_of = |property: &Property<'_>| -> Vec<usize> {
            std::iter::once(property.line()).chain(property.continuations().map(|(line, _)| line)).collect()
        };
        let setting = |index: usize, name: &str| old.section(index).property(name);
        let own: Vec<usize> = match &edit {
            // The last of them is the one that counts.
            Edit::Set { name, value, .. } => {
                let changes = old.value_in(section, name).as_deref() != Some(&**value);
                let last = mine.iter().rev().find_map(|index| setting(*index, name)).filter(|_| changes);
                last.map(|property| lines_of(&property)).unwrap_or_default()
            }
            Edit::Copy { .. } => Vec::new(),
            _ => return Ok(()),
        };
        let mut new = document;
        edit.apply(&mut new);
        let kept: Vec<&str> = new.lines().collect();
        let mut at = 0;
        for (number, line) in (1..).zip(old.lines()).filter(|(number, _)| !own.contains(number)) {
            match kept[at..].iter().position(|kept| *kept == line) {
                Some(found) => at += found + 1,
                None => prop_assert!(false, "line {} {:?} is gone from {:?}", number, line, new.text()),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn a_script_of_edits_does_what_each_of_them_says(
        document in any_document(),
        script in prop::collection::vec(any_edit_here(), 1..12),
    ) {
        let mut document = document;
        let mut table = table_of(&document);
        for edit in &script {
            let before = document.text().to_owned();
            if edited(&mut document, edit) {
                edit.apply_to(&mut table);
            }
            prop_assert_eq!(&table_of(&document), &table, "{:?}\n{}\n-> {}", edit, before, document.text());
        }
    }

    #[test]
    fn a_script_taken_back_from_its_end_gives_the_same_bytes(
        document in any_document(),
        script in prop::collection::vec(any_edit_here(), 1..12),
    ) {
        let text = document.text().to_owned();
        let (mut document, mut undo) = (document, Vec::new());
        for edit in &script {
            let Some(back) = edit.opposite(&document) else { continue };
            if edit.apply(&mut document) {
                undo.push(back);
            }
        }
        for back in undo.iter().rev() {
            prop_assert!(back.apply(&mut document), "{:?}", back);
        }
        prop_assert_eq!(document.text(), text);
    }
}
