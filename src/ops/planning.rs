//! What plans are made from beside the AWS files: keyfob's settings, and the index with another key in it.

use std::path::Path;

use crate::chain::target::Target;
use crate::chain::{Plan, Request, StoredKeys, plan};
use crate::config_file::{AwsFiles, file_names};
use crate::context::Context;
use crate::credentials::StoredKey;
use crate::error::{Error, Kind, Result};
use crate::hint::Hint;
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

/// The error about a profile that has no stored key. `with_base`: what to do with the profile whose key it uses instead.
pub(crate) fn no_stored_key(
    context: &Context<'_>,
    files: &AwsFiles,
    index: &Index,
    profile: &str,
    with_base: impl FnOnce(&str) -> Hint,
) -> Error {
    let error = Error::new(Kind::Failed, format!("`{profile}` has no stored key"));
    let request = Request::of(context.settings, context.paths, profile);
    let base = plan(&files.profiles(), index, context.env, &request).ok().map(|plan| plan.base);
    error.hint(match base.filter(|base| base.stored_key().is_some()) {
        Some(base) => with_base(&base.profile),
        None => index.hint_at_keys(profile),
    })
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
