//! Taking a stored key out: the key, its sessions, and what the index says of them.
//!
//! Sessions go first, then the key, then the index. A kill in between leaves a profile whose key is gone: `remove` once
//! more finishes it, and until then whatever wants the key says so.

use serde::Serialize;

use crate::chain::{Request, StoredKeys, plan};
use crate::config_file::{AwsFiles, path_of};
use crate::credentials::StoredKey;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::old_copy::{OldCopy, delete_old_copy};
use crate::keystore::{Item, StoreError};
use crate::ops::Context;
use crate::ops::mfa::forget as forget_seed;
use crate::ops::planning::no_stored_key;
use crate::ops::rotate::{forget_replaced, refuse_during};
use crate::process_line::keyfob_profile_of;

/// What [`remove`] did, as `--json` reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    profile: String,
    key_id: String,
    backend: &'static str,
    /// Whether the secret is gone from its store: not where other profiles use it.
    pub key_deleted: bool,
    /// The other profiles that use the key.
    used_by: Vec<String>,
    sessions_forgotten: usize,
}

/// Deletes the key stored for `profile`, after asking; also one that no profile uses, by its id.
///
/// # Errors
/// Where there is none, the answer is no or nobody can give one, or a store or file fails.
pub fn remove(context: &Context<'_>, profile: &str, files: &AwsFiles) -> Result<Removed> {
    let index = Index::load(&context.paths.data)?;
    let unused = index.unused_key(profile).filter(|_| index.key_of(profile).is_none());
    let Some(key) = index.key_of(profile).or_else(|| unused.clone()) else {
        return Err(no_stored_key(context, files, &index, profile, |base| {
            run!("keyfob remove {}", base).to("delete the key it starts from")
        }));
    };
    refuse_during(context, &key.id)?;
    let short = key.id.short();
    let seed = seed_used_alone(context, profile, &key, files)?;
    let with_seed =
        seed.as_ref().map(|serial| format!(", and the seed of its MFA device `{serial}`")).unwrap_or_default();
    let own_copy = copy_in(context, files, profile, &key);
    let copy = own_copy.clone().or_else(|| {
        let profiles = files.profiles();
        profiles.names().find_map(|name| copy_in(context, files, name, &key))
    });
    let dependants = dependants(context, profile, &index, files);
    if !dependants.is_empty() && own_copy.is_none() {
        let names = dependants.join("`, `");
        context.talk.warn(&format!("`{names}` get their credentials through `{profile}`, and fail without its key"));
    }
    let store = key.backend.title();
    let sharing: Vec<&str> = index.profiles_of(&key.id).into_iter().filter(|user| *user != profile).collect();
    // Another may have it in another store.
    let is_here = |user: &&str| index.key_of(user).is_some_and(|used| used.backend == key.backend);
    let staying: Vec<&str> = sharing.iter().copied().filter(is_here).collect();
    let question = match &unused {
        Some(_) => format!("delete {short}, which no profile uses, from {store}, and its cached sessions?"),
        None if !staying.is_empty() => format!(
            "take {short} from `{profile}`, and delete its cached sessions? the key stays in {store}: `{}` uses it too",
            staying.join("`, `")
        ),
        None => format!("delete {short}, the key of `{profile}`, from {store}{with_seed}, and its cached sessions?"),
    };
    if unused.is_none() && sharing.is_empty() && copy.is_none() && context.human.is_there() {
        // Afterwards nothing here could sign that.
        let hint = run!(
            "keyfob exec {} --no-session -- aws iam update-access-key --status Inactive --access-key-id {}",
            profile,
            key.id
        );
        context.talk.hint(
            hint.to("deactivate the key at AWS first, unless it was deleted there: AWS keeps accepting it otherwise"),
        );
    }
    if !context.confirm(&question, &format!("confirmation to delete {short}"))? {
        return Err(Error::new(Kind::Failed, format!("cancelled; {short} was not deleted")));
    }
    let sessions = context.cache.clear(profile)?;
    let Released { others, sessions: more, .. } = release(context, profile, &key)?;
    let sessions = sessions + more;
    let removed = Removed {
        profile: profile.to_owned(),
        key_id: key.id.to_string(),
        backend: key.backend.name(),
        key_deleted: others.is_empty(),
        used_by: others.clone(),
        sessions_forgotten: sessions,
    };
    if !others.is_empty() {
        context.talk.say(&format!(
            "`{profile}` no longer has a stored key; {short} stays in {store}, because other profiles use it: `{}`",
            others.join("`, `")
        ));
        return Ok(removed);
    }
    let forgotten = match sessions {
        0 => String::new(),
        1 => ", and 1 cached session".to_owned(),
        several => format!(", and {several} cached sessions"),
    };
    context.talk.say(&format!("deleted {short} from {store}{forgotten}"));
    forget_replaced(context, &key.id)?;
    if let Some(serial) = seed.filter(|_| others.is_empty()) {
        forget_seed(context, &serial)?;
        context.talk.say(&format!("deleted the seed of `{serial}`; the device still exists at AWS"));
    }
    context.talk.say(&match copy {
        Some(place) => format!("the key {} is still in plain text at {place}", key.id),
        None => format!(
            "AWS still accepts the key {}, unless it was deleted there: deactivate it in the IAM console",
            key.id
        ),
    });
    Ok(removed)
}

/// Where the AWS files have the key in the section of `profile`, as `export --to-credentials` writes it.
fn copy_in(context: &Context<'_>, files: &AwsFiles, profile: &str, key: &StoredKey) -> Option<String> {
    let profiles = files.profiles();
    let id = profiles.get(profile)?.plain("aws_access_key_id").filter(|id| id.value == key.id.as_str())?;
    Some(format!("{}:{}", path_of(context.paths, id.file).display(), id.line))
}

/// The profiles whose chain starts at `profile`, without itself.
fn dependants(context: &Context<'_>, profile: &str, index: &Index, files: &AwsFiles) -> Vec<String> {
    let profiles = files.profiles();
    let starts_here = |name: &&str| {
        let request = Request::of(context.settings, context.paths, name);
        let plan = plan(&profiles, index, context.env, &request);
        plan.is_ok_and(|plan| plan.base.profile == profile && plan.base.stored_key().is_some())
    };
    profiles.names().filter(|name| *name != profile).filter(starts_here).map(str::to_owned).collect()
}

/// The device of `profile`, where its seed is stored and no other profile or key needs it.
fn seed_used_alone(context: &Context<'_>, profile: &str, key: &StoredKey, files: &AwsFiles) -> Result<Option<String>> {
    let (index, profiles) = (Index::load(&context.paths.data)?, files.profiles());
    let device_of = |name: &str| Some(profiles.get(name)?.setting("mfa_serial")?.value.into_owned());
    let Some(serial) = device_of(profile).filter(|serial| index.seeds().contains_key(serial)) else { return Ok(None) };
    let is_needed = index.profiles_of(&key.id).iter().any(|user| *user != profile)
        || profiles.names().any(|name| name != profile && device_of(name).is_some_and(|other| other == serial));
    Ok((!is_needed).then_some(serial))
}

/// Where the profile still asks keyfob, which has no key for it any more. The profile itself stays: it may have settings that
/// keyfob knows nothing of.
pub fn link_left(context: &Context<'_>, profile: &str, files: &AwsFiles) -> Option<String> {
    let profiles = files.profiles();
    let process = profiles.get(profile)?.plain("credential_process")?;
    keyfob_profile_of(&process.value)?;
    Some(format!("{}:{}", path_of(context.paths, process.file).display(), process.line))
}

/// What became of a key that a profile no longer uses.
pub(in crate::ops) struct Released {
    /// The profiles that use it in the same store.
    pub(in crate::ops) others: Vec<String>,
    /// How many sessions were deleted.
    pub(in crate::ops) sessions: usize,
    /// Whether it was not deleted because another profile's store is the same place.
    pub(in crate::ops) is_same_place: bool,
}

/// Takes back the claim of `profile` on `key`, and deletes the key with its sessions where no other profile has one.
///
/// A key already gone from its store is not an error: an earlier run was interrupted.
///
/// # Errors
/// Where a store or a file fails.
pub(in crate::ops) fn release(context: &Context<'_>, profile: &str, key: &StoredKey) -> Result<Released> {
    let item = Item::AccessKey(key.id.clone());
    let store = context.store(key.backend)?;
    // A store that has to be unlocked asks now, and not while others wait for the index.
    match store.get(&item) {
        Ok(_) | Err(StoreError::NotFound) => {}
        Err(error) => return Err(error.for_user(key.backend)),
    }
    let mut index = Index::edit(&context.paths.data)?;
    let others = |of_store: bool| -> Vec<String> {
        let users = index.index().profiles().iter().filter(|(name, entry)| {
            let released = *name == profile && entry.backend == key.backend;
            !released && entry.key_id == key.id && (!of_store || entry.backend == key.backend)
        });
        users.map(|(name, _)| name.clone()).collect()
    };
    // The same key may rest in two stores, for two profiles, or for one that has just moved it from this store.
    let (users, users_here) = (others(false), others(true));
    let (mut sessions, mut is_same_place) = (0, false);
    if users.is_empty() {
        sessions = context.cache.remove_for_key(&key.id)?;
    }
    if users_here.is_empty() {
        // The same key in another store may be the same item under another name.
        let entries = index.index().profiles().values().filter(|entry| entry.key_id == key.id);
        let kept = entries.map(|entry| entry.backend).find(|other| *other != key.backend);
        let kept = kept.filter(|_| !users.is_empty()).map(|other| context.store(other)).transpose()?;
        match kept {
            Some(kept) => {
                let deleted = delete_old_copy(store, kept, &item).map_err(|(store, error)| error.for_user(store))?;
                is_same_place = deleted == OldCopy::SamePlace;
            }
            None => store.ensure_deleted(&item).map_err(|error| error.for_user(key.backend))?,
        }
    }
    if users.is_empty() {
        index.remove_key(&key.id);
    }
    if index.index().key_of(profile).is_some_and(|used| used.id == key.id && used.backend == key.backend) {
        index.remove_profile(profile);
    }
    index.save()?;
    Ok(Released { others: users_here, sessions, is_same_place })
}
