//! Key stores: one trait, a backend a file. Nothing here falls back to another store by itself.
//!
//! May use `sys`, `human`, `settings` and the pure modules.

use std::fmt;

use crate::credentials::{AccessKeyId, Backend};
use crate::secret::SecretBytes;

/// What an item in a key store is: the name under which it is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An access key, named by its id, so that changing a profile's key never overwrites a secret.
    AccessKey(AccessKeyId),
    /// The TOTP seed of an MFA device, named by its serial.
    TotpSeed(String),
    /// The random key that seals the sessions of this backend's keys.
    SealingKey,
}

/// The item's name in the store: `access-key/AKIA…`, `totp-seed/SERIAL`, `sealing-key`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::AccessKey(id) => write!(f, "access-key/{id}"),
            Item::TotpSeed(serial) => write!(f, "totp-seed/{serial}"),
            Item::SealingKey => f.write_str("sealing-key"),
        }
    }
}

/// A place that keeps secrets. Every call ends within the key store's time limit.
pub trait KeyStore {
    /// Which one this is.
    fn backend(&self) -> Backend;

    /// Reads an item.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where the store answers and has no such item.
    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError>;

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
}

/// Why a key store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store works and has no such item: an ordinary answer.
    #[error("there is no such item")]
    NotFound,
    /// It is locked, and a person would have to unlock it in its own program.
    #[error("{0}")]
    Locked(String),
    /// The user or the system said no.
    #[error("access was denied: {0}")]
    Denied(String),
    /// It is not there, or broken.
    #[error("{0}")]
    Unavailable(String),
    /// It did not answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(std::time::Duration),
    /// The vault is locked and nobody can be asked for its passphrase (exit 3, not 5).
    #[error("{0}")]
    NeedsHuman(String),
    /// The passphrase, its source or the identity is wrong.
    #[error("{0}")]
    WrongPassphrase(String),
}
