//! Which keys and seeds a move is about, and what to say before it. Changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::chain::StoredKeys;
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKeyId, StoreId};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::ops::Context;
use crate::ops::planning::no_stored_key;
use crate::ops::rotate::journal::Journals;
use crate::ops::store::journal::Moved;
use crate::sorted;

/// What is to be moved.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The profiles; empty for all keys and seeds.
    pub profiles: Vec<String>,
    /// Whether the seeds of their devices go along.
    pub seeds: bool,
    pub to: StoreId,
}

/// The items and the stores they are in. An item may be in several, for different profiles.
pub type Items = BTreeSet<(Moved, StoreId)>;

/// The keys of these profiles, and the seeds of their devices, that are not in the target yet.
///
/// # Errors
/// A profile without a stored key; a key that is being rotated.
pub fn items(context: &Context<'_>, wanted: &Wanted, index: &Index, files: &AwsFiles) -> Result<Items> {
    let mut items = Items::new();
    let serials: BTreeSet<String> = match wanted.profiles.is_empty() {
        true => {
            items.extend(index.keys().iter().map(|(id, entry)| (Moved::Key(id.clone()), entry.backend)));
            items.extend(index.profiles().values().map(|entry| (Moved::Key(entry.key_id.clone()), entry.backend)));
            sorted::set(index.seeds().keys().cloned())
        }
        false => {
            let mut serials = BTreeSet::new();
            for profile in &wanted.profiles {
                let key = index.key_of(profile).ok_or_else(|| {
                    no_stored_key(context, files, index, profile, |base| {
                        run!("keyfob store move {} --to {}", base, wanted.to).to("move the key it starts from")
                    })
                })?;
                serials.extend(devices(profile, &key.id, index, files));
                items.insert((Moved::Key(key.id), key.backend));
            }
            serials
        }
    };
    if wanted.seeds {
        let seeds = index.seeds().iter().filter(|(serial, _)| serials.contains(*serial));
        items.extend(seeds.map(|(serial, entry)| (Moved::Seed(serial.clone()), entry.backend)));
    }
    items.retain(|(_, from)| *from != wanted.to);
    for (item, _) in &items {
        refuse_during_rotation(context, item, index)?;
    }
    Ok(items)
}

/// The devices of a profile and of its key whose seeds are stored.
fn devices(profile: &str, id: &AccessKeyId, index: &Index, files: &AwsFiles) -> Vec<String> {
    let profiles = files.profiles();
    let named = profiles.get(profile).and_then(|profile| Some(profile.setting("mfa_serial")?.value.into_owned()));
    let noted = index.keys().get(id).and_then(|entry| entry.mfa_serial.clone());
    named.into_iter().chain(noted).filter(|serial| index.seeds().contains_key(serial)).collect()
}

/// A rotation's journal says in which store its two keys are.
fn refuse_during_rotation(context: &Context<'_>, item: &Moved, index: &Index) -> Result<()> {
    let Moved::Key(id) = item else { return Ok(()) };
    if Journals::new(&context.paths.data).of_key(id)?.is_none() {
        return Ok(());
    }
    let profile = index.profiles_of(id).first().map_or_else(|| "PROFILE".to_owned(), |name| (*name).to_owned());
    Err(Error::new(Kind::Failed, format!("the rotation of {} is not finished", id.short()))
        .hint(run!("keyfob rotate {} --status", profile).to("see what is left to do"))
        .hint(run!("keyfob rotate {} --finish", profile).to("or finish it, then move the key")))
}

/// The question that is asked before a move.
pub fn question(items: &Items, to: StoreId, keep: bool, index: &Index) -> String {
    let shown = |item: &Moved| match item {
        Moved::Key(id) => match index.profiles_of(id).as_slice() {
            [] => format!("{} (no profile)", id.short()),
            profiles => format!("{} (`{}`)", id.short(), profiles.join("`, `")),
        },
        Moved::Seed(_) => item.title(),
    };
    let names: Vec<String> = items.iter().map(|(item, _)| shown(item)).collect();
    let what = match names.as_slice() {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        _ => format!("{} keys and seeds", names.len()),
    };
    let from = sorted::set(items.iter().map(|(_, from)| from.title().into_owned()));
    let from = from.into_iter().collect::<Vec<_>>().join(" and ");
    match keep {
        true => format!("copy {what} from {from} to {to} and use the copies?", to = to.title()),
        false => format!("move {what} from {from} to {to}, and delete them from {from}?", to = to.title()),
    }
}

/// The keys of a move of some profiles that others use too, with the names of those.
pub fn shared<'a>(items: &'a Items, wanted: &Wanted, index: &'a Index) -> Vec<(&'a AccessKeyId, Vec<&'a str>)> {
    let others = |id: &AccessKeyId, from: StoreId| {
        let using = index.profiles().iter().filter(|(_, entry)| entry.key_id == *id && entry.backend == from);
        using.map(|(name, _)| name.as_str()).filter(|name| !wanted.profiles.iter().any(|asked| asked == name)).collect()
    };
    let keys = items.iter().filter(|_| !wanted.profiles.is_empty()).filter_map(|(item, from)| match item {
        Moved::Key(id) => Some((id, others(id, *from))),
        Moved::Seed(_) => None,
    });
    keys.filter(|(_, others): &(_, Vec<&str>)| !others.is_empty()).collect()
}

/// The devices both of whose factors will be in `to` afterwards, with a profile of each.
pub fn both_factors(items: &Items, to: StoreId, index: &Index, files: &AwsFiles) -> BTreeMap<String, String> {
    let moves = |item: Moved| items.iter().any(|(moved, _)| *moved == item);
    let mut both = BTreeMap::new();
    for (profile, entry) in index.profiles() {
        let key_there = entry.backend == to || moves(Moved::Key(entry.key_id.clone()));
        for serial in devices(profile, &entry.key_id, index, files) {
            let seed_there = index.seeds().get(&serial).is_some_and(|seed| seed.backend == to);
            let seed_moves = moves(Moved::Seed(serial.clone()));
            let changes = seed_moves || moves(Moved::Key(entry.key_id.clone()));
            if key_there && (seed_there || seed_moves) && changes {
                both.entry(serial).or_insert_with(|| profile.clone());
            }
        }
    }
    both
}
