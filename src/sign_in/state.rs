//! What is known of a sign-in without opening it: whose it is, and until when it works.

use crate::chain::identity_center::{IdentityCenter, SignInState};
use crate::session_cache::SessionCache;
use crate::session_cache::sign_in::SignInName;
use crate::sign_in::cli_cache;
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

/// What is known of the sign-in to `center`. Nothing is opened, called or written.
pub fn state(cache: &SessionCache, env: &Environment, center: &IdentityCenter, now: Timestamp) -> SignInState {
    let own = cache.sign_in_header(&SignInName::new(center));
    if let Some(own) = own.filter(|own| !own.is_over(now)) {
        let certain_until = Some(own.expires_at).filter(|end| *end > now);
        let renewed = own.renewable && !own.refused;
        return SignInState { certain_until, renewed, due: !renewed };
    }
    let certain_until = cli_cache::token(env, center, now).map(|token| token.expires_at);
    SignInState { certain_until, renewed: false, due: true }
}

/// Whose sign-in is used now: its random id, a digest of the AWS CLI's token, or an empty text where there is none. It names
/// the sessions that are made from it, so that nobody is served another person's.
pub fn identity(cache: &SessionCache, env: &Environment, center: &IdentityCenter, now: Timestamp) -> String {
    let own = cache.sign_in_header(&SignInName::new(center));
    match own {
        Some(own) if !own.is_over(now) => own.id,
        own => match cli_cache::token(env, center, now) {
            Some(token) => token.id,
            // What was made from one that is over works until its own end.
            None => own.map_or_else(String::new, |own| own.id),
        },
    }
}
