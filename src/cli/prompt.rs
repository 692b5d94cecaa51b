//! `keyfob prompt`: as fast as a cached answer, since a shell waits for it before each prompt.

use clap::Args;

use crate::cli::GlobalOptions;
use crate::cli::options::ProfileArg;
use crate::cli::world::World;
use crate::error::Result;
use crate::format::environment::before;
use crate::format::shell::Shell;
use crate::ops::resolve::store_of;
use crate::ops::whoami::{Identity, of_environment, of_plan, of_server};
use crate::sys::clock::Clock;
use crate::sys::env::Environment;
use crate::ui::segment;
use crate::ui::talk::{Level, StderrTalk};
use crate::view;

/// Print a prompt segment: profile, account and the time left
#[derive(Debug, Args)]
#[command(after_help = "\
Prints nothing if no profile is in use. Red if less than 10 minutes are left, unless NO_COLOR is set.

Examples:
  keyfob prompt                                            what it prints
  PS1='$(keyfob prompt --shell bash) \\$ '                 bash
  setopt prompt_subst; PROMPT='$(keyfob prompt --shell zsh) %# '   zsh")]
pub struct PromptArgs {
    /// Shell whose prompt shows it [default: one that needs no marks around colors]
    #[arg(long, value_name = "SHELL")]
    shell: Option<Shell>,
}

impl PromptArgs {
    /// As these words behind `prompt` say, if they are as simple as that.
    pub(super) fn of(words: &[std::ffi::OsString]) -> Option<PromptArgs> {
        match words {
            [] => Some(PromptArgs { shell: None }),
            [option, shell] if option == "--shell" => Some(PromptArgs { shell: Some(shell.to_str()?.parse().ok()?) }),
            _ => None,
        }
    }

    /// Nothing is said of what is broken: there is a prompt to be drawn, and the next command says it.
    pub(super) fn run(self, env: Environment) -> Result<()> {
        let before = before(&env);
        let identity = of_environment(&env, &before).or_else(|| of_server(&env, &before)).or_else(|| of_profile(&env));
        let now = Clock::system().now();
        match identity.and_then(|identity| view::prompt::segment(&identity, now)) {
            Some((text, is_urgent)) => segment::write(&text, is_urgent, self.shell, &env),
            None => Ok(()),
        }
    }
}

/// Of the profile that a variable names.
fn of_profile(env: &Environment) -> Option<Identity> {
    let name = ProfileArg { profile: None }.named(env)?;
    let talk = StderrTalk::new(Level::Quiet, env);
    let planned = || {
        let world = World::new(&GlobalOptions::default(), env.clone(), &talk).ok()?;
        let snapshot = world.snapshot();
        let plan = snapshot.plan_in_passing(&snapshot.files().ok()?.profiles(), &name).ok()?;
        let until = world.with_cache(|cache| cache.summary(&plan, store_of(&plan))).cached_until();
        Some(of_plan(&plan, until))
    };
    planned().or_else(|| Some(Identity::named(&name)))
}
