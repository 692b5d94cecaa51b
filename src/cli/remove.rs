//! `keyfob remove`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::world::World;
use crate::error::Result;
use crate::hint::run;
use crate::human::AskError;
use crate::index::Index;
use crate::ops::manage::Manager;
use crate::ops::remove::{link_left, remove};
use crate::ui::out;

/// Delete a profile's stored key and its sessions
#[derive(Debug, Args)]
#[command(after_help = "\
AWS accepts the key until it is deleted there too. The profile stays in ~/.aws/config. A key that no profile uses is removed by \
its id.

Example:
  keyfob remove work")]
pub struct RemoveArgs {
    /// Profile name, or the id of a key that no profile uses
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
        let profile = self.profile.as_str();
        let removed = snapshot.with_ports(self.yes, None, |context, _| {
            let removed = remove(context, profile, files)?;
            if removed.key_deleted
                && let Some(place) = link_left(context, profile, files)
            {
                let question = format!("{place}: `{profile}` is still linked to keyfob; unlink it?");
                let hint = run!("keyfob profile unlink {}", profile);
                if AskError::or_no(context.human.offer(&question))? {
                    let index = Index::load(context.paths.data.as_path())?;
                    Manager { context, files, index: &index, show_only: false }.unlink(profile)?;
                } else {
                    context.talk.hint(hint.to(format!("{place}: `{profile}` is still linked to keyfob; unlink it")));
                }
            }
            Ok(removed)
        })?;
        if self.json { out::write_json(&removed) } else { Ok(()) }
    }
}
