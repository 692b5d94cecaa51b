//! The credentials that a command issues: by a plan of this machine, or by an agent if one is set.

use std::time::Duration;

use crate::cli::about::About;
use crate::cli::options::CredentialOptions;
use crate::cli::snapshot::Snapshot;
use crate::credentials::Credentials;
use crate::error::Result;

impl Snapshot<'_> {
    /// The credentials of `profile`, from the agent if one is set.
    ///
    /// # Errors
    /// As [`Snapshot::credentials`], or as the agent has it; options that an agent does not take (exit 2).
    pub fn issue(
        &self,
        profile: &str,
        options: &CredentialOptions,
        prompt_limit: Option<Duration>,
    ) -> Result<(About, Credentials)> {
        if let Some(socket) = &self.world().settings.agent {
            return self.credentials_of_agent(socket, profile, options, prompt_limit);
        }
        let (plan, credentials) = self.credentials(profile, options, prompt_limit)?;
        Ok((plan.into(), credentials))
    }

    /// What would be told of them.
    ///
    /// # Errors
    /// As [`Snapshot::plan`], or as the agent has it.
    #[cfg(unix)]
    pub fn about(&self, profile: &str, options: &CredentialOptions) -> Result<About> {
        match &self.world().settings.agent {
            Some(socket) => self.about_of_agent(socket, profile, options),
            None => self.plan(profile, options).map(About::from),
        }
    }
}
