//! The role of a container: ECS, EKS Pod Identity, or any server that speaks like them.

use std::time::Duration;

use crate::aws::AwsError;
use crate::aws::http::HttpRequest;
use crate::chain::Plan;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::resolve::base::{ask, refused, served_session, web_identity};
use crate::sys::env::vars;

/// How long one request may take; the SDKs wait between one and seven seconds.
const LIMIT: Duration = Duration::from_secs(5);

/// # Errors
/// A token that cannot be read (exit 6), a refusal (4), no answer or one without credentials (1).
pub(super) fn credentials(
    context: &Context,
    plan: &Plan,
    url: &str,
    token_file: Option<&str>,
    limit: Option<Duration>,
) -> Result<Credentials> {
    let profile = &plan.base.profile;
    // Read anew for each request: EKS replaces it.
    let token = match (token_file, context.env.get(vars::AWS_CONTAINER_AUTHORIZATION_TOKEN)) {
        (Some(path), _) => Some(web_identity::read(path, context.env).map_err(|problem| {
            let name = vars::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
            Error::new(Kind::Config, format!("the file in `{name}`, {problem}"))
        })?),
        (None, Some(token)) if token.contains(['\r', '\n']) => {
            let name = vars::AWS_CONTAINER_AUTHORIZATION_TOKEN;
            return Err(Error::new(Kind::Config, format!("`{name}` has more than one line")));
        }
        (None, token) => token.map(|token| crate::secret::Secret::new(token.to_owned())),
    };
    let authorization = token.as_ref().map(|token| ("authorization", token.expose()));
    let headers: Vec<_> = authorization.into_iter().chain([("accept", "application/json")]).collect();
    let is_nearby = url.starts_with("http://");
    let request =
        HttpRequest { method: "GET", url, headers: &headers, body: "", is_nearby, ca_bundle: None, limit: LIMIT };
    // What follows the host may be all that protects the credentials.
    let place = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let answer = ask(context, request, limit).map_err(|error| match error {
        AwsError::Setup(problem) => Error::new(Kind::Config, problem),
        error => Error::new(Kind::Failed, format!("{place}, which gives `{profile}` its credentials, does not answer"))
            .because(error)
            .hint("check that the task has a role, or that the EKS Pod Identity Agent runs on the node"),
    })?;
    if answer.status != 200 {
        return Err(refused(&format!("{place} gives `{profile}` no credentials"), &answer)
            .hint("check the role of the task or of the pod's service account, and its trust policy"));
    }
    let now = context.clock.now();
    let failed = |problem: String| Error::new(Kind::Failed, format!("{place} answers with no credentials: {problem}"));
    let session = served_session(&answer.body, now).map_err(failed)?;
    if session.expires_at <= now {
        return Err(failed(format!("they expired at {}", session.expires_at)));
    }
    Ok(Credentials::Session(session))
}
