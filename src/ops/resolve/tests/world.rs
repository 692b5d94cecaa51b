//! A world made of scripted parts: AWS, a person, a key store and a clock that only tests move.
#![expect(clippy::disallowed_methods, reason = "tests damage files in place")]

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::aws::{
    AssumeRole, AwsError, CallerIdentity, GetFederationToken, GetScopedCredentials, GetSessionToken, MfaCode, Sts,
};
use crate::chain::target::Target;
use crate::chain::{Base, Plan};
use crate::credentials::{AccessKey, Credentials, Session, StoreId};
use crate::error::{Error, Kind, Result};
use crate::hint::Hint;
use crate::human::Talk;
use crate::keystore::UNASKED;
use crate::keystore::memory::MemoryStore;
use crate::ops::resolve::{ResolveOptions, credentials, store_of};
use crate::ops::{Context, Keys};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::cache_summary::CacheSummary;
use crate::session_cache::inspection::Inspection;
use crate::session_cache::name::SessionName;
use crate::session_cache::seal::Header;
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::{SessionCache, sample};
use crate::sys::clock::Clock;
use crate::sys::lock::Lock;
use crate::testing::Person;
use crate::testing::ports::Ports;
use crate::timestamp::Timestamp;
use crate::totp::Seed;

pub(super) const NOW: i64 = 1_700_000_000;

pub(super) fn refused(code: &str, message: &str) -> AwsError {
    AwsError::Refused { code: code.into(), message: message.into(), status: 403, request_id: None }
}

pub(super) fn denied() -> AwsError {
    refused("AccessDenied", "User: ann is not authorized to perform: sts:AssumeRole on resource: b")
}

pub(super) fn unreachable() -> AwsError {
    AwsError::Unreachable { endpoint: "sts.eu-west-1.amazonaws.com".into(), cause: "no route to host".into() }
}

/// Everything outside; each run gets a context and a clock of its own, as a process would.
pub(super) struct World {
    pub(super) ports: Ports,
    now: AtomicI64,
    behind: AtomicI64,
    aws: Aws,
    person: Person,
    keys: KeyRing,
    warnings: Mutex<Vec<String>>,
}

impl World {
    /// A world whose person gives these answers in turn; `declined` is Ctrl-C. After them nobody is there.
    pub(super) fn new(answers: &[&'static str]) -> World {
        World {
            ports: Ports::at(NOW),
            now: AtomicI64::new(NOW),
            behind: AtomicI64::new(0),
            aws: Aws::default(),
            person: Person::typing(answers),
            keys: KeyRing { sealing_key: Mutex::new(vec![7; 32]), ..KeyRing::default() },
            warnings: Mutex::default(),
        }
    }

    pub(super) fn get(&self, plan: &Plan) -> Result<Credentials> {
        self.get_with(plan, &ResolveOptions::default())
    }

    pub(super) fn get_with(&self, plan: &Plan, options: &ResolveOptions) -> Result<Credentials> {
        let clock = Clock::fixed(Timestamp::from_unix(self.now.load(Ordering::Relaxed)));
        let call = Call { aws: &self.aws, clock: &clock, behind: self.behind.load(Ordering::Relaxed) };
        let stores = MemoryStore::new(StoreId::VAULT);
        let ports = self.ports.context(self, &self.person, &self.keys, &stores);
        let context = Context { clock: &clock, sts: &call, ..ports };
        credentials(&context, plan, options)
    }

    /// What `explain` says of a plan, with the kernel keyring's copy of the sealing key or without.
    pub(super) fn look(&self, plan: &Plan, is_at_hand: bool) -> CacheSummary {
        let clock = Clock::fixed(Timestamp::from_unix(self.now.load(Ordering::Relaxed)));
        let at_hand = |store| SealingKey::new(&self.keys.sealing_key_of(store)).filter(|_| is_at_hand);
        let inspection = Inspection::new(&self.ports.cache, &clock, &at_hand).expect("a folder");
        inspection.summary(plan, store_of(plan))
    }

    pub(super) fn time(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(super) fn set_time(&self, now: i64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub(super) fn person_answers(&self, answer: Option<&'static str>) {
        self.person.answers_with(answer);
    }

    pub(super) fn store_seed(&self, seed: Option<Seed>) {
        *self.keys.seed.lock().expect("sound") = seed;
    }

    /// Every call fails from now on, or none.
    pub(super) fn aws_is_down(&self, is_down: bool) {
        let errors = std::iter::repeat_with(|| Some(unreachable())).take(if is_down { 20 } else { 0 });
        *self.aws.script.lock().expect("sound") = errors.collect();
    }

    /// Changes the header of each cached session of a plan.
    pub(super) fn edit_headers(&self, plan: &Plan, edit: impl Fn(&mut Header)) {
        let Some(store) = store_of(plan) else { return };
        let key = SealingKey::new(&self.keys.sealing_key_of(store)).expect("32 bytes");
        for step in 0..plan.steps.len() {
            let name = SessionName::new(&key, plan, step);
            if let Ok(Some(mut cached)) = self.ports.cache.get(&key, &name) {
                edit(&mut cached.header);
                self.ports.cache.put(&key, &name, &cached).expect("kept");
            }
        }
    }

    /// AWS's clock is this much ahead of the machine's; an answer tells by how much.
    pub(super) fn clock_is_behind(&self, seconds: i64) {
        self.behind.store(seconds, Ordering::Relaxed);
    }

    pub(super) fn aws_answers<const N: usize>(&self, errors: [AwsError; N]) {
        self.aws_answers_after(0, errors);
    }

    pub(super) fn aws_answers_after<const N: usize>(&self, good: usize, errors: [AwsError; N]) {
        let good = std::iter::repeat_n(None, good);
        self.aws.script.lock().expect("sound").extend(good.chain(errors.map(Some)));
    }

    pub(super) fn aws_takes(&self, time: Duration) {
        *self.aws.pause.lock().expect("sound") = time;
    }

    pub(super) fn person_takes(&self, time: Duration) {
        *self.person.pause.lock().expect("sound") = time;
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.aws.calls.lock().expect("sound").iter().map(|(call, _)| call.clone()).collect()
    }

    pub(super) fn time_limits(&self) -> Vec<Option<Duration>> {
        self.aws.calls.lock().expect("sound").iter().map(|(_, limit)| *limit).collect()
    }

    pub(super) fn prompts(&self) -> usize {
        self.person.asked()
    }

    pub(super) fn progress(&self) -> Vec<String> {
        self.person.progress.lock().expect("sound").clone()
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().expect("sound").clone()
    }

    pub(super) fn forget_warnings(&self) {
        self.warnings.lock().expect("sound").clear();
    }

    pub(super) fn key_reads(&self) -> usize {
        *self.keys.reads.lock().expect("sound")
    }

    pub(super) fn lose_access_keys(&self, kind: Kind, message: &'static str) {
        *self.keys.lost.lock().expect("sound") = Some((kind, message));
    }

    pub(super) fn find_access_keys(&self) {
        *self.keys.lost.lock().expect("sound") = None;
    }

    pub(super) fn find_key_store(&self) {
        self.find_access_keys();
        *self.keys.no_sealing_key.lock().expect("sound") = None;
    }

    pub(super) fn lose_key_store(&self, kind: Kind, message: &'static str) {
        self.lose_access_keys(kind, message);
        *self.keys.no_sealing_key.lock().expect("sound") = Some((kind, message));
    }

    pub(super) fn set_sealing_key(&self, bytes: Vec<u8>) {
        *self.keys.sealing_key.lock().expect("sound") = bytes;
    }

    pub(super) fn move_cache(&mut self, folder: PathBuf) {
        self.ports.cache = SessionCache::new(folder);
    }

    /// Holds the lock of a plan's last session, as another process would.
    pub(super) fn hold_lock(&self, plan: &Plan) -> Lock {
        let key = SealingKey::new(&SecretBytes::new(vec![7; 32])).expect("32 bytes");
        let last = plan.steps.len() - 1;
        self.ports.cache.lock(&SessionName::new(&key, plan, last), Duration::ZERO, |_| {}).expect("free")
    }

    pub(super) fn damage_sessions(&self) {
        for entry in std::fs::read_dir(&self.ports.paths.cache).expect("listed") {
            let path = entry.expect("read").path();
            if path.extension().is_some_and(|extension| extension == "session") {
                let file = std::fs::read(&path).expect("read");
                std::fs::write(&path, &file[..file.len() - 1]).expect("written");
            }
        }
    }
}

impl Talk for World {
    fn warn(&self, text: &str) {
        self.warnings.lock().expect("sound").push(text.to_owned());
    }

    fn hint(&self, _: Hint) {}
    fn say(&self, _: &str) {}
    fn explain(&self, _: &str) {}
}

/// STS that answers every call with the next session, except where the script has an error.
#[derive(Default)]
struct Aws {
    calls: Mutex<Vec<(String, Option<Duration>)>>,
    script: Mutex<VecDeque<Option<AwsError>>>,
    pause: Mutex<Duration>,
    made: AtomicI64,
}

/// STS as one process reaches it, with that process's clock.
struct Call<'a> {
    aws: &'a Aws,
    clock: &'a Clock,
    behind: i64,
}

impl Call<'_> {
    fn answer(
        &self,
        call: String,
        limit: Option<Duration>,
        life: u32,
        account: Option<&str>,
    ) -> Result<Session, AwsError> {
        std::thread::sleep(*self.aws.pause.lock().expect("sound"));
        self.clock.correct(self.behind);
        self.aws.calls.lock().expect("sound").push((call, limit));
        if let Some(error) = self.aws.script.lock().expect("sound").pop_front().flatten() {
            return Err(error);
        }
        let number = self.aws.made.fetch_add(1, Ordering::Relaxed) + 1;
        let mut session = sample::session(&format!("ASIAFAKE{number}"), self.clock.now().unix(), i64::from(life));
        session.account_id = account.map(str::to_owned);
        Ok(session)
    }
}

fn with_code(mfa: Option<&MfaCode>) -> String {
    mfa.map(|mfa| format!(", code {}", mfa.code.expose())).unwrap_or_default()
}

impl Sts for Call<'_> {
    fn get_caller_identity(&self, _: &Credentials, _: &Target) -> Result<CallerIdentity, AwsError> {
        Err(AwsError::Setup("not scripted".into()))
    }

    fn get_session_token(
        &self,
        signer: &Credentials,
        request: &GetSessionToken,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let GetSessionToken { duration_seconds, mfa, time_limit } = request;
        let (id, region) = (signer.access_key_id(), &target.region);
        let call = format!("GetSessionToken {duration_seconds} s{}, by {id} in {region}", with_code(mfa.as_ref()));
        self.answer(call, *time_limit, *duration_seconds, signer.account_id())
    }

    fn assume_role(&self, signer: &Credentials, request: &AssumeRole, target: &Target) -> Result<Session, AwsError> {
        let role = request.role_arn.rsplit(':').next().unwrap_or("");
        let AssumeRole { role_session_name, duration_seconds, mfa, time_limit, .. } = request;
        let (id, region, code) = (signer.access_key_id(), &target.region, with_code(mfa.as_ref()));
        let call = format!("AssumeRole {role} as {role_session_name}, {duration_seconds} s{code}, by {id} in {region}");
        self.answer(call, *time_limit, *duration_seconds, request.role_arn.split(':').nth(4))
    }

    fn get_scoped_credentials(
        &self,
        signer: &Credentials,
        request: &GetScopedCredentials,
        _: &Target,
    ) -> Result<Session, AwsError> {
        let call = format!("GetScopedCredentials by {}", signer.access_key_id());
        let mut session = self.answer(call, request.time_limit, 3600, signer.account_id())?;
        if let Credentials::Session(before) = signer {
            (session.issued_at, session.expires_at) = (before.issued_at, before.expires_at);
        }
        Ok(session)
    }

    fn get_federation_token(
        &self,
        signer: &Credentials,
        request: &GetFederationToken,
        _: &Target,
    ) -> Result<Session, AwsError> {
        let GetFederationToken { name, duration_seconds, time_limit, .. } = request;
        let call = format!("GetFederationToken as {name}, {duration_seconds} s, by {}", signer.access_key_id());
        self.answer(call, *time_limit, *duration_seconds, signer.account_id())
    }

    fn assume_role_with_web_identity(&self, _: &Secret, _: &AssumeRole, _: &Target) -> Result<Session, AwsError> {
        Err(AwsError::Setup("not scripted".into()))
    }
}

type Lost = Mutex<Option<(Kind, &'static str)>>;

#[derive(Default)]
struct KeyRing {
    reads: Mutex<usize>,
    lost: Lost,
    no_sealing_key: Lost,
    sealing_key: Mutex<Vec<u8>>,
    seed: Mutex<Option<Seed>>,
}

impl KeyRing {
    /// Each store has one of its own.
    fn sealing_key_of(&self, store: StoreId) -> SecretBytes {
        let mut bytes = self.sealing_key.lock().expect("sound").clone();
        if store != StoreId::VAULT {
            bytes = bytes.into_iter().map(|byte| byte ^ 0xff).collect();
        }
        SecretBytes::new(bytes)
    }
}

fn found(lost: &Lost, what: &str) -> Result<()> {
    match *lost.lock().expect("sound") {
        Some((kind, message)) => Err(Error::new(kind, format!("{message}: {what}"))),
        None => Ok(()),
    }
}

impl Keys for KeyRing {
    fn seed(&self, _: &str) -> Result<Option<Seed>> {
        Ok(self.seed.lock().expect("sound").clone())
    }

    fn access_key(&self, base: &Base) -> Result<AccessKey> {
        found(&self.lost, "access key")?;
        *self.reads.lock().expect("sound") += 1;
        Ok(AccessKey {
            id: base.key_id().expect("a key").clone(),
            secret: Secret::new("fake-secret-access-key".into()),
        })
    }

    fn unlock(&self, _: &Base) -> Result<()> {
        found(&self.lost, "access key")
    }

    fn written(&self, _: &str, _: &str) -> Result<(Secret, Option<Secret>)> {
        found(&self.lost, "session")?;
        *self.reads.lock().expect("sound") += 1;
        let secret = |text: &str| Secret::new(text.to_owned());
        Ok((secret("fake-secret-access-key"), Some(secret("fake-token"))))
    }

    fn sealing_key_unasked(&self) -> Option<SecretBytes> {
        self.sealing_key(UNASKED).ok()
    }

    fn sealing_key(&self, store: StoreId) -> Result<SecretBytes> {
        found(&self.no_sealing_key, "sealing key")?;
        Ok(self.sealing_key_of(store))
    }
}
