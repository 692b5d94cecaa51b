//! What fails for other reasons than a profile: options, settings of ours, variables, ourselves.

use super::{Input, Stored, ask};
use crate::chain::{PlanError, Request, plan};
use crate::error::{Error, Kind};
use crate::profile::Profiles;
use crate::sys::env::Environment;

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

#[test]
fn a_chain_ends_at_50_roles_and_includes_at_50_profiles() {
    let planned = |count: usize, lines: &dyn Fn(usize) -> String| {
        let profile = |n: usize| format!("[profile p{n}]\n{}", lines(n));
        let key = "aws_access_key_id = AKIAABC123EXAMPLE000\naws_secret_access_key = fake-secret\nregion = last\n";
        let config: String = (0..count).map(profile).collect();
        let profiles = Profiles::from_texts(&format!("{config}[profile p{count}]\n{key}"), "");
        let region = profiles.get("p0").expect("there").setting("region").map(|region| region.value.into_owned());
        (plan(&profiles, &Stored::of(""), &Environment::default(), &ask("p0")), region)
    };
    let role = |n: usize| format!("role_arn = arn:aws:iam::111122223333:role/r\nsource_profile = p{}\n", n + 1);
    assert_eq!(planned(50, &role).0.expect("as many as there may be").hops().count(), 50);
    for count in [51, 10_000] {
        assert_eq!(planned(count, &role).0.expect_err("too many"), PlanError::TooLong("p0".to_owned()));
    }
    let include = |n: usize| format!("include_profile = p{}\n", n + 1);
    assert_eq!(planned(50, &include).1.as_deref(), Some("last"));
    assert_eq!((planned(51, &include).1, planned(10_000, &include).1), (None, None));
}
