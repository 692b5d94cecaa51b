//! The clock, corrected by what AWS's answers say.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::sys::clock_mark::ClockMark;
use crate::sys::files::read_optional;
use crate::sys::uninterrupted;
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
    code_offset: AtomicI64,
    shown_offset: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock { fixed: None, offset: 0.into(), code_offset: 0.into(), shown_offset: 0.into() }
    }

    /// A clock that stands still but for [`Clock::wait`], for tests.
    pub fn fixed(at: Timestamp) -> Self {
        Clock { fixed: Some(at.unix().into()), ..Clock::system() }
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

    /// As [`Clock::wait`]; true where Ctrl-C ended it before its time.
    pub fn wait_or_interrupt(&self, duration: Duration) -> bool {
        match &self.fixed {
            Some(_) => {
                self.wait(duration);
                false
            }
            None => uninterrupted::sleep(duration),
        }
    }

    /// Now, corrected.
    pub fn now(&self) -> Timestamp {
        self.uncorrected().plus_seconds(self.offset_seconds())
    }

    /// Now, for MFA codes: corrected only by answers that came over TLS.
    // Security: whoever could choose this time would be given codes of any time.
    pub fn now_for_codes(&self) -> Timestamp {
        self.uncorrected().plus_seconds(self.code_offset_seconds())
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

    /// Now, as this machine believes, Unix milliseconds.
    #[expect(clippy::disallowed_methods, reason = "this is the place the time comes from")]
    pub fn uncorrected_millis(&self) -> u64 {
        match &self.fixed {
            Some(at) => at.load(Ordering::Relaxed).max(0).unsigned_abs() * 1000,
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// What the clock is set to; none where the system does not tell how long it has run.
    pub fn mark(&self) -> Option<ClockMark> {
        if self.fixed.is_some() {
            return Some(ClockMark { boot: "fixed".to_owned(), booted_at: 0 });
        }
        // Only Linux has these; the uptime goes on while the machine sleeps (proc_uptime(5)).
        let read = |path: &str| String::from_utf8(read_optional(Path::new(path)).ok()??).ok();
        let boot = read("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        let uptime: i64 = read("/proc/uptime")?.split('.').next()?.parse().ok()?;
        Some(ClockMark { boot, booted_at: self.uncorrected().unix() - uptime })
    }

    /// Seconds the correction adds; positive where this machine is behind AWS.
    pub fn offset_seconds(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Seconds the correction for codes adds.
    pub fn code_offset_seconds(&self) -> i64 {
        self.code_offset.load(Ordering::Relaxed)
    }

    /// Seconds this machine is behind the last answer, whether or not that was believed.
    pub fn shown_offset_seconds(&self) -> i64 {
        self.shown_offset.load(Ordering::Relaxed)
    }

    /// Sets the corrections, as an answer does that is believed.
    #[cfg(test)]
    pub fn correct(&self, offset_seconds: i64) {
        self.show_offset(offset_seconds);
        self.correct_signatures(offset_seconds);
        self.correct_codes(offset_seconds);
    }

    /// Sets the correction for all but codes.
    pub fn correct_signatures(&self, offset_seconds: i64) {
        self.offset.store(offset_seconds, Ordering::Relaxed);
    }

    /// Sets the correction for codes.
    pub fn correct_codes(&self, offset_seconds: i64) {
        self.code_offset.store(offset_seconds, Ordering::Relaxed);
    }

    /// Notes what an answer says, to be believed or not.
    pub fn show_offset(&self, offset_seconds: i64) {
        self.shown_offset.store(offset_seconds, Ordering::Relaxed);
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_clock_that_is_set_shows() {
        let (clock, before) = (Clock::system(), Clock::system().mark().expect("Linux tells"));
        assert!(before.is_of_same_clock(&clock.mark().expect("again")));
        for seconds in [-60, 60] {
            let set = ClockMark { booted_at: before.booted_at + seconds, ..before.clone() };
            assert!(!before.is_of_same_clock(&set));
        }
        assert!(!before.is_of_same_clock(&ClockMark { boot: "another".into(), ..before.clone() }));
    }
}
