//! CreateAccessKey: the one call that cannot simply be made again, and what becomes of a key whose secret was lost.
//!
//! A kill between AWS's answer and the key store loses the secret; the key itself is found by comparing lists, named, and
//! deleted only where a person says so. One that could not be stored, which keyfob knows to be its own, is deleted at once.

use std::time::Duration;

use crate::aws::ListedKey;
use crate::credentials::{AccessKey, AccessKeyId};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::keystore::access_key::{is_key_of, store_new_access_key};
use crate::keystore::{Item, StoreError};
use crate::ops::rotate::run::Stop;
use crate::ops::rotate::signing::Key;
use crate::ops::rotate::{Rotation, with_options};
use crate::rotation::{Observation, RotationStep, find_out};

/// How long lists may lag behind what was done.
pub(super) const LISTS_LAG: Duration = Duration::from_secs(30);

impl Rotation<'_> {
    /// What is known to have come of a step that was interrupted.
    pub(super) fn resumed(&mut self) -> Result<()> {
        if self.journal.at() != (RotationStep::Create, false) {
            return Ok(());
        }
        let listed = self.list_until_news()?;
        self.settle_create(&listed)
    }

    /// CreateAccessKey, and the secret into the key store before anything else.
    pub(super) fn create(&mut self) -> Result<(), Stop> {
        if self.journal.new.is_some() {
            // Observation stored, from a try that was interrupted.
            return Ok(());
        }
        // A store that locks or hangs just after is not to keep what was made from being deleted again.
        let signer = self.signing.hold(self.key(&self.journal.old)).map_err(Stop::Void)?;
        let made = self.patiently(RotationStep::Create, "CreateAccessKey", || {
            let name = &self.journal.user.name;
            self.signing.call(&signer, "CreateAccessKey", |keys, by| keys.create_access_key(by, name))
        });
        match made {
            Ok(Some(key)) => self.keep(&key, &signer),
            Ok(None) => self.after_lost_answer(),
            Err(error) => Err(Stop::Void(error.hint("no key was created"))),
        }
    }

    /// Stores a key just made; where that fails it is deleted again, signed by the old one.
    fn keep(&mut self, key: &AccessKey, signer: &Key) -> Result<(), Stop> {
        let (backend, profile) = (self.journal.backend, self.journal.profile.clone());
        // Security: whoever answers in AWS's place must not make keyfob overwrite, or delete, a key that it did not create.
        if self.is_known(&key.id)? {
            let message = format!("the response to CreateAccessKey names {}, which is not a new key", key.id.short());
            return Err(Stop::Here(Error::new(Kind::Failed, message).because(
                "nothing was stored: the response is not AWS's, or was changed on its way; check the endpoint",
            )));
        }
        let kept = self
            .context
            .stores
            .open(backend)
            .and_then(|store| store_new_access_key(store, key, &profile, &self.journal.user.arn));
        let error = match kept {
            Ok(()) => {
                self.journal.new = Some(key.id.clone());
                let store = backend.title();
                self.context.talk.say(&format!("created {} and stored it in {store}", key.id.short()));
                return Ok(());
            }
            Err(error) => error.for_user(backend),
        };
        let short = key.id.short();
        self.journal.lost = Some(key.id.clone());
        // Written first: a kill in the middle of deleting it must not make it a stranger.
        let noted = self.save();
        let deleted = self.delete(signer, &key.id);
        match (deleted, noted) {
            (Ok(()), _) => {
                self.journal.lost = None;
                Err(Stop::Void(error.because(format!("the new key {short} could not be stored and was deleted again"))))
            }
            (Err(more), _) => Err(Stop::Here(
                error.because(format!("the new key {short} could not be stored and still exists at AWS: {more}")).hint(
                    with_options(run!("keyfob rotate {} --resume", profile), &self.journal)
                        .to("delete it and create another"),
                ),
            )),
        }
    }

    /// Whether keyfob knew a key before it asked for a new one.
    fn is_known(&self, id: &AccessKeyId) -> Result<bool> {
        if *id == self.journal.old || self.journal.before.contains(id) || self.others()?.contains(id) {
            return Ok(true);
        }
        // A store that fails says so when the key is stored.
        let store = self.context.stores.open(self.journal.backend);
        Ok(store.and_then(|store| store.get(&Item::AccessKey(id.clone()))).is_ok())
    }

    /// The stored keys that have nothing to do with this rotation, which writes its new key into the index in a later step.
    fn others(&self) -> Result<Vec<AccessKeyId>> {
        let index = Index::load(&self.context.paths.data)?;
        Ok(index.keys().keys().filter(|id| **id != self.journal.old).cloned().collect())
    }

    /// The listed keys that may have come of this rotation: a stored key of another profile has not, whoever lists it.
    fn candidates(&self, listed: &[ListedKey]) -> Result<Vec<AccessKeyId>> {
        let others = self.others()?;
        Ok(listed.iter().map(|key| key.id.clone()).filter(|id| !others.contains(id)).collect())
    }

    /// The answer to CreateAccessKey was lost: looks whether there is a key that was not there before.
    fn after_lost_answer(&mut self) -> Result<(), Stop> {
        let listed = self.list_until_news()?;
        let news = find_out(&self.journal, &self.candidates(&listed)?, |_| false);
        match news {
            Observation::Nothing => Err(Stop::Here(
                Error::new(Kind::Failed, "AWS's response to CreateAccessKey was lost")
                    .because("AWS does not list a new key yet; if there is one, its secret is lost"),
            )),
            Observation::Stored(_) | Observation::Lost(_) | Observation::Orphan(_) => {
                self.settle_create(&listed)?;
                // Offered and deleted: now another can be made.
                self.create()
            }
        }
    }

    /// Brings a CreateAccessKey of unknown outcome to a known one: no new key, or one that is stored.
    fn settle_create(&mut self, listed: &[ListedKey]) -> Result<()> {
        let found = self.found(listed)?;
        self.journal.orphan = None;
        match found {
            Observation::Nothing => Ok(()),
            Observation::Stored(id) => {
                self.context.talk.say(&format!("{} was created and stored before the rotation stopped", id.short()));
                self.journal.new = Some(id);
                self.save()
            }
            Observation::Lost(id) => {
                self.delete(&self.key(&self.journal.old), &id)?;
                self.context.talk.say(&format!("deleted {}, whose secret could not be stored", id.short()));
                self.journal.lost = None;
                self.save()
            }
            Observation::Orphan(id) if self.delete_other.as_ref() == Some(&id) => self.delete_other(&id),
            Observation::Orphan(id) => self.offer_orphan(&id, listed),
        }
    }

    fn offer_orphan(&mut self, id: &AccessKeyId, listed: &[ListedKey]) -> Result<()> {
        let made = listed.iter().find(|key| key.id == *id).and_then(|key| key.created_at);
        let made = made.map_or_else(String::new, |at| format!(", created at {at}"));
        let short = id.short();
        let question = format!("{short}{made}: the response with its secret was lost; delete the key at AWS?");
        if self.context.human.offer(&question).map_err(|error| error.into_error("an answer"))? {
            return self.delete_other(id);
        }
        // What is hinted at names it, now and in later runs.
        self.journal.orphan = Some(id.clone());
        self.save()?;
        Err(Error::new(Kind::Failed, format!("the key {short} exists at AWS, but its secret was lost{made}"))
            .because("the response to CreateAccessKey was lost, or someone else created the key meanwhile"))
    }

    /// Takes a new key that is stored and not in the journal into it.
    pub(super) fn adopt_stored(&mut self, listed: &[ListedKey]) -> Result<()> {
        if self.journal.new.is_none()
            && let Observation::Stored(id) = self.found(listed)?
        {
            self.journal.new = Some(id);
            self.save()?;
        }
        Ok(())
    }

    fn found(&self, listed: &[ListedKey]) -> Result<Observation> {
        let backend = self.journal.backend;
        let store = self.context.store(backend)?;
        let mut trouble = None;
        let arn = &self.journal.user.arn;
        let found = find_out(&self.journal, &self.candidates(listed)?, |id| {
            is_key_of(store, id, arn).unwrap_or_else(|error: StoreError| {
                trouble = Some(error);
                false
            })
        });
        // A store that does not answer is no reason to call a key an orphan.
        match trouble {
            Some(error) => Err(error.for_user(backend)),
            None => Ok(found),
        }
    }

    /// Lists the keys, again and again for as long as lists may lag, until one shows that was not there before.
    fn list_until_news(&self) -> Result<Vec<ListedKey>> {
        let now = self.context.clock.now();
        let since = self.journal.changed_at().map_or(0, |at| now.seconds_since(at).max(0));
        let lag = LISTS_LAG.saturating_sub(Duration::from_secs(u64::try_from(since).unwrap_or(u64::MAX)));
        let mut patience = self.patience(lag.min(self.context.settings.rotate_patience));
        loop {
            let listed = self.patiently(RotationStep::Prove, "ListAccessKeys", || self.list_with(&self.journal.old))?;
            let listed = listed.unwrap_or_default();
            let news = find_out(&self.journal, &self.candidates(&listed)?, |_| false) != Observation::Nothing;
            if news || !self.wait(&mut patience, "checking whether AWS created a key")? {
                return Ok(listed);
            }
        }
    }

    /// Going back from a CreateAccessKey whose secret nobody stored.
    pub(super) fn discard(&mut self) -> Result<()> {
        let listed = self.list_until_news()?;
        self.settle_create(&listed)
    }
}
