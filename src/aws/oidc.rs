//! OIDC of IAM Identity Center: registering as a client, signing in with a device code or a browser, refreshing.
//!
//! May use `identity_center`. Every call is sent once: a code and a refresh token may each work only once.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::aws::AwsError;
use crate::aws::identity_center::{Call, Service};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// The grant type of a device code (RFC 8628, 3.4).
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const AUTHORIZATION_CODE: &str = "authorization_code";
const REFRESH_TOKEN: &str = "refresh_token";

/// Where the browser is sent back to, as it is registered; the port is added when it is known, as RFC 8252, 7.3 has it.
const REGISTERED_REDIRECT: &str = "http://127.0.0.1/oauth/callback";

/// How often a device code is asked for where the answer does not say (RFC 8628, 3.2).
const INTERVAL_SECONDS: u64 = 5;

/// Longer lives are cut to this, 90 days: a portal session lasts no longer.
const LONGEST_LIFE: i64 = 90 * 24 * 3600;

/// How a client signs people in. A client that was registered for both ways has failed in the wild, so each has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// The authorization code grant with PKCE: a browser on this machine.
    Browser,
    /// The device authorization grant: a browser anywhere.
    Device,
}

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub secret: Secret,
    /// When it has to register again.
    pub expires_at: Timestamp,
}

/// A device code, and what a person does with it.
#[derive(Debug)]
pub struct DeviceAuthorization {
    pub device_code: Secret,
    /// What the person sees, and compares.
    pub user_code: String,
    /// Where the person types it.
    pub verification_uri: String,
    /// The same with the code in it.
    pub verification_uri_complete: String,
    /// How long it works, seconds.
    pub expires_in: u64,
    /// How long to wait between two tries, seconds.
    pub interval: u64,
}

/// What is exchanged for tokens.
#[derive(Debug, Clone, Copy)]
pub enum Grant<'a> {
    DeviceCode(&'a Secret),
    AuthorizationCode {
        code: &'a Secret,
        /// Exactly as in the authorize URL.
        redirect_uri: &'a str,
        /// PKCE's.
        verifier: &'a Secret,
    },
    RefreshToken(&'a Secret),
}

/// The tokens of a sign-in.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: Secret,
    pub expires_at: Timestamp,
    /// None for a client that was registered without scopes, or if the old one stays.
    pub refresh: Option<Secret>,
}

/// What an authorize URL asks for.
#[derive(Debug, Clone, Copy)]
pub struct Authorize<'a> {
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    /// Tells our answer from others'.
    pub state: &'a str,
    /// SHA-256 of the verifier, base64url without padding (RFC 7636, 4.2).
    pub challenge: &'a str,
    pub scopes: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RegisterClient<'a> {
    client_name: &'a str,
    client_type: &'static str,
    grant_types: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uris: Option<[&'static str; 1]>,
    issuer_url: &'a str,
    /// Without any the client gets a token that cannot be refreshed.
    scopes: &'a [String],
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
    client_id: String,
    client_secret: Secret,
    #[serde(default)]
    client_secret_expires_at: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartDeviceAuthorization<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    start_url: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    verification_uri_complete: String,
    #[serde(default)]
    expires_in: i64,
    interval: Option<u64>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct CreateToken<'a> {
    grant_type: &'a str,
    client_id: &'a str,
    client_secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_verifier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    access_token: Secret,
    #[serde(default)]
    expires_in: i64,
    refresh_token: Option<Secret>,
}

/// The OIDC service of one region.
#[derive(Clone, Copy)]
pub struct Oidc<'a>(pub Service<'a>);

impl Oidc<'_> {
    /// Registers keyfob as a client for one way of signing in (OIDC API, RegisterClient).
    ///
    /// # Errors
    /// As [`AwsError`] tells; [`AwsError::is_wrong_start_url`] among them.
    pub fn register_client(&self, flow: Flow, start_url: &str, scopes: &[String]) -> Result<Client, AwsError> {
        let (grant_types, redirect_uris): (&[&'static str], _) = match flow {
            Flow::Browser => (&[AUTHORIZATION_CODE, REFRESH_TOKEN], Some([REGISTERED_REDIRECT])),
            Flow::Device => (&[DEVICE_CODE, REFRESH_TOKEN], None),
        };
        let request = RegisterClient {
            client_name: "keyfob",
            client_type: "public",
            grant_types,
            redirect_uris,
            issuer_url: start_url,
            scopes,
        };
        let registered: Registered = self.post("/client/register", &request, &[])?;
        Ok(Client {
            id: registered.client_id,
            secret: registered.client_secret,
            expires_at: Timestamp::from_unix(registered.client_secret_expires_at),
        })
    }

    /// Starts a sign-in with a device code (OIDC API, StartDeviceAuthorization).
    ///
    /// # Errors
    /// As [`AwsError`] tells; a wrong start URL or region is `InvalidRequestException`.
    pub fn start_device_authorization(
        &self,
        client: &Client,
        start_url: &str,
    ) -> Result<DeviceAuthorization, AwsError> {
        let Client { id, secret, expires_at: _ } = client;
        let request = StartDeviceAuthorization { client_id: id, client_secret: secret.expose(), start_url };
        let started: Started = self.post("/device_authorization", &request, &[secret])?;
        // Security: it is shown, and given to a browser.
        let is_page = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        let is_shown = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let complete = match started.verification_uri_complete.is_empty() {
            true => started.verification_uri.clone(),
            false => started.verification_uri_complete,
        };
        let pages = [&started.verification_uri, &complete];
        if !pages.into_iter().all(|url| is_page(url) && is_shown(url)) || !is_shown(&started.user_code) {
            return Err(AwsError::AnswerLost {
                endpoint: self.0.endpoint.to_owned(),
                cause: "the response has no page to open".to_owned(),
            });
        }
        Ok(DeviceAuthorization {
            device_code: started.device_code,
            user_code: started.user_code,
            verification_uri: started.verification_uri,
            verification_uri_complete: complete,
            expires_in: u64::try_from(started.expires_in).unwrap_or(0).min(LONGEST_LIFE.unsigned_abs()),
            interval: started.interval.unwrap_or(INTERVAL_SECONDS).clamp(1, 60),
        })
    }

    /// Exchanges a grant for tokens (OIDC API, CreateToken); `now` is when their life begins.
    ///
    /// # Errors
    /// As [`AwsError`] tells. [`AwsError::is_pending`] and [`AwsError::is_slow_down`] say that a device code has to be tried
    /// again.
    pub fn create_token(&self, client: &Client, grant: Grant<'_>, now: Timestamp) -> Result<Tokens, AwsError> {
        let Client { id, secret, expires_at: _ } = client;
        let request = CreateToken { client_id: id, client_secret: secret.expose(), ..CreateToken::default() };
        let (request, secrets): (CreateToken<'_>, &[&Secret]) = match grant {
            Grant::DeviceCode(device_code) => (
                CreateToken { grant_type: DEVICE_CODE, device_code: Some(device_code.expose()), ..request },
                &[secret, device_code],
            ),
            Grant::AuthorizationCode { code, redirect_uri, verifier } => (
                CreateToken {
                    grant_type: AUTHORIZATION_CODE,
                    code: Some(code.expose()),
                    redirect_uri: Some(redirect_uri),
                    code_verifier: Some(verifier.expose()),
                    ..request
                },
                &[secret, code, verifier],
            ),
            Grant::RefreshToken(token) => (
                CreateToken { grant_type: REFRESH_TOKEN, refresh_token: Some(token.expose()), ..request },
                &[secret, token],
            ),
        };
        let created: Created = self.post("/token", &request, secrets)?;
        Ok(Tokens {
            access: created.access_token,
            expires_at: now.plus_seconds(created.expires_in.clamp(0, LONGEST_LIFE)),
            refresh: created.refresh_token.filter(|token| !token.is_empty()),
        })
    }

    fn post<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        request: &impl Serialize,
        secrets: &[&Secret],
    ) -> Result<T, AwsError> {
        // Security: large enough never to move, so that nothing is left behind where it was.
        let mut body = Zeroizing::new(Vec::with_capacity(16 << 10));
        serde_json::to_writer(&mut *body, request).expect("texts always become JSON");
        let body = std::str::from_utf8(&body).expect("JSON is UTF-8");
        let headers = [("content-type", "application/json"), ("accept", "application/json")];
        self.0.call(&Call { method: "POST", path, headers: &headers, body, secrets })
    }
}

/// The page that a browser is sent to. RegisterClient's own `authorizationEndpoint` comes empty, so it is that of the
/// service.
pub fn authorize_url(endpoint: &str, authorize: &Authorize<'_>) -> String {
    let Authorize { client_id, redirect_uri, state, challenge, scopes } = *authorize;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", state)
        .append_pair("code_challenge_method", "S256")
        // Not `scope`: as the AWS CLI calls it (awscli `sso/utils.py`).
        .append_pair("scopes", &scopes.join(" "))
        .append_pair("code_challenge", challenge)
        .finish();
    format!("{endpoint}/authorize?{query}")
}

#[cfg(test)]
mod tests;
