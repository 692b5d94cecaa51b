//! The sessions that AWS keeps of sign-ins, to end one there (AWS Sign-In API, ListSessions and BatchRevokeSessions).

use serde_json::{Value, json};

use crate::aws::AwsError;
use crate::aws::http::HttpRequest;
use crate::aws::signature::{Scope, Unsigned, signed};
use crate::aws_login::authorization::issued_at;
use crate::aws_login::{Service, SignIn};
use crate::credentials::Credentials;

/// How many pages of sessions are read at most.
const PAGES: usize = 20;

/// How far apart, seconds, the times may be that AWS writes into the session and into the token of one sign-in.
const APART: i64 = 30;

/// Ends the session of a sign-in at AWS, so that nobody renews it any more. Whether it was found: AWS's file does not name it, so it
/// is the only one of this client that was made at the time of the sign-in, and where there are two, none is ended.
///
/// # Errors
/// As [`AwsError`] tells; a user without the permission is refused.
pub fn revoke(sign_in: &SignIn, service: &Service<'_>, region: &str) -> Result<bool, AwsError> {
    let (Some(made), Some(session)) = (issued_at(sign_in), sign_in.session()) else { return Ok(false) };
    let signer = Credentials::Session(session);
    let call = |path: &str, body: &Value| service.call_signed(&signer, region, path, body);
    let mut found: Vec<String> = Vec::new();
    let mut next: Option<Value> = None;
    for _ in 0..PAGES {
        let mut ask = json!({"status": "ACTIVE", "clientId": sign_in.client_id});
        if let Some(token) = next.take() {
            ask["nextToken"] = token;
        }
        let page = call("list-sessions", &ask)?;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        let is_it = |item: &&Value| {
            let is_near = item["issuedAt"].as_i64().is_some_and(|issued| (issued - made).abs() <= APART);
            is_near && item["clientId"].as_str().is_none_or(|client| client == sign_in.client_id)
        };
        found.extend(items.iter().filter(is_it).filter_map(|item| item["sessionArn"].as_str().map(str::to_owned)));
        next = page.get("nextToken").filter(|token| token.is_string()).cloned();
        if next.is_none() {
            break;
        }
    }
    let [arn] = &found[..] else { return Ok(false) };
    let answer = call("batch-revoke-sessions", &json!({"sessionArns": [arn]}))?;
    Ok(answer["revokedSessions"].as_array().is_some_and(|revoked| revoked.iter().any(|one| one["sessionArn"] == **arn)))
}

impl Service<'_> {
    fn call_signed(&self, signer: &Credentials, region: &str, path: &str, body: &Value) -> Result<Value, AwsError> {
        let Service { http, clock, endpoint, ca_bundle, limit } = *self;
        let (url, body) = (format!("{endpoint}/{path}"), body.to_string());
        let scope = Scope { service: "signin", region, now: clock.now() };
        let unsigned = Unsigned { method: "POST", url: &url, content_type: Some("application/json"), body: &body };
        let headers = signed(signer, scope, &unsigned)
            .ok_or_else(|| AwsError::Setup("the request to AWS Sign-In cannot be signed".to_owned()))?;
        let headers: Vec<(&'static str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = HttpRequest {
            method: "POST",
            url: &url,
            headers: &headers,
            body: &body,
            is_nearby: false,
            ca_bundle,
            limit,
        };
        let answer = http.send(&request)?;
        if answer.status != 200 {
            return Err(answer.refusal());
        }
        serde_json::from_slice(answer.body.expose()).map_err(|_| self.invalid("is not JSON"))
    }
}
