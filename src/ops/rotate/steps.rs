//! Each step carried out. Every one finds what an earlier try of it has done already.

use std::time::{Duration, Instant};

use crate::aws::ListedKey;
use crate::aws::advice::{Attempted, Signer};
use crate::credentials::{AccessKeyId, Credentials};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::{Index, KeyEntry};
use crate::keystore::Item;
use crate::ops::Context;
use crate::ops::rotate::create::LISTS_LAG;
use crate::ops::rotate::run::Stop;
use crate::ops::rotate::signing::{Key, kind_of};
use crate::ops::rotate::{Rotation, state_of, stored, users_of, with_flags};
use crate::ops::signed::Refusal;
use crate::rotation::{Failure, Journal, KeyState, RotationStep, User, Verdict, judge};
use crate::sorted;

/// A new key's validity flaps between AWS's servers: so many successes in a row count.
const IN_A_ROW: u32 = 3;

/// The pause between them, and the first one after a failure, which then doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What is left of the patience, with pauses that grow.
pub(super) struct Patience {
    started: Instant,
    waited: Duration,
    limit: Duration,
    pause: Duration,
}

impl Rotation<'_> {
    /// Carries a step out.
    pub(super) fn perform(&mut self, step: RotationStep) -> Result<(), Stop> {
        let (old, new) = (self.journal.old.clone(), self.journal.new.clone());
        let new = || new.clone().ok_or_else(|| Error::new(Kind::Defect, "the journal names no new key"));
        match step {
            RotationStep::Create => self.create()?,
            RotationStep::Prove => self.prove(&new()?, IN_A_ROW)?,
            RotationStep::Switch => self.switch(&new()?)?,
            RotationStep::Settle => self.settle()?,
            RotationStep::Deactivate => {
                self.refuse_remaining_uses()?;
                self.set_active(step, &new()?, &old, false)?;
                self.context.talk.say(&format!("{} is now Inactive", old.short()));
            }
            RotationStep::Confirm => {
                self.prove(&new()?, 1)?;
                self.drop_sessions()?;
            }
            RotationStep::Delete => self.delete(&self.key(&new()?), &old)?,
            RotationStep::Forget => forget(self.context, &self.journal, &old)?,
            RotationStep::Reactivate => self.set_active(step, &new()?, &old, true)?,
            RotationStep::ProveOld => self.prove(&old, IN_A_ROW)?,
            RotationStep::PointBack => self.point_back(&new()?)?,
            RotationStep::DeleteNew => self.delete(&self.key(&old), &new()?)?,
            RotationStep::ForgetNew => forget(self.context, &self.journal, &new()?)?,
            RotationStep::Discard => self.discard()?,
        }
        Ok(())
    }

    /// One of the journal's keys, to sign with.
    pub(super) fn key(&self, id: &AccessKeyId) -> Key {
        stored(&self.journal, id).into()
    }

    /// The user's keys, signed by whichever of the two keys AWS takes.
    pub(super) fn list_by_any(&self) -> Result<Vec<ListedKey>> {
        let (old, new) = (Some(&self.journal.old), self.journal.new.as_ref());
        let order = if self.journal.old_is_active() { [old, new] } else { [new, old] };
        let mut first = None;
        for id in order.into_iter().flatten() {
            match self.list_with(id) {
                Ok(listed) => return Ok(listed),
                Err(refusal) if kind_of(&refusal) == Failure::UnknownSigner => {
                    first.get_or_insert(Error::from(refusal));
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        let profile = &self.journal.profile;
        Err(first.unwrap_or_else(|| Error::new(Kind::Defect, "a rotation has one key at least")).hint(
            with_flags(run!("keyfob rotate {} --resume --with PROFILE", profile), &self.journal)
                .to("or use another profile's credentials"),
        ))
    }

    /// Waits until AWS knows a key, as it is read back from the store, at every endpoint its profiles use.
    fn prove(&self, id: &AccessKeyId, in_a_row: u32) -> Result<()> {
        let User { arn: expected, account, .. } = &self.journal.user;
        let mut patience = self.patience(self.context.settings.rotate_patience);
        for target in &self.targets {
            let mut row = 0;
            while row < in_a_row {
                // Read for each try, so that it is not in memory during the pauses.
                let signer = Credentials::Key { key: self.signing.read(&self.key(id))?, account_id: None };
                let identity = self.context.sts.get_caller_identity(&signer, target);
                drop(signer);
                match identity {
                    Ok(identity) if identity.arn != *expected || identity.account != *account => {
                        let (short, arn, account) = (id.short(), identity.arn, identity.account);
                        let message = format!("{short} belongs to another user, `{arn}` of account {account}");
                        return Err(Error::new(Kind::Failed, message));
                    }
                    Ok(_) => {
                        row += 1;
                        if row < in_a_row {
                            self.pause(PAUSE.min(self.context.settings.rotate_patience))?;
                        }
                    }
                    Err(error) => {
                        row = 0;
                        let signed_by = Signer::Key { id: id.as_str(), arn: Some(expected) };
                        let call = Attempted::GetCallerIdentity;
                        let refusal = Refusal::new(self.context, &self.journal.profile, signed_by, call, error);
                        let what = format!("waiting for {} to work in {}", id.short(), target.region);
                        let again = judge(RotationStep::Prove, kind_of(&refusal)) == Verdict::Again;
                        if !again || !self.wait(&mut patience, &what)? {
                            return Err(refusal.into());
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the new key that of every profile that used the old one, in one atomic replace.
    fn switch(&mut self, new: &AccessKeyId) -> Result<()> {
        let backend = self.journal.backend;
        let users = users_of(Index::edit(&self.context.paths.data)?.index(), &self.journal.old);
        // Noted before: going back has to know which store each read the old key from.
        self.journal.users.extend(users);
        self.save()?;
        let mut edit = Index::edit(&self.context.paths.data)?;
        let mut entry = KeyEntry::new(backend, self.context.clock.now());
        entry.created_at = Some(self.context.clock.now());
        entry.account = Some(self.journal.user.account.clone());
        entry.user_arn = Some(self.journal.user.arn.clone());
        entry.mfa_serial = edit.index().keys().get(&self.journal.old).and_then(|old| old.mfa_serial.clone());
        edit.put_key(new, entry);
        let users: Vec<String> = users_of(edit.index(), &self.journal.old).into_keys().collect();
        for user in &users {
            edit.set_profile(user, new, backend);
        }
        edit.save()?;
        let others: Vec<&String> = users.iter().filter(|user| **user != self.journal.profile).collect();
        let mut text = format!("`{}` now uses {}", self.journal.profile, new.short());
        for other in others {
            text.push_str(&format!(", and so does `{other}`"));
        }
        self.context.talk.say(&text);
        Ok(())
    }

    /// Lets the settling time pass, counted from the switch.
    fn settle(&self) -> Result<()> {
        let settle = self.context.settings.rotate_settle;
        let now = self.context.clock.now();
        let since = self.journal.switched_at.map_or(0, |at| now.seconds_since(at).max(0));
        let left = settle.saturating_sub(Duration::from_secs(u64::try_from(since).unwrap_or(u64::MAX)));
        if !left.is_zero() {
            let (old, seconds) = (self.journal.old.short(), left.as_secs_f32().ceil());
            self.context
                .human
                .progress(&format!("{old} stays Active for {seconds} s more, until all processes have the new key"));
            self.pause(left)?;
        }
        Ok(())
    }

    fn set_active(&self, step: RotationStep, signer: &AccessKeyId, id: &AccessKeyId, active: bool) -> Result<()> {
        let (key, name) = (self.key(signer), &self.journal.user.name);
        self.patiently(step, "UpdateAccessKey", || {
            self.signing.call(&key, "UpdateAccessKey", |keys, by| keys.set_access_key_active(by, name, id, active))
        })
        .map(drop)?;
        self.read_back_status(step, signer, id, active)
    }

    /// Waits until AWS lists a key as it was told to make it: nothing else shows that it has done so.
    fn read_back_status(&self, step: RotationStep, signer: &AccessKeyId, id: &AccessKeyId, active: bool) -> Result<()> {
        let mut patience = self.patience(LISTS_LAG.min(self.context.settings.rotate_patience));
        loop {
            let listed = self.patiently(step, "ListAccessKeys", || self.list_with(signer))?.unwrap_or_default();
            let state = state_of(id, &listed);
            if (state == KeyState::Active) == active {
                return Ok(());
            }
            let status = if active { "Inactive" } else { "Active" };
            if !self.wait(&mut patience, &format!("AWS still lists {} as {status}", id.short()))? {
                let message = format!("AWS accepted UpdateAccessKey but does not list {} as changed", id.short());
                return Err(Error::new(Kind::Failed, message).because(format!("its status is still {status}")));
            }
        }
    }

    fn drop_sessions(&self) -> Result<()> {
        if !self.journal.asked.drop_sessions {
            return Ok(());
        }
        let cache = self.context.cache;
        let mut forgotten = cache.remove_for_key(&self.journal.old)?;
        if let Some(new) = &self.journal.new {
            forgotten += cache.remove_for_key(new)?;
        }
        self.context.talk.say(&format!("deleted {forgotten} cached sessions"));
        self.context.talk.warn(
            "AWS accepts existing sessions until they expire, unless a policy on `aws:TokenIssueTime` denies them",
        );
        Ok(())
    }

    fn point_back(&self, new: &AccessKeyId) -> Result<()> {
        let mut edit = Index::edit(&self.context.paths.data)?;
        let users = users_of(edit.index(), new);
        for user in users.keys() {
            let backend = self.journal.users.get(user).copied().unwrap_or(self.journal.backend);
            edit.set_profile(user, &self.journal.old, backend);
        }
        Ok(edit.save()?)
    }

    /// Makes a call again for as long as its failures may pass. `None`: nobody knows whether it was carried out.
    pub(super) fn patiently<T>(
        &self,
        step: RotationStep,
        what: &str,
        call: impl Fn() -> Result<T, Refusal>,
    ) -> Result<Option<T>> {
        let mut patience = self.patience(self.context.settings.rotate_patience);
        loop {
            let refusal = match call() {
                Ok(answer) => return Ok(Some(answer)),
                Err(refusal) => refusal,
            };
            match judge(step, kind_of(&refusal)) {
                Verdict::AsGood | Verdict::FindOut => return Ok(None),
                Verdict::Again if self.wait(&mut patience, &format!("{what}: trying again"))? => {}
                Verdict::Again | Verdict::Stop => return Err(refusal.into()),
            }
        }
    }

    pub(super) fn patience(&self, limit: Duration) -> Patience {
        Patience { started: Instant::now(), waited: Duration::ZERO, limit, pause: PAUSE }
    }

    /// Pauses.
    ///
    /// # Errors
    /// Ctrl-C: whoever presses it in a pause is told how to go on.
    fn pause(&self, duration: Duration) -> Result<()> {
        match self.context.clock.wait_or_interrupt(duration) {
            true => Err(Error::new(Kind::Cancelled, "interrupted")),
            false => Ok(()),
        }
    }

    /// Pauses, unless the patience is at its end.
    ///
    /// # Errors
    /// As [`Rotation::pause`].
    pub(super) fn wait(&self, patience: &mut Patience, what: &str) -> Result<bool> {
        let passed = patience.waited.max(patience.started.elapsed());
        if passed >= patience.limit {
            return Ok(false);
        }
        self.context.human.progress(&format!("{what} ({} s)", passed.as_secs()));
        let pause = patience.pause.min(patience.limit.saturating_sub(passed));
        self.pause(pause)?;
        patience.waited += pause;
        patience.pause = (pause * 2).min(LONGEST_PAUSE);
        Ok(true)
    }
}

/// Deletes a key from its stores and from the index.
pub(super) fn forget(context: &Context<'_>, journal: &Journal, id: &AccessKeyId) -> Result<()> {
    let mut backends = vec![journal.backend];
    if *id == journal.old {
        backends.extend(journal.users.values());
    }
    sorted::sort(&mut backends);
    backends.dedup();
    for backend in backends {
        let deleted = context.store(backend)?.ensure_deleted(&Item::AccessKey(id.clone()));
        deleted.map_err(|error| error.for_user(backend))?;
    }
    let mut edit = Index::edit(&context.paths.data)?;
    if edit.remove_key(id).is_some() {
        edit.save()?;
    }
    Ok(())
}
