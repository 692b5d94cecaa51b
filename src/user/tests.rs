use super::password::{PasswordPolicy, generate};
use super::*;

fn journal(first: UserStep) -> Journal {
    Journal::new("ann", "arn:aws:iam::111122223333:user/ann", "admin", first, Timestamp::from_unix(1_000))
}

/// The steps from here to the rest or the end, each done.
fn walk(journal: &mut Journal) -> Vec<&'static str> {
    let mut steps = Vec::new();
    while let Some(step) = journal.next() {
        journal.begin(step, Timestamp::from_unix(2_000));
        assert_eq!(journal.next(), Some(step), "a step that was begun is done again");
        journal.complete(Timestamp::from_unix(3_000));
        steps.push(step.name());
    }
    steps
}

#[test]
fn a_user_is_created_with_its_key_last_and_taken_back_from_the_user_on() {
    let mut forth = journal(UserStep::Groups);
    assert_eq!(walk(&mut forth), ["groups", "user", "mfa", "membership", "password", "key", "profile", "handover"]);
    assert!(forth.has_ended());
    let mut back = journal(UserStep::UndoUser);
    assert_eq!(walk(&mut back), ["undo-user", "undo-groups", "forget"]);
    assert!(back.has_ended());
}

#[test]
fn a_removal_rests_for_a_day_once_the_user_is_shut_out() {
    let mut removal = journal(UserStep::Deactivate);
    assert_eq!(walk(&mut removal), ["deactivate", "no-password", "deny"]);
    assert!(removal.rests() && !removal.has_ended());
    assert_eq!(removal.deletable_from(), Some(Timestamp::from_unix(3_000 + 86_400)));
    removal.begin(UserStep::Delete, Timestamp::from_unix(90_000));
    assert_eq!(walk(&mut removal), ["delete"]);
    assert!(removal.has_ended());
}

#[test]
fn a_journal_reads_back_as_it_was_written() {
    let mut written = journal(UserStep::Groups);
    written.wish = Wish {
        groups: vec!["developers".into()],
        mfa: MfaWish::Qr,
        handover: Some(Handover { file: "/x/ann.age".into(), to: Recipient::PublicKey("age1x".into()) }),
        ..Wish::default()
    };
    written.made.attached.push(("developers".into(), "arn:aws:iam::aws:policy/ReadOnlyAccess".into()));
    let text = serde_json::to_string(&written).expect("JSON");
    assert_eq!(serde_json::from_str::<Journal>(&text).expect("read"), written);
}

#[test]
fn a_password_meets_every_policy_and_no_two_are_alike() {
    let strict = PasswordPolicy {
        minimum_length: 40,
        symbols: true,
        numbers: true,
        uppercase: true,
        lowercase: true,
        ..PasswordPolicy::default()
    };
    let mut state = 1_u64;
    let mut random = |bytes: &mut [u8]| {
        for byte in bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    };
    let mut seen = std::collections::BTreeSet::new();
    for policy in [&strict, &PasswordPolicy::default()] {
        for _ in 0..200 {
            let password = generate(policy, &mut random);
            let text = password.expose();
            assert_eq!(text.len(), usize::try_from(policy.minimum_length).expect("small").max(24));
            let has = |test: fn(char) -> bool| text.chars().any(test);
            assert!(has(|c| c.is_ascii_uppercase()) && has(|c| c.is_ascii_lowercase()) && has(|c| c.is_ascii_digit()));
            assert!(has(|c| "!@#$%^&*()_+-=[]{}|'".contains(c)));
            assert!(seen.insert(text.to_owned()), "twice");
        }
    }
}

#[test]
fn cis_raises_what_is_less_and_lowers_nothing() {
    let own = PasswordPolicy { minimum_length: 20, max_age_days: Some(90), ..PasswordPolicy::default() };
    let cis = own.meeting_cis();
    assert_eq!((cis.minimum_length, cis.reuse_prevention, cis.max_age_days), (20, Some(24), Some(90)));
    assert_eq!(own.changes(&cis), [("PasswordReusePrevention", "-".to_owned(), "24".to_owned())]);
    let sent = cis.parameters();
    assert_eq!(sent.len(), 9, "every setting goes along: {sent:?}");
    assert!(cis.lines().iter().all(|line| line.meets_cis));
}

#[test]
fn the_policy_that_requires_mfa_lets_a_first_enrolment_through() {
    let document: serde_json::Value = serde_json::from_str(&documents::require_mfa("aws-cn")).expect("JSON");
    let statement = &document["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(statement["Condition"]["BoolIfExists"]["aws:MultiFactorAuthPresent"], "false");
    let exempt = statement["NotAction"].to_string();
    for action in ["iam:EnableMFADevice", "iam:ChangePassword", "sts:GetSessionToken"] {
        assert!(exempt.contains(action), "{exempt}");
    }
    // A denial that is lifted is no right: each is allowed too, but the one that needs no permission.
    let allowed: Vec<String> = document["Statement"]
        .as_array()
        .expect("a list")
        .iter()
        .skip(1)
        .map(|allow| {
            assert_eq!(allow["Effect"], "Allow");
            allow["Action"].to_string()
        })
        .collect();
    for action in
        statement["NotAction"].as_array().expect("a list").iter().filter(|action| *action != "sts:GetSessionToken")
    {
        assert!(allowed.concat().contains(&action.to_string()), "{action}: {allowed:?}");
    }
    assert_eq!(document["Statement"][1]["Resource"], "arn:aws-cn:iam::*:user/${aws:username}");
}

#[test]
fn only_names_and_arns_that_aws_takes_are_taken() {
    for (name, good) in [("ann", true), ("ann@example.com", true), ("", false), ("a/b", false), ("é", false)] {
        assert_eq!(documents::check_name(name, 64).is_ok(), good, "{name}");
    }
    assert!(documents::check_name(&"x".repeat(65), 64).is_err());
    for (arn, good) in [
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", true),
        ("arn:aws:iam::111122223333:policy/team/own", true),
        ("ReadOnlyAccess", false),
        ("arn:aws:iam::111122223333:role/x", false),
    ] {
        assert_eq!(documents::check_policy_arn(arn).is_ok(), good, "{arn}");
    }
    assert!(documents::is_for_admins("arn:aws-cn:iam::aws:policy/AdministratorAccess"));
    assert!(!documents::is_for_admins("arn:aws:iam::aws:policy/ReadOnlyAccess"));
}
