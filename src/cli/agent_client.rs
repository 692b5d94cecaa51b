//! Asking an agent in place of this machine's own plan: `KEYFOB_AGENT`, or `agent` in config.toml.

use std::path::Path;
use std::time::Duration;

use crate::chain::layer::{Layer, Narrowed, NarrowedBy};
use crate::cli::about::About;
use crate::cli::choice::DEFAULT;
use crate::cli::narrow;
use crate::cli::options::{CredentialOptions, NarrowOptions};
use crate::cli::snapshot::Snapshot;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::ops::agent::protocol::{self, AgentRequest, Answer};
use crate::ops::log;
use crate::ops::whoami::{From, Identity, Issued};

impl Snapshot<'_> {
    /// The credentials of the agent's profile.
    pub(super) fn credentials_of_agent(
        &self,
        socket: &Path,
        profile: &str,
        options: &CredentialOptions,
        prompt_limit: Option<Duration>,
    ) -> Result<(About, Credentials)> {
        let Answer { about, credentials } = self.ask_agent(socket, profile, options, false, prompt_limit)?;
        let Some(credentials) = credentials else {
            return Err(Error::new(Kind::Failed, "the agent has answered without credentials"));
        };
        let issued = log::Issued {
            profile,
            account: about.identity.account.clone(),
            role_arn: about.role_arn.clone(),
            is_narrowed: !about.narrowed.is_empty(),
        };
        self.world().note_in_log(issued, &credentials, !about.is_new);
        Ok((about.into(), credentials))
    }

    /// What the agent says of them.
    #[cfg(unix)]
    pub(super) fn about_of_agent(&self, socket: &Path, profile: &str, options: &CredentialOptions) -> Result<About> {
        self.ask_agent(socket, profile, options, true, None).map(|answer| answer.about.into())
    }

    /// Whose credentials the agent would issue.
    pub(super) fn identity_of_agent(&self, socket: &Path, profile: &str) -> Result<Identity> {
        let answer = self.ask_agent(socket, profile, &CredentialOptions::default(), true, None)?;
        Ok(Identity { profile: Some(profile.to_owned()), from: From::Agent, ..answer.about.identity })
    }

    fn ask_agent(
        &self,
        socket: &Path,
        profile: &str,
        options: &CredentialOptions,
        identity_only: bool,
        prompt_limit: Option<Duration>,
    ) -> Result<Answer> {
        let world = self.world();
        if let Some(option) = refused(options) {
            let text = format!("`{option}` is not possible with an agent, which makes the plan from its own files");
            return Err(Error::new(Kind::Usage, text)
                .hint("add a profile for it on the agent's machine, and have the agent serve that"));
        }
        // What an outer keyfob was asked for holds for its commands, wherever their credentials come from.
        let outer = narrow::of_outer(&world.process_env)?;
        let mut request = AgentRequest::of(profile);
        request.duration_seconds = options.duration;
        request.read_only = options.narrow.read_only || outer.contains(&Layer::ReadOnly);
        request.identity_only = identity_only;
        // Whoever may not be asked here may not be asked there.
        request.unattended = world.settings.prompt.ways().is_empty();
        let answer = ask(self, socket, &request, prompt_limit).map_err(|error| match error.kind() {
            // Nobody may have asked for that one.
            Kind::Config if profile == DEFAULT => {
                error.hint("name a profile that the agent serves in the command, or set `AWS_PROFILE`")
            }
            _ => error,
        })?;
        let wanted = outer.iter().chain(options.narrow.read_only.then_some(&Layer::ReadOnly));
        if wanted.into_iter().any(|layer| !answer.about.narrowed.contains(layer)) {
            let text =
                format!("the agent does not narrow `{profile}` as much as the credentials of this environment are");
            return Err(Error::new(Kind::Usage, text).hint("run it in another shell"));
        }
        world.talk.explain(&format!("`{profile}` comes from the agent at {}", socket.display()));
        Ok(answer)
    }
}

#[cfg(unix)]
fn ask(snapshot: &Snapshot<'_>, socket: &Path, request: &AgentRequest, limit: Option<Duration>) -> Result<Answer> {
    let world = snapshot.world();
    crate::ops::agent::client::ask(socket, request, limit, &world.person(false, None), || world.clock().now())
}

#[cfg(not(unix))]
fn ask(_: &Snapshot<'_>, _: &Path, _: &AgentRequest, _: Option<Duration>) -> Result<Answer> {
    Err(Error::new(Kind::Config, "`KEYFOB_AGENT` or `agent` is set, and agents are not available on Windows")
        .hint("use WSL, or unset it"))
}

/// The first option that an agent has no ear for: it would need a plan of the client's own.
fn refused(options: &CredentialOptions) -> Option<&'static str> {
    let CredentialOptions { mfa_code, duration: _, no_session, region: _, min_ttl, role, narrow } = options;
    let NarrowOptions { read_only: _, policy, policy_arns } = narrow;
    let given = [
        ("--mfa-code", mfa_code.is_some()),
        ("--no-session", *no_session),
        ("--min-ttl", min_ttl.is_some()),
        ("--role", role.wanted().is_some()),
        ("--policy", policy.is_some()),
        ("--policy-arn", !policy_arns.is_empty()),
    ];
    given.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
}

impl std::convert::From<protocol::About> for About {
    fn from(about: protocol::About) -> About {
        let protocol::About { identity, role_arn: _, narrowed: layers, region, issued: _, is_new: _ } = about;
        let narrowed = (!layers.is_empty()).then(|| Narrowed { by: NarrowedBy::Policy, layers }.variable());
        About { narrowed, identity: Issued::with(&identity).variable(), region, plan: None }
    }
}
