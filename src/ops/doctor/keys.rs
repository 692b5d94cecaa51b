//! Stored keys: overdue ones, unfinished rotations, old keys that can go, keys nobody uses.

use crate::credentials::AccessKeyId;
use crate::hint::{Hint, run};
use crate::index::KeyEntry;
use crate::ops::doctor::{Finding, Machine};
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::resume_of;
use crate::rotation::{Journal, Phase};
use crate::settings::Settings;
use crate::timestamp::Timestamp;

/// Nothing is asked of AWS or of a key store.
pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let index = match &machine.index {
        Ok(index) => index,
        Err(error) => return vec![Finding::of_error("index", error)],
    };
    let (settings, now) = (machine.context.settings, machine.context.clock.now());
    let journals = Journals::new(&machine.context.paths.data);
    let (rotations, mut found) = match journals.all() {
        Ok(rotations) => (rotations, Vec::new()),
        Err(error) => (Vec::new(), vec![Finding::of_error("rotation", &error)]),
    };
    found.extend(rotations.iter().filter_map(|journal| of_rotation(journal, &journals, settings, now)));
    for (id, entry) in index.keys() {
        // Of one in a rotation that is said.
        if rotations.iter().any(|journal| journal.old == *id) {
            continue;
        }
        match index.profiles_of(id).as_slice() {
            [] => found.push(Finding::new(
                "unused-key",
                format!("{} is stored, but no profile uses it", id.short()),
                "AWS still accepts it, unless it was deleted there",
                run!("keyfob remove {}", id).to("delete it here"),
            )),
            [profile, ..] => found.extend(of_age(id, entry, profile, settings, now)),
        }
    }
    found
}

fn of_rotation(journal: &Journal, journals: &Journals, settings: &Settings, now: Timestamp) -> Option<Finding> {
    let (profile, (step, _)) = (&journal.profile, journal.at());
    match journal.phase() {
        Phase::Unfinished if !journals.is_held(journal) => Some(Finding::new(
            "rotation",
            format!("the rotation of `{profile}` is unfinished: it stopped at `{}`", step.name()),
            step.leaves(),
            resume_of(journal),
        )),
        Phase::Resting if journal.inactive_at.is_none_or(|at| at.plus(settings.rotate_grace) <= now) => {
            Some(Finding::new(
                "rotation",
                format!("the old key of `{profile}`, {}, can be deleted now", journal.old.short()),
                "AWS allows a user only two keys, and this is one of them",
                run!("keyfob rotate {} --finish", profile),
            ))
        }
        Phase::Unfinished | Phase::Resting | Phase::Ended => None,
    }
}

fn of_age(id: &AccessKeyId, entry: &KeyEntry, profile: &str, settings: &Settings, now: Timestamp) -> Option<Finding> {
    // One of unknown age is as old as its time here, at least.
    let (since, least) = entry.created_at.map_or((entry.added_at, "at least "), |at| (at, ""));
    let (limit, age) = (settings.key_max_age.as_secs(), now.seconds_since(since));
    if !id.is_of_aws() || u64::try_from(age).ok()? < limit {
        return None;
    }
    let message = format!("the key of `{profile}`, {}, is {least}{} days old", id.short(), age / 86_400);
    let why = format!("keys should be replaced after {} days (`key_max_age`)", limit / 86_400);
    let is_root = entry.user_arn.as_deref().is_some_and(|arn| arn.ends_with(":root"));
    let fix: Hint = match is_root {
        true => {
            "delete it in the AWS console and use an IAM user's key instead: keyfob cannot rotate a root user's key"
                .into()
        }
        false => run!("keyfob rotate {}", profile),
    };
    Some(Finding::new("key-age", message, why, fix))
}
