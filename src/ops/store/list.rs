//! The key stores, with what is in them.

use serde::Serialize;

use crate::credentials::StoreId;
use crate::index::Index;
use crate::keystore::open::Stores;
use crate::keystore::{KeyStore, Presence, StoreError, StoreOpener, configured};
use crate::settings::Settings;
use crate::sorted;

/// What `--json` reports.
#[derive(Debug, Serialize)]
pub struct Listing {
    pub stores: Vec<ListedStore>,
}

/// One key store.
#[derive(Debug, Serialize)]
pub struct ListedStore {
    pub id: StoreId,
    pub state: State,
    /// How many access keys the index has in it.
    pub keys: usize,
    /// How many TOTP seeds.
    pub seeds: usize,
    /// Whether new keys go there.
    pub default: bool,
    /// Why it is not ready.
    pub why: Option<String>,
}

/// Whether a store can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It answers, or will ask for its passphrase.
    Ready,
    Locked,
    /// There is no such store on this machine.
    Missing,
    Denied,
    Broken,
}

/// This platform's stores, those that config.toml names, and those that hold keys or seeds. Nothing is unlocked.
pub fn list(stores: &Stores<'_>, settings: &Settings, index: &Index, asked: Option<StoreId>) -> Listing {
    let holding = index.keys().values().map(|key| key.backend);
    let seeds = index.seeds().values().map(|seed| seed.backend);
    let mut known: Vec<StoreId> = StoreId::platform().into_iter().chain([StoreId::VAULT]).collect();
    let others = configured(settings).chain(settings.backend).chain(index.backends()).chain(holding).chain(seeds);
    let others = sorted::set(others);
    let is_new = |id: &StoreId| !known.contains(id);
    let others: Vec<StoreId> = others.into_iter().filter(is_new).collect();
    known.extend(others);
    let default = stores.choose(asked).ok().map(|(id, _)| id);
    let line = |id: StoreId| {
        let (state, why) = state(stores, id);
        ListedStore {
            id,
            state,
            keys: index.keys().values().filter(|key| key.backend == id).count(),
            seeds: index.seeds().values().filter(|seed| seed.backend == id).count(),
            default: default == Some(id),
            why,
        }
    };
    Listing { stores: known.into_iter().map(line).collect() }
}

fn state(stores: &Stores<'_>, id: StoreId) -> (State, Option<String>) {
    if id == StoreId::VAULT {
        return of_vault(stores);
    }
    match stores.open(id).and_then(KeyStore::presence) {
        Ok(Presence::There) => (State::Ready, None),
        Ok(Presence::Absent(why)) => (State::Missing, Some(why)),
        Err(error) => of_error(&error),
    }
}

fn of_vault(stores: &Stores<'_>) -> (State, Option<String>) {
    let vault = stores.vault();
    match vault.exists().and_then(|is_there| Ok((is_there, is_there && vault.opens_unasked()?))) {
        Ok((false, _)) => (State::Missing, Some("the first key stored in it creates it".to_owned())),
        Ok((true, true)) => (State::Ready, None),
        Ok((true, false)) => (State::Locked, Some("it asks for its passphrase when it is used".to_owned())),
        Err(error) => of_error(&error),
    }
}

fn of_error(error: &StoreError) -> (State, Option<String>) {
    let state = match error {
        StoreError::Locked(_) | StoreError::NeedsHuman(_) | StoreError::NoNewPassphrase(_) => State::Locked,
        StoreError::Denied(_) | StoreError::Cancelled => State::Denied,
        StoreError::Unknown(_) => State::Missing,
        StoreError::NotFound
        | StoreError::Unavailable(_)
        | StoreError::Exhausted(_)
        | StoreError::TimedOut(_)
        | StoreError::WrongPassphrase(_)
        | StoreError::BadSource { .. } => State::Broken,
    };
    (state, Some(error.to_string()))
}
