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
The key still works at AWS until it is deleted there, and the profile stays in ~/.aws/config.

Example:
  keyfob remove work")]
pub struct RemoveArgs {
    /// The profile
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    /// Do not ask first
    #[arg(short, long)]
    yes: bool,
    /// Report as JSON
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
