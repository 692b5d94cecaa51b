//! What keyfob 0.1 at 18b5700 left in a cache: its names are given still, and its files open still.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::chain::{Plan, Request, StoredKeys, plan};
use crate::credentials::{StoreId, StoredKey};
use crate::index::Index;
use crate::profile::Profiles;
use crate::secret::SecretBytes;
use crate::session_cache::SessionCache;
use crate::session_cache::name::SessionName;
use crate::session_cache::sealing_key::SealingKey;
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

#[derive(Deserialize)]
struct Recorded {
    /// Of the recorded vault, in hexadecimal.
    sealing_key: String,
    /// By profile: the key's id, and its user's ARN where it was known.
    stored: BTreeMap<String, (String, Option<String>)>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    profile: String,
    #[serde(default)]
    env: BTreeMap<String, String>,
    duration_seconds: Option<u32>,
    #[serde(default)]
    no_session: bool,
    /// One for each step, first to last.
    names: Vec<String>,
}

impl StoredKeys for Recorded {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        let (id, user_arn) = self.stored.get(profile)?;
        Some(StoredKey {
            id: id.parse().expect("the id of a key"),
            backend: StoreId::VAULT,
            user_arn: user_arn.clone(),
            created_at: None,
        })
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sessions-v1")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn recorded() -> Recorded {
    serde_json::from_str(&read("names.json")).expect("the recorded names are JSON")
}

fn sealing_key(recorded: &Recorded) -> SealingKey {
    let digits = recorded.sealing_key.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal");
    SealingKey::new(&SecretBytes::new(digits.map(byte).collect())).expect("32 bytes")
}

fn names(key: &SealingKey, plan: &Plan) -> Vec<SessionName> {
    (0..plan.steps.len()).map(|step| SessionName::new(key, plan, step)).collect()
}

#[test]
fn every_session_has_the_name_it_had() {
    let recorded = recorded();
    let key = sealing_key(&recorded);
    let config = read("names.config");
    let profiles = Profiles::from_texts(&config, &read("credentials"));
    for Case { profile, env, duration_seconds, no_session, names: expected } in &recorded.cases {
        let env = Environment::from_pairs(env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let request = Request {
            profile: profile.clone(),
            duration_seconds: *duration_seconds,
            no_session: *no_session,
            ..Request::default()
        };
        let plan = plan(&profiles, &recorded, &env, &request).unwrap_or_else(|error| panic!("{profile}: {error}"));
        let names: Vec<String> = names(&key, &plan).iter().map(SessionName::to_string).collect();
        assert_eq!(names, *expected, "{profile} in {env:?}");
    }
    let planned = |profile: &str| recorded.cases.iter().any(|case| case.profile == profile);
    let forgotten: Vec<&str> = profiles.names().filter(|profile| !planned(profile)).collect();
    assert_eq!((recorded.cases.len(), forgotten), (45, vec![]), "profiles without a case");
}

#[test]
fn every_recorded_file_opens() {
    let recorded = recorded();
    let key = sealing_key(&recorded);
    // A copy: a checkout may be a folder that others may write to.
    let copy = tempfile::tempdir().expect("a temporary folder");
    let mut left = Vec::new();
    for entry in std::fs::read_dir(folder().join("cache")).expect("listed") {
        let path = entry.expect("read").path();
        let name = path.file_name().expect("a file has a name");
        std::fs::copy(&path, copy.path().join(name)).expect("copied");
        left.push(name.to_str().expect("ASCII").to_owned());
    }
    let cache = SessionCache::new(copy.path().to_owned());
    let env = Environment::from_pairs([("AWS_ENDPOINT_URL", "http://127.0.0.1:1")]);
    let profiles = Profiles::from_texts(&read("config"), &read("credentials"));
    let index = Index::load(&folder()).expect("the recorded index is read");
    for (profile, ids) in [("work", &["1"][..]), ("audit", &["1", "2", "3"]), ("build", &["4"]), ("plain", &["5"])] {
        let request = Request { profile: profile.to_owned(), ..Request::default() };
        let plan = plan(&profiles, &index, &env, &request).expect("a plan");
        for (name, id) in names(&key, &plan).iter().zip(ids) {
            let kept = cache.get(&key, name).expect("no damage").unwrap_or_else(|| panic!("{profile}: no {name}"));
            assert_eq!(kept.session.access_key_id, format!("ASIAFAKERECORDED000{id}"), "{profile}");
            assert_eq!(kept.session.secret_access_key.expose(), format!("FAKEsecret/+recorded{id}"));
            assert_eq!(kept.session.session_token.expect("one").expose(), format!("FAKEtoken/+recorded{id}=="));
            assert_eq!(kept.header.issued_at, Timestamp::from_unix(1_767_225_600));
            left.retain(|file| *file != format!("{name}.session"));
        }
    }
    assert_eq!(left.len(), 1, "the failure, and sessions nobody asked for: {left:?}");
    assert_eq!(cache.list().expect("listed").len(), 5);
    assert_eq!(cache.clear_all().expect("cleared"), 5);
    assert_eq!(std::fs::read_dir(copy.path()).expect("listed").count(), 0);
}
