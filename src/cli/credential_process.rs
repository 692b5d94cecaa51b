//! `keyfob credential-process`: the hot path. Nothing is started here that a cached answer does not need.

use std::time::Duration;

use clap::Args;

use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::world::World;
use crate::error::Result;
use crate::format::process;
use crate::ui::out;

/// Print credentials as JSON, for SDKs
#[derive(Debug, Args)]
#[command(after_help = "\
SDKs run this command because of a line that `keyfob add` and `keyfob profile link` write:

credential_process = /usr/bin/keyfob credential-process work

Example:
  keyfob credential-process work | jq -r .Expiration")]
pub struct CredentialProcessArgs {
    #[command(flatten)]
    profile: ProfileArg,
    #[command(flatten)]
    options: CredentialOptions,
}

/// How long a question may stand: Go's SDK kills after 60 s (aws-sdk-go-v2 `processcreds/provider.go`).
const PROMPT_LIMIT: Duration = Duration::from_secs(50);

impl CredentialProcessArgs {
    /// Those that name a profile and nothing else.
    pub(super) fn of(profile: &str) -> Self {
        CredentialProcessArgs {
            profile: ProfileArg { profile: Some(profile.to_owned()) },
            options: CredentialOptions::default(),
        }
    }

    pub(super) fn run(mut self, world: &World<'_>) -> Result<()> {
        let mut snapshot = world.snapshot();
        let profile = snapshot.choose(&self.profile, &mut self.options, ProfileArg::resolve_for_sdk)?;
        let (_, credentials) = snapshot.issue(&profile, &self.options, Some(PROMPT_LIMIT))?;
        out::checked(process::write(&credentials, std::io::stdout()))
    }
}
