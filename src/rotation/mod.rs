//! Rotation as a state machine: its steps, what an interruption at each leaves, and what to do next.
//!
//! Pure: what is known of AWS and of the key store is handed in. The journal, which is kept in a file, holds no secret.

#![warn(missing_docs)]

mod judge;
mod step;
#[cfg(test)]
mod tests;

pub use judge::{Failure, KeyState, NotYet, Observation, Verdict, find_out, judge, may_finish, way_back};
pub use step::RotationStep;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::credentials::{AccessKeyId, StoreId};
use crate::timestamp::Timestamp;

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
pub struct HistoryEntry {
    /// The step.
    pub step: RotationStep,
    /// Whether this is its end; else its beginning.
    pub done: bool,
    /// When.
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
    /// A key whose secret nobody has, made by a CreateAccessKey whose answer was lost or by somebody else: deleted only if named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphan: Option<AccessKeyId>,
    /// The store of the profile's key, old and new.
    pub backend: StoreId,
    /// Whose keys they are.
    pub user: User,
    /// What was asked for.
    pub asked: Asked,
    /// The user's keys just before CreateAccessKey.
    pub before: Vec<AccessKeyId>,
    /// The profiles that used the old key, and the store each read it from.
    pub users: BTreeMap<String, StoreId>,
    step: RotationStep,
    done: bool,
    /// When the profiles came to use the new key.
    #[serde(default)]
    pub switched_at: Option<Timestamp>,
    /// When the old key had become Inactive.
    #[serde(default)]
    pub inactive_at: Option<Timestamp>,
    /// Every beginning and end of a step.
    pub history: Vec<HistoryEntry>,
}

/// The state of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Between the beginning and the rest: keys are in motion.
    Unfinished,
    /// The old key is Inactive and waits to be deleted.
    Resting,
    /// Nothing is left to do.
    Ended,
}

/// What journals say they are.
pub const VERSION: u32 = 1;

impl Journal {
    /// A journal whose first step is about to begin.
    pub fn new(
        profile: &str,
        (old, backend): (&AccessKeyId, StoreId),
        user: User,
        asked: Asked,
        users: BTreeMap<String, StoreId>,
    ) -> Journal {
        Journal {
            version: VERSION,
            profile: profile.to_owned(),
            old: old.clone(),
            new: None,
            lost: None,
            orphan: None,
            backend,
            user,
            asked,
            before: Vec::new(),
            users,
            step: RotationStep::Create,
            done: false,
            switched_at: None,
            inactive_at: None,
            history: Vec::new(),
        }
    }

    /// Has it know a profile by its new name.
    pub fn rename_profile(&mut self, old: &str, new: &str) {
        let named = [Some(&mut self.profile), self.asked.with.as_mut()];
        named.into_iter().flatten().filter(|name| *name == old).for_each(|name| new.clone_into(name));
        if let Some(store) = self.users.remove(old) {
            self.users.insert(new.to_owned(), store);
        }
    }

    /// The current step, and whether that is done.
    pub fn at(&self) -> (RotationStep, bool) {
        (self.step, self.done)
    }

    /// When it stopped, went on or began last.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.history.last().map(|entry| entry.at)
    }

    /// Notes that a step begins.
    pub fn begin(&mut self, step: RotationStep, now: Timestamp) {
        (self.step, self.done) = (step, false);
        self.history.push(HistoryEntry { step, done: false, at: now });
    }

    /// Notes that the current step is done.
    pub fn complete(&mut self, now: Timestamp) {
        match self.step {
            RotationStep::Switch => self.switched_at = Some(now),
            RotationStep::Deactivate => self.inactive_at = Some(now),
            RotationStep::Reactivate => self.inactive_at = None,
            _ => {}
        }
        self.done = true;
        self.history.push(HistoryEntry { step: self.step, done: true, at: now });
    }

    /// The step to do now: the one that was begun, or the next; none where the rotation rests or has ended.
    pub fn next(&self) -> Option<RotationStep> {
        match (self.step, self.done) {
            (step, false) => Some(step),
            (RotationStep::Confirm, true) if !self.asked.delete_now => None,
            (step, true) => step.successor(),
        }
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        match (self.step, self.done) {
            (RotationStep::Forget | RotationStep::ForgetNew | RotationStep::Discard, true) => Phase::Ended,
            (RotationStep::Confirm, true) | (RotationStep::Delete | RotationStep::Forget, _) => Phase::Resting,
            _ => Phase::Unfinished,
        }
    }

    /// Whether, for all the journal knows, the old key still signs requests.
    pub fn old_is_active(&self) -> bool {
        match self.step {
            RotationStep::Deactivate | RotationStep::Confirm | RotationStep::Delete | RotationStep::Forget => false,
            RotationStep::Reactivate => self.done,
            step => step < RotationStep::Deactivate || step.goes_back(),
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
