//! The steps of a rotation, their order, and what stopping in each leaves.

use serde::{Deserialize, Serialize};

/// A step of a rotation. Each can be done again from its start: what was done already is found done. Those of the way back
/// come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationStep {
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

/// Every step: its name in the journal and in messages, the one that follows, and what a rotation that stops in it leaves.
#[rustfmt::skip]
const STEPS: [(RotationStep, &str, Option<RotationStep>, &str); 14] = [
    (RotationStep::Create, "create", Some(RotationStep::Prove), "the old key is in use; AWS may have created a new one whose secret was lost"),
    (RotationStep::Prove, "prove", Some(RotationStep::Switch), "the old key is in use; the new one is stored"),
    (RotationStep::Switch, "switch", Some(RotationStep::Settle), "both keys are Active and stored; the profiles use one of them"),
    (RotationStep::Settle, "settle", Some(RotationStep::Deactivate), "the new key is in use; the old one is Active and stored"),
    (RotationStep::Deactivate, "deactivate", Some(RotationStep::Confirm), "the new key is in use; the old one is stored and either Active or Inactive"),
    (RotationStep::Confirm, "confirm", Some(RotationStep::Delete), "the new key is in use; the old one is Inactive and stored"),
    (RotationStep::Delete, "delete", Some(RotationStep::Forget), "the new key is in use; the old one is stored, and Inactive or already deleted at AWS"),
    (RotationStep::Forget, "forget", None, "the new key is in use; the old one was deleted at AWS but is still stored"),
    (RotationStep::Reactivate, "reactivate", Some(RotationStep::ProveOld), "the new key is in use; the old one is stored and either Inactive or Active"),
    (RotationStep::ProveOld, "prove-old", Some(RotationStep::PointBack), "both keys are Active and stored; the new one may be in use"),
    (RotationStep::PointBack, "point-back", Some(RotationStep::DeleteNew), "both keys are Active and stored; the profiles use one of them"),
    (RotationStep::DeleteNew, "delete-new", Some(RotationStep::ForgetNew), "the old key is in use; the new one is stored, and Active or already deleted at AWS"),
    (RotationStep::ForgetNew, "forget-new", None, "the old key is in use; the new one was deleted at AWS but is still stored"),
    (RotationStep::Discard, "discard", None, "the old key is in use; AWS may have created a new one whose secret was lost"),
];

impl RotationStep {
    fn row(self) -> &'static (RotationStep, &'static str, Option<RotationStep>, &'static str) {
        STEPS.iter().find(|(step, ..)| *step == self).expect("every step is in the table")
    }

    /// What stopping in this step leaves.
    pub fn leaves(self) -> &'static str {
        self.row().3
    }

    /// The name in the journal and in messages.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Whether it is one of the way back.
    pub fn goes_back(self) -> bool {
        self >= RotationStep::Reactivate
    }

    /// The one that follows; none after the last of either way.
    pub(super) fn successor(self) -> Option<RotationStep> {
        self.row().2
    }
}
