//! Creating and removing an IAM user as state machines: their steps, what an interruption at each leaves, and what is next.
//!
//! Pure: what is known of AWS and of the key store is handed in. The journal, which is kept in a file, holds no secret but
//! what is sealed to somebody else.

#![warn(missing_docs)]

pub mod documents;
pub mod password;
mod step;
#[cfg(test)]
mod tests;

pub use step::UserStep;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::credentials::{AccessKeyId, StoreId, account_of_arn};
use crate::timestamp::Timestamp;

/// How the user gets its second factor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MfaWish {
    /// Its seed goes into the key store, which then makes the codes.
    Store,
    /// Somebody scans a QR code and types two codes.
    Qr,
    /// None now.
    #[default]
    None,
}

/// Whom a handover file is sealed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// An age public key, `age1…`.
    PublicKey(String),
    /// A passphrase, which is never kept.
    Passphrase,
}

/// A file for the machine of the person who will be the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Where it is written; absolute.
    pub file: PathBuf,
    /// Whom it is sealed to.
    pub to: Recipient,
}

/// What was asked for, kept so that going on needs no flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Groups to be in; those that do not exist are created.
    pub groups: Vec<String>,
    /// ARNs of managed policies of the first group.
    pub policies: Vec<String>,
    /// ARNs of managed policies of the user itself.
    pub own_policies: Vec<String>,
    /// Whether it goes into the group that denies everything without MFA.
    pub require_mfa: bool,
    /// Whether it gets a password.
    pub console: bool,
    /// Whether it gets an access key.
    pub key: bool,
    /// Its second factor.
    pub mfa: MfaWish,
    /// The profile here that uses the key; with a handover, the name proposed there.
    pub profile: String,
    /// The profile's region.
    pub region: Option<String>,
    /// None: the user is used on this machine.
    pub handover: Option<Handover>,
}

/// What has come of it: what going back has to take away, and no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Whether the user of this name that AWS has was created by somebody else.
    #[serde(default)]
    pub user_is_of_others: bool,
    /// Groups that did not exist.
    pub groups: Vec<String>,
    /// Policies that a group did not have: the group, the policy's ARN.
    pub attached: Vec<(String, String)>,
    /// The serials of its MFA devices, noted before they are created or taken from it.
    pub devices: Vec<String>,
    /// The access key, once its secret is stored or sealed.
    pub key: Option<AccessKeyId>,
    /// Sealed to the recipient of the handover, in base64.
    pub sealed_key: Option<String>,
    /// As [`Made::sealed_key`].
    pub sealed_password: Option<String>,
}

/// What is known of a user that is being created or removed. Written before and after each step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    version: u32,
    /// The user's name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The profile whose credentials make the calls.
    pub with: String,
    /// The store of the key, the seed and the password.
    pub backend: Option<StoreId>,
    /// What was asked for; of a removal, nothing.
    pub wish: Wish,
    /// What has come of it.
    pub made: Made,
    step: UserStep,
    done: bool,
    /// When the first step began: a user that is older was created by somebody else.
    pub began_at: Timestamp,
    /// When it went on last.
    pub changed_at: Timestamp,
    /// When a removal had shut the user out.
    pub shut_out_at: Option<Timestamp>,
}

/// What journals say they are.
pub const VERSION: u32 = 1;

/// How long a user that is shut out is kept, so that whatever breaks is noticed while that can be taken back. Seconds.
pub const REST_SECONDS: u64 = 24 * 60 * 60;

impl Journal {
    /// A journal whose first step is about to begin.
    pub fn new(name: &str, arn: &str, with: &str, first: UserStep, now: Timestamp) -> Journal {
        Journal {
            version: VERSION,
            name: name.to_owned(),
            arn: arn.to_owned(),
            with: with.to_owned(),
            backend: None,
            wish: Wish::default(),
            made: Made::default(),
            step: first,
            done: false,
            began_at: now,
            changed_at: now,
            shut_out_at: None,
        }
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        account_of_arn(&self.arn).unwrap_or_default()
    }

    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.arn.split(':').nth(1).unwrap_or("aws")
    }

    /// The current step, and whether that is done.
    pub fn at(&self) -> (UserStep, bool) {
        (self.step, self.done)
    }

    /// Notes that a step begins.
    pub fn begin(&mut self, step: UserStep, now: Timestamp) {
        (self.step, self.done, self.changed_at) = (step, false, now);
    }

    /// Notes that the current step is done.
    pub fn complete(&mut self, now: Timestamp) {
        if self.step == UserStep::Deny {
            self.shut_out_at = Some(now);
        }
        (self.done, self.changed_at) = (true, now);
    }

    /// The step to do now: the one that was begun, or the next; none if it rests or has ended.
    pub fn next(&self) -> Option<UserStep> {
        match (self.step, self.done) {
            (step, false) => Some(step),
            (UserStep::Deny, true) => None,
            (step, true) => step.successor(),
        }
    }

    /// Whether nothing is left to do.
    pub fn has_ended(&self) -> bool {
        self.done && self.step.successor().is_none()
    }

    /// Whether a removal has shut the user out and waits.
    pub fn rests(&self) -> bool {
        (self.step, self.done) == (UserStep::Deny, true)
    }

    /// From when a removal that rests may delete the user.
    pub fn deletable_from(&self) -> Option<Timestamp> {
        Some(self.shut_out_at?.plus(std::time::Duration::from_secs(REST_SECONDS)))
    }
}
