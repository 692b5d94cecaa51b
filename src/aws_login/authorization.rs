//! A new sign-in: the authorization code grant with PKCE, in a browser on this machine or on any other (AWS Sign-In API,
//! CreateOAuth2Token; AWS CLI 2, `login/utils.py`).
//!
//! Its key and its secrets are in memory alone, so whoever stops before the exchange leaves nothing behind.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::aws::AwsError;
use crate::aws_login::dpop::{new_key, uuid};
use crate::aws_login::{Service, SignIn};
use crate::credentials::account_of_arn;
use crate::secret::Secret;

/// Whose sign-in it is: AWS's name for all tools of developers, by where the browser is.
const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// The longest ARN that is taken (IAM API Reference: 2,048 characters).
const LONGEST_ARN: usize = 2048;

/// A sign-in that somebody is asked for.
pub struct Authorization {
    client_id: &'static str,
    redirect_uri: String,
    state: String,
    verifier: Secret,
    key: Secret,
}

/// A sign-in that was made, and whose it is.
pub struct MadeSignIn {
    pub sign_in: SignIn,
    /// Of the user or role.
    pub arn: String,
}

/// Why a pasted code cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotUse {
    #[error("that is not the whole code that the page shows")]
    NotACode,
    #[error("that is the code of another sign-in")]
    OfAnother,
}

impl Authorization {
    /// In a browser that is sent back to this machine.
    pub fn on_this_machine(redirect_uri: String) -> Authorization {
        Authorization::new(SAME_DEVICE, redirect_uri)
    }

    /// In a browser anywhere, which shows a code; `endpoint` is AWS Sign-In's.
    pub fn anywhere(endpoint: &str) -> Authorization {
        Authorization::new(CROSS_DEVICE, format!("{endpoint}/v1/sessions/confirmation"))
    }

    fn new(client_id: &'static str, redirect_uri: String) -> Authorization {
        // 384 bits in 64 characters (RFC 7636, 4.1: 43 to 128).
        let mut bytes = Zeroizing::new([0; 48]);
        OsRng.fill_bytes(&mut *bytes);
        let mut state = [0; 16];
        OsRng.fill_bytes(&mut state);
        Authorization {
            client_id,
            redirect_uri,
            state: uuid(state),
            verifier: Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())),
            key: new_key(),
        }
    }

    /// What the browser brings back to be told from others.
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The page where somebody signs in.
    pub fn url(&self, endpoint: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()));
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", self.client_id)
            .append_pair("state", &self.state)
            .append_pair("code_challenge_method", "SHA-256")
            .append_pair("scope", "openid")
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_challenge", &challenge)
            .finish();
        format!("{endpoint}/v1/authorize?{query}")
    }

    /// The code in what the page of another device shows: base64 of `state=…&code=…`.
    ///
    /// # Errors
    /// One that is cut short, or of another sign-in.
    pub fn read_pasted(&self, pasted: &Secret) -> Result<Secret, CannotUse> {
        let squeezed: Zeroizing<String> = Zeroizing::new(pasted.expose().split_ascii_whitespace().collect());
        // Padded or not, in either alphabet: people copy what they see.
        let plain = Zeroizing::new(squeezed.trim_end_matches('=').replace('+', "-").replace('/', "_"));
        let text = URL_SAFE_NO_PAD.decode(plain.as_bytes()).map(Zeroizing::new).map_err(|_| CannotUse::NotACode)?;
        let (mut state, mut code) = (None, None);
        for (name, value) in form_urlencoded::parse(&text) {
            match &*name {
                "state" => state = Some(value.into_owned()),
                "code" => code = Some(Secret::new(value.into_owned())),
                _ => {}
            }
        }
        let code = code.filter(|code| !code.expose().is_empty()).ok_or(CannotUse::NotACode)?;
        match state {
            Some(state) if state == self.state => Ok(code),
            Some(_) => Err(CannotUse::OfAnother),
            None => Err(CannotUse::NotACode),
        }
    }

    /// Exchanges the code for tokens. Nothing is kept of them here.
    ///
    /// # Errors
    /// As [`AwsError`] tells; its code is AWS Sign-In's (`AUTHCODE_EXPIRED`, `INSUFFICIENT_PERMISSIONS`).
    pub fn exchange(self, service: &Service<'_>, code: &Secret, region: &str) -> Result<MadeSignIn, AwsError> {
        let body = json!({
            "clientId": self.client_id,
            "grantType": "authorization_code",
            "code": code.expose(),
            "codeVerifier": self.verifier.expose(),
            "redirectUri": self.redirect_uri,
        });
        let tokens = service.create_token(&self.key, &body)?;
        let now = service.clock.now();
        let id_token = tokens.id_token.as_ref().ok_or_else(|| service.invalid("contains no `idToken`"))?;
        let arn = subject(id_token).ok_or_else(|| service.invalid("does not say who is signed in"))?;
        let sign_in = tokens.into_sign_in(self.client_id, self.key, now, &arn, region);
        Ok(MadeSignIn { sign_in, arn })
    }
}

/// What the token of a sign-in says of it.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// When it was made, Unix time.
    iat: Option<i64>,
}

fn claims(id_token: &str) -> Option<Claims> {
    let [_, payload, _] = id_token.split('.').collect::<Vec<_>>()[..] else { return None };
    let claims = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map(Zeroizing::new).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// When a sign-in was made, Unix time; none where its file does not say.
pub(super) fn issued_at(sign_in: &SignIn) -> Option<i64> {
    claims(sign_in.rest.get("idToken")?.as_str()?)?.iat
}

/// Who is signed in: the claim `sub`, an ARN.
// Security: it becomes a line of the config file, so it is one word of printable ASCII.
fn subject(id_token: &Secret) -> Option<String> {
    let Claims { sub, .. } = claims(id_token.expose())?;
    let is_word = sub.len() <= LONGEST_ARN && sub.bytes().all(|byte| byte.is_ascii_graphic());
    (is_word && sub.starts_with("arn:") && account_of_arn(&sub).is_some()).then_some(sub)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_page_is_asked_for_a_code_that_only_this_sign_in_can_exchange() {
        let here = Authorization::on_this_machine("http://127.0.0.1:7/oauth/callback".to_owned());
        let url = url::Url::parse(&here.url("https://eu-west-1.signin.aws.amazon.com")).expect("a URL");
        assert_eq!((url.host_str(), url.path()), (Some("eu-west-1.signin.aws.amazon.com"), "/v1/authorize"));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(here.verifier.expose()));
        let expected = [
            ("response_type", "code"),
            ("client_id", "arn:aws:signin:::devtools/same-device"),
            ("state", here.state()),
            ("code_challenge_method", "SHA-256"),
            ("scope", "openid"),
            ("redirect_uri", "http://127.0.0.1:7/oauth/callback"),
            ("code_challenge", &challenge),
        ];
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let anywhere = Authorization::anywhere("https://x");
        assert!(anywhere.url("https://x").contains("cross-device"));
        assert_eq!(anywhere.redirect_uri, "https://x/v1/sessions/confirmation");
        assert_eq!(anywhere.verifier.expose().len(), 64);
        assert!(here.state() != anywhere.state() && here.key.expose() != anywhere.key.expose());
    }

    #[test]
    fn a_pasted_code_is_read_however_it_was_copied_and_one_of_another_sign_in_is_refused() {
        let authorization = Authorization::anywhere("https://x");
        let state = authorization.state().to_owned();
        let read = |text: &str| authorization.read_pasted(&Secret::new(text.to_owned()));
        let whole = STANDARD.encode(format!("state={state}&code=a%2Fb?>c"));
        for pasted in [whole.clone(), format!("  {}\n {}\n", &whole[..20], &whole[20..]), whole.replace('=', "")] {
            assert_eq!(read(&pasted).expect("a code").expose(), "a/b?>c");
        }
        for bad in
            ["", "123456", "not base64!", &*STANDARD.encode("code=x"), &*STANDARD.encode(format!("state={state}"))]
        {
            assert_eq!(read(bad).err(), Some(CannotUse::NotACode), "{bad}");
        }
        assert_eq!(read(&STANDARD.encode("state=other&code=x")).err(), Some(CannotUse::OfAnother));
    }

    #[test]
    fn who_is_signed_in_is_an_arn_in_one_word() {
        let token = |claims: &str| Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)));
        let arn = "arn:aws:iam::012345678901:user/me";
        assert_eq!(subject(&token(&format!(r#"{{"sub":"{arn}","iat":1}}"#))).as_deref(), Some(arn));
        for bad in
            ["{}", "[]", r#"{"sub":"me"}"#, r#"{"sub":"arn:aws:iam::012345678901:user/me\n[x]"}"#, r#"{"sub":1}"#]
        {
            assert_eq!(subject(&token(bad)), None, "{bad}");
        }
        assert_eq!(subject(&Secret::new("e30.e30".to_owned())), None);
    }
}
