//! Users, roles and devices as tests hold them. Every method takes effect at once; most return the handle again.

use std::sync::Arc;

use super::answer::iso_date;
use super::world::{DeviceKind, Origin, Role, User, steps_around};
use super::{Shared, fake, totp};

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
}

/// Temporary credentials that somebody else has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionKeys {
    pub id: String,
    pub secret: String,
    pub token: String,
    /// `2026-11-29T12:00:00Z`
    pub expires: String,
}

impl SessionKeys {
    /// As a `credential_process` prints it.
    pub fn document(&self) -> String {
        format!(
            r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}","SessionToken":"{}","Expiration":"{}"}}"#,
            self.id, self.secret, self.token, self.expires
        )
    }
}

/// A user of the loopback AWS, who may do anything with itself and nothing with others.
#[derive(Debug, Clone)]
pub struct UserHandle {
    shared: Arc<Shared>,
    arn: String,
}

impl UserHandle {
    /// One of this ARN, whether or not there is one.
    pub(super) fn of(shared: &Arc<Shared>, arn: &str) -> Self {
        UserHandle { shared: Arc::clone(shared), arn: arn.to_owned() }
    }

    pub(super) fn create(shared: &Arc<Shared>, account: &str, name: &str, is_root: bool) -> Self {
        let mut world = shared.world();
        let partition = &world.partition;
        let arn = match is_root {
            true => format!("arn:{partition}:iam::{account}:root"),
            false => format!("arn:{partition}:iam::{account}:user/{name}"),
        };
        let user = User {
            arn: arn.clone(),
            name: name.to_owned(),
            account: account.to_owned(),
            user_id: if is_root { account.to_owned() } else { fake::unique_id("AIDA", &arn) },
            is_root,
            created: world.now(),
            denied: std::collections::BTreeSet::default(),
            iam_needs_mfa: false,
            may_manage_others: false,
        };
        world.users.entry(arn.clone()).or_insert(user);
        UserHandle { shared: Arc::clone(shared), arn }
    }

    fn change(&self, change: impl FnOnce(&mut User)) -> Self {
        change(self.shared.world().users.get_mut(&self.arn).expect("users are never deleted"));
        self.clone()
    }

    pub fn arn(&self) -> String {
        self.arn.clone()
    }

    /// A new access key, usable at once; a user can have two.
    pub fn access_key(&self) -> AccessKey {
        let mut world = self.shared.world();
        let id = world.create_key(&self.arn).expect("a user has two keys at most");
        AccessKey { secret: world.keys[&id].secret.clone(), id }
    }

    /// The ids of the user's keys and whether each is Active.
    pub fn keys(&self) -> Vec<(String, bool)> {
        let world = self.shared.world();
        let own = world.keys.iter().filter(|(_, key)| key.user == self.arn);
        own.map(|(id, key)| (id.clone(), key.active)).collect()
    }

    /// The secret of a key.
    pub fn secret_of(&self, key_id: &str) -> String {
        self.shared.world().keys[key_id].secret.clone()
    }

    /// Makes a key Inactive, or Active again.
    pub fn set_active(&self, key_id: &str, active: bool) {
        self.shared.world().keys.get_mut(key_id).expect("a key of this server's").active = active;
    }

    /// Deletes a key, as somebody else at the console would.
    pub fn delete_key(&self, key_id: &str) {
        self.shared.world().keys.remove(key_id).expect("a key of this server's");
    }

    /// Makes a key look as old as this.
    pub fn set_key_age(&self, key_id: &str, days: i64) {
        let mut world = self.shared.world();
        let created = world.now() - days * 86_400_000;
        world.keys.get_mut(key_id).expect("a key of this server's").created = created;
    }

    /// A virtual MFA device, enabled: `arn:aws:iam::ACCOUNT:mfa/NAME`.
    pub fn mfa(&self, name: &str) -> DeviceHandle {
        self.device(&self.device_arn("mfa", name), DeviceKind::Virtual)
    }

    /// A hardware token, known by its plain serial (9 characters or more).
    pub fn hardware_mfa(&self, serial: &str) -> DeviceHandle {
        self.device(serial, DeviceKind::Hardware)
    }

    /// A passkey: listed like the others, but the API cannot use it.
    pub fn u2f(&self, name: &str) -> DeviceHandle {
        let user = self.shared.world().users[&self.arn].name.clone();
        self.device(&self.device_arn(&format!("u2f/user/{user}"), name), DeviceKind::U2f)
    }

    fn device_arn(&self, kind: &str, name: &str) -> String {
        let world = self.shared.world();
        format!("arn:{}:iam::{}:{kind}/{name}", world.partition, world.users[&self.arn].account)
    }

    fn device(&self, serial: &str, kind: DeviceKind) -> DeviceHandle {
        self.shared.world().create_device(serial, kind, Some(&self.arn));
        DeviceHandle { shared: Arc::clone(&self.shared), serial: serial.to_owned() }
    }

    /// Denies an action: `iam:ListMFADevices`, `iam:*`, `sts:AssumeRole`.
    pub fn denied(&self, action: &str) -> Self {
        self.change(|user| {
            user.denied.insert(action.to_owned());
        })
    }

    /// The usual policy that denies IAM to whoever comes without MFA.
    pub fn needs_mfa_for_iam(&self) -> Self {
        self.change(|user| user.iam_needs_mfa = true)
    }

    /// Puts it into a group, which is created if there is none.
    pub fn in_group(&self, group: &str) -> Self {
        let mut world = self.shared.world();
        world.directory.groups.entry(group.to_owned()).or_default();
        let own = world.directory.users.entry(self.arn.clone()).or_default();
        own.groups.insert(group.to_owned());
        drop(world);
        self.clone()
    }

    /// What belongs to it, as IAM has it; none once it is deleted.
    pub fn belongings(&self) -> Option<super::Belongings> {
        let world = self.shared.world();
        world.users.get(&self.arn)?;
        Some(world.directory.users.get(&self.arn).cloned().unwrap_or_default())
    }

    /// Gives it more to be rid of.
    pub fn give(&self, give: impl FnOnce(&mut super::Belongings)) -> Self {
        give(self.shared.world().directory.users.entry(self.arn.clone()).or_default());
        self.clone()
    }

    /// An administrator: other users' keys and devices too.
    pub fn may_manage_others(&self) -> Self {
        self.change(|user| user.may_manage_others = true)
    }
}

/// An MFA device and, as its owner sees it, the codes it shows.
#[derive(Debug, Clone)]
pub struct DeviceHandle {
    shared: Arc<Shared>,
    serial: String,
}

impl DeviceHandle {
    pub(super) fn of(shared: &Arc<Shared>, serial: &str) -> Option<Self> {
        let is_there = shared.world().devices.contains_key(serial);
        is_there.then(|| DeviceHandle { shared: Arc::clone(shared), serial: serial.to_owned() })
    }

    /// Whether it is somebody's.
    pub fn is_enabled(&self) -> bool {
        self.shared.world().devices.get(&self.serial).is_some_and(|device| device.user.is_some())
    }

    /// The code the device shows so many steps from now, spent or not.
    pub fn code_at(&self, steps: i64) -> String {
        let mut world = self.shared.world();
        let step = world.now().div_euclid(1000 * totp::STEP);
        world.show_code(&self.serial, step + steps)
    }

    /// The codes of this step and the next: AWS takes both, also where a step ends before they are sent.
    pub fn codes_in_a_row(&self) -> [String; 2] {
        let mut world = self.shared.world();
        let step = world.now().div_euclid(1000 * totp::STEP);
        [step, step + 1].map(|step| world.show_code(&self.serial, step))
    }

    /// Uses the code of this step elsewhere, as a phone would.
    pub fn use_code(&self) {
        let mut world = self.shared.world();
        let step = world.now().div_euclid(1000 * totp::STEP);
        world.devices.get_mut(&self.serial).expect("the device is still there").spent.insert(step);
    }

    pub fn serial(&self) -> String {
        self.serial.clone()
    }

    /// The seed in base32, to be stored where a test is about that.
    pub fn seed(&self) -> String {
        self.shared.world().devices[&self.serial].seed.clone()
    }

    /// A code AWS takes now and nobody has used or been shown: of this step, else the next, else the one before.
    ///
    /// # Panics
    /// With all three gone; [`LoopbackAws::advance`](super::LoopbackAws::advance) by 60 brings new ones.
    pub fn code(&self) -> String {
        let mut world = self.shared.world();
        let now = world.now();
        let device = world.devices.get_mut(&self.serial).expect("the device is still there");
        let free = |step: &i64| !device.spent.contains(step) && !device.shown.contains(step);
        let step =
            steps_around(now).into_iter().find(free).expect("three codes a minute and a half: call `advance(60)`");
        device.shown.insert(step);
        world.show_code(&self.serial, step)
    }

    /// Six digits that are not among the codes of these minutes.
    pub fn wrong_code(&self) -> String {
        let world = self.shared.world();
        let (now, seed) = (world.now(), &world.devices[&self.serial].seed);
        let step = now.div_euclid(1000 * totp::STEP);
        let right: Vec<String> = (step - 10..step + 10).map(|step| totp::code(seed, step)).collect();
        let digits = (0..1000).map(|number| format!("{number:06}")).find(|code| !right.contains(code));
        digits.expect("twenty codes are not a thousand")
    }
}

/// A role of the loopback AWS.
#[derive(Debug, Clone)]
pub struct RoleHandle {
    shared: Arc<Shared>,
    arn: String,
}

impl RoleHandle {
    /// A session of the role for this long, as somebody else has got it.
    pub fn session(&self, seconds: i64) -> SessionKeys {
        let mut world = self.shared.world();
        let account = world.roles[&self.arn].account.clone();
        let (role, session_name) = (self.arn.clone(), "somebody".to_owned());
        let origin = Origin::Role { role, session_name, source_identity: None, transitive_tags: Vec::new() };
        let id = world.create_session(&account, seconds, origin);
        let session = &world.sessions[&id];
        let (secret, token, expires) = (session.secret.clone(), session.token.clone(), iso_date(session.expires));
        SessionKeys { id, secret, token, expires }
    }

    pub(super) fn create(shared: &Arc<Shared>, account: &str, name: &str) -> Self {
        let mut world = shared.world();
        let arn = format!("arn:{}:iam::{account}:role/{name}", world.partition);
        let role = Role {
            arn: arn.clone(),
            name: name.to_owned(),
            account: account.to_owned(),
            role_id: fake::unique_id("AROA", &arn),
            trusted: std::collections::BTreeSet::default(),
            external_id: None,
            needs_mfa: false,
            max_mfa_age: None,
            max_session: 3600,
            longest: i64::MAX,
            source_identity: None,
            takes_tags: true,
            allowed: std::collections::BTreeSet::default(),
        };
        world.roles.entry(arn.clone()).or_insert(role);
        RoleHandle { shared: Arc::clone(shared), arn }
    }

    /// A role that is there already.
    pub(super) fn known(shared: &Arc<Shared>, arn: &str) -> Self {
        RoleHandle { shared: Arc::clone(shared), arn: arn.to_owned() }
    }

    fn change(&self, change: impl FnOnce(&mut Role)) -> Self {
        change(self.shared.world().roles.get_mut(&self.arn).expect("roles are never deleted"));
        self.clone()
    }

    pub fn arn(&self) -> String {
        self.arn.clone()
    }

    /// Lets a user, a role, a role's session or an account's `…:root` assume it, by ARN.
    pub fn trusts(&self, arn: &str) -> Self {
        self.change(|role| {
            role.trusted.insert(arn.to_owned());
        })
    }

    /// Takes the trust back.
    pub fn trusts_nobody(&self) -> Self {
        self.change(|role| role.trusted.clear())
    }

    /// Sessions of the role end after so many seconds, for tests that wait for it.
    pub fn sessions_live(&self, seconds: i64) -> Self {
        self.change(|role| role.longest = seconds)
    }

    pub fn needs_external_id(&self, id: &str) -> Self {
        self.change(|role| role.external_id = Some(id.to_owned()))
    }

    /// `aws:MultiFactorAuthPresent` must be true.
    pub fn needs_mfa(&self) -> Self {
        self.change(|role| role.needs_mfa = true)
    }

    /// `aws:MultiFactorAuthAge` must be at most this.
    pub fn needs_mfa_within(&self, seconds: i64) -> Self {
        self.change(|role| role.max_mfa_age = Some(seconds))
    }

    pub fn needs_source_identity(&self, identity: &str) -> Self {
        self.change(|role| role.source_identity = Some(identity.to_owned()))
    }

    /// MaxSessionDuration, 3,600 to 43,200; 3,600 unless set.
    pub fn max_session(&self, seconds: i64) -> Self {
        self.change(|role| role.max_session = seconds)
    }

    /// Without `sts:TagSession`.
    pub fn takes_no_tags(&self) -> Self {
        self.change(|role| role.takes_tags = false)
    }

    /// Lets its sessions call an IAM action: `iam:ListAccessKeys`, `iam:*`.
    pub fn allows(&self, action: &str) -> Self {
        self.change(|role| {
            role.allowed.insert(action.to_owned());
        })
    }
}
