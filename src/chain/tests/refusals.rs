//! What fails for other reasons than a profile: options, settings of ours, variables, ourselves.

use super::{Input, ask};
use crate::chain::Request;
use crate::error::{Error, Kind};

const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b";

#[test]
fn a_duration_that_cannot_be_had_is_a_usage_error_that_names_the_hop() {
    let two = format!("{ROLE}|[profile b]|role_arn = ROLE(B)|source_profile = c");
    let cases = [
        (
            two.as_str(),
            "c",
            "a",
            7200,
            "`--duration 2h` is not possible: the role of `a` is assumed from the session of `b`, and AWS limits chained roles to 1h",
        ),
        (ROLE, "b", "a", 43_201, "`--duration` is 12h 1s, but a role's session must last from 15m to 12h"),
        (ROLE, "b", "a", 899, "`--duration` is 14m 59s, but a role's session must last from 15m to 12h"),
        ("[profile b]", "b", "b", 129_601, "`--duration` is 36h 1s, but a session must last from 15m to 36h"),
        ("[profile b]", "b(root)", "b", 7200, "`--duration` is 2h, but a root user's session must last from 15m to 1h"),
        (
            "[profile b]|keyfob_session = never",
            "b",
            "b",
            3600,
            "`--duration` is not possible: `b` gets the access key itself, which never expires",
        ),
    ];
    for (config, stored, asked, seconds, message) in cases {
        let request = Request { duration_seconds: Some(seconds), ..ask(asked) };
        let error = Error::from(Input { config, stored, ask: request, ..Input::default() }.plan().expect_err(message));
        assert_eq!((error.message(), error.kind()), (message, Kind::Usage));
    }
}

#[test]
fn keyfob_does_not_wait_for_itself() {
    for (chain, asked, cycle) in [("a", "a", "a -> a"), ("y,a,x", "a", "a -> x -> a"), ("b", "a", "b -> a -> b")] {
        let env = [("KEYFOB_CHAIN", chain)];
        let error = Input { config: ROLE, stored: "b", env: &env, ask: ask(asked), ..Input::default() }.plan();
        let error = Error::from(error.expect_err("it waits for itself"));
        assert!(error.message().ends_with(cycle), "{}", error.message());
        assert_eq!(error.kind(), Kind::Config);
    }
    let env = [("KEYFOB_CHAIN", "other")];
    assert!(Input { config: ROLE, stored: "b", env: &env, ask: ask("a"), ..Input::default() }.plan().is_ok());
}

#[test]
fn a_variable_that_cannot_be_is_named() {
    for (name, value) in [
        ("AWS_REGION", "us east"),
        ("AWS_ENDPOINT_URL_STS", "sts"),
        ("AWS_USE_FIPS_ENDPOINT", "yes"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "global"),
    ] {
        let env = [(name, value)];
        let error = Input { config: "[profile b]", stored: "b", env: &env, ask: ask("b"), ..Input::default() }.plan();
        let error = Error::from(error.expect_err(name));
        assert!(error.message().starts_with(&format!("`{name}`: `{value}` is ")), "{}", error.message());
        assert_eq!(error.hint_texts(), [format!("set or unset `{name}`")]);
    }
}

#[test]
fn a_key_id_that_may_be_a_secret_is_never_repeated() {
    let config = "[profile a]|aws_access_key_id = fakeSecretInTheWrongPlace|aws_secret_access_key = fake";
    let error = Input { config, ask: ask("a"), ..Input::default() }.plan().expect_err("no key id");
    assert!(!format!("{error:?} {error}").contains("fakeSecret"));
}
