//! The plan: how a profile's credentials will be made, and why. Pure: profiles, stored keys and variables are handed in.

pub mod session_name;
pub mod target;

use std::fmt;

use crate::chain::target::Target;
use crate::credentials::{AccessKeyId, Backend, StoredKey};

/// What the index of stored keys answers; the plan asks for no secret.
pub trait StoredKeys {
    /// The key stored for a profile.
    fn key_of(&self, profile: &str) -> Option<StoredKey>;
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The profile.
    pub profile: String,
    /// `--duration`, seconds: one that cannot be had is an error, where one from a file is capped with a note.
    pub duration_seconds: Option<u32>,
    /// `--no-session`: the access key itself, once.
    pub no_session: bool,
    /// The default life of a GetSessionToken session, seconds.
    pub session_duration_seconds: u32,
}

/// How a profile's credentials will be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The profile asked for.
    pub profile: String,
    /// Where the chain starts.
    pub base: Base,
    /// The MFA device, where one is used.
    pub mfa: Option<Mfa>,
    /// The GetSessionToken session, where one is made.
    pub session: Option<SessionStep>,
    /// Each AssumeRole, first to last.
    pub hops: Vec<Hop>,
    /// Where the hops' calls go; its region is the asked profile's.
    pub target: Target,
    /// `keyfob_mfa_max_age` of the asked profile, seconds.
    pub mfa_max_age_seconds: Option<u32>,
    /// What else was decided, or noted and not used.
    pub notes: Vec<Reason>,
}

/// Where a chain starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The profile whose key it is.
    pub profile: String,
    /// The key.
    pub key: BaseKey,
    /// Where GetSessionToken goes.
    pub target: Target,
}

/// A base's access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseKey {
    /// In a key store.
    Stored(StoredKey),
    /// In plain text in an AWS file.
    File {
        /// Its id.
        id: AccessKeyId,
    },
}

impl BaseKey {
    /// The key's id.
    pub fn id(&self) -> &AccessKeyId {
        match self {
            BaseKey::Stored(key) => &key.id,
            BaseKey::File { id } => id,
        }
    }

    /// The key store it rests in; none for one in a file.
    pub fn backend(&self) -> Option<Backend> {
        match self {
            BaseKey::Stored(key) => Some(key.backend),
            BaseKey::File { .. } => None,
        }
    }
}

/// The MFA device of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    /// Serial number or ARN.
    pub serial: String,
    /// The profile that names it.
    pub profile: String,
    /// `mfa_process`, where a profile names one.
    pub process: Option<String>,
    /// Where its code is spent.
    pub spent_in: SpentIn,
}

/// Where a code is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentIn {
    /// In GetSessionToken.
    Session,
    /// In the first hop.
    Hop,
}

/// A GetSessionToken step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStep {
    /// 900 to 129,600.
    pub duration_seconds: u32,
    /// Why it is made.
    pub reason: Reason,
}

/// One AssumeRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The profile that names the role.
    pub profile: String,
    /// The role.
    pub role_arn: String,
    /// What the profile or `--duration` asks for; `None` asks for nothing.
    pub duration_asked: Option<u32>,
    /// What is sent, 900 to 43,200.
    pub duration_seconds: u32,
    /// Why that much.
    pub reason: Reason,
    /// `role_session_name`, else one made when the call is.
    pub role_session_name: Option<String>,
    /// `external_id`.
    pub external_id: Option<String>,
    /// `session_tags`.
    pub tags: Vec<(String, String)>,
    /// `transitive_session_tags`.
    pub transitive_tag_keys: Vec<String>,
    /// `source_identity`.
    pub source_identity: Option<String>,
    /// `policy`: an inline session policy.
    pub policy: Option<String>,
    /// `policy_arns`.
    pub policy_arns: Vec<String>,
}

impl Hop {
    /// Whether less is sent than was asked for.
    pub fn capped(&self) -> bool {
        self.duration_asked.is_some_and(|asked| asked > self.duration_seconds)
    }
}

/// Why something was decided. `Display` gives the sentence that `explain`, `-v` and JSON show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Stands in until the reasons are written.
    Placeholder,
}

impl fmt::Display for Reason {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
