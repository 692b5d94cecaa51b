//! `keyfob remove`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::world::World;
use crate::error::Result;
use crate::ops::remove::remove;
use crate::ui::out;

/// Delete a profile's stored key and its sessions
#[derive(Debug, Args)]
#[command(after_help = "\
AWS accepts the key until it is deleted there too. The profile stays in ~/.aws/config.

Example:
  keyfob remove work")]
pub struct RemoveArgs {
    /// Profile name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl RemoveArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let removed = snapshot.with_ports(self.yes, None, |context, _| remove(context, &self.profile, files))?;
        if self.json { out::write_json(&removed) } else { Ok(()) }
    }
}
