//! What people have reported of programs like this one, and what is right: each situation in several forms, step by step.
//!
//! The situations are data, in `tests/data/reports.json`. A step is a command line, its exit code, and what its output has and
//! lacks; `file` is a file of AWS's afterwards. A situation that needs more than files has a test of its own, which it names.

use std::fs;
use std::sync::Arc;

use serde_json::Value;

use crate::support::aws::LoopbackAws;
use crate::support::data;
use crate::support::run::Ran;
use crate::worlds::{Machine, World};

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// What is not as the step says.
fn wrong(machine: &Machine, step: &Value, ran: &Ran) -> Option<String> {
    let code = step["exit"].as_i64().unwrap_or_default();
    let has = |output: &str, name: &str| {
        let lacking = texts(&step[name]).into_iter().find(|text| !output.contains(&machine.filled(text)));
        lacking.map(|text| format!("{text:?} is not in its {name}"))
    };
    let both = format!("{}{}", ran.stdout, ran.stderr);
    let is_too_much = || texts(&step["not"]).into_iter().find(|text| both.contains(&machine.filled(text)));
    let file = |name: &str| fs::read_to_string(machine.sandbox.path(&format!(".aws/{name}"))).unwrap_or_default();
    let differs = || {
        let files = step["file"].as_object().into_iter().flatten();
        files
            .map(|(name, text)| (file(name), machine.filled(text.as_str().expect("a text"))))
            .find(|(is, right)| is != right)
    };
    if ran.code.map(i64::from) != Some(code) {
        return Some(format!("it ends with {:?}, not {code}", ran.code));
    }
    has(&ran.stdout, "stdout")
        .or_else(|| has(&ran.stderr, "stderr"))
        .or_else(|| is_too_much().map(|text| format!("{text:?} is in its output")))
        .or_else(|| (step["silent"] == true && !ran.stderr.is_empty()).then(|| "it says something".to_owned()))
        .or_else(|| differs().map(|(is, right)| format!("the file is {is:?}, not {right:?}")))
}

#[test]
fn what_people_have_reported_is_right_in_every_form() {
    let aws = Arc::new(LoopbackAws::start());
    let key = aws.user("ann").access_key();
    let machine = Machine::new(&aws, &key);
    let read: Value = serde_json::from_slice(&fs::read(data::path("reports.json")).expect("data")).expect("JSON");
    let (mut all, mut tried) = (Vec::new(), 0);
    for report in read["reports"].as_array().expect("reports") {
        for form in report["forms"].as_array().into_iter().flatten() {
            let world = World { name: text(report, "name").to_owned(), ..World::of(form) };
            machine.set_up(&world);
            for step in report["steps"].as_array().expect("steps") {
                tried += 1;
                let words = shell_words::split(text(step, "run")).expect("words");
                let ran = match step["stdin"].as_str() {
                    Some(stdin) => machine.run_with(&world, &words, &[], &machine.filled(stdin)),
                    None => machine.run(&world, &words, &[]),
                };
                if let Some(wrong) = wrong(&machine, step, &ran) {
                    let Ran { stdout, stderr, .. } = ran;
                    all.push(format!(
                        "{}: {form}\n`keyfob {}`: {wrong}\n{stdout}{stderr}",
                        world.name,
                        text(step, "run")
                    ));
                }
            }
            // What a form has in its files may be anywhere in them; leaks are looked for elsewhere.
            machine.sandbox.forget_outputs();
        }
    }
    assert!(all.is_empty(), "{} wrong:\n{}", all.len(), all.join("\n"));
    assert!(tried > 200, "only {tried} steps");
}

#[test]
fn each_report_has_forms_and_steps_or_a_test_of_its_own() {
    let read: Value = serde_json::from_slice(&fs::read(data::path("reports.json")).expect("data")).expect("JSON");
    let reports = read["reports"].as_array().expect("reports");
    assert!(reports.len() >= 30, "{}", reports.len());
    for report in reports {
        let has = |name: &str| report[name].as_array().is_some_and(|list| !list.is_empty());
        match report["shown_by"].as_array() {
            Some(place) => {
                let [file, test] = [&place[0], &place[1]].map(|text| text.as_str().expect("a text"));
                let source = fs::read_to_string(data::path(&format!("../it/{file}"))).expect("a test's file");
                assert!(source.contains(&format!("fn {test}(")), "{test} is not in {file}");
            }
            None => assert!(has("forms") && has("steps"), "{}", text(report, "name")),
        }
        assert!(!text(report, "right").is_empty());
    }
}
