//! Everything the loopback AWS knows: users, keys, devices, roles, sessions, what was asked and what goes wrong next.
//!
//! Plain data behind one lock. Times are milliseconds of Unix time by the server's own clock.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::SystemTime;

use super::account::Account;
use super::answer::{Refusal, Service};
use super::fake;
use super::faults::PlannedFault;
use super::iam_users::Directory;
use super::identity_center::IdentityCenter;
use super::log::Logged;
use super::machine::Machine;
use super::policy::SessionPolicy;
use super::roles_anywhere::RolesAnywhere;
use super::sign_in::SignIns;
use super::totp;

/// A user, or an account's root.
#[derive(Debug, Clone)]
pub struct User {
    pub arn: String,
    pub name: String,
    pub account: String,
    pub user_id: String,
    pub is_root: bool,
    pub created: i64,
    /// `iam:ListMFADevices`, `sts:AssumeRole`, `iam:*`: what a policy of this user's denies.
    pub denied: BTreeSet<String>,
    pub iam_needs_mfa: bool,
    pub may_manage_others: bool,
}

/// A long-term access key.
#[derive(Debug, Clone)]
pub struct Key {
    pub secret: String,
    pub user: String,
    pub active: bool,
    pub created: i64,
    /// When, with which service and in which region it was used last.
    pub last_used: Option<(i64, Service, String)>,
    /// Before this moment nobody knows it yet.
    pub known_from: i64,
    /// What the next calls signed with it find, a service: known or not. Used up, it is known.
    pub appearances: HashMap<Service, VecDeque<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    Virtual,
    Hardware,
    /// Passkeys: listed, and of no use through the API.
    U2f,
}

/// An MFA device. One without a user is a virtual one not yet enabled.
#[derive(Debug, Clone)]
pub struct Device {
    pub serial: String,
    pub kind: DeviceKind,
    pub seed: String,
    pub user: Option<String>,
    pub enabled: i64,
    /// Steps whose code has been spent.
    pub spent: HashSet<i64>,
    /// Steps whose code a test has asked for.
    pub shown: HashSet<i64>,
}

impl Device {
    /// The step that makes this code now: this one, the one before or the one after.
    pub fn step_of(&self, code: &str, now: i64) -> Option<i64> {
        steps_around(now).into_iter().find(|step| totp::code(&self.seed, *step) == code)
    }
}

/// This step, the next and the one before: the codes AWS takes.
pub fn steps_around(now: i64) -> [i64; 3] {
    let step = now.div_euclid(1000 * totp::STEP);
    [step, step + 1, step - 1]
}

#[derive(Debug, Clone)]
pub struct Role {
    pub arn: String,
    pub name: String,
    pub account: String,
    pub role_id: String,
    /// ARNs of users, roles, role sessions and `…:root` that may assume it.
    pub trusted: BTreeSet<String>,
    pub external_id: Option<String>,
    pub needs_mfa: bool,
    /// Seconds (`aws:MultiFactorAuthAge`).
    pub max_mfa_age: Option<i64>,
    pub max_session: i64,
    /// How long its sessions live at most, whatever is asked for; AWS has no such thing.
    pub longest: i64,
    pub source_identity: Option<String>,
    pub takes_tags: bool,
    pub allowed: BTreeSet<String>,
}

/// Session tags, in order.
pub type Tags = Vec<(String, String)>;

/// What a session stands for.
#[derive(Debug, Clone)]
pub enum Origin {
    /// GetSessionToken: still the user, with MFA where a code was spent on it.
    User { user: String, mfa_at: Option<i64> },
    /// AssumeRole: the role, and MFA is forgotten.
    Role { role: String, session_name: String, source_identity: Option<String>, transitive_tags: Tags },
    /// GetFederationToken: the user under another name, without IAM.
    Federation { user: String, name: String },
}

#[derive(Debug, Clone)]
pub struct Session {
    pub secret: String,
    pub token: String,
    pub expires: i64,
    pub origin: Origin,
    /// Each of them has to allow what it is used for.
    pub policies: Vec<SessionPolicy>,
    /// How many of them GetScopedCredentials has added.
    pub scoped: usize,
    /// Whether it is a role's that was assumed without another session.
    pub is_first_hop: bool,
}

/// Something that must not turn up where it does not belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    pub value: String,
    /// `secret access key of AKIA…`, for the failing test's message.
    pub what: String,
    pub kind: SecretKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    LongTerm,
    Session,
    /// Of IAM Identity Center: it is also shared with AWS's own tools, in their cache.
    AccessToken,
    /// What else a sign-in takes: authorization codes and their verifiers, client secrets, device codes, refresh and id tokens.
    SignIn,
    Seed,
    /// A console password.
    Password,
    /// An MFA code that somebody was shown or that was spent. Six digits turn up anywhere: it is looked for as a whole word.
    Code,
}

/// The whole of it.
#[derive(Debug, Default)]
pub struct World {
    pub partition: String,
    /// Where the server is.
    pub url: String,
    pub clock_offset_ms: i64,
    pub users: BTreeMap<String, User>,
    pub keys: BTreeMap<String, Key>,
    pub devices: BTreeMap<String, Device>,
    pub roles: BTreeMap<String, Role>,
    pub directory: Directory,
    pub sessions: BTreeMap<String, Session>,
    pub secrets: Vec<Secret>,
    pub faults: Vec<PlannedFault>,
    pub log: Vec<Logged>,
    pub connections: u64,
    /// What it took to answer them.
    pub busy: std::time::Duration,
    /// The only STS region this server answers for, where a test cares.
    pub sts_region: Option<String>,
    pub new_keys_unknown_ms: i64,
    pub new_keys_appear: Vec<bool>,
    pub minted: u64,
    /// Characters of each session token, where a test cares.
    pub token_length: Option<usize>,
    pub machine: Machine,
    pub identity_center: IdentityCenter,
    pub sign_ins: SignIns,
    pub no_scoped_credentials: bool,
    pub roles_anywhere: RolesAnywhere,
    /// Tokens of the console's sign-in, and until when they are taken.
    pub sign_in_tokens: BTreeMap<String, i64>,
    /// What audits read, by account.
    pub accounts: BTreeMap<String, Account>,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "this is AWS's clock and not keyfob's")]
    pub fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("this machine is past 1970");
        i64::try_from(since.as_millis()).expect("and before the year 292 million") + self.clock_offset_ms
    }

    pub fn number(&mut self) -> u64 {
        self.minted += 1;
        self.minted
    }

    /// A secret that is none of the credentials.
    pub fn keep_secret(&mut self, kind: SecretKind, value: &str, what: String) {
        self.hand_out(kind, value, what);
    }

    fn hand_out(&mut self, kind: SecretKind, value: &str, what: String) {
        self.secrets.push(Secret { value: value.to_owned(), what, kind });
    }

    /// The code of a device at a step, for somebody to use.
    pub fn show_code(&mut self, serial: &str, step: i64) -> String {
        let code = totp::code(&self.devices[serial].seed, step);
        if !self.secrets.iter().any(|secret| secret.kind == SecretKind::Code && secret.value == code) {
            self.hand_out(SecretKind::Code, &code, format!("MFA code {code} of {serial}"));
        }
        code
    }

    /// Makes a key, known to all at once; at most two a user.
    pub fn create_key(&mut self, user: &str) -> Result<String, Refusal> {
        if self.keys.values().filter(|key| key.user == user).count() >= 2 {
            return Err(Refusal::new(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
        }
        let number = self.number();
        let account = self.users[user].account.clone();
        let (id, secret) = (fake::key_id("AKIA", &account, number), fake::secret(number));
        self.hand_out(SecretKind::LongTerm, &secret, format!("secret access key of {id}"));
        let now = self.now();
        let key = Key {
            secret,
            user: user.to_owned(),
            active: true,
            created: now,
            last_used: None,
            known_from: i64::MIN,
            appearances: HashMap::new(),
        };
        self.keys.insert(id.clone(), key);
        Ok(id)
    }

    /// Makes temporary credentials and returns their id.
    pub fn create_session(&mut self, account: &str, seconds: i64, origin: Origin) -> String {
        let number = self.number();
        let id = fake::key_id("ASIA", account, number);
        let session = Session {
            secret: fake::secret(number),
            token: fake::token(number, self.token_length),
            expires: self.now() + seconds * 1000,
            origin,
            policies: Vec::new(),
            scoped: 0,
            is_first_hop: false,
        };
        self.hand_out(SecretKind::Session, &session.secret, format!("secret access key of {id}"));
        self.hand_out(SecretKind::Session, &session.token, format!("session token of {id}"));
        self.sessions.insert(id.clone(), session);
        id
    }

    /// Adds a device; the seed is made from its serial.
    pub fn create_device(&mut self, serial: &str, kind: DeviceKind, user: Option<&str>) {
        let device = Device {
            serial: serial.to_owned(),
            kind,
            seed: fake::seed(serial),
            user: user.map(str::to_owned),
            enabled: self.now(),
            spent: HashSet::new(),
            shown: HashSet::new(),
        };
        if kind == DeviceKind::Virtual {
            self.hand_out(SecretKind::Seed, &device.seed, format!("seed of {serial}"));
        }
        self.devices.insert(serial.to_owned(), device);
    }

    /// Spends a code of a user's device.
    ///
    /// # Errors
    /// In AWS's words, where the device is not the user's, or the code is wrong or was spent before.
    pub fn spend_code(&mut self, user: Option<&str>, serial: &str, code: &str) -> Result<(), Refusal> {
        let now = self.now();
        let device = self.devices.get_mut(serial).filter(|device| device.user.as_deref() == user && user.is_some());
        let Some(device) = device.filter(|device| device.kind != DeviceKind::U2f) else {
            // Two blanks after the full stop: that is how AWS writes it.
            return Err(Refusal::access_denied(
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number \
                 is valid and associated with this user.",
            ));
        };
        match device.step_of(code, now) {
            Some(step) if device.spent.insert(step) => {
                self.show_code(serial, step);
                Ok(())
            }
            Some(_) | None => {
                Err(Refusal::access_denied("MultiFactorAuthentication failed with invalid MFA one time pass code. "))
            }
        }
    }
}
