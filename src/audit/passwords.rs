//! The account's password policy.

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::{PasswordPolicy, Source};
use crate::hint::{Hint, run};

/// What the benchmark asks for.
const MINIMUM_LENGTH: u32 = 14;
const REUSE_PREVENTION: u32 = 24;

pub(super) const POLICY: Check = Check {
    id: "password-policy",
    title: "The account has a password policy",
    cis: None,
    why: "without one, AWS accepts passwords of 8 characters, and the same one again and again",
    needs: &[Source::PasswordPolicy],
    judge: |judge| check(judge, |policy| policy.is_none().then(|| "no password policy".to_owned())),
};

pub(super) const LENGTH: Check = Check {
    id: "password-length",
    title: "Passwords have at least 14 characters",
    cis: Some([Some("1.8"), Some("1.7"), Some("2.7"), Some("2.8")]),
    why: "short passwords are guessed",
    needs: &[Source::PasswordPolicy],
    judge: |judge| {
        check(judge, |policy| {
            // IAM User Guide, "Set an account password policy for IAM users": 8 without a policy.
            let length = policy.map_or(8, |policy| policy.minimum_length);
            (length < MINIMUM_LENGTH).then(|| format!("{length} characters are enough"))
        })
    },
};

pub(super) const REUSE: Check = Check {
    id: "password-reuse",
    title: "The last 24 passwords cannot be used again",
    cis: Some([Some("1.9"), Some("1.8"), Some("2.8"), Some("2.9")]),
    why: "a password that has leaked once would come back",
    needs: &[Source::PasswordPolicy],
    judge: |judge| {
        check(judge, |policy| {
            let remembered = policy.map_or(0, |policy| policy.reuse_prevention);
            (remembered < REUSE_PREVENTION).then(|| match remembered {
                0 => "any password can be used again".to_owned(),
                count => format!("only the last {count} passwords cannot be used again"),
            })
        })
    },
};

fn check(judge: &Judge<'_>, find: impl Fn(Option<&PasswordPolicy>) -> Option<String>) -> Judgement {
    let policy = judge.facts.password_policy.as_ref().map_err(Clone::clone)?;
    let found = find(policy.as_ref()).map(|detail| {
        Resource::new(judge.facts.account.as_str(), None, detail, update(judge, policy.unwrap_or_default()))
    });
    Ok(Findings::of(found, judge.facts.asked_at))
}

/// UpdateAccountPasswordPolicy takes no partial update: what is left out goes back to its default (IAM API), so the command
/// repeats what is set.
fn update(judge: &Judge<'_>, policy: PasswordPolicy) -> Hint {
    let hint = run!(
        "aws iam update-account-password-policy --minimum-password-length {} --password-reuse-prevention {}",
        policy.minimum_length.max(MINIMUM_LENGTH),
        policy.reuse_prevention.max(REUSE_PREVENTION)
    );
    hint.option("--max-password-age", (policy.max_age > 0).then(|| policy.max_age.to_string()))
        .flag("--require-symbols", policy.symbols)
        .flag("--require-numbers", policy.numbers)
        .flag("--require-uppercase-characters", policy.upper_case)
        .flag("--require-lowercase-characters", policy.lower_case)
        .flag("--allow-users-to-change-password", policy.users_may_change)
        .flag("--hard-expiry", policy.hard_expiry)
        .option("--profile", Some(judge.profile))
}
