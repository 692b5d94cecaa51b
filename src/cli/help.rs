//! `keyfob help`.

use std::ffi::OsString;

use clap::Args;

/// Show the help of a command
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob help profile set")]
pub struct HelpArgs {
    /// Command [default: keyfob]
    #[arg(value_name = "COMMAND")]
    topic: Vec<String>,
}

impl HelpArgs {
    /// The command line that shows it.
    pub(super) fn into_line(self) -> Vec<OsString> {
        let words = std::iter::once("keyfob".to_owned()).chain(self.topic).chain(["--help".to_owned()]);
        words.map(OsString::from).collect()
    }
}
