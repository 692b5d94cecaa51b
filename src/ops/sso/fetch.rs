//! Gets the accounts and their roles from the portal, which takes a call for each account.
//!
//! What was got is kept in the cache folder, once a second: whatever ends a run, the next one within an hour goes on from there.
//! It holds no secret. After a whole run it is deleted.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::directory::{Account, Filter};
use crate::error::Result;
use crate::human::{Human, Talk};
use crate::sorted;
use crate::sys::clock::Clock;
use crate::sys::files;
use crate::sys::folder;
use crate::timestamp::Timestamp;

/// The version of the kept file's form.
const VERSION: u32 = 1;

/// How long what was got stays true enough to go on from.
const KEPT_FOR: Duration = Duration::from_hours(1);

/// How often it is kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// The lists of the portal, a page at a time; whoever makes the calls keeps to AWS's limits and waits where it is asked to.
pub trait Lists {
    /// Accounts, without their roles, and the token of the next page.
    ///
    /// # Errors
    /// Whatever AWS refuses.
    fn accounts(&self, page: Option<&str>) -> Result<(Vec<Account>, Option<String>)>;

    /// The names of the permission sets in an account, and the token of the next page; none where there is no access to it any
    /// more.
    ///
    /// # Errors
    /// Whatever AWS refuses.
    fn roles(&self, account_id: &str, page: Option<&str>) -> Result<Option<(Vec<String>, Option<String>)>>;

    /// Tells this sign-in from another person's.
    fn sign_in_id(&self) -> String;
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    at: i64,
    accounts: Vec<Account>,
}

/// Where and how it is done.
pub struct Fetch<'a> {
    pub lists: &'a dyn Lists,
    /// The cache folder.
    pub cache: &'a Path,
    pub clock: &'a Clock,
    pub human: &'a dyn Human,
    pub talk: &'a dyn Talk,
    /// How far it is is said from then on: what takes a moment needs no bar.
    pub silent_until: Instant,
}

impl Fetch<'_> {
    /// Every account, by name; those that `filter` has with their roles.
    ///
    /// # Errors
    /// Where AWS refuses; what was got until then is kept.
    pub fn run(&self, filter: &Filter) -> Result<Vec<Account>> {
        let path = self.path();
        let kept = self.kept(&path);
        let mut accounts = self.all_accounts()?;
        for account in &mut accounts {
            let known = kept.iter().find(|known| known.id == account.id);
            account.roles = known.and_then(|known| known.roles.clone());
        }
        let known = accounts.iter().filter(|account| account.roles.is_some()).count();
        if known > 0 {
            self.talk.say(&format!("continuing an interrupted run: the roles of {known} accounts are known"));
        }
        let got = self.all_roles(&mut accounts, filter, &path);
        self.say_progress("");
        match got {
            Ok(()) => {
                // One that stays is too old within an hour.
                folder::remove(&path).ok();
                Ok(accounts)
            }
            Err(error) => {
                let done = self.keep(&path, &accounts);
                Err(if done > 0 {
                    error.outcome(self.talk.again(&[]).to("what was listed is kept; continue"))
                } else {
                    error
                })
            }
        }
    }

    fn all_accounts(&self) -> Result<Vec<Account>> {
        let (mut accounts, mut page) = (Vec::new(), None);
        loop {
            self.say_progress(&format!("listing accounts: {}", accounts.len()));
            let (mut got, next) = self.lists.accounts(page.as_deref())?;
            accounts.append(&mut got);
            match next {
                Some(next) if Some(&next) != page.as_ref() => page = Some(next),
                _ => break,
            }
        }
        sorted::sort_by(&mut accounts, |a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        accounts.dedup_by(|a, b| a.id == b.id);
        Ok(accounts)
    }

    fn all_roles(&self, accounts: &mut [Account], filter: &Filter, path: &Path) -> Result<()> {
        let meant = |account: &Account| filter.has_account(&account.id, &account.name);
        let total = accounts.iter().filter(|account| meant(account)).count();
        let mut kept_at = Instant::now();
        for at in 0..accounts.len() {
            if accounts[at].roles.is_some() || !meant(&accounts[at]) {
                continue;
            }
            let done = accounts.iter().filter(|account| meant(account) && account.roles.is_some()).count();
            self.say_progress(&progress(done, total));
            accounts[at].roles = self.roles_of(&accounts[at])?;
            if kept_at.elapsed() >= KEEP_EVERY {
                self.keep(path, accounts);
                kept_at = Instant::now();
            }
        }
        Ok(())
    }

    fn roles_of(&self, account: &Account) -> Result<Option<Vec<String>>> {
        let (mut roles, mut page) = (Vec::new(), None);
        loop {
            let Some((mut got, next)) = self.lists.roles(&account.id, page.as_deref())? else {
                let Account { id, name, .. } = account;
                self.talk.warn(&format!("AWS does not list the roles of `{name}` ({id}); its profiles are left alone"));
                return Ok(None);
            };
            roles.append(&mut got);
            match next {
                Some(next) if Some(&next) != page.as_ref() => page = Some(next),
                _ => break,
            }
        }
        sorted::sort(&mut roles);
        roles.dedup();
        Ok(Some(roles))
    }

    fn say_progress(&self, text: &str) {
        if Instant::now() >= self.silent_until {
            self.human.countdown(text);
        }
    }

    fn path(&self) -> PathBuf {
        self.cache.join(format!("{}.accounts", self.lists.sign_in_id()))
    }

    /// What an earlier run has got; nothing where that is of no use any more.
    fn kept(&self, path: &Path) -> Vec<Account> {
        let now = self.clock.now();
        let is_fresh = |at: Timestamp| at <= now && now < at.plus(KEPT_FOR);
        let read = files::read_own(path).ok().flatten();
        let kept = read.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let kept = kept.filter(|kept| kept.version == VERSION && is_fresh(Timestamp::from_unix(kept.at)));
        kept.map(|kept| kept.accounts).unwrap_or_default()
    }

    /// Keeps what was got, as far as that can be done, and says of how many accounts.
    fn keep(&self, path: &Path, accounts: &[Account]) -> usize {
        let with_roles: Vec<Account> = accounts.iter().filter(|account| account.roles.is_some()).cloned().collect();
        let (at, count) = (self.clock.now().unix(), with_roles.len());
        let text = serde_json::to_vec(&Kept { version: VERSION, at, accounts: with_roles }).expect("names are JSON");
        let written = files::private_dir(self.cache).and_then(|()| files::replace_unsynced(path, &text));
        if written.is_ok() { count } else { 0 }
    }
}

/// A bar of twenty cells, and the numbers.
fn progress(done: usize, total: usize) -> String {
    const CELLS: usize = 20;
    let full = (done * CELLS).checked_div(total).unwrap_or(CELLS).min(CELLS);
    format!("listing roles: [{}{}] {done} of {total} accounts", "#".repeat(full), ".".repeat(CELLS - full))
}

#[cfg(test)]
mod tests;
