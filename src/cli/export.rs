//! `keyfob export`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::world::World;
use crate::error::Result;
use crate::ops::export::{ExportForm, export};
use crate::ui::out;

/// Output a stored access key, after confirmation
#[derive(Debug, Args)]
#[command(after_help = "\
Prints the access key id and the secret access key, a line each, as `keyfob add --stdin` reads them on another machine. The \
key stays stored. MFA seeds are not exported.

Example:
  keyfob export work --force | ssh other keyfob add work --replace --stdin --yes")]
pub struct ExportArgs {
    /// Profile name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    /// Print it as the CSV file of the AWS console
    #[arg(long)]
    csv: bool,
    /// Write it into ~/.aws/credentials instead
    #[arg(long, conflicts_with = "csv")]
    to_credentials: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    force: bool,
    /// Does not confirm the export: use --force
    #[arg(short, long)]
    yes: bool,
}

impl ExportArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let form = match (self.csv, self.to_credentials) {
            (true, _) => ExportForm::Csv,
            (_, true) => ExportForm::Credentials,
            (false, false) => ExportForm::Lines,
        };
        // `--yes` gives away no secret.
        let key =
            snapshot.with_ports(false, None, |context, _| export(context, &self.profile, form, self.force, files))?;
        key.map_or(Ok(()), |key| out::write(key.expose()))
    }
}
