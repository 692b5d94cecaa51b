//! `keyfob logout`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::world::World;
use crate::error::Result;
use crate::ops::login::logout::logout;
use crate::ops::login::targets::{choose_signed_in, target};
use crate::ui::out;

/// Sign out of IAM Identity Center
#[derive(Debug, Args)]
#[command(after_help = "\
Credentials that were issued stay valid until they expire.

Example:
  keyfob logout work")]
pub struct LogoutArgs {
    /// Profile or `sso-session` to sign out of [default: the only one that is signed in, or your choice]
    #[arg(id = "profile", value_name = "PROFILE|SESSION", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl LogoutArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let LogoutArgs { name, json } = self;
        let snapshot = world.snapshot();
        let profiles = snapshot.files()?.profiles();
        let report = snapshot.with_ports(false, None, |context, _| {
            let target = match &name {
                Some(name) => Some(target(context, &profiles, name, || snapshot.plan_in_passing(&profiles, name))?),
                None => choose_signed_in(context, &profiles)?,
            };
            match target {
                Some(target) => logout(context, &target).map(Some),
                None => {
                    context.talk.say("keyfob is not signed in anywhere");
                    Ok(None)
                }
            }
        })?;
        if json { out::write_json(&report) } else { Ok(()) }
    }
}
