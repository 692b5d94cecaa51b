//! `keyfob import`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::add::link_line;
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::ops::import::{ImportRequest, LineOf, has_keys, import};
use crate::ui::out;

/// Move keys in plain text from the AWS files into the key store
#[derive(Debug, Args)]
#[command(after_help = "\
Each key is checked, stored and read back before its two lines go; stopped at any point, the same command goes on.

Example:
  keyfob import")]
pub struct ImportArgs {
    /// This profile's alone
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Do not ask AWS whose key each is
    #[arg(long)]
    no_verify: bool,
    /// Do not link the profiles: SDKs then find no key
    #[arg(long)]
    no_link: bool,
    /// Link even a path that the next upgrade, build or clean-up removes
    #[arg(long, conflicts_with = "no_link")]
    force_link: bool,
    /// Answer every question with yes
    #[arg(short, long)]
    yes: bool,
    /// Report as JSON
    #[arg(long)]
    json: bool,
}

impl ImportArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let files = world.files()?;
        if self.profile.is_none() && !has_keys(&files.profiles()) {
            world.talk.say("there is no long-term key in the AWS files");
        }
        let line = |profile: &str| link_line(world, profile, self.force_link);
        let report = world.with_ports(self.yes, None, |ports| {
            let (backend, reason) = ports.stores.choose(world.asked_backend)?;
            world.talk.say(&format!("keys go into {}: {reason}", backend.title()));
            let request = ImportRequest {
                profile: self.profile.as_deref(),
                backend,
                verify: !self.no_verify,
                line: (!self.no_link).then_some(&line as LineOf<'_>),
                yes: self.yes,
            };
            import(&ports.context, &request, ports.stores, files)
        })?;
        if self.json {
            out::write_json(&report)?;
        }
        match report.failures() {
            0 => Ok(()),
            1 => {
                Err(Error::new(Kind::Failed, "a key stays in the AWS files").hint("run `keyfob import` again to go on"))
            }
            several => Err(Error::new(Kind::Failed, format!("{several} keys stay in the AWS files"))
                .hint("run `keyfob import` again to go on")),
        }
    }
}
