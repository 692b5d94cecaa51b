//! `keyfob logout`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::cli::world::World;
use crate::error::Result;
use crate::ops::login::logout::{SignedOut, SignedOutOf, logout, logout_of_login};
use crate::ops::login::targets::{Purpose, Target, choose_signed_in, target};
use crate::ui::out;

/// Sign out of IAM Identity Center, or end a sign-in of `aws login`
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

/// What `--json` prints.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Center(SignedOut),
    AwsLogin(SignedOutOf),
}

impl LogoutArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let LogoutArgs { name, json } = self;
        let snapshot = world.snapshot();
        let profiles = snapshot.files()?.profiles();
        let planned = |name: &str| snapshot.plan_in_passing(&profiles, name);
        let report = snapshot.with_ports(false, None, |context, _| {
            let target = match &name {
                Some(name) => Some(target(context, &profiles, name, Purpose::Logout, || planned(name))?),
                None => choose_signed_in(context, &profiles)?,
            };
            Ok(match target {
                Some(Target::Center(target)) => Some(Report::Center(logout(context, &target)?)),
                Some(Target::AwsLogin(target)) => Some(Report::AwsLogin(logout_of_login(context, &profiles, &target)?)),
                None => {
                    context.talk.say("keyfob is not signed in anywhere");
                    None
                }
            })
        })?;
        if json { out::write_json(&report) } else { Ok(()) }
    }
}
