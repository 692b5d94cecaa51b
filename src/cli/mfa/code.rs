//! `keyfob mfa code`.

use clap::Args;

use crate::cli::mfa::{BothPlans, SerialOption};
use crate::cli::options::ProfileArg;
use crate::cli::world::World;
use crate::error::Result;
use crate::human::Talk;
use crate::ops::mfa::code::code;
use crate::ui::out;

/// Print the current MFA code from a stored seed
#[derive(Debug, Args)]
#[command(after_help = "\
AWS accepts each code once. A printed code counts as used, so keyfob waits for the next one if it needs a code itself.

Example:
  keyfob mfa code work --wait")]
pub struct CodeArgs {
    #[command(flatten)]
    profile: ProfileArg,
    #[command(flatten)]
    device: SerialOption,
    /// Wait for a code that has not been used
    #[arg(long)]
    wait: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl CodeArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let both = BothPlans::of(&snapshot, &self.profile.resolve(world)?)?;
        let serial = self.device.serial.as_deref();
        let current = snapshot.with_ports(false, None, |context, _| code(context, both.plans(), serial, self.wait))?;
        if self.json {
            return out::write_json(&current);
        }
        out::write(&format!("{}\n", current.code.expose()))?;
        if current.is_spent {
            world.talk.warn("this code was already used or printed; `--wait` waits for the next one");
        }
        world.talk.say(&format!("{} s left", current.seconds_left));
        Ok(())
    }
}
