//! `keyfob mfa resync`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::mfa::{BothPlans, SerialOption};
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::mfa::resync::resync;

/// Resynchronize a device whose clock has drifted
#[derive(Debug, Args)]
#[command(after_help = "\
Needs two consecutive codes. They are generated from the stored seed; if there is none, keyfob prompts for them.

Example:
  keyfob mfa resync work")]
pub struct ResyncArgs {
    /// Profile that uses the device
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
