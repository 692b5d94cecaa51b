//! The clock, corrected by what AWS's answers say.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::timestamp::Timestamp;

/// The time, as this machine has it plus what AWS's `Date` header has shown it to be off by.
///
/// One clock is shared by a whole run, so signing, TOTP codes and expiry all see the same correction.
///
/// Deliberately not remembered from run to run: a correction kept in a file would put codes and expiries wrong from the
/// moment the machine's clock is set right, until something noticed. Each run that calls AWS learns it from the first
/// answer, which costs one refused call where the clock is off by minutes, and nothing where it is right.
#[derive(Debug)]
pub struct Clock {
    /// Unix seconds; none: the machine's clock.
    fixed: Option<AtomicI64>,
    offset: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock { fixed: None, offset: AtomicI64::new(0) }
    }

    /// A clock that stands still but for [`Clock::wait`], for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Clock { fixed: Some(AtomicI64::new(at.unix())), offset: AtomicI64::new(0) }
    }

    /// Lets time go by; a fixed clock is put forward at once.
    pub fn wait(&self, duration: Duration) {
        match &self.fixed {
            Some(at) => {
                at.fetch_add(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), Ordering::Relaxed);
            }
            None => std::thread::sleep(duration),
        }
    }

    /// Now, corrected.
    pub fn now(&self) -> Timestamp {
        self.uncorrected().plus_seconds(self.offset_seconds())
    }

    /// Now, as this machine believes.
    #[expect(clippy::disallowed_methods, reason = "this is the place the time comes from")]
    pub fn uncorrected(&self) -> Timestamp {
        if let Some(at) = &self.fixed {
            return Timestamp::from_unix(at.load(Ordering::Relaxed));
        }
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            Err(before) => Timestamp::from_unix(-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX)),
        }
    }

    /// Seconds the correction adds; positive where this machine is behind AWS.
    pub fn offset_seconds(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Sets the correction, from an answer's `Date` header.
    pub fn correct(&self, offset_seconds: i64) {
        self.offset.store(offset_seconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_moves_now_but_not_the_machines_own_time() {
        let clock = Clock::fixed(Timestamp::from_unix(1000));
        clock.correct(-600);
        assert_eq!(clock.now(), Timestamp::from_unix(400));
        assert_eq!(clock.uncorrected(), Timestamp::from_unix(1000));
    }
}
