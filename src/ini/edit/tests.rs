//! Edits: AWS CLI's own cases, ours, and properties.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::ini::SectionKind;

fn document(text: &str) -> Document {
    Document::parse(text.to_owned()).expect("the test's file parses")
}

fn edited(text: &str, section: SectionName<'_>, settings: &[(&str, &str)]) -> String {
    let mut document = document(text);
    for (name, value) in settings {
        document.set(section, name, value).expect("can be written");
    }
    document.text().to_owned()
}

/// Where keyfob writes other bytes than the AWS CLI, and why.
const OTHER_THAN_THE_CLI: [(&str, &str); 5] = [
    // A new line copies its neighbours' spacing, and a missing line end.
    ("test_handles_no_spaces", "[default]\nfoo=1\nbar=2\nbaz=newvalue"),
    ("test_update_single_new_values", "[default]\nfoo = 1\nbar = 2\nbaz = newvalue"),
    // A changed line keeps its own.
    ("test_update_single_existing_value_no_spaces", "[default]\nfoo=newvalue\nbar=1"),
    // A new section is set off by a blank line where there is one section, or the last one is.
    (
        "test_appends_newline_on_new_section",
        "[preview]\ncloudfront = true\n\n[profile new-section]\nregion = us-west-2\n",
    ),
    (
        "test_section_does_not_exist",
        "[notdefault]\nfoo = bar\nbaz = bar\n\n\n\n[other \"section\"]\n\nfoo = bar\n\n[default]\nfoo = value\n",
    ),
];

/// Nested blocks, which keyfob never writes.
const NOT_FOR_SET: [&str; 6] = [
    "test_add_to_nested_with_nested_in_the_end",
    "test_add_to_nested_with_nested_in_the_middle",
    "test_nested_attributes_new_file",
    "test_update_nested_attr_no_prior_nesting",
    "test_update_nested_attribute",
    "test_updated_nested_attribute_new_section",
];

#[test]
fn the_aws_clis_own_edits_give_the_bytes_it_expects() {
    let cases: Value =
        serde_json::from_str(include_str!("../../../tests/data/aws-cli/config-writer.json")).expect("JSON");
    let cases = cases["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 23);
    for case in cases {
        let (name, original) = (case["name"].as_str().expect("text"), case["original"].as_str().expect("text"));
        if NOT_FOR_SET.contains(&name) {
            continue;
        }
        let mut update = case["update"].as_object().expect("an object").clone();
        let section =
            update.remove("__section__").map_or("default".to_owned(), |s| s.as_str().expect("text").to_owned());
        let profile = match section.strip_prefix("profile ") {
            Some(profile) => profile,
            None => &section,
        };
        let bare = ["a", "b", "c"].contains(&profile);
        let section = if bare { SectionName::Credentials(profile) } else { SectionName::Profile(profile) };
        let settings: Vec<(&str, &str)> = update.iter().map(|(k, v)| (k.as_str(), v.as_str().expect("text"))).collect();
        let ours = OTHER_THAN_THE_CLI.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
        let expected = ours.unwrap_or(case["expected"].as_str().expect("text"));
        assert_eq!(edited(original, section, &settings), expected, "{name}");
    }
}

#[test]
fn an_edit_imitates_its_neighbours() {
    let dev = SectionName::Profile("dev");
    let cases = [
        // Line endings.
        ("[profile dev]\r\na = 1\r\n", "[profile dev]\r\na = 1\r\nregion = x\r\n"),
        ("[default]\r\na = 1", "[default]\r\na = 1\r\n\r\n[profile dev]\r\nregion = x\r\n"),
        // A missing line end stays missing.
        ("[profile dev]\r\na = 1", "[profile dev]\r\na = 1\r\nregion = x"),
        // Spacing, lined up and by tabs.
        (
            "[profile dev]\noutput  = json\nsource_profile=a",
            "[profile dev]\noutput  = json\nsource_profile=a\nregion=x",
        ),
        (
            "[profile dev]\nsso_region = 1\noutput     = 2\n",
            "[profile dev]\nsso_region = 1\noutput     = 2\nregion     = x\n",
        ),
        ("[profile dev]\na\t=\t1\n", "[profile dev]\na\t=\t1\nregion\t=\tx\n"),
        // After a nested block, not inside it; and not before it.
        (
            "[profile dev]\na=1\ns3 =\n  max_queue_size = 10\n\n# next\n[profile b]\n",
            "[profile dev]\na=1\ns3 =\n  max_queue_size = 10\nregion=x\n\n# next\n[profile b]\n",
        ),
        // Sections that stand close together stay so.
        ("[a]\nx=1\n[b]\nx=1\n", "[a]\nx=1\n[b]\nx=1\n[profile dev]\nregion=x\n"),
        ("[a]\nx=1\n\n# b is old\n[b]\nx=1\n", "[a]\nx=1\n\n# b is old\n[b]\nx=1\n\n[profile dev]\nregion=x\n"),
        ("# mine\n", "# mine\n\n[profile dev]\nregion = x\n"),
        ("", "[profile dev]\nregion = x\n"),
        // Changed in place: own spacing, case of the key, ending; of duplicates the last.
        ("[profile dev]\nRegion=old\r\nb=1", "[profile dev]\nRegion=x\r\nb=1"),
        ("[profile dev]\nregion = a\nregion = b\n", "[profile dev]\nregion = a\nregion = x\n"),
        ("[profile dev]\nregion = a\n[profile dev]\nb = 1\n", "[profile dev]\nregion = x\n[profile dev]\nb = 1\n"),
        ("[profile dev]\nregion =\nb=1\n", "[profile dev]\nregion =x\nb=1\n"),
        ("[profile dev]\nregion = half an ending\r", "[profile dev]\nregion = x"),
        // An inline comment moves up; continuation lines go, comments among them stay.
        ("[profile dev]\nregion = old ; why\nb=1\n", "[profile dev]\n; why\nregion = x\nb=1\n"),
        (
            "[profile dev]\nregion = old\n  more\n# note\n\n  and more\nb=1\n",
            "[profile dev]\nregion = x\n# note\n\nb=1\n",
        ),
        // A carriage return too many makes a line of blanks one that continues the value, and so one that goes.
        ("[profile dev]\nregion = a\n \r\r\nb = 1\n", "[profile dev]\nregion = x\nb = 1\n"),
        ("[profile dev]\nregion = a\n \r", "[profile dev]\nregion = x\n"),
        // Nothing to do leaves even the comment.
        ("[profile dev]\nregion = x # fine\n", "[profile dev]\nregion = x # fine\n"),
        // Headers in every form.
        ("[ profile\tdev ] # mine\n", "[ profile\tdev ] # mine\nregion = x\n"),
        ("[profile 'dev']\na = 1\n", "[profile 'dev']\na = 1\nregion = x\n"),
        ("[profile dev]", "[profile dev]\nregion = x"),
    ];
    for (before, after) in cases {
        assert_eq!(edited(before, dev, &[("region", "x")]), after, "{before:?}");
    }
}

#[test]
fn a_profile_is_added_after_a_nested_block_as_aws_vault_adds_it() {
    let file =
        "[default]\n\n[profile testing]\nregion=us-west-2\ns3=\n  max_concurrent_requests=10\n  max_queue_size=1000\n";
    let settings = [("mfa_serial", "testserial"), ("region", "us-east-1")];
    let expected = format!("{file}\n[profile llamas]\nmfa_serial=testserial\nregion=us-east-1\n");
    assert_eq!(edited(file, SectionName::Profile("llamas"), &settings), expected);
}

#[test]
fn the_default_profile_is_edited_where_it_counts() {
    let default = SectionName::Profile("default");
    let both = "[default]\na = 1\n[profile default]\na = 2\n";
    assert_eq!(edited(both, default, &[("a", "3")]), "[default]\na = 1\n[profile default]\na = 3\n");
    assert_eq!(edited("[default]\na = 1\n", default, &[("a", "3")]), "[default]\na = 3\n");
    assert_eq!(edited("", default, &[("a", "3")]), "[default]\na = 3\n");
    let services = SectionName::Other(SectionKind::Services, "local");
    assert_eq!(edited("", services, &[("a", "3")]), "[services local]\na = 3\n");
}

#[test]
fn what_sdks_would_not_read_back_alike_is_refused_and_changes_nothing() {
    let refused = [
        ("dev", "region", "a\nb"),
        ("dev", "region", "a\r"),
        ("dev", "region", " a"),
        ("dev", "region", "a\u{a0}"),
        ("dev", "region", "a # b"),
        ("dev", "region", "a\t;b"),
        ("dev", "region", "#a"),
        ("dev", "region", "\"a\""),
        ("dev", "re gion", "a"),
        ("dev", "re:gion", "a"),
        ("dev", "", "a"),
        ("dev]", "region", "a"),
        ("two words", "region", "a"),
        ("", "region", "a"),
    ];
    for (profile, name, value) in refused {
        let mut document = document("[default]\n");
        assert!(document.set(SectionName::Profile(profile), name, value).is_err(), "{profile:?} {name:?} {value:?}");
        assert_eq!(document.text(), "[default]\n");
    }
}

#[test]
fn the_lines_to_paste_are_the_new_settings_alone() {
    let old = document("[default]\nregion = a\n\n[profile dev]\nregion = b\n");
    let mut new = old.clone();
    for (section, name, value) in [
        (SectionName::Profile("dev"), "mfa_serial", "arn:aws:iam::123456789012:mfa/ann"),
        (SectionName::Profile("ops"), "region", "c"),
        (SectionName::Profile("default"), "region", "a"),
    ] {
        new.set(section, name, value).expect("can be written");
    }
    new.add_section(SectionName::Profile("empty")).expect("can be written");
    assert_eq!(
        new.lines_beyond(&old),
        "[profile dev]\nmfa_serial = arn:aws:iam::123456789012:mfa/ann\n[profile ops]\nregion = c\n[profile empty]\n"
    );
}

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
}

const DEV: SectionName<'_> = SectionName::Profile("dev");

#[test]
fn unset_takes_out_every_line_of_a_setting_and_no_other() {
    let cases = [
        ("[profile dev]\nregion = a\nb = 1\n", "[profile dev]\nb = 1\n"),
        ("[profile dev]\n# why\nRegion = a ; here\r\nb = 1\n", "[profile dev]\n# why\nb = 1\n"),
        (
            "[profile dev]\nregion = a\nb = 1\nregion = c\n[profile dev]\nregion = d\n",
            "[profile dev]\nb = 1\n[profile dev]\n",
        ),
        ("[profile dev]\nregion = a\n  more\n# note\n  and more\n\nb = 1", "[profile dev]\n# note\n\nb = 1"),
        ("[profile dev]\nregion =\n  a = 1\n  b = 2\nc = 1\n", "[profile dev]\nc = 1\n"),
        ("[profile dev]\nb = 1\r\nregion = a", "[profile dev]\nb = 1"),
        ("[profile dev]\nregion = a", "[profile dev]"),
        ("[profile dev]\nregions = a\n[region]\nregion = 1\n", "[profile dev]\nregions = a\n[region]\nregion = 1\n"),
    ];
    for (before, after) in cases {
        let mut document = document(before);
        assert_eq!(document.unset(DEV, "region"), before != after);
        assert_eq!(document.text(), after, "{before:?}");
    }
}

#[test]
fn a_section_goes_with_the_comments_that_describe_it_and_no_others() {
    let cases = [
        ("[a]\nx=1\n\n[profile dev]\ny=1\n\n[b]\n", "[a]\nx=1\n\n[b]\n"),
        ("[a]\nx=1\n\n[profile dev]\ny=1\n", "[a]\nx=1\n"),
        ("[a]\nx=1\n[profile dev]\ny=1\n[b]\n", "[a]\nx=1\n[b]\n"),
        ("[a]\nx=1\n[profile dev]\ny=1\n\n[b]\n", "[a]\nx=1\n\n[b]\n"),
        ("[profile dev]\ny=1\n\n\n[b]\n", "[b]\n"),
        ("# of dev\n; too\n[profile dev] # dev\ny=1\n# z=1\n\n# free\n\n[b]\n", "# free\n\n[b]\n"),
        ("[profile dev]\ny=1\n# of b\n[b]\n", "# of b\n[b]\n"),
        ("# free\n\n[profile dev]\ny =\n  a = 1\n\n# in between\nz = 1\n\n# of b\n[b]\n", "# free\n\n# of b\n[b]\n"),
        ("[profile dev]\ny=1\n\n[profile dev]\nz=1\n\n[b]\n\n[profile dev]\n", "[b]\n"),
        ("[profile dev]\ny=1", ""),
        ("[a]\r\nx=1\r\n\r\n[profile dev]\r\ny=1", "[a]\r\nx=1\r\n"),
    ];
    for (before, after) in cases {
        let mut document = document(before);
        assert!(document.remove_section(DEV));
        assert_eq!(document.text(), after, "{before:?}");
    }
}

#[test]
fn a_renamed_section_keeps_everything_but_its_name() {
    let cases = [
        ("[profile dev]\n", "[profile ops]\n"),
        ("[ profile\t dev ] # dev\nx = dev\n", "[ profile\t ops ] # dev\nx = dev\n"),
        ("[profile \"dev\"]\n", "[profile \"ops\"]\n"),
        ("[profile dev]\na=1\n[dev]\n[profile dev]\nb=1\n", "[profile ops]\na=1\n[dev]\n[profile ops]\nb=1\n"),
    ];
    for (before, after) in cases {
        let mut document = document(before);
        assert_eq!(document.rename_section(DEV, "ops"), Ok(true));
        assert_eq!(document.text(), after);
    }
    let renamed = |text: &str, from: SectionName<'_>, to: &str| {
        let mut document = document(text);
        document.rename_section(from, to).map(|_| document.text().to_owned())
    };
    let default = SectionName::Profile("default");
    assert_eq!(renamed("[ default ] # mine\na=1\n", default, "dev").as_deref(), Ok("[ profile dev ] # mine\na=1\n"));
    assert_eq!(renamed("[profile dev]\n", DEV, "default").as_deref(), Ok("[default]\n"));
    assert_eq!(
        renamed("[profile 'two words']\n", SectionName::Profile("two words"), "a").as_deref(),
        Ok("[profile a]\n")
    );
    assert_eq!(renamed("[profile profile]\n", SectionName::Profile("profile"), "a").as_deref(), Ok("[profile a]\n"));
    assert_eq!(renamed("[default]\n", SectionName::Credentials("default"), "a").as_deref(), Ok("[a]\n"));
    assert_eq!(renamed("[profile dev]\n[profile b]\n", DEV, "b"), Err(EditError::SectionExists("profile b".into())));
    assert!(renamed("[profile dev]\n", DEV, "two words").is_err());
}

#[test]
fn a_copy_has_the_settings_and_the_comments_between_them() {
    let mut document = document("# dev's\n[profile dev] # d\n# x is\nx=1\ns3 =\n  a = 1\n\n# free\n\n[b]\ny=1");
    assert_eq!(document.copy_section(DEV, "ops"), Ok(true));
    let expected = "# dev's\n[profile dev] # d\n# x is\nx=1\ns3 =\n  a = 1\n\n# free\n\n[b]\ny=1\n\n[profile ops]\n# x is\nx=1\ns3 =\n  a = 1\n";
    assert_eq!(document.text(), expected);
    assert_eq!(document.copy_section(SectionName::Profile("none"), "new"), Ok(false));
    assert!(document.copy_section(DEV, "ops").is_err());
}

#[test]
fn a_shown_text_has_no_secret_in_it() {
    let file = "[a]\naws_access_key_id = AKIA\naws_secret_access_key = fake # fake\n  fake\nregion = x\nsecret =\n";
    assert_eq!(
        document(file).text_without(|key| key.contains("secret")),
        "[a]\naws_access_key_id = AKIA\naws_secret_access_key = ****\nregion = x\nsecret =****\n"
    );
}

/// Where the last line of a file ends with a carriage return alone, an edit after it makes that a line end.
fn ends_oddly(text: &str) -> bool {
    text.ends_with('\r')
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

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
