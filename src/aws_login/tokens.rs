//! The call that makes and renews the tokens of a sign-in (AWS Sign-In API, CreateOAuth2Token).

use std::path::Path;
use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::aws::AwsError;
use crate::aws::http::{Http, HttpRequest};
use crate::aws_login::SignIn;
use crate::aws_login::dpop::proof;
use crate::aws_login::file::{AccessToken, LIFE_SECONDS};
use crate::credentials::{account_of_arn, check_made};
use crate::secret::Secret;
use crate::sys::clock::Clock;
use crate::timestamp::Timestamp;

/// AWS Sign-In, and how it is called.
#[derive(Clone, Copy)]
pub struct Service<'a> {
    pub http: &'a dyn Http,
    pub clock: &'a Clock,
    /// Where it is, without a slash at the end.
    pub endpoint: &'a str,
    pub ca_bundle: Option<&'a Path>,
    /// How long a call may take.
    pub limit: Duration,
}

/// What AWS answers with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tokens {
    pub(super) access_token: NewAccessToken,
    #[serde(default = "sigv4")]
    pub(super) token_type: String,
    pub(super) expires_in: i64,
    pub(super) refresh_token: Secret,
    /// Who is signed in; only in exchange for a code.
    pub(super) id_token: Option<Secret>,
}

/// The one type of tokens there is.
fn sigv4() -> String {
    "aws_sigv4".to_owned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewAccessToken {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret,
    pub(super) session_token: Secret,
}

impl Tokens {
    /// A new sign-in as `arn`, bound to `dpop_key`, as the AWS CLI keeps it.
    pub(super) fn into_sign_in(
        self,
        client_id: &str,
        dpop_key: Secret,
        now: Timestamp,
        arn: &str,
        region: &str,
    ) -> SignIn {
        let expires_at = self.expires_at(now).to_string();
        let Tokens { access_token, token_type, expires_in: _, refresh_token, id_token } = self;
        let NewAccessToken { access_key_id, secret_access_key, session_token } = access_token;
        let id_token = id_token.map(|token| ("idToken".to_owned(), Value::from(token.expose())));
        let token_type = ("tokenType".to_owned(), Value::from(token_type));
        SignIn {
            access_token: AccessToken {
                access_key_id,
                secret_access_key,
                session_token,
                account_id: account_of_arn(arn).map(str::to_owned),
                expires_at,
                rest: Map::new(),
            },
            refresh_token,
            client_id: client_id.to_owned(),
            dpop_key,
            sign_in_region: Some(region.to_owned()),
            rest: std::iter::once(token_type).chain(id_token).collect(),
        }
    }

    /// When the credentials expire, if they were made `now`.
    pub(super) fn expires_at(&self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.expires_in.clamp(0, 4 * LIFE_SECONDS))
    }
}

/// Exchanges the refresh token of a sign-in for new tokens, and puts them into it. The old one is spent at AWS when this
/// returns, and perhaps when it fails without an answer.
///
/// # Errors
/// As [`AwsError`] tells; its code is the one of AWS Sign-In (`TOKEN_EXPIRED`, `INVALID_REQUEST`).
pub fn renew(sign_in: &mut SignIn, service: &Service<'_>) -> Result<(), AwsError> {
    let body = json!({
        "clientId": sign_in.client_id,
        "grantType": "refresh_token",
        "refreshToken": sign_in.refresh_token.expose(),
    });
    let tokens = service.create_token(&sign_in.dpop_key, &body)?;
    let kept = &mut sign_in.access_token;
    kept.expires_at = tokens.expires_at(service.clock.now()).to_string();
    let NewAccessToken { access_key_id, secret_access_key, session_token } = tokens.access_token;
    (kept.access_key_id, kept.secret_access_key, kept.session_token) =
        (access_key_id, secret_access_key, session_token);
    sign_in.refresh_token = tokens.refresh_token;
    Ok(())
}

/// Whether AWS does not take the request: its token is spent or unknown, or the proof is not right.
pub fn is_invalid(error: &AwsError) -> bool {
    matches!(error.code(), Some("INVALID_REQUEST" | "invalid_grant" | "ValidationException"))
}

impl Service<'_> {
    /// Exchanges what is in `body` for tokens that are bound to `key`.
    ///
    /// It is sent once, but for a refusal that a wrong clock may be the reason of: AWS's answer has then shown what time it is.
    pub(super) fn create_token(&self, key: &Secret, body: &Value) -> Result<Tokens, AwsError> {
        let body = Zeroizing::new(body.to_string());
        let offset = self.clock.offset_seconds();
        match self.exchange(key, &body) {
            Err(error) if is_invalid(&error) && self.clock.offset_seconds() != offset => self.exchange(key, &body),
            result => result,
        }
    }

    fn exchange(&self, key: &Secret, body: &str) -> Result<Tokens, AwsError> {
        let Service { http, clock, endpoint, ca_bundle, limit } = *self;
        let url = format!("{endpoint}/v1/token");
        let mut unique = [0; 16];
        OsRng.fill_bytes(&mut unique);
        let proof = proof(key, &url, clock.now(), unique)
            .map_err(|_| AwsError::Setup("the `dpopKey` of the sign-in is not a P-256 key".to_owned()))?;
        let answer = http.send(&HttpRequest {
            method: "POST",
            url: &url,
            headers: &[("content-type", "application/json"), ("dpop", proof.expose())],
            body,
            is_nearby: false,
            ca_bundle,
            limit,
        })?;
        if answer.status != 200 {
            return Err(answer.refusal());
        }
        // Security: the parser's own words may hold a piece of a token.
        let Ok(tokens) = serde_json::from_slice::<Tokens>(answer.body.expose()) else {
            return Err(self.invalid("contains no tokens"));
        };
        let NewAccessToken { access_key_id, secret_access_key, session_token } = &tokens.access_token;
        check_made(access_key_id, secret_access_key.expose(), Some(session_token.expose()))
            .map_err(|problem| self.invalid(&format!("contains no credentials: {problem}")))?;
        Ok(tokens)
    }

    /// A response that cannot be used, and why.
    pub(super) fn invalid(&self, problem: &str) -> AwsError {
        AwsError::Invalid { endpoint: self.endpoint.to_owned(), cause: format!("the response {problem}") }
    }
}
