//! The audit of an account: facts that AWS told, and the checks that judge them. Pure: a check adds a line to the table below.
//!
//! Rules: the CIS Amazon Web Services Foundations Benchmark, 3.0 to 7.0, as far as it is about identities. Where tools get it
//! wrong: a member account of an organization without root credentials is healthy, an AWS GovCloud (US) root user can have
//! neither a password nor MFA, the credential report is up to 4 h old, and a key that was never used is unused since it was made.

mod account;
pub mod check;
pub mod facts;
mod keys;
mod own;
mod passwords;
mod policies;
pub mod report;
mod root;
#[cfg(test)]
mod tests;
mod users;

use std::collections::BTreeSet;

use crate::audit::check::{Check, Judge, Judgement};
use crate::audit::facts::Source;
use crate::sorted;

/// Every check, in the order of the report: the caller's own user, what every tutorial asks for first, the rest of the
/// benchmark, and what costs a call for each user.
pub const CHECKS: &[Check] = &[
    own::ROOT,
    own::MFA,
    own::KEYS,
    root::KEY,
    root::MFA,
    users::PEOPLE,
    policies::GROUPS,
    passwords::POLICY,
    root::HARDWARE_MFA,
    root::UNUSED,
    passwords::LENGTH,
    passwords::REUSE,
    users::CONSOLE_MFA,
    keys::SETUP,
    users::UNUSED,
    keys::TWO,
    keys::OLD,
    policies::ADMIN,
    policies::SUPPORT,
    account::CERTIFICATES,
    account::ANALYZER,
    policies::CLOUD_SHELL,
    account::CENTRAL_ROOT,
    account::UNUSED_SERVICES,
];

/// Which checks are wanted.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Ids; empty: all.
    pub only: Vec<String>,
    /// Ids.
    pub skip: Vec<String>,
    /// A version of the benchmark: without what only other versions have.
    pub cis: Option<String>,
    /// With the checks that make a call for each user and role.
    pub last_accessed: bool,
}

impl Choice {
    /// The checks, in the order of the report.
    pub fn checks(&self) -> Vec<&'static Check> {
        let names = |ids: &[String], check: &Check| ids.iter().any(|id| id == check.id);
        let is_wanted = |check: &&Check| {
            let in_version = self.cis.as_ref().is_none_or(|cis| check.cis.is_none() || check.number(cis).is_some());
            let is_named = names(&self.only, check);
            let is_asked = self.last_accessed || is_named || !check.needs.contains(&Source::LastAccessed);
            (self.only.is_empty() || is_named) && !names(&self.skip, check) && in_version && is_asked
        };
        CHECKS.iter().filter(is_wanted).collect()
    }
}

/// What has to be asked for these checks.
pub fn sources(checks: &[&Check]) -> BTreeSet<Source> {
    sorted::set(checks.iter().flat_map(|check| check.needs).copied())
}

/// Judges an account.
pub fn judge<'c>(checks: &[&'c Check], judge: &Judge<'_>) -> Vec<(&'c Check, Judgement)> {
    checks.iter().map(|check| (*check, (check.judge)(judge))).collect()
}
