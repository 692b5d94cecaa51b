//! `keyfob exec`.

use std::ffi::OsString;

use clap::Args;

use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::world::World;
use crate::error::{Error, Result};
use crate::format::environment::hand_out;
use crate::ops::exec::exec;

/// Run a command, or a subshell, with credentials
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyfob exec production -- terraform plan
  keyfob exec production --server -- ./a-long-running-job")]
pub struct ExecArgs {
    #[command(flatten)]
    pub(super) profile: ProfileArg,
    #[command(flatten)]
    pub(super) options: CredentialOptions,
    /// Serve credentials to the command for as long as it runs, in place of variables
    #[cfg(unix)]
    #[arg(long)]
    server: bool,
    /// With --server: hide the credentials of the profile `default` from the command
    #[cfg(unix)]
    #[arg(long, requires = "server")]
    pub(super) hide_default: bool,
    /// With --server: also serve on a Unix socket, for a container
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", requires = "server", value_hint = clap::ValueHint::AnyPath)]
    pub(super) listen_socket: Option<std::path::PathBuf>,
    /// Command and its arguments [default: a subshell]
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

impl ExecArgs {
    /// The exit code is the command's own, or 126 or 127 where it cannot be run.
    pub(super) fn run(mut self, world: &World<'_>) -> Result<u8> {
        #[cfg(unix)]
        if self.server {
            return self.run_with_server(world);
        }
        let mut snapshot = world.snapshot();
        let profile = snapshot.choose(&self.profile, &mut self.options, ProfileArg::resolve)?;
        let (about, credentials) = snapshot.issue(&profile, &self.options, None)?;
        about.plan.iter().for_each(|plan| world.tell_of_key(plan));
        let surroundings = snapshot.surroundings(&profile, about)?;
        let changes = hand_out(&world.process_env, &profile, &credentials, &surroundings);
        let error = exec(&self.command, &profile, &changes, &world.process_env, world.talk);
        world.talk.error(&Error::from(&error));
        Ok(error.exit_code())
    }
}
