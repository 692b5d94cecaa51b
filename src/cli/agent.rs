//! `keyfob agent`.
#![cfg_attr(not(unix), allow(dead_code, reason = "an agent listens at a Unix socket"))]

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::options::{CredentialOptions, NarrowOptions};
use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::error::Result;
use crate::hint::Hint;
use crate::human::Talk;
use crate::ops::agent;

/// Serve sessions over a socket to a keyfob on another machine that has no key
#[derive(Debug, Args)]
#[command(after_help = "\
Any program that can connect to the socket gets sessions of these profiles, for 1 h at most, and never a key: use one socket and one agent for each destination.

Examples:
  keyfob agent --socket ~/.keyfob/build.sock --only deploy
  ssh -R /home/me/.keyfob/s:$HOME/.keyfob/build.sock build.example.com
  KEYFOB_AGENT=/home/me/.keyfob/s keyfob exec deploy -- aws s3 ls")]
pub struct AgentArgs {
    /// Socket to listen at, in a folder that only you can change
    #[arg(long, value_name = "PATH")]
    pub(super) socket: PathBuf,
    /// Profiles to serve
    #[arg(long, value_name = "PROFILE", required = true, num_args = 1.., value_parser = NonEmptyStringValueParser::new())]
    pub(super) only: Vec<String>,
    /// Serve credentials that can read but change nothing
    #[arg(long)]
    pub(super) read_only: bool,
    /// Serve a user's session too, of a profile without a role
    #[arg(long)]
    pub(super) allow_user_session: bool,
}

/// How a user's session is allowed: by the command that was typed, where somebody has just typed it.
pub(super) fn allow(world: &World<'_>) -> Hint {
    match world.served {
        None => world.talk.again(&["--allow-user-session"]).to("or serve it anyway"),
        Some(_) => "or start the agent with `--allow-user-session`".into(),
    }
}

impl AgentArgs {
    /// What each session is made with, whatever is asked for.
    pub(super) fn options(&self, read_only: bool) -> CredentialOptions {
        let narrow = NarrowOptions { read_only: self.read_only || read_only, ..NarrowOptions::default() };
        CredentialOptions { narrow, ..CredentialOptions::default() }
    }

    /// Checks a profile's plan, and adds to `options` what keeps its session short.
    pub(super) fn limit(
        &self,
        snapshot: &Snapshot<'_>,
        profile: &str,
        options: &mut CredentialOptions,
        wish: Option<u32>,
    ) -> Result<()> {
        let plan = snapshot.plan(profile, options)?;
        agent::check(&plan, self.allow_user_session, || allow(snapshot.world()))?;
        options.duration = agent::duration(&plan, wish)?;
        Ok(())
    }

    #[cfg(unix)]
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        use crate::error::{Error, Kind};
        use crate::sys::agent_process;
        use crate::sys::own_socket::{OwnListener, SocketError};

        let snapshot = world.snapshot();
        for profile in &self.only {
            self.limit(&snapshot, profile, &mut self.options(false), None)?;
        }
        let place = self.socket.display();
        let listener = OwnListener::bind(&self.socket).map_err(|error| match error {
            SocketError::InUse => Error::new(Kind::Failed, format!("an agent is running at {place} already"))
                .hint("end it, or use another socket: each destination has its own"),
            SocketError::Distrusted(problem) => Error::new(Kind::Config, format!("no agent at {place}: {problem}"))
                .hint("use a path in a folder of mode 0700, such as one in your home"),
            SocketError::Io(error) => Error::new(Kind::Failed, format!("no agent at {place}")).because(error),
        })?;
        let names: Vec<String> = self.only.iter().map(|name| format!("`{name}`")).collect();
        let narrowed = if self.read_only { ", read-only" } else { "" };
        world.talk.say(&format!("serving {} at {}{narrowed}", names.join(", "), listener.path().display()));
        agent_process::serve(listener).map_err(|error| Error::new(Kind::Failed, "the agent stopped").because(error))
    }

    #[cfg(not(unix))]
    pub(super) fn run(self, _: &World<'_>) -> Result<()> {
        use crate::error::{Error, Kind};
        Err(Error::new(Kind::Usage, "`agent` is not available on Windows").hint("run it in WSL"))
    }
}
