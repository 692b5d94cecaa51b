//! `keyfob mfa add`.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::mfa::{BothPlans, SerialOption};
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::ops::mfa::add::{AddSeedRequest, add, seed_error};
use crate::qr;
use crate::sys::files::read_picture;
use crate::sys::stdin::read_stdin;
use crate::totp::Seed;
use crate::ui::out;

/// Store the seed of an existing MFA device
#[derive(Debug, Args)]
#[command(after_help = "\
Prompts for the seed with the input hidden, unless --stdin or --qr is given, then for one code from the app to check the seed. AWS shows a seed only once, when the device is created.

Example:
  keyfob mfa add work --qr screenshot.png")]
pub struct AddArgs {
    /// Profile that uses the device
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    #[command(flatten)]
    device: SerialOption,
    /// Read one line from stdin: the base32 key or an otpauth:// URI
    #[arg(long, group = "source")]
    stdin: bool,
    /// Read a picture of the QR code (PNG or JPEG)
    #[arg(long, value_name = "FILE", group = "source")]
    qr: Option<PathBuf>,
    /// Do not check the seed with a code from the app
    #[arg(long)]
    no_verify: bool,
    /// Replace the seed that is stored for the device
    #[arg(long)]
    replace: bool,
    /// Do not ask whether the profile should use the device
    #[arg(short, long)]
    yes: bool,
}

impl AddArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let both = BothPlans::of(&snapshot, &self.profile)?;
        let seed = self.given_seed()?;
        let files = snapshot.files()?;
        let lines = snapshot.with_ports(self.yes, None, |context, stores| {
            let (backend, reason) = stores.choose(world.asked_backend)?;
            world.talk.explain(&format!("the seed goes into {}, {reason}", backend.title()));
            let AddArgs { profile: _, device, stdin: _, qr: _, no_verify, replace, yes } = &self;
            let serial = device.serial.clone();
            let request = AddSeedRequest { serial, seed, backend, verify: !no_verify, replace: *replace, yes: *yes };
            add(context, both.plans(), request, files)
        })?;
        if let Some(path) = &self.qr {
            let path = path.display();
            world.talk.hint(format!("delete {path}: anyone who has this picture has the second factor").into());
        }
        lines.map_or(Ok(()), |lines| out::write(&lines))
    }

    /// The seed that `--stdin` or `--qr` brings; none where it is to be asked for.
    fn given_seed(&self) -> Result<Option<Seed>> {
        if self.stdin {
            let input =
                read_stdin().map_err(|error| Error::new(Kind::Failed, "stdin cannot be read").because(error))?;
            let text = std::str::from_utf8(&input).map_err(|_| Error::new(Kind::Failed, "stdin is not UTF-8 text"))?;
            return Seed::parse(text).map(Some).map_err(|error| seed_error(&error, "stdin"));
        }
        self.qr.as_deref().map(seed_in_picture).transpose()
    }
}

fn seed_in_picture(path: &Path) -> Result<Seed> {
    let place = path.display();
    let file = read_picture(path).map_err(|error| {
        Error::new(Kind::Failed, format!("{place}: the file cannot be read"))
            .because(error)
            .hint("`--qr` takes the path of a picture of the QR code; without `--qr`, keyfob prompts for the key")
    })?;
    let text = qr::read(&file).map_err(|error| {
        Error::new(Kind::Failed, format!("{place}: {error}"))
            .hint("take a screenshot of only the QR code, unscaled, as PNG, or type the key instead")
    })?;
    Seed::parse(text.expose()).map_err(|error| seed_error(&error, &place.to_string()))
}
