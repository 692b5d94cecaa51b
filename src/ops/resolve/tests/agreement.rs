//! What `explain` and `list` say of the cache is what a run then does, in random worlds.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

use super::world::{NOW, World};
use crate::chain::list::CodeDue;
use crate::chain::{Plan, Request, StoredKeys, plan};
use crate::credentials::{Credentials, StoreId, StoredKey};
use crate::error::Kind;
use crate::profile::Profiles;
use crate::session_cache::cache_summary::{CacheSummary, KnownBy};
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;
use crate::totp::Seed;

const PROFILES: [&str; 5] = ["base", "a", "b", "c", "d"];

/// The settings that may be there, with the values they may have.
const SETTINGS: [(&str, &str, &[&str]); 19] = [
    ("base", "mfa_serial", &["arn:aws:iam::111111111111:mfa/alice", "arn:aws:iam::111111111111:mfa/second"]),
    ("base", "keyfob_session", &["always", "mfa", "never"]),
    ("base", "region", &["eu-west-1", "us-east-1"]),
    ("base", "keyfob_mfa_max_age", &["15m", "2h"]),
    ("a", "source_profile", &["base"]),
    ("a", "mfa_serial", &["arn:aws:iam::111111111111:mfa/alice", "arn:aws:iam::111111111111:mfa/second"]),
    ("a", "duration_seconds", &["900", "1800", "3600", "7200"]),
    ("a", "role_session_name", &["ann", "bob"]),
    ("b", "source_profile", &["a", "base"]),
    ("b", "duration_seconds", &["900", "7200"]),
    ("b", "external_id", &["x", "y"]),
    ("b", "keyfob_mfa_max_age", &["20m"]),
    ("c", "source_profile", &["a", "b"]),
    ("c", "region", &["ap-south-1", "cn-north-1"]),
    ("c", "endpoint_url", &["http://localhost:5000"]),
    ("d", "source_profile", &["base", "d"]),
    ("d", "mfa_serial", &["arn:aws:iam::111111111111:mfa/second"]),
    ("d", "duration_seconds", &["43200"]),
    ("d", "source_identity", &["ann"]),
];

/// The settings, the profiles that have a key stored, and the key of `base`.
#[derive(Debug, Clone)]
struct Files {
    /// For each of [`SETTINGS`] which of its values is there.
    values: Vec<Option<usize>>,
    /// How far AWS has told about the key's user; and how often the key has been rotated.
    user: bool,
    rotations: usize,
    backend: StoreId,
}

impl Files {
    fn config(&self) -> String {
        let section = |profile: &&str| {
            let role = match *profile {
                "base" => String::new(),
                role => format!("role_arn = arn:aws:iam::222222222222:role/{role}\n"),
            };
            let settings = SETTINGS.iter().zip(&self.values).filter(|((of, _, _), _)| of == profile);
            let lines = settings.filter_map(|((_, name, values), at)| Some(format!("{name} = {}\n", values[(*at)?])));
            format!("[profile {profile}]\n{role}{}", lines.collect::<String>())
        };
        PROFILES.iter().map(section).collect()
    }

    fn plan(&self, profile: &str) -> Option<Plan> {
        let request = Request { profile: profile.to_owned(), ..Request::default() };
        let config = self.config();
        plan(&Profiles::from_texts(&config, ""), self, &Environment::default(), &request).ok()
    }
}

impl StoredKeys for Files {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        let key = StoredKey {
            id: format!("AKIAFAKE{:012}", self.rotations).parse().expect("an id"),
            backend: self.backend,
            user_arn: self.user.then(|| "arn:aws:iam::111111111111:user/alice".to_owned()),
            created_at: None,
        };
        ["base", "d"].contains(&profile).then_some(key)
    }
}

/// Who gives a code, if one is needed. No `mfa_process`: a program that is started while another test takes a lock holds it
/// for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Help {
    Nobody,
    Person,
    Seed,
}

#[derive(Debug, Clone)]
enum Action {
    /// `credential-process`, while AWS answers or does not.
    Run(usize, Help, bool),
    Wait(i64),
    /// To the moment before the next code of a profile is due, and to that moment.
    WaitForCode(usize),
    Set(usize, Option<usize>),
    /// Has AWS tell the user, rotates the key, or moves it to another store.
    Key(u8),
    /// The kernel keyring holds the sealing key, or not.
    Hold(bool),
    /// Somebody can unlock the store, or not.
    Unlockable(bool),
    Clear(usize),
    /// The sessions turn into those of keyfob 0.1.0.
    Age,
}

fn settings() -> impl Strategy<Value = Vec<Option<usize>>> {
    let value = |(profile, name, values): &(&str, &str, &[&str])| {
        let likely = *name == "source_profile" || (*profile, *name) == ("base", "mfa_serial");
        prop::option::weighted(if likely { 0.95 } else { 0.15 }, 0..values.len())
    };
    SETTINGS.iter().map(value).collect::<Vec<_>>()
}

fn action() -> impl Strategy<Value = Action> {
    let profile = || 0..PROFILES.len();
    let help = prop::sample::select(vec![Help::Nobody, Help::Person, Help::Person, Help::Seed]);
    let waits = vec![5, 30, 61, 600, 1200, 1800, 2399, 2400, 3000, 3541, 3600, 40_000];
    prop_oneof![
        12 => (profile(), help, prop::bool::weighted(0.15)).prop_map(|(p, help, down)| Action::Run(p, help, down)),
        5 => prop::sample::select(waits).prop_map(Action::Wait),
        2 => profile().prop_map(Action::WaitForCode),
        3 => (0..SETTINGS.len(), prop::option::of(0..4_usize)).prop_map(|(at, value)| Action::Set(at, value)),
        1 => (0..3_u8).prop_map(Action::Key),
        2 => any::<bool>().prop_map(Action::Hold),
        1 => prop::bool::weighted(0.7).prop_map(Action::Unlockable),
        1 => profile().prop_map(Action::Clear),
        1 => Just(Action::Age),
    ]
}

/// How often each came about.
type Counts = RefCell<BTreeMap<&'static str, usize>>;

struct Case<'c> {
    world: World,
    files: Files,
    /// Every plan so far, for the sessions that may be there.
    plans: Vec<Plan>,
    is_held: bool,
    is_unlockable: bool,
    /// Whether sessions of keyfob 0.1.0 may be there.
    is_aged: bool,
    /// Seconds by which this machine is behind AWS.
    behind: i64,
    codes: usize,
    /// When a code from a seed was sent last: the next one is different 30 s later at most.
    seed_used_at: Option<i64>,
    counts: &'c Counts,
}

impl Case<'_> {
    fn count(&self, what: &'static str) {
        *self.counts.borrow_mut().entry(what).or_default() += 1;
    }

    fn act(&mut self, action: &Action) -> Result<(), TestCaseError> {
        match action {
            Action::Run(profile, help, is_down) => return self.run(PROFILES[*profile], *help, *is_down),
            Action::WaitForCode(profile) => return self.wait_for_code(PROFILES[*profile]),
            Action::Wait(seconds) => self.world.set_time(self.world.time() + seconds),
            Action::Set(at, value) => self.files.values[*at] = value.map(|value| value % SETTINGS[*at].2.len()),
            Action::Key(0) => self.files.user = true,
            Action::Key(1) => self.files.rotations += 1,
            Action::Key(_) => {
                let other = StoreId::SECRET_SERVICE;
                self.files.backend = if self.files.backend == other { StoreId::VAULT } else { other };
            }
            Action::Hold(is_held) => self.is_held = *is_held,
            Action::Unlockable(is_unlockable) => self.is_unlockable = *is_unlockable,
            Action::Clear(profile) => drop(self.world.ports.cache.clear(PROFILES[*profile]).expect("cleared")),
            Action::Age => {
                self.plans.iter().for_each(|plan| self.world.edit_headers(plan, |header| header.digest = None));
                self.is_aged = true;
            }
        }
        Ok(())
    }

    fn look(&self, plan: &Plan) -> Result<CacheSummary, TestCaseError> {
        let said = self.world.look(plan, self.is_held);
        let is_known = said.known_by != KnownBy::Unknown;
        prop_assert!(is_known || (self.is_aged && !self.is_held), "unknown, though nothing is old: {:?}", said);
        prop_assert!(!is_known || said.needs_code.is_some(), "{:?}", said);
        Ok(said)
    }

    fn wait_for_code(&self, profile: &str) -> Result<(), TestCaseError> {
        let Some(plan) = self.files.plan(profile) else { return Ok(()) };
        let CodeDue::At(due) = self.look(&plan)?.code_due else { return Ok(()) };
        if due.unix() > self.world.time() && self.behind == 0 {
            for (time, is_needed) in [(due.unix() - 1, false), (due.unix(), true)] {
                self.world.set_time(time);
                prop_assert_eq!(self.look(&plan)?.needs_code, Some(is_needed), "{} at {}", profile, time);
            }
            self.count("code due");
        }
        Ok(())
    }

    fn run(&mut self, profile: &str, help: Help, is_down: bool) -> Result<(), TestCaseError> {
        let Some(plan) = self.files.plan(profile) else { return Ok(()) };
        self.plans.push(plan.clone());
        let said = self.look(&plan)?;
        let (result, calls, prompts) = self.get(&plan, help, is_down);
        let ends_at = match &result {
            Ok(Credentials::Session(session)) => Ok(Some(session.expires_at)),
            Ok(Credentials::Key { .. } | Credentials::NoExpiry { .. }) => Ok(None),
            Err(error) => Err(error.kind()),
        };
        let codes = calls.iter().filter(|call| call.contains(", code ")).count();
        let context = || format!("`{profile}`, {said:?}, then {ends_at:?}, {calls:?}, {prompts} prompts\n{plan:#?}");
        if said.known_by == KnownBy::Unknown {
            self.count("unknown");
            return Ok(());
        }
        if said.known_by == KnownBy::Headers {
            self.count("by headers");
        }
        let is_open = self.is_held || self.is_unlockable;
        let cached = said.cached_until();
        // What a run that cannot make a session hands out.
        let old_or = |kind: Kind| if cached.is_some() { Ok(cached) } else { Err(kind) };
        if plan.steps.is_empty() {
            let expected = if self.is_unlockable { Ok(None) } else { Err(Kind::NeedsHuman) };
            prop_assert_eq!((ends_at, calls.len()), (expected, 0), "{}", context());
            return Ok(());
        }
        if !is_open {
            self.count("locked");
            prop_assert_eq!((ends_at, calls.len(), prompts), (Err(Kind::NeedsHuman), 0, 0), "{}", context());
            return Ok(());
        }
        if cached.is_some() && !said.renews {
            self.count("served");
            prop_assert_eq!((ends_at, calls.len(), prompts), (Ok(cached), 0, 0), "{}", context());
            prop_assert_eq!(said.needs_code, Some(false), "{}", context());
            return Ok(());
        }
        let before = &said.steps[..said.steps.len() - 1];
        let signer = before.iter().rposition(Option::is_some);
        prop_assert_eq!(said.needs_code, Some(plan.mfa.is_some() && signer.is_none()), "{}", context());
        if signer.is_none() && !self.is_unlockable {
            self.count("key locked");
            prop_assert_eq!((ends_at, calls.len(), prompts), (old_or(Kind::NeedsHuman), 0, 0), "{}", context());
            return Ok(());
        }
        if said.needs_code == Some(true) {
            prop_assert_eq!(prompts, usize::from(help != Help::Seed), "{}", context());
            if help == Help::Nobody {
                self.count("no code");
                prop_assert_eq!((ends_at, calls.len()), (old_or(Kind::NeedsHuman), 0), "{}", context());
                return Ok(());
            }
        }
        let now = self.world.time();
        let is_code_spent = help == Help::Seed && self.seed_used_at.is_some_and(|at| now - at < 30);
        if said.needs_code == Some(true) && is_code_spent && cached.is_some() && codes == 0 {
            self.count("next code not waited for");
            prop_assert_eq!((ends_at, calls.len()), (Ok(cached), 0), "{}", context());
            return Ok(());
        }
        prop_assert_eq!(codes, usize::from(said.needs_code == Some(true)), "{}", context());
        if codes > 0 && help == Help::Seed {
            self.seed_used_at = Some(now);
        }
        if is_down {
            self.count("down");
            prop_assert_eq!((ends_at, calls.len()), (old_or(Kind::Failed), 1), "{}", context());
            return Ok(());
        }
        self.count(if said.needs_code == Some(true) { "code spent" } else { "made without a code" });
        self.count(if cached.is_some() { "renewed" } else { "made" });
        let made = plan.steps.len() - signer.map_or(0, |signer| signer + 1);
        prop_assert_eq!(calls.len(), made, "{}", context());
        let life = i64::from(plan.life_seconds().expect("a key's session"));
        let ends_at = ends_at.ok().flatten().expect("made").unix() - self.world.time() - self.behind;
        // A code from a seed may have been waited for.
        prop_assert!((life..=life + 60).contains(&ends_at), "{} {}", ends_at, context());
        Ok(())
    }

    /// What a run gives, the calls it makes, and how often it asks a person.
    fn get(
        &mut self,
        plan: &Plan,
        help: Help,
        is_down: bool,
    ) -> (crate::error::Result<Credentials>, Vec<String>, usize) {
        let world = &self.world;
        self.codes += 1;
        let code: &'static str = format!("{:06}", 100_000 + self.codes).leak();
        world.person_answers((help == Help::Person).then_some(code));
        world
            .store_seed((help == Help::Seed).then(|| Seed::parse("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").expect("a seed")));
        world.aws_is_down(is_down);
        world.find_key_store();
        match (self.is_held, self.is_unlockable) {
            (_, true) => {}
            (true, false) => world.lose_access_keys(Kind::NeedsHuman, "the vault is locked"),
            (false, false) => world.lose_key_store(Kind::NeedsHuman, "the vault is locked"),
        }
        let (calls, prompts) = (world.calls().len(), world.prompts());
        let result = world.get(plan);
        (result, world.calls().split_off(calls), world.prompts() - prompts)
    }
}

#[test]
fn what_is_said_of_the_cache_is_what_a_run_then_does() {
    let counts = Counts::default();
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let behind = prop::sample::select(vec![0, 0, 0, 0, 600, -600, -86_400]);
    let worlds = (settings(), prop::collection::vec(action(), 1..40), behind, any::<bool>());
    let outcome = runner.run(&worlds, |(values, actions, behind, user)| {
        let world = World::new(&[]);
        world.clock_is_behind(behind);
        let files = Files { values, user, rotations: 0, backend: StoreId::VAULT };
        let (is_held, is_unlockable, is_aged) = (true, true, false);
        let mut case = Case {
            world,
            files,
            plans: Vec::new(),
            is_held,
            is_unlockable,
            is_aged,
            behind,
            codes: 0,
            seed_used_at: None,
            counts: &counts,
        };
        actions.iter().try_for_each(|action| {
            case.act(action).map_err(|error| match error {
                TestCaseError::Fail(reason) => TestCaseError::fail(format!("{reason}\n{}", case.files.config())),
                reject @ TestCaseError::Reject(_) => reject,
            })
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (_, actions, behind, user))) => {
            panic!("{reason}\nafter {actions:?}\nbehind {behind}, user known: {user}")
        }
        Err(error) => panic!("{error}"),
    }
    let counts = counts.into_inner();
    let all = [
        "served", "made", "renewed", "code spent", "made without a code", "no code", "down", "locked", "key locked",
        "by headers", "unknown", "code due",
    ];
    for what in all {
        assert!(counts.get(what).is_some_and(|count| *count >= 10), "too seldom: {what} in {counts:?}");
    }
    assert!(counts["unknown"] * 10 < counts["served"] + counts["made"], "{counts:?}");
}

#[test]
fn a_code_is_due_when_neither_the_last_session_nor_one_that_signs_does() {
    let values = SETTINGS.iter().map(|(profile, name, _)| {
        (*name == "source_profile" || (*profile, *name) == ("base", "mfa_serial")).then_some(0)
    });
    let files = Files { values: values.collect(), user: true, rotations: 0, backend: StoreId::VAULT };
    let world = World::new(&["111111"]);
    let due = |profile: &str| world.look(&files.plan(profile).expect("a plan"), true).code_due;
    let at = |seconds: i64| CodeDue::At(Timestamp::from_unix(NOW + seconds));
    assert_eq!((due("base"), due("b")), (at(0), at(0)));
    world.get(&files.plan("b").expect("a plan")).expect("made");
    assert_eq!((due("base"), due("a"), due("b")), (at(43_200 - 1200), at(43_200 - 59), at(43_200 - 59)));
}
