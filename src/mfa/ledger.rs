//! One code, one use: which codes of each device were sent, so that none is ever sent twice.
//!
//! AWS takes a code once over all STS calls of its device (botocore issue 1283, aws-cli issue 2279). One small file in the data folder, changed under a lock between processes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::hex;
use crate::secret::Secret;
use crate::sys::files::{private_dir, read_own, replace};
use crate::sys::lock::{Lock, LockError};
use crate::timestamp::Timestamp;

/// How long a sent code is remembered, seconds: AWS takes none older than that.
const REMEMBERED: i64 = 120;

/// How long another process may hold the ledger; a claim takes milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

/// The codes that were sent from one data folder.
///
/// A code is claimed before it is sent. A kill in between leaves a claim on a code nobody used, which costs the next who
/// wants one up to 30 s. Two processes never get the same code: the claim is made under the lock. A full disk is an
/// error, and a ledger that cannot be read is started afresh, since it says nothing that matters for more than two minutes.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
}

/// Why a claim cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file or its folder cannot be read or written.
    #[error("{path}: {cause}", path = path.display())]
    Io { path: PathBuf, cause: io::Error },
    /// Another process holds it all the time.
    #[error("{path}: {cause}", path = path.display())]
    Lock { path: PathBuf, cause: LockError },
}

/// The file. A version is not in it: another one's does not parse, and is started afresh.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    /// Random, made with the file: without it nobody who finds digests of six digits in a backup could try them all.
    key: String,
    devices: BTreeMap<String, Device>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    /// Of codes made from a stored seed; the step of others is unknown.
    last_step: Option<i64>,
    spent: Vec<Spent>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spent {
    /// HMAC-SHA-256 of device and code.
    digest: String,
    /// Unix seconds.
    at: i64,
}

impl Ledger {
    /// The ledger of this data folder.
    pub fn new(data: &Path) -> Self {
        Ledger { folder: data.to_owned() }
    }

    /// Claims a code, for its one use; false where it is spent. `step` is known of one made from a seed.
    ///
    /// # Errors
    /// Where that cannot be written down.
    pub fn claim(&self, serial: &str, code: &Secret, step: Option<i64>, now: Timestamp) -> Result<bool, LedgerError> {
        self.change(
            |book| {
                let digest = book.digest(serial, code);
                let device = book.devices.entry(serial.to_owned()).or_default();
                if device.is_spent(&digest, step) {
                    return false;
                }
                device.spent.push(Spent { digest, at: now.unix() });
                device.last_step = step.or(device.last_step);
                true
            },
            now,
        )
    }

    /// Whether a code was claimed. A ledger that cannot be read knows of none.
    pub fn is_spent(&self, serial: &str, code: &Secret, now: Timestamp) -> bool {
        let Ok(Some(mut book)) = read(&self.file()) else { return false };
        book.forget_old(now);
        let digest = book.digest(serial, code);
        book.devices.get(serial).is_some_and(|device| device.is_spent(&digest, None))
    }

    /// Gives a claimed code back: it was not sent after all.
    ///
    /// # Errors
    /// As [`Ledger::claim`].
    pub fn give_back(&self, serial: &str, code: &Secret, step: Option<i64>, now: Timestamp) -> Result<(), LedgerError> {
        self.change(
            |book| {
                let digest = book.digest(serial, code);
                let device = book.devices.entry(serial.to_owned()).or_default();
                device.spent.retain(|spent| spent.digest != digest);
                if step.is_some() && device.last_step == step {
                    device.last_step = None;
                }
            },
            now,
        )
    }

    /// Takes note that AWS did not take the code of `step`: it was not the last step used. The code itself stays spent.
    ///
    /// # Errors
    /// As [`Ledger::claim`].
    pub fn refused(&self, serial: &str, step: i64, now: Timestamp) -> Result<(), LedgerError> {
        self.change(
            |book| {
                let device = book.devices.get_mut(serial);
                if let Some(device) = device.filter(|device| device.last_step == Some(step)) {
                    device.last_step = None;
                }
            },
            now,
        )
    }

    fn file(&self) -> PathBuf {
        self.folder.join("mfa-codes.json")
    }

    fn change<T>(&self, change: impl FnOnce(&mut Book) -> T, now: Timestamp) -> Result<T, LedgerError> {
        let in_file = |path: &Path| {
            let path = path.to_owned();
            |cause| LedgerError::Io { path, cause }
        };
        private_dir(&self.folder).map_err(in_file(&self.folder))?;
        let path = self.folder.join("mfa-codes.lock");
        let _lock = Lock::acquire(&path, LIMIT, |_| {}).map_err(|cause| LedgerError::Lock { path, cause })?;
        let path = self.file();
        let mut book = read(&path).map_err(in_file(&path))?.unwrap_or_else(Book::new);
        book.forget_old(now);
        let changed = change(&mut book);
        let text = serde_json::to_vec(&book).expect("texts and numbers are JSON");
        replace(&path, &text).map_err(in_file(&path))?;
        Ok(changed)
    }
}

fn read(path: &Path) -> io::Result<Option<Book>> {
    Ok(read_own(path)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

impl Book {
    fn new() -> Book {
        let mut key = [0; 32];
        OsRng.fill_bytes(&mut key);
        Book { key: hex::encode(&key), devices: BTreeMap::new() }
    }

    fn digest(&self, serial: &str, code: &Secret) -> String {
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(self.key.as_bytes()).expect("HMAC takes a key of any length");
        hex::encode(&mac.chain_update(serial).chain_update([0]).chain_update(code.expose()).finalize().into_bytes())
    }

    /// A time ahead is from before the clock was put right; it is forgotten too, or it would stand for ever.
    fn forget_old(&mut self, now: Timestamp) {
        for device in self.devices.values_mut() {
            device.spent.retain(|spent| (now.unix() - spent.at).abs() < REMEMBERED);
        }
        self.devices.retain(|_, device| !device.spent.is_empty());
    }
}

impl Device {
    fn is_spent(&self, digest: &str, step: Option<i64>) -> bool {
        // A step far ahead is from before the clock was put right.
        let by_step = |(step, last): (i64, i64)| (step..=step + 2).contains(&last);
        step.zip(self.last_step).is_some_and(by_step) || self.spent.iter().any(|spent| spent.digest == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: &str = "arn:aws:iam::123456789012:mfa/ann";

    fn at(unix: i64) -> Timestamp {
        Timestamp::from_unix(unix)
    }

    fn code(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn a_code_is_claimed_once_by_whichever_way_it_comes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = Ledger::new(&folder.path().join("data"));
        let claim = |text: &str, step, now| ledger.claim(SERIAL, &code(text), step, at(now)).expect("written");
        let is_spent = |now| ledger.is_spent(SERIAL, &code("111111"), at(now));
        assert!(!is_spent(1_000));
        assert!(claim("111111", None, 1_000));
        assert!(is_spent(1_001) && !is_spent(1_120));
        assert!(!claim("111111", None, 1_001), "typed twice");
        assert!(!claim("111111", Some(33), 1_001), "typed, then made from the seed");
        assert!(claim("222222", Some(34), 1_020));
        assert!(!claim("222222", Some(34), 1_021), "made twice");
        assert!(!claim("333333", Some(33), 1_021), "the step before the last one used");
        assert!(claim("444444", Some(35), 1_050));
        assert!(ledger.claim("another", &code("444444"), Some(35), at(1_050)).expect("written"), "devices are apart");
        assert!(claim("111111", None, 1_120), "two minutes later it is another code");
    }

    #[test]
    fn a_code_given_back_can_be_claimed_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = Ledger::new(folder.path());
        for step in [None, Some(33)] {
            assert!(ledger.claim(SERIAL, &code("111111"), step, at(1_000)).expect("written"));
            ledger.give_back(SERIAL, &code("111111"), step, at(1_001)).expect("written");
            assert!(ledger.claim(SERIAL, &code("111111"), step, at(1_001)).expect("written"));
            ledger.give_back(SERIAL, &code("111111"), step, at(1_001)).expect("written");
        }
    }

    #[test]
    fn a_step_that_aws_refused_keeps_no_earlier_one_from_being_used() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = Ledger::new(folder.path());
        let claim = |text: &str, step| ledger.claim(SERIAL, &code(text), Some(step), at(1_000)).expect("written");
        assert!(claim("111111", 34));
        assert!(!claim("222222", 33));
        ledger.refused(SERIAL, 34, at(1_000)).expect("written");
        assert!(claim("222222", 33), "the clock was a step ahead");
        assert!(!claim("111111", 34), "sent is sent");
    }

    #[test]
    fn a_clock_put_back_does_not_lock_a_device_out() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = Ledger::new(folder.path());
        assert!(ledger.claim(SERIAL, &code("111111"), Some(1_000), at(30_000)).expect("written"));
        assert!(ledger.claim(SERIAL, &code("222222"), Some(900), at(27_000)).expect("written"));
    }

    #[test]
    fn the_file_tells_no_code_and_a_damaged_one_is_begun_anew() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ledger = Ledger::new(folder.path());
        assert!(ledger.claim(SERIAL, &code("424242"), Some(33), at(1_000)).expect("written"));
        let text = std::fs::read_to_string(ledger.file()).expect("read");
        assert!(!text.contains("424242"), "{text}");
        for damage in ["", "{", "[]", r#"{"key":"","devices":{},"later":1}"#] {
            replace(&ledger.file(), damage.as_bytes()).expect("written");
            assert!(ledger.claim(SERIAL, &code("424242"), Some(33), at(1_000)).expect("written"), "{damage}");
        }
    }

    #[test]
    fn twenty_at_once_get_one_code_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let claimed = std::thread::scope(|scope| {
            let claim = || Ledger::new(folder.path()).claim(SERIAL, &code("111111"), Some(33), at(1_000));
            let claims: Vec<_> = (0..20).map(|_| scope.spawn(claim)).collect();
            claims.into_iter().map(|claim| claim.join().expect("no panic").expect("written")).filter(|c| *c).count()
        });
        assert_eq!(claimed, 1);
    }
}
