//! Which variables a shell or a command gets with its credentials, and which it loses because they would win.
//!
//! Three functions over a snapshot of the environment. [`before`] is the environment without what an outer keyfob put
//! into it: everything is decided from that, so the inner of two nested keyfobs wins, its region too. [`hand_out`] is
//! what `env` prints and `exec` does; [`take_back`] is `env --unset`, the way from the environment to [`before`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::format::Change;
use crate::format::shell::is_variable_name;
use crate::format::surroundings::Surroundings;
use crate::secret::Secret;
use crate::sys::env::{Environment, vars};

/// Set with every hand-out or taken away: they are the credentials. They stand or fall with the key id, which is marked.
const CREDENTIALS: [&str; 5] = [
    vars::AWS_ACCESS_KEY_ID,
    vars::AWS_SECRET_ACCESS_KEY,
    vars::AWS_SESSION_TOKEN,
    vars::AWS_CREDENTIAL_EXPIRATION,
    vars::AWS_ACCOUNT_ID,
];

/// Both: botocore reads `AWS_DEFAULT_REGION` alone, the other SDKs `AWS_REGION` (botocore `configprovider.py`).
const REGIONS: [&str; 2] = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION];

/// What beats or muddles access keys in the environment, in some SDK.
///
/// - A profile: the JavaScript SDK ignores keys beside `AWS_PROFILE`, and botocore looks at `AWS_DEFAULT_PROFILE` first.
/// - `AWS_SECURITY_TOKEN`: botocore takes it for the token, before `AWS_SESSION_TOKEN` (botocore `credentials.py`).
/// - `AWS_ACCESS_KEY`, `AWS_SECRET_KEY`: other names of a key's halves, to the first SDKs for Java and Go.
/// - `AWS_CREDENTIAL_SCOPE`: the JavaScript SDK adds it to whatever keys the environment has.
/// - Web identity and its session name: SDKs that look for it before access keys.
///
/// `AWS_SDK_LOAD_CONFIG` stays: it picks files, and keys in the environment win over those.
const RIVALS: [&str; 11] = [
    vars::AWS_PROFILE,
    vars::AWS_DEFAULT_PROFILE,
    vars::AWS_SECURITY_TOKEN,
    vars::AWS_ACCESS_KEY,
    vars::AWS_SECRET_KEY,
    vars::AWS_CREDENTIAL_FILE,
    vars::AWS_CREDENTIAL_SCOPE,
    vars::AWS_ROLE_ARN,
    vars::AWS_ROLE_SESSION_NAME,
    vars::AWS_WEB_IDENTITY_TOKEN_FILE,
    // Spent, or about to expire: a keyfob in the command would send it again.
    vars::KEYFOB_MFA_CODE,
];

/// How the other rivals' names begin. Bearer tokens beat exported keys (measured with botocore).
const RIVAL_PREFIXES: [&str; 3] =
    [vars::AWS_CONTAINER_CREDENTIALS_PREFIX, vars::AWS_CONTAINER_AUTHORIZATION_PREFIX, vars::AWS_BEARER_TOKEN_PREFIX];

/// What [`take_back`] gives back, and where it is remembered. No secret is: a copy is one more place to leak from.
const REMEMBERED: [(&str, &str); 4] = [
    (vars::AWS_PROFILE, vars::KEYFOB_SAVED_AWS_PROFILE),
    (vars::AWS_DEFAULT_PROFILE, vars::KEYFOB_SAVED_AWS_DEFAULT_PROFILE),
    (vars::AWS_REGION, vars::KEYFOB_SAVED_AWS_REGION),
    (vars::AWS_DEFAULT_REGION, vars::KEYFOB_SAVED_AWS_DEFAULT_REGION),
];

/// keyfob's own marks.
const MARKS: [&str; 3] = [vars::KEYFOB_PROFILE, vars::KEYFOB_REGION, vars::KEYFOB_VARIABLES];

/// The environment as it would be had no keyfob put anything into it.
///
/// What the user set by hand since then stays: a region other than `KEYFOB_REGION`, a key or an endpoint whose digest is
/// not the remembered one, an `AWS_PROFILE`. Credentials that stood there before the first hand-out are not remembered.
///
/// Which profile is meant by default is read from the environment itself, where `KEYFOB_PROFILE` is.
pub fn before(environment: &Environment) -> Environment {
    let kept = environment.iter().filter(|(name, value)| !is_ours(environment, name, value));
    let mut kept: BTreeMap<OsString, OsString> =
        kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    for (name, saved) in REMEMBERED {
        if let Some(value) = environment.get_os(saved) {
            let place = kept.entry(name.into()).or_default();
            if place.is_empty() {
                *place = value.to_owned();
            }
        }
    }
    kept.into_iter().collect()
}

/// What has to change so that a shell or command with this environment has `credentials` and nothing that beats them.
///
/// Every variable of ours is set even where it has its value already, so that the lines are whole wherever they are
/// evaluated; unset is what is there to be unset, and always a stale `AWS_SESSION_TOKEN`.
pub fn hand_out(
    environment: &Environment,
    profile: &str,
    credentials: &Credentials,
    surroundings: &Surroundings,
) -> Vec<Change> {
    let before = before(environment);
    let mut wanted = differences(environment, &before);
    for (name, _) in before.iter() {
        if let Some(name) = name.to_str().filter(|name| is_rival(name)) {
            wanted.insert(name.to_owned(), None);
        }
    }
    let mut put = |name: &str, value: Option<&str>| {
        wanted.insert(name.to_owned(), value.map(|value| Secret::new(value.to_owned())));
    };
    // Security: from here on the credentials are on their way into an environment.
    put(vars::AWS_ACCESS_KEY_ID, Some(credentials.access_key_id()));
    put(vars::AWS_SECRET_ACCESS_KEY, Some(credentials.secret_access_key().expose()));
    put(vars::AWS_SESSION_TOKEN, credentials.session_token().map(Secret::expose));
    put(vars::AWS_CREDENTIAL_EXPIRATION, credentials.expires_at().map(|time| time.to_string()).as_deref());
    // One of another account would send requests to that account's endpoints.
    put(vars::AWS_ACCOUNT_ID, credentials.account_id());
    put(vars::KEYFOB_PROFILE, Some(profile));
    put(vars::KEYFOB_REGION, surroundings.region.as_deref());
    if let Some(region) = &surroundings.region {
        REGIONS.into_iter().for_each(|name| put(name, Some(region)));
    }
    let mut ours = vec![mark(vars::AWS_ACCESS_KEY_ID, credentials.access_key_id().as_ref())];
    for (name, value) in &surroundings.variables {
        put(name, Some(value));
        ours.push(mark(name, value.as_ref()));
    }
    put(vars::KEYFOB_VARIABLES, Some(&ours.join(" ")));
    for (name, saved) in REMEMBERED {
        put(saved, before.get(name));
    }
    changes(environment, wanted)
}

/// What has to change so that nothing of keyfob's is left, and an `AWS_PROFILE` or region it took away is back.
pub fn take_back(environment: &Environment) -> Vec<Change> {
    changes(environment, differences(environment, &before(environment)))
}

/// Each variable's value in `to`, where it is not the one in `from`. Names and values that are not UTF-8 are nobody's
/// but the user's, and so the same in both.
fn differences(from: &Environment, to: &Environment) -> BTreeMap<String, Option<Secret>> {
    let text = |value: &OsStr| value.to_str().map(str::to_owned);
    let gone = from.iter().filter(|(name, _)| to.raw_os(name).is_none()).map(|(name, _)| (name, None));
    let new = to.iter().filter(|(name, value)| from.raw_os(name) != Some(value));
    let new = new.map(|(name, value)| (name, text(value).map(Secret::new)));
    gone.chain(new).filter_map(|(name, value)| Some((text(name)?, value))).collect()
}

fn changes(environment: &Environment, wanted: BTreeMap<String, Option<Secret>>) -> Vec<Change> {
    wanted
        .into_iter()
        .filter_map(|(name, value)| match value {
            Some(value) => Some(Change::Set { name, value }),
            None => {
                let needed = name == vars::AWS_SESSION_TOKEN || environment.raw(&name).is_some();
                needed.then_some(Change::Unset { name })
            }
        })
        .collect()
}

/// Whether a variable that is there would beat or muddle ours. One that a shell cannot name, no SDK looks for.
fn is_rival(name: &str) -> bool {
    let prefixed = RIVAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    RIVALS.contains(&name) || (prefixed && is_variable_name(name))
}

/// Whether a variable is an outer keyfob's doing.
fn is_ours(environment: &Environment, name: &OsStr, value: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let marked = |name: &str, value: &OsStr| {
        let marks = environment.get(vars::KEYFOB_VARIABLES).unwrap_or_default();
        marks.split(' ').any(|one| one == mark(name, value))
    };
    let key_is_ours =
        || environment.get_os(vars::AWS_ACCESS_KEY_ID).is_some_and(|id| marked(vars::AWS_ACCESS_KEY_ID, id));
    MARKS.contains(&name)
        || REMEMBERED.iter().any(|(_, saved)| *saved == name)
        || (CREDENTIALS.contains(&name) && key_is_ours())
        || (REGIONS.contains(&name) && environment.get_os(vars::KEYFOB_REGION) == Some(value))
        || marked(name, value)
}

/// `NAME:0a1b2c3d`: the variable and the start of its value's SHA-256, enough to see that the user has changed it since.
fn mark(name: &str, value: &OsStr) -> String {
    let digest = Sha256::digest(value.as_encoded_bytes());
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{name}:{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{AccessKey, Session};
    use crate::timestamp::Timestamp;

    fn session(id: &str) -> Credentials {
        Credentials::Session(Session {
            access_key_id: id.into(),
            secret_access_key: Secret::new("fakesecret".into()),
            session_token: Secret::new("faketoken".into()),
            issued_at: Timestamp::from_unix(0),
            expires_at: Timestamp::from_unix(3600),
            account_id: Some("123456789012".into()),
        })
    }

    fn key() -> Credentials {
        let id = "AKIAFAKEFAKEFAKEFAKE".parse().expect("well formed");
        Credentials::Key { key: AccessKey { id, secret: Secret::new("fakesecret".into()) }, account_id: None }
    }

    fn surroundings(region: Option<&str>, variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Surroundings { region: region.map(str::to_owned), variables, without_variable: Vec::new() }
    }

    /// The environment of a command run with `changes`, or of a shell that evaluated them.
    fn applied(environment: &Environment, changes: &[Change]) -> Environment {
        let mut all: BTreeMap<OsString, OsString> =
            environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for change in changes {
            match change.value() {
                Some(value) => all.insert(change.name().into(), value.expose().into()),
                None => all.remove(OsStr::new(change.name())),
            };
        }
        all.into_iter().collect()
    }

    fn pairs(environment: &Environment) -> Vec<(&str, &str)> {
        environment
            .iter()
            .map(|(name, value)| (name.to_str().expect("ASCII"), value.to_str().expect("ASCII")))
            .collect()
    }

    fn unset(changes: &[Change]) -> Vec<&str> {
        changes.iter().filter(|change| change.value().is_none()).map(Change::name).collect()
    }

    #[test]
    fn credentials_region_and_marks_are_set() {
        let environment = Environment::from_pairs([("HOME", "/h")]);
        let surroundings = surroundings(Some("eu-west-1"), &[("AWS_CA_BUNDLE", "/ca")]);
        let after = applied(&environment, &hand_out(&environment, "p", &session("ASIA1"), &surroundings));
        let expected = [
            ("AWS_ACCESS_KEY_ID", "ASIA1"),
            ("AWS_ACCOUNT_ID", "123456789012"),
            ("AWS_CA_BUNDLE", "/ca"),
            ("AWS_CREDENTIAL_EXPIRATION", "1970-01-01T01:00:00Z"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", "fakesecret"),
            ("AWS_SESSION_TOKEN", "faketoken"),
            ("HOME", "/h"),
            ("KEYFOB_PROFILE", "p"),
            ("KEYFOB_REGION", "eu-west-1"),
        ];
        let unmarked = pairs(&after).into_iter().filter(|(name, _)| *name != vars::KEYFOB_VARIABLES);
        assert_eq!(unmarked.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_would_win_is_unset_and_never_blanked() {
        let rivals = [
            ("AWS_ACCOUNT_ID", "1"),
            ("AWS_BEARER_TOKEN_BEDROCK", "x"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "x"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "x"),
            ("AWS_CREDENTIAL_EXPIRATION", "1999-01-01T00:00:00Z"),
            ("AWS_DEFAULT_PROFILE", ""),
            ("AWS_PROFILE", "other"),
            ("AWS_ROLE_ARN", "x"),
            ("AWS_ROLE_SESSION_NAME", "x"),
            ("AWS_SECURITY_TOKEN", "x"),
            ("AWS_SESSION_TOKEN", "stale"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "x"),
        ];
        let mut pairs = vec![("HOME", "/h"), ("AWS_CONFIG_FILE", "/c"), ("AWS_BEARER_TOKEN_a;b", "x")];
        pairs.extend(rivals);
        let changes = hand_out(&Environment::from_pairs(pairs), "p", &key(), &Surroundings::default());
        assert_eq!(unset(&changes), rivals.map(|(name, _)| name));
        assert!(changes.iter().all(|change| change.value().is_none_or(|value| !value.is_empty())));
    }

    #[test]
    fn a_stale_session_token_is_unset_even_where_it_is_not_seen() {
        let changes = hand_out(&Environment::default(), "p", &key(), &Surroundings::default());
        assert_eq!(unset(&changes), ["AWS_SESSION_TOKEN"]);
    }

    #[test]
    fn taking_back_leaves_the_environment_as_it_was() {
        let was = [
            ("AWS_DEFAULT_REGION", "us-east-2"),
            ("AWS_PROFILE", "mine"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
            ("HOME", "/h"),
        ];
        let environment = Environment::from_pairs(was);
        let surroundings = surroundings(Some("us-east-1"), &[("AWS_ENDPOINT_URL_S3", "http://localhost:1")]);
        let mut now = environment.clone();
        // Renewing, or changing to another profile, in the same shell loses nothing.
        for profile in ["p", "p", "q"] {
            now = applied(&now, &hand_out(&now, profile, &session(&format!("ASIA{profile}")), &surroundings));
            assert_eq!(now.get("AWS_PROFILE"), None);
            assert_eq!(now.get("KEYFOB_PROFILE"), Some(profile));
            assert_eq!(pairs(&before(&now)), was);
        }
        assert_eq!(pairs(&applied(&now, &take_back(&now))), was);
        assert!(take_back(&environment).is_empty(), "nothing of ours is there");
    }

    #[test]
    fn the_inner_of_two_wins_with_its_region_and_endpoints() {
        let plain = Environment::from_pairs([("HOME", "/h")]);
        let outers = surroundings(Some("eu-west-1"), &[("AWS_ENDPOINT_URL", "http://localhost:1")]);
        let outer = applied(&plain, &hand_out(&plain, "a", &session("ASIA1"), &outers));
        assert_eq!(pairs(&before(&outer)), [("HOME", "/h")], "the inner one decides from this");
        let inner = applied(&outer, &hand_out(&outer, "b", &key(), &surroundings(Some("us-west-2"), &[])));
        assert_eq!((inner.get("AWS_REGION"), inner.get("AWS_DEFAULT_REGION")), (Some("us-west-2"), Some("us-west-2")));
        for gone in ["AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "AWS_ACCOUNT_ID", "AWS_CREDENTIAL_EXPIRATION"] {
            assert_eq!(inner.raw(gone), None, "{gone}");
        }
        // A profile without a region must not run on in the outer one's.
        let none = applied(&outer, &hand_out(&outer, "c", &key(), &surroundings(None, &[])));
        assert_eq!((none.raw("AWS_REGION"), none.raw("KEYFOB_REGION")), (None, None));
    }

    #[test]
    fn what_the_user_set_since_is_the_users() {
        let start = Environment::from_pairs([("AWS_PROFILE", "old"), ("AWS_REGION", "eu-north-1")]);
        let surroundings = surroundings(Some("eu-north-1"), &[("AWS_ENDPOINT_URL", "http://localhost:1")]);
        let handed = applied(&start, &hand_out(&start, "a", &session("ASIA1"), &surroundings));
        let by_hand = [
            ("AWS_ACCESS_KEY_ID", "AKIAMINE"),
            ("AWS_ENDPOINT_URL", "http://mine"),
            ("AWS_PROFILE", "new"),
            ("AWS_REGION", "ap-east-1"),
        ];
        let set = |(name, value): (&str, &str)| Change::Set { name: name.into(), value: Secret::new(value.into()) };
        let now = applied(&handed, &by_hand.map(set));
        assert_eq!(
            by_hand.map(|(name, _)| before(&now).get(name).map(str::to_owned)),
            by_hand.map(|(_, value)| Some(value.to_owned()))
        );
        assert!(!unset(&take_back(&now)).contains(&"AWS_SECRET_ACCESS_KEY"), "it may be that key's");
    }
}
