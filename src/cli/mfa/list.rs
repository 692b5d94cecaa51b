//! `keyfob mfa list`.

use clap::Args;

use crate::cli::mfa::BothPlans;
use crate::cli::options::ProfileArg;
use crate::cli::world::World;
use crate::error::Result;
use crate::hint::run;
use crate::human::Talk;
use crate::ops::mfa::list::list;
use crate::ui::out;
use crate::view::devices;

/// List the user's MFA devices at AWS and the stored seeds
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob mfa list work")]
pub struct ListArgs {
    #[command(flatten)]
    profile: ProfileArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ListArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let profile = self.profile.resolve(world)?;
        let both = BothPlans::whatever_the_device(&snapshot, &profile)?;
        let files = snapshot.files()?;
        let devices = snapshot.with_ports(false, None, |context, _| list(context, both.plans(), files))?;
        if self.json {
            return out::write_json(&devices);
        }
        let table = devices::text(&devices, out::terminal_width());
        if table.is_empty() {
            world.talk.hint(run!("keyfob mfa enroll {}", profile).to("enroll a first device"));
        }
        out::write_page(&table)
    }
}
