//! Where the keys of plans come from: key stores, and AWS files for those that are still in plain text.

use crate::chain::{Base, BaseKey};
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKey, Backend, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::keystore::StoreError;
use crate::keystore::access_key::read_access_key;
use crate::keystore::open::StoreOpener;
use crate::ops::Keys;
use crate::secret::{Secret, SecretBytes};

/// The key stores and AWS files of this run.
pub struct StoredOrWritten<'a> {
    /// Opened at the first key that is asked for.
    pub stores: &'a dyn StoreOpener,
    /// As they were read for the plan.
    pub files: &'a AwsFiles,
}

impl Keys for StoredOrWritten<'_> {
    fn access_key(&self, base: &Base) -> Result<AccessKey> {
        match &base.key {
            BaseKey::Stored(key) => {
                let store = self.stores.open(key.backend).map_err(|error| error.for_user(key.backend))?;
                read_access_key(store, &key.id).map_err(|error| match error {
                    StoreError::NotFound => gone(&base.profile, key),
                    error => error.for_user(key.backend),
                })
            }
            BaseKey::File { id } => {
                let profiles = self.files.profiles();
                let profile = profiles.get(&base.profile);
                let secret = profile.and_then(|profile| profile.setting("aws_secret_access_key")).ok_or_else(|| {
                    Error::new(Kind::Config, format!("`{}` has no `aws_secret_access_key`", base.profile))
                })?;
                Ok(AccessKey { id: id.clone(), secret: Secret::new(secret.value.into_owned()) })
            }
        }
    }

    fn sealing_key(&self, backend: Backend) -> Result<SecretBytes> {
        self.stores.sealing_key(backend).map_err(|error| error.for_user(backend))
    }
}

/// A key the index names and its store does not have: somebody took it away, or a vault came back from an old backup.
fn gone(profile: &str, key: &StoredKey) -> Error {
    let (store, short) = (key.backend.title(), key.id.short());
    Error::new(Kind::KeyStore, format!("{store} does not have {short}, the access key of `{profile}`, any more"))
        .hint(format!("store it again, or another: `keyfob add {} --replace`", shell_words::quote(profile)))
}
