//! What an audit reports: the JSON of `audit`, and what its table is made of.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::audit::check::{Check, Judgement, Resource};
use crate::audit::facts::Facts;
use crate::format::hint::Argv;
use crate::hint::{Hint, Word};
use crate::timestamp::Timestamp;

/// The audit of one account.
#[derive(Debug, Serialize)]
pub struct Audit {
    /// The profile it was audited with.
    pub profile: String,
    /// 12 digits.
    pub account: String,
    /// Who asked.
    pub arn: String,
    pub checks: Vec<CheckOutcome>,
}

/// What came of one check.
#[derive(Debug, Serialize)]
pub struct CheckOutcome {
    pub id: &'static str,
    pub title: &'static str,
    /// Its number in each version of the CIS benchmark that has it.
    pub cis: BTreeMap<&'static str, &'static str>,
    pub status: Status,
    pub why: &'static str,
    /// Who or what fails it.
    pub resources: Vec<Failing>,
    /// Why it passes, if there is a reason of its own.
    pub note: Option<String>,
    /// What is not known, of a check that is unknown.
    pub missing: Option<Unknown>,
    /// The command of keyfob's that fixes the first resource.
    pub fix: Option<Argv>,
    /// When the facts were true; the credential report is up to 4 h old.
    pub as_of: Option<Timestamp>,
}

/// Who or what fails a check.
#[derive(Debug, Serialize)]
pub struct Failing {
    pub name: String,
    pub since: Option<Timestamp>,
    pub detail: String,
    /// The command of keyfob's that fixes it, if there is one.
    fix: Option<Argv>,
    #[serde(skip)]
    pub hint: Hint,
}

/// Why nothing is known.
#[derive(Debug, Serialize)]
pub struct Unknown {
    /// The permission that is missing.
    pub action: &'static str,
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    Fail,
    Unknown,
}

impl Status {
    /// As it is written in reports.
    pub fn word(self) -> &'static str {
        match self {
            Status::Pass => "pass",
            Status::Fail => "fail",
            Status::Unknown => "unknown",
        }
    }
}

/// How many checks came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub pass: usize,
    pub fail: usize,
    pub unknown: usize,
}

impl Audit {
    pub(super) fn new(profile: &str, facts: &Facts, judged: Vec<(&'static Check, Judgement)>) -> Audit {
        Audit {
            profile: profile.to_owned(),
            account: facts.account.clone(),
            arn: facts.caller.arn.clone(),
            checks: judged.into_iter().map(|(check, judgement)| CheckOutcome::new(check, judgement)).collect(),
        }
    }

    /// How many checks came to what.
    pub fn counts(&self) -> Counts {
        let count = |status| self.checks.iter().filter(|line| line.status == status).count();
        Counts { pass: count(Status::Pass), fail: count(Status::Fail), unknown: count(Status::Unknown) }
    }
}

impl CheckOutcome {
    fn new(check: &'static Check, judgement: Judgement) -> CheckOutcome {
        let Check { id, title, why, .. } = check;
        let empty = CheckOutcome {
            id,
            title,
            cis: check.numbers(),
            status: Status::Unknown,
            why,
            resources: Vec::new(),
            note: None,
            missing: None,
            fix: None,
            as_of: None,
        };
        match judgement {
            Err(missing) => {
                CheckOutcome { missing: Some(Unknown { action: missing.action, reason: missing.reason }), ..empty }
            }
            Ok(findings) => CheckOutcome {
                status: if findings.resources.is_empty() { Status::Pass } else { Status::Fail },
                fix: findings.resources.first().and_then(|resource| own_command(&resource.fix)),
                resources: findings.resources.into_iter().map(Failing::new).collect(),
                note: findings.note,
                as_of: findings.as_of,
                ..empty
            },
        }
    }
}

impl Failing {
    fn new(Resource { name, since, detail, fix }: Resource) -> Failing {
        Failing { name, since, detail, fix: own_command(&fix), hint: fix }
    }
}

/// A command of keyfob's; those of the AWS CLI are text.
fn own_command(hint: &Hint) -> Option<Argv> {
    match hint {
        Hint::Run { words, .. } if words.first().map(Word::as_str) == Some("keyfob") => hint.argv(),
        Hint::Run { .. } | Hint::Say(_) | Hint::Paste { .. } => None,
    }
}
