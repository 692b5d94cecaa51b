//! `keyfob login`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::chain::target::checked_region;
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::login::aws_login::{self, SignedInAs};
use crate::ops::login::create::{NewSession, region_of};
use crate::ops::login::targets::{Purpose, Target, choose_due, target};
use crate::ops::login::{LoginOptions, SignedIn, login};
use crate::ui::out;

/// Sign in to IAM Identity Center, or as you do to the AWS console
#[derive(Debug, Args)]
#[command(after_help = "\
One sign-in to IAM Identity Center serves every profile of its start URL, and is renewed until the portal session ends. A profile with `login_session`, or a new one, is signed in as `aws login` does it; the AWS CLI and SDKs share it.

Examples:
  keyfob login work
  keyfob login --start-url https://corp.awsapps.com/start --region eu-west-1")]
pub struct LoginArgs {
    /// Profile or `sso-session` to sign in for [default: the one that needs it, or your choice]
    #[arg(id = "profile", value_name = "PROFILE|SESSION", value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// Sign in with a browser on any device
    #[arg(long)]
    device: bool,
    /// Show the page without opening a browser
    #[arg(long)]
    no_browser: bool,
    /// Sign in again, even if the sign-in works
    #[arg(long)]
    force: bool,
    /// Add an `sso-session` with this start URL to the config file
    #[arg(long, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    start_url: Option<String>,
    /// With --start-url, the region of the Identity Center; otherwise that of a profile without one
    #[arg(long, value_name = "REGION", value_parser = checked_region)]
    region: Option<String>,
    /// Accept the root user, and let the profile use its credentials
    #[arg(long)]
    allow_root: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
#[serde(untagged)]
enum Report {
    Center(SignedIn),
    AwsLogin(SignedInAs),
}

impl LoginArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let LoginArgs { name, device, no_browser, force, start_url, region, allow_root, yes, json } = self;
        let mut snapshot = world.snapshot();
        if start_url.is_none() {
            snapshot.set_region(name.as_deref().unwrap_or_default(), region.as_deref())?;
        }
        let options = LoginOptions { device, no_browser, force, region: region.clone(), allow_root };
        let profiles = snapshot.files()?.profiles();
        let planned = |name: &str| snapshot.plan_in_passing(&profiles, name);
        let report = snapshot.with_ports(yes, None, |context, _| {
            if let Some(start_url) = start_url {
                let region = region_of(context, &start_url, region)?;
                let new = NewSession::new(context, &profiles, name.as_deref(), &start_url, &region)?;
                let center = new.center(context, &profiles)?;
                let report = login(context, &new.name, &center, &options)?;
                out::write(&new.write(context)?)?;
                return Ok(Some(Report::Center(report)));
            }
            let target = match &name {
                Some(name) => Some(target(context, &profiles, name, Purpose::Login, || planned(name))?),
                None => choose_due(context, &profiles)?,
            };
            match target {
                Some(Target::Center(target)) => {
                    login(context, &target.name, &target.center, &options).map(|report| Some(Report::Center(report)))
                }
                Some(Target::AwsLogin(target)) => {
                    let outcome = aws_login::login(context, &profiles, &target, &options, planned)?;
                    out::write(&outcome.paste)?;
                    Ok(Some(Report::AwsLogin(outcome.report)))
                }
                None => {
                    context.talk.say("no sign-in is needed now");
                    Ok(None)
                }
            }
        })?;
        if json { out::write_json(&report) } else { Ok(()) }
    }
}
