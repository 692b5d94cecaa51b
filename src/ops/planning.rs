//! What plans are made from beside the AWS files: keyfob's settings, and the index with another key in it.

use std::path::Path;

use crate::chain::target::Target;
use crate::chain::{Plan, Request, StoredKeys};
use crate::config_file::file_names;
use crate::credentials::StoredKey;
use crate::error::Result;
use crate::index::Index;
use crate::settings::Settings;
use crate::sys::files;
use crate::sys::paths::Paths;

impl Request {
    /// A request for `profile` without options, by keyfob's settings.
    pub(crate) fn of(settings: &Settings, paths: &Paths, profile: &str) -> Request {
        Request {
            profile: profile.to_owned(),
            session_duration_seconds: settings.session_duration.seconds(),
            mfa_process: settings.mfa_process.clone(),
            read_policy,
            files: file_names(paths),
            ..Request::default()
        }
    }
}

/// Reads the file of a policy, as a plan is handed it.
fn read_policy(path: &Path) -> std::result::Result<String, String> {
    let text = files::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    String::from_utf8(text).map_err(|_| "is not UTF-8".to_owned())
}

/// The index as if `key` were stored for `profile`.
pub(crate) struct WithKey<'a> {
    pub(crate) index: &'a Index,
    pub(crate) profile: &'a str,
    pub(crate) key: &'a StoredKey,
}

impl StoredKeys for WithKey<'_> {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        if profile == self.profile { Some(self.key.clone()) } else { self.index.key_of(profile) }
    }
}

/// Where a call goes that checks the requested profile's own key, whichever profile its plan starts from.
///
/// # Errors
/// A region or endpoint that cannot be used.
pub(crate) fn own_target(plan: &Plan) -> Result<&Target> {
    match plan.hops().last() {
        Some(hop) => Ok(&hop.target),
        None => Ok(plan.base_target()?),
    }
}
