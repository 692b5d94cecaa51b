//! The key stores of other systems than this one.

use super::{KeyStore, Opening, StoreError};

/// Says that this system does not have the store.
pub(super) fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    Err(StoreError::Unavailable(format!("{} is not available on this system", opening.id.title())))
}
