//! The steps of a rotation, their order, and what stopping in each leaves.

use serde::{Deserialize, Serialize};

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
    pub(super) fn successor(self) -> Option<Step> {
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
