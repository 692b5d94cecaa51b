//! `prompt`: profile, account and the time that is left.

use crate::ops::whoami::Identity;
use crate::timestamp::Timestamp;
use crate::view::list::length;

/// With less left, seconds, it is urgent.
const LITTLE: i64 = 10 * 60;

/// The segment, and whether it is urgent; none for credentials that are of no profile.
pub fn segment(identity: &Identity, now: Timestamp) -> Option<(String, bool)> {
    let left = identity.expires.map(|at| at.seconds_since(now));
    let time = left.map(|left| if left > 0 { length(left) } else { "expired".to_owned() });
    let parts = [Some(identity.profile.clone()?), identity.account.clone(), time];
    Some((parts.into_iter().flatten().collect::<Vec<_>>().join(" "), left.is_some_and(|left| left < LITTLE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_urgent_in_the_last_ten_minutes() {
        let now = Timestamp::from_unix(1_700_000_000);
        let of = |left: Option<i64>| {
            let expires = left.map(|left| now.plus_seconds(left));
            let identity = Identity { account: Some("111122223333".into()), expires, ..Identity::named("prod") };
            segment(&identity, now)
        };
        let told = |text: &str, is_urgent| Some((text.to_owned(), is_urgent));
        assert_eq!(of(Some(600)), told("prod 111122223333 10m", false));
        assert_eq!(of(Some(599)), told("prod 111122223333 9m", true));
        assert_eq!(of(Some(0)), told("prod 111122223333 expired", true));
        assert_eq!(of(None), told("prod 111122223333", false));
        assert_eq!(segment(&Identity { profile: None, ..Identity::named("x") }, now), None);
    }
}
