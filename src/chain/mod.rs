//! The plan: how a profile's credentials will be made, and why.
//!
//! Pure: profiles, the index of stored keys and variables are handed in. May use `profile`, `process_line`, `credentials`,
//! and of `settings` how a duration is written.

pub mod check;
mod device;
mod error;
pub mod explain;
pub mod list;
mod reason;
mod rules;
pub mod session_name;
pub mod target;
pub mod values;
mod walk;

#[cfg(test)]
mod tests;

pub use error::PlanError;
pub(crate) use reason::length;
pub use reason::{AskedBy, Reason};
pub use rules::plan;
pub use walk::{nearest, nearest_of};

use std::sync::Arc;

use crate::chain::target::Target;
use crate::credentials::{AccessKeyId, Backend, StoredKey, account_of_arn};
use crate::profile::{AwsFile, Setting};
use crate::sys::env::{Environment, vars};

/// What the index of stored keys answers; the plan asks for no secret.
pub trait StoredKeys {
    /// The key stored for a profile.
    fn key_of(&self, profile: &str) -> Option<StoredKey>;
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The profile.
    pub profile: String,
    /// `--duration`, seconds: one that cannot be had is an error, where one from a file is capped with a note.
    pub duration_seconds: Option<u32>,
    /// `--no-session`: no GetSessionToken, once. Without a role that is the access key itself.
    pub no_session: bool,
    /// The default life of a GetSessionToken session, seconds.
    pub session_duration_seconds: u32,
    /// `mfa_process` of keyfob's own settings, for profiles that name none.
    pub mfa_process: Option<String>,
    /// As if no profile named an MFA device: for what is to mend one that cannot be used.
    pub without_device: bool,
    /// What the AWS files are called where a line of theirs is named.
    pub files: FileNames,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            profile: "default".to_owned(),
            duration_seconds: None,
            no_session: false,
            session_duration_seconds: 12 * 3600,
            mfa_process: None,
            without_device: false,
            files: FileNames::default(),
        }
    }
}

/// What the two AWS files are called in messages and JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNames {
    /// The config file's path.
    pub config: Arc<str>,
    /// The credentials file's path.
    pub credentials: Arc<str>,
}

impl Default for FileNames {
    fn default() -> Self {
        FileNames { config: "~/.aws/config".into(), credentials: "~/.aws/credentials".into() }
    }
}

impl FileNames {
    /// Where a setting stands.
    pub fn place_of(&self, setting: &Setting<'_>) -> Place {
        let path = match setting.file {
            AwsFile::Config => &self.config,
            AwsFile::Credentials => &self.credentials,
        };
        Place { path: path.clone(), line: setting.line }
    }
}

/// How a profile's credentials will be made.
///
/// What changes the credentials is in `base`, `mfa` (the serial and where its code is spent), `session`, `hops` and
/// `target`; the rest is for people and for the programs started on the way.
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
    /// Every profile met, the asked one first, the base last.
    pub walk: Vec<String>,
    /// Every setting that had a part in it, in the order of the walk.
    pub used: Vec<Used>,
    /// What else was decided, or noted and not used.
    pub notes: Vec<Reason>,
}

impl Plan {
    /// How long its credentials live once they are made, seconds; none where the access key itself is handed out.
    pub fn life_seconds(&self) -> Option<u32> {
        let session = self.session.as_ref().map(|session| session.duration_seconds);
        self.hops.last().map(|hop| hop.duration_seconds).or(session)
    }
}

impl Plan {
    /// What `KEYFOB_CHAIN` is for a program started on behalf of this plan: the profiles that were being resolved
    /// already, then this plan's own.
    pub fn chain_for_programs(&self, env: &Environment) -> Vec<String> {
        let mut chain: Vec<String> = outer_chain(env).map(str::to_owned).collect();
        chain.extend(self.walk.iter().cloned());
        chain
    }

    /// Every reason, in the order things happen: the session's, each hop's, then the notes.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        let session = self.session.iter().map(|session| &session.reason);
        session.chain(self.hops.iter().map(|hop| &hop.reason)).chain(&self.notes)
    }
}

/// The profiles that outer keyfobs are resolving right now.
fn outer_chain(env: &Environment) -> impl Iterator<Item = &str> {
    env.get(vars::KEYFOB_CHAIN).unwrap_or_default().split(',').filter(|name| !name.is_empty())
}

/// A setting that had a part in a plan, and where it stands. Its value is not kept: some are secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The profile it belongs to.
    pub profile: String,
    /// Its name as it is written, `keyfob_` included.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

/// A line of an AWS file. `Display` gives `FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as [`FileNames`] calls it.
    pub path: Arc<str>,
    /// Its line, from 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
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

    /// The user's ARN, where GetCallerIdentity has told it.
    pub fn user_arn(&self) -> Option<&str> {
        match self {
            BaseKey::Stored(key) => key.user_arn.as_deref(),
            BaseKey::File { .. } => None,
        }
    }

    /// Its account, where GetCallerIdentity has told it.
    pub fn account_id(&self) -> Option<&str> {
        self.user_arn().and_then(account_of_arn)
    }

    /// Whether it is known to be a root user's.
    pub fn is_root(&self) -> bool {
        self.user_arn().is_some_and(|arn| arn.ends_with(":root"))
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

/// One AssumeRole. Everything that changes its credentials is here, so that a cache can name them by it.
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
