//! What a sign-in is, and what its files are called. Pure.

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::aws::oidc::{Client, Flow, Tokens};
use crate::chain::identity_center::IdentityCenter;
use crate::hex;
use crate::secret::Secret;
use crate::session_cache::name::SessionName;
use crate::session_cache::seal::unix;
use crate::timestamp::Timestamp;

pub(super) const VERSION: u32 = 1;

/// What a sign-in's file says in clear: enough for `list`, `explain` and `logout` without the sealing key; no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInHeader {
    pub(super) version: u32,
    pub start_url: String,
    pub region: String,
    /// Random, made at the sign-in and kept through refreshes: what is made from it can be told from another person's.
    pub id: String,
    /// When the access token was made, by the corrected clock.
    #[serde(with = "unix")]
    pub issued_at: Timestamp,
    /// Until when the access token works for certain.
    #[serde(with = "unix")]
    pub expires_at: Timestamp,
    /// Whether there is a refresh token.
    pub renewable: bool,
    /// Whether AWS has refused it; it counts as none from then on.
    pub refused: bool,
    /// Whether a refresh was begun and its answer not kept: whoever did it was killed, or does it now.
    pub renewing: bool,
}

impl SignInHeader {
    /// Whether its access token has ended, and AWS does not give another.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now && (self.refused || !self.renewable)
    }
}

/// A sign-in.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub header: SignInHeader,
    pub access: Secret,
    pub refresh: Option<Secret>,
    /// How it was made; the client of that way refreshes it.
    pub flow: Flow,
    /// The registered clients, one a flow.
    pub clients: Vec<(Flow, Client)>,
}

impl SignIn {
    /// A new one.
    pub fn new(center: &IdentityCenter, flow: Flow, client: Client, tokens: Tokens, now: Timestamp) -> SignIn {
        let mut id = [0; 16];
        OsRng.fill_bytes(&mut id);
        let Tokens { access, expires_at, refresh } = tokens;
        let header = SignInHeader {
            version: VERSION,
            start_url: center.start_url.clone(),
            region: center.region.clone(),
            id: hex::encode(&id),
            issued_at: now,
            expires_at,
            renewable: refresh.is_some(),
            refused: false,
            renewing: false,
        };
        SignIn { header, access, refresh, flow, clients: vec![(flow, client)] }
    }

    /// With the tokens of a refresh; the old refresh token stays where there is no new one.
    pub fn refreshed(mut self, tokens: Tokens, now: Timestamp) -> SignIn {
        let Tokens { access, expires_at, refresh } = tokens;
        self.refresh = refresh.or(self.refresh);
        (self.access, self.header.issued_at, self.header.expires_at) = (access, now, expires_at);
        (self.header.refused, self.header.renewing) = (false, false);
        self
    }

    /// The client of a flow, while it is registered.
    pub fn client(&self, flow: Flow, now: Timestamp) -> Option<&Client> {
        let of_flow = self.clients.iter().find(|(other, _)| *other == flow);
        of_flow.map(|(_, client)| client).filter(|client| now < client.expires_at)
    }

    /// The client that refreshes it.
    pub fn own_client(&self) -> Option<&Client> {
        self.clients.iter().find(|(flow, _)| *flow == self.flow).map(|(_, client)| client)
    }

    /// Takes over the clients of the other flows.
    #[must_use]
    pub fn with_clients_of(mut self, old: &SignIn) -> SignIn {
        let others = old.clients.iter().filter(|(flow, _)| *flow != self.flow).cloned();
        self.clients.extend(others);
        self
    }
}

/// A device code that was shown to somebody, who may still approve it.
#[derive(Debug, Clone)]
pub struct PendingCode {
    pub device_code: Secret,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: String,
    /// Seconds between two tries.
    pub interval: u64,
    pub expires_at: Timestamp,
    pub client: Client,
}

/// The name of a sign-in and its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInName(pub(super) SessionName);

impl SignInName {
    /// Of a start URL, its region and scopes. It tells no more than the config file does, so it is no keyed hash.
    pub fn new(center: &IdentityCenter) -> SignInName {
        let mut digest = Sha256::new();
        for part in center.sign_in_parts() {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        SignInName(SessionName::of_file(&hex::encode(&digest.finalize())))
    }

    /// The name that its lock and the failure of its refresh have.
    pub fn of_session(&self) -> &SessionName {
        &self.0
    }
}
