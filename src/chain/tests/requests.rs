//! What a request changes, and what a plan tells beside its steps.

use super::{DEVICE, Input, ask, in_short};
use crate::chain::reason::KeyItselfBecause;
use crate::chain::{AskedBy, Plan, Reason, Request};

const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE";

fn planned(config: &str, stored: &str, ask: Request) -> Plan {
    Input { config, stored, ask, ..Input::default() }.plan().expect("there is a plan")
}

#[test]
fn a_duration_on_the_command_line_is_for_the_asked_profile() {
    let long = Request { duration_seconds: Some(7200), ..ask("a") };
    let plan = planned(ROLE, "b", long.clone());
    assert_eq!(in_short(&plan), "b[stored] -> a+mfa 7200", "more than an hour leaves the shared session");
    assert_eq!(plan.hops().next().expect("a hop").reason, Reason::AsAsked(AskedBy::Option));
    let base = planned("[profile b]", "b", Request { duration_seconds: Some(900), ..ask("b") });
    assert_eq!(in_short(&base), "b[stored] -> session 900");
}

#[test]
fn without_a_session_the_key_itself_or_the_code_in_the_hop() {
    let key = planned("[profile b]|mfa_serial = DEVICE", "b", Request { no_session: true, ..ask("b") });
    assert_eq!(in_short(&key), "b[stored]");
    let said = Reason::KeyItself { because: KeyItselfBecause::Option, device: Some(DEVICE.to_owned()) };
    assert!(key.notes.contains(&said));
    let role = planned(ROLE, "b", Request { no_session: true, ..ask("a") });
    assert_eq!(in_short(&role), "b[stored] -> a+mfa 3600");
    assert!(role.notes.contains(&Reason::CodeInHopWithoutSession));
}

#[test]
fn the_default_life_of_a_session_is_handed_in() {
    let plan = planned("[profile b]", "b", Request { session_duration_seconds: 3600, ..ask("b") });
    assert_eq!(in_short(&plan), "b[stored] -> session 3600");
}

#[test]
fn the_code_comes_from_the_first_roles_process_then_the_bases_then_the_settings() {
    let process = |config: &str, settings: Option<&str>| {
        let request = Request { mfa_process: settings.map(str::to_owned), ..ask("a") };
        planned(config, "b", request).mfa.expect("there is an MFA device").process
    };
    let base = "|[profile b]|mfa_process = of-base";
    let own = format!("{ROLE}|mfa_process = of-role{base}");
    assert_eq!(process(&own, Some("of-settings")).as_deref(), Some("of-role"));
    assert_eq!(process(&format!("{ROLE}{base}"), Some("of-settings")).as_deref(), Some("of-base"));
    assert_eq!(process(ROLE, Some("of-settings")).as_deref(), Some("of-settings"));
    assert_eq!(process(ROLE, None), None);
}

#[test]
fn decisions_leave_their_reasons() {
    let notes = |config: &str, stored: &str, asked: &str| {
        let plan = planned(config, stored, ask(asked));
        plan.reasons().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let cases = [
        ("[profile b]", "b", "b", "cannot call IAM"),
        ("[profile b]|KEY", "", "b", "is stored in plain text at ~/.aws/config:2"),
        ("[profile b]", "b(root)", "b", "12h were requested, but AWS limits the root user's sessions to 1h"),
        ("[profile b]|keyfob_session = never", "b", "b", "the credentials are the access key itself"),
        ("[profile b]|keyfob_mfa_max_age = 15m", "b", "b", "`keyfob_mfa_max_age` of `b` has no effect"),
        (ROLE, "b", "a", "one MFA session for all profiles"),
        (ROLE, "a b", "a", "the access key of `a` is not used"),
        (&format!("{ROLE}|duration_seconds = 7200"), "b", "a", "`a` requests 2h, and from a session"),
        (&format!("{ROLE}|keyfob_session = never"), "b", "a", "`keyfob_session` of `a` has no effect"),
        (&format!("{ROLE}|[profile b]|mfa_serial = GAHT12345678"), "b", "a", "`GAHT12345678` of `b` is not used"),
        (
            &format!("{ROLE}|[profile b]|role_arn = ROLE(B)"),
            "b",
            "a",
            "its role `arn:aws:iam::111122223333:role/B` is not assumed",
        ),
        ("[profile a]|source_profile = b", "b", "a", "so it gets the credentials of `b`"),
        ("[profile a]|credential_process = keyfob credential-process b", "b", "a", "keyfob continues there directly"),
    ];
    for (config, stored, asked, said) in cases {
        let notes = notes(config, stored, asked);
        assert!(notes.contains(said), "{said:?} is not in\n{notes}");
    }
}

#[test]
fn a_plan_names_the_line_of_each_setting_that_had_a_part() {
    let plan = planned(
        "[profile a]|role_arn = ROLE(A)|keyfob_source_profile = b|region = eu-west-1|output = json",
        "b",
        ask("a"),
    );
    let used: Vec<String> =
        plan.used.iter().map(|used| format!("{} {} {}", used.profile, used.name, used.place)).collect();
    assert_eq!(
        used,
        ["a role_arn ~/.aws/config:2", "a keyfob_source_profile ~/.aws/config:3", "a region ~/.aws/config:4"]
    );
}

#[test]
fn everything_a_hop_sends_is_in_the_plan() {
    let config = "[profile a]
        role_arn = ROLE(A)
        source_profile = b
        role_session_name = me@example.com
        external_id = x:1
        session_tags = team=blue, cost = 7
        transitive_session_tags = team
        source_identity = me
        policy = {\"Version\":\"2012-10-17\",\"Statement\":[]}
        policy_arns = arn:aws:iam::aws:policy/ReadOnlyAccess";
    let plan = planned(config, "b", ask("a"));
    let hop = plan.hops().next().expect("a hop");
    assert_eq!(hop.role_arn, "arn:aws:iam::111122223333:role/A");
    assert_eq!(hop.role_session_name.as_deref(), Some("me@example.com"));
    assert_eq!(hop.external_id.as_deref(), Some("x:1"));
    assert_eq!(hop.tags, [("team".into(), "blue".into()), ("cost".into(), "7".into())]);
    assert_eq!(hop.transitive_tag_keys, ["team"]);
    assert_eq!(hop.source_identity.as_deref(), Some("me"));
    assert_eq!(hop.policy.as_deref(), Some("{\"Version\":\"2012-10-17\",\"Statement\":[]}"));
    assert_eq!(hop.policy_arns, ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
}

#[test]
fn programs_started_for_a_plan_are_told_every_profile_of_it() {
    use crate::sys::env::Environment;
    let plan = planned(ROLE, "b", ask("a"));
    let env = Environment::from_pairs([("KEYFOB_CHAIN", "x,y")]);
    assert_eq!(plan.chain_for_programs(&env), ["x", "y", "a", "b"]);
}
