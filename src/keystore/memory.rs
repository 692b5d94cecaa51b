//! A key store that forgets, for tests of what is built on key stores.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::credentials::StoreId;
use crate::keystore::StoreOpener;
use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::SecretBytes;

/// Keeps items in memory, as if it were of any kind.
#[derive(Debug)]
pub struct MemoryStore {
    backend: StoreId,
    items: RefCell<BTreeMap<String, SecretBytes>>,
}

impl MemoryStore {
    /// An empty store that says it is `backend`.
    pub fn new(backend: StoreId) -> Self {
        MemoryStore { backend, items: RefCell::default() }
    }

    /// The names of all items, in order.
    pub fn names(&self) -> Vec<String> {
        self.items.borrow().keys().cloned().collect()
    }
}

impl KeyStore for MemoryStore {
    fn id(&self) -> StoreId {
        self.backend
    }

    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        self.items.borrow().get(&item.to_string()).cloned().ok_or(StoreError::NotFound)
    }

    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        self.items.borrow_mut().insert(item.to_string(), value.clone());
        Ok(())
    }

    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        self.items.borrow_mut().remove(&item.to_string()).map(drop).ok_or(StoreError::NotFound)
    }
}

/// Opens itself, whichever backend is asked for.
impl StoreOpener for MemoryStore {
    fn open(&self, _: StoreId) -> Result<&dyn KeyStore, StoreError> {
        Ok(self)
    }

    fn sealing_key(&self, _: StoreId) -> Result<SecretBytes, StoreError> {
        Ok(SecretBytes::new(vec![7; 32]))
    }
}
