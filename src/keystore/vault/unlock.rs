//! The ways to what opens the vault: this process's memory, an identity file, the kernel keyring, a passphrase.
//!
//! An unlock is shared: it goes into the kernel keyring, and whoever waited for it at the prompt_lock finds it there. Where the
//! kernel refuses (most containers), each process needs the passphrase for itself: from a file or a command they take
//! turns at the derivation; at a terminal each would ask, and an identity file is what to use instead.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Content, VERSION, Vault, damaged, read, unusable};
use crate::keystore::StoreError;
use crate::keystore::age_file::{AgeError, Identity};
use crate::keystore::kernel_keyring::KernelItem;
use crate::secret::{Secret, SecretBytes};
use crate::settings;
use crate::sys::clock::Clock;
use crate::sys::files::{private_dir, read_optional, replace};
use crate::timestamp::Timestamp;

/// What opens the vault, and until when it may be used by others than this process.
#[derive(Debug, Clone)]
pub(in crate::keystore) struct Unlocked {
    pub(super) identity: Identity,
    /// `None` for an identity file, which stays where it is.
    pub(super) until: Option<Timestamp>,
}

impl Vault<'_> {
    /// What opens `sealed`, by whatever way costs least.
    pub(super) fn identity(&self, sealed: &[u8]) -> Result<Identity, StoreError> {
        if let Some(unlocked) = &*self.unlocked.borrow() {
            return Ok(unlocked.identity.clone());
        }
        if let Some(path) = &self.identity_file {
            let identity = self.read_identity(path)?;
            return match self.opens(&identity, sealed)? {
                true => Ok(self.remember(identity, None)),
                false => Err(self.bad_identity(format!(
                    "the identity in `{}` does not open the vault `{}`",
                    path.display(),
                    self.file().display()
                ))),
            };
        }
        if let Some(identity) = self.held(sealed)? {
            return Ok(identity);
        }
        let _inside = self.prompt_lock.enter()?;
        // Whoever was inside before may have unlocked it.
        if let Some(identity) = self.held(sealed)? {
            return Ok(identity);
        }
        match read(&self.wrapped_file())? {
            Some(wrapped) => self.identity_by_passphrase(&wrapped, Some(sealed)),
            None => Err(self.no_wrapped_identity()),
        }
    }

    /// What an earlier unlock left in the kernel keyring, if it opens this very vault: it may have been one that was
    /// deleted since.
    pub(super) fn held(&self, sealed: &[u8]) -> Result<Option<Identity>, StoreError> {
        let Some(held) = self.keyring.get(KernelItem::VaultIdentity) else { return Ok(None) };
        let Ok(identity) = Identity::parse(held.secret) else { return Ok(None) };
        // A damaged vault is named before anybody is asked for its passphrase.
        let opens = self.opens(&identity, sealed)?;
        Ok(opens.then(|| self.remember(identity, Some(held.until))))
    }

    /// Unwraps the identity with the passphrase, asking up to three times, and keeps the unlock.
    pub(super) fn identity_by_passphrase(&self, wrapped: &[u8], sealed: Option<&[u8]>) -> Result<Identity, StoreError> {
        // Entered already on the usual way here: one derivation at a time, since each takes 134 MB.
        let _inside = self.prompt_lock.enter()?;
        let path = self.wrapped_file();
        let unwrap = |passphrase: &Secret| match Identity::unwrap(wrapped, passphrase) {
            Ok(identity) => Ok(Some(identity)),
            Err(AgeError::WrongKey) => Ok(None),
            Err(AgeError::Damaged(why)) => Err(damaged(&path, &why)),
            Err(error @ AgeError::Memory(_)) => Err(StoreError::Exhausted(error.to_string())),
        };
        let identity = match self.sources.given()? {
            Some((passphrase, source)) => unwrap(&passphrase)?.ok_or_else(|| {
                source.bad(format!("the passphrase from the {} does not open the vault", source.name))
            })?,
            None => self.typed(unwrap)?,
        };
        if let Some(sealed) = sealed
            && !self.opens(&identity, sealed)?
        {
            return Err(StoreError::Unavailable(format!(
                "the passphrase is correct, but `{}` and `{}` belong to different vaults; restore one of them from a backup, or set `KEYFOB_IDENTITY_FILE`",
                path.display(),
                self.file().display()
            )));
        }
        Ok(self.keep(identity))
    }

    fn typed(&self, unwrap: impl Fn(&Secret) -> Result<Option<Identity>, StoreError>) -> Result<Identity, StoreError> {
        for _ in 0..3 {
            if let Some(identity) = self.sources.ask(&unwrap)? {
                return Ok(identity);
            }
            self.sources.human.progress("wrong passphrase");
        }
        Err(StoreError::WrongPassphrase("wrong passphrase: the vault did not open in three attempts".to_owned()))
    }

    /// The identity that a vault which has no items yet is to be encrypted to, made where there is none.
    ///
    /// The wrapped identity is written before the first item. A kill in between leaves it, and the next start goes on
    /// from there with the same passphrase. It is never made again while either file is there.
    pub(super) fn identity_for_first_item(&self) -> Result<Identity, StoreError> {
        if let Some(unlocked) = &*self.unlocked.borrow() {
            return Ok(unlocked.identity.clone());
        }
        if let Some(path) = &self.identity_file {
            return Ok(self.remember(self.read_identity(path)?, None));
        }
        let _inside = self.prompt_lock.enter()?;
        if let Some(identity) = self.identity_made_meanwhile()? {
            return Ok(identity);
        }
        let passphrase = self.sources.new_passphrase()?;
        let identity = Identity::generate();
        let wrapped = identity.wrap(&passphrase).map_err(|error| StoreError::Exhausted(error.to_string()))?;
        private_dir(&self.folder).map_err(|error| unusable(&self.folder, &error))?;
        let writing = self.write_lock()?;
        // The prompt_lock's folder is the cache's, which another process may have elsewhere; this lock is the vault's own.
        if self.sealed()?.is_none() && read(&self.wrapped_file())?.is_none() {
            replace(&self.wrapped_file(), &wrapped).map_err(|error| unusable(&self.wrapped_file(), &error))?;
            self.write(&identity, Content { version: VERSION, items: BTreeMap::new() }, &writing)?;
            return Ok(self.keep(identity));
        }
        drop(writing);
        self.identity_made_meanwhile()?.ok_or_else(|| {
            StoreError::Unavailable("another process created and deleted the vault meanwhile".to_owned())
        })
    }

    fn identity_made_meanwhile(&self) -> Result<Option<Identity>, StoreError> {
        match (self.sealed()?, read(&self.wrapped_file())?) {
            (Some(sealed), _) => self.identity(&sealed).map(Some),
            (None, Some(wrapped)) => self.identity_by_passphrase(&wrapped, None).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn keep(&self, identity: Identity) -> Identity {
        let until = Clock::system().uncorrected().plus(self.unlock_time);
        self.keyring.put(KernelItem::VaultIdentity, identity.text(), until);
        self.remember(identity, Some(until))
    }

    fn remember(&self, identity: Identity, until: Option<Timestamp>) -> Identity {
        *self.unlocked.borrow_mut() = Some(Unlocked { identity: identity.clone(), until });
        identity
    }

    fn opens(&self, identity: &Identity, sealed: &[u8]) -> Result<bool, StoreError> {
        match identity.open(sealed) {
            Ok(_) => Ok(true),
            Err(AgeError::WrongKey) => Ok(false),
            Err(AgeError::Damaged(why)) => Err(damaged(&self.file(), &why)),
            Err(error @ AgeError::Memory(_)) => Err(StoreError::Exhausted(error.to_string())),
        }
    }

    /// Reads `KEYFOB_IDENTITY_FILE`. Its mode is not judged: a mounted container secret is often readable by the group.
    pub(super) fn read_identity(&self, path: &Path) -> Result<Identity, StoreError> {
        let wrong = |why: &dyn std::fmt::Display| {
            self.bad_identity(format!("cannot use the identity file `{}`: {why}", path.display()))
        };
        match read_optional(path) {
            Ok(Some(text)) => Identity::parse(SecretBytes::new(text)).map_err(|why| wrong(&why)),
            Ok(None) => Err(wrong(&"it does not exist")),
            Err(error) => Err(wrong(&error)),
        }
    }

    fn bad_identity(&self, why: String) -> StoreError {
        StoreError::BadSource { why, from: settings::place_of("identity_file", self.sources.environment) }
    }
}
