//! Windows Credential Manager, through windows-native-keyring-store.
//!
//! May use `native`.

use crate::keystore::native::{Items, Keychain, translate};
use crate::keystore::{KeyStore, Opening, StoreError};

/// Prepares the user's generic credentials, `access-key/AKIA….keyfob`; nothing is read yet.
///
/// KernelItem on this machine (`Local`): the default, `Enterprise`, copies them to every machine of a roaming profile.
///
/// # Errors
/// Where the client library cannot be set up.
pub(super) fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    let store = windows_native_keyring_store::Store::new().map_err(translate)?;
    let items = Items::new(store, [("persistence", "Local")], translate);
    Ok(Box::new(Keychain::new(opening.id, items, opening.context.settings.key_store_timeout)))
}
