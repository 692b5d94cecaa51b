//! The parsers and the writer that AWS's own Python programs have, on random files before and after random edits.

use std::collections::BTreeMap;
use std::path::PathBuf;

use keyfob::ini::{Document, is_identifier};
use keyfob::process_line;
use keyfob::profile::{AwsFile, Profiles};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::KEYFOB;
use crate::ini_testing::random::any_edit;
use crate::ini_testing::{Edit, Place, Table, edited};
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

const CASES: usize = 400;

#[derive(Debug, Clone)]
struct Case {
    before: String,
    edit: Edit,
}

const NAMES: [&str; 6] = ["region", "Output", "role_arn", "s3", "credential_process", "a.b-c"];

/// One setting as people write it; botocore refuses a file in which one stands twice.
fn setting(name: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "( {0,3}|\t)=( {0,2}|\t)[a-z\u{e9}/:.,-]{1,8}( [;#] why)?".prop_map(move |rest| format!("{name}{rest}")),
        1 => Just(format!("{name} =")),
        1 => "[a-z]{1,4}\n(# in between\n)?  [a-z]{1,4}".prop_map(move |rest| format!("{name} = {rest}")),
        1 => "( |\t){1,4}[a-z]{1,6} ?= ?[a-z0-9]{1,4}\n    more = 1".prop_map(move |rest| format!("{name} =\n{rest}")),
    ]
}

fn section(header: String) -> impl Strategy<Value = String> {
    let settings = prop::sample::subsequence(&NAMES[..], 0..NAMES.len()).prop_shuffle();
    let settings = settings.prop_flat_map(|names| names.into_iter().map(setting).collect::<Vec<_>>());
    let gap = prop_oneof![6 => Just(""), 1 => Just("\n"), 1 => Just("# a comment\n"), 1 => Just("; role_arn = x\n\n")];
    ("(# of this one\n)?", "( # c| ; c)?", settings, prop::collection::vec(gap, 6..7), "\n{0,2}").prop_map(
        move |(above, beside, settings, gaps, end)| {
            let lines: String = settings.iter().zip(gaps).map(|(setting, gap)| format!("{gap}{setting}\n")).collect();
            format!("{above}[{header}]{beside}\n{lines}{end}")
        },
    )
}

fn any_file(is_config: bool) -> impl Strategy<Value = String> {
    let headers: &[&str] = match is_config {
        true => &["default", "profile a", "profile  b", "profile 'c'", "services l", "sso-session s", "plugins"],
        false => &["default", "a", "b", "c"],
    };
    let headers = prop::sample::subsequence(headers, 1..=headers.len()).prop_shuffle();
    let sections = headers
        .prop_flat_map(|headers| headers.into_iter().map(|header| section(header.to_owned())).collect::<Vec<_>>());
    // As Windows ends lines, and as old Macs did.
    let ending = prop_oneof![7 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    (sections, any::<bool>(), ending).prop_map(|(sections, open_end, ending)| {
        let text = sections.concat();
        let text = if open_end { text.trim_end_matches('\n') } else { &text };
        text.replace('\n', ending)
    })
}

/// A file and an edit of it. Names have to be literal for a pattern: `NAMES`.
fn any_case() -> impl Strategy<Value = Case> {
    let profile = || prop_oneof![4 => "[abc]", 1 => "default|d"];
    let places = prop_oneof![3 => profile().prop_map(Place::Profile), 1 => profile().prop_map(Place::Credentials)];
    let names = "region|Output|role_arn|s3|credential_process|a\\.b-c";
    let edits = any_edit(places.boxed(), names, "[a-z]([a-z/:=,.\u{e9}-]{0,8}[a-z])?", "[xyz]|new\\.name");
    edits.prop_flat_map(|edit| {
        let is_config = matches!(edit.section(), Place::Profile(_));
        any_file(is_config).prop_map(move |before| Case { before, edit: edit.clone() })
    })
}

impl Case {
    fn is_config(&self) -> bool {
        matches!(self.edit.section(), Place::Profile(_))
    }

    /// The file after keyfob's edit; none where it is not to be made, or was refused.
    fn after(&self) -> Option<String> {
        // `default` that goes away or comes about has two names.
        if matches!(self.edit, Edit::Rename { .. }) && self.edit.section().name().name() == "default" {
            return None;
        }
        let mut document = Document::parse(self.before.clone()).expect("AWS's reference parser reads it");
        edited(&mut document, &self.edit).then(|| document.text().to_owned())
    }

    /// The same edit for the AWS CLI's writer, where it is up to it: it knows a header in its own spelling alone and a
    /// setting in lower case, and writes into the middle of a value of several lines.
    fn update(&self) -> Value {
        let Edit::Set { section, name, value } = &self.edit else { return Value::Null };
        let (section, header) = (section.name(), section.name().header_text());
        let document = Document::parse(self.before.clone()).expect("AWS's reference parser reads it");
        let is_known = !document.has_section(section) || self.before.contains(&format!("[{header}]"));
        let value_of = |name: &String| document.value_in(section, name).unwrap_or_default();
        let is_plain =
            document.names_in(section).iter().all(|name| !value_of(name).is_empty() && !value_of(name).contains('\n'));
        let update = json!({"__section__": header, name: value});
        if is_known && is_plain && *name == name.to_lowercase() { update } else { Value::Null }
    }

    /// What a parser has read, as a table.
    fn table(&self, read: &Value) -> Table<Value> {
        let sections = if self.is_config() { &read["profiles"] } else { read };
        let sections = sections.as_object().expect("an object").iter();
        let key = |name: &str| ((self.is_config() && name != "default").then(|| "profile".to_owned()), name.to_owned());
        let settings = |section: &Value| section.as_object().expect("an object").clone().into_iter().collect();
        sections.map(|(name, section)| (key(name), settings(section))).collect()
    }
}

/// The Python that a reader's modules are installed for.
fn python(reader: &str) -> Option<PathBuf> {
    let program = tools::require(reader)?;
    if reader == "python" {
        return Some(program);
    }
    let script = std::fs::read(&program).expect("it was found");
    let first = String::from_utf8_lossy(script.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
    let python = first.strip_prefix("#!").map(PathBuf::from);
    if python.is_none() {
        tools::skipped(&format!("{} is no Python script (Debian's is)", program.display()));
    }
    python
}

#[test]
fn botocore_and_the_aws_clis_read_the_same_but_for_the_edit() {
    let mut runner = TestRunner::default();
    let mut random = |_| any_case().new_tree(&mut runner).expect("nothing is rejected").current();
    let cases: Vec<(Case, String)> =
        (0..CASES).map(&mut random).filter_map(|case| case.after().map(|after| (case, after))).collect();
    let line = "[a-c\"'\\\\ \t$~#;|]{0,14}";
    let lines: Vec<String> =
        (0..CASES).map(|_| line.new_tree(&mut runner).expect("nothing is rejected").current()).collect();
    let asked: Vec<Value> = cases
        .iter()
        .map(|(case, after)| {
            let kind = if case.is_config() { "config" } else { "credentials" };
            json!({"before": case.before, "after": after, "kind": kind, "update": case.update()})
        })
        .collect();
    let asked = json!({"cases": asked, "lines": lines, "files": []}).to_string();

    let aws = std::sync::Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::new(KEYFOB, &aws);
    let readers = [("python", "botocore"), ("aws-cli-1", "awscli.botocore"), ("aws-cli-2", "awscli.botocore")];
    let mut tried = 0;
    for (reader, botocore) in readers {
        let Some(python) = python(reader) else { continue };
        tried += 1;
        let script = include_str!("readers.py");
        let answer = sandbox.program(python, &["-W", "ignore", "-c", script, botocore]).stdin(&asked).run().json();
        let mut compared = 0;
        for ((case, after), answer) in cases.iter().zip(answer["cases"].as_array().expect("a list")) {
            if answer["before"].is_null() {
                continue;
            }
            compared += 1;
            let mut expected = case.table(&answer["before"]);
            case.edit.apply_to(&mut expected);
            let shown = || format!("{reader}: {:?}\n{}\n-->\n{after}", case.edit, case.before);
            assert_eq!(case.table(&answer["after"]), expected, "{}", shown());
            if !answer["written"].is_null() {
                assert_eq!(
                    answer["written"],
                    answer["after"],
                    "the AWS CLI writes what means something else: {}",
                    shown()
                );
            }
        }
        assert!(compared > cases.len() / 2, "{reader} reads {compared} of {}", cases.len());
        for (line, words) in lines.iter().zip(answer["lines"].as_array().expect("a list")) {
            let ours = process_line::split(line).ok().map_or(Value::Null, |words| json!(words));
            assert_eq!(ours, *words, "{reader} takes {line:?} apart otherwise");
        }
    }
    if tried == 0 {
        tools::skipped("nothing is compared, for want of botocore and the AWS CLIs");
    }
}

const READ: usize = 1500;

/// Lines in every form that some reader takes, and a few that none does.
fn any_lines() -> impl Strategy<Value = String> {
    let name = "([a-d]|two words|'two words'|\"a\"'b'|a\\\\ b|m\u{fc}|a[#;]b|\\[x|y\\]|\\(z\\)|p&q|r,s|t=u|v:w|\\*|~x|z\\^|o'b)";
    let after = "( ?[#;] ?[ab]| \\]|\\]| # \\[a\\]|x|[ \t]|\u{a0}|=)?";
    let before = "[ \t\u{a0}]{0,3}\\[ ?(profile[ \t]{1,2}|profile|profilex |services )?";
    let header = prop::string::string_regex(&format!("{before}{name} ?\\]{after}")).expect("a pattern");
    let line = prop_oneof![
        8 => header,
        1 => "[ \t]{0,2}\\[[a \\[\\]]{0,4}\\]?",
        20 => "([ \t]{0,3}|\u{a0})[a-z]{2}[ \t\u{a0}]?[=:][ \t\u{a0}]?[a-c=:#;\u{e9}]{0,3}( [#;] ?c)?[ \t\u{a0}]?",
        1 => "[a-c ]{1,3}[#; ]{1,3}[a-c]?[=:][a-c]?",
        4 => "[a-z]{2} ?[=:]\n[ \t]{1,3}[a-z]{1,2} ?= ?[a-c]?\n[ \t]{1,4}[a-z]{1,2} ?= ?[a-c#]{0,3}",
        4 => "[ \t]{1,4}[a-c#;=]{1,3}",
        3 => "[ \t]{0,3}[#;][a-c\\[\\]=]{0,3}",
        3 => "[ \t\r\u{a0}]{0,2}",
    ];
    let ending = prop_oneof![12 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
    let first =
        prop_oneof![10 => Just("[profile first]\n"), 4 => Just("  [default]\n"), 4 => Just("[first]\n"), 1 => Just("")];
    (first, prop::collection::vec((line, ending), 1..8)).prop_map(|(first, lines)| {
        let lines = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]);
        std::iter::once(first).chain(lines).collect()
    })
}

/// A value as both readers have it: without its comment, which botocore keeps, and without the lines that are blank.
fn normal(value: &str) -> Vec<String> {
    let mut lines = value.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let is_comment =
        |at: usize| first[at..].starts_with(['#', ';']) && !first[..at].ends_with(|c: char| !c.is_whitespace());
    let end = first.char_indices().map(|(at, _)| at).find(|at| is_comment(*at)).unwrap_or(first.len());
    std::iter::once(first[..end].trim()).chain(lines.filter(|line| !line.is_empty())).map(str::to_owned).collect()
}

/// What botocore has read of a setting: text, or of a nested block its lines.
fn theirs(value: &Value) -> Vec<String> {
    match value.as_object() {
        None => nested(normal(value.as_str().expect("text"))),
        Some(block) => {
            let line = |(name, value): (&String, &Value)| format!("{name}={}", value.as_str().expect("text"));
            nested(std::iter::once(String::new()).chain(block.iter().map(line)).collect())
        }
    }
}

/// The lines of a nested block without their spacing, the last of each name; those of another value as they are.
fn nested(lines: Vec<String>) -> Vec<String> {
    if lines.len() < 2 || !lines[0].is_empty() {
        return lines;
    }
    let pairs = lines.iter().filter_map(|line| line.split_once('='));
    let last: BTreeMap<&str, &str> = pairs.map(|(name, value)| (name.trim(), value.trim())).collect();
    std::iter::once(String::new()).chain(last.iter().map(|(name, value)| format!("{name}={value}"))).collect()
}

/// Compares what keyfob and botocore read in a file.
fn compare(text: &str, file: AwsFile, read: &Value) {
    let document =
        Document::parse(text.to_owned()).unwrap_or_else(|error| panic!("botocore reads it: {error}\n{text}"));
    let files = match file {
        AwsFile::Config => (Some(&document), None),
        AwsFile::Credentials => (None, Some(&document)),
    };
    let profiles = Profiles::new(files.0, files.1);
    profiles.warnings();
    let read = if file == AwsFile::Config { &read["profiles"] } else { read };
    let read = read.as_object().expect("an object");
    // A section of another kind is no profile of the credentials file to any other SDK.
    let is_of_kind = |name: &str| {
        ["profile", "services"]
            .iter()
            .any(|kind| name.trim().starts_with(&format!("{kind} ")) || name.trim().starts_with(&format!("{kind}\t")))
    };
    for (name, settings) in
        read.iter().filter(|(name, _)| !name.trim().is_empty() && (file == AwsFile::Config || !is_of_kind(name)))
    {
        // Of what is in brackets here the others see the first part, in which a comment begins.
        if name.contains("] #") || name.contains("] ;") || name.contains("]#") || name.contains("];") {
            continue;
        }
        let profile = profiles.get(name.trim()).unwrap_or_else(|| panic!("botocore finds {name:?}\n{text}"));
        for (key, value) in settings.as_object().expect("an object").iter().filter(|(key, _)| is_identifier(key)) {
            let ours = profile.plain(key).map(|setting| nested(normal(&setting.value)));
            assert_eq!(ours, Some(theirs(value)), "{key:?} of {name:?}\n{text}");
        }
    }
    // What only keyfob finds has a blank before it or a bracket after it, which botocore stumbles over and the others do not.
    let sections = document.sections();
    let is_the_references = sections
        .filter(|section| section.header_text().starts_with([' ', '\t']) || section.after_header().contains(']'));
    let references: Vec<&str> =
        is_the_references.flat_map(|section| [section.header().name, section.header().text]).collect();
    for name in profiles.names().filter(|name| !read.contains_key(*name)) {
        let is_spaced = read.keys().any(|key| key.trim() == name);
        assert!(
            is_spaced || references.contains(&name) || name == "DEFAULT",
            "botocore does not find {name:?}\n{text}"
        );
    }
}

#[test]
fn whatever_botocore_reads_is_read_alike() {
    let mut runner = TestRunner::default();
    let mut random = |_| any_lines().new_tree(&mut runner).expect("nothing is rejected").current();
    let texts: Vec<String> = (0..READ).map(&mut random).collect();
    let kinds = [(AwsFile::Config, "config"), (AwsFile::Credentials, "credentials")];
    let asked: Vec<Value> = texts.iter().flat_map(|text| kinds.map(|(_, kind)| json!([text, kind]))).collect();
    let asked = json!({"cases": [], "lines": [], "files": asked}).to_string();
    let sandbox = Sandbox::new(KEYFOB, &std::sync::Arc::new(LoopbackAws::start()));
    for (reader, botocore) in
        [("python", "botocore"), ("aws-cli-1", "awscli.botocore"), ("aws-cli-2", "awscli.botocore")]
    {
        let Some(python) = python(reader) else { continue };
        let script = include_str!("readers.py");
        let program = sandbox.program(python, &["-X", "utf8", "-W", "ignore", "-c", script, botocore]);
        let answer = program.stdin(&asked).run().json();
        let answers = answer["files"].as_array().expect("a list");
        let cases = texts.iter().flat_map(|text| kinds.map(|(file, _)| (text, file)));
        let mut compared = 0;
        for ((text, file), read) in cases.zip(answers).filter(|(_, read)| !read.is_null()) {
            compare(text, file, read);
            compared += 1;
        }
        assert!(compared > READ / 3, "{reader} reads {compared}");
    }
}
