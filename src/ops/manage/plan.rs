//! What the manager asks of plans.

use crate::chain::target::Target;
use crate::chain::{Plan, PlanError, Request, plan};
use crate::credentials::StoredKey;
use crate::error::Result;
use crate::ops::manage::Manager;
use crate::ops::planning::{WithKey, own_target};
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
        plan(profiles, self.index, self.context.env, &self.request(profile))
    }

    /// Where a call that checks `key`, stored for `profile`, goes.
    ///
    /// # Errors
    /// As [`plan`].
    pub(in crate::ops) fn own_target(&self, profile: &str, key: &StoredKey) -> Result<Target> {
        let keys = WithKey { index: self.index, profile, key };
        let plan = plan(&self.files.profiles(), &keys, self.context.env, &self.request(profile))?;
        own_target(&plan).cloned()
    }

    fn request(&self, profile: &str) -> Request {
        Request::of(self.context.settings, self.context.paths, profile)
    }
}
