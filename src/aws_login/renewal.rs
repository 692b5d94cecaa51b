//! The call that renews the tokens of a sign-in (AWS Sign-In API, CreateOAuth2Token).

use std::path::Path;
use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use crate::aws::AwsError;
use crate::aws::http::{Http, Request};
use crate::aws_login::SignIn;
use crate::aws_login::dpop::proof;
use crate::aws_login::file::LIFE_SECONDS;
use crate::credentials::check_made;
use crate::secret::Secret;
use crate::sys::clock::Clock;

/// How a sign-in is renewed.
#[derive(Clone, Copy)]
pub struct Renewal<'a> {
    pub http: &'a dyn Http,
    pub clock: &'a Clock,
    /// Where AWS Sign-In is, without a slash at the end.
    pub endpoint: &'a str,
    pub ca_bundle: Option<&'a Path>,
    /// How long it may take.
    pub limit: Duration,
}

/// What AWS answers with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    access_token: NewAccessToken,
    expires_in: i64,
    refresh_token: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewAccessToken {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Secret,
}

/// Exchanges the refresh token of a sign-in for new tokens, and puts them into it. The old one is spent at AWS when this
/// returns, and perhaps when it fails without an answer.
///
/// It is sent once, but for a refusal that a wrong clock may be the reason of: AWS's answer has then shown what time it is.
///
/// # Errors
/// As [`AwsError`] tells; its code is the one of AWS Sign-In (`TOKEN_EXPIRED`, `INVALID_REQUEST`).
pub fn renew(sign_in: &mut SignIn, renewal: &Renewal<'_>) -> Result<(), AwsError> {
    let offset = renewal.clock.offset_seconds();
    match exchange(sign_in, renewal) {
        Err(error) if is_invalid(&error) && renewal.clock.offset_seconds() != offset => exchange(sign_in, renewal),
        result => result,
    }
}

/// Whether AWS does not take the request: its token is spent or unknown, or the proof is not right.
pub fn is_invalid(error: &AwsError) -> bool {
    matches!(error.code(), Some("INVALID_REQUEST" | "invalid_grant" | "ValidationException"))
}

fn exchange(sign_in: &mut SignIn, renewal: &Renewal<'_>) -> Result<(), AwsError> {
    let Renewal { http, clock, endpoint, ca_bundle, limit } = *renewal;
    let url = format!("{endpoint}/v1/token");
    let mut unique = [0; 16];
    OsRng.fill_bytes(&mut unique);
    let proof = proof(&sign_in.dpop_key, &url, clock.now(), unique)
        .map_err(|_| AwsError::Setup("the `dpopKey` of the sign-in is not a P-256 key".to_owned()))?;
    let body = json!({
        "clientId": sign_in.client_id,
        "grantType": "refresh_token",
        "refreshToken": sign_in.refresh_token.expose(),
    });
    let body = Zeroizing::new(body.to_string());
    let answer = http.send(&Request {
        method: "POST",
        url: &url,
        headers: &[("content-type", "application/json"), ("dpop", proof.expose())],
        body: &body,
        is_nearby: false,
        ca_bundle,
        limit,
    })?;
    if answer.status != 200 {
        return Err(answer.refusal());
    }
    // Security: the parser's own words may hold a piece of a token.
    let invalid =
        |problem: &str| AwsError::Invalid { endpoint: endpoint.to_owned(), cause: format!("the response {problem}") };
    let Ok(Tokens { access_token, expires_in, refresh_token }) = serde_json::from_slice(answer.body.expose()) else {
        return Err(invalid("contains no tokens"));
    };
    let NewAccessToken { access_key_id, secret_access_key, session_token } = access_token;
    check_made(&access_key_id, secret_access_key.expose(), Some(session_token.expose()))
        .map_err(|problem| invalid(&format!("contains no credentials: {problem}")))?;
    let kept = &mut sign_in.access_token;
    (kept.access_key_id, kept.secret_access_key, kept.session_token) =
        (access_key_id, secret_access_key, session_token);
    kept.expires_at = clock.now().plus_seconds(expires_in.clamp(0, 4 * LIFE_SECONDS)).to_string();
    sign_in.refresh_token = refresh_token;
    Ok(())
}
