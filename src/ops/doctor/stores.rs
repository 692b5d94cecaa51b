//! The stores that hold keys and those that config.toml names; if there are none, the one that would.

use crate::credentials::StoreId;
use crate::error::Error;
use crate::hint::run;
use crate::keystore::{KeyStore, Presence, StoreOpener, configured};
use crate::ops::doctor::{Finding, Machine};
use crate::ops::store::journal::Moves;
use crate::sorted;

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    // Which stores there are, the settings say.
    let (Ok(index), None) = (&machine.index, machine.settings_error) else { return Vec::new() };
    let of_error = |error: Error| Finding::of_error("key-store", &error);
    let seeds = index.seeds().values().map(|seed| seed.backend);
    let named = configured(machine.context.settings);
    let used = sorted::set(index.backends().into_iter().chain(seeds).chain(named));
    if used.is_empty() {
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
    let moves = Moves::new(&machine.context.paths.data).all();
    let unfinished = match &moves {
        Ok(moves) => moves.first().map(|first| {
            let message = format!("a move of {} to {} was interrupted", first.item.title(), first.to.title());
            let why = "it may still be in the key store that it was moved from";
            Finding::new("move", message, why, run!("keyfob store move --resume"))
        }),
        Err(error) => Some(of_error(error.clone())),
    };
    used.into_iter().filter_map(finding).chain(unfinished).collect()
}
