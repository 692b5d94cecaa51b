//! `keyfob login`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::chain::target::checked_region;
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::login::create::NewSession;
use crate::ops::login::targets::{choose_due, target};
use crate::ops::login::{LoginOptions, login};
use crate::ui::out;

/// Sign in to IAM Identity Center
#[derive(Debug, Args)]
#[command(after_help = "\
One sign-in serves every profile of its start URL, and is renewed until the portal session ends.

Examples:
  keyfob login work
  keyfob login --start-url https://corp.awsapps.com/start --region eu-west-1")]
pub struct LoginArgs {
    /// Profile or `sso-session` to sign in for [default: the one that needs it, or your choice]
    #[arg(id = "profile", value_name = "PROFILE|SESSION", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Use a code that can be approved on any device
    #[arg(long)]
    device: bool,
    /// Show the page without opening a browser
    #[arg(long)]
    no_browser: bool,
    /// Sign in again, even if the sign-in works
    #[arg(long)]
    force: bool,
    /// Add an `sso-session` with this start URL to the config file
    #[arg(long, value_name = "URL", requires = "region", value_parser = NonEmptyStringValueParser::new())]
    start_url: Option<String>,
    /// Region of the Identity Center, with --start-url
    #[arg(long, value_name = "REGION", requires = "start_url", value_parser = checked_region)]
    region: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl LoginArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let LoginArgs { name, device, no_browser, force, start_url, region, json } = self;
        let options = LoginOptions { device, no_browser, force };
        let snapshot = world.snapshot();
        let profiles = snapshot.files()?.profiles();
        let report = snapshot.with_ports(false, None, |context, _| {
            if let (Some(start_url), Some(region)) = (start_url, region) {
                let new = NewSession::new(context, &profiles, name.as_deref(), &start_url, &region)?;
                let center = new.center(context, &profiles)?;
                let report = login(context, &new.name, &center, options)?;
                out::write(&new.write(context)?)?;
                return Ok(Some(report));
            }
            let target = match &name {
                Some(name) => Some(target(context, &profiles, name, || snapshot.plan_in_passing(&profiles, name))?),
                None => choose_due(context, &profiles)?,
            };
            match target {
                Some(target) => login(context, &target.name, &target.center, options).map(Some),
                None => {
                    context.talk.say("no sign-in is needed now");
                    Ok(None)
                }
            }
        })?;
        if json { out::write_json(&report) } else { Ok(()) }
    }
}
