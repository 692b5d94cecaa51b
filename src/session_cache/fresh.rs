//! When a cached session is fresh, and when it is still usable. Pure.

use std::time::Duration;

use crate::credentials::Session;
use crate::timestamp::Timestamp;

/// The least life a session needs to be of any use.
const USABLE: i64 = 60;

/// How far beyond its whole life a session may seem to live before the clock is disbelieved: AWS allows requests
/// five minutes of skew (IAM User Guide, "Elements of a request signature").
const TOLERANCE: i64 = 5 * 60;

/// Seconds of life left, never more than its whole life; none where it has not begun, by more than the tolerance: then
/// the clock has been set back, and nothing says how much of it is left.
fn left(session: &Session, now: Timestamp) -> Option<i64> {
    let life = life(session);
    let left = session.expires_at.seconds_since(now);
    (left <= life.saturating_add(TOLERANCE)).then_some(left.min(life))
}

/// The whole life, seconds.
fn life(session: &Session) -> i64 {
    session.expires_at.seconds_since(session.issued_at)
}

/// Whether a session can be handed out without renewing it.
///
/// While more than 20 min are left of a life of 1 h or more, 16 min of a life from 25 min to 1 h, a third of a shorter
/// one. botocore refreshes with 15 min left and asks again at every use where it gets less (`credentials.py`,
/// `_advisory_refresh_timeout`), so what is handed out has to outlast that.
/// `min_ttl` takes the rule's place; below a minute it asks for a minute.
pub fn is_fresh(session: &Session, now: Timestamp, min_ttl: Option<Duration>) -> bool {
    let life = life(session);
    let Some(left) = left(session, now) else { return false };
    match min_ttl {
        Some(min_ttl) => left >= i64::try_from(min_ttl.as_secs()).unwrap_or(i64::MAX).max(USABLE),
        None if life >= 3600 => left > 20 * 60,
        None if life >= 25 * 60 => left > 16 * 60,
        None => left > life / 3 && left >= USABLE,
    }
}

/// Whether a session still works: to sign the next hop, or to be handed out where it cannot be renewed.
pub fn is_usable(session: &Session, now: Timestamp) -> bool {
    left(session, now).is_some_and(|left| left >= USABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const ISSUED: i64 = 1_700_000_000;

    fn session(life: i64) -> Session {
        Session {
            access_key_id: "ASIAFAKE".into(),
            secret_access_key: Secret::new("fake-secret".into()),
            session_token: Secret::new("fake-token".into()),
            issued_at: Timestamp::from_unix(ISSUED),
            expires_at: Timestamp::from_unix(ISSUED + life),
            account_id: None,
        }
    }

    #[test]
    fn what_is_fresh_depends_on_the_whole_life() {
        // Life in minutes, and the seconds left from which a session is fresh no more.
        for (life, edge) in [
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
            let session = session(life * 60);
            let at = |left: i64| session.expires_at.plus_seconds(-left);
            assert!(is_fresh(&session, at(edge + 1), None), "{life} min, {} s left", edge + 1);
            assert!(!is_fresh(&session, at(edge), None), "{life} min, {edge} s left");
            assert!(is_usable(&session, at(60)) && !is_usable(&session, at(59)), "{life} min");
        }
    }

    #[test]
    fn min_ttl_takes_the_place_of_the_rule() {
        let session = session(3600);
        let at = |left: i64| session.expires_at.plus_seconds(-left);
        for (min_ttl, left, expected) in [
            (300, 300, true),
            (300, 299, false),
            (3000, 2999, false),
            (0, 60, true),
            (0, 59, false),
            (7200, 3600, false),
        ] {
            assert_eq!(is_fresh(&session, at(left), Some(Duration::from_secs(min_ttl))), expected, "{min_ttl} {left}");
        }
    }

    #[test]
    fn a_clock_set_back_beyond_the_sessions_start_makes_it_a_miss() {
        let session = session(3600);
        let at = |before: i64| session.issued_at.plus_seconds(-before);
        assert!(is_fresh(&session, at(300), None) && is_usable(&session, at(300)));
        assert!(!is_fresh(&session, at(301), None) && !is_usable(&session, at(301)));
        assert!(!is_fresh(&session, at(86_400), Some(Duration::ZERO)));
    }
}
