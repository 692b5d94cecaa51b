//! The journals of users: a file each in the data folder, replaced atomically, under one lock each.
//!
//! A kill leaves the file as it was before or after a step; the lock is free at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::sorted;
use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::folder;
use crate::sys::lock::{Lock, LockError, holder_name};
use crate::user::Journal;

/// How long another process that is about to end is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// One journal, held against every other process.
#[derive(Debug)]
pub(super) struct JournalLock {
    path: PathBuf,
    _lock: Lock,
}

impl JournalLock {
    /// Takes the journal of a user, alone among processes. Two accounts can have a user of the same name.
    ///
    /// # Errors
    /// Where another process is at work on this user.
    pub(super) fn hold(data: &Path, account: &str, name: &str) -> Result<JournalLock> {
        let folder = folder_in(data);
        private_dir(&folder).map_err(|error| unusable(&folder, &error))?;
        let path = folder.join(format!("{account}-{name}.json"));
        let lock = path.with_extension("lock");
        match Lock::acquire(&lock, LOCK_LIMIT, |_| {}) {
            Ok(lock) => Ok(JournalLock { path, _lock: lock }),
            Err(LockError::Held { holder }) => {
                let holder = holder_name(holder);
                Err(Error::new(Kind::Failed, format!("{holder} is creating or removing `{name}`")).hint("wait for it"))
            }
            Err(LockError::Io(error)) => Err(unusable(&lock, &error)),
        }
    }

    /// The journal as it is; one that has ended is kept while a password waits to be shown.
    ///
    /// # Errors
    /// Where it cannot be read. A damaged one is never taken for none.
    pub(super) fn load(&self) -> Result<Option<Journal>> {
        load(&self.path)
    }

    /// Writes the journal; after a kill it is the one before or this one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn save(&self, journal: &Journal) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(journal).expect("ids, names and times are JSON");
        text.push(b'\n');
        replace(&self.path, &text).map_err(|error| unusable(&self.path, &error))
    }

    /// Takes the journal away, once nothing is left to do.
    ///
    /// # Errors
    /// Where it stays.
    pub(super) fn remove(&self) -> Result<()> {
        folder::remove(&self.path).map(drop).map_err(|error| unusable(&self.path, &error))
    }
}

/// Every user that is being created or removed, or whose password waits to be shown.
///
/// # Errors
/// Where a journal cannot be read.
pub(super) fn all(data: &Path) -> Result<Vec<Journal>> {
    let folder = folder_in(data);
    let mut paths =
        folder::files_named(&folder, |name| name.ends_with(".json")).map_err(|error| unusable(&folder, &error))?;
    sorted::sort(&mut paths);
    paths.iter().filter_map(|path| load(path).transpose()).collect()
}

fn folder_in(data: &Path) -> PathBuf {
    data.join("users")
}

fn load(path: &Path) -> Result<Option<Journal>> {
    let Some(bytes) = read_own(path).map_err(|error| unusable(path, &error))? else { return Ok(None) };
    let journal: Journal = serde_json::from_slice(&bytes).map_err(|error| {
        Error::new(Kind::KeyStore, format!("{}: the journal is damaged: {error}", path.display()))
            .hint("compare the user in the IAM console with what you asked for, then delete the file")
    })?;
    if !journal.is_known_version() {
        let message = format!("`{}` was written by a newer version of keyfob", path.display());
        return Err(Error::new(Kind::KeyStore, message).hint("install the newest version of keyfob"));
    }
    Ok(Some(journal))
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::KeyStore, format!("cannot use `{}`", path.display()))
        .because(error.to_string())
        .hint("make yourself the owner of the folder and make it writable, or set `KEYFOB_DATA_DIR` to another folder")
}
