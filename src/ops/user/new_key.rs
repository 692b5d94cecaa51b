//! The access key of a user that is being created: made, kept, and waited for.
//!
//! The user is the journal's alone, so a key that nobody has the secret of is deleted, and another one made.

use std::time::Duration;

use crate::aws::{Access, ListedKey};
use crate::credentials::{AccessKey, AccessKeyId, Credentials, StoreId};
use crate::error::{Error, Kind, Result};
use crate::keystore::KeyStore;
use crate::keystore::access_key::{is_key_of, store_new_access_key};
use crate::ops::user::admin::{Patience, is_passing};
use crate::ops::user::create::{Creation, IN_A_ROW};
use crate::ops::user::handover;

/// How long lists may lag behind what was done.
const LISTS_LAG: Duration = Duration::from_secs(30);

impl Creation<'_> {
    pub(super) fn key(&mut self) -> Result<()> {
        if !self.journal.wish.key || self.journal.made.key.is_some() {
            return Ok(());
        }
        for listed in self.list_until_news()? {
            if self.is_stored(&listed.id)? {
                self.journal.made.key = Some(listed.id);
                return self.save();
            }
            self.delete_key(&listed.id)?;
            self.admin.context.talk.say(&format!("deleted {}, whose secret was lost", listed.id.short()));
        }
        let context = self.admin.context;
        let mut patience = Patience::new(context);
        let made = loop {
            let name = &self.journal.name;
            match self.admin.call("CreateAccessKey", |by| context.access_keys.create_access_key(by, name)) {
                Ok(made) => break made,
                Err(refusal) => {
                    let passes = refusal.is("NoSuchEntity") || is_passing(&refusal);
                    // One that may have been carried out is looked for by the next try.
                    if !refusal.means_not_done() || !passes || !patience.wait("CreateAccessKey: trying again")? {
                        return Err(refusal.into());
                    }
                }
            }
        };
        self.keep(&made)
    }

    /// The secret of a key just made, stored or sealed and read back; where that fails, the key is deleted again.
    fn keep(&mut self, key: &AccessKey) -> Result<()> {
        let kept = match &self.sealing {
            Some(sealing) => handover::seal_key(sealing, &self.journal, key).and_then(|sealed| {
                (self.journal.made.key, self.journal.made.sealed_key) = (Some(key.id.clone()), Some(sealed));
                self.save()?;
                match self.held.load()? {
                    Some(journal) if journal.made.sealed_key == self.journal.made.sealed_key => Ok(()),
                    Some(_) | None => {
                        Err(Error::new(Kind::KeyStore, "the journal does not read back as it was written"))
                    }
                }
            }),
            None => {
                let (backend, store) = self.store()?;
                store_new_access_key(store, key, &self.journal.wish.profile, &self.journal.arn)
                    .map_err(|error| error.for_user(backend))
            }
        };
        let short = key.id.short();
        match kept {
            Ok(()) => {
                self.journal.made.key = Some(key.id.clone());
                let how = if self.sealing.is_some() { "sealed" } else { "stored" };
                self.admin.context.talk.say(&format!("created the access key {short}, and {how} it"));
                self.save()
            }
            Err(error) => {
                (self.journal.made.key, self.journal.made.sealed_key) = (None, None);
                // Written first: a journal that still has it must not outlive the key.
                self.save()?;
                Err(match self.delete_key(&key.id) {
                    Ok(()) => error.because(format!("the new key {short} could not be stored and was deleted again")),
                    Err(more) => error
                        .because(format!("the new key {short} could not be stored and still exists at AWS: {more}")),
                })
            }
        }
    }

    pub(super) fn store(&self) -> Result<(StoreId, &dyn KeyStore)> {
        let backend = self.journal.backend.ok_or_else(|| Error::new(Kind::Defect, "the journal names no key store"))?;
        Ok((backend, self.admin.context.store(backend)?))
    }

    fn is_stored(&self, id: &AccessKeyId) -> Result<bool> {
        if self.journal.wish.handover.is_some() {
            return Ok(false);
        }
        let (backend, store) = self.store()?;
        is_key_of(store, id, &self.journal.arn).map_err(|error| error.for_user(backend))
    }

    fn delete_key(&self, id: &AccessKeyId) -> Result<()> {
        let params = [("UserName", self.journal.name.as_str()), ("AccessKeyId", id.as_str())];
        Ok(self.admin.ensure_gone("DeleteAccessKey", &params)?)
    }

    fn list(&self) -> Result<Vec<ListedKey>> {
        let (context, name) = (self.admin.context, self.journal.name.as_str());
        let list = |by: Access<'_>| context.access_keys.list_access_keys(by, Some(name));
        Ok(self.admin.patiently("ListAccessKeys", &["NoSuchEntity"], list)?)
    }

    /// The keys of the user. Where an earlier try may have made one, lists them for as long as they may lag behind.
    fn list_until_news(&self) -> Result<Vec<ListedKey>> {
        let context = self.admin.context;
        let mut patience = Patience::new(context);
        loop {
            let listed = self.list()?;
            let since = context.clock.now().seconds_since(self.journal.changed_at);
            let may_lag = self.is_again && since < LISTS_LAG.as_secs().cast_signed();
            if !listed.is_empty() || !may_lag || !patience.wait("checking whether AWS created a key")? {
                return Ok(listed);
            }
        }
    }

    /// Waits until AWS knows the key: it takes seconds.
    pub(super) fn prove(&self, key: &AccessKey) -> Result<()> {
        let (context, target) = (self.admin.context, &self.admin.target);
        let signer = Credentials::Key { key: key.clone(), account_id: None };
        let mut patience = Patience::new(context);
        let mut row = 0;
        while row < IN_A_ROW {
            match context.sts.get_caller_identity(&signer, target) {
                Ok(identity) if identity.arn == self.journal.arn => row += 1,
                Ok(identity) => {
                    let message = format!("{} belongs to another user, `{}`", key.id.short(), identity.arn);
                    return Err(Error::new(Kind::Failed, message));
                }
                Err(error) => {
                    row = 0;
                    if !patience.wait(&format!("waiting for {} to work", key.id.short()))? {
                        return Err(Error::new(Kind::Failed, format!("AWS does not accept {} yet", key.id.short()))
                            .because(error));
                    }
                }
            }
        }
        Ok(())
    }
}
