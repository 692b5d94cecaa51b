//! The instance as tests hold it. Every method takes effect at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{LoopbackAws, RoleHandle, Shared};
use super::pages::{self, Consent};
use super::{Account, Decision, portal};

/// The Identity Center of the loopback AWS, and the one person in it.
#[derive(Debug, Clone)]
pub struct IdentityCenterHandle {
    shared: Arc<Shared>,
}

impl LoopbackAws {
    /// The instance with this start URL; there is none before.
    pub fn identity_center(&self, start_url: &str) -> IdentityCenterHandle {
        start_url.clone_into(&mut self.shared.world().identity_center.start_url);
        IdentityCenterHandle { shared: Arc::clone(&self.shared) }
    }
}

impl IdentityCenterHandle {
    /// Adds an account, or renames it.
    pub fn account(&self, id: &str, name: &str) -> Self {
        let accounts = &mut self.shared.world().identity_center.accounts;
        match accounts.iter_mut().find(|account| account.id == id) {
            Some(account) => name.clone_into(&mut account.name),
            None => accounts.push(Account {
                id: id.to_owned(),
                name: name.to_owned(),
                email: format!("aws+{id}@corp.example"),
                permission_sets: Vec::new(),
            }),
        }
        self.clone()
    }

    /// Assigns a permission set in an account.
    pub fn assign(&self, account: &str, permission_set: &str) -> Self {
        self.change_account(account, |known| known.permission_sets.push(permission_set.to_owned()))
    }

    /// Takes an assignment back; the permission set's role stays.
    pub fn unassign(&self, account: &str, permission_set: &str) -> Self {
        self.change_account(account, |known| known.permission_sets.retain(|have| have != permission_set))
    }

    fn change_account(&self, id: &str, change: impl FnOnce(&mut Account)) -> Self {
        let accounts = &mut self.shared.world().identity_center.accounts;
        change(accounts.iter_mut().find(|account| account.id == id).expect("an account of this instance"));
        self.clone()
    }

    /// So many accounts, `Team 1 Prod` on, each with these permission sets. Their ids start with zeros.
    pub fn many_accounts(&self, count: usize, permission_sets: &[&str]) -> Self {
        for number in 1..=count {
            let id = format!("{:012}", 10_000 + number);
            self.account(&id, &format!("Team {number} Prod"));
            for permission_set in permission_sets {
                self.assign(&id, permission_set);
            }
        }
        self.clone()
    }

    /// The role behind a permission set, to be trusted by others.
    pub fn role(&self, account: &str, permission_set: &str) -> RoleHandle {
        let arn = portal::reserved_role(&mut self.shared.world(), account, permission_set);
        RoleHandle::known(&self.shared, &arn)
    }

    fn consent(&self, consent: Consent) -> Self {
        self.shared.world().identity_center.consent = consent;
        self.clone()
    }

    /// `/authorize` redirects at once, as for a browser that is signed in.
    pub fn signed_in(&self) -> Self {
        self.consent(Consent::SignedIn)
    }

    /// `/authorize` shows its page, and waits for somebody to press a button.
    pub fn asks(&self) -> Self {
        self.consent(Consent::Asks)
    }

    /// The pages press their button themselves, in a browser that runs scripts.
    pub fn presses_allow(&self) -> Self {
        self.consent(Consent::Presses(true))
    }

    /// The same with the other button.
    pub fn presses_deny(&self) -> Self {
        self.consent(Consent::Presses(false))
    }

    /// The user code that was given out last, as soon as there is one.
    ///
    /// # Panics
    /// Where there is none after 20 s.
    pub fn user_code(&self) -> String {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let world = self.shared.world();
            let pending = world.identity_center.devices.values().filter(|device| device.decision == Decision::Pending);
            if let Some(device) = pending.max_by_key(|device| device.expires) {
                return device.user_code.clone();
            }
            drop(world);
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nobody has asked for a device code");
    }

    /// Confirms a device code, as a person with a browser elsewhere.
    pub fn approve(&self, user_code: &str) {
        self.decide(user_code, Decision::Allowed);
    }

    /// Refuses one.
    pub fn deny(&self, user_code: &str) {
        self.decide(user_code, Decision::Denied);
    }

    fn decide(&self, user_code: &str, decision: Decision) {
        let is_done = pages::decide(&mut self.shared.world(), user_code, decision);
        assert!(is_done, "{user_code} is no code that waits for a decision");
    }

    /// What clients are told to wait between two polls, in seconds.
    pub fn poll_every(&self, seconds: i64) -> Self {
        self.shared.world().identity_center.device_interval = seconds;
        self.clone()
    }

    /// Ends every portal session: by the administrator, or because its time is over. Access tokens and refresh tokens of it are
    /// refused; role credentials live on.
    pub fn end_portal_sessions(&self) {
        self.shared.world().identity_center.portal_session += 1;
    }

    /// Access tokens given out so far are refused; refresh tokens work.
    pub fn expire_access_tokens(&self) {
        for token in self.shared.world().identity_center.access_tokens.values_mut() {
            token.expires = 0;
        }
    }

    /// Access tokens live so long from now on, and their holders are told; an hour unless set.
    pub fn access_tokens_live(&self, seconds: i64) -> Self {
        self.shared.world().identity_center.access_token_ms = seconds * 1000;
        self.clone()
    }

    /// Forgets every registered client.
    pub fn forget_clients(&self) {
        self.shared.world().identity_center.clients.clear();
    }

    /// How many entries a page of a list has where the client names no number; 20 unless set.
    pub fn page_size(&self, entries: usize) -> Self {
        self.shared.world().identity_center.page_size = entries;
        self.clone()
    }

    /// From how many calls a second on the portal answers 429; 20 unless set.
    pub fn calls_a_second(&self, calls: usize) -> Self {
        self.shared.world().identity_center.calls_a_second = calls;
        self.clone()
    }

    /// The most calls of the portal that came within any second.
    pub fn most_calls_in_a_second(&self) -> usize {
        let world = self.shared.world();
        let calls = &world.identity_center.portal_calls;
        let within =
            |(index, first): (usize, &i64)| calls[index..].iter().take_while(|call| **call - first < 1000).count();
        calls.iter().enumerate().map(within).max().unwrap_or(0)
    }

    /// How often CreateToken was asked for by this grant (`authorization_code`, `refresh_token`, `device_code`), granted or not.
    pub fn grants(&self, grant: &str) -> usize {
        let world = self.shared.world();
        let is_grant = |name: Option<&str>| name.is_some_and(|name| name.ends_with(grant));
        world.log.iter().filter(|call| call.action == "CreateToken" && is_grant(call.param("grantType"))).count()
    }
}
