//! The one lock of fixed name under which key stores are unlocked and sealing keys made.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::human::Human;
use crate::keystore::StoreError;
use crate::sys::files::private_dir;
use crate::sys::folder::distrusted;
use crate::sys::lock::{Lock, LockError, holder_name};

/// The lock's name in the cache folder.
const NAME: &str = "key-stores.lock";

/// How long is waited for somebody who may take any time to type a passphrase.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Lets one process at a time unlock a store, ask for its passphrase, derive its key, or make a sealing key.
///
/// Within the process it may be entered again: making a sealing key unlocks the vault on its way.
pub struct PromptLock<'a> {
    folder: PathBuf,
    limit: Duration,
    human: &'a dyn Human,
    held: RefCell<Weak<Lock>>,
}

impl<'a> PromptLock<'a> {
    /// A prompt_lock whose lock file is in `folder`, the cache's. `prompt_limit` bounds the wait, as it bounds the prompt of
    /// whoever is inside.
    pub fn new(folder: PathBuf, prompt_limit: Option<Duration>, human: &'a dyn Human) -> Self {
        PromptLock { folder, limit: prompt_limit.unwrap_or(LONGEST_WAIT), human, held: RefCell::default() }
    }

    /// Waits until no other process is inside. Whoever has entered looks again at what it came for: the one before may
    /// have done it.
    ///
    /// # Errors
    /// Past the limit, naming the holder; where the lock file cannot be made.
    pub fn enter(&self) -> Result<Rc<Lock>, StoreError> {
        if let Some(lock) = self.held.borrow().upgrade() {
            return Ok(lock);
        }
        let path = self.folder.join(NAME);
        let unusable = |error: &dyn std::fmt::Display| {
            let path = path.display();
            StoreError::Unavailable(format!("{path}: {error}; set `KEYFOB_CACHE_DIR` to use another folder"))
        };
        private_dir(&self.folder).map_err(|error| unusable(&error))?;
        // Security: whoever may change the folder could take the lock away, or hold it for ever.
        if let Some(problem) = distrusted(&self.folder).map_err(|error| unusable(&error))? {
            return Err(unusable(&problem));
        }
        let lock = Lock::acquire(&path, self.limit, |holder| {
            let who = holder_name(holder);
            self.human.waiting(&format!("waiting for {who}, which is unlocking the key store"));
        });
        match lock {
            Ok(lock) => {
                let lock = Rc::new(lock);
                *self.held.borrow_mut() = Rc::downgrade(&lock);
                Ok(lock)
            }
            Err(LockError::Held { holder }) => {
                let who = holder_name(holder);
                Err(StoreError::Unavailable(format!(
                    "{who} has been unlocking the key store for {} s; answer its prompt, or end it",
                    self.limit.as_secs()
                )))
            }
            Err(error @ LockError::Io(_)) => Err(unusable(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOBODY;

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_write_holds_no_lock() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = folder.path().join("cache");
        let prompt_lock = PromptLock::new(cache.clone(), Some(Duration::from_millis(20)), &NOBODY);
        drop(prompt_lock.enter().expect("it is made, and private"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(&cache, mode).expect("mode set");
        match prompt_lock.enter() {
            Err(StoreError::Unavailable(why)) => assert!(why.contains("writable by other users"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_entered_again_within_the_process_and_closed_to_others() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let prompt_lock = PromptLock::new(folder.path().join("cache"), Some(Duration::from_millis(20)), &NOBODY);
        let other = PromptLock::new(folder.path().join("cache"), Some(Duration::from_millis(20)), &NOBODY);
        let outer = prompt_lock.enter().expect("free");
        drop(prompt_lock.enter().expect("entered again"));
        match other.enter() {
            Err(StoreError::Unavailable(why)) => {
                assert!(why.contains(&format!("process {}", std::process::id())), "{why}");
            }
            other => panic!("{other:?}"),
        }
        drop(outer);
        other.enter().expect("free again");
    }
}
