//! `keyfob list`.

use clap::Args;

use crate::chain::list::{CodeDue, Sources, listing, names};
use crate::cli::world::World;
use crate::error::Result;
use crate::hint::run;
use crate::human::Talk;
use crate::ops::resolve::store_of;
use crate::ops::rotate::status::reminders;
use crate::ui::out;
use crate::view;

/// List profiles, their keys and sessions
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob list --json | jq '.profiles[] | select(.key) | .name'")]
pub struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print only the names, one per line, for scripts and completion
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
        world.warn_of_agent();
        world.count_odd_lines(&profiles);
        let now = world.clock().now();
        let stored_names: Vec<String> = index.profiles().keys().cloned().collect();
        let listing = world.with_cache(|cache| {
            let sources = Sources {
                stored: index,
                stored_names: &stored_names,
                sessions: &|name| match snapshot.plan_in_passing(&profiles, name) {
                    Ok(plan) => {
                        let cached = cache.summary(&plan, store_of(&plan));
                        let sign_in = world.sign_in_of(&plan);
                        // AWS's own file is the cache of a sign-in's credentials.
                        let own = sign_in.filter(|_| plan.steps.is_empty() && plan.base.kind == "login");
                        let until = cached.cached_until().or_else(|| own?.certain_until);
                        (until, cached.code_due, sign_in)
                    }
                    Err(_) => (None, CodeDue::Never, None),
                },
                now,
                key_max_age_seconds: world.settings.key_max_age.as_secs(),
            };
            listing(&profiles, &sources)
        });
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
