//! Signing out: at the portal, then here; of `aws login`, in AWS's own file.

use serde::Serialize;

use crate::aws::AwsError;
use crate::aws_login::{Service, SignIn, renew, revoke};
use crate::chain::base::login::{self, place};
use crate::chain::hosts;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::login::aws_login::{LONGEST_WAIT, no_home};
use crate::ops::login::targets::{CenterTarget, LoginTarget};
use crate::profile::Profiles;
use crate::session_cache::name::SessionName;
use crate::session_cache::seal::Header;
use crate::sign_in::{SignOut, Wanted, with_sign_ins};
use crate::sys::lock::holder_name;
use crate::timestamp::Timestamp;

/// The JSON of `logout`.
#[derive(Debug, Serialize)]
pub struct SignedOut {
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
pub fn logout(context: &Context<'_>, target: &CenterTarget) -> Result<SignedOut> {
    let Context { talk, clock, cache, .. } = *context;
    let CenterTarget { name, center } = target;
    let wanted = Wanted { center, name, limit: None };
    let SignOut { was_signed_in, id, ended, problem } = with_sign_ins(context, |sign_ins| sign_ins.sign_out(wanted))?;
    let url = &center.start_url;
    if !was_signed_in {
        talk.say(&format!("keyfob is not signed in to {url}"));
        return Ok(SignedOut {
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
    Ok(SignedOut { start_url: url.clone(), was_signed_in, ended_at_portal: ended, sessions_deleted, valid_until })
}

/// The JSON of `logout` from a sign-in of `aws login`.
#[derive(Debug, Serialize)]
pub struct SignedOutOf {
    profile: String,
    arn: Option<String>,
    was_signed_in: bool,
    /// Whether AWS has ended its session; false where it could not be told, or had ended before.
    ended_at_aws: bool,
    sessions_deleted: usize,
    /// Until when credentials stay valid that were issued before; none that keyfob knows of.
    valid_until: Option<Timestamp>,
}

/// Ends the sign-in at AWS, deletes it, and the sessions that were made from it.
///
/// A kill before the file is deleted leaves a sign-in that AWS may have ended; the same command again deletes it.
///
/// # Errors
/// Where a file stays.
pub fn logout_of_login(context: &Context<'_>, profiles: &Profiles<'_>, target: &LoginTarget) -> Result<SignedOutOf> {
    let Context { talk, clock, cache, human, .. } = *context;
    let LoginTarget { profile, arn } = target;
    let (Some(file), Some(arn)) = (target.file(context), arn) else {
        return Err(no_home());
    };
    let name = SessionName::of_base(&login::identity(arn));
    let waiting = |holder: Option<u32>| {
        human.waiting(&format!("waiting for {}, which is renewing the sign-in of `{profile}`", holder_name(holder)));
    };
    // A renewal that is under way would write the file again.
    let _lock = cache.lock(&name, LONGEST_WAIT, waiting);
    let sign_in = file.read().ok().flatten();
    let end = sign_in.as_ref().and_then(|sign_in| Some(sign_in.session()?.expires_at));
    let ended = sign_in.map(|sign_in| end_at_aws(context, profiles, profile, sign_in));
    let was_signed_in = file.remove().map_err(|error| {
        Error::new(Kind::Failed, format!("{} could not be deleted", file.path().display())).because(error)
    })?;
    let own = |header: &Header| header.base.is_login(arn);
    let ends = cache.list().unwrap_or_default().into_iter().filter(own).map(|header| header.expires_at).chain(end);
    let valid_until = ends.filter(|end| *end > clock.now()).max();
    let sessions_deleted = cache.remove_for_login(arn)?;
    if was_signed_in {
        let plural = if sessions_deleted == 1 { "" } else { "s" };
        match &ended {
            Some(Err(problem)) => talk.warn(&format!(
                "AWS could not be told, so the session lasts there for up to 12 hours, and nothing renews it: {problem}"
            )),
            Some(Ok(false)) => talk.explain("AWS lists no session, or several, that could be the one of this sign-in"),
            Some(Ok(true)) | None => {}
        }
        talk.say(&format!("signed out {arn}, and deleted {sessions_deleted} cached session{plural}"));
        talk.say(&match valid_until {
            Some(end) => format!("Credentials that were issued stay valid until they expire, the last at {end}."),
            None => "Credentials that other programs got from it stay valid until they expire.".to_owned(),
        });
    } else {
        talk.say(&format!("`{profile}` is not signed in"));
    }
    let (profile, arn, ended_at_aws) = (profile.clone(), Some(arn.clone()), matches!(ended, Some(Ok(true))));
    Ok(SignedOutOf { profile, arn, was_signed_in, ended_at_aws, sessions_deleted, valid_until })
}

/// Ends the session of a sign-in at AWS, with its own credentials: where they have expired, others are fetched for that alone.
/// Whether it was found. One that AWS does not renew has ended already.
fn end_at_aws(
    context: &Context<'_>,
    profiles: &Profiles<'_>,
    profile: &str,
    mut sign_in: SignIn,
) -> std::result::Result<bool, String> {
    let Context { http, clock, settings, env, paths, .. } = *context;
    let files = crate::config_file::file_names(paths);
    let target = place(profiles, env, &files, profile).map_err(|error| error.to_string())?.target;
    let region = sign_in.region().unwrap_or(&target.region).to_owned();
    let [tokens, sessions] = [hosts::sign_in(&target, &region)?, hosts::sign_in_sessions(&target, &region)?];
    let service = |endpoint| Service {
        http,
        clock,
        endpoint,
        ca_bundle: target.ca_bundle.as_deref(),
        limit: settings.call_timeout,
    };
    let works = sign_in.session().is_some_and(|session| session.expires_at > clock.now());
    match if works { Ok(()) } else { renew(&mut sign_in, &service(&tokens)) } {
        Ok(()) => revoke(&sign_in, &service(&sessions), &region).map_err(|error| error.to_string()),
        Err(AwsError::Refused { .. }) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}
