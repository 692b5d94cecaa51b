//! Where the keys of plans come from: key stores, and AWS files for those that are still in plain text.

use std::path::Path;

use crate::chain::base::key;
use crate::chain::{Base, StoredKeys};
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKey, StoreId, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::access_key::read_access_key;
use crate::keystore::totp_seed::read_seed;
use crate::keystore::{Item, StoreError, StoreOpener};
use crate::ops::Keys;
use crate::profile::Setting;
use crate::secret::{Secret, SecretBytes};
use crate::totp::Seed;

/// The key stores and AWS files of this run.
pub struct StoredOrWritten<'a> {
    /// Opened at the first key that is asked for.
    pub stores: &'a dyn StoreOpener,
    /// Called for a key that stands in them. They may be read again for it.
    pub files: &'a dyn Fn() -> Result<&'a AwsFiles>,
    /// The data folder, for the index.
    pub data: &'a Path,
}

impl Keys for StoredOrWritten<'_> {
    /// The index is read again: it is one small file, and a code is wanted only where no session is at hand.
    fn seed(&self, serial: &str) -> Result<Option<Seed>> {
        let index = Index::load(self.data)?;
        let Some(entry) = index.seeds().get(serial) else { return Ok(None) };
        let store = self.stores.open(entry.backend).map_err(|error| error.for_user(entry.backend))?;
        let read = read_seed(store, serial);
        if matches!(read, Err(StoreError::NotFound))
            && let Some(now) = Index::load(self.data)?.seeds().get(serial).filter(|now| now.backend != entry.backend)
        {
            // It has been moved since.
            let store = self.stores.open(now.backend).map_err(|error| error.for_user(now.backend))?;
            return read_seed(store, serial).map(Some).map_err(|error| error.for_user(now.backend));
        }
        match read {
            Ok(seed) => Ok(Some(seed)),
            Err(StoreError::NotFound) => Err(Error::new(
                Kind::KeyStore,
                format!("the seed of `{serial}` is missing from {}", entry.backend.title()),
            )
            .hint(run!("keyfob mfa add PROFILE --serial {}", serial).to("store it again"))
            .hint(run!("keyfob mfa remove PROFILE --serial {}", serial).to("or stop using it"))),
            Err(error) => Err(error.for_user(entry.backend)),
        }
    }

    fn access_key(&self, base: &Base) -> Result<AccessKey> {
        if let Some(key) = base.stored_key() {
            let store = self.stores.open(key.backend).map_err(|error| error.for_user(key.backend))?;
            return match read_access_key(store, &key.id) {
                Ok(read) => Ok(read),
                Err(StoreError::NotFound) => self.replaced(base, key),
                Err(error) => Err(error.for_user(key.backend)),
            };
        }
        if let Some(id) = base.key_id() {
            let (secret, _) = self.written(&base.profile, id.as_str())?;
            return Ok(AccessKey { id: id.clone(), secret });
        }
        Err(match base.refusal() {
            Some(error) => error.clone().into(),
            // A command that manages keys or devices, of a profile that has none.
            None => Error::new(
                Kind::Config,
                format!("`{}` has no access key: its credentials are of the kind `{}`", base.profile, base.kind),
            )
            .hint(run!("keyfob list").to("see which profiles have one")),
        })
    }

    fn unlock(&self, base: &Base) -> Result<()> {
        let Some(key) = base.stored_key() else { return Ok(()) };
        let item = Item::AccessKey(key.id.clone());
        match self.stores.open(key.backend).and_then(|store| store.unlock(&item)) {
            // A rotation may have replaced it.
            Ok(()) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error.for_user(key.backend)),
        }
    }

    fn written(&self, profile_name: &str, id: &str) -> Result<(Secret, Option<Secret>)> {
        let profiles = (self.files)()?.profiles();
        let profile = profiles.get(profile_name);
        let setting = |name: &str| profile.as_ref().and_then(|profile| profile.setting(name));
        let secret = |setting: Setting<'_>| Secret::new(setting.value.into_owned());
        let is_same = setting(key::ID).is_some_and(|found| found.value == id);
        let found = setting(key::SECRET).filter(|_| is_same).ok_or_else(|| {
            Error::new(Kind::Config, format!("another process has changed the access key of `{profile_name}`"))
                .hint("try again")
        })?;
        Ok((secret(found), key::TOKENS.into_iter().find_map(setting).map(secret)))
    }

    fn sealing_key_unasked(&self) -> Option<SecretBytes> {
        self.stores.sealing_key_unasked()
    }

    fn keeps_unasked_key(&self) -> bool {
        self.stores.keeps_unasked_key()
    }

    fn sealing_key(&self, backend: StoreId) -> Result<SecretBytes> {
        self.stores.sealing_key(backend).map_err(|error| error.for_user(backend))
    }
}

impl StoredOrWritten<'_> {
    /// The key that a rotation has put in place of `key` since the plan was made, or `key` where it has been moved to.
    fn replaced(&self, base: &Base, key: &StoredKey) -> Result<AccessKey> {
        let now =
            Index::load(self.data)?.key_of(&base.profile).filter(|now| now.id != key.id || now.backend != key.backend);
        let now = now.ok_or_else(|| gone(&base.profile, key))?;
        let store = self.stores.open(now.backend).map_err(|error| error.for_user(now.backend))?;
        read_access_key(store, &now.id).map_err(|error| match error {
            StoreError::NotFound => gone(&base.profile, &now),
            error => error.for_user(now.backend),
        })
    }
}

/// A key the index names and its store does not have: somebody took it away, or a vault came back from an old backup.
fn gone(profile: &str, key: &StoredKey) -> Error {
    let (store, short) = (key.backend.title(), key.id.short());
    Error::new(Kind::KeyStore, format!("the access key of `{profile}`, {short}, is missing from {store}"))
        .hint(run!("keyfob add {} --replace", profile).to("store it or another key"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{Request, plan};
    use crate::ini::Document;
    use crate::keystore::memory::MemoryStore;
    use crate::sys::env::Environment;

    #[test]
    fn a_key_in_a_file_is_never_put_together_from_two() {
        let files = |id: &str| {
            let text = format!("[a]\naws_access_key_id = {id}\naws_secret_access_key = of-{id}\n");
            AwsFiles { config: None, credentials: Some(Document::parse(text).expect("well-formed")) }
        };
        let (before, after) = (files("AKIAFIRST00000000000"), files("AKIASECOND0000000000"));
        let request = Request { profile: "a".to_owned(), ..Request::default() };
        let planned =
            plan(&before.profiles(), &Index::default(), &Environment::from_pairs([]), &request).expect("a plan");
        let store = MemoryStore::new(StoreId::VAULT);
        let key = |files: &AwsFiles| {
            StoredOrWritten { stores: &store, files: &|| Ok(files), data: Path::new("none") }.access_key(&planned.base)
        };
        assert_eq!(key(&before).expect("there").secret.expose(), "of-AKIAFIRST00000000000");
        let error = key(&after).expect_err("another key");
        assert_eq!(error.message(), "another process has changed the access key of `a`");
        assert!(key(&AwsFiles::default()).is_err(), "none any more");
    }
}
