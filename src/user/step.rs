//! The steps of creating and removing a user, their order, and what stopping in each leaves.

use serde::{Deserialize, Serialize};

/// A step. Each can be done again from its start: what was done already is found done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserStep {
    /// CreateGroup, AttachGroupPolicy, PutGroupPolicy: what of it does not exist.
    Groups,
    /// CreateUser.
    User,
    /// CreateVirtualMFADevice, the seed kept or shown, EnableMFADevice.
    Mfa,
    /// AddUserToGroup, and AttachUserPolicy for policies without a group.
    Membership,
    /// A password sealed first, then CreateLoginProfile.
    Password,
    /// CreateAccessKey, and the secret stored or sealed before anything else.
    Key,
    /// The profile gets the key, and SDKs get it from keyfob.
    Profile,
    /// The handover file is written, read back, and what was sealed leaves this machine.
    Handover,

    /// Going back: the user and all that belongs to it is deleted at AWS.
    UndoUser,
    /// Going back: the groups and policies that were created for it.
    UndoGroups,
    /// Going back: what is stored here.
    Forget,

    /// Removing: its access keys become Inactive.
    Deactivate,
    /// Removing: DeleteLoginProfile.
    NoPassword,
    /// Removing: AWSDenyAll is attached, which also stops sessions made before. Here a removal rests for a day.
    Deny,
    /// Removing: everything that belongs to the user is deleted, then the user.
    Delete,
}

/// Every step: its name in the journal and in messages, the one that follows, and what stopping in it leaves.
#[rustfmt::skip]
const STEPS: [(UserStep, &str, Option<UserStep>, &str); 15] = [
    (UserStep::Groups, "groups", Some(UserStep::User), "there is no user yet; a group may have been created or given a policy"),
    (UserStep::User, "user", Some(UserStep::Mfa), "the user may exist, without rights, a password or a key"),
    (UserStep::Mfa, "mfa", Some(UserStep::Membership), "the user exists without rights; its MFA device may be missing, or not enabled"),
    (UserStep::Membership, "membership", Some(UserStep::Password), "the user exists without a password or a key; it may have some of its rights"),
    (UserStep::Password, "password", Some(UserStep::Key), "the user exists without a key; its password, if it has one yet, is sealed here"),
    (UserStep::Key, "key", Some(UserStep::Profile), "AWS may have created an access key whose secret was lost; resuming deletes it and creates another"),
    (UserStep::Profile, "profile", Some(UserStep::Handover), "the user is complete at AWS and its key is stored; the profile may not be written yet"),
    (UserStep::Handover, "handover", None, "the user is complete at AWS; the file may not be written yet, and what belongs into it is sealed here"),
    (UserStep::UndoUser, "undo-user", Some(UserStep::UndoGroups), "the user may still exist, with a part of what belongs to it"),
    (UserStep::UndoGroups, "undo-groups", Some(UserStep::Forget), "the user is deleted; a group that was created for it may still exist"),
    (UserStep::Forget, "forget", None, "the user is deleted at AWS; its key may still be stored here"),
    (UserStep::Deactivate, "deactivate", Some(UserStep::NoPassword), "some of its keys may still be Active, and its password still works"),
    (UserStep::NoPassword, "no-password", Some(UserStep::Deny), "its keys are Inactive; its password may still work, and so do its sessions"),
    (UserStep::Deny, "deny", Some(UserStep::Delete), "its keys are Inactive and its password is deleted; sessions made before may still work"),
    (UserStep::Delete, "delete", None, "the user is shut out; a part of what belongs to it may be deleted already"),
];

impl UserStep {
    fn row(self) -> &'static (UserStep, &'static str, Option<UserStep>, &'static str) {
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

    /// Whether it is one of creating a user forwards, which can still be taken back.
    pub fn creates(self) -> bool {
        self < UserStep::UndoUser
    }

    /// What it is a step of, in messages.
    pub fn doing(self) -> &'static str {
        match self {
            step if step.removes() => "removing",
            step if step.creates() => "creating",
            _ => "taking back",
        }
    }

    /// Whether it is one of removing a user.
    pub fn removes(self) -> bool {
        self >= UserStep::Deactivate
    }

    /// The one that follows; none after the last of each way.
    pub(super) fn successor(self) -> Option<UserStep> {
        self.row().2
    }
}
