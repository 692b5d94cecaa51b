//! IAM users from nothing to a linked, MFA-backed profile, and back.
//!
//! What creating and removing do in which order is in `user`; here it is carried out, with the credentials of another profile.

pub mod accept;
mod admin;
pub mod create;
mod end;
pub mod handover;
mod journal;
pub mod list;
mod new_key;
pub mod passwords;
mod plan;
pub mod policy;
pub mod remove;
mod undo;

use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::ops::Context;
use crate::user::Journal;

/// Users that were being created or removed when keyfob stopped. One that is shut out and waits is not among them.
///
/// # Errors
/// Where a journal cannot be read.
pub fn unfinished_users(context: &Context<'_>) -> Result<Vec<Journal>> {
    let all = journal::Journals::new(&context.paths.data).all()?;
    Ok(all.into_iter().filter(|journal| !journal.has_ended() && !journal.rests()).collect())
}

/// The error where a user is half-way between nothing and created, or removed.
fn unfinished(journal: &Journal) -> Error {
    let (name, (step, _)) = (&journal.name, journal.at());
    if step.removes() {
        let error = match journal.rests() {
            true => Error::new(Kind::Failed, format!("`{name}` is shut out, and waits to be deleted")),
            false => Error::new(Kind::Failed, format!("`{name}` is being removed: that stopped at `{}`", step.name())),
        };
        return error.hint(run!("keyfob user remove {} --now --with {}", name, journal.with).to("delete it"));
    }
    let message = format!("{} `{name}` is unfinished: it stopped at `{}`", step.doing(), step.name());
    let error = Error::new(Kind::Failed, message).because(step.leaves());
    ways_on(journal).into_iter().fold(error, Error::hint)
}

/// The commands that continue what has begun, or take it back.
fn ways_on(journal: &Journal) -> Vec<Hint> {
    let Journal { name, with, .. } = journal;
    if journal.at().0.creates() {
        let resume = run!("keyfob user create {} --resume --with {}", name, with);
        vec![resume.to(format!("continue creating `{name}`")), rollback_of(journal)]
    } else {
        let hint = run!("keyfob user create {} --rollback --with {}", name, with);
        vec![hint.to(format!("continue taking back `{name}`"))]
    }
}

/// The command that takes a creation back.
fn rollback_of(journal: &Journal) -> Hint {
    run!("keyfob user create {} --rollback --with {}", journal.name, journal.with).to("or take it back")
}
