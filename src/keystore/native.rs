//! What the keychains of macOS and Windows share: items behind keyring-core, and its errors in our words.
//!
//! May use `limit`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error as KeyringError};

use crate::credentials::StoreId;
use crate::keystore::limit::within;
use crate::keystore::{Item, KeyStore, Presence, SERVICE, StoreError};
use crate::secret::SecretBytes;

/// A keychain's items, through keyring-core.
#[derive(Clone)]
pub struct Items {
    store: Arc<CredentialStore>,
    modifiers: HashMap<&'static str, &'static str>,
    translate: fn(KeyringError) -> StoreError,
}

impl Items {
    /// Files items in `store`, each made with `modifiers`; `translate` knows the platform's own errors.
    pub fn new(
        store: Arc<CredentialStore>,
        modifiers: impl IntoIterator<Item = (&'static str, &'static str)>,
        translate: fn(KeyringError) -> StoreError,
    ) -> Self {
        Items { store, modifiers: modifiers.into_iter().collect(), translate }
    }

    fn entry(&self, item: &Item) -> Result<Entry, StoreError> {
        self.store.build(SERVICE, &item.to_string(), Some(&self.modifiers)).map_err(self.translate)
    }

    /// Reads an item.
    pub fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        // The raw bytes: on Windows, the text calls store UTF-16, at twice the length.
        self.entry(item)?.get_secret().map(SecretBytes::new).map_err(self.translate)
    }

    /// Writes an item, over an old one.
    pub fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        self.entry(item)?.set_secret(value.expose()).map_err(self.translate)
    }

    /// Deletes an item.
    pub fn delete(&self, item: &Item) -> Result<(), StoreError> {
        self.entry(item)?.delete_credential().map_err(self.translate)
    }
}

/// A keychain that belongs to the system itself, so that it is always there.
pub struct Keychain {
    backend: StoreId,
    items: Items,
    limit: Duration,
}

impl Keychain {
    /// A keychain of kind `backend`; each call ends within `limit`.
    pub fn new(backend: StoreId, items: Items, limit: Duration) -> Self {
        Keychain { backend, items, limit }
    }

    /// One call at a time, which is why each is waited for: Windows does not order those of several threads.
    fn call<T: Send + 'static>(
        &self,
        item: &Item,
        call: impl FnOnce(&Items, &Item) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (items, item) = (self.items.clone(), item.clone());
        within(self.limit, move || call(&items, &item))
    }
}

impl KeyStore for Keychain {
    fn id(&self) -> StoreId {
        self.backend
    }

    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        self.call(item, Items::get)
    }

    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        let value = value.clone();
        self.call(item, move |items, item| items.set(item, &value))
    }

    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        self.call(item, Items::delete)
    }

    /// Reads an item, which may be missing: a network logon (SSH with a key, a service) is refused here already.
    fn presence(&self) -> Result<Presence, StoreError> {
        match self.get(&Item::SealingKey) {
            Ok(_) | Err(StoreError::NotFound) => Ok(Presence::There),
            Err(error) => Err(error),
        }
    }
}

/// keyring-core's errors that mean the same on every platform.
///
/// Some of them carry the item's bytes: only what their `Display` shows may be passed on.
pub fn translate(error: KeyringError) -> StoreError {
    match error {
        KeyringError::NoEntry => StoreError::NotFound,
        KeyringError::TooLong(_, most) => {
            StoreError::Unavailable(format!("the item is too long for this key store, which accepts {most} bytes"))
        }
        KeyringError::Ambiguous(entries) => StoreError::Unavailable(format!(
            "the key store contains {} items with this name; delete all but one with the system's keychain program",
            entries.len()
        )),
        error => StoreError::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_carries_the_item_does_not_show_it() {
        let error = translate(KeyringError::BadEncoding(b"FAKE-secret".to_vec()));
        assert!(!format!("{error:?}").contains("FAKE"), "{error:?}");
    }
}
