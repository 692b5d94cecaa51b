//! Why the index cannot be used, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::error::{Error, Kind};
use crate::hint::run;
use crate::sys::lock::LockError;

/// Why the index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It cannot be read or written.
    #[error("cannot use `{path}`: {cause}", path = path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("{path}:{line}: the index of stored keys is damaged: {cause}", path = path.display())]
    Damaged {
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        cause: String,
    },
    /// A newer keyfob wrote it in a way this one does not know.
    #[error("`{path}` was written by a newer version of keyfob (format {version}; this one reads format 1)", path = path.display())]
    Newer { path: PathBuf, version: u32 },
    /// The data folder is not the user's own.
    #[error("the data folder is not used: {0}")]
    Distrusted(String),
    /// Another process is changing it all the time.
    #[error("`{path}`: {cause}", path = path.display())]
    Held { path: PathBuf, cause: LockError },
}

impl From<IndexError> for Error {
    fn from(error: IndexError) -> Error {
        let hint = match &error {
            IndexError::Distrusted(_) => {
                "make it yours, with mode 0700, or name another folder with `KEYFOB_DATA_DIR`".into()
            }
            IndexError::Io { .. } => "check its owner, its mode and the free disk space".into(),
            IndexError::Damaged { .. } => {
                run!("keyfob add PROFILE").to("restore it from a backup, or move it away and store each key again")
            }
            IndexError::Newer { .. } => "install the newest version of keyfob".into(),
            IndexError::Held { .. } => "end that process, then try again".into(),
        };
        Error::new(Kind::KeyStore, error.to_string()).hint(hint)
    }
}
