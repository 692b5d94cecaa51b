//! `keyfob mfa resync`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::mfa::{BothPlans, SerialOption};
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::mfa::resync::resync;

/// Have AWS follow a device whose clock has drifted
#[derive(Debug, Args)]
#[command(after_help = "\
Takes two codes in a row: made from the kept seed, else typed.

Example:
  keyfob mfa resync work")]
pub struct ResyncArgs {
    /// The profile that uses the device
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    #[command(flatten)]
    device: SerialOption,
}

impl ResyncArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let both = BothPlans::of(&snapshot, &self.profile)?;
        let serial = self.device.serial.as_deref();
        snapshot.with_ports(false, None, |context, _| resync(context, both.plans(), serial))
    }
}
