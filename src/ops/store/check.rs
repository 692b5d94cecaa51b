//! Whether a key store does what keyfob needs: a conformance test that anybody can run on their own program.
//!
//! Everything it writes has a name of its own below `keyfob-check/`, and is deleted at the end. A kill leaves up to two items
//! there, with nothing secret in them.

use serde::Serialize;

use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::keystore::protocol::LARGEST_SECRET;
use crate::keystore::{Item, KeyStore, Presence, StoreError, recipes};
use crate::ops::Context;
use crate::secret::SecretBytes;

/// What `--json` reports.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    pub store: StoreId,
    pub checks: Vec<Check>,
}

/// One requirement.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Its name, for scripts.
    pub check: &'static str,
    /// What is required, a sentence.
    pub title: &'static str,
    pub status: Status,
    /// What happened instead, or why it was not tried.
    pub why: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    Fail,
    /// The store need not do this.
    Skipped,
}

impl CheckReport {
    /// How many checks have failed.
    pub fn failed(&self) -> usize {
        self.checks.iter().filter(|check| check.status == Status::Fail).count()
    }
}

/// A name that has what serial numbers of MFA devices may have (IAM User Guide, name limits: `+=,.@_-`).
const ODD: &str = "totp-seed/arn:aws:iam::000000000000:mfa/path/a+b=c,d.e@f_g-h";

/// Begins all names; what follows is `PID-TIME/` and one of [`NAMES`].
const BEGINNING: &str = "keyfob-check/";
const NAMES: [&str; 3] = ["access-key/AKIACHECK00000000000", ODD, "never"];

/// Whether a name is one that a check gives, or the mark by which two names of one place are told (`keystore::old_copy`).
pub fn is_of_check(name: &str) -> bool {
    let mark = name.strip_prefix(BEGINNING).and_then(|rest| rest.strip_prefix("place-"));
    if mark.is_some_and(|mark| mark.len() == 16 && mark.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return true;
    }
    let is_number = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.strip_prefix(BEGINNING).and_then(|rest| rest.split_once('/'));
    parts.is_some_and(|(run, name)| {
        run.split_once('-').is_some_and(|(pid, time)| is_number(pid) && is_number(time)) && NAMES.contains(&name)
    })
}

/// Most bytes of a value in a platform's keychain (Windows Credential Manager).
const LARGEST_IN_KEYCHAIN: usize = 2560;

/// Text that a program might take for something else.
const UNICODE: &str = "FAKE é 日本語 🔑 \"quotes\" 'single' \\back\\slash {braces} $HOME $(true) `x` %s %41 #;&|<>";

/// Runs all checks on `store`.
///
/// # Errors
/// Where the store cannot even be asked for a secret that it does not have: it is locked, denied, or does not work.
pub fn check(context: &Context<'_>, store: &dyn KeyStore) -> Result<CheckReport> {
    let id = store.id();
    let run = format!("{BEGINNING}{}-{}", std::process::id(), context.clock.now().unix());
    let [plain, odd, never] = NAMES.map(|name| Item::Check(format!("{run}/{name}")));
    let mut checks = Checks { store, done: Vec::new() };
    match store.presence() {
        Ok(Presence::There) => {}
        Ok(Presence::Absent(why)) => {
            return Err(unusable(StoreError::Unavailable(format!("{}: {why}", id.title())), id));
        }
        Err(error) => return Err(unusable(error, id)),
    }
    match store.get(&never) {
        Err(StoreError::NotFound) => checks.pass("not-found", MISSING),
        Ok(_) => checks.fail("not-found", MISSING, "it returned a secret"),
        Err(error) => return Err(unusable(error, id)),
    }
    // A vault is made at the first item, for which somebody has to be asked.
    if let Err(error @ (StoreError::NeedsHuman(_) | StoreError::NoNewPassphrase(_) | StoreError::Cancelled)) =
        store.set(&plain, &SecretBytes::new(b"FAKE".to_vec()))
    {
        return Err(error.for_user(id));
    }
    checks.round_trip("set-get", "a stored secret is returned as it was stored", &plain, "FAKE one");
    checks.round_trip("overwrite", "storing again replaces the secret", &plain, "FAKE two");
    checks.round_trip("odd-name", "a name may contain `/ : + = , . @ _ -`", &odd, "FAKE three");
    checks.reads("apart", "secrets with different names stay apart", &plain, "FAKE two");
    checks.round_trip("unicode", "a secret may contain any UTF-8 text on one line", &plain, UNICODE);
    let longest = if id.is_outside() { LARGEST_SECRET } else { LARGEST_IN_KEYCHAIN };
    checks.round_trip("long", "a secret may be 4096 bytes long (2560 in a keychain)", &odd, &"F".repeat(longest));
    checks.lists("list", "`list` returns the names of stored secrets, and no others", &[&plain, &odd], &[&never]);
    let deleted = store.delete(&plain).map_err(|error| error.to_string());
    let deleted = deleted.and_then(|()| match store.get(&plain) {
        Err(StoreError::NotFound) => Ok(()),
        Ok(_) => Err("it is still returned".to_owned()),
        Err(error) => Err(error.to_string()),
    });
    checks.end("delete", "a deleted secret is gone", deleted);
    checks.lists("list-deleted", "`list` no longer returns a deleted secret", &[&odd], &[&plain]);
    let again = match store.delete(&plain) {
        Err(StoreError::NotFound) => Ok(()),
        Ok(()) => Err("it reported success".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    checks.end("delete-missing", "deleting a missing secret is answered with `not-found`", again);
    let cleaned = [&plain, &odd].into_iter().try_for_each(|item| store.ensure_deleted(item));
    checks.end("clean", "nothing of the check is left", cleaned.map_err(|error| error.to_string()));
    Ok(CheckReport { store: id, checks: checks.done })
}

/// As the user sees it; the hint to run this very check is left out.
fn unusable(error: StoreError, id: StoreId) -> Error {
    match error {
        StoreError::Unavailable(why) if id.is_outside() => {
            let install = "install it, or set `command` of its `[stores.NAME]` in config.toml";
            let hint = recipes::how_to_set_up(id, &why).unwrap_or(install);
            Error::new(Kind::KeyStore, why).hint(hint)
        }
        error => error.for_user(id),
    }
}

const MISSING: &str = "a missing secret is answered with `not-found`";

struct Checks<'s> {
    store: &'s dyn KeyStore,
    done: Vec<Check>,
}

impl Checks<'_> {
    fn push(&mut self, check: &'static str, title: &'static str, status: Status, why: Option<String>) {
        self.done.push(Check { check, title, status, why });
    }

    fn pass(&mut self, check: &'static str, title: &'static str) {
        self.push(check, title, Status::Pass, None);
    }

    fn fail(&mut self, check: &'static str, title: &'static str, why: &str) {
        self.push(check, title, Status::Fail, Some(why.to_owned()));
    }

    fn end(&mut self, check: &'static str, title: &'static str, result: Result<(), String>) {
        match result {
            Ok(()) => self.pass(check, title),
            Err(why) => self.fail(check, title, &why),
        }
    }

    fn round_trip(&mut self, check: &'static str, title: &'static str, item: &Item, value: &str) {
        let set = self.store.set(item, &SecretBytes::new(value.as_bytes().to_vec()));
        match set {
            Ok(()) => self.reads(check, title, item, value),
            Err(error) => self.fail(check, title, &format!("it was not stored: {error}")),
        }
    }

    fn reads(&mut self, check: &'static str, title: &'static str, item: &Item, value: &str) {
        let result = match self.store.get(item) {
            Ok(read) if read.expose() == value.as_bytes() => Ok(()),
            Ok(read) => {
                Err(format!("{} bytes were stored, and {} different ones returned", value.len(), read.expose().len()))
            }
            Err(error) => Err(error.to_string()),
        };
        self.end(check, title, result);
    }

    fn lists(&mut self, check: &'static str, title: &'static str, there: &[&Item], gone: &[&Item]) {
        let result = match self.store.names() {
            Ok(None) => {
                return self.push(check, title, Status::Skipped, Some("this store cannot be searched".to_owned()));
            }
            Ok(Some(names)) => {
                let has = |item: &&&Item| names.contains(&item.to_string());
                match (there.iter().find(|item| !has(item)), gone.iter().find(has)) {
                    (Some(missing), _) => Err(format!("`{missing}` is missing")),
                    (None, Some(extra)) => Err(format!("it has `{extra}`")),
                    (None, None) => Ok(()),
                }
            }
            Err(error) => Err(error.to_string()),
        };
        self.end(check, title, result);
    }
}
