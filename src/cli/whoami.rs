//! `keyfob whoami`.

use clap::Args;

use crate::chain::{Plan, Request, StoredKeys, plan};
use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::world::World;
use crate::credentials::StoredKey;
use crate::error::Result;
use crate::format::VariableChange;
use crate::format::environment::hand_out;
use crate::human::Talk;
use crate::ini::Document;
use crate::ops::Context;
use crate::ops::resolve::store_of;
use crate::ops::whoami::{Identity, check, of_environment, of_plan};
use crate::profile::Profiles;
use crate::sys::env::{Environment, vars};
use crate::ui::out;
use crate::view;

/// Show whose credentials the shell or a profile has
#[derive(Debug, Args)]
#[command(after_help = "\
Without PROFILE, shows the credentials in the environment, if there are any. Calls AWS only with --check.

Example:
  keyfob whoami --check")]
pub struct WhoamiArgs {
    #[command(flatten)]
    profile: ProfileArg,
    /// Ask AWS
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl WhoamiArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let in_environment = match self.profile.profile {
            None => of_environment(&world.process_env, &world.env),
            Some(_) => None,
        };
        let identity = match in_environment {
            Some(identity) => {
                self.warn_of_another_profile(world, &identity);
                if self.check { check_environment(world, &world.process_env, identity)? } else { identity }
            }
            None => {
                let (snapshot, profile) = (world.snapshot(), self.profile.resolve(world)?);
                if let Some(socket) = &world.settings.agent {
                    let identity = snapshot.identity_of_agent(socket, &profile)?;
                    let identity = if self.check { check_agent(world, &profile, identity)? } else { identity };
                    return self.show(world, &identity);
                }
                let plan = snapshot.plan(&profile, &CredentialOptions::default())?;
                let until = world.with_cache(|cache| cache.summary(&plan, store_of(&plan))).cached_until();
                let identity = of_plan(&plan, until);
                match self.check {
                    true => snapshot.with_ports(false, None, |context, _| check(context, &plan, identity))?,
                    false => identity,
                }
            }
        };
        self.show(world, &identity)
    }

    fn show(&self, world: &World<'_>, identity: &Identity) -> Result<()> {
        if self.json {
            return out::write_json(identity);
        }
        out::write_page(&view::whoami::text(identity, world.clock().now()))
    }

    /// The AWS CLI, boto3 and most SDKs use credentials in the environment before `AWS_PROFILE`; the JavaScript SDK uses the
    /// profile (measured).
    fn warn_of_another_profile(&self, world: &World<'_>, identity: &Identity) {
        let Some(named) = world.process_env.get(vars::AWS_PROFILE) else { return };
        if identity.profile.as_deref() != Some(named) {
            world.talk.warn(&format!(
                "`AWS_PROFILE` names `{named}`, but the environment has other credentials: the AWS CLI and most SDKs use \
                 those, the SDK for JavaScript the profile"
            ));
            world.talk.hint("unset `AWS_PROFILE`, or the credentials".into());
        }
    }
}

/// No key store has a part in it.
struct NothingStored;

impl StoredKeys for NothingStored {
    fn key_of(&self, _: &str) -> Option<StoredKey> {
        None
    }
}

/// Asks AWS with the credentials in the environment, those of an outer keyfob too: as a profile that takes them would.
fn check_environment(world: &World<'_>, env: &Environment, identity: Identity) -> Result<Identity> {
    const NAME: &str = "environment";
    let config = format!("[profile {NAME}]\ncredential_source = Environment\nkeyfob_session = never\n");
    let request = Request { profile: NAME.to_owned(), ..Request::default() };
    let config = Document::parse(config).expect("a section with two settings");
    let made: Plan = plan(&Profiles::new(Some(&config), None), &NothingStored, env, &request)?;
    world.snapshot().with_ports(false, None, |context, _| check(&Context { env, ..*context }, &made, identity))
}

/// Asks AWS with the credentials of an agent.
fn check_agent(world: &World<'_>, profile: &str, identity: Identity) -> Result<Identity> {
    let snapshot = world.snapshot();
    let options = CredentialOptions::default();
    let (about, credentials) = snapshot.issue(profile, &options, None)?;
    let surroundings = snapshot.surroundings(profile, about)?;
    let mut env = world.process_env.clone();
    for change in hand_out(&world.process_env, profile, &credentials, &surroundings) {
        match change {
            VariableChange::Set { name, value } => env.set(&name, value.expose()),
            VariableChange::Unset { name } => env.remove(&name),
        }
    }
    check_environment(world, &env, identity)
}
