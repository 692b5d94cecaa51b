//! Sealed sessions: one file and one lock each, named by a keyed hash of all that changes the credentials.
//!
//! May use `sys` and the pure modules. The sealing key is handed in; no key store is asked here.

pub mod failure;
pub mod fresh;
pub mod name;
pub mod outlook;
pub mod seal;
pub mod sealing_key;
mod store;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use store::{CacheError, Kept, SessionCache};

impl From<CacheError> for crate::error::Error {
    fn from(error: CacheError) -> Self {
        let hint = match &error {
            CacheError::Distrusted(_) => "make it yours alone (`chmod 700`), or name another in `KEYFOB_CACHE_DIR`",
            CacheError::Io { .. } => "`KEYFOB_CACHE_DIR` names another folder",
            CacheError::Damaged { .. } => "`keyfob clear` takes it away",
            CacheError::Busy { .. } => "try again in a moment",
        };
        crate::error::Error::new(crate::error::Kind::Failed, error.to_string()).hint(hint)
    }
}
