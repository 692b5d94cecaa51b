//! CreateSession, signed with a certificate (IAM Roles Anywhere User Guide, "Authenticate with Roles Anywhere": Signature
//! Version 4 with X.509). The form of the request is that of AWS's own `aws_signing_helper`.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::aws::AwsError;
use crate::aws::http::{Http, HttpRequest};
use crate::credentials::{Session, account_of_arn};
use crate::hex;
use crate::roles_anywhere::{Certificate, PrivateKey};
use crate::secret::Secret;
use crate::sys::clock::Clock;
use crate::timestamp::Timestamp;

/// What is asked of CreateSession, and with what.
#[derive(Clone, Copy)]
pub struct CreateSession<'a> {
    pub trust_anchor_arn: &'a str,
    pub profile_arn: &'a str,
    pub role_arn: &'a str,
    /// Only profiles that accept custom names take one.
    pub role_session_name: Option<&'a str>,
    /// 900 to 43,200.
    pub duration_seconds: u32,
    /// The trust anchor's.
    pub region: &'a str,
    /// Where Roles Anywhere is, without a slash at the end.
    pub endpoint: &'a str,
    pub ca_bundle: Option<&'a Path>,
    /// How long it may take.
    pub limit: Duration,
    /// Its own certificate, then those that lead to the trust anchor.
    pub certificates: &'a [Certificate],
    pub key: &'a PrivateKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    credential_set: Vec<CredentialSet>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialSet {
    credentials: Given,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Secret,
    expiration: String,
}

/// What is not encoded in a query (RFC 3986, unreserved characters).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Exchanges a certificate for a session of a role. Signed again, once, where AWS refuses it and has shown that this machine's
/// clock is off.
///
/// # Errors
/// As [`AwsError`] tells.
pub fn create_session(http: &dyn Http, clock: &Clock, asked: &CreateSession<'_>) -> Result<Session, AwsError> {
    let offset = clock.offset_seconds();
    match send(http, clock, asked) {
        Err(AwsError::Refused { .. }) if clock.offset_seconds() != offset => send(http, clock, asked),
        result => result,
    }
}

fn send(http: &dyn Http, clock: &Clock, asked: &CreateSession<'_>) -> Result<Session, AwsError> {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let query = format!(
        "profileArn={}&roleArn={}&trustAnchorArn={}",
        encoded(asked.profile_arn),
        encoded(asked.role_arn),
        encoded(asked.trust_anchor_arn)
    );
    let mut body = json!({"durationSeconds": asked.duration_seconds});
    if let Some(name) = asked.role_session_name {
        body["roleSessionName"] = name.into();
    }
    let body = body.to_string();
    let rest = asked.endpoint.split_once("://").map_or("", |(_, rest)| rest);
    let (host, path) = rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    let url = format!("{}/sessions?{query}", asked.endpoint);
    let now = clock.now().to_string().replace(['-', ':'], "");
    let encoded: Vec<String> = asked.certificates.iter().map(|certificate| STANDARD.encode(&certificate.der)).collect();
    let (own, others) = encoded.split_first().ok_or_else(|| AwsError::Setup("there is no certificate".to_owned()))?;
    let chain = others.join(",");
    let mut headers =
        vec![("content-type", "application/json"), ("host", host), ("x-amz-date", &now), ("x-amz-x509", own)];
    headers.extend((!chain.is_empty()).then_some(("x-amz-x509-chain", &*chain)));
    let authorization = authorization(asked, &now, &format!("{path}/sessions"), &query, &headers, &body);
    headers.push(("authorization", &authorization));
    let answer = http.send(&HttpRequest {
        method: "POST",
        url: &url,
        headers: &headers,
        body: &body,
        is_nearby: false,
        ca_bundle: asked.ca_bundle,
        limit: asked.limit,
    })?;
    if !(200..300).contains(&answer.status) {
        return Err(answer.refusal());
    }
    // Security: the parser's own words may hold a piece of a token.
    let session = serde_json::from_slice(answer.body.expose()).ok().and_then(|created| session(created, asked, clock));
    let invalid =
        |problem: &str| AwsError::Invalid { endpoint: host.to_owned(), cause: format!("the response {problem}") };
    let session = session.ok_or_else(|| invalid("contains no credentials"))?;
    session.checked(clock.now()).map_err(|problem| invalid(&problem))
}

fn session(created: Created, asked: &CreateSession<'_>, clock: &Clock) -> Option<Session> {
    let Given { access_key_id, secret_access_key, session_token, expiration } =
        created.credential_set.into_iter().next()?.credentials;
    Some(Session {
        access_key_id,
        secret_access_key,
        session_token: Some(session_token),
        issued_at: clock.now(),
        expires_at: Timestamp::parse_lenient(&expiration)?,
        account_id: account_of_arn(asked.role_arn).map(str::to_owned),
    })
}

/// The signature: as Signature Version 4, but the key itself signs, and the certificate's serial number stands for it.
fn authorization(
    asked: &CreateSession<'_>,
    now: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let digest = |text: &str| hex::encode(&Sha256::digest(text));
    let canonical = format!("POST\n{path}\n{query}\n{lines}\n{names}\n{}", digest(body));
    let scope = format!("{}/{}/rolesanywhere/aws4_request", &now[..8], asked.region);
    let algorithm = asked.key.algorithm();
    let signed = format!("{algorithm}\n{now}\n{scope}\n{}", digest(&canonical));
    let serial = asked.certificates.first().map_or("", |certificate| &certificate.serial);
    let signature = hex::encode(&asked.key.sign(signed.as_bytes()));
    format!("{algorithm} Credential={serial}/{scope}, SignedHeaders={names}, Signature={signature}")
}
