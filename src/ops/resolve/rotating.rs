//! A key that AWS does not take while, or just after, it is being rotated: the other key of the rotation is tried.
//!
//! Nothing of this costs anything while AWS takes the key: journals are read after a refusal.

use std::time::Duration;

use crate::aws::MfaCode;
use crate::aws::advice::CodeFrom;
use crate::chain::StoredKeys;
use crate::chain::base::key;
use crate::credentials::{Credentials, Session, StoredKey};
use crate::error::Result;
use crate::index::Index;
use crate::ops::resolve::Run;
use crate::ops::resolve::call::{SignWith, Stop};
use crate::ops::rotate::journal::Journals;

/// The pauses between tries, milliseconds: a key that is seconds old is not known everywhere, and flaps.
const PAUSES: [u64; 6] = [0, 250, 500, 1000, 2000, 4000];

impl Run<'_> {
    /// Sends a step's call; where AWS does not know the access key that signed it and that key is in a rotation, with the
    /// other key, and again. The same code serves: a signature that is refused spends none.
    pub(super) fn send_while_rotating(
        &self,
        index: usize,
        with: SignWith<'_>,
        code: Option<(MfaCode, CodeFrom)>,
    ) -> std::result::Result<Session, Stop> {
        let sent = match with {
            SignWith::Base => self.send(index, &self.own().map_err(Stop::Unsigned)?, code.clone()),
            SignWith::Made(signer) => return self.send(index, signer, code),
        };
        let mut refused = match sent {
            Err(stop) if is_unknown_key(&stop) => stop,
            result => return result,
        };
        for pause in PAUSES {
            let keys = self.keys_in_rotation()?;
            if keys.is_empty() {
                return Err(refused);
            }
            self.context.clock.wait(Duration::from_millis(pause));
            for other in keys {
                let own = self.plan.base.stored_key().map_or_else(String::new, |own| own.id.short());
                self.context.talk.explain(&format!("{own} is being rotated; trying {}", other.id.short()));
                let base = key::base_of(&self.plan.base.profile, other);
                let Ok(key) = self.untimed(|| self.context.keys.access_key(&base)) else { continue };
                let account_id = self.plan.base.account_id();
                match self.send(index, &Credentials::Key { key, account_id }, code.clone()) {
                    Err(stop) if is_unknown_key(&stop) => refused = stop,
                    result => return result,
                }
            }
        }
        Err(refused)
    }

    /// The keys to try in place of, and beside, one that AWS does not know; none where it is in no rotation.
    fn keys_in_rotation(&self) -> Result<Vec<StoredKey>> {
        let data = &self.context.paths.data;
        let Some(stored) = self.plan.base.stored_key() else { return Ok(Vec::new()) };
        let own = &stored.id;
        if let Some(journal) = Journals::new(data).of_key(own)?
            && let Some(other) = journal.other_than(own)
        {
            let other = StoredKey { id: other.clone(), backend: journal.backend, user_arn: None, created_at: None };
            return Ok(vec![other, stored.clone()]);
        }
        // A rotation that has ended since this plan was made.
        let now = Index::load(data)?.key_of(&self.plan.base.profile);
        Ok(now.filter(|now| now.id != *own).into_iter().collect())
    }
}

fn is_unknown_key(stop: &Stop) -> bool {
    matches!(stop, Stop::Aws { error, .. } if error.is_invalid_client_token())
}
