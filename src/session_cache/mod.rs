//! Sealed sessions: one file and one lock each, named by a keyed hash of all that changes the credentials.
//!
//! May use `sys` and the pure modules. The sealing key is handed in; no key store is asked here.

pub mod cache_summary;
pub mod failure;
pub mod fresh;
pub mod inspection;
mod known;
pub mod name;
pub mod seal;
pub mod sealing_key;
pub mod sign_in;
mod sign_in_files;
mod store;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use store::{CacheError, CachedSession, SessionCache};

use crate::error::{Error, Kind};
use crate::hint::run;

impl From<CacheError> for Error {
    fn from(error: CacheError) -> Self {
        let hint = match &error {
            CacheError::Distrusted(_) => {
                "make the folder accessible only to you (`chmod 700`), or set `KEYFOB_CACHE_DIR` to another one".into()
            }
            CacheError::Io { .. } => "set `KEYFOB_CACHE_DIR` to another folder".into(),
            CacheError::Damaged { .. } => run!("keyfob clear").to("delete it"),
            CacheError::Busy { .. } => "try again in a moment".into(),
        };
        Error::new(Kind::Failed, error.to_string()).hint(hint)
    }
}
