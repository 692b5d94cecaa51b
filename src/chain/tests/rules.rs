//! Each rule of the plan, a case a sentence.

use super::{Input, ask, in_short};

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
        says: "what a profile includes counts as its own",
        config: "[profile a]|role_arn = ROLE(A)|include_profile = common|[profile common]|source_profile = b|mfa_serial = DEVICE",
        stored: "b",
        asked: "a",
        plan: "b[stored] -> session+mfa 43200 -> a 3600",
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
fn options_of_a_link_are_noted_wherever_the_walk_meets_it() {
    let notes = |config: &str, asked: &str| -> Vec<String> {
        let plan = Input { config, stored: "b", ask: ask(asked), ..Input::default() }.plan().expect("a plan");
        plan.notes.iter().map(ToString::to_string).filter(|note| note.contains("only when an SDK runs it")).collect()
    };
    let link = "[profile a]|credential_process = keyfob credential-process b -d 1h|";
    assert_eq!(
        notes(link, "a"),
        ["the `credential_process` of `a` has `-d 1h`, which applies only when an SDK runs it"]
    );
    assert_eq!(notes(&link.replace("profile a", "profile b"), "b").len(), 1, "its own");
    assert_eq!(notes(&link.replace(" -d 1h", ""), "a"), [""; 0]);
    let over = format!("[profile c]|source_profile = a|{link}");
    assert_eq!(notes(&over, "c"), notes(link, "a"), "on the way");
    let including = format!("[profile b]|include_profile = a|{link}");
    assert_eq!(notes(&including, "b"), [""; 0], "a link is not included, and its options are not");
    assert_eq!(notes("[profile b]|credential_process = other --duration 1h", "b"), [""; 0], "another program's");
}

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
