//! `keyfob user`.

mod accept;
mod create;
mod policy;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::cli::options::{ProfileArg, parse_secret};
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::user::remove::{RemoveRequest, remove};
use crate::ops::user::{list, passwords};
use crate::secret::Secret;
use crate::ui::out;
use crate::user::documents::check_name;
use crate::view;

/// Create, list and remove IAM users
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Start with:
  keyfob user list --with admin
  keyfob user create ann --group developers --key --with admin")]
pub enum UserCommand {
    Create(create::CreateArgs),
    /// List the users of the account, with their groups, keys, MFA and last use
    #[command(after_help = "\
Example:
  keyfob user list --with admin")]
    List {
        #[command(flatten)]
        signer: SignerOptions,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shut a user out, and delete it a day later
    #[command(after_help = "\
At once, its access keys become Inactive, its password is deleted and AWSDenyAll is attached. Run it again a day later to delete \
the user and everything that belongs to it.

Example:
  keyfob user remove ann --with admin")]
    Remove {
        /// User name
        #[arg(value_parser = user_name)]
        name: String,
        /// Delete it immediately instead of a day later
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        signer: SignerOptions,
        /// Do not ask for confirmation
        #[arg(short, long)]
        yes: bool,
    },
    Accept(accept::AcceptArgs),
    /// Show the console password of a user you created, once
    #[command(after_help = "\
Example:
  keyfob user password ann")]
    Password {
        /// User name
        #[arg(value_parser = user_name)]
        name: String,
    },
    PasswordPolicy(policy::PolicyArgs),
}

/// Whose credentials make the calls.
#[derive(Debug, Clone, Default, Args)]
pub struct SignerOptions {
    /// Profile of an administrator
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    with: Option<String>,
    /// MFA code of that profile (six digits)
    #[arg(long, value_name = "CODE", value_parser = parse_secret)]
    mfa_code: Option<Secret>,
}

impl SignerOptions {
    fn profile(&self, world: &World<'_>) -> Result<String> {
        ProfileArg { profile: self.with.clone() }.resolve(world)
    }
}

impl UserCommand {
    /// Whether it changes users or keys.
    pub(super) fn changes_users(&self) -> bool {
        match self {
            UserCommand::List { .. } => false,
            UserCommand::PasswordPolicy(arguments) => arguments.changes(),
            _ => true,
        }
    }

    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        match self {
            UserCommand::Create(arguments) => arguments.run(world),
            UserCommand::Accept(arguments) => arguments.run(world),
            UserCommand::PasswordPolicy(arguments) => arguments.run(world),
            UserCommand::List { signer, json } => {
                let (snapshot, with) = (world.snapshot(), signer.profile(world)?);
                let files = snapshot.files()?;
                let listed = snapshot.with_ports(false, None, |context, _| {
                    list::list(context, &with, signer.mfa_code.as_ref(), files)
                })?;
                match json {
                    true => out::write_json(&listed),
                    false => out::write_page(&view::user::list(&listed, out::terminal_width())),
                }
            }
            UserCommand::Remove { name, now, signer, yes } => {
                let (snapshot, with) = (world.snapshot(), signer.profile(world)?);
                let files = snapshot.files()?;
                let request = RemoveRequest { name, with, now, mfa_code: signer.mfa_code };
                snapshot.with_ports(yes, None, |context, _| remove(context, &request, files))
            }
            UserCommand::Password { name } => {
                world.snapshot().with_ports(false, None, |context, _| passwords::password(context, &name))
            }
        }
    }
}

fn user_name(text: &str) -> std::result::Result<String, String> {
    check_name(text, 64).map(|()| text.to_owned())
}
