//! Signing in with a browser on this machine: the authorization code grant with PKCE.
//!
//! Nothing is written before there are tokens, so Ctrl-C leaves nothing behind.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use sha2::{Digest, Sha256};

use crate::aws::AwsError;
use crate::aws::oidc::{Authorize, Client, Flow, Grant, authorize_url};
use crate::error::{Error, Kind, Result};
use crate::format::harmless::is_deceptive;
use crate::secret::Secret;
use crate::session_cache::sign_in::{SignIn, SignInName};
use crate::sign_in::page::page;
use crate::sign_in::refusal::{self, login};
use crate::sign_in::{SignIns, Wanted};
use crate::sys::loopback::{Brought, Callback, Listener};

/// How long a browser is waited for.
const PATIENCE: Duration = Duration::from_mins(10);

/// Where a person opens the page.
pub trait Browser {
    /// Shows the URL, and starts a browser with it if one is to be started.
    fn visit(&self, url: &str);
}

impl SignIns<'_> {
    /// Signs in with a browser, in the place of any sign-in there is.
    ///
    /// # Errors
    /// Where nobody does so in time, AWS refuses it, or there is no port.
    pub fn with_browser(&self, wanted: Wanted<'_>, browser: &dyn Browser) -> Result<()> {
        let name = SignInName::new(wanted.center);
        let _lock = self.lock(wanted, &name)?;
        let old = self.read(&name);
        let kept = old.as_ref().and_then(|old| old.client(Flow::Browser, self.context.clock.now())).cloned();
        let made = match self.try_with_browser(wanted, kept.as_ref(), browser)? {
            Ok(made) => made,
            // A registration that AWS has forgotten is made anew, once.
            Err(error) if kept.is_some() && error.is_invalid_client() => {
                self.try_with_browser(wanted, None, browser)?.map_err(|error| refusal::not_signed_in(wanted, error))?
            }
            Err(error) => return Err(refusal::not_signed_in(wanted, error)),
        };
        self.replace(wanted, &name, old.as_ref(), made);
        Ok(())
    }

    fn try_with_browser(
        &self,
        wanted: Wanted<'_>,
        client: Option<&Client>,
        browser: &dyn Browser,
    ) -> Result<std::result::Result<SignIn, AwsError>> {
        let center = wanted.center;
        // Before anybody learns of the port: a browser that is signed in already comes back at once.
        let listener = Listener::bind().map_err(|error| {
            Error::new(Kind::Failed, "cannot listen on 127.0.0.1 for the browser")
                .because(error)
                .hint(crate::hint::run!("keyfob login {} --device", wanted.name).to("sign in with a code"))
        })?;
        let oidc = self.oidc(center);
        let client = match client {
            Some(client) => client.clone(),
            None => match oidc.register_client(Flow::Browser, &self.resolved_start_url(wanted)?, &center.scopes) {
                Ok(client) => client,
                Err(error) => return Ok(Err(error)),
            },
        };
        let (state, verifier) = (random(), Secret::new(random()));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()));
        let redirect_uri = listener.redirect_uri();
        browser.visit(&authorize_url(
            &center.oidc,
            &Authorize {
                client_id: &client.id,
                redirect_uri: &redirect_uri,
                state: &state,
                challenge: &challenge,
                scopes: &center.scopes,
            },
        ));
        let limit = wanted.limit.map_or(PATIENCE, |limit| limit.min(PATIENCE));
        let callback = listener
            .wait(&state, limit)
            .map_err(|error| Error::new(Kind::Failed, "cannot listen on 127.0.0.1 for the browser").because(error))?;
        let Some(callback) = callback else {
            let minutes = crate::duration::text(limit);
            let text = format!("nobody signed in to {} within {minutes}", center.start_url);
            return Err(Error::new(Kind::NeedsHuman, text).hint(login(wanted.name)));
        };
        let code = match &callback.brought {
            Brought::Code(code) => code.clone(),
            Brought::Error { error, description } => {
                let error = self.refused_by_browser(error, description);
                show_failure(callback, &error);
                return Ok(Err(error));
            }
        };
        let grant = Grant::AuthorizationCode { code: &code, redirect_uri: &redirect_uri, verifier: &verifier };
        match oidc.create_token(&client, grant, self.context.clock.now()) {
            Ok(tokens) => {
                let text = format!("keyfob is signed in to {}. You can close this page.", center.start_url);
                callback.show(&page("Signed in", &text, true));
                Ok(Ok(SignIn::new(center, Flow::Browser, client, tokens, self.context.clock.now())))
            }
            Err(error) => {
                show_failure(callback, &error);
                Ok(Err(error))
            }
        }
    }

    /// OAuth's words in a redirect, as the API's would be.
    fn refused_by_browser(&self, error: &str, description: &str) -> AwsError {
        let code = match error {
            "access_denied" => "AccessDeniedException",
            "invalid_client" | "unauthorized_client" => "InvalidClientException",
            "invalid_request" => "InvalidRequestException",
            "server_error" | "temporarily_unavailable" => "InternalServerException",
            _ => "AuthorizationException",
        };
        let message = browsers_words(description);
        AwsError::Refused { code: code.to_owned(), message, status: 400, request_id: None }
    }

    /// Puts a new sign-in in the place of an old one; what was made from the old one goes with it.
    pub(super) fn replace(&self, wanted: Wanted<'_>, name: &SignInName, old: Option<&SignIn>, made: SignIn) {
        let made = match old {
            Some(old) => made.with_clients_of(old),
            None => made,
        };
        self.store(wanted, name, &made);
        self.warn_of_cache(self.context.cache.remove_pending_code(name));
        if let Some(old) = old {
            // It may have been somebody else's. What stays is found by nobody: its name has the old id in it.
            let _ = self.context.cache.remove_for_sign_in(&old.header.id);
        }
    }
}

/// What a browser brought as the reason of a refusal, so that it can be shown.
pub fn browsers_words(description: &str) -> String {
    let words = crate::mask::text(description);
    let words: String = words.chars().filter(|c| !c.is_control() && !is_deceptive(*c)).take(200).collect();
    if words.is_empty() { "the browser brought no reason".to_owned() } else { words }
}

fn show_failure(callback: Callback, error: &AwsError) {
    let text = match error.is_sign_in_declined() {
        true => "You did not allow it. Nothing was changed; you can close this page.".to_owned(),
        false => format!("{error}. The terminal says what to do; you can close this page."),
    };
    callback.show(&page("Not signed in", &text, false));
}

/// 256 random bits, which are a PKCE verifier too (RFC 7636, 4.1: 43 to 128 characters).
fn random() -> String {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_brings_is_shown_without_characters_that_steer_or_deceive() {
        assert_eq!(browsers_words("a\u{202e}b\u{200b}c\u{1b}[1m\u{feff}\n"), "abc[1m");
        assert_eq!(browsers_words("\u{200b}\u{202e}"), "the browser brought no reason");
    }
}
