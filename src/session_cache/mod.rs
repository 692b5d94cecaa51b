//! Sealed sessions: one file and one lock each, named by a keyed hash of all that changes the credentials.
//!
//! May use `sys` and the pure modules. The sealing key is handed in; no key store is asked here.

use std::path::PathBuf;

/// The cache folder.
#[derive(Debug)]
pub struct SessionCache {
    folder: PathBuf,
}

impl SessionCache {
    /// The cache in `folder`, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        SessionCache { folder }
    }
}
