//! Sessions in the cache, as a run finds, serves and keeps them.

use std::time::Duration;

use crate::credentials::Session;
use crate::duration;
use crate::error::{Error, Result};
use crate::ops::Context;
use crate::ops::resolve::{Need, Obtained, Run, sealing::store_of};
use crate::session_cache::CachedSession;
use crate::session_cache::cache_summary::accepts;
use crate::session_cache::inspection::kind_of;
use crate::session_cache::name::SessionName;
use crate::session_cache::seal::{BaseId, Header};
use crate::session_cache::sealing_key::SealingKey;
use crate::timestamp::Timestamp;

/// From how many seconds on a clock that is ahead of AWS's would make sessions be renewed noticeably early.
const AHEAD: i64 = 60;

impl Run<'_> {
    /// The cached session of a step, where it works and this profile accepts it.
    pub(super) fn look(&self, key: &SealingKey, name: &SessionName) -> Option<CachedSession> {
        let cached = match self.context.cache.get(key, name) {
            Ok(cached) => cached?,
            Err(error) => {
                self.warn_of(Err(error));
                return None;
            }
        };
        let now = self.now_for(&cached.header);
        if accepts(self.plan, &cached.header, now) && cached.life().is_usable(now) {
            return Some(cached);
        }
        let as_then = self.context.clock.uncorrected().plus_seconds(cached.header.clock_offset);
        if cached.header.clock_mark.is_none() && cached.life().is_usable(as_then) && !cached.life().is_usable(now) {
            let ahead = duration::text(Duration::from_secs(cached.header.clock_offset.unsigned_abs()));
            self.warn_once(&format!(
                "the cached session of `{}` is not used: this machine's clock, {ahead} ahead of AWS's when the session was \
                 made, says it has expired",
                self.plan.profile
            ));
        }
        None
    }

    pub(super) fn suffices(&self, cached: &CachedSession, need: Need) -> bool {
        match need {
            Need::Fresh => cached.life().is_fresh(self.now_for(&cached.header), self.options.min_ttl),
            Need::Usable => true,
            Need::Replacement(refused) => cached.session.access_key_id != refused,
        }
    }

    fn now_for(&self, header: &Header) -> Timestamp {
        CachedSession::now_for(header, self.context.clock)
    }

    pub(super) fn keep(&self, key: &SealingKey, name: &SessionName, index: usize, session: &Session) {
        let Context { cache, clock, .. } = *self.context;
        let (kind, role_arn) = kind_of(self.plan, &self.plan.steps[index]);
        // Whoever shared the session that ended will share this one.
        let profiles = match cache.get(key, name) {
            Ok(Some(old)) => old.header.profiles,
            Ok(None) | Err(_) => Vec::new(),
        };
        let mut header = Header {
            kind,
            base: BaseId::new(&self.plan.base),
            profiles,
            role_arn: role_arn.map(str::to_owned),
            issued_at: session.issued_at,
            expires_at: session.expires_at,
            clock_offset: clock.offset_seconds(),
            clock_mark: (clock.offset_seconds() <= -AHEAD).then(|| clock.mark()).flatten(),
            digest: store_of(self.plan).and_then(|store| cache.digest(store, self.plan, index)),
        };
        header.note(&self.plan.profile);
        self.warn_of(cache.put(key, name, &CachedSession { header, session: session.clone() }));
        cache.sweep(clock.now());
    }

    /// Writes this profile into the header of a session another one made, so that `list` and `clear` know of it.
    ///
    /// Left for the next time where somebody holds the lock or the folder cannot be written: the session is good.
    pub(super) fn note_use(&self, key: &SealingKey, name: &SessionName, cached: &CachedSession) {
        let cache = self.context.cache;
        let note = |header: &mut Header| header.note(&self.plan.profile);
        if !note(&mut cached.header.clone()) {
            return;
        }
        let Ok(_lock) = cache.lock(name, Duration::ZERO, |_| {}) else { return };
        if let Ok(Some(mut cached)) = cache.get(key, name)
            && note(&mut cached.header)
        {
            let _ = cache.put(key, name, &cached);
        }
    }

    /// Hands out a session that could not be renewed, unless it has run out meanwhile.
    pub(super) fn serve_old(&self, cached: CachedSession, error: Error) -> Result<Obtained> {
        if !cached.life().is_usable(self.now_for(&cached.header)) {
            return Err(error);
        }
        let profile = &self.plan.profile;
        let until = cached.session.expires_at;
        self.context
            .talk
            .warn(&format!("the session of `{profile}` expires at {until} and could not be renewed: {error}"));
        Ok(Obtained::cached(cached.session))
    }
}
