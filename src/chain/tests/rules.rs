//! Each rule of the plan, a case a sentence.

use super::{DEVICE, Input, ask, in_short};
use crate::chain::reason::KeyItselfBecause;
use crate::chain::{AskedBy, Plan, Reason, Request};

struct Case {
    says: &'static str,
    config: &'static str,
    stored: &'static str,
    asked: &'static str,
    plan: &'static str,
}

const CASES: &[Case] = &[
    // The walk.
    Case {
        says: "a stored key without any role gives a session",
        config: "[profile b]",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session 43200",
    },
    Case {
        says: "a stored key needs no section in the AWS files",
        config: "",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session 43200",
    },
    Case {
        says: "a stored key wins over the one in the files",
        config: "[profile b]|KEY",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session 43200",
    },
    Case {
        says: "a key in the files works",
        config: "[profile b]|KEY",
        stored: "",
        asked: "b",
        plan: "b[file] -> session 43200",
    },
    Case {
        says: "a role over a stored key",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    Case {
        says: "the asked profile's own key is not used where its role comes from another profile",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b",
        stored: "a b",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    Case {
        says: "a profile that names itself is its own base",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = a",
        stored: "a",
        asked: "a",
        plan: "a[stored] -> a 3600",
    },
    Case {
        says: "a key on the way ends the walk, whatever role and source stand beside it",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|role_arn = ROLE(B)|source_profile = c",
        stored: "b c",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    Case {
        says: "a key in the files ends the walk too, even beside another program's `credential_process`",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|credential_process = other|KEY",
        stored: "",
        asked: "a",
        plan: "b[file] -> a 3600",
    },
    Case {
        says: "roles are assumed from the base outwards",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|role_arn = ROLE(B)|source_profile = c",
        stored: "c",
        asked: "a",
        plan: "c[stored] -> b 3600 -> a 3600",
    },
    Case {
        says: "a linked base is its own key",
        config: "[profile b]|credential_process = \"/opt/my tools/keyfob\" credential-process b",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session 43200",
    },
    Case {
        says: "a linked base may keep its key in the files",
        config: "[profile b]|credential_process = keyfob credential-process b|KEY",
        stored: "",
        asked: "b",
        plan: "b[file] -> session 43200",
    },
    Case {
        says: "a linked role is the role beside the process",
        config: "[profile a]|credential_process = keyfob credential-process a|keyfob_role_arn = ROLE(A)|keyfob_source_profile = b",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    Case {
        says: "a linked profile on the way is followed to the role beside it",
        config: "[profile c]|role_arn = ROLE(C)|source_profile = a|[profile a]|credential_process = keyfob credential-process a|keyfob_role_arn = ROLE(A)|keyfob_source_profile = b",
        stored: "b",
        asked: "c",
        plan: "b[stored] -> a 3600 -> c 3600",
    },
    Case {
        says: "a process that runs keyfob for another profile is followed, not run",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = p|[profile p]|credential_process = keyfob credential-process b",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    Case {
        says: "a profile that names itself and a process of keyfob is followed there",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = a|credential_process = keyfob credential-process b",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    Case {
        says: "a source without a role stands for its source",
        config: "[profile a]|source_profile = b",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> session 43200",
    },
    Case {
        says: "a mistake in a role that is not assumed is no error",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|role_arn = nonsense|duration_seconds = x",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 3600",
    },
    // A base without a role.
    Case {
        says: "a known device goes into the session",
        config: "[profile b]|mfa_serial = DEVICE",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session+mfa 43200",
    },
    Case {
        says: "`keyfob_session = mfa` makes a session where a device is known",
        config: "[profile b]|mfa_serial = DEVICE|keyfob_session = mfa",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session+mfa 43200",
    },
    Case {
        says: "`keyfob_session = mfa` hands out the key where none is",
        config: "[profile b]|keyfob_session = mfa",
        stored: "b",
        asked: "b",
        plan: "b[stored]",
    },
    Case {
        says: "`keyfob_session = never` hands out the key, device or not",
        config: "[profile b]|mfa_serial = DEVICE|keyfob_session = never",
        stored: "b",
        asked: "b",
        plan: "b[stored]",
    },
    Case {
        says: "a session lives as long as its profile says, 36 h at most",
        config: "[profile b]|duration_seconds = 129600",
        stored: "b",
        asked: "b",
        plan: "b[stored] -> session 129600",
    },
    Case {
        says: "a root user's session is cut to an hour",
        config: "[profile b]",
        stored: "b(root)",
        asked: "b",
        plan: "b[stored] -> session 3600",
    },
    // Roles and MFA.
    Case {
        says: "a first role of an hour or less shares an MFA session",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE|duration_seconds = 3600",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> session+mfa 43200 -> a 3600",
    },
    Case {
        says: "a first role that asks for nothing shares it too",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> session+mfa 43200 -> a 3600",
    },
    Case {
        says: "the base's device counts where the role names none",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|mfa_serial = DEVICE",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> session+mfa 43200 -> a 3600",
    },
    Case {
        says: "a first role of more than an hour takes the code itself",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE|duration_seconds = 14400",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a+mfa 14400",
    },
    Case {
        says: "a later role's wish for more changes nothing but is capped",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 7200|[profile b]|role_arn = ROLE(B)|source_profile = c|mfa_serial = DEVICE",
        stored: "c",
        asked: "a",
        plan: "c[stored] -> session+mfa 43200 -> b 3600 -> a 3600<7200",
    },
    Case {
        says: "a long first role and a capped second",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 7200|[profile b]|role_arn = ROLE(B)|source_profile = c|mfa_serial = DEVICE|duration_seconds = 43200",
        stored: "c",
        asked: "a",
        plan: "c[stored] -> b+mfa 43200 -> a 3600<7200",
    },
    Case {
        says: "a device named by a later role alone is not used",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE|[profile b]|role_arn = ROLE(B)|source_profile = c",
        stored: "c",
        asked: "a",
        plan: "c[stored] -> b 3600 -> a 3600",
    },
    Case {
        says: "the shared session lives as long as the base says, whoever asks",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE|duration_seconds = 900|[profile b]|duration_seconds = 28800",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> session+mfa 28800 -> a 900",
    },
    Case {
        says: "the duration of a role is not the session's where a profile is its own source",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = a|mfa_serial = DEVICE|duration_seconds = 1800",
        stored: "a",
        asked: "a",
        plan: "a[stored] -> session+mfa 43200 -> a 1800",
    },
    // Roles without MFA.
    Case {
        says: "without a device the key signs the first hop, for as long as it asks",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 43200",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 43200",
    },
    Case {
        says: "the second hop is capped without MFA too",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 43200|[profile b]|role_arn = ROLE(B)|source_profile = c|duration_seconds = 7200",
        stored: "c",
        asked: "a",
        plan: "c[stored] -> b 7200 -> a 3600<43200",
    },
    Case {
        says: "`keyfob_` settings win",
        config: "[profile a]|role_arn = ROLE(Other)|keyfob_role_arn = ROLE(A)|source_profile = nobody|keyfob_source_profile = b|duration_seconds = 900|keyfob_duration_seconds = 1800",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> a 1800",
    },
];

#[test]
fn each_rule_has_its_plan() {
    for case in CASES {
        let input = Input { config: case.config, stored: case.stored, ask: ask(case.asked), ..Input::default() };
        match input.plan() {
            Ok(plan) => assert_eq!(in_short(&plan), case.plan, "{}", case.says),
            Err(error) => panic!("{}: {error}", case.says),
        }
    }
}

const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b|mfa_serial = DEVICE";

fn planned(config: &str, stored: &str, ask: Request) -> Plan {
    Input { config, stored, ask, ..Input::default() }.plan().expect("there is a plan")
}

#[test]
fn a_duration_on_the_command_line_is_for_the_asked_profile() {
    let long = Request { duration_seconds: Some(7200), ..ask("a") };
    let plan = planned(ROLE, "b", long.clone());
    assert_eq!(in_short(&plan), "b[stored] -> a+mfa 7200", "more than an hour leaves the shared session");
    assert_eq!(plan.hops[0].reason, Reason::AsAsked(AskedBy::Option));
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
        planned(config, "b", request).mfa.expect("a device is known").process
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
        ("[profile b]", "b", "b", "may call nothing of IAM"),
        ("[profile b]|KEY", "", "b", "stands in plain text at ~/.aws/config:2"),
        ("[profile b]", "b(root)", "b", "12h were asked for; AWS gives a root user's session 1h"),
        ("[profile b]|keyfob_session = never", "b", "b", "the access key itself is handed out"),
        ("[profile b]|keyfob_mfa_max_age = 15m", "b", "b", "`keyfob_mfa_max_age` of `b` does nothing"),
        (ROLE, "b", "a", "one MFA session, shared by every profile"),
        (ROLE, "a b", "a", "the access key of `a` itself is not used"),
        (&format!("{ROLE}|duration_seconds = 7200"), "b", "a", "`a` asks for 2h, and over an MFA session"),
        (&format!("{ROLE}|keyfob_session = never"), "b", "a", "`keyfob_session` of `a` does nothing"),
        (&format!("{ROLE}|[profile b]|mfa_serial = GAHT12345678"), "b", "a", "`GAHT12345678`, which is not used"),
        (
            &format!("{ROLE}|[profile b]|role_arn = ROLE(B)"),
            "b",
            "a",
            "its role `arn:aws:iam::111122223333:role/B` is not assumed",
        ),
        ("[profile a]|source_profile = b", "b", "a", "so it stands for `b`"),
        ("[profile a]|credential_process = keyfob credential-process b", "b", "a", "followed, not run"),
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
    let hop = &plan.hops[0];
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
