//! The parsers and the writer that AWS's own Python programs have, on random files before and after random edits.

use std::path::PathBuf;

use keyfob::ini::Document;
use keyfob::process_line;
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
    (sections, any::<bool>(), prop::bool::weighted(0.2)).prop_map(|(sections, open_end, crlf)| {
        let text = sections.concat();
        let text = if open_end { text.trim_end_matches('\n') } else { &text };
        if crlf { text.replace('\n', "\r\n") } else { text.to_owned() }
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
    let asked = json!({"cases": asked, "lines": lines}).to_string();

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
