//! An access key as an item: what is written, read, and compared after writing.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::{AccessKey, AccessKeyId};
use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::{Secret, SecretBytes};

const VERSION: u32 = 1;

/// Profile and user are for a person, or `doctor`, who finds the item without the index.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    access_key_id: &'a AccessKeyId,
    secret_access_key: &'a str,
    profile: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_arn: Option<&'a str>,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    access_key_id: AccessKeyId,
    secret_access_key: Secret,
    user_arn: Option<String>,
}

/// Reads the access key `id`.
///
/// # Errors
/// [`StoreError::NotFound`] where the store has no such key, [`StoreError::Unavailable`] where the item is not one.
pub fn read_access_key(store: &dyn KeyStore, id: &AccessKeyId) -> Result<AccessKey, StoreError> {
    access_key_in(&store.get(&Item::AccessKey(id.clone()))?, id)
}

/// The access key `id` in its item.
///
/// # Errors
/// [`StoreError::Unavailable`] where the item is not one, or another key's.
pub fn access_key_in(item: &SecretBytes, id: &AccessKeyId) -> Result<AccessKey, StoreError> {
    let read = parse(item, id)?;
    Ok(AccessKey { id: read.access_key_id, secret: read.secret_access_key })
}

/// Whether the access key `id` is stored as one of the user `user_arn`.
///
/// # Errors
/// As [`read_access_key`], but for a key that is not stored.
pub fn is_key_of(store: &dyn KeyStore, id: &AccessKeyId, user_arn: &str) -> Result<bool, StoreError> {
    match store.get(&Item::AccessKey(id.clone())).and_then(|item| parse(&item, id)) {
        Ok(read) => Ok(read.user_arn.as_deref() == Some(user_arn)),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

fn parse(item: &SecretBytes, id: &AccessKeyId) -> Result<Read, StoreError> {
    let broken = |why: &str| StoreError::Unavailable(format!("the item `{}` {why}", Item::AccessKey(id.clone())));
    // The parser's own words could show a piece of the secret.
    let read: Read =
        serde_json::from_slice(item.expose()).map_err(|_| broken("is not an access key that keyfob stored"))?;
    if read.version != VERSION {
        return Err(broken("was written by a newer version of keyfob"));
    }
    if read.access_key_id != *id {
        return Err(broken("contains a different key"));
    }
    Ok(read)
}

/// Writes an access key, then reads it back and compares: only a key that comes out again counts as stored.
///
/// # Errors
/// Where it is not known to be stored. It may be there anyway; nothing points to it.
pub fn store_access_key(
    store: &dyn KeyStore,
    key: &AccessKey,
    profile: &str,
    user_arn: Option<&str>,
) -> Result<(), StoreError> {
    let written =
        Written { version: VERSION, access_key_id: &key.id, secret_access_key: key.secret.expose(), profile, user_arn };
    // Long enough from the start: one that grows leaves pieces behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    serde_json::to_writer(&mut *bytes, &written).expect("texts are JSON");
    store.set(&Item::AccessKey(key.id.clone()), &SecretBytes::new(std::mem::take(&mut *bytes)))?;
    let back = read_access_key(store, &key.id)?;
    if back.secret.expose() != key.secret.expose() {
        return Err(StoreError::Unavailable(
            "the key store returned a different key than the one just stored".to_owned(),
        ));
    }
    Ok(())
}

/// Stores a key that is new, as [`store_access_key`] does. An item that has its name already is left as it is; one that was
/// not stored for certain is deleted again.
///
/// # Errors
/// As [`store_access_key`].
pub fn store_new_access_key(
    store: &dyn KeyStore,
    key: &AccessKey,
    profile: &str,
    user_arn: &str,
) -> Result<(), StoreError> {
    let item = Item::AccessKey(key.id.clone());
    match store.get(&item) {
        Err(StoreError::NotFound) => store_access_key(store, key, profile, Some(user_arn)).inspect_err(|_| {
            // It may be there anyway; what it belongs to will be deleted at AWS.
            let _ = store.delete(&item);
        }),
        Ok(_) => Err(StoreError::Unavailable(format!("it has an item `{item}` already, which is never overwritten"))),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::StoreId;
    use crate::keystore::memory::MemoryStore;

    fn key() -> AccessKey {
        AccessKey {
            id: "AKIAIOSFODNN7EXAMPLE".parse().expect("valid"),
            secret: Secret::new("FAKE/wJalrXUtnFEMI".into()),
        }
    }

    #[test]
    fn a_stored_key_comes_out_again() {
        let store = MemoryStore::new(StoreId::VAULT);
        store_access_key(&store, &key(), "work", Some("arn:aws:iam::123456789012:user/ann")).expect("stored");
        assert_eq!(store.names(), ["access-key/AKIAIOSFODNN7EXAMPLE"]);
        let item = store.get(&Item::AccessKey(key().id)).expect("there");
        assert_eq!(
            std::str::from_utf8(item.expose()).expect("text"),
            r#"{"version":1,"access_key_id":"AKIAIOSFODNN7EXAMPLE","secret_access_key":"FAKE/wJalrXUtnFEMI","profile":"work","user_arn":"arn:aws:iam::123456789012:user/ann"}"#
        );
        assert_eq!(read_access_key(&store, &key().id).expect("read").secret.expose(), "FAKE/wJalrXUtnFEMI");
    }

    #[test]
    fn a_new_key_never_overwrites_the_secret_of_a_stored_one() {
        let store = MemoryStore::new(StoreId::VAULT);
        let other = AccessKey { secret: Secret::new("FAKE-other".into()), ..key() };
        store_new_access_key(&store, &key(), "work", "arn:aws:iam::123456789012:user/ann").expect("stored");
        store_new_access_key(&store, &other, "work", "arn:aws:iam::123456789012:user/ann").expect_err("it is there");
        assert_eq!(read_access_key(&store, &key().id).expect("read").secret.expose(), "FAKE/wJalrXUtnFEMI");
        for (arn, expected) in [("ann", true), ("bob", false)] {
            let arn = format!("arn:aws:iam::123456789012:user/{arn}");
            assert_eq!(is_key_of(&store, &key().id, &arn).expect("read"), expected, "{arn}");
        }
    }

    #[test]
    fn a_store_that_changes_what_it_is_given_is_noticed() {
        struct Forgetful(MemoryStore);
        impl KeyStore for Forgetful {
            fn id(&self) -> StoreId {
                StoreId::SECRET_SERVICE
            }
            fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
                self.0.get(item)
            }
            fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
                let cut = String::from_utf8_lossy(value.expose()).replace("FEMI", "");
                self.0.set(item, &SecretBytes::new(cut.into_bytes()))
            }
            fn delete(&self, item: &Item) -> Result<(), StoreError> {
                self.0.delete(item)
            }
        }
        let store = Forgetful(MemoryStore::new(StoreId::SECRET_SERVICE));
        store_access_key(&store, &key(), "work", None).expect_err("what comes back differs");
    }

    #[test]
    fn an_item_that_is_no_such_key_is_an_error_that_does_not_show_it() {
        let store = MemoryStore::new(StoreId::VAULT);
        let read = |text: &str| {
            store.set(&Item::AccessKey(key().id), &SecretBytes::new(text.into())).expect("stored");
            read_access_key(&store, &key().id).expect_err("not the key").to_string()
        };
        for text in [
            "FAKE-secret",
            r#"{"version":1,"access_key_id":"FAKE","secret_access_key":"FAKE"}"#,
            r#"{"version":2,"access_key_id":"AKIAIOSFODNN7EXAMPLE","secret_access_key":"FAKE"}"#,
            r#"{"version":1,"access_key_id":"AKIAI44QH8DHBEXAMPLE","secret_access_key":"FAKE"}"#,
        ] {
            let shown = read(text);
            assert!(shown.contains("`access-key/AKIAIOSFODNN7EXAMPLE`") && !shown.contains("FAKE"), "{shown}");
        }
    }
}
