//! `keyfob vault`.

use std::path::PathBuf;

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
Example:
  keyfob vault identity identity.txt     write a file that opens the vault without a passphrase")]
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
}

impl VaultCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let VaultCommand::Identity { file } = self;
        if file.symlink_metadata().is_ok() {
            return Err(Error::new(Kind::Usage, format!("{} already exists and was not overwritten", file.display()))
                .hint("choose a file that does not exist"));
        }
        let of = world.with_stores(|stores| {
            stores.vault().write_identity_file(&file).map_err(|error| error.for_user(StoreId::VAULT))
        })?;
        let path = file.display();
        world.talk.say(&match of {
            IdentityOf::ThisVault => format!("wrote {path}, which opens the vault without a passphrase"),
            IdentityOf::NewVault => {
                format!("wrote {path}; there is no vault yet: storing the first key creates one that this file opens")
            }
        });
        let whole = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
        let hint = run!("export KEYFOB_IDENTITY_FILE {}", whole.display());
        world.talk.hint(hint.to("set this in every shell that uses the vault, and protect the file like a key"));
        Ok(())
    }
}
