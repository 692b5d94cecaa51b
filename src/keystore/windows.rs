//! Windows Credential Manager, through windows-native-keyring-store.
//!
//! May use `native`.

use std::time::Duration;

use crate::credentials::Backend;
use crate::keystore::StoreError;
use crate::keystore::native::{Items, Keychain, translate};

/// Prepares the user's generic credentials, `access-key/AKIA….keyfob`; nothing is read yet.
///
/// Kept on this machine (`Local`): the default, `Enterprise`, copies them to every machine of a roaming profile.
///
/// # Errors
/// Where the client library cannot be set up.
pub fn keychain(limit: Duration) -> Result<Keychain, StoreError> {
    let store = windows_native_keyring_store::Store::new().map_err(translate)?;
    Ok(Keychain::new(
        Backend::WindowsCredentialManager,
        Items::new(store, [("persistence", "Local")], translate),
        limit,
    ))
}
