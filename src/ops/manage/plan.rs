//! What the manager asks of plans.

use crate::chain::target::Target;
use crate::chain::{Plan, PlanError, Request, StoredKeys, plan};
use crate::config_file;
use crate::credentials::StoredKey;
use crate::error::Result;
use crate::ops::manage::Manager;
use crate::profile::Profiles;

impl Manager<'_> {
    pub(super) fn plan(&self, profiles: &Profiles<'_>, profile: &str) -> Result<Plan> {
        Ok(self.try_plan(profiles, profile)?)
    }

    /// How credentials would be made, by these profiles.
    ///
    /// # Errors
    /// As [`plan`].
    pub(in crate::ops) fn try_plan(&self, profiles: &Profiles<'_>, profile: &str) -> Result<Plan, PlanError> {
        let request = Request {
            profile: profile.to_owned(),
            mfa_process: self.context.settings.mfa_process.clone(),
            files: config_file::file_names(self.context.paths),
            ..Request::default()
        };
        plan(profiles, self.index, self.context.env, &request)
    }

    /// Where a call that checks `key`, stored for `profile`, goes.
    ///
    /// # Errors
    /// A region or endpoint that cannot be used.
    pub(in crate::ops) fn base_target(&self, profile: &str, key: &StoredKey) -> Result<Target> {
        let request = Request {
            profile: profile.to_owned(),
            files: config_file::file_names(self.context.paths),
            ..Request::default()
        };
        let with_key = Only { profile, key };
        Ok(plan(&self.files.profiles(), &with_key, self.context.env, &request)?.base_target()?.clone())
    }
}

/// One stored key, and no others.
struct Only<'k> {
    profile: &'k str,
    key: &'k StoredKey,
}

impl StoredKeys for Only<'_> {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        (profile == self.profile).then(|| self.key.clone())
    }
}
