//! Looking first: whose key it is, that the key store can be written, which keys the user has. Nothing is changed but a
//! probe item, which is deleted at once, and a key that `--delete-other` names.

use crate::aws::advice::{Attempted, Signer};
use crate::aws::{CallerIdentity, LastUse, ListedKey};
use crate::credentials::{AccessKeyId, Credentials, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::access_key::read_access_key;
use crate::keystore::{Item, KeyStore, StoreError};
use crate::ops::Context;
use crate::ops::rotate::facts::{KeyFacts, remaining_uses};
use crate::ops::rotate::signing::Key;
use crate::ops::rotate::{Rotation, with_options};
use crate::ops::signed::Refusal;
use crate::secret::SecretBytes;

/// A key used within this time is somebody's, seconds.
const LATELY: i64 = 86_400;

/// Probes the store of the key, and asks AWS whose it is.
pub(super) fn identity(
    context: &Context<'_>,
    profile: &str,
    key: &StoredKey,
    facts: &KeyFacts,
) -> Result<CallerIdentity> {
    let for_user = |error: StoreError| error.for_user(key.backend);
    let store = context.stores.open(key.backend).map_err(for_user)?;
    let access_key = read_access_key(store, &key.id).map_err(for_user)?;
    probe(store).map_err(for_user)?;
    let signer = Credentials::Key { key: access_key, account_id: None };
    context.sts.get_caller_identity(&signer, &facts.target).map_err(|error| {
        let signer = Signer::Key { id: key.id.as_str(), arn: key.user_arn.as_deref() };
        let refusal = Refusal::new(context, profile, signer, Attempted::GetCallerIdentity, error);
        refusal.hint("nothing was changed").into()
    })
}

/// Writes an item, reads it back and deletes it. One that a kill leaves is written over by the next.
fn probe(store: &dyn KeyStore) -> Result<(), StoreError> {
    const TEXT: &[u8] = b"keyfob was here to see whether this store can be written";
    store.set(&Item::Probe, &SecretBytes::new(TEXT.to_vec()))?;
    let back = store.get(&Item::Probe)?;
    if back.expose() != TEXT {
        return Err(StoreError::Unavailable(
            "the key store returned something different from what was just stored".to_owned(),
        ));
    }
    store.delete(&Item::Probe)
}

impl Rotation<'_> {
    /// The look at AWS: shows the user's keys, and refuses what cannot be undone later.
    pub(super) fn look(&mut self) -> Result<()> {
        let (old, profile) = (self.journal.old.clone(), self.journal.profile.clone());
        self.refuse_remaining_uses()?;
        let listed = self.list_with(&old)?;
        Index::note_created(
            &self.context.paths.data,
            listed.iter().filter_map(|key| Some((&key.id, key.created_at?))),
        )?;
        if !listed.iter().any(|key| key.id == old) {
            let user = &self.journal.user.name;
            return Err(Error::new(Kind::Failed, format!("AWS does not list {} as a key of `{user}`", old.short()))
                .hint("the list can be a minute out of date: try again"));
        }
        for key in &listed {
            self.context.talk.say(&self.describe(key));
        }
        let others: Vec<&ListedKey> = listed.iter().filter(|key| key.id != old).collect();
        match (others.as_slice(), self.delete_other.clone()) {
            ([], None) => {}
            ([], Some(id)) => return Err(no_such_other(&id)),
            (others, Some(id)) if others.iter().any(|key| key.id == id) => {
                self.delete_other(&id)?;
            }
            (_, Some(id)) => return Err(no_such_other(&id)),
            (others, None) => {
                let user = &self.journal.user.name;
                let mut error =
                    Error::new(Kind::Failed, format!("`{user}` already has two access keys, which is all AWS allows"));
                for key in &listed {
                    error = error.because(self.describe(key));
                }
                for key in others {
                    let hint = run!("keyfob rotate {} --delete-other {}", profile, key.id);
                    let hint = with_options(hint, &self.journal);
                    error = error.hint(hint.to(format!("delete {}, if nobody needs it", key.id.short())));
                }
                return Err(error);
            }
        }
        // One just deleted too: lists lag.
        self.journal.before = listed.iter().map(|key| key.id.clone()).collect();
        Ok(())
    }

    /// Refuses where something but the key store holds the old key, unless that was overruled.
    pub(super) fn refuse_remaining_uses(&self) -> Result<()> {
        let old = &self.journal.old;
        let places = remaining_uses(self.context, self.files, old);
        if places.is_empty() {
            return Ok(());
        }
        let (short, profile) = (old.short(), &self.journal.profile);
        if self.journal.asked.force {
            let places = places.join(", ");
            self.context.talk.warn(&format!("{places}: programs that use {short} from there will stop working"));
            return Ok(());
        }
        let error = Error::new(
            Kind::Failed,
            format!("{} still contains {short}, which the rotation makes Inactive", places[0]),
        );
        let error = places.iter().skip(1).fold(error, |error, place| error.because(format!("{place} contains it too")));
        Err(error
            .hint("delete those lines; the stored key replaces them")
            .hint(with_options(run!("keyfob rotate {} --force", profile).to("or continue anyway"), &self.journal)))
    }

    /// The user's keys, signed with one of the journal's or what stands for it.
    pub(super) fn list_with(&self, id: &AccessKeyId) -> Result<Vec<ListedKey>, Refusal> {
        let (key, name) = (self.key(id), &self.journal.user.name);
        self.signing.call(&key, "ListAccessKeys", |keys, by| keys.list_access_keys(by, Some(name)))
    }

    /// When a key was used last. Not everybody is allowed to ask, which is no reason to keep an Inactive key for ever.
    pub(super) fn last_use(&self, id: &AccessKeyId) -> Option<LastUse> {
        self.signing.last_use(&self.signer_of_the_day(), id).unwrap_or_else(|refusal| {
            let (short, error) = (id.short(), Error::from(refusal));
            self.context.talk.warn(&format!("cannot find out when {short} was last used: {error}"));
            None
        })
    }

    /// Whichever of the two keys is Active, for all the journal knows.
    fn signer_of_the_day(&self) -> Key {
        match (&self.journal.new, self.journal.old_is_active()) {
            (Some(new), false) => self.key(new),
            (_, _) => self.key(&self.journal.old),
        }
    }

    fn describe(&self, key: &ListedKey) -> String {
        let now = self.context.clock.now();
        let status = if key.active { "Active" } else { "Inactive" };
        let age = key
            .created_at
            .map_or("of unknown age".to_owned(), |at| format!("{} days old", now.seconds_since(at).max(0) / 86_400));
        let asked = self.signing.last_use_in_passing(&self.signer_of_the_day(), &key.id);
        let used = match asked {
            Ok(Some(used)) => format!("last used {} with {} in {}", used.at, used.service, used.region),
            Ok(None) => "never used, as far as AWS knows".to_owned(),
            Err(_) => "last use unknown".to_owned(),
        };
        format!("{}: {status}, {age}, {used}", key.id.short())
    }

    /// Deletes a key that keyfob did not replace, because a person said so.
    ///
    /// # Errors
    /// Where a profile uses it, or anybody used it lately and nobody overruled that.
    pub(super) fn delete_other(&mut self, id: &AccessKeyId) -> Result<()> {
        let index = Index::load(&self.context.paths.data)?;
        if let Some(user) = index.profiles_of(id).first() {
            return Err(Error::new(Kind::Failed, format!("{} is the key of `{user}`", id.short()))
                .hint(run!("keyfob remove {}", user).to("remove it first, if nobody needs it")));
        }
        if !self.journal.asked.force {
            let why = match self.signing.last_use(&self.signer_of_the_day(), id) {
                Ok(Some(used)) if self.context.clock.now().seconds_since(used.at) < LATELY => {
                    Some(format!("it was last used at {} with {} in {}", used.at, used.service, used.region))
                }
                Ok(_) => None,
                Err(refusal) => Some(format!("cannot find out when it was last used: {}", Error::from(refusal))),
            };
            if let Some(why) = why {
                return Err(Error::new(Kind::Failed, format!("{} was not deleted", id.short()))
                    .because(why)
                    .hint(self.context.talk.again(&["--force"]).to("delete it anyway")));
            }
        }
        self.delete(&self.key(&self.journal.old), id)?;
        self.journal.orphan = None;
        self.context.talk.say(&format!("deleted {} at AWS", id.short()));
        Ok(())
    }

    /// Deletes a key at AWS; one that is gone already is not a failure.
    pub(super) fn delete(&self, signer: &Key, id: &AccessKeyId) -> Result<()> {
        let name = &self.journal.user.name;
        self.patiently(crate::rotation::RotationStep::Delete, &format!("deleting {}", id.short()), || {
            self.signing.call(signer, "DeleteAccessKey", |keys, by| keys.delete_access_key(by, name, id))
        })
        .map(drop)
    }
}

fn no_such_other(id: &AccessKeyId) -> Error {
    Error::new(Kind::Failed, format!("`--delete-other`: the user has no key {}", id.short()))
        .hint(run!("keyfob keys").to("list the stored keys"))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::credentials::StoreId;

    /// Takes an item, and gives back what it likes.
    struct Odd {
        kept: RefCell<Option<SecretBytes>>,
        gives: fn(Option<SecretBytes>) -> Result<SecretBytes, StoreError>,
        deletes: bool,
    }

    impl KeyStore for Odd {
        fn id(&self) -> StoreId {
            StoreId::VAULT
        }
        fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
            assert_eq!(*item, Item::Probe);
            (self.gives)(self.kept.borrow().clone())
        }
        fn set(&self, _: &Item, value: &SecretBytes) -> Result<(), StoreError> {
            self.kept.replace(Some(value.clone()));
            Ok(())
        }
        fn delete(&self, _: &Item) -> Result<(), StoreError> {
            if self.deletes {
                self.kept.take().map(drop).ok_or(StoreError::NotFound)
            } else {
                Err(StoreError::Denied("no".into()))
            }
        }
    }

    #[test]
    fn a_probe_is_written_read_back_and_removed() {
        let probed = |gives, deletes| {
            let store = Odd { kept: RefCell::default(), gives, deletes };
            let result = probe(&store);
            (result.map_err(|error| error.to_string()), store.kept.take().is_some())
        };
        let (result, left) = probed(|kept| kept.ok_or(StoreError::NotFound), true);
        assert_eq!((result, left), (Ok(()), false));
        for gives in [
            (|_| Err(StoreError::NotFound)) as fn(_) -> _,
            |_| Ok(SecretBytes::new(b"another".to_vec())),
            |_| Err(StoreError::Locked("it is locked".into())),
        ] {
            probed(gives, true).0.expect_err("it does not give back what it was given");
        }
        probed(|kept| kept.ok_or(StoreError::NotFound), false).0.expect_err("it deletes nothing");
    }
}
