//! Why a key store did not do as asked.

use crate::credentials::StoreId;
use crate::keystore::names;

/// Why a key store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// keyfob has no store of this name.
    #[error("this keyfob has no key store `{0}`; it has {names}", names = names())]
    Unknown(StoreId),
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
    /// This process ran out of memory or file descriptors.
    #[error("{0}")]
    Exhausted(String),
    /// It did not answer in time.
    #[error("no response within {} s", .0.as_secs())]
    TimedOut(std::time::Duration),
    /// The vault is locked and nobody can be asked for its passphrase (exit 3, not 5).
    #[error("{0}")]
    NeedsHuman(String),
    /// A vault is to be created and nobody gives it a passphrase (exit 3).
    #[error("{0}")]
    NoNewPassphrase(String),
    /// Ctrl-C at its question.
    #[error("cancelled")]
    Cancelled,
    /// The passphrase that a person typed is wrong.
    #[error("{0}")]
    WrongPassphrase(String),
    /// What a setting, a variable or an option gives for a passphrase or an identity is missing or wrong.
    #[error("{why}")]
    BadSource {
        /// What is wrong.
        why: String,
        /// The setting, the variable or the option.
        from: String,
    },
}
