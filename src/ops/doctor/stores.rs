//! The stores that hold keys, or if there are none, the one that would.

use crate::credentials::StoreId;
use crate::error::Error;
use crate::keystore::{KeyStore, Presence, StoreOpener};
use crate::ops::doctor::{Finding, Machine};

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let Ok(index) = &machine.index else { return Vec::new() };
    let of_error = |error: Error| Finding::of_error("key-store", &error);
    let holding = index.backends();
    if holding.is_empty() {
        return machine.stores.choose(machine.asked_backend).err().map(of_error).into_iter().collect();
    }
    let why = "keyfob cannot read the keys in it";
    let finding = |id: StoreId| {
        let is_whole = |presence| match id == StoreId::VAULT {
            true => machine.stores.vault().check_files().map(|()| presence),
            false => Ok(presence),
        };
        match machine.stores.open(id).and_then(KeyStore::presence).and_then(is_whole) {
            Ok(Presence::There) => None,
            Ok(Presence::Absent(how)) => {
                let message = format!("{} is not available: {how}", id.title());
                let fix = "start it, or store the keys in another key store";
                Some(Finding::new("key-store", message, why, fix))
            }
            Err(error) => Some(Finding { why: why.to_owned(), ..of_error(error.for_user(id)) }),
        }
    };
    holding.into_iter().filter_map(finding).collect()
}
