//! The account's password policy.

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::{PasswordPolicy, Source};
use crate::hint::run;

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
        let fix = run!("keyfob user password-policy --cis --with {}", judge.profile);
        Resource::new(judge.facts.account.as_str(), None, detail, fix)
    });
    Ok(Findings::of(found, judge.facts.asked_at))
}
