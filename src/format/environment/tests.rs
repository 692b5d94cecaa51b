//! Environments before and after a hand-out, and taken back.

use super::*;
use crate::credentials::{AccessKey, Session};
use crate::timestamp::Timestamp;

fn session(id: &str) -> Credentials {
    Credentials::Session(Session {
        access_key_id: id.into(),
        secret_access_key: Secret::new("fakesecret".into()),
        session_token: Some(Secret::new("faketoken".into())),
        issued_at: Timestamp::from_unix(0),
        expires_at: Timestamp::from_unix(3600),
        account_id: Some("123456789012".into()),
    })
}

fn key() -> Credentials {
    let id = "AKIAFAKEFAKEFAKEFAKE".parse().expect("well formed");
    Credentials::Key { key: AccessKey { id, secret: Secret::new("fakesecret".into()) }, account_id: None }
}

fn surroundings(region: Option<&str>, variables: &[(&str, &str)]) -> ProfileVariables {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ProfileVariables { region: region.map(str::to_owned), variables, ..ProfileVariables::default() }
}

/// The environment of a command run with `changes`, or of a shell that evaluated them.
fn applied(environment: &Environment, changes: &[VariableChange]) -> Environment {
    let mut all: BTreeMap<OsString, OsString> =
        environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for change in changes {
        match change.value() {
            Some(value) => all.insert(change.name().into(), value.expose().into()),
            None => all.remove(OsStr::new(change.name())),
        };
    }
    all.into_iter().collect()
}

fn pairs(environment: &Environment) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.to_str().expect("ASCII"), value.to_str().expect("ASCII"))).collect()
}

fn unset(changes: &[VariableChange]) -> Vec<&str> {
    changes.iter().filter(|change| change.value().is_none()).map(VariableChange::name).collect()
}

#[test]
fn credentials_region_and_marks_are_set() {
    let environment = Environment::from_pairs([("HOME", "/h")]);
    let surroundings = surroundings(Some("eu-west-1"), &[("AWS_CA_BUNDLE", "/ca")]);
    let after = applied(&environment, &hand_out(&environment, "p", &session("ASIA1"), &surroundings));
    let expected = [
        ("AWSU_PROFILE", "p"),
        ("AWS_ACCESS_KEY_ID", "ASIA1"),
        ("AWS_ACCOUNT_ID", "123456789012"),
        ("AWS_CA_BUNDLE", "/ca"),
        ("AWS_CREDENTIAL_EXPIRATION", "1970-01-01T01:00:00Z"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_SECRET_ACCESS_KEY", "fakesecret"),
        ("AWS_SESSION_EXPIRATION", "1970-01-01T01:00:00Z"),
        ("AWS_SESSION_TOKEN", "faketoken"),
        ("HOME", "/h"),
        ("KEYFOB_PROFILE", "p"),
        ("KEYFOB_REGION", "eu-west-1"),
    ];
    let unmarked = pairs(&after).into_iter().filter(|(name, _)| *name != vars::KEYFOB_VARIABLES);
    assert_eq!(unmarked.collect::<Vec<_>>(), expected);
}

#[test]
fn what_would_win_is_unset_and_never_blanked() {
    let rivals = [
        ("AWS_ACCOUNT_ID", "1"),
        ("AWS_BEARER_TOKEN_BEDROCK", "x"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "x"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "x"),
        ("AWS_CREDENTIAL_EXPIRATION", "1999-01-01T00:00:00Z"),
        ("AWS_DEFAULT_PROFILE", ""),
        ("AWS_PROFILE", "other"),
        ("AWS_ROLE_ARN", "x"),
        ("AWS_ROLE_SESSION_NAME", "x"),
        ("AWS_SECURITY_TOKEN", "x"),
        ("AWS_SESSION_TOKEN", "stale"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "x"),
    ];
    let mut pairs = vec![("HOME", "/h"), ("AWS_CONFIG_FILE", "/c"), ("AWS_BEARER_TOKEN_a;b", "x")];
    pairs.extend(rivals);
    let changes = hand_out(&Environment::from_pairs(pairs), "p", &key(), &ProfileVariables::default());
    assert_eq!(unset(&changes), rivals.map(|(name, _)| name));
    assert!(changes.iter().all(|change| change.value().is_none_or(|value| !value.is_empty())));
}

#[test]
fn a_stale_session_token_is_unset_even_where_it_is_not_seen() {
    let changes = hand_out(&Environment::default(), "p", &key(), &ProfileVariables::default());
    assert_eq!(unset(&changes), ["AWS_SESSION_TOKEN"]);
}

#[test]
fn taking_back_leaves_the_environment_as_it_was() {
    let was = [
        ("AWS_DEFAULT_REGION", "us-east-2"),
        ("AWS_PROFILE", "mine"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("HOME", "/h"),
    ];
    let environment = Environment::from_pairs(was);
    let surroundings = surroundings(Some("us-east-1"), &[("AWS_ENDPOINT_URL_S3", "http://localhost:1")]);
    let mut now = environment.clone();
    // Renewing, or changing to another profile, in the same shell loses nothing.
    for profile in ["p", "p", "q"] {
        now = applied(&now, &hand_out(&now, profile, &session(&format!("ASIA{profile}")), &surroundings));
        assert_eq!(now.get("AWS_PROFILE"), None);
        assert_eq!(now.get("KEYFOB_PROFILE"), Some(profile));
        assert_eq!(pairs(&before(&now)), was);
    }
    assert_eq!(pairs(&applied(&now, &take_back(&now))), was);
    assert!(take_back(&environment).is_empty(), "nothing of ours is there");
}

#[test]
fn the_inner_of_two_wins_with_its_region_and_endpoints() {
    let plain = Environment::from_pairs([("HOME", "/h")]);
    let outers = surroundings(Some("eu-west-1"), &[("AWS_ENDPOINT_URL", "http://localhost:1")]);
    let outer = applied(&plain, &hand_out(&plain, "a", &session("ASIA1"), &outers));
    assert_eq!(pairs(&before(&outer)), [("HOME", "/h")], "the inner one decides from this");
    let inner = applied(&outer, &hand_out(&outer, "b", &key(), &surroundings(Some("us-west-2"), &[])));
    assert_eq!((inner.get("AWS_REGION"), inner.get("AWS_DEFAULT_REGION")), (Some("us-west-2"), Some("us-west-2")));
    for gone in [
        "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_ACCOUNT_ID", "AWS_CREDENTIAL_EXPIRATION",
        "AWS_SESSION_EXPIRATION",
    ] {
        assert_eq!(inner.raw(gone), None, "{gone}");
    }
    // A profile without a region must not run on in the outer one's.
    let none = applied(&outer, &hand_out(&outer, "c", &key(), &surroundings(None, &[])));
    assert_eq!((none.raw("AWS_REGION"), none.raw("KEYFOB_REGION")), (None, None));
}

#[test]
fn what_the_user_set_since_is_the_users() {
    let start = Environment::from_pairs([("AWS_PROFILE", "old"), ("AWS_REGION", "eu-north-1")]);
    let surroundings = surroundings(Some("eu-north-1"), &[("AWS_ENDPOINT_URL", "http://localhost:1")]);
    let handed = applied(&start, &hand_out(&start, "a", &session("ASIA1"), &surroundings));
    let by_hand = [
        ("AWS_ACCESS_KEY_ID", "AKIAMINE"),
        ("AWS_ENDPOINT_URL", "http://mine"),
        ("AWS_PROFILE", "new"),
        ("AWS_REGION", "ap-east-1"),
    ];
    let set = |(name, value): (&str, &str)| VariableChange::Set { name: name.into(), value: Secret::new(value.into()) };
    let now = applied(&handed, &by_hand.map(set));
    assert_eq!(
        by_hand.map(|(name, _)| before(&now).get(name).map(str::to_owned)),
        by_hand.map(|(_, value)| Some(value.to_owned()))
    );
    assert!(!unset(&take_back(&now)).contains(&"AWS_SECRET_ACCESS_KEY"), "it may be that key's");
}
