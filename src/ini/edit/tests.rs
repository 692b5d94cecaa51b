//! Edits: AWS CLI's own cases, and ours.

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

#[test]
fn the_aws_clis_own_edits_give_the_bytes_it_expects() {
    let cases: Value =
        serde_json::from_str(include_str!("../../../tests/data/aws-cli/config-writer.json")).expect("JSON");
    let cases = cases["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 23);
    for case in cases {
        let (name, original) = (case["name"].as_str().expect("text"), case["original"].as_str().expect("text"));
        let mut update = case["update"].as_object().expect("an object").clone();
        let section =
            update.remove("__section__").map_or("default".to_owned(), |s| s.as_str().expect("text").to_owned());
        let profile = match section.strip_prefix("profile ") {
            Some(profile) => profile,
            None => &section,
        };
        let bare = ["a", "b", "c"].contains(&profile);
        let section = if bare { SectionName::Credentials(profile) } else { SectionName::Profile(profile) };
        let mut document = document(original);
        for (setting, value) in &update {
            match value {
                Value::Object(block) => block.iter().try_for_each(|(nested, value)| {
                    document.set_nested(section, setting, nested, value.as_str().expect("text"))
                }),
                value => document.set(section, setting, value.as_str().expect("text")),
            }
            .expect("can be written");
        }
        let ours = OTHER_THAN_THE_CLI.iter().find(|(other, _)| *other == name).map(|(_, text)| *text);
        let expected = ours.unwrap_or(case["expected"].as_str().expect("text"));
        assert_eq!(document.text(), expected, "{name}");
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
        // The odd spacing of one line is not copied: the next line's is, or the usual one.
        ("[profile dev]\na     = 1\n", "[profile dev]\na     = 1\nregion = x\n"),
        ("[profile dev]\na =     1\n", "[profile dev]\na =     1\nregion = x\n"),
        ("[profile dev]\nb=1\na     =   2\n", "[profile dev]\nb=1\na     =   2\nregion=x\n"),
        ("[profile dev]\na\t\t= 1\n", "[profile dev]\na\t\t= 1\nregion = x\n"),
        ("[profile dev]\na   = 1\n[b]\na   = 1\n", "[profile dev]\na   = 1\nregion = x\n[b]\na   = 1\n"),
        (
            "[profile dev]\na    =  1\nbcd  =  2\ne=3\nf    =  4\n",
            "[profile dev]\na    =  1\nbcd  =  2\ne=3\nf    =  4\nregion =  x\n",
        ),
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
        ("[profile dev]\nregion = half an ending\r", "[profile dev]\nregion = x\r"),
        // Carriage returns alone end lines, as for botocore; where it cannot read the file so, they are blanks.
        ("[profile dev]\ra=1\r", "[profile dev]\ra=1\rregion=x\r"),
        ("[b]\ra=1\r\r[profile dev]\rregion = old\rc=1", "[b]\ra=1\r\r[profile dev]\rregion = x\rc=1"),
        ("[b]\ra=1", "[b]\ra=1\r\r[profile dev]\rregion=x\r"),
        ("[profile dev]\na = 1\rb = 2\r\n", "[profile dev]\na = 1\rb = 2\r\nregion = x\r\n"),
        ("[profile dev]\na = 1\rand 2\nregion = b", "[profile dev]\na = 1\rand 2\nregion = x"),
        // An inline comment moves up; continuation lines go, comments among them stay.
        ("[profile dev]\nregion = old ; why\nb=1\n", "[profile dev]\n; why\nregion = x\nb=1\n"),
        (
            "[profile dev]\nregion = old\n  more\n# note\n\n  and more\nb=1\n",
            "[profile dev]\nregion = x\n# note\n\nb=1\n",
        ),
        // A carriage return too many is a blank.
        ("[profile dev]\nregion = a\n \r\r\nb = 1\n", "[profile dev]\nregion = x\n \r\r\nb = 1\n"),
        ("[profile dev]\nregion = a\n \r", "[profile dev]\nregion = x\n \r"),
        // Indented as what is above it; never so little that a header after it would continue the value.
        ("[profile dev]\n  a = 1\n\n[b]\n", "[profile dev]\n  a = 1\n  region = x\n\n[b]\n"),
        ("[profile dev]\n  a = 1\n b = 2\n   more\n", "[profile dev]\n  a = 1\n b = 2\n   more\n region = x\n"),
        ("  [profile dev]\n  [b]\nc = 1\n", "  [profile dev]\n  region = x\n  [b]\nc = 1\n"),
        ("[profile dev]\n\t\t[b]\n", "[profile dev]\n\t\tregion = x\n\t\t[b]\n"),
        ("[profile dev]\n  region = old # why\n  b = 1\n", "[profile dev]\n  # why\n  region = x\n  b = 1\n"),
        ("[profile dev]\nregion = a\n  # note\n  more\n", "[profile dev]\nregion = x\n  # note\n"),
        // A colon, which only some read, becomes an equals sign.
        ("[profile dev]\nregion: old\nb: 1\n", "[profile dev]\nregion = x\nb: 1\n"),
        ("[profile dev]\n\tb=1\n\tregion :old ; c\n", "[profile dev]\n\tb=1\n\t; c\n\tregion=x\n"),
        ("[profile dev]\nb: 1\n", "[profile dev]\nb: 1\nregion = x\n"),
        // Text after a header, and a name in quotes that it does not need.
        ("[profile dev]: mine\na=1\n", "[profile dev]: mine\na=1\nregion=x\n"),
        ("[profile d\"e\"v]\na=1\n", "[profile d\"e\"v]\na=1\nregion=x\n"),
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
        ("", "region", "a"),
        (" dev", "region", "a"),
        ("dev\n", "region", "a"),
        ("d\te\u{7f}v", "region", "a"),
    ];
    for (profile, name, value) in refused {
        let mut document = document("[default]\n");
        assert!(document.set(SectionName::Profile(profile), name, value).is_err(), "{profile:?} {name:?} {value:?}");
        assert_eq!(document.text(), "[default]\n");
    }
}

#[test]
fn a_nested_setting_is_written_like_those_beside_it() {
    let cases = [
        ("[profile dev]\n", Some("[profile dev]\ns3 =\n    region = x\n")),
        ("[profile dev]\r\na=1", Some("[profile dev]\r\na=1\r\ns3=\r\n    region = x")),
        ("[profile dev]\ns3 =\nb = 1\n", Some("[profile dev]\ns3 =\n    region = x\nb = 1\n")),
        ("[profile dev]\nS3=\n  a=1\nb = 1\n", Some("[profile dev]\nS3=\n  a=1\n  region=x\nb = 1\n")),
        (
            "[profile dev]\ns3 =\n\tregion = old\n  # why\n\ta = 1\n",
            Some("[profile dev]\ns3 =\n\tregion = x\n  # why\n\ta = 1\n"),
        ),
        ("[profile dev]\ns3 =\n  region=\n", Some("[profile dev]\ns3 =\n  region=x\n")),
        ("[profile dev]\n  s3 =\n   a = 1", Some("[profile dev]\n  s3 =\n   a = 1\n   region = x")),
        ("[profile dev]\n  b = 1\n", Some("[profile dev]\n  b = 1\n  s3 =\n      region = x\n")),
        ("[profile dev]\ns3 = a\n", None),
        ("[profile dev]\ns3 = # mine\n  a = 1\n", None),
    ];
    for (before, after) in cases {
        let mut document = document(before);
        assert_eq!(document.set_nested(DEV, "s3", "region", "x").is_ok(), after.is_some(), "{before:?}");
        assert_eq!(document.text(), after.unwrap_or(before), "{before:?}");
        let written = document.text().to_owned();
        if after.is_some() {
            document.set_nested(DEV, "s3", "region", "x").expect("it is there");
            assert_eq!(document.text(), written, "set again, nothing changes");
        }
    }
}

#[test]
fn a_nested_setting_is_taken_out_and_an_empty_block_with_it() {
    let cases = [
        ("[profile dev]\ns3 =\n  a = 1\n  region = x\nb = 1\n", "[profile dev]\ns3 =\n  a = 1\nb = 1\n"),
        ("[profile dev]\ns3 =\n  region = x\nb = 1\n", "[profile dev]\nb = 1\n"),
        ("[profile dev]\ns3 =\n  a = 1\n  Region = x", "[profile dev]\ns3 =\n  a = 1"),
        ("[profile dev]\ns3 =\n  region = x\n  a = 1\n  region = y\n", "[profile dev]\ns3 =\n  a = 1\n"),
        ("[profile dev]\nregion = x\ns3 = region\n", "[profile dev]\nregion = x\ns3 = region\n"),
    ];
    for (before, after) in cases {
        let mut document = document(before);
        assert_eq!(document.unset_nested(DEV, "s3", "region"), before != after, "{before:?}");
        assert_eq!(document.text(), after, "{before:?}");
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
        ("[a]\nx=1\n \u{a0}\n[profile dev]\ny=1\n", "[a]\nx=1\n"),
        (" [a]\n  x=1\n  # of dev\n  [profile dev]\n  y=1\n # of b\n  [b]\n", " [a]\n  x=1\n # of b\n  [b]\n"),
        // A header that would now continue the value above it.
        ("[a]\n x=1\n[profile dev]\n    y=1\n   [b]\n  z=1\n", "[a]\n x=1\n [b]\n  z=1\n"),
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
    let to_words = [
        ("[profile dev]\n", "[profile 'two words']\n"),
        ("[profile \"dev\"]\n", "[profile 'two words']\n"),
        // botocore finds no profile after a blank.
        ("[ profile dev ] # mine\n", "[profile 'two words'] # mine\n"),
    ];
    for (before, after) in to_words {
        assert_eq!(renamed(before, DEV, "two words").as_deref(), Ok(after));
    }
    let names = ["m\u{fc}nchen", "a#b", "a;b", "[a]", "a]b", "(x86)", "a&b", "a,b", "a=b", "*", "~a", "a^b", "o'brien"];
    for name in names {
        let there = renamed("[profile dev]\n", DEV, name).expect("can be written");
        assert_eq!(renamed(&there, SectionName::Profile(name), "dev").as_deref(), Ok("[profile dev]\n"), "{there}");
        let there = renamed("[dev]\n", SectionName::Credentials("dev"), name).expect("can be written");
        assert_eq!(there, format!("[{name}]\n"));
        assert_eq!(renamed(&there, SectionName::Credentials(name), "dev").as_deref(), Ok("[dev]\n"));
    }
    for refused in ["", " a", "a\n", "a] #]"] {
        assert!(renamed("[dev]\n", SectionName::Credentials("dev"), refused).is_err(), "{refused:?}");
    }
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
