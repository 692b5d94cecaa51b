//! What is said of rotations by whoever does not rotate: `--status`, and the reminders of other commands.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::credentials::AccessKeyId;
use crate::error::Result;
use crate::hint::{Hint, run};
use crate::ops::Context;
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::{find, resume_of, rollback_of};
use crate::rotation::{HistoryEntry, Phase, RotationStep};
use crate::timestamp::Timestamp;

/// What a command that does not rotate says of rotations: of an unfinished one nobody is at work on, and of an old key that
/// may be deleted.
///
/// # Errors
/// As [`Journals::all`].
pub fn reminders(data: &Path, grace: Duration, now: Timestamp) -> Result<Vec<Hint>> {
    let journals = Journals::new(data);
    let mut hints = Vec::new();
    for journal in journals.all()? {
        let (profile, old) = (&journal.profile, journal.old.short());
        match journal.phase() {
            Phase::Unfinished if !journals.is_held(&journal) => {
                hints.extend([resume_of(&journal), rollback_of(&journal)]);
            }
            Phase::Resting if journal.inactive_at.is_none_or(|at| at.plus(grace) <= now) => hints.push(
                run!("keyfob rotate {} --finish", profile).to(format!("delete the old key of `{profile}`, {old}")),
            ),
            Phase::Unfinished | Phase::Resting | Phase::Ended => {}
        }
    }
    Ok(hints)
}

/// A rotation as `--json` shows it.
#[derive(Debug, Serialize)]
pub struct Status {
    pub(crate) profile: String,
    pub(crate) rotation: Option<Shown>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) old: AccessKeyId,
    pub(crate) new: Option<AccessKeyId>,
    pub(crate) step: RotationStep,
    pub(crate) done: bool,
    pub(crate) state: &'static str,
    pub(crate) leaves: &'static str,
    switched_at: Option<Timestamp>,
    inactive_at: Option<Timestamp>,
    pub(crate) finish_from: Option<Timestamp>,
    profiles: Vec<String>,
    pub(crate) history: Vec<HistoryEntry>,
}

/// How the rotation of a profile stands, for `--status` and `--json`.
///
/// # Errors
/// As [`Journals::all`].
pub fn status(context: &Context<'_>, profile: &str) -> Result<Status> {
    let journals = Journals::new(&context.paths.data);
    let rotation = find(context, profile)?.map(|journal| {
        let (step, done) = journal.at();
        Shown {
            old: journal.old.clone(),
            new: journal.new.clone(),
            step,
            done,
            state: match journal.phase() {
                Phase::Unfinished if journals.is_held(&journal) => "running",
                Phase::Unfinished => "unfinished",
                Phase::Resting => "resting",
                Phase::Ended => "ended",
            },
            leaves: step.leaves(),
            switched_at: journal.switched_at,
            inactive_at: journal.inactive_at,
            finish_from: journal.inactive_at.map(|at| at.plus(context.settings.rotate_grace)),
            profiles: journal.users.keys().cloned().collect(),
            history: journal.history.clone(),
        }
    });
    Ok(Status { profile: profile.to_owned(), rotation })
}
