//! Key stores: one trait, one file and one line of [`REGISTRY`] for each. Nothing here falls back to another store by
//! itself.
//!
//! May use `sys`, `human`, `settings` and the pure modules.

#![warn(missing_docs)]

pub mod access_key;
mod advice;
pub(crate) mod age_file;
mod elsewhere;
mod error;
mod kernel_keyring;
#[cfg(target_os = "linux")]
pub(crate) mod kwallet;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
pub(crate) mod limit;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(test)]
pub mod memory;
#[cfg(any(target_os = "macos", windows))]
mod native;
pub mod old_copy;
pub mod open;
mod outside;
pub(crate) mod passphrase;
mod program;
mod prompt_lock;
pub mod protocol;
pub mod recipes;
mod sealing;
#[cfg(target_os = "linux")]
pub(crate) mod secret_service;
#[cfg(test)]
mod throwaway;
pub mod totp_seed;
pub mod vault;
#[cfg(test)]
mod vault_tests;
#[cfg(windows)]
mod windows;

pub use error::StoreError;

use std::fmt;
use std::rc::Rc;

use crate::chain::nearest_of;
use crate::credentials::{AccessKeyId, StoreId};
use crate::secret::SecretBytes;
use crate::settings::Settings;
use crate::timestamp::Timestamp;

/// The service under which keychains file every item of keyfob's; the item's name is its user.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
const SERVICE: &str = "keyfob";

#[cfg(not(target_os = "macos"))]
use elsewhere as macos;
#[cfg(not(target_os = "linux"))]
use elsewhere as kwallet;
#[cfg(not(target_os = "linux"))]
use elsewhere as secret_service;
#[cfg(not(windows))]
use elsewhere as windows;
use open::StoreContext;
use prompt_lock::PromptLock;

/// The key stores keyfob knows, in the order `--backend` lists them.
pub const REGISTRY: &[Store] = &[
    Store { id: StoreId::SECRET_SERVICE, open: Some(secret_service::open) },
    Store { id: StoreId::MACOS_KEYCHAIN, open: Some(macos::open) },
    Store { id: StoreId::WINDOWS_CREDENTIAL_MANAGER, open: Some(windows::open) },
    Store { id: StoreId::VAULT, open: None },
    recipes::store(StoreId::named("op")),
    recipes::store(StoreId::named("pass")),
    recipes::store(StoreId::named("gopass")),
    recipes::store(StoreId::named("bw")),
    recipes::store(StoreId::named("hashicorp-vault")),
    Store { id: StoreId::named("kwallet"), open: Some(kwallet::open) },
    recipes::store(StoreId::named("keepassxc")),
];

/// Begins the name of a store that is any program: `program:NAME` is the one of `[stores.NAME]` in config.toml.
pub const PROGRAM: &str = "program:";

/// A key store that keyfob knows.
#[derive(Clone, Copy)]
pub struct Store {
    /// Its name.
    pub id: StoreId,
    /// Opens it, and unlocks nothing yet; none for the vault, which is always prepared.
    open: Option<Open>,
}

type Open = for<'a> fn(&Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError>;

/// What a store is opened with.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Secret Service has dialogs of its own"))]
struct Opening<'o, 'a> {
    id: StoreId,
    context: &'o StoreContext<'a>,
    prompt_lock: &'o Rc<PromptLock<'a>>,
    /// Whether it may open a dialog of its own.
    may_ask: bool,
}

/// Reads the name of a store that keyfob knows, or of a program that config.toml may name.
///
/// # Errors
/// A sentence that names the one with nearly that name, else those there are.
pub fn registered(name: &str) -> Result<StoreId, String> {
    let unknown = || match nearest_of(REGISTRY.iter().map(|store| store.id.name()), name) {
        Some(near) => format!("`{name}` is not a key store; did you mean `{near}`?"),
        None => format!("`{name}` is not a key store; expected one of {}", names()),
    };
    match name.strip_prefix(PROGRAM) {
        Some(program) if !program.is_empty() && !program.contains(':') => name.parse(),
        Some(_) => Err(unknown()),
        None => REGISTRY.iter().find(|store| store.id.name() == name).map(|store| store.id).ok_or_else(unknown),
    }
}

/// The stores that config.toml has a table for, in the order of their names.
pub fn configured(settings: &Settings) -> impl Iterator<Item = StoreId> {
    let id = |name: &String| match REGISTRY.iter().find(|store| store.id.name() == name) {
        Some(store) => Some(store.id),
        None => format!("{PROGRAM}{name}").parse().ok(),
    };
    settings.stores.keys().filter_map(id)
}

/// Stands for whichever store gives a sealing key without asking anybody, where sessions say which key sealed them.
pub const UNASKED: StoreId = StoreId::named("unasked");

/// The names of the stores that are no other programs, for the help of every command.
pub fn names_inside() -> String {
    let inside = REGISTRY.iter().map(|store| store.id).filter(|id| !id.is_outside());
    inside.map(StoreId::name).collect::<Vec<_>>().join(", ")
}

/// The names of all stores, for a sentence.
pub fn names() -> String {
    let names: Vec<_> = REGISTRY.iter().map(|store| store.id.name()).collect();
    format!("{}, {PROGRAM}NAME", names.join(", "))
}

/// Opens key stores by name. A test hands in one of its own.
pub trait StoreOpener {
    /// The store of this name; opened once, and unlocked no earlier than it is read.
    ///
    /// # Errors
    /// [`StoreError::Unknown`]; [`StoreError::Unavailable`] for one this platform does not have.
    fn open(&self, id: StoreId) -> Result<&dyn KeyStore, StoreError>;

    /// The 32 bytes that seal the sessions of this store's keys; made at the first call ever.
    ///
    /// Costs 0.1 ms while the kernel keyring holds a copy; otherwise the store is unlocked and read.
    ///
    /// # Errors
    /// As the store says.
    fn sealing_key(&self, id: StoreId) -> Result<SecretBytes, StoreError>;

    /// 32 bytes that seal the sessions of no store's keys: out of the configured store, else the platform's keychain, else
    /// the vault, whichever opens without asking anybody; else one that only the kernel keyring holds, for a while.
    ///
    /// No vault is made or unlocked. None where the kernel refuses too, which `-v` says.
    fn sealing_key_unasked(&self) -> Option<SecretBytes> {
        None
    }

    /// Whether that key is in a store, and not in the kernel keyring alone.
    fn keeps_unasked_key(&self) -> bool {
        true
    }
}

/// What an item in a key store is: the name under which it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An access key, named by its id, so that changing a profile's key never overwrites a secret.
    AccessKey(AccessKeyId),
    /// The TOTP seed of an MFA device, named by its serial.
    TotpSeed(String),
    /// The console password of a user that keyfob has created, named by its ARN, until it is shown.
    Password(String),
    /// The random key that seals the sessions of this backend's keys.
    SealingKey,
    /// Nothing: written, read back and deleted, to see whether the store can be written.
    Probe,
    /// One of `store check`, by its whole name.
    Check(String),
}

/// The item's name in the store: `access-key/AKIA…`, `totp-seed/SERIAL`, `password/ARN`, `sealing-key`, `probe`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::AccessKey(id) => write!(f, "access-key/{id}"),
            Item::TotpSeed(serial) => write!(f, "totp-seed/{serial}"),
            Item::Password(arn) => write!(f, "password/{arn}"),
            Item::SealingKey => f.write_str("sealing-key"),
            Item::Probe => f.write_str("probe"),
            Item::Check(name) => f.write_str(name),
        }
    }
}

/// A place that keeps secrets. Every call ends within the key store's time limit, or a person's for one that asks.
///
/// A value is UTF-8 text of at most 2,560 bytes: KWallet keeps nothing but text, Windows nothing longer.
pub trait KeyStore {
    /// Which one this is.
    fn id(&self) -> StoreId;

    /// Reads an item.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the store answers and has no such item.
    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError>;

    /// Unlocks the store, so that reading an item asks nobody.
    ///
    /// # Errors
    /// As [`KeyStore::get`].
    fn unlock(&self, item: &Item) -> Result<(), StoreError> {
        self.get(item).map(drop)
    }

    /// Writes an item, over an old one of the same name.
    ///
    /// # Errors
    /// Where it is not known to be stored.
    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError>;

    /// Deletes an item.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there was none.
    fn delete(&self, item: &Item) -> Result<(), StoreError>;

    /// Deletes an item, or finds that there is none.
    ///
    /// # Errors
    /// Where it is not known to be gone.
    fn ensure_deleted(&self, item: &Item) -> Result<(), StoreError> {
        match self.delete(item) {
            Err(StoreError::NotFound) => Ok(()),
            deleted => deleted,
        }
    }

    /// The names of all its items; `None` for one that cannot be searched.
    ///
    /// # Errors
    /// As the store says.
    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        Ok(None)
    }

    /// Whether there is such a store on this machine; asks no one and unlocks nothing.
    ///
    /// # Errors
    /// Where there is one that is locked, broken or silent.
    fn presence(&self) -> Result<Presence, StoreError> {
        Ok(Presence::There)
    }

    /// When the unlock ends that let this process in; `None` where nothing is known to end.
    fn unlocked_until(&self) -> Option<Timestamp> {
        None
    }
}

/// Whether a key store exists on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there and answers.
    There,
    /// There is none, and how that shows.
    Absent(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_vault_nobody_can_unlock_is_exit_3() {
        let exits = |error: StoreError, backend| error.for_user(backend).kind().exit_code();
        assert_eq!(exits(StoreError::NeedsHuman("locked".into()), StoreId::VAULT), 3);
        for error in [
            StoreError::NotFound,
            StoreError::Locked("locked".into()),
            StoreError::Denied("no".into()),
            StoreError::Unavailable("gone".into()),
            StoreError::TimedOut(std::time::Duration::from_secs(1)),
            StoreError::WrongPassphrase("wrong".into()),
        ] {
            let shown = error.for_user(StoreId::SECRET_SERVICE);
            assert_eq!(shown.kind().exit_code(), 5, "{shown}");
            assert!(!shown.hints().is_empty(), "{shown} says what to do");
        }
    }

    #[test]
    fn an_item_is_found_by_its_name() {
        let id = "AKIAIOSFODNN7EXAMPLE".parse().expect("valid");
        assert_eq!(Item::AccessKey(id).to_string(), "access-key/AKIAIOSFODNN7EXAMPLE");
        assert_eq!(Item::TotpSeed("arn:aws:iam::1:mfa/ann".into()).to_string(), "totp-seed/arn:aws:iam::1:mfa/ann");
        assert_eq!(Item::SealingKey.to_string(), "sealing-key");
    }
}
