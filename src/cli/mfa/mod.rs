//! `keyfob mfa`.

mod add;
mod code;
mod enroll;
mod list;
mod remove;
mod resync;

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

use crate::chain::Plan;
use crate::cli::options::CredentialOptions;
use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::error::{Kind, Result};
use crate::hint::run;
use crate::human::Talk;
use crate::ops::mfa::Plans;

/// Manage MFA devices and their stored seeds
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Start with:
  keyfob mfa enroll work           create a device for an authenticator app
  keyfob mfa enroll work --store   let keyfob generate the codes")]
pub enum MfaCommand {
    Enroll(enroll::EnrollArgs),
    Add(add::AddArgs),
    Code(code::CodeArgs),
    List(list::ListArgs),
    Remove(remove::RemoveArgs),
    Resync(resync::ResyncArgs),
}

impl MfaCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        match self {
            MfaCommand::Enroll(arguments) => arguments.run(world),
            MfaCommand::Add(arguments) => arguments.run(world),
            MfaCommand::Code(arguments) => arguments.run(world),
            MfaCommand::List(arguments) => arguments.run(world),
            MfaCommand::Remove(arguments) => arguments.run(world),
            MfaCommand::Resync(arguments) => arguments.run(world),
        }
    }
}

/// Enrolls a device that `add` or `import` has offered. What fails is a warning: the key is stored.
///
/// # Errors
/// Ctrl-C.
pub(super) fn enroll_now(world: &World<'_>, profile: &str, store: bool) -> Result<()> {
    match enroll::EnrollArgs::of(profile, store).run(world) {
        Err(error) if error.kind() != Kind::Cancelled => {
            world.talk.warn(&error.in_one_line());
            world.talk.hint(run!("keyfob mfa enroll {}", profile).to("the key is stored; enroll a device later"));
            Ok(())
        }
        enrolled => enrolled,
    }
}

/// Which device is meant, where it is not the profile's own.
#[derive(Debug, clap::Args)]
struct SerialOption {
    /// Use this device instead of the profile's
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    serial: Option<String>,
}

/// A profile's plan, and that of the profile whose key it starts from.
struct BothPlans {
    asked: Plan,
    base: Option<Plan>,
}

impl BothPlans {
    fn of(snapshot: &Snapshot<'_>, profile: &str) -> Result<BothPlans> {
        let asked = snapshot.plan(profile, &CredentialOptions::default())?;
        let base = match asked.base.profile == asked.profile && !asked.has_hops() {
            true => None,
            false => Some(snapshot.plan(&asked.base.profile, &CredentialOptions::default())?),
        };
        Ok(BothPlans { asked, base })
    }

    /// As [`BothPlans::of`], also where a profile names a device that cannot be used: a passkey is no reason not to enrol
    /// another device, nor not to list it.
    fn whatever_the_device(snapshot: &Snapshot<'_>, profile: &str) -> Result<BothPlans> {
        BothPlans::of(snapshot, profile).or_else(|error| {
            let asked = snapshot.plan_without_device(profile).map_err(|_| error)?;
            let base = match !asked.has_hops() {
                true => None,
                false => Some(snapshot.plan_without_device(&asked.base.profile)?),
            };
            Ok(BothPlans { asked, base })
        })
    }

    fn plans(&self) -> Plans<'_> {
        Plans { asked: &self.asked, base: self.base.as_ref().unwrap_or(&self.asked) }
    }
}
