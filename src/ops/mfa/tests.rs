//! Enrolment with a kept seed, against an IAM that fails where it is told to: whatever happens, an enabled device has its
//! seed, and nothing else is left that no message names.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;

use crate::aws::{Access, AwsError, CodePair, MfaDevices, NewMfaDevice};
use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Result};
use crate::hint::Hint;
use crate::human::Talk;
use crate::index::Index;
use crate::keystore::StoreOpener;
use crate::keystore::memory::MemoryStore;
use crate::keystore::{Item, KeyStore, StoreError};
use crate::ops::Context;
use crate::ops::mfa::Plans;
use crate::ops::mfa::enroll::{EnrollRequest, enroll};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::sample;
use crate::testing::NOBODY;
use crate::testing::ports::{OneKey, Ports};
use crate::timestamp::Timestamp;
use crate::totp::{Seed, step_at};

const SERIAL: &str = "arn:aws:iam::123456789012:mfa/ann";
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Refused(&'static str),
    /// Done, and the answer lost.
    Lost,
    /// Not done, and the answer lost.
    NeverDone,
}

/// One user's devices, of which there is one at most.
#[derive(Default)]
struct Amazon<'a> {
    store: Option<&'a MemoryStore>,
    fates: RefCell<Vec<(&'static str, Fate)>>,
    calls: RefCell<Vec<&'static str>>,
    /// Whether the device is enabled, where there is one.
    device: Cell<Option<bool>>,
    /// How many lists after enabling do not show it yet.
    lag: Cell<u32>,
}

impl Amazon<'_> {
    fn answer(&self, call: &'static str, act: impl FnOnce()) -> Result<(), AwsError> {
        self.calls.borrow_mut().push(call);
        let mut fates = self.fates.borrow_mut();
        let fate = fates.iter().position(|(name, _)| *name == call).map(|index| fates.remove(index).1);
        let lost = || AwsError::AnswerLost { endpoint: "iam".into(), cause: "closed".into() };
        match fate {
            Some(Fate::Refused(code)) => Err(refused(code)),
            Some(Fate::NeverDone) => Err(lost()),
            Some(Fate::Lost) => {
                act();
                Err(lost())
            }
            None => {
                act();
                Ok(())
            }
        }
    }
}

fn refused(code: &str) -> AwsError {
    AwsError::Refused { code: code.into(), message: "no".into(), status: 409, request_id: None }
}

impl MfaDevices for Amazon<'_> {
    fn list_mfa_devices(&self, _: Access<'_>, _: Option<&str>) -> Result<Vec<String>, AwsError> {
        self.answer("list", || {})?;
        let shown = self.device.get() == Some(true) && self.lag.get() == 0;
        self.lag.set(self.lag.get().saturating_sub(u32::from(self.device.get() == Some(true))));
        Ok(if shown { vec![SERIAL.into()] } else { Vec::new() })
    }

    fn create_virtual_mfa_device(&self, _: Access<'_>, name: &str) -> Result<NewMfaDevice, AwsError> {
        assert_eq!(name, "ann", "the user's name, unless asked for another");
        self.answer("create", || self.device.set(Some(false)))?;
        Ok(NewMfaDevice { serial: SERIAL.into(), seed: Secret::new(SEED.into()) })
    }

    fn enable_mfa_device(&self, _: Access<'_>, user: &str, codes: &CodePair) -> Result<(), AwsError> {
        assert_eq!(user, "ann");
        let seed = Seed::parse(SEED).expect("a seed");
        let step = seed.step_of(&codes.first, step_at(Timestamp::from_unix(NOW)), 10).expect("a code of this device");
        assert_eq!(codes.second.expose(), seed.code(step + 1).expose(), "two consecutive codes");
        let kept = self.store.is_some_and(|store| store.names() == [format!("totp-seed/{SERIAL}")]);
        assert!(kept, "the seed rests in the store before it is enabled");
        self.answer("enable", || self.device.set(Some(true)))
    }

    fn resync_mfa_device(&self, _: Access<'_>, _: &str, _: &CodePair) -> Result<(), AwsError> {
        self.answer("resync", || {})
    }

    fn deactivate_mfa_device(&self, _: Access<'_>, _: &str, _: &str) -> Result<(), AwsError> {
        self.answer("deactivate", || self.device.set(Some(false)))
    }

    fn delete_virtual_mfa_device(&self, _: Access<'_>, serial: &str) -> Result<(), AwsError> {
        assert_eq!(serial, SERIAL);
        match self.device.get() {
            Some(true) => Err(refused("DeleteConflict")),
            Some(false) => self.answer("delete", || self.device.set(None)),
            None => Err(refused("NoSuchEntity")),
        }
    }
}

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Talk for Said {
    fn warn(&self, text: &str) {
        self.say(text);
    }
    fn hint(&self, hint: Hint) {
        self.say(&hint.shown());
    }
    fn say(&self, text: &str) {
        self.0.lock().expect("sound").push(text.to_owned());
    }
    fn explain(&self, _: &str) {}
}

const NOW: i64 = 1_700_000_020;

/// What an enrolment came to.
struct Outcome {
    result: Result<Option<String>>,
    device: Option<bool>,
    seed_in_store: bool,
    seed_in_index: bool,
    config: String,
    seconds: i64,
    calls: Vec<&'static str>,
}

fn enrolled(fates: &[(&'static str, Fate)], lag: u32, stores: &dyn StoreOpener, store: &MemoryStore) -> Outcome {
    let (ports, keys, said) = (Ports::at(NOW), OneKey { seed: Ok(None) }, Said::default());
    let amazon =
        Amazon { store: Some(store), fates: RefCell::new(fates.to_vec()), lag: Cell::new(lag), ..Amazon::default() };
    let context = Context { mfa_devices: &amazon, ..ports.context(&said, &NOBODY, &keys, stores) };
    let mut plan = sample::plan("base", &[]);
    plan.mfa = None;
    let plans = Plans { asked: &plan, base: &plan };
    let request = EnrollRequest { name: None, backend: Some(StoreId::VAULT), png: None, show_secret: false, yes: true };
    let result = enroll(&context, plans, &request, &AwsFiles::default(), &|_| unreachable!("not asked for"));
    let config = std::fs::read_to_string(&ports.paths.aws_config).unwrap_or_default();
    Outcome {
        result,
        device: amazon.device.get(),
        seed_in_store: !store.names().is_empty(),
        seed_in_index: Index::load(&ports.paths.data).expect("read").seeds().contains_key(SERIAL),
        config,
        seconds: ports.clock.now().unix() - NOW,
        calls: amazon.calls.take(),
    }
}

fn plainly(fates: &[(&'static str, Fate)], lag: u32) -> Outcome {
    let store = MemoryStore::new(StoreId::VAULT);
    enrolled(fates, lag, &store, &store)
}

fn message(outcome: Outcome) -> String {
    outcome.result.expect_err("it failed").shown()
}

#[test]
fn a_device_is_enabled_with_its_seed_kept_and_the_profile_uses_it() {
    let outcome = plainly(&[], 0);
    assert_eq!(outcome.result, Ok(None));
    assert_eq!((outcome.device, outcome.seed_in_store, outcome.seed_in_index), (Some(true), true, true));
    assert_eq!(outcome.config, format!("[profile base]\nmfa_serial = {SERIAL}\n"));
    assert_eq!(outcome.seconds, 20, "to the next code and no longer");
    assert_eq!(outcome.calls, ["list", "create", "enable"]);
}

#[test]
fn whatever_fails_before_it_is_enabled_leaves_nothing() {
    let refused = Fate::Refused("EntityTemporarilyUnmodifiable");
    let wrong = Fate::Refused("InvalidAuthenticationCode");
    for fates in [
        &[("list", refused)][..],
        &[("create", refused)],
        &[("create", Fate::NeverDone)],
        &[("enable", refused)],
        &[("enable", wrong), ("enable", wrong), ("enable", wrong)],
        &[("enable", Fate::NeverDone)],
    ] {
        let outcome = plainly(fates, 0);
        assert_eq!((outcome.device, outcome.seed_in_store, outcome.seed_in_index), (None, false, false));
        assert_eq!(outcome.config, "");
        outcome.result.expect_err("it failed");
    }
}

#[test]
fn what_cannot_be_deleted_again_is_named_with_the_command_and_keeps_its_seed() {
    let fates = [("enable", Fate::Refused("LimitExceeded")), ("delete", Fate::Refused("ServiceFailure"))];
    let outcome = plainly(&fates, 0);
    assert_eq!((outcome.device, outcome.seed_in_store, outcome.seed_in_index), (Some(false), true, true));
    let message = message(outcome);
    assert!(message.contains(&format!("`keyfob mfa remove base --serial {SERIAL} --device`")), "{message}");
    let lost = plainly(&[("create", Fate::Lost)], 0);
    assert_eq!((lost.device, lost.seed_in_store), (Some(false), false));
    let message = self::message(lost);
    assert!(message.contains(&format!("`keyfob mfa remove base --serial {SERIAL} --device`")), "{message}");
}

#[test]
fn codes_aws_does_not_take_are_followed_by_two_new_ones() {
    let outcome = plainly(&[("enable", Fate::Refused("InvalidAuthenticationCode"))], 0);
    assert_eq!((outcome.result, outcome.device), (Ok(None), Some(true)));
    assert_eq!(outcome.seconds, 80, "four codes, none used twice");
}

#[test]
fn an_enabled_device_whose_answer_was_lost_is_neither_deleted_nor_is_its_seed() {
    // Listed at once, later, and not within the time that lists lag: then AWS refuses to delete it.
    for lag in [0, 3, 1000] {
        let outcome = plainly(&[("enable", Fate::Lost)], lag);
        assert_eq!(outcome.result, Ok(None), "{lag}");
        assert_eq!((outcome.device, outcome.seed_in_store, outcome.seed_in_index), (Some(true), true, true), "{lag}");
        assert!(outcome.config.contains(SERIAL), "{lag}");
        assert_eq!(outcome.calls.iter().filter(|call| **call == "enable").count(), 1, "sent once");
        assert!(outcome.seconds <= 20 + 30, "{lag}: {} s", outcome.seconds);
    }
}

/// A store that fails where it is told to.
struct Failing<'a> {
    store: &'a MemoryStore,
    set: bool,
    get: bool,
}

impl KeyStore for Failing<'_> {
    fn id(&self) -> StoreId {
        StoreId::VAULT
    }
    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        if self.get { Err(StoreError::Unavailable("gone".into())) } else { self.store.get(item) }
    }
    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        if self.set { Err(StoreError::Denied("no".into())) } else { self.store.set(item, value) }
    }
    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        self.store.delete(item)
    }
}

impl StoreOpener for Failing<'_> {
    fn open(&self, _: StoreId) -> Result<&dyn KeyStore, StoreError> {
        Ok(self)
    }
    fn sealing_key(&self, _: StoreId) -> Result<SecretBytes, StoreError> {
        Err(StoreError::NotFound)
    }
}

#[test]
fn a_seed_that_is_not_known_to_be_stored_enables_nothing() {
    for (set, get) in [(true, false), (false, true)] {
        let store = MemoryStore::new(StoreId::VAULT);
        let outcome = enrolled(&[], 0, &Failing { store: &store, set, get }, &store);
        assert_eq!((outcome.device, outcome.seed_in_store, outcome.seed_in_index), (None, false, false));
        assert_eq!(outcome.calls, ["list", "create", "delete"]);
        let error: Error = outcome.result.expect_err("it failed");
        assert_eq!(error.kind().exit_code(), 5, "{error}");
    }
}
