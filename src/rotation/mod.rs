//! Rotation as a state machine: its steps, what an interruption at each leaves, and what to do next.
//!
//! Pure: what is known of AWS and of the key store is handed in. The journal, which is kept in a file, holds no secret.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::credentials::{AccessKeyId, Backend};
use crate::timestamp::Timestamp;

/// A step of a rotation. Each can be done again from its start: what was done already is found done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// CreateAccessKey, and the new secret into the key store before anything else.
    Create,
    /// Wait until AWS knows the new key at every endpoint its profiles use.
    Prove,
    /// The profiles use the new key: one atomic replace of the index.
    Switch,
    /// Let the change reach every process and every endpoint; the old key is still Active.
    Settle,
    /// The old key becomes Inactive.
    Deactivate,
    /// The new key works with the old one out of the way. Here a rotation rests.
    Confirm,
    /// The old key is deleted at AWS.
    Delete,
    /// The old secret is deleted from its store.
    Forget,

    /// Going back: the old key becomes Active again.
    Reactivate,
    /// Going back: AWS knows the old key again.
    ProveOld,
    /// Going back: the profiles use the old key again.
    PointBack,
    /// Going back: the new key is deleted at AWS.
    DeleteNew,
    /// Going back: the new secret is deleted from its store.
    ForgetNew,
    /// Going back from a CreateAccessKey of which no secret was stored: what it made is deleted at AWS.
    Discard,
}

/// Every step, with what a rotation that stops in it leaves.
const LEFT: [(Step, &str); 14] = [
    (Step::Create, "the old key is in use; AWS may have made a new one whose secret nobody has"),
    (Step::Prove, "the old key is in use; the new one is stored"),
    (Step::Switch, "both keys are Active and stored; the profiles use one of them"),
    (Step::Settle, "the new key is in use; the old one is Active and stored"),
    (Step::Deactivate, "the new key is in use; the old one is stored, and Active or Inactive"),
    (Step::Confirm, "the new key is in use; the old one is Inactive and stored"),
    (Step::Delete, "the new key is in use; the old one is Inactive or deleted, and stored"),
    (Step::Forget, "the new key is in use; the old one is deleted at AWS, its secret still stored"),
    (Step::Reactivate, "the new key is in use; the old one is Inactive or Active, and stored"),
    (Step::ProveOld, "both keys are Active and stored; the new one may be in use"),
    (Step::PointBack, "both keys are Active and stored; the profiles use one of them"),
    (Step::DeleteNew, "the old key is in use; the new one is Active or deleted, and stored"),
    (Step::ForgetNew, "the old key is in use; the new one is deleted at AWS, its secret still stored"),
    (Step::Discard, "the old key is in use; AWS may have made a new one whose secret nobody has"),
];

impl Step {
    /// What stopping in this step leaves.
    pub fn leaves(self) -> &'static str {
        LEFT.iter().find(|(step, _)| *step == self).map(|(_, left)| *left).expect("every step is in the table")
    }

    /// The name in the journal and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Step::Create => "create",
            Step::Prove => "prove",
            Step::Switch => "switch",
            Step::Settle => "settle",
            Step::Deactivate => "deactivate",
            Step::Confirm => "confirm",
            Step::Delete => "delete",
            Step::Forget => "forget",
            Step::Reactivate => "reactivate",
            Step::ProveOld => "prove-old",
            Step::PointBack => "point-back",
            Step::DeleteNew => "delete-new",
            Step::ForgetNew => "forget-new",
            Step::Discard => "discard",
        }
    }

    /// Whether it is one of the way back.
    pub fn goes_back(self) -> bool {
        match self {
            Step::Create
            | Step::Prove
            | Step::Switch
            | Step::Settle
            | Step::Deactivate
            | Step::Confirm
            | Step::Delete
            | Step::Forget => false,
            Step::Reactivate | Step::ProveOld | Step::PointBack | Step::DeleteNew | Step::ForgetNew | Step::Discard => {
                true
            }
        }
    }

    /// The one that follows; none after the last of either way.
    fn successor(self) -> Option<Step> {
        match self {
            Step::Create => Some(Step::Prove),
            Step::Prove => Some(Step::Switch),
            Step::Switch => Some(Step::Settle),
            Step::Settle => Some(Step::Deactivate),
            Step::Deactivate => Some(Step::Confirm),
            Step::Confirm => Some(Step::Delete),
            Step::Delete => Some(Step::Forget),
            Step::Reactivate => Some(Step::ProveOld),
            Step::ProveOld => Some(Step::PointBack),
            Step::PointBack => Some(Step::DeleteNew),
            Step::DeleteNew => Some(Step::ForgetNew),
            Step::Forget | Step::ForgetNew | Step::Discard => None,
        }
    }
}

/// What was asked for, kept so that going on needs no flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The profile whose credentials make the IAM calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// Whether the old key is deleted without waiting.
    #[serde(default)]
    pub delete_now: bool,
    /// Whether what still holds the old key is no hindrance.
    #[serde(default)]
    pub force: bool,
    /// Whether cached sessions are forgotten.
    #[serde(default)]
    pub drop_sessions: bool,
}

/// The user whose key it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its ARN.
    pub arn: String,
    /// Its name, sent with every IAM call.
    pub name: String,
    /// 12 digits.
    pub account: String,
}

/// A line of a journal's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The step.
    pub step: Step,
    /// Whether this is its end; else its beginning.
    pub done: bool,
    /// When.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub at: Timestamp,
}

/// What is known of a rotation. Written before and after each step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    version: u32,
    /// The profile it was asked for.
    pub profile: String,
    /// The key that goes.
    pub old: AccessKeyId,
    /// The key that comes, once its secret is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<AccessKeyId>,
    /// A key keyfob made whose secret is known to be lost: to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<AccessKeyId>,
    /// The store of the profile's key, old and new.
    pub backend: Backend,
    /// Whose keys they are.
    pub user: User,
    /// What was asked for.
    pub asked: Asked,
    /// The user's keys just before CreateAccessKey.
    pub before: Vec<AccessKeyId>,
    /// The profiles that used the old key, and the store each read it from.
    pub users: BTreeMap<String, Backend>,
    step: Step,
    done: bool,
    /// When the profiles came to use the new key.
    #[serde(default, serialize_with = "write_optional", deserialize_with = "read_optional")]
    pub switched_at: Option<Timestamp>,
    /// When the old key had become Inactive.
    #[serde(default, serialize_with = "write_optional", deserialize_with = "read_optional")]
    pub inactive_at: Option<Timestamp>,
    /// Every beginning and end of a step.
    pub history: Vec<Entry>,
}

/// Where a rotation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Between the beginning and the rest: keys are in motion.
    Unfinished,
    /// The old key is Inactive and waits to be deleted.
    Resting,
    /// Nothing is left to do.
    Ended,
}

const VERSION: u32 = 1;

impl Journal {
    /// A journal whose first step begins now.
    pub fn begin(
        profile: &str,
        (old, backend): (&AccessKeyId, Backend),
        user: User,
        asked: Asked,
        users: BTreeMap<String, Backend>,
        now: Timestamp,
    ) -> Journal {
        Journal {
            version: VERSION,
            profile: profile.to_owned(),
            old: old.clone(),
            new: None,
            lost: None,
            backend,
            user,
            asked,
            before: Vec::new(),
            users,
            step: Step::Create,
            done: false,
            switched_at: None,
            inactive_at: None,
            history: vec![Entry { step: Step::Create, done: false, at: now }],
        }
    }

    /// Whether this keyfob can read it.
    pub fn is_known_version(&self) -> bool {
        self.version == VERSION
    }

    /// The step it stands at, and whether that is done.
    pub fn at(&self) -> (Step, bool) {
        (self.step, self.done)
    }

    /// When it stopped, went on or began last.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.history.last().map(|entry| entry.at)
    }

    /// Notes that a step begins.
    pub fn begins(&mut self, step: Step, now: Timestamp) {
        (self.step, self.done) = (step, false);
        self.history.push(Entry { step, done: false, at: now });
    }

    /// Notes that the step it stands at is done.
    pub fn is_done(&mut self, now: Timestamp) {
        match self.step {
            Step::Switch => self.switched_at = Some(now),
            Step::Deactivate => self.inactive_at = Some(now),
            Step::Reactivate => self.inactive_at = None,
            _ => {}
        }
        self.done = true;
        self.history.push(Entry { step: self.step, done: true, at: now });
    }

    /// The step to do now: the one that was begun, or the next; none where the rotation rests or has ended.
    pub fn next(&self) -> Option<Step> {
        match (self.step, self.done) {
            (step, false) => Some(step),
            (Step::Confirm, true) if !self.asked.delete_now => None,
            (step, true) => step.successor(),
        }
    }

    /// Where it stands.
    pub fn phase(&self) -> Phase {
        match (self.step, self.done) {
            (Step::Forget | Step::ForgetNew | Step::Discard, true) => Phase::Ended,
            (Step::Confirm, true) | (Step::Delete | Step::Forget, _) => Phase::Resting,
            _ => Phase::Unfinished,
        }
    }

    /// Whether, for all the journal knows, the old key still signs requests.
    pub fn old_is_active(&self) -> bool {
        match (self.step, self.done) {
            (Step::Create | Step::Prove | Step::Switch | Step::Settle, _) => true,
            (Step::Deactivate | Step::Confirm | Step::Delete | Step::Forget, _) => false,
            (Step::Reactivate, done) => done,
            (Step::ProveOld | Step::PointBack | Step::DeleteNew | Step::ForgetNew | Step::Discard, _) => true,
        }
    }

    /// Whether one of its two keys is this one.
    pub fn concerns(&self, id: &AccessKeyId) -> bool {
        self.old == *id || self.new.as_ref() == Some(id)
    }

    /// The other of its two keys, where there are two and `id` is one.
    pub fn other_than(&self, id: &AccessKeyId) -> Option<&AccessKeyId> {
        match &self.new {
            Some(new) if self.old == *id => Some(new),
            Some(new) if new == id => Some(&self.old),
            Some(_) | None => None,
        }
    }
}

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

/// The first step of the way back.
///
/// # Errors
/// Where the old key is gone: then there is no way back, only on.
pub fn way_back(journal: &Journal, old: KeyState) -> Result<Step, NoWayBack> {
    match (journal.at(), &journal.new, old) {
        ((step, false), _, _) if step.goes_back() => Ok(step),
        ((step, true), _, _) if step.goes_back() => step.successor().ok_or(NoWayBack),
        (_, _, KeyState::Gone) => Err(NoWayBack),
        (_, None, KeyState::Active | KeyState::Inactive) => Ok(Step::Discard),
        (_, Some(_), KeyState::Inactive) => Ok(Step::Reactivate),
        (_, Some(_), KeyState::Active) => Ok(Step::ProveOld),
    }
}

/// The old key is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the old key is deleted at AWS")]
pub struct NoWayBack;

/// What became of a CreateAccessKey whose answer was lost, or that was interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The user has no key that was not there before: it can be sent again.
    Nothing,
    /// The new key is stored: go on with it.
    Stored(AccessKeyId),
    /// A key of which keyfob knows that it made it and lost its secret.
    Lost(AccessKeyId),
    /// A key that was not there before, whose secret nobody has; a person may have made it meanwhile.
    Orphan(AccessKeyId),
}

/// Compares the user's keys with those before CreateAccessKey.
pub fn find_out(journal: &Journal, listed: &[AccessKeyId], mut is_stored: impl FnMut(&AccessKeyId) -> bool) -> Found {
    let mut unknown = listed.iter().filter(|id| !journal.before.contains(id) && **id != journal.old);
    match unknown.next() {
        None => Found::Nothing,
        Some(id) if journal.lost.as_ref() == Some(id) => Found::Lost(id.clone()),
        Some(id) if is_stored(id) => Found::Stored(id.clone()),
        Some(id) => Found::Orphan(id.clone()),
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
pub fn judge(step: Step, failure: Failure) -> Verdict {
    match (step, failure) {
        (Step::Create, Failure::Passing { may_be_processed: true }) => Verdict::FindOut,
        (Step::Create, Failure::UnknownSigner) => Verdict::Stop,
        (_, Failure::UnknownSigner | Failure::Passing { .. }) => Verdict::Again,
        (Step::Deactivate | Step::Delete | Step::DeleteNew | Step::Discard, Failure::NoSuchKey) => Verdict::AsGood,
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

fn write_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    Timestamp::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no time")))
}

fn write_optional<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.to_string()).serialize(serializer)
}

fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    Timestamp::parse(&text).map(Some).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no time")))
}
