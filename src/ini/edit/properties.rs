//! What holds of every edit of every file, tried on files put together at random.

use proptest::prelude::*;

use super::*;

/// Lines as people have them, put together at random.
fn any_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => "\\[(profile )?[ab]\\]( # c)?",
        4 => "[abR]{1,2} {0,2}= ?[a-z\u{e9}/:=\"]{0,4}( [;#] ?x)?",
        1 => "(s3|b) ?=\n {1,3}[a-z]{1,3} = [a-z]{0,3}",
        1 => "[#;].{0,5}",
        1 => "[ \t]{0,3}",
        1 => "[ \t]{1,2}[a-z#]{1,4}( = v)?",
    ];
    (prop::collection::vec((line, prop_oneof![9 => Just("\n"), 1 => Just("\r\n")]), 0..12), any::<bool>()).prop_map(
        |(lines, open_end)| {
            let text: String = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]).collect();
            if open_end { text.trim_end_matches(['\r', '\n']).to_owned() } else { text }
        },
    )
}

/// Where the last line of a file ends with a carriage return alone, an edit after it makes that a line end.
fn ends_oddly(text: &str) -> bool {
    text.ends_with('\r')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_parses_prints_as_it_was(text in prop_oneof![any_file(), ".{0,40}", "(\\[a\\]\n)?(.|\n){0,60}"]) {
        if let Ok(document) = Document::parse(text.clone()) {
            prop_assert_eq!(document.text(), &text);
            for property in document.sections().flat_map(|section| section.properties()) {
                let line = text.lines().nth(property.line() - 1).expect("the line is there");
                prop_assert!(line.starts_with(property.key()));
            }
        }
    }

    #[test]
    fn what_is_set_is_read_back_and_only_its_lines_change(
        text in any_file(),
        name in "(a|b|r|ab|new|s3)",
        value in "[a-z/:=#\"' \u{e9}-]{0,6}",
        profile in prop_oneof![Just("a"), Just("b"), Just("c"), Just("default")],
    ) {
        let Ok(old) = Document::parse(text.clone()) else { return Ok(()) };
        let section = SectionName::Profile(profile);
        let mut new = old.clone();
        if new.set(section, &name, &value).is_err() {
            prop_assert_eq!(new.text(), old.text());
            return Ok(());
        }
        let read = |document: &Document| {
            let found = document.indices_of(section).into_iter().rev();
            found.filter_map(|index| Some(document.section(index).property(&name)?.value().into_owned())).next()
        };
        let read_back = read(&new);
        prop_assert_eq!(read_back.as_deref(), Some(value.as_str()));
        // Everything else means what it meant.
        let others = |document: &Document| {
            let mut all = Vec::new();
            let mine = document.indices_of(section);
            for (index, other) in document.sections().enumerate() {
                for property in other.properties() {
                    if !(mine.contains(&index) && property.key().eq_ignore_ascii_case(&name)) {
                        all.push((other.header_text().to_owned(), property.key().to_owned(), property.value().into_owned()));
                    }
                }
            }
            all
        };
        prop_assert_eq!(others(&new), others(&old));
        // Every line but the setting's own is there as it was.
        let kept: Vec<&str> = new.text().lines().collect();
        let mut at = 0;
        let mine = old.indices_of(section);
        let changed: Vec<usize> = mine.iter().rev()
            .find_map(|index| old.section(*index).property(&name))
            .map(|property| std::iter::once(property.line()).chain(property.continuations().map(|(line, _)| line)).collect())
            .unwrap_or_default();
        for (number, line) in (1..).zip(text.lines()) {
            if changed.contains(&number) && read(&old).as_deref() != Some(value.as_str()) {
                continue;
            }
            match kept[at..].iter().position(|kept| *kept == line) {
                Some(found) => at += found + 1,
                None => prop_assert!(false, "line {} {:?} is gone from {:?}", number, line, new.text()),
            }
        }
    }

    #[test]
    fn unset_after_set_of_a_new_setting_gives_the_same_bytes(text in any_file(), profile in "[ab]", name in "(new|r|s3)") {
        let Ok(old) = Document::parse(text.clone()) else { return Ok(()) };
        let section = SectionName::Profile(&profile);
        let indices = old.indices_of(section);
        let is_new = indices.iter().all(|index| old.section(*index).property(&name).is_none());
        if indices.is_empty() || !is_new || ends_oddly(&text) {
            return Ok(());
        }
        let mut new = old.clone();
        new.set(section, &name, "value").expect("can be written");
        prop_assert!(new.unset(section, &name));
        prop_assert_eq!(new.text(), text);
    }

    #[test]
    fn what_is_unset_is_gone_and_nothing_else(text in any_file(), profile in "[ab]", name in "(a|b|r|ab|s3)") {
        let Ok(old) = Document::parse(text.clone()) else { return Ok(()) };
        let section = SectionName::Profile(&profile);
        let mut new = old.clone();
        let was_there = new.unset(section, &name);
        let meant = |document: &Document, but: bool| -> Vec<_> {
            let mine = document.indices_of(section);
            let mut all = Vec::new();
            for (index, other) in document.sections().enumerate() {
                for property in other.properties() {
                    let is_it = mine.contains(&index) && property.key().eq_ignore_ascii_case(&name);
                    if !(but && is_it) {
                        all.push((other.header_text().to_owned(), property.key().to_owned(), property.value().trim_end_matches('\r').to_owned()));
                    }
                }
            }
            all
        };
        prop_assert_eq!(meant(&new, false), meant(&old, true));
        prop_assert_eq!(was_there, new.text() != text);
    }

    #[test]
    fn renamed_there_and_back_gives_the_same_bytes(text in any_file(), from in "[ab]") {
        let Ok(old) = Document::parse(text.clone()) else { return Ok(()) };
        for section in [SectionName::Profile(&from), SectionName::Credentials(&from)] {
            let (there, back) = match section {
                SectionName::Profile(_) => (SectionName::Profile("c"), &from),
                _ => (SectionName::Credentials("c"), &from),
            };
            let mut new = old.clone();
            let was_there = new.rename_section(section, "c").expect("`c` is free");
            prop_assert_eq!(was_there, new.text() != text);
            new.rename_section(there, back).expect("free again");
            prop_assert_eq!(new.text(), &text);
        }
    }

    #[test]
    fn a_removed_section_takes_no_setting_of_another_with_it(text in any_file(), profile in "[ab]") {
        let Ok(old) = Document::parse(text.clone()) else { return Ok(()) };
        let section = SectionName::Profile(&profile);
        let mine = old.indices_of(section);
        let mut new = old.clone();
        prop_assert_eq!(new.remove_section(section), !mine.is_empty());
        let all = |document: &Document, but: &[usize]| -> Vec<_> {
            let kept = document.sections().enumerate().filter(|(index, _)| !but.contains(index));
            kept.map(|(_, section)| {
                let properties = section.properties().map(|p| (p.key().to_owned(), p.value().into_owned()));
                (section.header_text().to_owned(), properties.collect::<Vec<_>>())
            }).collect()
        };
        prop_assert_eq!(all(&new, &[]), all(&old, &mine));
        let mut copy = old.clone();
        if copy.copy_section(section, "new").expect("`new` is free") {
            prop_assert!(copy.text().starts_with(text.trim_end_matches(['\r', '\n'])));
            prop_assert!(copy.remove_section(SectionName::Profile("new")));
            prop_assert_eq!(all(&copy, &[]), all(&old, &[]));
        }
    }
}
