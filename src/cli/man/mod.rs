//! `keyfob man`.

mod page;

#[cfg(test)]
pub(super) use page::EXAMPLES;

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::sys::files::write_public;

/// Write the manual pages into a folder, one a command
#[derive(Debug, Args)]
#[command(after_help = "\
Files of the same names are replaced; the folder is made if there is none.

Example:
  keyfob man ~/.local/share/man/man1 && man keyfob")]
pub struct ManArgs {
    /// The folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

impl ManArgs {
    /// Needs no home folder and no files: packages are built without.
    pub(super) fn run(&self, talk: &dyn Talk) -> Result<()> {
        let pages = page::pages(super::command());
        for page in &pages {
            let path = self.folder.join(&page.file_name);
            write_public(&path, page.text.as_bytes()).map_err(|error| {
                Error::new(Kind::Failed, format!("{}: cannot be written", path.display())).because(error)
            })?;
        }
        talk.say(&format!("wrote {} manual pages into {}", pages.len(), self.folder.display()));
        Ok(())
    }
}
