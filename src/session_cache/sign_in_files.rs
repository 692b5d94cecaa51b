//! The files of a sign-in: a clear header that is authenticated, then what is sealed.
//!
//! They are `NAME.sign-in`, `NAME.pending` (a device code that was shown and may still be approved) and `NAME.lock`;
//! `NAME.calls` is the lock under which the portal is called, with the time of the last call in it. Each is replaced in one
//! piece, so a kill leaves the old one.

use std::sync::PoisonError;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::aws::oidc::{Client, Flow};
use crate::secret::Secret;
use crate::session_cache::seal::{self, Damage};
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::sign_in::{PendingCode, SignIn, SignInHeader, SignInName, VERSION};
use crate::session_cache::store::is_ours;
use crate::session_cache::{CacheError, SessionCache};
use crate::sys::clock::Clock;
use crate::sys::files;
use crate::sys::lock::Lock;
use crate::timestamp::Timestamp;

#[derive(Serialize)]
struct ClientOut<'a> {
    flow: Flow,
    id: &'a str,
    secret: &'a str,
    expires_at: i64,
}

impl<'a> ClientOut<'a> {
    fn new(flow: Flow, client: &'a Client) -> Self {
        // Security: they leave only through the cipher.
        ClientOut { flow, id: &client.id, secret: client.secret.expose(), expires_at: client.expires_at.unix() }
    }
}

#[derive(Deserialize)]
struct ClientIn {
    flow: Flow,
    id: String,
    secret: Secret,
    expires_at: i64,
}

impl ClientIn {
    fn into_client(self) -> (Flow, Client) {
        let client = Client { id: self.id, secret: self.secret, expires_at: Timestamp::from_unix(self.expires_at) };
        (self.flow, client)
    }
}

#[derive(Serialize)]
struct SignInOut<'a> {
    access: &'a str,
    refresh: Option<&'a str>,
    flow: Flow,
    clients: Vec<ClientOut<'a>>,
}

#[derive(Deserialize)]
struct SignInIn {
    access: Secret,
    refresh: Option<Secret>,
    flow: Flow,
    clients: Vec<ClientIn>,
}

#[derive(Serialize, Deserialize)]
struct PendingHeader {
    version: u32,
    expires_at: i64,
}

#[derive(Serialize)]
struct PendingOut<'a> {
    device_code: &'a str,
    user_code: &'a str,
    verification_uri: &'a str,
    verification_uri_complete: &'a str,
    interval: u64,
    client: ClientOut<'a>,
}

#[derive(Deserialize)]
struct PendingIn {
    device_code: Secret,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: String,
    interval: u64,
    client: ClientIn,
}

impl SessionCache {
    /// What the file of a sign-in says in clear; none where there is none that can be read.
    pub fn sign_in_header(&self, name: &SignInName) -> Option<SignInHeader> {
        let file = self.read_small(&file_name(name, SIGN_IN))?;
        let header: SignInHeader = serde_json::from_slice(seal::split(&file).ok()?.0).ok()?;
        (header.version == VERSION).then_some(header)
    }

    /// A sign-in; none where there is none, or another version of keyfob wrote it.
    ///
    /// # Errors
    /// Where its file does not open: it was sealed with a key that is gone, or is damaged.
    pub fn sign_in(&self, key: &SealingKey, name: &SignInName) -> Result<Option<SignIn>, CacheError> {
        let path = self.path(&name.0, SIGN_IN);
        let Some(file) = self.read_own(&path)? else { return Ok(None) };
        let damaged = |damage| CacheError::Damaged { path: path.clone(), damage };
        let (line, _) = seal::split(&file).map_err(damaged)?;
        let header: SignInHeader = serde_json::from_slice(line).map_err(|_| damaged(Damage::Garbled))?;
        if header.version != VERSION {
            return Ok(None);
        }
        let clear = seal::open_behind(key, name.0.as_str(), &file).map_err(damaged)?;
        let body: SignInIn = serde_json::from_slice(clear.expose()).map_err(|_| damaged(Damage::Garbled))?;
        let SignInIn { access, refresh, flow, clients } = body;
        let clients = clients.into_iter().map(ClientIn::into_client).collect();
        Ok(Some(SignIn { header, access, refresh, flow, clients }))
    }

    /// The sign-in that this process holds where nothing can seal it.
    pub fn unsealed_sign_in(&self, name: &SignInName) -> Option<SignIn> {
        let held = self.unsealed.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(other, _)| other == name).map(|(_, sign_in)| sign_in.clone())
    }

    /// Holds a sign-in for as long as this process runs.
    pub fn hold_unsealed(&self, name: &SignInName, sign_in: &SignIn) {
        let mut held = self.unsealed.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((name.clone(), sign_in.clone()));
    }

    /// Keeps a sign-in, in the place of an old one.
    ///
    /// # Errors
    /// Where it is not kept.
    pub fn put_sign_in(&self, key: &SealingKey, name: &SignInName, sign_in: &SignIn) -> Result<(), CacheError> {
        let SignIn { header, access, refresh, flow, clients } = sign_in;
        let clients = clients.iter().map(|(flow, client)| ClientOut::new(*flow, client)).collect();
        let body =
            SignInOut { access: access.expose(), refresh: refresh.as_ref().map(Secret::expose), flow: *flow, clients };
        self.write_small(&file_name(name, SIGN_IN), &sealed(key, name, header, &body))
    }

    /// Deletes a sign-in and what waits for an approval. Whether there was one.
    ///
    /// # Errors
    /// Where it is there and stays.
    pub fn remove_sign_in(&self, name: &SignInName) -> Result<bool, CacheError> {
        self.remove_pending_code(name)?;
        self.take_out(&self.path(&name.0, SIGN_IN))
    }

    /// Deletes every sign-in, and gives how many there were.
    ///
    /// # Errors
    /// Where one of them stays.
    pub fn remove_all_sign_ins(&self) -> Result<usize, CacheError> {
        let sign_ins = self.files(|name| is_ours(name, SIGN_IN))?;
        for path in sign_ins.iter().chain(&self.files(|name| is_ours(name, PENDING))?) {
            self.take_out(path)?;
        }
        Ok(sign_ins.len())
    }

    /// The device code that waits for its approval; none where there is none, or it cannot be opened.
    pub fn pending_code(&self, key: &SealingKey, name: &SignInName, now: Timestamp) -> Option<PendingCode> {
        let file = self.read_small(&file_name(name, PENDING))?;
        let header: PendingHeader = serde_json::from_slice(seal::split(&file).ok()?.0).ok()?;
        let expires_at = Timestamp::from_unix(header.expires_at);
        if header.version != VERSION || expires_at <= now {
            return None;
        }
        let clear = seal::open_behind(key, &pending_name(name), &file).ok()?;
        let body: PendingIn = serde_json::from_slice(clear.expose()).ok()?;
        let PendingIn { device_code, user_code, verification_uri, verification_uri_complete, interval, client } = body;
        let (_, client) = client.into_client();
        let pending = PendingCode {
            device_code,
            user_code,
            verification_uri,
            verification_uri_complete,
            interval,
            expires_at,
            client,
        };
        Some(pending)
    }

    /// Keeps a device code for whoever asks next.
    ///
    /// # Errors
    /// Where it is not kept.
    pub fn put_pending_code(&self, key: &SealingKey, name: &SignInName, code: &PendingCode) -> Result<(), CacheError> {
        let header = PendingHeader { version: VERSION, expires_at: code.expires_at.unix() };
        let body = PendingOut {
            device_code: code.device_code.expose(),
            user_code: &code.user_code,
            verification_uri: &code.verification_uri,
            verification_uri_complete: &code.verification_uri_complete,
            interval: code.interval,
            client: ClientOut::new(Flow::Device, &code.client),
        };
        let line = serde_json::to_vec(&header).expect("numbers always become JSON");
        let file = seal::seal_behind(key, &pending_name(name), line, &json(&body));
        self.write_small(&file_name(name, PENDING), &file)
    }

    /// Forgets a device code.
    ///
    /// # Errors
    /// Where it is there and stays.
    pub fn remove_pending_code(&self, name: &SignInName) -> Result<(), CacheError> {
        self.take_out(&self.path(&name.0, PENDING)).map(drop)
    }

    /// Forgets the sessions that were made from the sign-in of this id. Gives how many there were.
    ///
    /// # Errors
    /// Where one of them stays.
    pub fn remove_for_sign_in(&self, id: &str) -> Result<usize, CacheError> {
        self.remove_where(|header| header.base.kind == "sso" && header.base.id.ends_with(id))
    }

    /// Waits until `interval` has passed since any process has last called the portal for this sign-in, and takes the turn. Where
    /// there can be no lock, each process is on its own.
    pub fn wait_for_turn(&self, name: &SignInName, interval: Duration, clock: &Clock) {
        // As many turns as processes may be waiting.
        const LONGEST: Duration = Duration::from_mins(1);
        let path = self.path(&name.0, CALLS);
        let Ok(mut lock) = Lock::acquire(&path, LONGEST, |_| {}) else { return };
        let now = clock.uncorrected_millis();
        let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        // A time that lies ahead was noted by a clock that has been set back.
        let passed = lock.noted_time().filter(|last| *last <= now).map_or(interval, |last| now - last);
        let pause = interval.saturating_sub(passed);
        if pause > 0 {
            clock.wait(Duration::from_millis(pause));
        }
        lock.note_time(now + pause);
    }

    fn read_own(&self, path: &std::path::Path) -> Result<Option<Vec<u8>>, CacheError> {
        self.check()?;
        files::read_own(path).map_err(|error| CacheError::Io { path: path.to_owned(), error })
    }
}

const SIGN_IN: &str = "sign-in";
const PENDING: &str = "pending";
const CALLS: &str = "calls";

fn file_name(name: &SignInName, extension: &str) -> String {
    format!("{}.{extension}", name.0)
}

/// What binds a pending code to its file: one that was renamed to a sign-in does not open.
fn pending_name(name: &SignInName) -> String {
    file_name(name, PENDING)
}

fn sealed(key: &SealingKey, name: &SignInName, header: &SignInHeader, body: &impl Serialize) -> Vec<u8> {
    let line = serde_json::to_vec(header).expect("texts and numbers always become JSON");
    seal::seal_behind(key, name.0.as_str(), line, &json(body))
}

fn json(body: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Security: large enough never to move, so that nothing is left behind where it was.
    let mut clear = Zeroizing::new(Vec::with_capacity(32 << 10));
    serde_json::to_writer(&mut *clear, body).expect("texts always become JSON");
    clear
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::oidc::Tokens;
    use crate::chain::identity_center::IdentityCenter;
    use crate::chain::tests::center;
    use crate::session_cache::sample::sealing_key;

    const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn client(id: &str) -> Client {
        Client { id: id.to_owned(), secret: secret("fake-client-secret"), expires_at: NOW.plus_seconds(7_000_000) }
    }

    fn tokens() -> Tokens {
        let (access, refresh) = (secret("fake-access-token"), Some(secret("fake-refresh-token")));
        Tokens { access, expires_at: NOW.plus_seconds(3600), refresh }
    }

    fn with_cache(test: impl FnOnce(&SessionCache, &std::path::Path)) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("cache");
        test(&SessionCache::new(folder.clone()), &folder);
    }

    #[test]
    fn a_sign_in_comes_back_as_it_was_and_says_no_secret_in_clear() {
        with_cache(|cache, folder| {
            let (key, name) = (sealing_key(1), SignInName::new(&center("corp")));
            assert!(cache.sign_in(&key, &name).expect("read").is_none() && cache.sign_in_header(&name).is_none());
            let device = SignIn::new(&center("corp"), Flow::Device, client("d"), tokens(), NOW);
            let made = SignIn::new(&center("corp"), Flow::Browser, client("b"), tokens(), NOW).with_clients_of(&device);
            cache.put_sign_in(&key, &name, &made).expect("kept");
            let read = cache.sign_in(&key, &name).expect("read").expect("there");
            assert_eq!((&read.header, read.access.expose()), (&made.header, "fake-access-token"));
            assert_eq!(read.own_client().expect("registered").id, "b");
            assert_eq!(read.client(Flow::Device, NOW).expect("kept").id, "d");
            assert!(read.client(Flow::Device, NOW.plus_seconds(7_000_000)).is_none(), "its time is over");
            assert_eq!(cache.sign_in_header(&name), Some(made.header));
            for file in std::fs::read_dir(folder).expect("a folder") {
                let text = std::fs::read(file.expect("a file").path()).expect("readable");
                assert!(!String::from_utf8_lossy(&text).contains("fake-"));
            }
            assert!(matches!(cache.sign_in(&sealing_key(2), &name), Err(CacheError::Damaged { .. })), "another key");
            assert!(cache.remove_sign_in(&name).expect("removed") && !cache.remove_sign_in(&name).expect("gone"));
        });
    }

    #[test]
    fn a_refresh_keeps_the_id_and_a_refresh_token_that_has_no_successor() {
        let made = SignIn::new(&center("corp"), Flow::Browser, client("b"), tokens(), NOW);
        let id = made.header.id.clone();
        let later = NOW.plus_seconds(3000);
        let new = Tokens { access: secret("second"), expires_at: later.plus_seconds(3600), refresh: None };
        let refreshed = made.refreshed(new, later);
        assert_eq!((refreshed.header.id, refreshed.access.expose()), (id, "second"));
        assert_eq!(refreshed.refresh.expect("kept").expose(), "fake-refresh-token");
        assert_eq!(refreshed.header.expires_at, later.plus_seconds(3600));
    }

    #[test]
    fn a_pending_code_lives_until_its_end_and_is_no_sign_in() {
        with_cache(|cache, folder| {
            let (key, name) = (sealing_key(1), SignInName::new(&center("corp")));
            let code = PendingCode {
                device_code: secret("fake-device-code"),
                user_code: "AB-CD".to_owned(),
                verification_uri: "https://device".to_owned(),
                verification_uri_complete: "https://device?user_code=AB-CD".to_owned(),
                interval: 1,
                expires_at: NOW.plus_seconds(600),
                client: client("d"),
            };
            cache.put_pending_code(&key, &name, &code).expect("kept");
            let read = cache.pending_code(&key, &name, NOW).expect("there");
            assert_eq!((read.device_code.expose(), read.interval), ("fake-device-code", 1));
            assert!(cache.pending_code(&key, &name, NOW.plus_seconds(600)).is_none(), "expired");
            assert!(cache.pending_code(&sealing_key(2), &name, NOW).is_none(), "another key");
            let [from, to] = ["pending", "sign-in"].map(|kind| folder.join(format!("{}.{kind}", name.of_session())));
            std::fs::copy(from, to).expect("copied");
            assert!(cache.sign_in(&key, &name).is_err());
            assert_eq!(cache.remove_all_sign_ins().expect("removed"), 1);
            assert!(cache.pending_code(&key, &name, NOW).is_none());
        });
    }

    #[test]
    fn sections_and_profiles_of_one_start_url_share_a_sign_in_and_others_do_not() {
        let (one, two) = (center("corp"), center("corp"));
        let legacy = IdentityCenter { session: None, written_start_url: "x".to_owned(), ..two };
        assert_eq!(SignInName::new(&one), SignInName::new(&legacy));
        for other in [
            center("other"),
            IdentityCenter { region: "us-east-2".to_owned(), ..center("corp") },
            IdentityCenter { scopes: vec!["codewhisperer:completions".to_owned()], ..center("corp") },
        ] {
            assert_ne!(SignInName::new(&one), SignInName::new(&other));
        }
    }
}
