//! The macOS login keychain, through apple-native-keyring-store.
//!
//! May use `native`.

use keyring_core::Error as KeyringError;

use crate::keystore::native::{Items, Keychain, translate};
use crate::keystore::{KeyStore, Opening, StoreError};

/// Prepares the login keychain of the user; nothing is read yet.
///
/// # Errors
/// Where the client library cannot be set up.
pub(super) fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    let store = apple_native_keyring_store::keychain::Store::new().map_err(translate)?;
    let items = Items::new(store, [], translate_apple);
    Ok(Box::new(Keychain::new(opening.id, items, opening.context.settings.key_store_timeout)))
}

/// Tells a locked keychain and a refusal from a broken one.
///
/// The numbers are from Apple's SecBase.h; they show in the error's `Debug`, the type itself is another crate's.
fn translate_apple(error: KeyringError) -> StoreError {
    let KeyringError::PlatformFailure(cause) = &error else { return translate(error) };
    match status(&format!("{cause:?}")) {
        // errSecInteractionNotAllowed: over SSH, or before login.
        Some(-25308) => StoreError::Locked(
            "the login keychain is locked, and there is no desktop session to unlock it in".to_owned(),
        ),
        // errSecAuthFailed, errSecUserCanceled.
        Some(-25293 | -128) => StoreError::Denied(cause.to_string()),
        _ => translate(error),
    }
}

/// The number in `Error { code: -25308, message: … }`.
fn status(debug: &str) -> Option<i32> {
    let (_, rest) = debug.split_once("code: ")?;
    rest.split(|character: char| !character.is_ascii_digit() && character != '-').next()?.parse().ok()
}
