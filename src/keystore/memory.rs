//! A key store that forgets, and a person who is not there: for tests of what is built on key stores.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::credentials::StoreId;
use crate::human::{AskError, Human, Talk};
use crate::keystore::StoreOpener;
use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::{Secret, SecretBytes};

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

/// A person who is not there.
#[derive(Debug)]
pub struct Nobody;

impl Human for Nobody {
    fn ask_secret(&self, _: &str, _: Option<Duration>) -> Result<Secret, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }

    fn ask(&self, _: &str, _: Option<Duration>) -> Result<String, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }

    fn confirm(&self, _: &str) -> Result<bool, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }

    fn is_there(&self) -> bool {
        false
    }

    fn progress(&self, _: &str) {}
}

/// Says nothing to anybody.
#[derive(Debug)]
pub struct Silence;

impl Talk for Silence {
    fn warn(&self, _: &str) {}
    fn hint(&self, _: crate::hint::Hint) {}
    fn say(&self, _: &str) {}
    fn explain(&self, _: &str) {}
}
