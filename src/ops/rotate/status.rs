//! What is said of rotations by whoever does not rotate: `--status`, and the reminders of other commands.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::error::Result;
use crate::hint::{Hint, run};
use crate::ops::Context;
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::{find, resume_of, rollback_of};
use crate::rotation::Phase;
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
                run!("keyfob rotate {} --finish", profile).to(format!("delete {old}, the old key of `{profile}`")),
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
    pub(crate) old: String,
    pub(crate) new: Option<String>,
    pub(crate) step: &'static str,
    pub(crate) done: bool,
    pub(crate) state: &'static str,
    pub(crate) leaves: &'static str,
    switched_at: Option<String>,
    inactive_at: Option<String>,
    pub(crate) finish_from: Option<String>,
    profiles: Vec<String>,
    pub(crate) history: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) step: &'static str,
    pub(crate) done: bool,
    pub(crate) at: String,
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
            old: journal.old.to_string(),
            new: journal.new.as_ref().map(ToString::to_string),
            step: step.name(),
            done,
            state: match journal.phase() {
                Phase::Unfinished if journals.is_held(&journal) => "running",
                Phase::Unfinished => "unfinished",
                Phase::Resting => "resting",
                Phase::Ended => "ended",
            },
            leaves: step.leaves(),
            switched_at: journal.switched_at.map(|at| at.to_string()),
            inactive_at: journal.inactive_at.map(|at| at.to_string()),
            finish_from: journal.inactive_at.map(|at| at.plus(context.settings.rotate_grace).to_string()),
            profiles: journal.users.keys().cloned().collect(),
            history: journal
                .history
                .iter()
                .map(|entry| Line { step: entry.step.name(), done: entry.done, at: entry.at.to_string() })
                .collect(),
        }
    });
    Ok(Status { profile: profile.to_owned(), rotation })
}
