//! A web identity token: read or asked for each time it is exchanged.

use std::time::Duration;

use crate::aws::http::{HttpRequest, without_query};
use crate::chain::Plan;
use crate::chain::base::web_identity::TokenSource;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::ops::resolve::base::{process, refused};
use crate::secret::Secret;
use crate::sys::env::{Environment, vars};
use crate::sys::{files, paths};

/// # Errors
/// A file that is missing or holds no token (exit 6), a program that fails (1), a refusal of GitHub's (4).
pub(super) fn token(context: &Context, plan: &Plan, source: &TokenSource, limit: Option<Duration>) -> Result<Secret> {
    let profile = &plan.base.profile;
    match source {
        TokenSource::File(path) => read(path, context.env).map_err(|problem| {
            Error::new(Kind::Config, format!("the token file of `{profile}`, {problem}"))
                .hint(run!("keyfob explain {}", profile).to("show the setting that names it"))
        }),
        TokenSource::Process(command) => {
            let answer = process::output(context, plan, command, limit)?;
            one_token(answer.stdout.expose()).ok_or_else(|| process::failed(plan, "what it printed is not one token"))
        }
        TokenSource::GitHub { audience } => of_workflow(context, profile, audience, limit),
    }
}

/// Reads a token out of its file, blanks around it dropped, as botocore does.
///
/// # Errors
/// What is wrong with the file, as the end of a sentence.
pub(super) fn read(path: &str, env: &Environment) -> std::result::Result<Secret, String> {
    let text =
        files::read(&paths::in_setting(path, env)).map_err(|error| format!("`{path}`, cannot be read: {error}"))?;
    one_token(&text).ok_or_else(|| format!("`{path}`, holds no token"))
}

fn one_token(text: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(text).ok()?.trim();
    (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| Secret::new(text.to_owned()))
}

/// The token of the GitHub workflow that keyfob runs in (GitHub Docs, "OpenID Connect reference").
fn of_workflow(context: &Context, profile: &str, audience: &str, limit: Option<Duration>) -> Result<Secret> {
    let variable = |name| context.env.get(name).unwrap_or_default();
    let audience: String =
        percent_encoding::utf8_percent_encode(audience, percent_encoding::NON_ALPHANUMERIC).collect();
    let url = variable(vars::ACTIONS_ID_TOKEN_REQUEST_URL);
    let separator = if url.contains('?') { '&' } else { '?' };
    let full = format!("{url}{separator}audience={audience}");
    let bearer = format!("bearer {}", variable(vars::ACTIONS_ID_TOKEN_REQUEST_TOKEN));
    let most = context.settings.call_timeout;
    let request = HttpRequest {
        method: "GET",
        url: &full,
        headers: &[("authorization", &bearer), ("accept", "application/json")],
        body: "",
        is_nearby: false,
        ca_bundle: None,
        limit: limit.map_or(most, |limit| limit.min(most)),
    };
    let what = format!("GitHub gave no token to `{profile}`");
    let permission = "give the job the permission `id-token: write`";
    let answer = context.http.send(&request).map_err(|error| {
        Error::new(Kind::Failed, format!("{what}: no answer from {}", without_query(url))).because(error)
    })?;
    match answer.text("value") {
        Some(token) if answer.status == 200 && !token.is_empty() => Ok(Secret::new(token)),
        _ => Err(refused(&what, &answer).hint(permission)),
    }
}
