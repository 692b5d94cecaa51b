//! How a base's credentials are made: one file per base, of the same name as in `chain/base`.
//!
//! May use what `ops` may. Only this and `chain/base` match on [`BaseSource`].

mod container;
mod environment;
mod instance;
mod key;
mod login;
mod process;
mod roles_anywhere;
mod sso;
mod web_identity;

pub use login::{login_state, renewed_just_now};

use std::time::Duration;

use serde::Deserialize;

use crate::aws::AwsError;
use crate::aws::http::{Answer, HttpRequest};
use crate::chain::base::BaseSource;
use crate::chain::base::web_identity::TokenSource;
use crate::chain::{Base, Plan};
use crate::credentials::{Credentials, Session, check_made};
use crate::error::{Error, Kind, Result};
use crate::mask;
use crate::ops::Context;
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::SessionCache;
use crate::sign_in;
use crate::sys::env::Environment;
use crate::sys::machine;
use crate::timestamp::Timestamp;

/// The credentials of a plan's base; `limit` is how long that may take, where it is shorter than the base's own limit, and
/// `min_ttl` the life that those of a base which renews its own must have left.
///
/// A web identity token stands where a session token does: it signs nothing.
///
/// # Errors
/// Where they cannot be made; each base says why.
pub(super) fn credentials(
    context: &Context,
    plan: &Plan,
    limit: Option<Duration>,
    min_ttl: Option<Duration>,
    prompt_limit: Option<Duration>,
) -> Result<Credentials> {
    match &plan.base.source {
        BaseSource::Stored(_) | BaseSource::Written { .. } => key::credentials(context, &plan.base),
        BaseSource::WrittenSession { id, account_id } => {
            let (secret_access_key, session_token) = context.keys.written(&plan.base.profile, id)?;
            let (access_key_id, account_id) = (id.clone(), account_id.clone());
            Ok(Credentials::NoExpiry { access_key_id, secret_access_key, session_token, account_id })
        }
        BaseSource::Environment => environment::credentials(context, &plan.base),
        BaseSource::Process { command, account_id } => {
            process::credentials(context, plan, command, account_id.as_deref(), limit)
        }
        BaseSource::WebIdentity { token, .. } => {
            let token = web_identity::token(context, plan, token, limit)?;
            Ok(Credentials::NoExpiry {
                access_key_id: String::new(),
                secret_access_key: Secret::new(String::new()),
                session_token: Some(token),
                account_id: None,
            })
        }
        // What is exchanged is read when it is.
        BaseSource::RolesAnywhere(_) => Ok(Credentials::NoExpiry {
            access_key_id: String::new(),
            secret_access_key: Secret::new(String::new()),
            session_token: None,
            account_id: None,
        }),
        BaseSource::Login { arn } => login::credentials(context, plan, arn, min_ttl),
        BaseSource::Instance { endpoint } => instance::credentials(context, plan, endpoint, limit),
        BaseSource::Container { url, token_file } => {
            container::credentials(context, plan, url, token_file.as_deref(), limit)
        }
        BaseSource::IdentityCenter(role) => sso::credentials(context, plan, role, limit, prompt_limit),
        BaseSource::Refused(error) => Err(error.as_ref().clone().into()),
    }
}

/// The certificate of a plan that starts from one, read and checked; none of another plan.
///
/// # Errors
/// As [`roles_anywhere::open`].
pub(super) fn certificate<'p>(
    context: &Context,
    plan: &'p Plan,
    prompt_limit: Option<Duration>,
) -> Result<Option<roles_anywhere::Opened<'p>>> {
    match &plan.base.source {
        BaseSource::RolesAnywhere(anchor) => roles_anywhere::open(context, plan, anchor, prompt_limit).map(Some),
        _ => Ok(None),
    }
}

/// Completes the identity of a base with what only this machine knows: which machine it is, and whose a token is. It is
/// read anew for each plan, so that nobody is served what was made for another.
pub fn identify(base: &mut Base, env: &Environment, cache: &SessionCache, now: Timestamp) {
    let claims = |path: &str| {
        let token = web_identity::read(path, env).ok()?;
        crate::chain::base::web_identity::claims(token.expose())
    };
    let parts = &mut base.identity.parts;
    match &base.source {
        BaseSource::Instance { .. } => parts.extend(machine::identity()),
        BaseSource::IdentityCenter(role) => parts.push(sign_in::identity(cache, env, &role.center, now)),
        BaseSource::WebIdentity { token: TokenSource::File(path), .. } => {
            if let Some(claims) = claims(path) {
                parts.splice(..1, claims);
            }
        }
        BaseSource::RolesAnywhere(anchor) => {
            if let Some(certificate) = roles_anywhere::identity(&anchor.certificate, env) {
                parts[0] = certificate;
            }
        }
        BaseSource::Container { token_file: Some(path), .. } => {
            parts.extend(claims(path).map(|[_, subject, _]| subject));
        }
        _ => {}
    }
}

/// Whether the base needs a person to sign in before it gives credentials; none where only AWS knows.
pub fn needs_sign_in(base: &Base, env: &Environment, now: Timestamp) -> Option<bool> {
    match &base.source {
        BaseSource::Login { arn } => login::needs_sign_in(env, arn, now),
        _ => Some(false),
    }
}

/// What instances and containers are served (EC2 User Guide, "Retrieve security credentials"; AWS SDKs and Tools Reference
/// Guide, "Container credential provider").
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Served {
    access_key_id: String,
    secret_access_key: Secret,
    token: Secret,
    expiration: String,
    account_id: Option<String>,
}

/// # Errors
/// What is wrong with it, without a word of it.
fn served_session(body: &SecretBytes, now: Timestamp) -> std::result::Result<Session, String> {
    // Security: the parser's own words may hold a piece of the text.
    let served: Served = serde_json::from_slice(body.expose()).map_err(|_| "it is not a credential document")?;
    let Served { access_key_id, secret_access_key, token, expiration, account_id } = served;
    check_made(&access_key_id, secret_access_key.expose(), Some(token.expose()))?;
    let expires_at = Timestamp::parse_lenient(&expiration).ok_or("its `Expiration` is not a time")?;
    let session_token = Some(token);
    Ok(Session { access_key_id, secret_access_key, session_token, issued_at: now, expires_at, account_id })
}

/// How often a server nearby is asked that does not answer, or has a failure of its own.
const ATTEMPTS: usize = 3;

/// Asks a server nearby, again while it fails.
fn ask(context: &Context, request: HttpRequest<'_>, limit: Option<Duration>) -> std::result::Result<Answer, AwsError> {
    let limit = limit.map_or(request.limit, |limit| limit.min(request.limit));
    let request = HttpRequest { limit, ..request };
    let mut last = context.http.send(&request);
    for _ in 1..ATTEMPTS {
        match &last {
            Ok(answer) if answer.status < 500 => return last,
            Err(AwsError::Setup(_)) => return last,
            Ok(_) | Err(_) => last = context.http.send(&request),
        }
    }
    last
}

/// An answer that is no credentials: the server's own code and message, if it gives them.
fn refused(what: &str, answer: &Answer) -> Error {
    let kind = if (400..500).contains(&answer.status) { Kind::Refused } else { Kind::Failed };
    let error = Error::new(kind, format!("{what} (status {})", answer.status));
    match (answer.text("code").or(answer.text("Code")), answer.text("message").or(answer.text("Message"))) {
        (None, None) => error,
        (code, message) => {
            let words: Vec<String> = [code, message].into_iter().flatten().collect();
            error.because(mask::in_one_line(&words.join(": ")))
        }
    }
}
