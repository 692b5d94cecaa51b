//! `keyfob mfa enroll`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::mfa::BothPlans;
use crate::cli::world::World;
use crate::error::Result;
use crate::human::Talk;
use crate::ops::mfa::enroll::{EnrollRequest, enroll};
use crate::ui::out;

/// Make a virtual MFA device, enable it, and use it in the profile
#[derive(Debug, Args)]
#[command(after_help = "\
Shows a QR code for your authenticator app, and asks for two codes in a row. With --store keyfob keeps the seed too, \
and makes the codes by itself, here and later.

Example:
  keyfob mfa enroll work --store --backend vault")]
pub struct EnrollArgs {
    /// The profile with the user's access key
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    /// The device's name; left out: it is asked for, or your user's
    #[arg(long)]
    name: Option<String>,
    /// Keep the seed in the key store
    #[arg(long)]
    store: bool,
    /// Write the QR code as a picture too
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Print the seed on stdout too, as otpauth:// address and as base32 key
    #[arg(long)]
    show_secret: bool,
    /// Answer every question with yes
    #[arg(short, long)]
    yes: bool,
}

impl EnrollArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let both = BothPlans::whatever_the_device(&snapshot, &self.profile)?;
        let files = snapshot.files()?;
        let lines = snapshot.with_ports(self.yes, None, |context, stores| {
            let backend = match self.store {
                false => None,
                true => {
                    let (backend, reason) = stores.choose(world.asked_backend)?;
                    world.talk.say(&format!("the seed goes into {}, {reason}", backend.title()));
                    Some(backend)
                }
            };
            let Self { profile: _, name, store: _, png, show_secret, yes } = self;
            let request = EnrollRequest { name, backend, png, show_secret, yes };
            // Security: stdout, because it was asked for in so many words.
            let show = |secret: &crate::secret::Secret| out::write(secret.expose());
            enroll(context, both.plans(), &request, files, &show)
        })?;
        lines.map_or(Ok(()), |lines| out::write(&lines))
    }
}
