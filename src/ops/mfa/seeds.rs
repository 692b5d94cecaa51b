//! Storing and forgetting a seed: the key store first, then the index.

use crate::credentials::StoreId;
use crate::error::Result;
use crate::index::Index;
use crate::keystore::old_copy::delete_old_copy;
use crate::keystore::totp_seed::{read_seed, store_seed};
use crate::keystore::{Item, StoreError};
use crate::ops::Context;
use crate::totp::Seed;

/// Stores a seed, reads it back, and records it; one of the same device in another store goes afterwards.
///
/// A kill before the index is written leaves an item nothing points to, which the next seed of the device overwrites.
///
/// # Errors
/// Where it is not known to be stored and recorded.
pub(super) fn keep(context: &Context<'_>, serial: &str, seed: &Seed, backend: StoreId) -> Result<()> {
    let store = context.store(backend)?;
    store_seed(store, serial, seed).map_err(|error| error.for_user(backend))?;
    let mut index = Index::edit(&context.paths.data)?;
    let old = index.index().seeds().get(serial).map(|entry| entry.backend);
    index.put_seed(serial, backend, context.clock.now());
    index.save()?;
    if let Some(old) = old.filter(|old| *old != backend) {
        let deleted = delete_old_copy(context.store(old)?, store, &Item::TotpSeed(serial.to_owned()));
        deleted.map_err(|(store, error)| error.for_user(store))?;
    }
    Ok(())
}

/// Forgets a seed: out of its store, then out of the index. Whether there was one.
///
/// A kill in between leaves a record of a seed that is gone; doing it again takes that too.
///
/// # Errors
/// Where a store or the index fails.
pub(in crate::ops) fn forget(context: &Context<'_>, serial: &str) -> Result<bool> {
    let Some(entry) = Index::load(&context.paths.data)?.seeds().get(serial).cloned() else { return Ok(false) };
    delete(context, serial, entry.backend)?;
    let mut index = Index::edit(&context.paths.data)?;
    index.remove_seed(serial);
    index.save()?;
    Ok(true)
}

/// The stored seed of a device, and where it is stored.
///
/// # Errors
/// Where the index or the store fails; a record whose seed is gone counts as none.
pub(super) fn find(context: &Context<'_>, serial: &str) -> Result<Option<(Seed, StoreId)>> {
    let Some(entry) = Index::load(&context.paths.data)?.seeds().get(serial).cloned() else { return Ok(None) };
    let store = context.store(entry.backend)?;
    match read_seed(store, serial) {
        Ok(seed) => Ok(Some((seed, entry.backend))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.for_user(entry.backend)),
    }
}

/// Deletes a seed out of a store; one that is not there is not an error.
///
/// # Errors
/// Where the store fails.
pub(super) fn delete(context: &Context<'_>, serial: &str, backend: StoreId) -> Result<()> {
    let deleted = context.store(backend)?.ensure_deleted(&Item::TotpSeed(serial.to_owned()));
    deleted.map_err(|error| error.for_user(backend))
}
