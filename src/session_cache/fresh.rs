//! When a cached session is fresh, and when it is still usable. Pure.

use std::time::Duration;

use crate::credentials::Credentials;
use crate::timestamp::Timestamp;

/// From when on credentials are worth renewing: as early as `credential-process` does it, which is before any SDK asks. None
/// where they never are. `min_ttl` as for [`Life::is_fresh`].
pub fn due(credentials: &Credentials, min_ttl: Option<u32>) -> Option<Timestamp> {
    let life = life(credentials)?;
    Some(min_ttl.map_or(life.fresh_until(), |least| life.expires_at.plus_seconds(1 - i64::from(least).max(USABLE))))
}

/// The `min_ttl` that asks for no more than the rule does, of credentials that live as long as these.
pub fn least_left(credentials: &Credentials) -> Option<u32> {
    u32::try_from(life(credentials)?.too_little() + 1).ok()
}

fn life(credentials: &Credentials) -> Option<Life> {
    match credentials {
        Credentials::Session(session) => Some(Life { issued_at: session.issued_at, expires_at: session.expires_at }),
        Credentials::Key { .. } | Credentials::NoExpiry { .. } => None,
    }
}

/// From when to when a session works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    pub issued_at: Timestamp,
    /// When AWS stops honouring it.
    pub expires_at: Timestamp,
}

/// The least life a session needs to be of any use.
const USABLE: i64 = 60;

/// How far beyond its whole life a session may seem to live before the clock is disbelieved: AWS allows requests
/// five minutes of skew (IAM User Guide, "Elements of a request signature").
const TOLERANCE: i64 = 5 * 60;

impl Life {
    /// Whether the session can be handed out without renewing it.
    ///
    /// While more than 20 min are left of a life of 1 h or more, 16 min of a life from 25 min to 1 h, a third of a
    /// shorter one. botocore refreshes with 15 min left and asks again at every use where it gets less (`credentials.py`,
    /// `_advisory_refresh_timeout`), so what is handed out has to outlast that.
    /// `min_ttl` takes the rule's place; below a minute it asks for a minute.
    pub fn is_fresh(self, now: Timestamp, min_ttl: Option<Duration>) -> bool {
        let Some(left) = self.left(now) else { return false };
        match min_ttl {
            Some(min_ttl) => left >= i64::try_from(min_ttl.as_secs()).unwrap_or(i64::MAX).max(USABLE),
            None => left > self.too_little(),
        }
    }

    /// The first moment at which it is no longer fresh by the rule.
    pub fn fresh_until(self) -> Timestamp {
        self.expires_at.plus_seconds(-self.too_little())
    }

    /// Whether the session still works: to sign the next hop, or to be handed out where it cannot be renewed.
    pub fn is_usable(self, now: Timestamp) -> bool {
        self.left(now).is_some_and(|left| left >= USABLE)
    }

    /// The first moment at which it is no longer usable.
    pub fn usable_until(self) -> Timestamp {
        self.expires_at.plus_seconds(1 - USABLE)
    }

    /// The most seconds left with which it is not fresh.
    fn too_little(self) -> i64 {
        match self.whole() {
            3600.. => 20 * 60,
            1500.. => 16 * 60,
            whole => (whole / 3).max(USABLE - 1),
        }
    }

    /// Seconds left, never more than the whole life; none where it has not begun, by more than the tolerance: then the
    /// clock has been set back, and nothing says how much of it is left.
    fn left(self, now: Timestamp) -> Option<i64> {
        let left = self.expires_at.seconds_since(now);
        (left <= self.whole().saturating_add(TOLERANCE)).then_some(left.min(self.whole()))
    }

    /// Seconds from its beginning to its end.
    fn whole(self) -> i64 {
        self.expires_at.seconds_since(self.issued_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Session;
    use crate::secret::Secret;

    const ISSUED: i64 = 1_700_000_000;

    fn life(seconds: i64) -> Life {
        Life { issued_at: Timestamp::from_unix(ISSUED), expires_at: Timestamp::from_unix(ISSUED + seconds) }
    }

    #[test]
    fn what_is_fresh_depends_on_the_whole_life() {
        // Life in minutes, and the seconds left from which a session is fresh no more.
        for (minutes, edge) in [
            (15, 300),
            (20, 400),
            (24, 480),
            (25, 960),
            (30, 960),
            (40, 960),
            (59, 960),
            (60, 1200),
            (12 * 60, 1200),
            (36 * 60, 1200),
        ] {
            let session = life(minutes * 60);
            let at = |left: i64| session.expires_at.plus_seconds(-left);
            assert!(session.is_fresh(at(edge + 1), None), "{minutes} min, {} s left", edge + 1);
            assert!(!session.is_fresh(at(edge), None), "{minutes} min, {edge} s left");
            assert!(session.is_usable(at(60)) && !session.is_usable(at(59)), "{minutes} min");
            assert_eq!((session.fresh_until(), session.usable_until()), (at(edge), at(59)), "{minutes} min");
            let credentials = Credentials::Session(Session {
                access_key_id: "ASIA1".to_owned(),
                secret_access_key: Secret::new(String::new()),
                session_token: None,
                issued_at: session.issued_at,
                expires_at: session.expires_at,
                account_id: None,
            });
            let least = least_left(&credentials).expect("it expires");
            assert_eq!(due(&credentials, None), due(&credentials, Some(least)), "{minutes} min");
            assert_eq!(due(&credentials, Some(2)), Some(session.usable_until()));
        }
    }

    #[test]
    fn min_ttl_takes_the_place_of_the_rule() {
        let session = life(3600);
        let at = |left: i64| session.expires_at.plus_seconds(-left);
        for (min_ttl, left, expected) in [
            (300, 300, true),
            (300, 299, false),
            (3000, 2999, false),
            (0, 60, true),
            (0, 59, false),
            (7200, 3600, false),
        ] {
            assert_eq!(session.is_fresh(at(left), Some(Duration::from_secs(min_ttl))), expected, "{min_ttl} {left}");
        }
    }

    #[test]
    fn a_clock_set_back_beyond_the_sessions_start_makes_it_a_miss() {
        let session = life(3600);
        let at = |before: i64| session.issued_at.plus_seconds(-before);
        assert!(session.is_fresh(at(300), None) && session.is_usable(at(300)));
        assert!(!session.is_fresh(at(301), None) && !session.is_usable(at(301)));
        assert!(!session.is_fresh(at(86_400), Some(Duration::ZERO)));
    }
}
