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

/// Keep the seed of an MFA device that exists already
#[derive(Debug, Args)]
#[command(after_help = "\
Asks for the seed without showing it, unless --stdin or --qr brings it, and for one code from the app, to see that it \
is the right seed. AWS shows a seed once: when the device is made.

Example:
  keyfob mfa add work --qr screenshot.png")]
pub struct AddArgs {
    /// The profile that uses the device
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    #[command(flatten)]
    device: SerialOption,
    /// Read one line: the base32 key, or an otpauth:// address
    #[arg(long, group = "source")]
    stdin: bool,
    /// Read a picture of the QR code, PNG or JPEG
    #[arg(long, value_name = "FILE", group = "source")]
    qr: Option<PathBuf>,
    /// Do not ask for a code from the app
    #[arg(long)]
    no_verify: bool,
    /// Replace the seed kept for the device
    #[arg(long)]
    replace: bool,
    /// Have the profile use the device without asking
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
            world.talk.hint(format!("delete {path}: whoever has the picture has the second factor").into());
        }
        lines.map_or(Ok(()), |lines| out::write(&lines))
    }

    /// The seed that `--stdin` or `--qr` brings; none where it is to be asked for.
    fn given_seed(&self) -> Result<Option<Seed>> {
        if self.stdin {
            let input =
                read_stdin().map_err(|error| Error::new(Kind::Failed, "stdin cannot be read").because(error))?;
            let text =
                std::str::from_utf8(&input).map_err(|_| Error::new(Kind::Failed, "stdin: it is not UTF-8 text"))?;
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
            .hint("`--qr` takes the path of a picture of the QR code; without it the key is asked for")
    })?;
    let text = qr::read(&file).map_err(|error| {
        Error::new(Kind::Failed, format!("{place}: {error}"))
            .hint("take a screenshot of the QR code alone, at its own size, as PNG; or type the key instead")
    })?;
    Seed::parse(text.expose()).map_err(|error| seed_error(&error, &place.to_string()))
}
