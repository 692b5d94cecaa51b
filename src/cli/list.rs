//! `keyfob list`.

use clap::Args;

use crate::chain::list::{Sources, listing, names};
use crate::cli::world::World;
use crate::error::Result;
use crate::hint::run;
use crate::human::Talk;
use crate::ops::rotate::status::reminders;
use crate::session_cache::cache_summary::cached_until;
use crate::ui::out;
use crate::view;

/// List profiles, their keys and sessions
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob list --json | jq '.profiles[] | select(.key) | .name'")]
pub struct ListArgs {
    /// Report as JSON
    #[arg(long)]
    json: bool,
    /// The names alone, one a line, for scripts and completion
    #[arg(long, conflicts_with = "json")]
    names: bool,
}

impl ListArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let (profiles, index) = (snapshot.files()?.profiles(), snapshot.index()?);
        if self.names {
            let stored = index.profiles().keys().map(String::as_str);
            let names: Vec<String> = names(&profiles, stored).map(|name| format!("{name}\n")).collect();
            return out::write(&names.concat());
        }
        world.warn_of_files(&profiles);
        let sessions = world.cached_sessions();
        let now = world.clock().now();
        let stored_names: Vec<String> = index.profiles().keys().cloned().collect();
        let listing = listing(
            &profiles,
            &Sources {
                stored: index,
                stored_names: &stored_names,
                session_expires: &|name| cached_until(&sessions, name, now),
                now,
                key_max_age_seconds: world.settings.key_max_age.as_secs(),
            },
        );
        for hint in reminders(&world.paths.data, world.settings.rotate_grace, now)? {
            world.talk.hint(hint);
        }
        if self.json {
            return out::write_json(&listing);
        }
        let table = view::list::text(&listing, now, out::terminal_width());
        if table.is_empty() {
            world.talk.hint(run!("keyfob add PROFILE").to("store a first key"));
        }
        out::write_page(&table)
    }
}
