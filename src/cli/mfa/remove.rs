//! `keyfob mfa remove`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::mfa::{BothPlans, SerialOption};
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::mfa::remove::remove;

/// Delete a stored seed; with --device, also the MFA device at AWS
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob mfa remove work --device")]
pub struct RemoveArgs {
    /// Profile that uses the device
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    #[command(flatten)]
    which: SerialOption,
    /// Also deactivate and delete the device at AWS
    #[arg(long)]
    device: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
}

impl RemoveArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let both = BothPlans::of(&snapshot, &self.profile)?;
        let (files, serial) = (snapshot.files()?, self.which.serial.as_deref());
        snapshot.with_ports(self.yes, None, |context, _| remove(context, both.plans(), serial, self.device, files))
    }
}
