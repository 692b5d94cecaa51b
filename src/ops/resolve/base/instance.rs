//! The role of an EC2 instance, by version 2 of its metadata service; version 1 is never asked.

use std::time::Duration;

use crate::aws::AwsError;
use crate::aws::http::{Answer, HttpRequest};
use crate::chain::Plan;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::ops::resolve::base::{ask, refused, served_session};

/// How long one request may take: as long as the SDK for Rust lets it.
const LIMIT: Duration = Duration::from_secs(1);

/// The longest life of a token (EC2 User Guide, "How Instance Metadata Service Version 2 works"); it is used at once.
const TOKEN_SECONDS: &str = "21600";

/// How long credentials are used that the service serves after their end: while it has an outage they are still accepted, and
/// the SDKs move their end (botocore `utils.py`, `_evaluate_expiration`). SDKs that keyfob serves ask again at 15 min left.
const MOVED_SECONDS: i64 = 21 * 60;

/// The life such credentials are given: of 26 min, a session is fresh while more than 16 are left, so these are kept 5 min and
/// asked for again.
const LIFE_SECONDS: i64 = 26 * 60;

struct Metadata<'a> {
    context: &'a Context<'a>,
    profile: &'a str,
    endpoint: &'a str,
    limit: Option<Duration>,
}

/// # Errors
/// No answer, no role (exit 1), or a refusal.
pub(super) fn credentials(
    context: &Context,
    plan: &Plan,
    endpoint: &str,
    limit: Option<Duration>,
) -> Result<Credentials> {
    let profile = &plan.base.profile;
    let metadata = Metadata { context, profile, endpoint, limit };
    let mut token = metadata.token()?;
    let mut get = |path: &str| -> Result<Answer> {
        let path = format!("/latest/meta-data/iam/security-credentials/{path}");
        let mut answer = metadata.get(&path, &token)?;
        if answer.status == 401 {
            token = metadata.token()?;
            answer = metadata.get(&path, &token)?;
        }
        Ok(answer)
    };
    let roles = get("")?;
    let role = String::from_utf8_lossy(roles.body.expose()).lines().next().unwrap_or_default().trim().to_owned();
    if roles.status == 404 || (roles.status == 200 && role.is_empty()) {
        let message = format!("this EC2 instance has no role, which `{profile}` gets its credentials from");
        return Err(Error::new(Kind::Failed, message).hint("attach an instance profile with a role to it"));
    }
    if roles.status != 200 {
        return Err(refused("the instance metadata service does not name a role", &roles));
    }
    let answer = get(&role)?;
    let code = answer.text("Code");
    if answer.status != 200 || code.as_deref().is_some_and(|code| code != "Success") {
        let error =
            refused(&format!("the instance metadata service gives no credentials of the role `{role}`"), &answer);
        return Err(
            error.hint("check the role of the instance profile and its trust policy: it must trust ec2.amazonaws.com")
        );
    }
    let now = context.clock.now();
    let mut session = served_session(&answer.body, now).map_err(|problem| {
        Error::new(Kind::Failed, format!("the instance metadata service answers with no credentials: {problem}"))
    })?;
    if session.expires_at <= now.plus_seconds(60) {
        let (end, until) = (session.expires_at, now.plus_seconds(MOVED_SECONDS));
        context.talk.warn(&format!(
            "the credentials of this EC2 instance expired at {end}, and the metadata service has no others; used until {until}"
        ));
        (session.issued_at, session.expires_at) = (until.plus_seconds(-LIFE_SECONDS), until);
    }
    Ok(Credentials::Session(session))
}

impl Metadata<'_> {
    fn token(&self) -> Result<String> {
        let headers = [("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS)];
        let answer = self.send("PUT", "/latest/api/token", &headers)?;
        match answer.status {
            200 => Ok(String::from_utf8_lossy(answer.body.expose()).trim().to_owned()),
            403..=405 => Err(refused("the instance metadata service is switched off, or does not know version 2", &answer)
                .hint(run!("aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled --http-tokens required")
                    .to("switch it on"))),
            _ => Err(refused("the instance metadata service gives no token", &answer)),
        }
    }

    fn get(&self, path: &str, token: &str) -> Result<Answer> {
        self.send("GET", path, &[("x-aws-ec2-metadata-token", token)])
    }

    fn send(&self, method: &'static str, path: &str, headers: &[(&'static str, &str)]) -> Result<Answer> {
        let url = format!("{}{path}", self.endpoint);
        let request =
            HttpRequest { method, url: &url, headers, body: "", is_nearby: true, ca_bundle: None, limit: LIMIT };
        ask(self.context, request, self.limit).map_err(|error| self.silent(error))
    }

    fn silent(&self, error: AwsError) -> Error {
        let Metadata { profile, endpoint, .. } = self;
        if let AwsError::Setup(problem) = error {
            return Error::new(Kind::Config, problem);
        }
        Error::new(
            Kind::Failed,
            format!("the instance metadata service at {endpoint}, which `{profile}` needs, does not answer"),
        )
        .because(error)
        .hint("use this profile on an EC2 instance with metadata switched on")
        .hint(
            run!("aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2")
                .to("in a container on one, allow a second hop"),
        )
    }
}
