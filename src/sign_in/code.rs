//! Signing in with a device code: a page is opened in a browser anywhere, and the code approved there.
//!
//! A code that a program's question has shown is kept, for the one who approves it after that process is gone: whoever needs
//! the sign-in next polls it. That of `keyfob login` goes with it, so Ctrl-C leaves nothing behind.

use std::time::{Duration, Instant};

use crate::aws::AwsError;
use crate::aws::oidc::{Flow, Grant};
use crate::error::{Error, Kind, Result};
use crate::session_cache::sign_in::{PendingCode, SignIn, SignInName};
use crate::sign_in::refusal::{self, login};
use crate::sign_in::{SignIns, Wanted};
use crate::sys::lock::Lock;

/// What a code that was tried too soon waits longer, seconds (RFC 8628, 3.5).
const SLOWER: u64 = 5;

/// What is done with a code that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is kept for the next process, since this one may not live to see it approved.
    ForLater,
    /// It goes with this process.
    No,
}

impl SignIns<'_> {
    /// Shows a code and waits until it is approved, in the place of any sign-in there is. `show` is handed the code and its page.
    ///
    /// # Errors
    /// Where nobody approves it in time, or AWS refuses.
    pub fn with_code(&self, wanted: Wanted<'_>, keep: Keep, show: &dyn Fn(&PendingCode)) -> Result<()> {
        let name = SignInName::new(wanted.center);
        let start = Instant::now();
        let mut lock = self.lock(wanted, &name)?;
        let old = self.read(&name);
        let pending = match self.pending(&name) {
            Some(pending) => pending,
            None => self.new_code(wanted, old.as_ref())?,
        };
        if let (Keep::ForLater, Some(key)) = (keep, self.key) {
            self.warn_of_cache(self.context.cache.put_pending_code(key, &name, &pending));
        }
        show(&pending);
        let end = pending.expires_at.seconds_since(self.context.clock.now()).max(0).unsigned_abs();
        let limit = wanted.limit.map_or(Duration::MAX, |limit| limit.saturating_sub(start.elapsed()));
        let limit = limit.min(Duration::from_secs(end));
        match self.poll(wanted, &pending, limit, lock.as_mut()) {
            Ok(made) => {
                self.replace(wanted, &name, old.as_ref(), made);
                Ok(())
            }
            Err(Stop::Refused(error)) => {
                self.warn_of_cache(self.context.cache.remove_pending_code(&name));
                Err(refusal::not_signed_in(wanted, error))
            }
            Err(Stop::TimedOut) => {
                let text = format!(
                    "the code to sign in to {} was not approved within {} s",
                    wanted.center.start_url,
                    limit.as_secs()
                );
                let error = Error::new(Kind::NeedsHuman, text);
                Err(match keep {
                    Keep::ForLater => error
                        .hint(format!("approve it at {}, and try again", pending.verification_uri_complete))
                        .hint(login(wanted.name)),
                    Keep::No => error.hint(login(wanted.name)),
                })
            }
        }
    }

    /// The sign-in of a code that was shown before and is approved by now; none where there is none.
    ///
    /// # Errors
    /// Where another process holds the lock.
    pub(super) fn approved_meanwhile(&self, wanted: Wanted<'_>, name: &SignInName) -> Result<Option<SignIn>> {
        if self.pending(name).is_none() {
            return Ok(None);
        }
        let mut lock = self.lock(wanted, name)?;
        // Whoever held the lock may have seen it.
        let old = self.read(name);
        if let Some(made) = old.clone().filter(|made| !made.header.is_over(self.context.clock.now())) {
            return Ok(Some(made));
        }
        let Some(pending) = self.pending(name) else { return Ok(None) };
        self.keep_pace(lock.as_mut(), pending.interval);
        let grant = Grant::DeviceCode(&pending.device_code);
        match self.oidc(wanted.center).create_token(&pending.client, grant, self.context.clock.now()) {
            Ok(tokens) => {
                let now = self.context.clock.now();
                let made = SignIn::new(wanted.center, Flow::Device, pending.client, tokens, now);
                self.replace(wanted, name, old.as_ref(), made.clone());
                self.context.talk.explain("the code that was shown before has been approved");
                Ok(Some(made))
            }
            Err(error) => {
                if !error.is_pending() && !error.is_slow_down() && error.means_request_not_processed() {
                    self.warn_of_cache(self.context.cache.remove_pending_code(name));
                }
                Ok(None)
            }
        }
    }

    /// Waits until the code may be tried again, whichever process has tried it last: the lock has the time.
    fn keep_pace(&self, lock: Option<&mut Lock>, interval: u64) {
        let Some(lock) = lock else { return };
        let now = self.context.clock.uncorrected_millis();
        // One that lies ahead was noted by a clock that has been set back.
        let passed = lock.noted_time().filter(|last| *last <= now).map_or(u64::MAX, |last| now - last);
        let pause = (interval * 1000).saturating_sub(passed);
        self.context.clock.wait(Duration::from_millis(pause));
        lock.note_time(now + pause);
    }

    fn pending(&self, name: &SignInName) -> Option<PendingCode> {
        self.context.cache.pending_code(self.key?, name, self.context.clock.now())
    }

    /// Asks for a code. A registration that AWS has forgotten is made anew, once.
    fn new_code(&self, wanted: Wanted<'_>, old: Option<&SignIn>) -> Result<PendingCode> {
        let center = wanted.center;
        let oidc = self.oidc(center);
        let refused = |error| refusal::not_signed_in(wanted, error);
        let start_url = self.resolved_start_url(wanted)?;
        let register = || oidc.register_client(Flow::Device, &start_url, &center.scopes);
        let kept = old.and_then(|old| old.client(Flow::Device, self.context.clock.now())).cloned();
        let (client, started) = match kept {
            None => {
                let client = register().map_err(refused)?;
                let started = oidc.start_device_authorization(&client, &start_url);
                (client, started)
            }
            Some(client) => match oidc.start_device_authorization(&client, &start_url) {
                Err(error) if error.is_invalid_client() => {
                    let client = register().map_err(refused)?;
                    let started = oidc.start_device_authorization(&client, &start_url);
                    (client, started)
                }
                started => (client, started),
            },
        };
        let started = started.map_err(refused)?;
        Ok(PendingCode {
            expires_at: self.context.clock.now().plus(Duration::from_secs(started.expires_in)),
            device_code: started.device_code,
            user_code: started.user_code,
            verification_uri: started.verification_uri,
            verification_uri_complete: started.verification_uri_complete,
            interval: started.interval,
            client,
        })
    }

    /// Tries the code until it is approved. No answer is no reason to stop: a laptop that was closed goes on.
    fn poll(
        &self,
        wanted: Wanted<'_>,
        pending: &PendingCode,
        limit: Duration,
        mut lock: Option<&mut Lock>,
    ) -> std::result::Result<SignIn, Stop> {
        let oidc = self.oidc(wanted.center);
        let (start, mut interval) = (Instant::now(), Duration::from_secs(pending.interval));
        loop {
            let grant = Grant::DeviceCode(&pending.device_code);
            self.keep_pace(lock.as_deref_mut(), pending.interval);
            match oidc.create_token(&pending.client, grant, self.context.clock.now()) {
                Ok(tokens) => {
                    let (center, client, now) = (wanted.center, pending.client.clone(), self.context.clock.now());
                    return Ok(SignIn::new(center, Flow::Device, client, tokens, now));
                }
                Err(error) if error.is_slow_down() => interval += Duration::from_secs(SLOWER),
                Err(error) if error.is_pending() || error.is_throttled() => {}
                Err(AwsError::AnswerLost { .. } | AwsError::Unreachable { .. }) => {}
                Err(AwsError::Refused { status, .. }) if status >= 500 => {}
                Err(error) => return Err(Stop::Refused(error)),
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(Stop::TimedOut);
            }
            self.context.clock.wait(interval.min(left));
        }
    }
}

enum Stop {
    Refused(AwsError),
    TimedOut,
}
