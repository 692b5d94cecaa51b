//! The vault: one encrypted file, for machines that have no keychain.
//!
//! `vault.age` in the data folder holds all items, encrypted to an age identity; `vault-identity.age` holds that identity,
//! encrypted to the passphrase. The standard tool opens both: `age -d -i vault-identity.age vault.age`. With
//! `KEYFOB_IDENTITY_FILE` the identity comes from there, no passphrase is asked for and nothing slow is derived.

mod item;
mod unlock;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::StoreId;
use crate::keystore::age_file::{AgeError, Identity};
use crate::keystore::kernel_keyring::{KernelItem, KernelKeyring};
use crate::keystore::passphrase::{PassphraseSources, passphrase_in};
use crate::keystore::prompt_lock::PromptLock;
use crate::keystore::vault::item::Outline;
use crate::keystore::{Item, KeyStore, StoreError, sealing};
use crate::secret::{Secret, SecretBytes};
use crate::sorted;
use crate::sys::files::{create_new, private_dir, read_own, replace};
use crate::sys::lock::{Lock, LockError};
use crate::timestamp::Timestamp;

/// The vault of one data folder.
pub struct Vault<'a> {
    /// The data folder.
    pub(super) folder: PathBuf,
    /// `KEYFOB_IDENTITY_FILE`.
    pub(super) identity_file: Option<PathBuf>,
    /// Where else the passphrase comes from.
    pub(super) sources: PassphraseSources<'a>,
    /// Where an unlock is kept.
    pub(super) keyring: Rc<KernelKeyring<'a>>,
    /// How long it is kept.
    pub(super) unlock_time: Duration,
    /// Where an unlock is waited for.
    pub(super) prompt_lock: Rc<PromptLock<'a>>,
    /// How long another writer is waited for.
    pub(super) limit: Duration,
    /// What opens it, once this process knows.
    pub(super) unlocked: RefCell<Option<unlock::Unlocked>>,
}

/// Whose identity [`Vault::write_identity_file`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityOf {
    /// The vault's that is there: the file opens it.
    ThisVault,
    /// Nobody's yet: the first key stored with `KEYFOB_IDENTITY_FILE` set to the file makes a vault for it.
    NewVault,
}

/// The vault's content. Values are text, so that a person who opens the file with `age` can read it.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    items: BTreeMap<&'a str, &'a str>,
}

#[derive(Default, Deserialize)]
struct Content {
    version: u32,
    items: BTreeMap<String, Secret>,
}

const VERSION: u32 = 1;

impl Vault<'_> {
    fn file(&self) -> PathBuf {
        self.folder.join("vault.age")
    }

    fn wrapped_file(&self) -> PathBuf {
        self.folder.join("vault-identity.age")
    }

    /// The encrypted items; `None` before the first one is stored.
    fn sealed(&self) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.file())
    }

    /// Whether there is a vault at all.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn exists(&self) -> Result<bool, StoreError> {
        Ok(self.sealed()?.is_some())
    }

    /// Whether it opens without a passphrase, by an identity file or an earlier unlock that is still held.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn opens_unasked(&self) -> Result<bool, StoreError> {
        let Some(sealed) = self.sealed()? else { return Ok(false) };
        Ok(self.identity_file.is_some()
            || self.unlocked.borrow().is_some()
            || matches!(self.held(&sealed), Ok(Some(_))))
    }

    /// Forgets the unlock: in the kernel keyring, and in this process.
    pub fn lock(&self) {
        self.keyring.remove(KernelItem::VaultIdentity);
        self.unlocked.borrow_mut().take();
    }

    /// Writes an age identity file, 0600, for `KEYFOB_IDENTITY_FILE`: the vault's own, which is unlocked for it, or where
    /// there is no vault yet a new one.
    ///
    /// # Errors
    /// Where there is a file already, or the vault cannot be unlocked.
    pub fn write_identity_file(&self, path: &Path) -> Result<IdentityOf, StoreError> {
        let (identity, of) = match (self.sealed()?, read(&self.wrapped_file())?) {
            (Some(sealed), _) => (self.identity(&sealed)?, IdentityOf::ThisVault),
            (None, Some(wrapped)) => (self.identity_by_passphrase(&wrapped, None)?, IdentityOf::ThisVault),
            (None, None) => (Identity::generate(), IdentityOf::NewVault),
        };
        create_new(path, identity.text().expose()).map_err(|error| unusable(path, &error))?;
        Ok(of)
    }

    /// Changes the passphrase: the same identity, encrypted to another one. A kill at any point leaves the old file or the
    /// new one, so one of the two passphrases opens the vault. The new one is the first line of `new`, else asked for.
    ///
    /// The old one comes from where it always does; `KEYFOB_IDENTITY_FILE` does without it. An unlock that is still held does
    /// not.
    ///
    /// # Errors
    /// If there is no vault, or it does not open.
    pub fn change_passphrase(&self, new: Option<&Path>) -> Result<(), StoreError> {
        let _inside = self.prompt_lock.enter()?;
        let (sealed, wrapped) = (self.sealed()?, read(&self.wrapped_file())?);
        let identity = match (&self.identity_file, sealed, wrapped) {
            (_, None, None) => {
                return Err(StoreError::Unavailable("there is no vault yet, so it has no passphrase".to_owned()));
            }
            (Some(_), Some(sealed), _) => self.identity(&sealed)?,
            (_, sealed, Some(wrapped)) => self.identity_by_passphrase(&wrapped, sealed.as_deref())?,
            (None, Some(_), None) => return Err(self.no_wrapped_identity()),
        };
        let passphrase = match new {
            Some(path) => {
                let passphrase = passphrase_in(path, "--new-passphrase-file")?;
                self.sources.warn_if_short(&passphrase);
                passphrase
            }
            None => self.sources.ask_for_new("cannot change the passphrase")?,
        };
        let wrapped = identity.wrap(&passphrase).map_err(|error| StoreError::Exhausted(error.to_string()))?;
        let _writing = self.write_lock()?;
        replace(&self.wrapped_file(), &wrapped).map_err(|error| unusable(&self.wrapped_file(), &error))
    }

    /// Whether there is a vault, or a part of one. Opens nothing.
    ///
    /// # Errors
    /// If its files cannot be read.
    pub fn is_there(&self) -> Result<bool, StoreError> {
        Ok(self.sealed()?.is_some() || read(&self.wrapped_file())?.is_some())
    }

    /// Whether the vault's files are there and begin as age files do. Opens nothing.
    ///
    /// # Errors
    /// The first that is missing or damaged.
    pub fn check_files(&self) -> Result<(), StoreError> {
        let begins = |path: &Path, content: &[u8]| match content.starts_with(b"age-encryption.org/v1\n") {
            true => Ok(()),
            false => Err(damaged(path, &"it does not begin as an age file does")),
        };
        let Some(sealed) = self.sealed()? else {
            return Err(StoreError::Unavailable(format!(
                "`{}` is missing, though keys are stored in it; restore it from a backup, or store the keys again",
                self.file().display()
            )));
        };
        begins(&self.file(), &sealed)?;
        match (&self.identity_file, read(&self.wrapped_file())?) {
            (_, Some(wrapped)) => begins(&self.wrapped_file(), &wrapped),
            (Some(_), None) => Ok(()),
            (None, None) => Err(self.no_wrapped_identity()),
        }?;
        self.identity_file.as_deref().map_or(Ok(()), |path| self.read_identity(path).map(drop))
    }

    fn no_wrapped_identity(&self) -> StoreError {
        StoreError::Unavailable(format!(
            "`{}` is missing, so the vault cannot be opened with a passphrase; set `KEYFOB_IDENTITY_FILE` to an identity file, or \
             restore the missing file from a backup",
            self.wrapped_file().display()
        ))
    }

    fn plain(&self, identity: &Identity, sealed: &[u8]) -> Result<SecretBytes, StoreError> {
        identity.open(sealed).map_err(|error| match error {
            AgeError::WrongKey => StoreError::Unavailable(format!(
                "another process has encrypted `{}` to a different identity",
                self.file().display()
            )),
            AgeError::Damaged(why) => damaged(&self.file(), &why),
            error @ AgeError::Memory(_) => StoreError::Exhausted(error.to_string()),
        })
    }

    /// All items. serde_json leaves pieces of them in memory, so this is for what changes them.
    fn content(&self, identity: &Identity, sealed: &[u8]) -> Result<Content, StoreError> {
        let plain = self.plain(identity, sealed)?;
        let content: Content = serde_json::from_slice(plain.expose()).map_err(|error| self.invalid(&error))?;
        self.check_version(content.version)?;
        Ok(content)
    }

    fn invalid(&self, error: &serde_json::Error) -> StoreError {
        // Its text could show a piece of the content.
        damaged(&self.file(), &format!("its content is not valid at byte {}", error.column()))
    }

    fn check_version(&self, version: u32) -> Result<(), StoreError> {
        match version {
            VERSION => Ok(()),
            newer => Err(StoreError::Unavailable(format!(
                "`{}` was written by a newer version of keyfob (format {newer}; this one reads format {VERSION})",
                self.file().display()
            ))),
        }
    }

    /// Reads, changes and replaces the items, alone among processes. A kill at any point leaves the old or the new file.
    fn change(
        &self,
        identity: &Identity,
        change: impl FnOnce(&mut Content) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        private_dir(&self.folder).map_err(|error| unusable(&self.folder, &error))?;
        let writing = self.write_lock()?;
        let mut content = match self.sealed()? {
            Some(sealed) => self.content(identity, &sealed)?,
            None => Content { version: VERSION, items: BTreeMap::new() },
        };
        change(&mut content)?;
        self.write(identity, content, &writing)
    }

    /// Writes these items, and a sealing key if there is none: a vault is written as a whole, and what encrypts it leaves pieces
    /// of it in memory, so the first session, which waits for an MFA code, had better not have to.
    fn write(&self, identity: &Identity, mut content: Content, _writing: &Lock) -> Result<(), StoreError> {
        content.items.entry(Item::SealingKey.to_string()).or_insert_with(sealing::new_text);
        let items = sorted::map(content.items.iter().map(|(name, value)| (name.as_str(), value.expose())));
        // Long enough from the start: one that grows leaves pieces behind.
        let length =
            content.items.iter().map(|(name, value)| name.len() + 2 * value.expose().len() + 16).sum::<usize>();
        let mut plain = Zeroizing::new(Vec::with_capacity(length + 64));
        serde_json::to_writer(&mut *plain, &Written { version: VERSION, items }).expect("texts by name are JSON");
        replace(&self.file(), &identity.seal(&plain)).map_err(|error| unusable(&self.file(), &error))
    }

    fn write_lock(&self) -> Result<Lock, StoreError> {
        let path = self.folder.join("vault.lock");
        Lock::acquire(&path, self.limit, |_| {}).map_err(|error| match error {
            LockError::Held { .. } => StoreError::TimedOut(self.limit),
            LockError::Io(error) => unusable(&path, &error),
        })
    }
}

impl KeyStore for Vault<'_> {
    fn id(&self) -> StoreId {
        StoreId::VAULT
    }

    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        // A vault that is not there has no items, and nobody is asked for its passphrase.
        let Some(sealed) = self.sealed()? else { return Err(StoreError::NotFound) };
        let identity = self.identity(&sealed)?;
        let (plain, name) = (self.plain(&identity, &sealed)?, item.to_string());
        let outline: Outline = serde_json::from_slice(plain.expose()).map_err(|error| self.invalid(&error))?;
        self.check_version(outline.version)?;
        if !outline.items.contains_key(&name) {
            return Err(StoreError::NotFound);
        }
        match item::find(plain.expose(), &name) {
            Some(value) => Ok(value.into()),
            None => {
                self.content(&identity, &sealed)?.items.remove(&name).map(SecretBytes::from).ok_or(StoreError::NotFound)
            }
        }
    }

    // Without a look at the items, which would leave pieces of them in memory.
    fn unlock(&self, _: &Item) -> Result<(), StoreError> {
        match self.sealed()? {
            Some(sealed) => self.identity(&sealed).map(drop),
            None => Err(StoreError::NotFound),
        }
    }

    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        let value = std::str::from_utf8(value.expose())
            .map_err(|_| StoreError::Unavailable("a key store accepts only text".to_owned()))?;
        let identity = match self.sealed()? {
            Some(sealed) => self.identity(&sealed)?,
            None => self.identity_for_first_item()?,
        };
        self.change(&identity, |content| {
            content.items.insert(item.to_string(), Secret::new(value.to_owned()));
            Ok(())
        })
    }

    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        let Some(sealed) = self.sealed()? else { return Err(StoreError::NotFound) };
        let identity = self.identity(&sealed)?;
        self.change(&identity, |content| content.items.remove(&item.to_string()).map(drop).ok_or(StoreError::NotFound))
    }

    fn unlocked_until(&self) -> Option<Timestamp> {
        self.unlocked.borrow().as_ref().and_then(|unlocked| unlocked.until)
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    read_own(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!(
        "cannot use `{}`: {error}; check its owner, its mode and the free disk space",
        path.display()
    ))
}

fn damaged(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!(
        "cannot read `{}`: {why}; nothing was changed. Restore it from a backup, or move it away to start over",
        path.display()
    ))
}
