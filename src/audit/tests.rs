//! The table of checks, and what one run against AWS cannot show. Whole accounts are in tests/it/audit.rs.

use std::collections::BTreeMap;

use super::check::{Check, Judge, Resource};
use super::facts::{Caller, Facts, Missing, OwnKey};
use super::policies::allows_all;
use super::report::{CredentialReport, KeyRow, Row};
use super::{CHECKS, Choice};
use crate::timestamp::Timestamp;

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

fn check(id: &str) -> &'static Check {
    CHECKS.iter().find(|check| check.id == id).expect("a check")
}

fn found(id: &str, facts: &Facts) -> Result<Vec<String>, Missing> {
    let judged = (check(id).judge)(&Judge { facts, profile: "work", profiles: &BTreeMap::new() });
    judged.map(|found| found.resources.into_iter().map(|Resource { name, .. }| name).collect())
}

#[test]
fn every_check_has_an_id_of_its_own_and_says_in_one_sentence_why() {
    for (at, check) in CHECKS.iter().enumerate() {
        assert!(CHECKS[..at].iter().all(|other| other.id != check.id), "{}", check.id);
        assert!(check.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", check.id);
        assert!(!check.why.ends_with('.') && !check.why.contains(". "), "{}", check.why);
        assert!(check.title.starts_with(|first: char| first.is_ascii_uppercase()), "{}", check.title);
    }
    assert_eq!(Choice::default().checks().len(), CHECKS.len() - 1, "all but the one that costs a call for each user");
}

#[test]
fn a_check_whose_facts_were_not_asked_for_is_unknown_and_never_passes() {
    let facts = Facts::nothing("111122223333", "arn:aws:iam::111122223333:user/ann", NOW);
    for check in CHECKS.iter().filter(|check| !check.needs.is_empty()) {
        assert!(found(check.id, &facts).is_err(), "{}", check.id);
    }
}

#[test]
fn a_summary_without_a_number_is_unknown_and_never_passes() {
    let mut facts = Facts::nothing("111122223333", "arn:aws:iam::111122223333:root", NOW);
    facts.virtual_device_owners = Ok(Vec::new());
    let whole: BTreeMap<String, i64> = ["AccountMFAEnabled", "AccountAccessKeysPresent", "Users", "Providers"]
        .map(|name| (name.to_owned(), i64::from(name == "AccountMFAEnabled")))
        .into();
    let needed = [
        ("root-key", "AccountAccessKeysPresent"),
        ("root-mfa", "AccountMFAEnabled"),
        ("root-hardware-mfa", "AccountMFAEnabled"),
        ("people", "Users"),
        ("people", "Providers"),
    ];
    for (id, name) in needed {
        facts.summary = Ok(whole.clone());
        assert!(found(id, &facts).is_ok(), "{id}");
        let mut without = whole.clone();
        without.remove(name);
        facts.summary = Ok(without);
        assert_eq!(found(id, &facts).expect_err(id).reason, format!("the summary has no {name}"));
    }
    // An old form of the summary, without AccountPasswordPresent: the root user may have one.
    facts.summary = Ok([("AccountMFAEnabled".to_owned(), 0), ("AccountAccessKeysPresent".to_owned(), 0)].into());
    assert_eq!(found("root-mfa", &facts), Ok(vec!["<root_account>".to_owned()]));
    facts.caller = Caller { partition: "aws-us-gov".to_owned(), ..facts.caller };
    assert_eq!(found("root-mfa", &facts), Ok(Vec::new()));
}

#[test]
fn an_active_key_without_a_date_is_unknown_and_never_passes() {
    let mut facts = Facts::nothing("111122223333", "arn:aws:iam::111122223333:user/ann", NOW);
    let key = KeyRow { is_active: true, rotated: None, used: None };
    let row = Row {
        user: "bob".to_owned(),
        arn: String::new(),
        created: None,
        has_password: false,
        password_used: None,
        password_changed: None,
        has_mfa: false,
        keys: [key, KeyRow::default()],
    };
    facts.report = Ok(CredentialReport { generated: NOW, root: None, users: vec![row] });
    let own = OwnKey { id: "AKIA".to_owned(), is_active: true, created: None, used: Ok(None) };
    facts.own_keys = Ok(vec![own]);
    for id in ["old-keys", "unused-credentials", "own-keys"] {
        assert!(found(id, &facts).is_err(), "{id}");
    }
}

#[test]
fn a_region_without_an_analyzer_fails_and_one_that_is_denied_is_unknown() {
    let mut facts = Facts::nothing("111122223333", "arn:aws:iam::111122223333:user/ann", NOW);
    let denied = Missing { action: "access-analyzer:ListAnalyzers", reason: "a service control policy".to_owned() };
    facts.analyzers = Ok([("a".to_owned(), Ok(1)), ("b".to_owned(), Err(denied.clone()))].into());
    assert_eq!(found("access-analyzer", &facts), Err(denied.clone()));
    facts.analyzers = Ok([("a".to_owned(), Ok(0)), ("b".to_owned(), Err(denied))].into());
    assert_eq!(found("access-analyzer", &facts), Ok(vec!["a".to_owned()]));
}

#[test]
fn a_caller_is_told_by_its_arn() {
    let of = |arn| {
        let Caller { partition, user, is_root, .. } = Facts::nothing("1", arn, NOW).caller;
        (partition, user, is_root)
    };
    assert_eq!(of("arn:aws-cn:iam::1:user/team/ann"), ("aws-cn".to_owned(), Some("ann".to_owned()), false));
    assert_eq!(of("arn:aws:iam::1:root"), ("aws".to_owned(), None, true));
    assert_eq!(of("arn:aws:sts::1:assumed-role/root/x"), ("aws".to_owned(), None, false));
}

#[test]
fn everything_on_everything_is_told_from_less() {
    for (statement, is_all) in [
        (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#, true),
        (r#"{"Effect":"Allow","Action":["iam:Get*","*:*"],"Resource":["*"]}"#, true),
        (r#"[{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}]"#, true),
        (r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, false),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::a/*"}"#, false),
        (r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#, false),
        (r#"{"Effect":"Allow","Action":["**"],"Resource":"**"}"#, true),
        (r#"{"Effect":"Allow","Action":["iam:*"],"Resource":["*"]}"#, false),
        (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, false),
    ] {
        let document = serde_json::from_str(&format!(r#"{{"Statement":{statement}}}"#)).expect("JSON");
        assert_eq!(allows_all(&document), is_all, "{statement}");
    }
}
