//! `keyfob env`.

use std::io::IsTerminal;

use clap::Args;

use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::world::World;
use crate::error::Result;
use crate::format::environment::{hand_out, take_back};
use crate::format::shell::Shell;
use crate::hint::run;
use crate::human::Talk;
use crate::sys::env::vars;
use crate::sys::parent::ancestors;
use crate::ui::out;

/// Print credentials as shell commands to eval
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  eval \"$(keyfob env work)\"                 bash, zsh, sh
  keyfob env work | source                  fish
  eval \"$(keyfob env --unset)\"              remove the credentials again")]
pub struct EnvArgs {
    #[command(flatten)]
    profile: ProfileArg,
    #[command(flatten)]
    options: CredentialOptions,
    /// Shell or format to print for [default: the shell that runs keyfob]
    #[arg(long, value_name = "SHELL")]
    shell: Option<Shell>,
    /// Print commands that remove the credentials again
    #[arg(long)]
    unset: bool,
}

impl EnvArgs {
    pub(super) fn run(mut self, world: &World<'_>) -> Result<()> {
        let mut snapshot = world.snapshot();
        let shell = match self.shell {
            Some(shell) => shell,
            None => Shell::detect(ancestors().iter().map(String::as_str), world.env.get(vars::SHELL))?,
        };
        let changes = if self.unset {
            tell_how_to_load(world, shell, "keyfob env --unset");
            take_back(&world.process_env)
        } else {
            let profile = snapshot.choose(&self.profile, &mut self.options, ProfileArg::resolve)?;
            let (about, credentials) = snapshot.issue(&profile, &self.options, None)?;
            about.plan.iter().for_each(|plan| world.tell_of_key(plan));
            if let Some(command) = run!("keyfob env {}", profile).command(shell) {
                tell_how_to_load(world, shell, &command);
            }
            hand_out(&world.process_env, &profile, &credentials, &snapshot.surroundings(&profile, about)?)
        };
        // Security: the lines hold the credentials; they are what was asked for, and go to stdout alone.
        out::write(shell.render(&changes)?.expose())
    }
}

/// Whoever sees the lines on a terminal has forgotten to have the shell evaluate them.
fn tell_how_to_load(world: &World<'_>, shell: Shell, command: &str) {
    if std::io::stdout().is_terminal() && !matches!(shell, Shell::Dotenv | Shell::Json) {
        let line = shell.how_to_load().replace("keyfob env PROFILE", command);
        world.talk.hint(format!("these lines change nothing until the shell evaluates them: `{line}`").into());
    }
}
