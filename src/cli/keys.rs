//! `keyfob keys`.

use clap::Args;

use crate::cli::world::World;
use crate::duration;
use crate::error::Result;
use crate::hint::run;
use crate::human::Talk;
use crate::ops::rotate::all::keys;
use crate::ops::rotate::status::reminders;
use crate::ui::out;
use crate::view;

/// List stored keys with their age, status and last use
#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 1 if a key is overdue, for use in scripts.

Example:
  keyfob keys --older-than 30d || echo 'time to rotate'")]
pub struct KeysArgs {
    /// Age at which a key is overdue [default: `key_max_age`, 90d]
    #[arg(long, value_name = "AGE", value_parser = duration::parse)]
    older_than: Option<std::time::Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl KeysArgs {
    /// The exit code is 1 where a key is overdue.
    pub(super) fn run(self, world: &World<'_>) -> Result<u8> {
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let limit = self.older_than.unwrap_or(world.settings.key_max_age);
        let listing = snapshot.with_ports(false, None, |context, _| keys(context, limit, files))?;
        if self.json {
            out::write_json(&listing)?;
        } else {
            out::write_page(&view::keys::text(&listing, out::terminal_width()))?;
        }
        for hint in reminders(&world.paths.data, world.settings.rotate_grace, world.clock().now())? {
            world.talk.hint(hint);
        }
        if listing.is_empty() {
            world.talk.hint(run!("keyfob add PROFILE").to("store a first key"));
        }
        Ok(u8::from(listing.any_overdue()))
    }
}
