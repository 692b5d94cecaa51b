//! What a plan does not say because it takes the cache to know it.

use crate::chain::explain::Facts;
use crate::chain::{Plan, SpentIn};
use crate::error::Result;
use crate::session_cache::SessionCache;
use crate::session_cache::seal::{Header, SessionKind};
use crate::sys::env::{Environment, vars};
use crate::timestamp::Timestamp;

/// Looks a plan's sessions up in the cache, by their clear headers; no sealing key is read.
///
/// # Errors
/// Where the cache folder cannot be read or trusted.
pub fn facts(plan: &Plan, cache: &SessionCache, env: &Environment, now: Timestamp) -> Result<Facts> {
    let cached_until = cache.cached_until(plan, now);
    let sessions = cache.list()?;
    let is_base_session = |header: &&Header| {
        header.kind == SessionKind::MfaSession && header.key_id == *plan.base.key.id() && header.expires_at > now
    };
    let session_cached_until = sessions
        .iter()
        .filter(is_base_session)
        .map(|header| header.expires_at)
        .max()
        .filter(|_| plan.session.is_some());
    let (needs_code, code_from) = match &plan.mfa {
        None => (false, None),
        Some(mfa) => {
            let spared = match mfa.spent_in {
                SpentIn::Session => cached_until.max(session_cached_until),
                SpentIn::Hop => cached_until,
            };
            let from = match (env.get(vars::KEYFOB_MFA_CODE), &mfa.process) {
                (Some(_), _) => format!("`{}`", vars::KEYFOB_MFA_CODE),
                (None, Some(_)) => format!("`mfa_process` of `{}`", mfa.profile),
                (None, None) => "the terminal".to_owned(),
            };
            (spared.is_none(), Some(from))
        }
    };
    Ok(Facts { cached_until, session_cached_until, needs_code, code_from })
}

/// When the cached credentials of a profile end: a session it asked for, of its own role where it has one.
pub fn session_expires(
    sessions: &[Header],
    profile: &str,
    role_arn: Option<&str>,
    now: Timestamp,
) -> Option<Timestamp> {
    let is_meant = |header: &&Header| {
        header.profiles.iter().any(|asked| asked == profile)
            && header.role_arn.as_deref() == role_arn
            && header.expires_at > now
    };
    sessions.iter().filter(is_meant).map(|header| header.expires_at).max()
}
