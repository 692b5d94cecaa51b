//! Sealing keys: the random key of a backend under which its sessions are sealed, and how to be rid of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

use crate::credentials::StoreId;
use crate::hex;
use crate::keystore::kernel_keyring::{KernelItem, KernelKeyring};
use crate::keystore::prompt_lock::PromptLock;
use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::{Secret, SecretBytes};
use crate::sys::clock::Clock;
use crate::sys::files::{private_dir, replace};
use crate::sys::folder::remove;

/// 256 bits.
const LENGTH: usize = 32;

/// Where the sealing keys of one data folder rest, beside the stores themselves.
pub struct SealingKeys<'w, 'a> {
    /// The data folder.
    pub folder: &'w Path,
    /// Where copies are held.
    pub keyring: &'w KernelKeyring<'a>,
    /// Where they are made one at a time.
    pub prompt_lock: &'w PromptLock<'a>,
    /// How long a copy is held.
    pub unlock_time: Duration,
}

impl SealingKeys<'_, '_> {
    /// The copy in the kernel keyring.
    pub fn copy(&self, backend: StoreId) -> Option<SecretBytes> {
        let held = self.keyring.get(KernelItem::SealingKey(backend))?;
        (held.secret.expose().len() == LENGTH).then_some(held.secret)
    }

    /// Reads the sealing key that is stored in `store`, makes it where there is none, and leaves a copy in the kernel keyring
    /// that never outlives the store's unlock. All who ask at once get the same key.
    ///
    /// # Errors
    /// As the store says; [`StoreError::Unavailable`] where the item is not a sealing key.
    pub fn fetch(&self, store: &dyn KeyStore) -> Result<SecretBytes, StoreError> {
        let backend = store.id();
        let _inside = self.prompt_lock.enter()?;
        // Whoever was inside before may have fetched it.
        if let Some(key) = self.copy(backend) {
            return Ok(key);
        }
        let void = self.void_mark(backend);
        let key = match store.get(&Item::SealingKey) {
            Ok(text) if !void.exists() => read(&text).ok_or_else(|| {
                StoreError::Unavailable(
                    "the item `sealing-key` is not a valid sealing key; `keyfob clear --all` deletes it and the cached sessions"
                        .to_owned(),
                )
            })?,
            Ok(_) | Err(StoreError::NotFound) => {
                let text = SecretBytes::from(new_text());
                store.set(&Item::SealingKey, &text)?;
                // A kill before this has the new key replaced once more, which costs a few sessions.
                unmark(&void)?;
                read(&text).expect("it has just been made")
            }
            Err(error) => return Err(error),
        };
        let kept = Clock::system().uncorrected().plus(self.unlock_time);
        let until = store.unlocked_until().map_or(kept, |unlocked| unlocked.min(kept));
        self.keyring.put(KernelItem::SealingKey(backend), &key, until);
        Ok(key)
    }

    /// A new sealing key that nothing but the kernel keyring holds, for as long as an unlock lasts; none where the kernel
    /// refuses. All who ask at once get the same key.
    pub fn make_in_kernel(&self, name: StoreId) -> Option<SecretBytes> {
        let _inside = self.prompt_lock.enter().ok()?;
        self.copy(name).or_else(|| {
            let key = SecretBytes::new(XChaCha20Poly1305::generate_key(&mut OsRng).to_vec());
            let until = Clock::system().uncorrected().plus(self.unlock_time);
            self.keyring.put(KernelItem::SealingKey(name), &key, until);
            // What is not held now would be another one the next time.
            self.copy(name)
        })
    }

    /// Deletes the sealing key of `store`, so that no session sealed with it opens again. From a store that does not open
    /// now (`None`, or its own refusal) it is deleted when it next does.
    ///
    /// # Errors
    /// Where the mark for that cannot be left.
    pub fn forget(&self, backend: StoreId, store: Option<&dyn KeyStore>) -> Result<(), StoreError> {
        self.keyring.remove(KernelItem::SealingKey(backend));
        match store.map(|store| store.delete(&Item::SealingKey)) {
            Some(Ok(()) | Err(StoreError::NotFound)) => unmark(&self.void_mark(backend)),
            Some(Err(_)) | None => {
                let mark = self.void_mark(backend);
                let marked = private_dir(self.folder).and_then(|()| replace(&mark, b""));
                marked.map_err(|error| StoreError::Unavailable(format!("`{}`: {error}", mark.display())))
            }
        }
    }

    /// An empty file that says: what this backend holds as its sealing key counts no more.
    fn void_mark(&self, backend: StoreId) -> PathBuf {
        self.folder.join(format!("sealing-key-void.{backend}"))
    }
}

fn unmark(mark: &Path) -> Result<(), StoreError> {
    remove(mark).map(drop).map_err(|error| StoreError::Unavailable(format!("`{}`: {error}", mark.display())))
}

/// A new one, as it is stored: as text, since KWallet keeps nothing else.
pub(super) fn new_text() -> Secret {
    Secret::new(hex::encode(&XChaCha20Poly1305::generate_key(&mut OsRng)))
}

fn read(text: &SecretBytes) -> Option<SecretBytes> {
    let mut key = hex::decode(text.expose()).filter(|key| key.len() == LENGTH)?;
    Some(SecretBytes::new(std::mem::take(&mut *key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::memory::MemoryStore;
    use crate::testing::{NOBODY, Silence};

    /// Everything in a folder of its own, with copies kept for a minute.
    fn with_keys(test: impl FnOnce(&SealingKeys<'_, '_>, &MemoryStore)) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let keyring = KernelKeyring::new(folder.path(), &Silence);
        let prompt_lock = PromptLock::new(folder.path().join("cache"), None, &NOBODY);
        let unlock_time = Duration::from_mins(1);
        let keys = SealingKeys { folder: folder.path(), keyring: &keyring, prompt_lock: &prompt_lock, unlock_time };
        test(&keys, &MemoryStore::new(StoreId::VAULT));
        keyring.remove(KernelItem::SealingKey(StoreId::VAULT));
    }

    #[test]
    fn a_sealing_key_is_made_once_and_found_again() {
        with_keys(|keys, store| {
            let made = keys.fetch(store).expect("made");
            assert_eq!((made.expose().len(), store.names()), (32, vec!["sealing-key".to_owned()]));
            keys.keyring.remove(KernelItem::SealingKey(StoreId::VAULT));
            assert_eq!(keys.fetch(store).expect("read").expose(), made.expose());
        });
    }

    #[test]
    fn a_forgotten_sealing_key_is_replaced() {
        with_keys(|keys, store| {
            let first = keys.fetch(store).expect("made");
            keys.forget(StoreId::VAULT, Some(store)).expect("forgotten");
            assert!(store.names().is_empty() && keys.copy(StoreId::VAULT).is_none());
            assert_ne!(keys.fetch(store).expect("made anew").expose(), first.expose());
        });
    }

    #[test]
    fn a_sealing_key_forgotten_while_its_store_is_locked_is_replaced_at_the_next_unlock() {
        with_keys(|keys, store| {
            let first = keys.fetch(store).expect("made");
            keys.forget(StoreId::VAULT, None).expect("marked");
            assert_eq!(store.names(), ["sealing-key"], "a locked store keeps it");
            let second = keys.fetch(store).expect("made anew");
            assert_ne!(second.expose(), first.expose());
            keys.keyring.remove(KernelItem::SealingKey(StoreId::VAULT));
            assert_eq!(keys.fetch(store).expect("read").expose(), second.expose(), "replaced once");
        });
    }

    #[test]
    fn an_item_that_is_no_sealing_key_is_an_error_and_not_replaced() {
        with_keys(|keys, store| {
            for text in ["FAKE", &"zz".repeat(32)] {
                store.set(&Item::SealingKey, &SecretBytes::new(text.into())).expect("stored");
                let error = keys.fetch(store).expect_err("no key").to_string();
                assert!(error.contains("keyfob clear --all") && !error.contains(text), "{error}");
            }
        });
    }
}
