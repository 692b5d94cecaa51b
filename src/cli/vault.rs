//! `keyfob vault`.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::cli::world::World;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::Talk;
use crate::keystore::vault::IdentityOf;

/// Manage the encrypted vault file
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  keyfob vault identity identity.txt    write a file that opens the vault
  keyfob vault passphrase               change the passphrase")]
pub enum VaultCommand {
    /// Write a file that opens the vault without a passphrase
    #[command(after_help = "\
For containers and CI, where nobody can type. Anyone who has FILE can open the vault, so protect it like a key.

Example:
  keyfob vault identity identity.txt
  export KEYFOB_IDENTITY_FILE=$PWD/identity.txt")]
    Identity {
        /// File to create
        file: PathBuf,
    },
    /// Change the vault's passphrase
    #[command(after_help = "\
Asks for the current passphrase, then for the new one twice. KEYFOB_PASSPHRASE_FILE and KEYFOB_PASSPHRASE_COMMAND give the \
current one; with KEYFOB_IDENTITY_FILE it is not needed. If it is interrupted, either the old or the new one opens the vault.

Example:
  keyfob vault passphrase")]
    Passphrase {
        /// Read the new passphrase from the first line of FILE
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

impl VaultCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        match self {
            VaultCommand::Identity { file } => write_identity(world, &file),
            VaultCommand::Passphrase { new_passphrase_file } => {
                change_passphrase(world, new_passphrase_file.as_deref())
            }
        }
    }
}

fn change_passphrase(world: &World<'_>, new: Option<&Path>) -> Result<()> {
    world.with_stores(|stores| {
        let vault = stores.vault();
        let changed = vault.change_passphrase(new).map_err(|error| error.for_user(StoreId::VAULT));
        let first = || run!("keyfob add PROFILE --backend vault").to("create it with the first key that it stores");
        match vault.is_there() {
            Ok(false) => changed.map_err(|error| error.hint(first())),
            Ok(true) | Err(_) => changed,
        }
    })?;
    world.talk.say("changed the passphrase of the vault");
    match (&world.settings.passphrase_file, &world.settings.passphrase_command, &world.settings.identity_file) {
        (_, _, Some(_)) | (None, None, None) => {}
        (Some(path), _, None) => {
            world.talk.hint(format!("write the new passphrase into {}, which has the old one", path.display()).into());
        }
        (None, Some(_), None) => {
            world.talk.hint("change the passphrase command so that it prints the new passphrase".into());
        }
    }
    Ok(())
}

fn write_identity(world: &World<'_>, file: &Path) -> Result<()> {
    if file.symlink_metadata().is_ok() {
        return Err(Error::new(Kind::Usage, format!("{} already exists and was not overwritten", file.display()))
            .hint("choose a file that does not exist"));
    }
    let of = world.with_stores(|stores| {
        stores.vault().write_identity_file(file).map_err(|error| error.for_user(StoreId::VAULT))
    })?;
    let path = file.display();
    world.talk.say(&match of {
        IdentityOf::ThisVault => format!("wrote {path}, which opens the vault without a passphrase"),
        IdentityOf::NewVault => {
            format!("wrote {path}; there is no vault yet: storing the first key creates one that this file opens")
        }
    });
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let hint = run!("export KEYFOB_IDENTITY_FILE {}", whole.display());
    world.talk.hint(hint.to("set this in every shell that uses the vault, and protect the file like a key"));
    Ok(())
}
