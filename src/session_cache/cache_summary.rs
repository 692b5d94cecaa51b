//! What the headers of cached sessions say about a profile or a plan, for `list` and `explain`. Pure.
//!
//! Sessions are found by profile, role and key here, without the sealing key: after an edit of, say, an external id it may
//! be one that is used no more. What is handed out is always found by its whole name.

use crate::chain::{Hop, Plan, SpentIn};
use crate::session_cache::seal::{BaseId, Header, SessionKind};
use crate::timestamp::Timestamp;

/// What is cached for a plan, and what the next run of it would need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheSummary {
    /// When the session that would be handed out ends.
    pub cached_until: Option<Timestamp>,
    /// When the cached session of GetSessionToken ends.
    pub session_cached_until: Option<Timestamp>,
    /// When the cached session of each hop ends, first to last.
    pub hops_cached_until: Vec<Option<Timestamp>>,
    /// Whether the next run needs an MFA code.
    pub needs_code: bool,
}

/// When the last session handed out to `profile` ends; `None` where it has.
pub fn cached_until(headers: &[Header], profile: &str, now: Timestamp) -> Option<Timestamp> {
    latest(headers, now, |header| is_one_of(profile, &header.handed_to)).map(|header| header.expires_at)
}

/// What is cached for `plan`.
pub fn summary(headers: &[Header], plan: &Plan, now: Timestamp) -> CacheSummary {
    let role_arn = plan.hops().last().map(|hop| &hop.role_arn);
    // A device that has been named since, or taken away, makes it another session.
    let session_kind = if plan.mfa.is_some() { SessionKind::MfaSession } else { SessionKind::Session };
    let last_kind = if plan.has_hops() { SessionKind::Hop } else { session_kind };
    let last = latest(headers, now, |header| {
        is_one_of(&plan.profile, &header.handed_to)
            && header.kind == last_kind
            && header.role_arn.as_ref() == role_arn
            && has_length(plan.hops().last(), header)
            && accepts(plan, header, now)
    });
    let on_the_way = |hop: &Hop| {
        latest(headers, now, |header| {
            let ours = [&hop.profile, &plan.profile].into_iter().any(|profile| is_one_of(profile, &header.profiles));
            let is_this = header.kind == SessionKind::Hop && header.role_arn.as_ref() == Some(&hop.role_arn);
            is_this && ours && has_length(Some(hop), header)
        })
    };
    let base = BaseId::new(&plan.base);
    let until = |header: Option<&Header>| header.map(|header| header.expires_at);
    let mut hops_cached_until: Vec<_> = plan.hops().map(|hop| until(on_the_way(hop))).collect();
    if let Some(of_last) = hops_cached_until.last_mut() {
        *of_last = until(last);
    }
    let session = plan.session().and_then(|_| {
        latest(headers, now, |header| {
            let ours = header.base == base || is_one_of(&plan.profile, &header.profiles);
            header.kind == session_kind && ours && accepts(plan, header, now)
        })
    });
    let signer_is_there = match plan.mfa.as_ref().map(|mfa| mfa.spent_in) {
        None => true,
        Some(SpentIn::Session) => plan.has_hops() && session.is_some_and(|header| header.life().is_usable(now)),
        Some(SpentIn::Hop) => false,
    };
    CacheSummary {
        cached_until: until(last),
        session_cached_until: until(session),
        hops_cached_until,
        needs_code: !signer_is_there && !last.is_some_and(|header| header.life().is_fresh(now, None)),
    }
}

/// Whether a session is not an MFA session older than the plan takes.
pub(crate) fn accepts(plan: &Plan, header: &Header, now: Timestamp) -> bool {
    match (header.kind, plan.mfa_max_age_seconds) {
        (SessionKind::MfaSession, Some(most)) => now.seconds_since(header.issued_at) <= i64::from(most),
        (SessionKind::MfaSession, None) | (SessionKind::Session | SessionKind::Hop, _) => true,
    }
}

/// How far from what was asked a session's life may seem, seconds: its start is known by the date of AWS's answer.
const LENGTH_TOLERANCE: i64 = 60;

/// Whether a hop's session lives for as long as the plan asks: one of another length is another session.
fn has_length(hop: Option<&Hop>, header: &Header) -> bool {
    let life = header.expires_at.seconds_since(header.issued_at);
    match (header.kind, hop) {
        (SessionKind::Hop, Some(hop)) => (life - i64::from(hop.duration_seconds)).abs() <= LENGTH_TOLERANCE,
        (SessionKind::Hop | SessionKind::MfaSession | SessionKind::Session, _) => true,
    }
}

fn latest(headers: &[Header], now: Timestamp, is_meant: impl Fn(&Header) -> bool) -> Option<&Header> {
    headers.iter().filter(|header| header.expires_at > now && is_meant(header)).max_by_key(|header| header.expires_at)
}

fn is_one_of(profile: &str, profiles: &[String]) -> bool {
    profiles.iter().any(|known| known == profile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session_cache::sample;

    const NOW: i64 = 1_700_000_000;

    fn header(kind: SessionKind, profile: &str, role_arn: Option<&str>, left: i64) -> Header {
        let handed_out = kind == SessionKind::Hop;
        Header {
            kind,
            base: sample::base_id(),
            profiles: vec![profile.into()],
            handed_to: handed_out.then(|| profile.into()).into_iter().collect(),
            role_arn: role_arn.map(str::to_owned),
            issued_at: Timestamp::from_unix(NOW + left - if handed_out { 3600 } else { 43_200 }),
            expires_at: Timestamp::from_unix(NOW + left),
            clock_offset: 0,
        }
    }

    #[test]
    fn a_plan_learns_what_is_cached_and_whether_a_code_is_needed() {
        let plan = sample::plan("deploy", &["a"]);
        let role = sample::hops(&plan)[0].role_arn.clone();
        let mfa = |left| header(SessionKind::MfaSession, "other", None, left);
        let hop = |profile, role: &str, left| header(SessionKind::Hop, profile, Some(role), left);
        let other_key = Header { base: BaseId { id: "AKIAOTHER00000000000".into(), ..sample::base_id() }, ..mfa(900) };
        for (headers, hop_left, session_left, needs_code) in [
            (vec![], None, None, true),
            (vec![mfa(900)], None, Some(900), false),
            (vec![mfa(59)], None, Some(59), true),
            (vec![mfa(0)], None, None, true),
            (vec![other_key], None, None, true),
            (vec![hop("deploy", &role, 1201)], Some(1201), None, false),
            (vec![hop("deploy", &role, 1200)], Some(1200), None, true),
            (vec![hop("deploy", &role, 100), hop("deploy", &role, 200), mfa(300)], Some(200), Some(300), false),
            (vec![hop("other", &role, 1800)], None, None, true),
            (
                vec![Header { issued_at: Timestamp::from_unix(NOW - 12_600), ..hop("deploy", &role, 1800) }],
                None,
                None,
                true,
            ),
            (vec![hop("deploy", "arn:aws:iam::210987654321:role/old", 1800)], None, None, true),
        ] {
            let seen = summary(&headers, &plan, Timestamp::from_unix(NOW));
            let until = |left: Option<i64>| left.map(|left| Timestamp::from_unix(NOW + left));
            let expected = CacheSummary {
                cached_until: until(hop_left),
                session_cached_until: until(session_left),
                hops_cached_until: vec![until(hop_left)],
                needs_code,
            };
            assert_eq!(seen, expected, "{headers:?}");
        }
    }

    #[test]
    fn each_hop_on_the_way_is_looked_for_by_its_role_and_length() {
        let plan = sample::plan("deploy", &["a", "b", "c"]);
        let role = |number: usize| Some(sample::hops(&plan)[number].role_arn.as_str());
        let headers = [
            header(SessionKind::Hop, "deploy", role(0), 100),
            // Made for the profile of the hop itself.
            header(SessionKind::Hop, "b", role(1), 200),
            header(SessionKind::Hop, "stranger", role(1), 300),
            header(SessionKind::Hop, "stranger", role(2), 400),
        ];
        let until = |left: i64| Some(Timestamp::from_unix(NOW + left));
        let seen = summary(&headers, &plan, Timestamp::from_unix(NOW));
        assert_eq!(seen.hops_cached_until, [until(100), until(200), None]);
        let longer = Header { issued_at: Timestamp::from_unix(NOW - 7200), ..headers[0].clone() };
        assert_eq!(summary(&[longer], &plan, Timestamp::from_unix(NOW)).hops_cached_until, [None; 3]);
    }

    #[test]
    fn an_mfa_session_that_is_too_old_for_a_plan_does_not_count() {
        let mut plan = sample::plan("deploy", &["a"]);
        plan.mfa_max_age_seconds = Some(900);
        let headers = [header(SessionKind::MfaSession, "deploy", None, 40_000)];
        let seen = summary(&headers, &plan, Timestamp::from_unix(NOW));
        assert_eq!(seen, CacheSummary { needs_code: true, hops_cached_until: vec![None], ..CacheSummary::default() });
    }

    #[test]
    fn a_session_from_before_a_device_was_named_does_not_count() {
        let plan = sample::plan("work", &[]);
        for (kind, expected) in [(SessionKind::Session, None), (SessionKind::MfaSession, Some(40_000))] {
            let handed = Header { handed_to: vec!["work".into()], ..header(kind, "work", None, 40_000) };
            let seen = summary(&[handed], &plan, Timestamp::from_unix(NOW));
            assert_eq!(seen.cached_until, expected.map(|left| Timestamp::from_unix(NOW + left)), "{kind:?}");
            assert_eq!(seen.needs_code, expected.is_none(), "{kind:?}");
        }
    }

    #[test]
    fn a_profile_is_found_by_what_was_handed_to_it_and_not_by_what_it_went_through() {
        let headers = [
            header(SessionKind::MfaSession, "deploy", None, 40_000),
            header(SessionKind::Hop, "deploy", Some("role/a"), 3600),
        ];
        let now = Timestamp::from_unix(NOW);
        assert_eq!(cached_until(&headers, "deploy", now), Some(Timestamp::from_unix(NOW + 3600)));
        assert_eq!(cached_until(&headers, "other", now), None);
    }
}
