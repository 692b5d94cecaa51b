//! The seed of an MFA device as an item: what is written, read, and compared after writing.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keystore::{Item, KeyStore, StoreError};
use crate::secret::{Secret, SecretBytes};
use crate::totp::Seed;

const VERSION: u32 = 1;

/// The serial is in the item too, since not every keychain shows an item's name.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    serial: &'a str,
    seed: &'a str,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    serial: String,
    seed: Secret,
}

/// Reads the seed of the device `serial`.
///
/// # Errors
/// [`StoreError::NotFound`] where the store has none, [`StoreError::Unavailable`] where the item is not one.
pub fn read_seed(store: &dyn KeyStore, serial: &str) -> Result<Seed, StoreError> {
    seed_in(&store.get(&Item::TotpSeed(serial.to_owned()))?, serial)
}

/// The seed of the device `serial` in its item.
///
/// # Errors
/// [`StoreError::Unavailable`] where the item is not one, or another device's.
pub fn seed_in(item: &SecretBytes, serial: &str) -> Result<Seed, StoreError> {
    let name = Item::TotpSeed(serial.to_owned());
    let broken = |why: &str| StoreError::Unavailable(format!("the item `{name}` {why}"));
    // Security: the parser's own words could show a piece of the seed.
    let read: Read = serde_json::from_slice(item.expose()).map_err(|_| broken("is not a seed that keyfob stored"))?;
    if read.version != VERSION {
        return Err(broken("was written by a newer version of keyfob"));
    }
    if read.serial != serial {
        return Err(broken("contains another device's seed"));
    }
    Seed::from_base32(read.seed.expose()).map_err(|_| broken("is not a seed that keyfob stored"))
}

/// Writes a seed, then reads it back and compares: only one that comes out again counts as stored.
///
/// # Errors
/// Where it is not known to be stored. It may be there anyway; nothing points to it.
pub fn store_seed(store: &dyn KeyStore, serial: &str, seed: &Seed) -> Result<(), StoreError> {
    let base32 = seed.to_base32();
    let written = Written { version: VERSION, serial, seed: base32.expose() };
    // Long enough from the start: one that grows leaves pieces behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2048));
    serde_json::to_writer(&mut *bytes, &written).expect("texts are JSON");
    store.set(&Item::TotpSeed(serial.to_owned()), &SecretBytes::new(std::mem::take(&mut *bytes)))?;
    if read_seed(store, serial)?.to_base32().expose() != base32.expose() {
        return Err(StoreError::Unavailable(
            "the key store returned a different seed than the one just stored".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::StoreId;
    use crate::keystore::memory::MemoryStore;

    const SERIAL: &str = "arn:aws:iam::123456789012:mfa/ann";
    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn a_stored_seed_comes_out_again_and_of_its_own_device_alone() {
        let store = MemoryStore::new(StoreId::VAULT);
        store_seed(&store, SERIAL, &Seed::parse(SEED).expect("a seed")).expect("stored");
        assert_eq!(store.names(), ["totp-seed/arn:aws:iam::123456789012:mfa/ann"]);
        assert_eq!(read_seed(&store, SERIAL).expect("read").to_base32().expose(), SEED);
        assert!(matches!(read_seed(&store, "arn:aws:iam::123456789012:mfa/bob"), Err(StoreError::NotFound)));
    }

    #[test]
    fn an_item_that_is_no_such_seed_is_an_error_that_does_not_show_it() {
        let store = MemoryStore::new(StoreId::VAULT);
        for text in [
            SEED.to_owned(),
            format!(r#"{{"version":1,"serial":"other","seed":"{SEED}"}}"#),
            format!(r#"{{"version":2,"serial":"{SERIAL}","seed":"{SEED}"}}"#),
            format!(r#"{{"version":1,"serial":"{SERIAL}","seed":"GEZD-1"}}"#),
        ] {
            store.set(&Item::TotpSeed(SERIAL.into()), &SecretBytes::new(text.into())).expect("stored");
            let shown = read_seed(&store, SERIAL).expect_err("not the seed").to_string();
            assert!(shown.contains("`totp-seed/arn") && !shown.contains("GEZD"), "{shown}");
        }
    }
}
