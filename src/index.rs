//! The index: which key each profile uses and where it is stored. One file, replaced atomically, without any secret.
//!
//! May use `sys` and the pure modules.

mod error;

pub use error::IndexError;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chain::{StoredKeys, nearest_of};
use crate::credentials::{AccessKeyId, StoreId, StoredKey};
use crate::hint::{Hint, run};
use crate::sorted;
use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::folder::distrusted;
use crate::sys::lock::{Lock, LockError};
use crate::timestamp::Timestamp;

/// What `index.json` says. A missing file is an empty index.
///
/// Members a newer keyfob wrote into it are kept as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    version: u32,
    #[serde(default)]
    profiles: BTreeMap<String, ProfileEntry>,
    #[serde(default)]
    keys: BTreeMap<AccessKeyId, KeyEntry>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seeds: BTreeMap<String, SeedEntry>,
    /// The profiles whose section in the config file `link` has made: the bytes of line ends before it, so that `unlink`
    /// leaves nothing of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    made_sections: BTreeMap<String, usize>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// The key of a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileEntry {
    pub key_id: AccessKeyId,
    /// The one store it is read from, so that two stores never race.
    pub backend: StoreId,
    /// Where keyfob 0.1.0 kept what is in [`Index::made_section`] now.
    #[serde(default, skip_serializing)]
    made_section: Option<usize>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// What is known of a stored key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyEntry {
    pub backend: StoreId,
    /// The account, 12 digits, where GetCallerIdentity has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The user's ARN, where GetCallerIdentity has told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_arn: Option<String>,
    /// When the key was put into the key store.
    pub added_at: Timestamp,
    /// When AWS made the key, where it has told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The user's MFA device, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mfa_serial: Option<String>,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

/// What is known of a stored TOTP seed. The index names it by its device's serial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedEntry {
    /// Where it is stored; not always where the access key does.
    pub backend: StoreId,
    /// When it was put there.
    pub added_at: Timestamp,
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

const VERSION: u32 = 1;

/// How long another process may hold the index; an edit takes milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

impl KeyEntry {
    /// What is known of a key just stored.
    pub fn new(backend: StoreId, added_at: Timestamp) -> Self {
        KeyEntry {
            backend,
            account: None,
            user_arn: None,
            added_at,
            created_at: None,
            mfa_serial: None,
            others: serde_json::Map::default(),
        }
    }
}

impl Index {
    /// Reads the index of the data folder; one small file, no lock: it is only ever replaced whole.
    ///
    /// # Errors
    /// Any failure but absence. A damaged index is never taken for an empty one.
    pub fn load(data: &Path) -> Result<Index, IndexError> {
        let path = file(data);
        // Security: whoever may write there could put an older index, or another device, in its place.
        match distrusted(data) {
            Ok(None) => {}
            Ok(Some(reason)) => return Err(IndexError::Distrusted(reason)),
            Err(cause) => return Err(IndexError::Io { path, cause }),
        }
        match read_own(&path) {
            Ok(Some(bytes)) => parse(&bytes, &path),
            Ok(None) => Ok(Index { version: VERSION, ..Index::default() }),
            Err(cause) => Err(IndexError::Io { path, cause }),
        }
    }

    /// Takes the index of the data folder to change it, alone among processes; waits up to ten seconds for another.
    ///
    /// # Errors
    /// As [`Index::load`], and if the folder or the lock is not available.
    pub fn edit(data: &Path) -> Result<IndexEdit, IndexError> {
        Index::edit_within(data, LIMIT)
    }

    fn edit_within(data: &Path, limit: Duration) -> Result<IndexEdit, IndexError> {
        Index::load(data)?;
        private_dir(data).map_err(|cause| IndexError::Io { path: data.to_owned(), cause })?;
        let lock = Lock::acquire(&data.join("index.lock"), limit, |_| {}).map_err(|error| match error {
            LockError::Held { .. } => IndexError::Held { path: file(data), cause: error },
            LockError::Io(cause) => IndexError::Io { path: data.join("index.lock"), cause },
        })?;
        Ok(IndexEdit { index: Index::load(data)?, path: file(data), _lock: lock })
    }

    /// Keeps when AWS made keys, for those that are stored, so that everybody knows without asking.
    ///
    /// # Errors
    /// As [`Index::edit`] and [`IndexEdit::save`].
    pub fn note_created<'k>(
        data: &Path,
        created: impl Iterator<Item = (&'k AccessKeyId, Timestamp)>,
    ) -> Result<(), IndexError> {
        let index = Index::load(data)?;
        let is_news = |(id, at): &(&AccessKeyId, Timestamp)| {
            index.keys.get(id).is_some_and(|entry| entry.created_at != Some(*at))
        };
        let news: Vec<_> = created.filter(is_news).collect();
        if news.is_empty() {
            return Ok(());
        }
        let mut edit = Index::edit(data)?;
        for (id, at) in news {
            if let Some(entry) = edit.index.keys.get_mut(id) {
                entry.created_at = Some(at);
            }
        }
        edit.save()
    }

    /// Every profile that has a stored key.
    pub fn profiles(&self) -> &BTreeMap<String, ProfileEntry> {
        &self.profiles
    }

    /// Every stored key, those no profile uses too.
    pub fn keys(&self) -> &BTreeMap<AccessKeyId, KeyEntry> {
        &self.keys
    }

    /// Every MFA device, by its serial, whose seed is stored.
    pub fn seeds(&self) -> &BTreeMap<String, SeedEntry> {
        &self.seeds
    }

    /// Every store that holds a key, by name.
    pub fn backends(&self) -> Vec<StoreId> {
        let of_keys = self.keys.values().map(|key| key.backend);
        let all = sorted::set(of_keys.chain(self.profiles.values().map(|profile| profile.backend)));
        all.into_iter().collect()
    }

    /// Where `link` has made the section of `profile`: after so many bytes of line ends.
    pub fn made_section(&self, profile: &str) -> Option<usize> {
        self.made_sections.get(profile).copied()
    }

    /// Where a key may be that was looked for under this name.
    pub fn hint_at_keys(&self, profile: &str) -> Hint {
        if self.profiles.is_empty() {
            return run!("keyfob add PROFILE").to("no key is stored yet; store one");
        }
        let near = nearest_of(self.profiles.keys().map(String::as_str), profile);
        let meant = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        run!("keyfob list").to(format!("{meant}list the profiles that have a key"))
    }

    /// The stored key of this id, if no profile uses it.
    pub fn unused_key(&self, id: &str) -> Option<StoredKey> {
        let (id, key) = self.keys.iter().find(|(known, _)| known.as_str() == id)?;
        self.profiles_of(id).is_empty().then(|| StoredKey {
            id: id.clone(),
            backend: key.backend,
            user_arn: key.user_arn.clone(),
            created_at: key.created_at,
        })
    }

    /// The profiles that use this key.
    pub fn profiles_of(&self, id: &AccessKeyId) -> Vec<&str> {
        self.profiles.iter().filter(|(_, entry)| entry.key_id == *id).map(|(name, _)| name.as_str()).collect()
    }
}

impl StoredKeys for Index {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        let entry = self.profiles.get(profile)?;
        let key = self.keys.get(&entry.key_id);
        Some(StoredKey {
            id: entry.key_id.clone(),
            backend: entry.backend,
            user_arn: key.and_then(|key| key.user_arn.clone()),
            created_at: key.and_then(|key| key.created_at),
        })
    }
}

/// The index, held against other writers until it is saved or dropped.
#[derive(Debug)]
pub struct IndexEdit {
    index: Index,
    path: PathBuf,
    _lock: Lock,
}

impl IndexEdit {
    /// The index as it is, changes included.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Records a key. What was known of it and is not told this time stays, and so do members of a newer keyfob's: the
    /// same key has the same user, whose ARN is in the name of every session.
    pub fn put_key(&mut self, id: &AccessKeyId, mut entry: KeyEntry) {
        if let Some(KeyEntry { backend: _, account, user_arn, added_at: _, created_at, mfa_serial, others }) =
            self.index.keys.remove(id)
        {
            entry.account = entry.account.or(account);
            entry.user_arn = entry.user_arn.or(user_arn);
            entry.created_at = entry.created_at.or(created_at);
            entry.mfa_serial = entry.mfa_serial.or(mfa_serial);
            entry.others = others;
        }
        self.index.keys.insert(id.clone(), entry);
    }

    /// Forgets a device that AWS has no more, whichever keys it was noted with.
    pub fn forget_device(&mut self, serial: &str) {
        for entry in self.index.keys.values_mut() {
            entry.mfa_serial.take_if(|noted| noted == serial);
        }
    }

    /// Has `profile` use the key `id` of `backend`, in place of any it used.
    pub fn set_profile(&mut self, profile: &str, id: &AccessKeyId, backend: StoreId) {
        let old = self.index.profiles.remove(profile);
        let others = old.map(|old| old.others).unwrap_or_default();
        let entry = ProfileEntry { key_id: id.clone(), backend, made_section: None, others };
        self.index.profiles.insert(profile.to_owned(), entry);
    }

    /// Has everything that uses the key `id` in the store `from` use it in `to`.
    pub fn move_key(&mut self, id: &AccessKeyId, from: StoreId, to: StoreId) {
        let users = self.index.profiles.values_mut().filter(|entry| entry.key_id == *id);
        let own = self.index.keys.get_mut(id).map(|entry| &mut entry.backend);
        for backend in users.map(|entry| &mut entry.backend).chain(own).filter(|backend| **backend == from) {
            *backend = to;
        }
    }

    /// Records that the seed of the device `serial` is in the store `to`, if it was in `from`.
    pub fn move_seed(&mut self, serial: &str, from: StoreId, to: StoreId) {
        let entry = self.index.seeds.get_mut(serial).filter(|entry| entry.backend == from);
        if let Some(entry) = entry {
            entry.backend = to;
        }
    }

    /// Records that `link` has made the section of `profile` after so many bytes of line ends, or that it has not.
    pub fn set_made_section(&mut self, profile: &str, gap: Option<usize>) {
        match gap {
            Some(gap) => self.index.made_sections.insert(profile.to_owned(), gap),
            None => self.index.made_sections.remove(profile),
        };
    }

    /// Takes `profile` out. The key stays recorded, as [`Index::keys`] says, until [`IndexEdit::remove_key`].
    pub fn remove_profile(&mut self, profile: &str) -> Option<ProfileEntry> {
        self.index.made_sections.remove(profile);
        self.index.profiles.remove(profile)
    }

    /// Takes the record of a key out, once it is deleted from its store.
    pub fn remove_key(&mut self, id: &AccessKeyId) -> Option<KeyEntry> {
        self.index.keys.remove(id)
    }

    /// Records that the seed of the device `serial` is stored in `backend`.
    pub fn put_seed(&mut self, serial: &str, backend: StoreId, added_at: Timestamp) {
        let others = self.index.seeds.remove(serial).map(|old| old.others).unwrap_or_default();
        self.index.seeds.insert(serial.to_owned(), SeedEntry { backend, added_at, others });
    }

    /// Takes the record of a seed out, once it is deleted from its store.
    pub fn remove_seed(&mut self, serial: &str) -> Option<SeedEntry> {
        self.index.seeds.remove(serial)
    }

    /// Replaces the file. A kill before the rename leaves the old index, after it the new one.
    ///
    /// # Errors
    /// Where it cannot be written; the old one is then untouched.
    pub fn save(self) -> Result<(), IndexError> {
        let mut text = serde_json::to_vec_pretty(&self.index).expect("names, ids and times are JSON");
        text.push(b'\n');
        replace(&self.path, &text).map_err(|cause| IndexError::Io { path: self.path, cause })
    }
}

fn file(data: &Path) -> PathBuf {
    data.join("index.json")
}

fn parse(bytes: &[u8], path: &Path) -> Result<Index, IndexError> {
    /// Read first: a newer file may have any other shape.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let damaged = |error: serde_json::Error| IndexError::Damaged {
        path: path.to_owned(),
        line: error.line().max(1),
        cause: error.to_string(),
    };
    match serde_json::from_slice(bytes).map_err(damaged)? {
        Version { version: VERSION } => {
            let mut index: Index = serde_json::from_slice(bytes).map_err(damaged)?;
            for (name, entry) in &mut index.profiles {
                if let Some(gap) = entry.made_section.take() {
                    index.made_sections.entry(name.clone()).or_insert(gap);
                }
            }
            Ok(index)
        }
        Version { version } => Err(IndexError::Newer { path: path.to_owned(), version }),
    }
}

#[cfg(test)]
mod tests;
