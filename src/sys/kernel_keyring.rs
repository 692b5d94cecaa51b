//! Secrets held in the Linux kernel for a while, so that an unlock lasts longer than one process.
//!
//! Nothing depends on it: where the kernel refuses (containers, quota, another system), every call says [`Refused`].

use crate::secret::SecretBytes;
use crate::timestamp::Timestamp;

/// A secret the kernel holds, and until when.
#[derive(Debug)]
pub struct TimedSecret {
    pub secret: SecretBytes,
    /// When the kernel drops it.
    pub until: Timestamp,
}

/// The kernel keyring cannot be used here, and why. Everything works on without it, only slower.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the kernel keyring: {0}")]
pub struct Refused(String);

/// Reads the secret held as `description`; `None` where there is none, or its time is up.
///
/// # Errors
/// [`Refused`] where the kernel does not let this process use its keyring.
pub fn get(description: &str) -> Result<Option<TimedSecret>, Refused> {
    platform::get(description)
}

/// Has the kernel hold `secret` as `description`, in place of an older one, until `until` and never longer.
///
/// At most 500 bytes: the kernel grants a user 200 keys and 20,000 bytes in all (`/proc/sys/kernel/keys`). A kill in
/// between leaves the old secret, the new one, or none; never one without an end.
///
/// # Errors
/// [`Refused`], with nothing held.
pub fn put(description: &str, secret: &SecretBytes, until: Timestamp) -> Result<(), Refused> {
    platform::put(description, secret, until)
}

/// Has the kernel forget the secret held as `description`, if there is one.
///
/// # Errors
/// [`Refused`] where the kernel does not let this process use its keyring; then it holds nothing of keyfob's either.
pub fn remove(description: &str) -> Result<(), Refused> {
    platform::remove(description)
}

#[cfg(target_os = "linux")]
mod platform {
    use std::cell::Cell;

    use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    use super::{Refused, TimedSecret};
    use crate::secret::SecretBytes;
    use crate::sys::clock::Clock;
    use crate::timestamp::Timestamp;

    /// The end, as seconds since the epoch, big-endian, stands before the secret: the kernel tells nobody a timeout.
    const END: usize = 8;
    const LONGEST: usize = END + 500;

    pub fn get(description: &str) -> Result<Option<TimedSecret>, Refused> {
        let (process, _) = keyrings()?;
        let Some(key) = found(process.search(description))? else { return Ok(None) };
        let mut bytes = Zeroizing::new(vec![0; LONGEST]);
        let Some(length) = found(key.read(&mut *bytes))? else { return Ok(None) };
        if !(END..=LONGEST).contains(&length) {
            return Ok(None);
        }
        let (end, secret) = bytes[..length].split_at(END);
        let end = i64::from_be_bytes(end.try_into().expect("split at its length"));
        let until = Timestamp::from_unix(end);
        // The kernel checks too; this covers a machine whose clock was set.
        if until <= Clock::system().uncorrected() {
            return Ok(None);
        }
        Ok(Some(TimedSecret { secret: SecretBytes::new(secret.to_vec()), until }))
    }

    pub fn put(description: &str, secret: &SecretBytes, until: Timestamp) -> Result<(), Refused> {
        let seconds = until.seconds_since(Clock::system().uncorrected());
        let seconds = match usize::try_from(seconds) {
            // A timeout of 0 would mean none at all to the kernel.
            Ok(0) | Err(_) => return Ok(()),
            // The kernel reads 32 bits, and would take a multiple of 2^32 for no timeout.
            Ok(seconds) => seconds.min(u32::MAX as usize),
        };
        if secret.expose().len() > LONGEST - END {
            return Err(Refused(format!("a secret of {} bytes is too long for it", secret.expose().len())));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
        bytes.extend_from_slice(&until.unix().to_be_bytes());
        bytes.extend_from_slice(secret.expose());
        let (process, user) = keyrings()?;
        // Security: in this order the key never exists in the user's keyring without an end. Added there directly by a
        // user who does not possess that keyring (no login session), it stays, and its timeout is refused (measured).
        let key = process.add_key(description, &bytes).map_err(refused)?;
        let held = key.set_timeout(seconds).and_then(|()| user.link_key(key));
        // Left in the process keyring, the next put would change this very key in place and clear its timeout first.
        let _ = process.unlink_key(key);
        held.map_err(refused)
    }

    pub fn remove(description: &str) -> Result<(), Refused> {
        let (process, user) = keyrings()?;
        match found(process.search(description))? {
            None => Ok(()),
            Some(key) => match user.unlink_key(key) {
                Ok(()) | Err(KeyError::MissingFileOrDirectory | KeyError::KeyDoesNotExist) => Ok(()),
                Err(error) => Err(refused(error)),
            },
        }
    }

    /// The process's keyring and, linked into it, the user's.
    ///
    /// Without the link a process outside a login session (cron, `setsid`, `su -l`) may not even read what the user's
    /// keyring holds (measured). The link dies with the process. Once per thread: a thread that was there before another made
    /// the process's keyring has one of its own.
    fn keyrings() -> Result<(KeyRing, KeyRing), Refused> {
        thread_local! {
            static LINKED: Cell<Option<(KeyRing, KeyRing)>> = const { Cell::new(None) };
        }
        if let Some(linked) = LINKED.get() {
            return Ok(linked);
        }
        let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(refused)?;
        let user = KeyRing::from_special_id(KeyRingIdentifier::User, true).map_err(refused)?;
        process.link_keyring(user).map_err(refused)?;
        LINKED.set(Some((process, user)));
        Ok((process, user))
    }

    fn found<T>(result: Result<T, KeyError>) -> Result<Option<T>, Refused> {
        match result {
            Ok(value) => Ok(Some(value)),
            // One that is past its end answers "expired", and only later "not there".
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    fn refused(error: KeyError) -> Refused {
        Refused(match error {
            KeyError::QuotaExceeded => "this user's key quota is exhausted".to_owned(),
            KeyError::PermissionDenied | KeyError::AccessDenied | KeyError::Unknown(libc::ENOSYS) => {
                "the system does not allow it (as in most containers)".to_owned()
            }
            error => format!("{error}"),
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{Refused, TimedSecret};
    use crate::secret::SecretBytes;
    use crate::timestamp::Timestamp;

    fn none() -> Refused {
        Refused("only Linux has one".to_owned())
    }

    pub fn get(_: &str) -> Result<Option<TimedSecret>, Refused> {
        Err(none())
    }

    pub fn put(_: &str, _: &SecretBytes, _: Timestamp) -> Result<(), Refused> {
        Err(none())
    }

    pub fn remove(_: &str) -> Result<(), Refused> {
        Err(none())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sys::clock::Clock;
    use crate::testing::skipped;

    /// A description of this test's own, or `None`, said aloud, where the kernel refuses.
    fn description(test: &str) -> Option<String> {
        let description = format!("keyfob:test:{test}:{}", std::process::id());
        match get(&description) {
            Ok(_) => Some(description),
            Err(refused) => {
                skipped(&refused.to_string());
                None
            }
        }
    }

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::new(text.into())
    }

    #[test]
    fn a_secret_is_held_replaced_and_forgotten() {
        let Some(description) = description("held") else { return };
        let until = Clock::system().uncorrected().plus(Duration::from_mins(1));
        for text in ["FAKE-one", "FAKE-two"] {
            put(&description, &secret(text), until).expect("put");
            let held = get(&description).expect("allowed").expect("held");
            assert_eq!((held.secret.expose(), held.until), (text.as_bytes(), until));
        }
        remove(&description).expect("removed");
        assert!(get(&description).expect("allowed").is_none());
        remove(&description).expect("removing nothing is fine");
    }

    #[test]
    fn another_thread_reads_what_one_has_put() {
        let Some(description) = description("thread") else { return };
        let until = Clock::system().uncorrected().plus(Duration::from_mins(1));
        std::thread::scope(|scope| scope.spawn(|| put(&description, &secret("FAKE"), until)).join())
            .expect("no panic")
            .expect("put");
        assert!(get(&description).expect("allowed").is_some());
        remove(&description).expect("removed");
    }

    #[test]
    fn a_secret_whose_time_is_up_is_not_found() {
        let Some(description) = description("expired") else { return };
        let now = Clock::system().uncorrected();
        put(&description, &secret("FAKE"), now).expect("nothing to hold");
        assert!(get(&description).expect("allowed").is_none(), "an end in the past holds nothing");
        put(&description, &secret("FAKE"), now.plus_seconds(2)).expect("put");
        std::thread::sleep(Duration::from_millis(3100));
        assert!(get(&description).expect("allowed").is_none());
    }

    #[test]
    fn a_secret_too_long_for_the_quota_is_refused() {
        let Some(description) = description("long") else { return };
        let until = Clock::system().uncorrected().plus(Duration::from_mins(1));
        put(&description, &SecretBytes::new(vec![b'F'; 501]), until).expect_err("too long");
        assert!(get(&description).expect("allowed").is_none());
    }
}
