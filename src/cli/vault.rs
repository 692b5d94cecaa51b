//! `keyfob vault`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::world::World;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::Talk;
use crate::keystore::vault::IdentityOf;

/// Look after the encrypted vault file
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Example:
  keyfob vault identity identity.txt     opens the vault without a passphrase")]
pub enum VaultCommand {
    /// Write the vault's identity to FILE, which then opens it without a passphrase
    #[command(after_help = "\
For containers and CI, where nobody can type. FILE opens the vault: keep it as you keep a key.

Example:
  keyfob vault identity identity.txt
  export KEYFOB_IDENTITY_FILE=$PWD/identity.txt")]
    Identity {
        /// A file that does not exist yet
        file: PathBuf,
    },
}

impl VaultCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let VaultCommand::Identity { file } = self;
        if file.symlink_metadata().is_ok() {
            return Err(Error::new(Kind::Usage, format!("{} is there already and is not overwritten", file.display()))
                .hint("name a file that does not exist yet"));
        }
        let of = world.with_stores(|stores| {
            stores.vault().write_identity_file(&file).map_err(|error| error.for_user(StoreId::VAULT))
        })?;
        let path = file.display();
        world.talk.say(&match of {
            IdentityOf::ThisVault => format!("wrote {path}, which opens the vault without its passphrase"),
            IdentityOf::NewVault => format!("wrote {path}; there is no vault yet, and the first key makes one for it"),
        });
        let whole = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
        let hint = run!("export KEYFOB_IDENTITY_FILE {}", whole.display());
        world.talk.hint(hint.to("set it in each shell, and keep the file as you keep a key"));
        Ok(())
    }
}
