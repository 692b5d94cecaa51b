//! What to do: after a failed call, after a lost answer, to go back, and before a key is deleted.

use std::time::Duration;

use crate::credentials::AccessKeyId;
use crate::rotation::{Journal, RotationStep};
use crate::timestamp::Timestamp;

/// What AWS says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It signs requests.
    Active,
    /// It does not, and can be made to again.
    Inactive,
    /// There is none.
    Gone,
}

/// The first step of the way back; none if the old key is gone: then the only way is forward.
pub fn way_back(journal: &Journal, old: KeyState) -> Option<RotationStep> {
    match (journal.at(), &journal.new, old) {
        ((step, false), _, _) if step.goes_back() => Some(step),
        ((step, true), _, _) if step.goes_back() => step.successor(),
        (_, _, KeyState::Gone) => None,
        (_, None, KeyState::Active | KeyState::Inactive) => Some(RotationStep::Discard),
        (_, Some(_), KeyState::Inactive) => Some(RotationStep::Reactivate),
        (_, Some(_), KeyState::Active) => Some(RotationStep::ProveOld),
    }
}

/// What became of a CreateAccessKey whose answer was lost, or that was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The user has no key that was not there before: it can be sent again.
    Nothing,
    /// The new key is stored: continue with it.
    Stored(AccessKeyId),
    /// A key of which keyfob knows that it made it and lost its secret.
    Lost(AccessKeyId),
    /// A key that was not there before, whose secret nobody has; a person may have made it meanwhile.
    Orphan(AccessKeyId),
}

/// Compares the user's keys with those before CreateAccessKey.
pub fn find_out(
    journal: &Journal,
    listed: &[AccessKeyId],
    mut is_stored: impl FnMut(&AccessKeyId) -> bool,
) -> Observation {
    let mut unknown = listed.iter().filter(|id| !journal.before.contains(id) && **id != journal.old);
    match unknown.next() {
        None => Observation::Nothing,
        Some(id) if journal.lost.as_ref() == Some(id) => Observation::Lost(id.clone()),
        Some(id) if is_stored(id) => Observation::Stored(id.clone()),
        Some(id) => Observation::Orphan(id.clone()),
    }
}

/// Why a call failed, as far as a rotation cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// AWS does not know the key that signed: not yet, not any more, or not here.
    UnknownSigner,
    /// There is no such key as the call is about.
    NoSuchKey,
    /// It may pass: throttling, a failure of AWS's own, the network. `processed`: it may have been carried out.
    Passing {
        /// Whether AWS may have acted on it.
        may_be_processed: bool,
    },
    /// Anything else.
    Refused,
}

/// What a failed call means for its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again, for as long as patience lasts.
    Again,
    /// It is as if it had been done.
    AsGood,
    /// Find out whether it was done.
    FindOut,
    /// Stop here; the journal knows where.
    Stop,
}

/// Judges a failed call of a step.
///
/// A new key's validity flaps for seconds between endpoints, so whatever it signs is tried again. Only CreateAccessKey is
/// never sent again where it may have been processed: it would make a second key.
pub fn judge(step: RotationStep, failure: Failure) -> Verdict {
    match (step, failure) {
        (RotationStep::Create, Failure::Passing { may_be_processed: true }) => Verdict::FindOut,
        (RotationStep::Create, Failure::UnknownSigner) => Verdict::Stop,
        (_, Failure::UnknownSigner | Failure::Passing { .. }) => Verdict::Again,
        (
            RotationStep::Deactivate | RotationStep::Delete | RotationStep::DeleteNew | RotationStep::Discard,
            Failure::NoSuchKey,
        ) => Verdict::AsGood,
        (_, Failure::NoSuchKey | Failure::Refused) => Verdict::Stop,
    }
}

/// Why an old key is not deleted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotYet {
    /// It has not been Inactive for long enough; this is when it will have been.
    TooEarly(Timestamp),
    /// Somebody used it after the profiles had come to use the new one.
    Used(Timestamp),
    /// Somebody made it Active again.
    Active,
}

/// Whether the old key of a resting rotation may be deleted.
///
/// # Errors
/// Why not; `--force` and `--delete-now` overrule it.
pub fn may_finish(
    journal: &Journal,
    old: KeyState,
    last_used: Option<Timestamp>,
    grace: Duration,
    now: Timestamp,
) -> Result<(), NotYet> {
    if old == KeyState::Gone {
        return Ok(());
    }
    if old == KeyState::Active {
        return Err(NotYet::Active);
    }
    if let (Some(used), Some(switched)) = (last_used, journal.switched_at)
        && used > switched
    {
        return Err(NotYet::Used(used));
    }
    let ready = journal.inactive_at.map(|at| at.plus(grace));
    match ready {
        Some(ready) if now < ready => Err(NotYet::TooEarly(ready)),
        Some(_) | None => Ok(()),
    }
}
