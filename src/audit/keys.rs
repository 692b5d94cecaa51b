//! The access keys of users, by the credential report.

use crate::audit::check::{Check, Findings, Judge, Resource};
use crate::audit::facts::{Missing, Source};
use crate::audit::report::{KeyRow, Row};
use crate::audit::users::{deactivate, without_date};
use crate::hint::{Hint, run};

/// How old a key may become.
pub(super) const MAX_AGE_DAYS: i64 = 90;

pub(super) const SETUP: Check = Check {
    id: "setup-keys",
    title: "No user with a password has a key that was never used",
    cis: Some([Some("1.11"), Some("1.10"), Some("2.10"), None]),
    why: "a key made along with a user is one more secret, and people who sign in to the console rarely need it",
    needs: &[Source::Report],
    judge: |judge| {
        each_key(judge, |row| {
            let unneeded = row.active_keys().filter(|(_, key)| row.has_password && key.used.is_none());
            let resource = |(at, key): (usize, &KeyRow)| {
                Resource::new(&*row.user, key.rotated, format!("access key {at}: never used"), deactivate(judge, row))
            };
            unneeded.map(resource).collect()
        })
    },
};

pub(super) const TWO: Check = Check {
    id: "two-keys",
    title: "No user has two active access keys",
    cis: Some([Some("1.13"), Some("1.12"), Some("2.12"), None]),
    why: "the second key is for the minutes of a rotation; after that it is one that nobody watches",
    needs: &[Source::Report],
    judge: |judge| {
        each_key(judge, |row| {
            let newest = row.keys.iter().filter_map(|key| key.rotated).max();
            let two = row.active_keys().count() == 2;
            let fix = match judge.profile_of(&row.arn) {
                Some(profile) => run!("keyfob rotate {} --status", profile).to("see whether a rotation is unfinished"),
                None => deactivate(judge, row),
            };
            two.then(|| Resource::new(&*row.user, newest, "two active access keys", fix)).into_iter().collect()
        })
    },
};

pub(super) const OLD: Check = Check {
    id: "old-keys",
    title: "No access key is older than 90 days",
    cis: Some([Some("1.14"), Some("1.13"), Some("2.13"), Some("2.12")]),
    why: "the older a key is, the more files, backups and logs it may be in",
    needs: &[Source::Report],
    judge: |judge| {
        let found = each_key(judge, |row| {
            let old = |key: &(usize, &KeyRow)| key.1.rotated.is_some_and(|made| judge.is_older(made, MAX_AGE_DAYS));
            let resource = |(at, key): (usize, &KeyRow)| {
                let days = key.rotated.map_or(0, |made| judge.days_since(made));
                let detail = format!("access key {at}: {days} days old");
                Resource::new(&*row.user, key.rotated, detail, rotate(judge, row))
            };
            row.active_keys().filter(old).map(resource).collect()
        })?;
        let report = judge.facts.report.as_ref().map_err(Clone::clone)?;
        let undated = report.users.iter().find(|row| row.active_keys().any(|(_, key)| key.rotated.is_none()));
        Findings::unless_missing(found.resources, report.generated, undated.map(without_date))
    },
};

fn each_key(judge: &Judge<'_>, find: impl Fn(&Row) -> Vec<Resource>) -> Result<Findings, Missing> {
    let report = judge.facts.report.as_ref().map_err(Clone::clone)?;
    Ok(Findings::of(report.users.iter().flat_map(find), report.generated))
}

/// keyfob rotates a key that it has stored.
fn rotate(judge: &Judge<'_>, row: &Row) -> Hint {
    match judge.profile_of(&row.arn) {
        Some(profile) => run!("keyfob rotate {}", profile),
        None => {
            deactivate(judge, row).to("have the key replaced where it is used (`keyfob rotate` does all of it), then")
        }
    }
}
