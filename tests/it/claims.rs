//! What the README and the manual claim, beside what their commands show: each claim has a test, a measurement or a source.
//!
//! The claims are data, in `tests/data/claims.json`: a sentence of a page, and what it rests on. A sentence that is changed has
//! to be changed there too, so that somebody looks whether it is still true.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::data;
use crate::trust::{TestsByName, all_tests};

/// A text with one blank between words, however its lines are broken.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What is wrong with a claim.
fn objection(claim: &Value, tests: &TestsByName) -> Option<String> {
    let text = |name: &str| claim[name].as_str();
    let says = text("says").expect("a claim says something");
    if !in_one_line(&page(text("page").expect("a page"))).contains(&in_one_line(says)) {
        return Some("the page does not say that".to_owned());
    }
    let named: Vec<&str> = claim["shown_by"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for name in &named {
        match tests.get(*name) {
            None => return Some(format!("there is no test `{name}`")),
            Some(Some(objection)) => return Some(format!("`{name}` {objection}")),
            Some(None) => {}
        }
    }
    let is_measured = text("measured_in").is_some_and(|file| page(file).contains("## Measured"));
    (named.is_empty() && !is_measured && text("source").is_none()).then(|| "nothing shows it".to_owned())
}

#[test]
fn each_claim_of_the_readme_and_the_manual_has_a_test_a_measurement_or_a_source() {
    let read: Value = serde_json::from_slice(&fs::read(data::path("claims.json")).expect("data")).expect("JSON");
    let claims = read["claims"].as_array().expect("claims");
    assert!(claims.len() >= 80, "only {}", claims.len());
    let tests = all_tests();
    let wrong = claims.iter().filter_map(|claim| Some(format!("{}: {}", claim["says"], objection(claim, &tests)?)));
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}
