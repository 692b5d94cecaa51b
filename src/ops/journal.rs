//! Journals of what takes several steps: a file each in the data folder, replaced atomically, under one lock each.
//!
//! No secret is in them. A kill leaves the file as it was before or after a step; the lock is free at once.

use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::hint::Hint;
use crate::sorted;
use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::folder;
use crate::sys::lock::{Lock, LockError, holder_name};

/// How long another process that only looks at a lock, or is about to end, is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// What a journal keeps, in its member `version` too.
pub trait Record: Serialize + DeserializeOwned {
    /// The one version that this keyfob reads and writes.
    const VERSION: u32;
    /// The folder of these journals, in the data folder.
    const FOLDER: &'static str;
    /// What messages call one.
    const TITLE: &'static str;

    /// What to do about a damaged one.
    fn if_damaged() -> Hint;

    /// Whether it is taken for none, as it has ended.
    fn is_over(&self) -> bool {
        false
    }
}

/// The journals of one sort in one data folder.
#[derive(Debug)]
pub struct Journals<R> {
    folder: PathBuf,
    record: PhantomData<R>,
}

/// One journal, held against every other process.
#[derive(Debug)]
pub struct JournalLock<R> {
    path: PathBuf,
    _lock: Lock,
    record: PhantomData<R>,
}

impl<R: Record> Journals<R> {
    /// Those of the data folder at `data`. Nothing is read yet.
    pub fn new(data: &Path) -> Self {
        Journals { folder: data.join(R::FOLDER), record: PhantomData }
    }

    /// Everything that has not ended.
    ///
    /// # Errors
    /// Where one cannot be read. A damaged one is never taken for none.
    pub fn all(&self) -> Result<Vec<R>> {
        let mut paths = folder::files_named(&self.folder, |name| name.ends_with(".json"))
            .map_err(|error| unusable(&self.folder, error))?;
        sorted::sort(&mut paths);
        paths.iter().filter_map(|path| load(path).transpose()).collect()
    }

    /// Takes the journal of this name, alone among processes; `busy` is the error where the process it names has it.
    ///
    /// # Errors
    /// Where another process has it, or the folder cannot be used.
    pub fn hold_named(&self, name: &str, busy: impl FnOnce(&str) -> Error) -> Result<JournalLock<R>> {
        private_dir(&self.folder).map_err(|error| unusable(&self.folder, error))?;
        let lock = self.lock_path(name);
        match Lock::acquire(&lock, LOCK_LIMIT, |_| {}) {
            Ok(lock) => {
                Ok(JournalLock { path: self.folder.join(format!("{name}.json")), _lock: lock, record: PhantomData })
            }
            Err(LockError::Held { holder }) => Err(busy(&holder_name(holder))),
            Err(LockError::Io(error)) => Err(unusable(&lock, error)),
        }
    }

    /// Whether a process is at work on the journal of this name.
    pub fn is_named_held(&self, name: &str) -> bool {
        matches!(Lock::try_acquire(&self.lock_path(name)), Err(LockError::Held { .. }))
    }

    fn lock_path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.lock"))
    }
}

impl<R: Record> JournalLock<R> {
    /// The journal as it is; none where there is none, or one that has ended.
    ///
    /// # Errors
    /// As [`Journals::all`].
    pub fn load(&self) -> Result<Option<R>> {
        load(&self.path)
    }

    /// Writes the journal; after a kill it is the one before or this one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, journal: &R) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(journal).expect("ids, names and times are JSON");
        text.push(b'\n');
        replace(&self.path, &text).map_err(|error| unusable(&self.path, error))
    }

    /// Takes the journal away, once nothing is left to do.
    ///
    /// # Errors
    /// Where it stays; the next run finds nothing left to do.
    pub fn remove(&self) -> Result<()> {
        folder::remove(&self.path).map(drop).map_err(|error| unusable(&self.path, error))
    }
}

fn load<R: Record>(path: &Path) -> Result<Option<R>> {
    /// Read first: a newer file may have any other shape.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Some(bytes) = read_own(path).map_err(|error| unusable(path, error))? else { return Ok(None) };
    let damaged = |why: serde_json::Error| {
        Error::new(Kind::KeyStore, format!("{}: {} is damaged: {why}", path.display(), R::TITLE)).hint(R::if_damaged())
    };
    let Version { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version != R::VERSION {
        let message = format!("`{}` was written by a newer version of keyfob", path.display());
        return Err(Error::new(Kind::KeyStore, message).hint("install the newest version of keyfob"));
    }
    let record: R = serde_json::from_slice(&bytes).map_err(damaged)?;
    Ok(Some(record).filter(|record| !record.is_over()))
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::KeyStore, format!("cannot use `{}`", path.display()))
        .because(error)
        .hint("make yourself the owner of the folder and make it writable, or set `KEYFOB_DATA_DIR` to another folder")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::Journal;

    #[test]
    fn a_journal_of_a_newer_version_is_not_damaged_whatever_its_shape() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (text, says) in [
            ("{\"version\": 2, \"users\": []}", "newer version"),
            ("{\"version\": 1}", "the rotation journal is damaged: missing field"),
            ("{}", "the rotation journal is damaged: missing field `version`"),
        ] {
            replace(&folder.path().join("a.json"), text.as_bytes()).expect("written");
            let lock = Lock::acquire(&folder.path().join("a.lock"), LOCK_LIMIT, |_| {}).expect("free");
            let held: JournalLock<Journal> =
                JournalLock { path: folder.path().join("a.json"), _lock: lock, record: PhantomData };
            let error = held.load().expect_err(says);
            assert!(error.message().contains(says) && error.kind() == Kind::KeyStore, "{error}");
        }
    }
}
