//! `keyfob user accept`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::add::link_line;
use crate::cli::mfa::enroll_now;
use crate::cli::user::create::MfaOption;
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::{Human, Talk};
use crate::keystore::passphrase::passphrase_in;
use crate::ops::user::accept::{AcceptRequest, accept, end};
use crate::ops::user::handover::{Opening, wants_passphrase};
use crate::secret::SecretBytes;
use crate::sys::files;
use crate::ui::out;

/// Store the key of a user that somebody created for you, and enroll its MFA device
#[derive(Debug, Args)]
#[command(after_help = "\
FILE comes from `keyfob user create --handover FILE`. Shows whose key it is and asks; nothing is replaced.

Example:
  keyfob user accept bob.keyfob")]
pub struct AcceptArgs {
    /// File to open
    file: PathBuf,
    /// Name of the new profile [default: the name in the file]
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// age identity file of the public key it was encrypted to
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Read the passphrase from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with = "identity")]
    passphrase_file: Option<PathBuf>,
    /// MFA device
    #[arg(long, value_name = "qr|store|none", hide_possible_values = true, default_value = "qr")]
    mfa: MfaOption,
    /// Link even if keyfob is in a temporary, build or version-specific folder
    #[arg(long)]
    force_link: bool,
    /// Does not accept the user: that question is always asked
    #[arg(short, long)]
    yes: bool,
}

impl AcceptArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let opening = self.opening(world)?;
        let line = |profile: &str| link_line(world, profile, self.force_link);
        // `--yes` is not enough.
        let accepted = snapshot.with_ports(false, None, |context, stores| {
            let (backend, reason) = stores.choose(world.asked_backend)?;
            world.talk.say(&format!("the key goes into {}, {reason}", backend.title()));
            let profile = self.profile.clone();
            let will_enroll = self.mfa != MfaOption::None;
            let (file, opening, line) = (&self.file, &opening, &line);
            let request = AcceptRequest { file, opening, profile, backend, will_enroll, line };
            accept(context, &request, files)
        })?;
        if let Some(lines) = &accepted.lines {
            out::write(lines)?;
        }
        if let Some(profile) = &accepted.profile {
            match self.mfa {
                MfaOption::None => {}
                MfaOption::Qr => enroll_now(world, profile, false)?,
                MfaOption::Store => enroll_now(world, profile, true)?,
            }
        }
        // With the device that was just enrolled.
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        snapshot.with_ports(false, None, |context, _| end(context, &self.file, accepted.profile.as_deref(), files))
    }

    fn opening(&self, world: &World<'_>) -> Result<Opening> {
        if let Some(path) = &self.identity {
            let text = files::read(path)
                .map_err(|error| Error::new(Kind::Usage, format!("cannot read {}", path.display())).because(error))?;
            return Ok(Opening::Identity(SecretBytes::new(text)));
        }
        if let Some(path) = &self.passphrase_file {
            let passphrase =
                passphrase_in(path, "--passphrase-file").map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
            return Ok(Opening::Passphrase(passphrase));
        }
        if !wants_passphrase(&self.file)? {
            let message = format!("{} is encrypted to a public key", self.file.display());
            return Err(Error::new(Kind::Usage, message).hint(
                run!("keyfob user accept {} --identity FILE", self.file.display())
                    .to("name the key's age identity file"),
            ));
        }
        let asked = world.person(false, None).ask_secret("Passphrase of the handover file: ", None);
        asked.map(Opening::Passphrase).map_err(|error| error.into_error("the passphrase of the handover file"))
    }
}
