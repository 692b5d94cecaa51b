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

/// Create and enable a virtual MFA device, and use it in the profile
#[derive(Debug, Args)]
#[command(after_help = "\
Shows a QR code for your authenticator app and prompts for two consecutive codes. With --store, keyfob also stores the seed, and generates these and all later codes itself.

Example:
  keyfob mfa enroll work --store --backend vault")]
pub struct EnrollArgs {
    /// Profile with the user's access key
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    /// Name of the device [default: your answer to a prompt, or the user's name]
    #[arg(long)]
    name: Option<String>,
    /// Store the seed in the key store
    #[arg(long)]
    store: bool,
    /// Also write the QR code to this file, as PNG
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Also print the seed on stdout, as an otpauth:// URI and as a base32 key
    #[arg(long)]
    show_secret: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
}

impl EnrollArgs {
    /// `keyfob mfa enroll PROFILE`, with `--store` or without.
    pub(super) fn of(profile: &str, store: bool) -> EnrollArgs {
        let profile = profile.to_owned();
        EnrollArgs { profile, name: None, store, png: None, show_secret: false, yes: store }
    }

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
