//! `keyfob man`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use clap_mangen::Man;

use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::sys::files::write_public;

/// The day of this version, as CHANGELOG.md has it: `man` shows it at the foot of a page.
const DATE: &str = "2026-11-22";

/// Write the manual pages, one per command
#[derive(Debug, Args)]
#[command(after_help = "\
Overwrites files of the same names. Creates the folder if it does not exist.

Example:
  keyfob man ~/.local/share/man/man1 && man -M ~/.local/share/man keyfob")]
pub struct ManArgs {
    /// Folder to write to
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
}

impl ManArgs {
    /// Needs no home folder and no files: packages are built without.
    pub(super) fn run(&self, talk: &dyn Talk) -> Result<()> {
        let pages = pages();
        for (name, text) in &pages {
            let path = self.folder.join(name);
            write_public(&path, text.as_bytes()).map_err(|error| {
                Error::new(Kind::Failed, format!("{}: cannot be written", path.display())).because(error)
            })?;
        }
        talk.say(&format!("wrote {} manual pages to {}", pages.len(), self.folder.display()));
        Ok(())
    }
}

/// The pages of all commands: each one's file name and text.
fn pages() -> Vec<(String, String)> {
    let mut tree = super::command();
    tree.build();
    let source = format!("keyfob {}", tree.get_version().unwrap_or_default());
    let (mut left, mut pages) = (vec![&tree], Vec::new());
    while let Some(command) = left.pop() {
        left.extend(command.get_subcommands());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        // As `--help` has it; clap_mangen's own leaves out the `--` before the command of `exec`.
        let usage = command.clone().render_usage().to_string();
        let man = Man::new(command.clone().override_usage(usage.trim_start_matches("Usage: ").to_owned()));
        let man = man.title(name.to_uppercase()).date(DATE).source(&source).manual("keyfob manual");
        let mut page = Vec::new();
        man.render(&mut page).expect("memory takes what is written");
        let (more, see) = match name == "keyfob" {
            true => (include_str!("man/exit-status-and-environment.roff"), "aws"),
            false => ("", "keyfob"),
        };
        let page = String::from_utf8(page).expect("clap's texts and ours are UTF-8");
        let files = include_str!("man/files.roff");
        pages.push((man.get_filename(), format!("{page}{more}{files}.SH \"SEE ALSO\"\n\\fB{see}\\fR(1)\n")));
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_have_the_day_and_version_of_the_change_log() {
        let heading = format!("## [{}] - {DATE}", env!("CARGO_PKG_VERSION"));
        assert!(include_str!("../../CHANGELOG.md").lines().any(|line| line == heading), "no `{heading}`");
    }

    #[test]
    fn every_command_has_a_page_with_examples_and_files() {
        for (name, text) in pages() {
            let extra = text.split(".SH EXTRA\n").nth(1).expect("a section").split(".SH").next().unwrap_or_default();
            assert!(extra.contains("\n  keyfob "), "{name}: {extra}");
            assert!(text.contains(".SH FILES\n"), "{name}");
        }
    }
}
