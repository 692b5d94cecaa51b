//! What a plan is asked for and made from, and how it names lines of the AWS files. Pure.

use std::path::Path;
use std::sync::Arc;

use crate::chain::known::KnownBase;
use crate::chain::layer::Layer;
use crate::chain::role::ExtraRole;
use crate::credentials::StoredKey;
use crate::profile::{AwsFile, Setting};

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
    /// `--duration`, seconds: one that is not possible is an error, while one from a file is capped with a note.
    pub duration_seconds: Option<u32>,
    /// `--no-session`: no GetSessionToken, once. Without a role that is the access key itself.
    pub no_session: bool,
    /// The default life of a GetSessionToken session, seconds.
    pub session_duration_seconds: u32,
    /// `mfa_process` in keyfob's own settings, for profiles that name none.
    pub mfa_process: Option<String>,
    /// What the base turned out to be when it was last made, if that is known.
    pub known: Option<KnownBase>,
    /// As if no profile named an MFA device: for what is meant to fix one that cannot be used.
    pub without_device: bool,
    /// `--role`: one more hop.
    pub role: Option<ExtraRole>,
    /// What narrows the credentials, beside the profile's settings: options, and what an outer keyfob was asked for.
    pub narrow: Vec<Layer>,
    /// How the file of a policy is read, or why it is not.
    pub read_policy: fn(&Path) -> Result<String, String>,
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
            known: None,
            without_device: false,
            role: None,
            narrow: Vec::new(),
            read_policy: |_| Err("no file is read here".to_owned()),
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
    /// Where a setting is.
    pub fn place_of(&self, setting: &Setting<'_>) -> Place {
        let path = match setting.file {
            AwsFile::Config => &self.config,
            AwsFile::Credentials => &self.credentials,
        };
        Place { path: path.clone(), line: setting.line }
    }
}

/// A setting that had a part in a plan, and where it is. Its value is not kept: some are secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The profile it belongs to.
    pub profile: String,
    /// Its name as it is written, `keyfob_` included.
    pub name: String,
    /// Where it is.
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
