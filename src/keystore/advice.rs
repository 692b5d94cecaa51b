//! What the user can do about a key store that did not do as asked.

use crate::credentials::StoreId;
use crate::error::{Error, Kind};
use crate::hint::{Hint, run};
use crate::keystore::{StoreError, recipes};

impl StoreError {
    /// Makes the error the user sees, for the store `id`, with what to do about it.
    ///
    /// A vault that nobody can unlock is exit 3; all others are exit 5.
    pub fn for_user(self, id: StoreId) -> Error {
        let elsewhere =
            || run!("keyfob add PROFILE --backend vault").to("on a machine without a desktop, store keys in the vault");
        let replace = || run!("keyfob add PROFILE --replace").to("store the key again");
        let store = id.title();
        let message = self.to_string();
        let check = || run!("keyfob store check {}", id.name()).to("test the key store");
        match (self, id) {
            (StoreError::Locked(why), id) if id.is_outside() => Error::new(Kind::KeyStore, why)
                .hint(recipes::how_to_unlock(id).unwrap_or("unlock it with its own program, then try again")),
            (StoreError::Unavailable(why), id) if id.is_outside() => {
                let set_up = recipes::how_to_set_up(id, &why).map(Hint::from);
                Error::new(Kind::KeyStore, why).hint(set_up.unwrap_or_else(check))
            }
            (StoreError::TimedOut(limit), id) if id.is_outside() => {
                Error::new(Kind::KeyStore, format!("{store} did not respond within {limit:?}"))
                    .hint("answer its prompt in time, or set `KEYFOB_PROGRAM_TIMEOUT=2m` and `KEYFOB_KEY_STORE_TIMEOUT=2m` to wait longer")
                    .hint(check())
            }
            (StoreError::Unknown(_), _) => {
                Error::new(Kind::KeyStore, message).hint("use the keyfob version that stored the key").hint(replace())
            }
            (StoreError::NotFound, _) => {
                Error::new(Kind::KeyStore, format!("there is no such item in {store}")).hint(replace())
            }
            (StoreError::Locked(why) | StoreError::Unavailable(why), StoreId::VAULT) => Error::new(Kind::KeyStore, why),
            (StoreError::Locked(why), _) => Error::new(Kind::KeyStore, why)
                .hint(format!("unlock {store} on the desktop, then try again"))
                .hint(elsewhere()),
            (StoreError::Denied(why), _) => {
                Error::new(Kind::KeyStore, format!("{store} denied access: {why}")).hint("try again and allow access")
            }
            (StoreError::Unavailable(why), _) => Error::new(Kind::KeyStore, why).hint(elsewhere()),
            (StoreError::Exhausted(why), _) => {
                Error::new(Kind::Failed, why).hint("raise the limits of this process (`ulimit -a` shows them)")
            }
            (StoreError::TimedOut(limit), _) => {
                Error::new(Kind::KeyStore, format!("{store} did not respond within {limit:?}"))
                    .hint("restart the keychain service, or set `KEYFOB_KEY_STORE_TIMEOUT=30s` to wait longer")
            }
            (StoreError::NoNewPassphrase(why), _) => Error::new(Kind::NeedsHuman, why)
                .hint("run the same command in a terminal, which prompts for a new passphrase")
                .hint("or set `KEYFOB_PASSPHRASE_FILE`, `KEYFOB_PASSPHRASE_COMMAND` or `KEYFOB_IDENTITY_FILE`"),
            (StoreError::NeedsHuman(why), _) => Error::new(Kind::NeedsHuman, why)
                .hint(run!("keyfob exec PROFILE -- true").to("unlock it in a terminal first"))
                .hint("or set `KEYFOB_PASSPHRASE_FILE`, `KEYFOB_PASSPHRASE_COMMAND` or `KEYFOB_IDENTITY_FILE`"),
            (StoreError::Cancelled, _) => Error::new(Kind::Cancelled, message),
            (StoreError::WrongPassphrase(why), _) => Error::new(Kind::KeyStore, why)
                .hint("try again; nobody can recover a forgotten passphrase, and \"Troubleshooting\" in the manual has the ways on"),
            (StoreError::BadSource { why, from }, _) => Error::new(Kind::KeyStore, why).hint(format!("correct {from}")),
        }
    }
}
