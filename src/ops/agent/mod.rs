//! `keyfob agent`: which sessions it serves, and for how long. Its protocol and its client are below.
//!
//! What is decided here is decided on the agent's side, whatever is asked for.
#![cfg_attr(not(unix), allow(dead_code, reason = "an agent listens at a Unix socket"))]

#[cfg(unix)]
pub mod client;
pub mod protocol;

use std::time::Duration;

use crate::chain::base::{Signs, Whose};
use crate::chain::{Plan, Step};
use crate::credentials::{Credentials, Session};
use crate::duration;
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::timestamp::Timestamp;

/// The longest life of what is served, seconds.
pub const LONGEST: u32 = 3600;
/// AWS counts a session's life from its own clock and answers a little later.
const TOLERANCE: i64 = 60;

/// Checks that a plan leads to what is served: a session, of a role unless `allow_user_session`, never of root. `allow`: how
/// the agent is started so that it serves a user's.
///
/// # Errors
/// A key, root, or what is or may be a user's session (exit 2).
pub fn check(plan: &Plan, allow_user_session: bool, allow: impl FnOnce() -> Hint) -> Result<()> {
    let Plan { profile, base, .. } = plan;
    let refused = |why: String| Error::new(Kind::Usage, format!("an agent does not serve `{profile}`: {why}"));
    if plan.has_hops() {
        return Ok(());
    }
    if plan.steps.is_empty() && base.signs_as == Signs::Key {
        let error = refused("its credentials are an access key, and never a session".into());
        return Err(error.hint(run!("keyfob explain {}", profile).to("see why")).hint("serve a profile with a role"));
    }
    if base.is_root() {
        return Err(refused("its credentials are the root user's".into()).hint("serve a profile with a role"));
    }
    match whose(plan) {
        Whose::Role => Ok(()),
        Whose::User | Whose::Unknown if allow_user_session => Ok(()),
        Whose::User => Err(refused("it has no role, so its session can do all that the user may".into())
            .hint("serve a profile with a role")
            .hint(allow())),
        Whose::Unknown => Err(refused("its session may be a user's, which is not known before it is made".into())
            .hint("serve a profile with a role")
            .hint(allow())),
    }
}

/// Whose session a plan without a hop leads to.
fn whose(plan: &Plan) -> Whose {
    let is_of_key = plan.steps.iter().any(|step| matches!(step, Step::SessionToken(_) | Step::Federation(_)));
    if is_of_key { Whose::User } else { plan.base.whose }
}

/// The `--duration` to plan with, given the plan without one: none where that is short enough, or where the base decides.
///
/// # Errors
/// A wish for more than 1 h, or for more than the profile has (exit 2): a wish only shortens.
pub fn duration(plan: &Plan, wish: Option<u32>) -> Result<Option<u32>> {
    let natural = plan.life_seconds();
    let most = natural.unwrap_or(LONGEST).min(LONGEST);
    if let Some(wish) = wish.filter(|wish| *wish > most) {
        let (wish, most) = (text(wish.into()), text(most.into()));
        let what = format!("the agent serves sessions of `{}` for {most} at most, not for {wish}", plan.profile);
        return Err(Error::new(Kind::Usage, what));
    }
    Ok(wish.or(natural.is_some_and(|natural| natural > LONGEST).then_some(LONGEST)))
}

/// Checks credentials that were made by a plan of [`check`]: a session that lasts no longer than 1 h.
///
/// # Errors
/// A session without an end, or with a longer life than the plan could know of (exit 6).
pub fn check_made(profile: &str, credentials: &Credentials) -> Result<()> {
    let refused = |why: String| Err(Error::new(Kind::Config, format!("an agent does not serve `{profile}`: {why}")));
    let Credentials::Session(Session { session_token: Some(_), issued_at, expires_at, .. }) = credentials else {
        return refused("its credentials do not expire".into());
    };
    check_life(*issued_at, *expires_at).or_else(refused).map_err(|error| {
        error
            .hint("serve a profile with a role over it, or shorten the session where it is made (permission set, role)")
    })
}

/// Checks how long a session lasts; both sides do.
fn check_life(issued_at: Timestamp, expires_at: Timestamp) -> Result<(), String> {
    let life = expires_at.seconds_since(issued_at);
    let (is, most) = (text(life), text(LONGEST.into()));
    match life <= i64::from(LONGEST) + TOLERANCE {
        true => Ok(()),
        false => Err(format!("its session lasts {is}, and {most} is the most")),
    }
}

fn text(seconds: i64) -> String {
    duration::text(Duration::from_secs(seconds.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Request;
    use crate::chain::tests::{Input, ask};
    use crate::session_cache::sample::session;

    fn plan(config: &str, ask: Request) -> Plan {
        Input { config, stored: "b", ask, ..Input::default() }.plan().expect("a plan")
    }

    const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|mfa_serial = DEVICE";

    #[test]
    fn a_role_is_served_and_a_user_only_if_that_is_allowed_and_a_key_never() {
        let table = [
            (ROLE, "a", [true, true]),
            (ROLE, "b", [false, true]),
            ("[profile b]|keyfob_session = never", "b", [false, false]),
            ("[profile a]|credential_process = other", "a", [false, true]),
            (
                "[profile a]|role_arn = ROLE(A)|source_profile = c|[profile c]|credential_process = other",
                "a",
                [true, true],
            ),
            ("[profile a]|role_arn = ROLE(A)|web_identity_token_file = /t", "a", [true, true]),
        ];
        for (config, profile, expected) in table {
            let plan = plan(config, ask(profile));
            let is_served = |allowed| check(&plan, allowed, || "".into()).is_ok();
            assert_eq!([false, true].map(is_served), expected, "{config} {profile}");
        }
    }

    #[test]
    fn a_wish_only_shortens_and_nothing_is_planned_for_more_than_an_hour() {
        let long = ROLE.replace("source_profile", "duration_seconds = 43200|source_profile");
        let short = ROLE.replace("source_profile", "duration_seconds = 900|source_profile");
        for (config, wish, expected) in [
            (ROLE, None, Some(None)),
            (ROLE, Some(900), Some(Some(900))),
            (ROLE, Some(3601), None),
            (&long, None, Some(Some(3600))),
            (&long, Some(1800), Some(Some(1800))),
            (&long, Some(7200), None),
            (&short, None, Some(None)),
            (&short, Some(1800), None),
        ] {
            assert_eq!(duration(&plan(config, ask("a")), wish).ok(), expected, "{config} {wish:?}");
        }
    }

    #[test]
    fn what_turns_out_to_last_longer_is_not_served() {
        for (life, served) in [(900, true), (3600, true), (3660, true), (3661, false), (43_200, false)] {
            let made = Credentials::Session(session("ASIA1", 1000, life));
            assert_eq!(check_made("a", &made).is_ok(), served, "{life}");
        }
        let endless = Credentials::NoExpiry {
            access_key_id: "ASIA1".into(),
            secret_access_key: crate::secret::Secret::new("s".into()),
            session_token: Some(crate::secret::Secret::new("t".into())),
            account_id: None,
        };
        assert!(check_made("a", &endless).is_err());
    }
}
