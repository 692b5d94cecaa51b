//! Signing out: at the portal, then here.

use serde::Serialize;

use crate::error::Result;
use crate::ops::Context;
use crate::ops::login::targets::Target;
use crate::sign_in::{SignOut, Wanted, with_sign_ins};
use crate::timestamp::Timestamp;

/// The JSON of `logout`.
#[derive(Debug, Serialize)]
pub struct SignedOut {
    version: u32,
    start_url: String,
    /// Whether there was a sign-in of keyfob's.
    was_signed_in: bool,
    /// Whether the portal has ended its session; false where it could not be told, or had ended before.
    ended_at_portal: bool,
    sessions_deleted: usize,
    /// Until when credentials stay valid that were issued before; none that keyfob knows of.
    valid_until: Option<Timestamp>,
}

/// Ends the portal's session, deletes the sign-in, and the sessions that were made from it.
///
/// # Errors
/// Where a file stays.
pub fn logout(context: &Context<'_>, target: &Target) -> Result<SignedOut> {
    let Context { talk, clock, cache, .. } = *context;
    let Target { name, center } = target;
    let wanted = Wanted { center, name, limit: None };
    let SignOut { was_signed_in, id, ended, problem } = with_sign_ins(context, |sign_ins| sign_ins.sign_out(wanted))?;
    let url = &center.start_url;
    if !was_signed_in {
        talk.say(&format!("keyfob is not signed in to {url}"));
        return Ok(SignedOut {
            version: 1,
            start_url: url.clone(),
            was_signed_in,
            ended_at_portal: false,
            sessions_deleted: 0,
            valid_until: None,
        });
    }
    let made = |base: &crate::session_cache::seal::BaseId| base.kind == "sso" && base.id.ends_with(&id);
    let headers = cache.list().unwrap_or_default();
    let ends = headers.iter().filter(|header| made(&header.base)).map(|header| header.expires_at);
    let valid_until = ends.filter(|end| *end > clock.now()).max();
    let sessions_deleted = cache.remove_for_sign_in(&id)?;
    if let Some(problem) = problem {
        talk.warn(&format!("the portal could not be told, so its session lasts until its own end: {problem}"));
    }
    let plural = if sessions_deleted == 1 { "" } else { "s" };
    talk.say(&format!("signed out of {url}, and deleted {sessions_deleted} cached session{plural}"));
    talk.say(&match valid_until {
        Some(end) => format!("Credentials that were issued stay valid until they expire, the last at {end}."),
        None => "Credentials that other programs got from it stay valid until they expire.".to_owned(),
    });
    Ok(SignedOut {
        version: 1,
        start_url: url.clone(),
        was_signed_in,
        ended_at_portal: ended,
        sessions_deleted,
        valid_until,
    })
}
