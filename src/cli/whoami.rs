//! `keyfob whoami`.

use clap::Args;

use crate::chain::{Plan, Request, StoredKeys, plan};
use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::world::World;
use crate::credentials::StoredKey;
use crate::error::Result;
use crate::human::Talk;
use crate::ini::Document;
use crate::ops::Context;
use crate::ops::resolve::store_of;
use crate::ops::whoami::{Identity, check, of_environment, of_plan};
use crate::profile::Profiles;
use crate::sys::env::vars;
use crate::ui::out;
use crate::view;

/// Show whose credentials the shell or a profile has
#[derive(Debug, Args)]
#[command(after_help = "\
Without PROFILE, the credentials in the environment, if there are any. Does not call AWS unless asked to.

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
                if self.check { check_environment(world, identity)? } else { identity }
            }
            None => {
                let (snapshot, profile) = (world.snapshot(), self.profile.resolve(world)?);
                let plan = snapshot.plan(&profile, &CredentialOptions::default())?;
                let until = world.with_cache(|cache| cache.summary(&plan, store_of(&plan))).cached_until();
                let identity = of_plan(&plan, until);
                match self.check {
                    true => snapshot.with_ports(false, None, |context, _| check(context, &plan, identity))?,
                    false => identity,
                }
            }
        };
        if self.json {
            return out::write_json(&identity);
        }
        out::write_page(&view::whoami::text(&identity, world.clock().now()))
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
fn check_environment(world: &World<'_>, identity: Identity) -> Result<Identity> {
    const NAME: &str = "environment";
    let config = format!("[profile {NAME}]\ncredential_source = Environment\nkeyfob_session = never\n");
    let request = Request { profile: NAME.to_owned(), ..Request::default() };
    let config = Document::parse(config).expect("a section with two settings");
    let made: Plan = plan(&Profiles::new(Some(&config), None), &NothingStored, &world.process_env, &request)?;
    world
        .snapshot()
        .with_ports(false, None, |context, _| check(&Context { env: &world.process_env, ..*context }, &made, identity))
}
