//! The names of what another keyfob has stored here, for key stores that cannot list their items. No secret is in it.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::lock::{Lock, LockError};

const VERSION: u32 = 1;
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    names: BTreeSet<String>,
}

/// The names in a data folder, and those in its index.
#[derive(Debug)]
pub struct KnownNames {
    folder: PathBuf,
    own: Vec<String>,
}

impl KnownNames {
    /// `own`: the names of this keyfob's own items.
    pub fn new(folder: PathBuf, own: Vec<String>) -> KnownNames {
        KnownNames { folder, own }
    }

    /// All of them, in order.
    ///
    /// # Errors
    /// A file that cannot be read, or is of a newer keyfob.
    pub fn all(&self) -> io::Result<BTreeSet<String>> {
        let mut names = self.read()?;
        names.extend(self.own.iter().cloned());
        Ok(names)
    }

    /// Notes that a name is about to be stored, or has been deleted. A kill in between leaves a name too many, which `list` tells
    /// of and `get` does not find.
    ///
    /// # Errors
    /// The system's.
    pub fn note(&self, name: &str, is_there: bool) -> io::Result<()> {
        private_dir(&self.folder)?;
        let _lock = Lock::acquire(&self.folder.join("served.lock"), PATIENCE, |_| {}).map_err(|error| match error {
            LockError::Io(error) => error,
            error @ LockError::Held { .. } => io::Error::other(error.to_string()),
        })?;
        let mut names = self.read()?;
        let has_changed = if is_there { names.insert(name.to_owned()) } else { names.remove(name) };
        if !has_changed {
            return Ok(());
        }
        let text = serde_json::to_vec(&Written { version: VERSION, names }).expect("texts always become JSON");
        replace(&self.path(), &text)
    }

    fn read(&self) -> io::Result<BTreeSet<String>> {
        let Some(text) = read_own(&self.path())? else { return Ok(BTreeSet::new()) };
        match serde_json::from_slice(&text) {
            Ok(Written { version: VERSION, names }) => Ok(names),
            Ok(_) | Err(_) => {
                Err(io::Error::other(format!("{} is damaged, or of a newer keyfob", self.path().display())))
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("served.json")
    }
}
