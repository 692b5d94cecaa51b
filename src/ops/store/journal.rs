//! The journals of moves: a file for each item that is being moved, in the data folder, and one lock for each.
//!
//! No secret is in them. A kill leaves the file as it was before or after a step; the lock is free at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::credentials::{AccessKeyId, StoreId};
use crate::error::{Error, Kind, Result};
use crate::hex;
use crate::hint::run;
use crate::keystore::Item;
use crate::sorted;
use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::folder;
use crate::sys::lock::{Lock, LockError, holder_name};

const VERSION: u32 = 1;

/// How long another process that moves the same item is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(1);

/// What is moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// An access key.
    Key(AccessKeyId),
    /// The seed of the MFA device with this serial.
    Seed(String),
}

impl Moved {
    /// As key stores name it.
    pub fn item(&self) -> Item {
        match self {
            Moved::Key(id) => Item::AccessKey(id.clone()),
            Moved::Seed(serial) => Item::TotpSeed(serial.clone()),
        }
    }

    /// As messages name it.
    pub fn title(&self) -> String {
        match self {
            Moved::Key(id) => id.short(),
            Moved::Seed(serial) => format!("the seed of `{serial}`"),
        }
    }
}

/// A move that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    version: u32,
    pub item: Moved,
    pub from: StoreId,
    pub to: StoreId,
    /// Whether the copy in `from` stays.
    pub keep: bool,
    pub phase: Phase,
}

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// `from` is what is used; `to` may have the item, or something of it.
    Copy,
    /// `to` is used, or about to be; `from` may still have the item.
    Delete,
}

impl Move {
    /// One that begins.
    pub fn new(item: Moved, from: StoreId, to: StoreId, keep: bool) -> Move {
        Move { version: VERSION, item, from, to, keep, phase: Phase::Copy }
    }
}

/// The moves of one data folder.
#[derive(Debug, Clone)]
pub struct Moves {
    folder: PathBuf,
}

/// The journal of one item, held against every other process.
#[derive(Debug)]
pub struct MoveLock {
    path: PathBuf,
    _lock: Lock,
}

impl Moves {
    /// Those of the data folder at `data`. Nothing is read yet.
    pub fn new(data: &Path) -> Self {
        Moves { folder: data.join("moves") }
    }

    /// Every move that is not done.
    ///
    /// # Errors
    /// Where one cannot be read. A damaged one is never taken for none.
    pub fn all(&self) -> Result<Vec<Move>> {
        let mut paths = folder::files_named(&self.folder, |name| name.ends_with(".json"))
            .map_err(|error| unusable(&self.folder, error))?;
        sorted::sort(&mut paths);
        paths.iter().filter_map(|path| load(path).transpose()).collect()
    }

    /// Takes the journal of an item, alone among processes.
    ///
    /// # Errors
    /// Where another process moves it.
    pub fn hold(&self, item: &Moved) -> Result<MoveLock> {
        private_dir(&self.folder).map_err(|error| unusable(&self.folder, error))?;
        let name = hex::encode(&Sha256::digest(item.item().to_string().as_bytes())[..16]);
        let path = self.folder.join(format!("{name}.lock"));
        match Lock::acquire(&path, LOCK_LIMIT, |_| {}) {
            Ok(lock) => Ok(MoveLock { path: self.folder.join(format!("{name}.json")), _lock: lock }),
            Err(LockError::Held { holder }) => {
                let (holder, title) = (holder_name(holder), item.title());
                Err(Error::new(Kind::Failed, format!("{holder} is moving {title}"))
                    .hint(run!("keyfob store list").to("wait for it; then see where the keys are")))
            }
            Err(LockError::Io(error)) => Err(unusable(&path, error)),
        }
    }
}

impl MoveLock {
    /// The journal as it is; none where the item is not being moved.
    ///
    /// # Errors
    /// As [`Moves::all`].
    pub fn load(&self) -> Result<Option<Move>> {
        load(&self.path)
    }

    /// Writes the journal; after a kill it is the one before or this one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, journal: &Move) -> Result<()> {
        let mut text = serde_json::to_vec_pretty(journal).expect("ids and names are JSON");
        text.push(b'\n');
        replace(&self.path, &text).map_err(|error| unusable(&self.path, error))
    }

    /// Takes the journal away, once the move is done.
    ///
    /// # Errors
    /// Where it stays; the next run finds nothing left to do.
    pub fn remove(&self) -> Result<()> {
        folder::remove(&self.path).map(drop).map_err(|error| unusable(&self.path, error))
    }
}

fn load(path: &Path) -> Result<Option<Move>> {
    /// Read first: a newer file may have any other shape.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Some(bytes) = read_own(path).map_err(|error| unusable(path, error))? else { return Ok(None) };
    let damaged = |why: serde_json::Error| {
        Error::new(Kind::KeyStore, format!("{}: the journal of a move is damaged: {why}", path.display()))
            .hint(run!("keyfob store list").to("see where the keys are, then delete the file"))
    };
    let Version { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version != VERSION {
        let message = format!("`{}` was written by a newer version of keyfob", path.display());
        return Err(Error::new(Kind::KeyStore, message).hint("install the newest version of keyfob"));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::new(Kind::KeyStore, format!("cannot use `{}`", path.display()))
        .because(error)
        .hint("make yourself the owner of the folder and make it writable, or set `KEYFOB_DATA_DIR` to another folder")
}
