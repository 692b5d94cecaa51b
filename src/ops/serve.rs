//! A container-credentials server for one command: which requests are answered, and with what.
//!
//! The protocol is that of ECS and EKS (AWS SDKs and Tools Reference Guide, "Container credential provider"). One thread
//! resolves and sets the answer; each request only reads it, so that no SDK waits for a person or for AWS: JavaScript's gives
//! an answer one second.

use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::chain::base::{key, settings_for_sdks};
use crate::credentials::{Credentials, Session};
use crate::error::{Error, Kind};
use crate::ini::{Document, SectionName};
use crate::profile::Profiles;
use crate::secret::{Secret, SecretBytes};
use crate::sys::http_server::{ReceivedRequest, Response};
use crate::timestamp::Timestamp;

/// Where the credentials are.
pub const PATH: &str = "/credentials";

/// A config file's text without what leads SDKs to credentials in `[default]`, and without any key in plain text.
pub fn without_credentials(config: &Document) -> String {
    let mut document = Document::parse(config.text().to_owned()).expect("it was parsed before");
    let profiles: Vec<String> = Profiles::new(Some(config), None).names().map(str::to_owned).collect();
    let of_default = settings_for_sdks().into_iter().map(|setting| ("default", setting));
    let keys = profiles.iter().flat_map(|name| key::SETTINGS.iter().map(|setting| (name.as_str(), *setting)));
    for (profile, setting) in of_default.chain(keys) {
        while document.unset(SectionName::Profile(profile), setting) {}
    }
    document.text().to_owned()
}

/// Credentials with less left are not handed out, seconds.
const USABLE: i64 = 60;

/// How long a request waits for new credentials where there are none that work: less than the second that JavaScript's SDK
/// gives it.
const PATIENCE: Duration = Duration::from_millis(700);

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The port on 127.0.0.1.
    Port,
    /// The socket of `--listen-socket`, behind which another server stands.
    Socket,
}

/// What that server may be called: ECS's address, or one of its own machine.
const SIDECARS: [&str; 3] = ["169.254.170.2", "127.0.0.1", "localhost"];

/// What the resolving thread has got.
#[derive(Debug, Default)]
struct State {
    session: Option<Session>,
    /// Why there are no newer ones: the status and the words.
    failure: Option<(u16, String)>,
    /// How often one of the two was set.
    changes: u64,
}

/// What the resolving thread and the requests share.
#[derive(Debug)]
pub struct Shared {
    host: String,
    /// SHA-256 of the token: comparing digests takes the same time for all wrong ones.
    token: [u8; 32],
    state: Mutex<State>,
    changed: Condvar,
    wake: SyncSender<()>,
}

impl Shared {
    /// Of a server at 127.0.0.1. `wake` is told where a request finds nothing that works.
    pub fn new(port: u16, token: &Secret, wake: SyncSender<()>) -> Shared {
        Shared {
            host: format!("127.0.0.1:{port}"),
            token: Sha256::digest(token.expose()).into(),
            state: Mutex::default(),
            changed: Condvar::new(),
            wake,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what is handed out from now on. Only credentials that end can be served.
    ///
    /// # Errors
    /// Credentials without an end or a token (exit 2).
    pub fn set(&self, credentials: Credentials) -> Result<Timestamp, Error> {
        let Credentials::Session(session @ Session { session_token: Some(_), .. }) = credentials else {
            return Err(Error::new(Kind::Usage, "`--server` serves credentials that expire, and these do not")
                .hint("run the command without `--server`: these credentials last"));
        };
        let expires_at = session.expires_at;
        let mut state = self.state();
        (state.session, state.failure) = (Some(session), None);
        state.changes += 1;
        self.changed.notify_all();
        Ok(expires_at)
    }

    /// Notes why there are no new credentials. The old ones are handed out while they work.
    pub fn set_failure(&self, error: &Error, words: String) {
        // An SDK sends again after a 5xx; what a person has to do is not done by then.
        let status = match error.kind() {
            Kind::Failed | Kind::Defect => 503,
            _ => 400,
        };
        let mut state = self.state();
        state.failure = Some((status, words));
        state.changes += 1;
        self.changed.notify_all();
    }

    /// Answers a request that came in `via` this; `now` is the time.
    pub fn answer(&self, request: &ReceivedRequest, via: Via, now: impl Fn() -> Timestamp) -> Response {
        if let Some(refusal) = self.refusal(request, via) {
            return refusal;
        }
        let mut state = self.state();
        if let Some(session) = usable(&state, now()) {
            return document(session);
        }
        let before = state.changes;
        // A full channel is one that is not read yet.
        let _ = self.wake.try_send(());
        (state, _) = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.changes == before)
            .unwrap_or_else(PoisonError::into_inner);
        match (usable(&state, now()), &state.failure) {
            (Some(session), _) => document(session),
            (None, Some((status, words))) => refused(*status, "CredentialsNotAvailable", words),
            (None, None) => refused(503, "CredentialsNotReady", "keyfob is getting new credentials"),
        }
    }

    /// Why a request gets nothing. Security: a page in a browser knows neither the token nor, after DNS rebinding, the host.
    fn refusal(&self, request: &ReceivedRequest, via: Via) -> Option<Response> {
        let host = request.header("host").unwrap_or_default();
        let is_for_us = match via {
            Via::Port => host == self.host,
            Via::Socket => SIDECARS.contains(&host.split(':').next().unwrap_or_default()),
        };
        let digest: [u8; 32] = Sha256::digest(request.header("authorization").unwrap_or_default()).into();
        if !is_for_us || request.header("x-forwarded-for").is_some() {
            return Some(refused(403, "Forbidden", "the request is not for this server"));
        }
        if digest != self.token {
            return Some(refused(403, "InvalidToken", "the authorization token is wrong or missing"));
        }
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", PATH) => None,
            ("GET", _) => Some(refused(404, "NotFound", "there is nothing at this path")),
            _ => Some(refused(405, "MethodNotAllowed", "only GET is allowed")),
        }
    }
}

fn usable(state: &State, now: Timestamp) -> Option<&Session> {
    state.session.as_ref().filter(|session| session.expires_at.seconds_since(now) >= USABLE)
}

fn document(session: &Session) -> Response {
    // Security: the credentials leave here, to whoever has shown the token.
    let mut document = json!({
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key.expose(),
        "Token": session.session_token.as_ref().map(Secret::expose),
        "Expiration": session.expires_at.to_string(),
    });
    if let Some(account) = &session.account_id {
        document["AccountId"] = account.as_str().into();
    }
    Response { status: 200, body: SecretBytes::new(document.to_string().into_bytes()) }
}

fn refused(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"code": code, "message": message}).to_string();
    Response { status, body: SecretBytes::new(body.into_bytes()) }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::session_cache::sample::session;

    const TOKEN: &str = "0123456789abcdef";

    fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> ReceivedRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ReceivedRequest { method: method.to_owned(), path: path.to_owned(), headers }
    }

    fn shared() -> (Shared, std::sync::mpsc::Receiver<()>) {
        let (wake, woken) = sync_channel(1);
        (Shared::new(4242, &Secret::new(TOKEN.to_owned()), wake), woken)
    }

    fn at(seconds: i64) -> impl Fn() -> Timestamp {
        move || Timestamp::from_unix(seconds)
    }

    #[test]
    fn a_private_config_has_no_credentials_in_default_and_no_key() {
        let config = "# mine\n[default]\nregion = eu-west-1\ncredential_process = x\nrole_arn = y\n\
            [profile a]\naws_access_key_id = AKIA\naws_secret_access_key = s\ncredential_process = z\n";
        let document = Document::parse(config.to_owned()).expect("valid");
        let expected = "# mine\n[default]\nregion = eu-west-1\n[profile a]\ncredential_process = z\n";
        assert_eq!(without_credentials(&document), expected);
    }

    #[test]
    fn only_a_get_with_the_token_for_this_host_gets_the_credentials() {
        let (shared, _woken) = shared();
        shared.set(Credentials::Session(session("ASIA1", 1000, 3600))).expect("it ends");
        let good = [("host", "127.0.0.1:4242"), ("authorization", TOKEN)];
        let status = |method: &str, path: &str, headers: &[(&str, &str)]| {
            shared.answer(&request(method, path, headers), Via::Port, at(2000)).status
        };
        let beside =
            |host| shared.answer(&request("GET", PATH, &[("host", host), good[1]]), Via::Socket, at(2000)).status;
        assert_eq!(["169.254.170.2", "169.254.170.2:80", "localhost:8080"].map(beside), [200; 3]);
        assert_eq!(["evil.example", "evil.example:4242", ""].map(beside), [403; 3]);
        assert_eq!(status("GET", PATH, &good), 200);
        assert_eq!(status("POST", PATH, &good), 405);
        assert_eq!(status("GET", "/", &good), 404);
        for headers in [
            &[("host", "127.0.0.1:4242")][..],
            &[("host", "127.0.0.1:4242"), ("authorization", "0123456789abcdee")],
            &[("host", "127.0.0.1:4242"), ("authorization", "")],
            &[("host", "evil.example:4242"), ("authorization", TOKEN)],
            &[("authorization", TOKEN)],
            &[("host", "127.0.0.1:4242"), ("authorization", TOKEN), ("x-forwarded-for", "10.0.0.1")],
        ] {
            assert_eq!(status("GET", PATH, headers), 403, "{headers:?}");
        }
    }

    #[test]
    fn what_has_run_out_is_not_served_and_the_resolving_thread_is_woken() {
        let (shared, woken) = shared();
        let get = request("GET", PATH, &[("host", "127.0.0.1:4242"), ("authorization", TOKEN)]);
        let said = |now: i64| {
            let answer = shared.answer(&get, Via::Port, at(now));
            let body: serde_json::Value = serde_json::from_slice(answer.body.expose()).expect("JSON");
            (answer.status, body["message"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(said(0), (503, "keyfob is getting new credentials".to_owned()));
        shared.set(Credentials::Session(session("ASIA1", 1000, 3600))).expect("it ends");
        assert_eq!(said(1000 + 3600 - 60).0, 200);
        shared.set_failure(&Error::new(Kind::NeedsHuman, "x"), "needs an MFA code".to_owned());
        assert_eq!(said(2000).0, 200, "the old ones still work");
        assert_eq!(said(1000 + 3600 - 59), (400, "needs an MFA code".to_owned()));
        shared.set_failure(&Error::new(Kind::Failed, "x"), "no answer".to_owned());
        assert_eq!(said(9000).0, 503);
        assert!(woken.try_recv().is_ok());
        let key = Credentials::NoExpiry {
            access_key_id: "ASIA1".to_owned(),
            secret_access_key: Secret::new("s".to_owned()),
            session_token: None,
            account_id: None,
        };
        assert!(shared.set(key).is_err());
    }
}
