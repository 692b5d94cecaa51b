//! `keyfob show`.

use clap::Args;

use crate::chain::{PlanError, StoredKeys, nearest};
use crate::cli::options::ProfileArg;
use crate::cli::world::World;
use crate::config_file::file_names;
use crate::error::Result;
use crate::human::Talk;
use crate::ops::show::shown;
use crate::ui::out;
use crate::view::show::{text, warnings};

/// Show a profile's settings and where each one is set
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob show work --json | jq -r .settings.region.value")]
pub struct ShowArgs {
    #[command(flatten)]
    profile: ProfileArg,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ShowArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let name = self.profile.resolve(world)?;
        let profiles = snapshot.files()?.profiles();
        let key = snapshot.index()?.key_of(&name);
        let Some(shown) = shown(&profiles, &name, key.as_ref(), &file_names(&world.paths)) else {
            return Err(PlanError::NoSuchProfile { nearest: nearest(&profiles, &name), name }.into());
        };
        if self.json {
            return out::write_json(&shown);
        }
        warnings(&shown).for_each(|warning| world.talk.warn(&warning));
        out::write_page(&text(&shown, out::terminal_width()))
    }
}
