//! What a check is, and what it comes to.

use std::collections::BTreeMap;

use crate::audit::facts::{Facts, Missing, Source};
use crate::hint::Hint;
use crate::sorted;
use crate::timestamp::Timestamp;

/// A version of the CIS Amazon Web Services Foundations Benchmark; 4.0 is 4.0.1.
pub const CIS_VERSIONS: [&str; 5] = ["3.0", "4.0", "5.0", "6.0", "7.0"];

/// One question to an account.
#[derive(Debug)]
pub struct Check {
    /// As `--only` and `--skip` name it.
    pub id: &'static str,
    /// What is so if the check passes.
    pub title: &'static str,
    /// Its numbers in 3.0 and 4.0.1, in 5.0, in 6.0 and in 7.0.
    pub cis: Option<[Option<&'static str>; 4]>,
    /// Why it matters, in one sentence.
    pub why: &'static str,
    /// What has to be asked.
    pub needs: &'static [Source],
    pub judge: fn(&Judge<'_>) -> Judgement,
}

impl Check {
    /// Its number in a version of the benchmark.
    pub fn number(&self, version: &str) -> Option<&'static str> {
        let at = CIS_VERSIONS.iter().position(|known| *known == version)?;
        self.cis?[at.saturating_sub(1)]
    }

    /// All its numbers.
    pub fn numbers(&self) -> BTreeMap<&'static str, &'static str> {
        sorted::map(CIS_VERSIONS.iter().filter_map(|version| Some((*version, self.number(version)?))))
    }
}

/// What a check judges by.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    pub facts: &'a Facts,
    /// The profile that asks, for commands.
    pub profile: &'a str,
    /// The profiles on this machine that have a stored key of a user, by the user's ARN.
    pub profiles: &'a BTreeMap<String, String>,
}

/// What was found, or why nothing is known.
pub type Judgement = Result<Findings, Missing>;

/// What a check found; nothing means that it passes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    pub resources: Vec<Resource>,
    /// What else is to be known, of a check that passes for a reason of its own.
    pub note: Option<String>,
    /// When the facts were true.
    pub as_of: Option<Timestamp>,
}

/// Who or what fails a check.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    pub name: String,
    pub since: Option<Timestamp>,
    pub detail: String,
    pub fix: Hint,
}

impl Resource {
    pub(super) fn new(
        name: impl Into<String>,
        since: Option<Timestamp>,
        detail: impl Into<String>,
        fix: impl Into<Hint>,
    ) -> Resource {
        Resource { name: name.into(), since, detail: detail.into(), fix: fix.into() }
    }
}

impl Findings {
    /// Of these resources, by what AWS said at that time.
    pub(super) fn of(resources: impl IntoIterator<Item = Resource>, as_of: Timestamp) -> Findings {
        Findings { resources: resources.into_iter().collect(), note: None, as_of: Some(as_of) }
    }

    /// As [`Findings::of`]; where nothing is found and something is not known, that is the result.
    pub(super) fn unless_missing(resources: Vec<Resource>, as_of: Timestamp, missing: Option<Missing>) -> Judgement {
        match missing.filter(|_| resources.is_empty()) {
            Some(missing) => Err(missing),
            None => Ok(Findings::of(resources, as_of)),
        }
    }

    /// It passes, and this is why.
    pub(super) fn passed(note: impl Into<String>, as_of: Timestamp) -> Findings {
        Findings { resources: Vec::new(), note: Some(note.into()), as_of: Some(as_of) }
    }
}

impl Judge<'_> {
    /// How long ago it was, in whole days.
    pub(super) fn days_since(&self, then: Timestamp) -> i64 {
        self.facts.asked_at.seconds_since(then).max(0) / DAY
    }

    /// Whether it was longer ago than so many days.
    pub(super) fn is_older(&self, then: Timestamp, days: i64) -> bool {
        self.facts.asked_at.seconds_since(then) > days * DAY
    }

    /// The profile on this machine that has a stored key of this user.
    pub(super) fn profile_of(&self, arn: &str) -> Option<&str> {
        self.profiles.get(arn).map(String::as_str)
    }

    /// The ARN of one of AWS's own policies.
    pub(super) fn managed(&self, name: &str) -> String {
        format!("arn:{}:iam::aws:policy/{name}", self.facts.caller.partition)
    }
}

const DAY: i64 = 86_400;
