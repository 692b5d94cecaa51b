//! Deleting the copy of an item that another store has too.

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use sha2::{Digest, Sha256};

use crate::credentials::StoreId;
use crate::hex;
use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::SecretBytes;

/// What became of an old copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldCopy {
    /// It is deleted, and the new one was read afterwards.
    Deleted,
    /// The two stores are one place under two names, so there is only one copy, and it is still there.
    SamePlace,
}

/// Deletes the copy of an item in `old`, which `new` has too.
///
/// Two names may lead to one place: two tables of one program, a program that serves this machine's own store, two programs
/// over one folder. So a mark is written to `new` first and looked for in `old`, and the item is read from `new` afterwards, and
/// written back if it went along. A kill leaves the mark, or one copy more; only between the deletion and that look, and only
/// where the mark did not tell, it loses the item.
///
/// # Errors
/// The failure of a store, and which one; the item is then still in `new`, or was not there before.
pub fn delete_old_copy(old: &dyn KeyStore, new: &dyn KeyStore, item: &Item) -> Result<OldCopy, (StoreId, StoreError)> {
    let in_new = |error| (new.id(), error);
    let in_old = |error| (old.id(), error);
    let value = new.get(item).map_err(in_new)?;
    // The platforms' own stores and the vault are places of their own.
    if old.id() == new.id() || (old.id().is_outside() || new.id().is_outside()) && prove_one_place(old, new, item)? {
        return Ok(OldCopy::SamePlace);
    }
    old.ensure_deleted(item).map_err(in_old)?;
    match new.get(item) {
        Err(StoreError::NotFound) => {
            new.set(item, &value).map_err(in_new)?;
            Ok(OldCopy::SamePlace)
        }
        Ok(_) => Ok(OldCopy::Deleted),
        Err(error) => Err(in_new(error)),
    }
}

/// Its name is always the same for an item, so that the next try removes what a kill left; its value never is.
fn prove_one_place(old: &dyn KeyStore, new: &dyn KeyStore, item: &Item) -> Result<bool, (StoreId, StoreError)> {
    let mut random = [0; 8];
    OsRng.fill_bytes(&mut random);
    let value = hex::encode(&random);
    let name = hex::encode(&Sha256::digest(item.to_string())[..8]);
    let mark = Item::Check(format!("keyfob-check/place-{name}"));
    new.set(&mark, &SecretBytes::new(value.clone().into_bytes())).map_err(|error| (new.id(), error))?;
    let seen = match old.get(&mark) {
        Ok(seen) => Ok(seen.expose() == value.as_bytes()),
        Err(StoreError::NotFound) => Ok(false),
        Err(error) => Err((old.id(), error)),
    };
    new.ensure_deleted(&mark).map_err(|error| (new.id(), error))?;
    seen
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::*;

    type Items = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

    /// A name for a place; `prefix` is what it puts before each name, as programs over one folder may.
    struct Named(StoreId, Items, &'static str);

    impl KeyStore for Named {
        fn id(&self) -> StoreId {
            self.0
        }

        fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
            let found = self.1.borrow().get(&self.name(item)).cloned();
            found.map(SecretBytes::new).ok_or(StoreError::NotFound)
        }

        fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
            self.1.borrow_mut().insert(self.name(item), value.expose().to_vec());
            Ok(())
        }

        fn delete(&self, item: &Item) -> Result<(), StoreError> {
            self.1.borrow_mut().remove(&self.name(item)).map(drop).ok_or(StoreError::NotFound)
        }
    }

    impl Named {
        /// One with a prefix keeps only what is not a mark under it.
        fn name(&self, item: &Item) -> String {
            let name = item.to_string();
            if name.starts_with("keyfob-check/") { format!("{}{name}", self.2) } else { name }
        }
    }

    #[test]
    fn an_item_outlives_the_deletion_of_its_old_copy_whatever_the_stores_are_called() {
        let id = |text: &str| text.parse::<StoreId>().expect("an id");
        let item = Item::TotpSeed("serial".to_owned());
        let (one, two) = (Items::default(), Items::default());
        let program = |items: &Items, name: &str, prefix| Named(id(name), Rc::clone(items), prefix);
        for (old, new, expected) in [
            (program(&one, "program:a", ""), program(&two, "program:b", ""), OldCopy::Deleted),
            (program(&one, "program:a", ""), program(&one, "program:b", ""), OldCopy::SamePlace),
            // The mark does not tell: it goes along, and is written back.
            (program(&one, "program:a", "a"), program(&one, "program:b", "b"), OldCopy::SamePlace),
            (Named(StoreId::VAULT, Rc::clone(&one), ""), program(&one, "program:a", ""), OldCopy::SamePlace),
            (Named(StoreId::VAULT, Rc::clone(&one), ""), program(&two, "program:a", ""), OldCopy::Deleted),
        ] {
            for store in [&old, &new] {
                store.set(&item, &SecretBytes::new(b"seed".to_vec())).expect("set");
            }
            assert_eq!(delete_old_copy(&old, &new, &item).expect("both work"), expected, "{} {}", old.0, new.0);
            assert_eq!(new.get(&item).expect("still there").expose(), b"seed");
            assert_eq!(old.get(&item).is_ok(), expected == OldCopy::SamePlace);
            assert!(one.borrow().keys().chain(two.borrow().keys()).all(|name| !name.contains("check")));
            one.borrow_mut().clear();
            two.borrow_mut().clear();
        }
    }
}
