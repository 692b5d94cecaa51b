//! The journals of rotations: a file each in the data folder, replaced atomically, under one lock a key.
//!
//! A kill leaves the file as it was before or after a step; the lock is free at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::credentials::AccessKeyId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::rotation::{Journal, Phase};
use crate::sorted;
use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::folder;
use crate::sys::lock::{Lock, LockError, holder_name};

/// How long another process that only looks at the lock is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// The journals of one data folder.
#[derive(Debug, Clone)]
pub struct Journals {
    folder: PathBuf,
}

/// One journal, held against every other process.
#[derive(Debug)]
pub struct JournalLock {
    path: PathBuf,
    _lock: Lock,
}

impl Journals {
    /// Those of the data folder at `data`. Nothing is read yet.
    pub fn new(data: &Path) -> Self {
        Journals { folder: data.join("rotations") }
    }

    /// Every rotation that has not ended.
    ///
    /// # Errors
    /// Where one cannot be read. A damaged one is never taken for none.
    pub fn all(&self) -> Result<Vec<Journal>> {
        let mut paths = folder::files_named(&self.folder, |name| name.ends_with(".json"))
            .map_err(|error| unusable(&self.folder, error))?;
        sorted::sort(&mut paths);
        let read = paths.iter().filter_map(|path| load(path).transpose());
        read.filter(|journal| !matches!(journal, Ok(journal) if journal.phase() == Phase::Ended)).collect()
    }

    /// The rotation that one of whose keys is `id`.
    ///
    /// # Errors
    /// As [`Journals::all`].
    pub fn of_key(&self, id: &AccessKeyId) -> Result<Option<Journal>> {
        Ok(self.all()?.into_iter().find(|journal| journal.concerns(id)))
    }

    /// The rotation of a profile: of the key it uses, else the one that was asked for by its name.
    ///
    /// # Errors
    /// As [`Journals::all`].
    pub fn of_profile(&self, profile: &str, key: Option<&AccessKeyId>) -> Result<Option<Journal>> {
        let all = self.all()?;
        let of_key = all.iter().position(|journal| key.is_some_and(|id| journal.concerns(id)));
        let found = of_key.or_else(|| all.iter().position(|journal| journal.profile == profile));
        Ok(found.and_then(|index| all.into_iter().nth(index)))
    }

    /// Has every rotation know a profile by its new name.
    ///
    /// # Errors
    /// As [`Journals::all`] and [`Journals::hold`].
    pub fn rename_profile(&self, old: &str, new: &str) -> Result<()> {
        for journal in self.all()? {
            let mut renamed = journal.clone();
            renamed.rename_profile(old, new);
            if renamed == journal {
                continue;
            }
            let held = self.hold(&journal.old)?;
            if let Some(mut journal) = held.load()? {
                journal.rename_profile(old, new);
                held.save(&journal)?;
            }
        }
        Ok(())
    }

    /// Takes the journal of the key `old`, alone among processes.
    ///
    /// # Errors
    /// Where another process rotates this key.
    pub fn hold(&self, old: &AccessKeyId) -> Result<JournalLock> {
        private_dir(&self.folder).map_err(|error| unusable(&self.folder, error))?;
        let path = self.lock_path(old);
        match Lock::acquire(&path, LOCK_LIMIT, |_| {}) {
            Ok(lock) => Ok(JournalLock { path: self.folder.join(format!("{old}.json")), _lock: lock }),
            Err(LockError::Held { holder }) => {
                let holder = holder_name(holder);
                Err(Error::new(Kind::Failed, format!("{holder} is rotating {}", old.short()))
                    .hint(run!("keyfob rotate PROFILE --status").to("wait for it; show its status")))
            }
            Err(LockError::Io(error)) => Err(unusable(&path, error)),
        }
    }

    /// Whether a process is at work on this rotation.
    pub fn is_held(&self, journal: &Journal) -> bool {
        matches!(Lock::try_acquire(&self.lock_path(&journal.old)), Err(LockError::Held { .. }))
    }

    fn lock_path(&self, old: &AccessKeyId) -> PathBuf {
        self.folder.join(format!("{old}.lock"))
    }
}

impl JournalLock {
    /// The journal as it is; none where there is none, or one that has ended.
    ///
    /// # Errors
    /// As [`Journals::all`].
    pub fn load(&self) -> Result<Option<Journal>> {
        Ok(load(&self.path)?.filter(|journal| journal.phase() != Phase::Ended))
    }

    /// Writes the journal; after a kill it is the one before or this one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, journal: &Journal) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(journal).expect("ids, names and times are JSON");
        text.push(b'\n');
        replace(&self.path, &text).map_err(|error| unusable(&self.path, error))
    }

    /// Takes the journal away, once nothing is left to do.
    ///
    /// # Errors
    /// Where it stays. One that has ended is taken for none.
    pub fn remove(&self) -> Result<()> {
        folder::remove(&self.path).map(drop).map_err(|error| unusable(&self.path, error))
    }
}

fn load(path: &Path) -> Result<Option<Journal>> {
    let Some(bytes) = read_own(path).map_err(|error| unusable(path, error))? else { return Ok(None) };
    let damaged = |why: String| {
        Error::new(Kind::KeyStore, format!("{}: the rotation journal is damaged: {why}", path.display()))
            .hint(run!("keyfob keys").to("compare the stored keys with those in the IAM console, then delete the file"))
    };
    let journal: Journal = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if !journal.is_known_version() {
        return Err(Error::new(
            Kind::KeyStore,
            format!("`{}` was written by a newer version of keyfob", path.display()),
        )
        .hint("install the newest version of keyfob"));
    }
    Ok(Some(journal))
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::KeyStore, format!("cannot use `{}`", path.display()))
        .because(error)
        .hint("make yourself the owner of the folder and make it writable, or set `KEYFOB_DATA_DIR` to another folder")
}
