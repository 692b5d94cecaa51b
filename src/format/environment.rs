//! Which variables a shell or a command gets with its credentials, and which it loses because they would win.
//!
//! Three functions over a snapshot of the environment. [`before`] is the environment without what an outer keyfob put
//! into it: everything is decided from that, so the inner of two nested keyfobs wins, its region too. [`hand_out`] is
//! what `env` prints and `exec` does; [`take_back`] is `env --unset`, the way from the environment to [`before`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::format::VariableChange;
use crate::format::shell::is_variable_name;
use crate::format::surroundings::ProfileVariables;
use crate::hex;
use crate::secret::Secret;
use crate::sorted;
use crate::sys::env::{Environment, vars};

/// Set with every hand-out or taken away: they are the credentials. They stand or fall with the key id, which is marked.
const CREDENTIALS: [&str; 6] = [
    vars::AWS_ACCESS_KEY_ID,
    vars::AWS_SECRET_ACCESS_KEY,
    vars::AWS_SESSION_TOKEN,
    vars::AWS_CREDENTIAL_EXPIRATION,
    vars::AWS_SESSION_EXPIRATION,
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
const MARKS: [&str; 5] =
    [vars::KEYFOB_PROFILE, vars::KEYFOB_REGION, vars::KEYFOB_VARIABLES, vars::KEYFOB_NARROW, vars::KEYFOB_IDENTITY];

/// The environment as it would be if no keyfob had put anything into it.
///
/// What the user set by hand since then stays: a region other than `KEYFOB_REGION`, a key or an endpoint whose digest is
/// not the remembered one, an `AWS_PROFILE`. Credentials that stood there before the first hand-out are not remembered.
///
/// Which profile is meant by default is read from the environment itself, where `KEYFOB_PROFILE` is.
pub fn before(environment: &Environment) -> Environment {
    let kept = environment.iter().filter(|(name, value)| !is_ours(environment, name, value));
    let mut kept: BTreeMap<OsString, OsString> =
        sorted::map(kept.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for (name, saved) in REMEMBERED {
        if let Some(value) = environment.get_os(saved) {
            let place = kept.entry(name.into()).or_default();
            if place.is_empty() {
                value.clone_into(place);
            }
        }
    }
    kept.into_iter().collect()
}

/// The environment of a program that keyfob starts for itself: nothing in it leads an SDK to credentials, least of all to
/// those of the profile it is needed for.
pub fn of_helper(environment: &Environment) -> Environment {
    let before = before(environment);
    let kept = before.iter().filter(|(name, _)| !name.to_str().is_some_and(is_rival));
    let kept = kept.filter(|(name, _)| !name.to_str().is_some_and(|name| CREDENTIALS.contains(&name)));
    kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a shell or command gets.
#[derive(Clone, Copy)]
pub enum Handed<'a> {
    /// Credentials.
    Credentials(&'a Credentials),
    /// A server that has them, and what is shown there.
    Server {
        /// Its address.
        url: &'a str,
        /// The token.
        token: &'a Secret,
    },
}

impl<'a> From<&'a Credentials> for Handed<'a> {
    fn from(credentials: &'a Credentials) -> Self {
        Handed::Credentials(credentials)
    }
}

/// What has to change so that a shell or command with this environment has what is handed out, and nothing that beats it.
///
/// Every variable of ours is set even where it has its value already, so that the lines are whole wherever they are
/// evaluated; unset is what is there to be unset, and always a stale `AWS_SESSION_TOKEN`.
pub fn hand_out<'a>(
    environment: &Environment,
    profile: &str,
    handed: impl Into<Handed<'a>>,
    surroundings: &ProfileVariables,
) -> Vec<VariableChange> {
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
    let mut ours = Vec::new();
    match handed.into() {
        Handed::Credentials(credentials) => {
            put(vars::AWS_ACCESS_KEY_ID, Some(credentials.access_key_id()));
            put(vars::AWS_SECRET_ACCESS_KEY, Some(credentials.secret_access_key().expose()));
            put(vars::AWS_SESSION_TOKEN, credentials.session_token().map(Secret::expose));
            let expires_at = credentials.expires_at().map(|time| time.to_string());
            put(vars::AWS_CREDENTIAL_EXPIRATION, expires_at.as_deref());
            put(vars::AWS_SESSION_EXPIRATION, expires_at.as_deref());
            // One of another account would send requests to that account's endpoints.
            put(vars::AWS_ACCOUNT_ID, credentials.account_id());
            ours.push(mark(vars::AWS_ACCESS_KEY_ID, credentials.access_key_id().as_ref()));
        }
        Handed::Server { url, token } => {
            for name in CREDENTIALS {
                put(name, None);
            }
            let named = [
                (vars::AWS_CONTAINER_CREDENTIALS_FULL_URI, url),
                (vars::AWS_CONTAINER_AUTHORIZATION_TOKEN, token.expose()),
            ];
            for (name, value) in named {
                put(name, Some(value));
                ours.push(mark(name, value.as_ref()));
            }
        }
    }
    for name in [vars::KEYFOB_PROFILE, vars::AWSU_PROFILE] {
        put(name, (!surroundings.is_unnamed).then_some(profile));
    }
    ours.push(mark(vars::AWSU_PROFILE, profile.as_ref()));
    put(vars::KEYFOB_REGION, surroundings.region.as_deref());
    put(vars::KEYFOB_NARROW, surroundings.narrowed.as_deref());
    put(vars::KEYFOB_IDENTITY, surroundings.identity.as_deref());
    if let Some(region) = &surroundings.region {
        for name in REGIONS {
            put(name, Some(region));
        }
    }
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
pub fn take_back(environment: &Environment) -> Vec<VariableChange> {
    changes(environment, differences(environment, &before(environment)))
}

/// Each variable's value in `to`, where it is not the one in `from`. Names and values that are not UTF-8 are nobody's
/// but the user's, and so the same in both.
fn differences(from: &Environment, to: &Environment) -> BTreeMap<String, Option<Secret>> {
    let text = |value: &OsStr| value.to_str().map(str::to_owned);
    let gone = from.iter().filter(|(name, _)| to.raw_os(name).is_none()).map(|(name, _)| (name, None));
    let new = to.iter().filter(|(name, value)| from.raw_os(name) != Some(value));
    let new = new.map(|(name, value)| (name, text(value).map(Secret::new)));
    sorted::map(gone.chain(new).filter_map(|(name, value)| Some((text(name)?, value))))
}

fn changes(environment: &Environment, wanted: BTreeMap<String, Option<Secret>>) -> Vec<VariableChange> {
    wanted
        .into_iter()
        .filter_map(|(name, value)| match value {
            Some(value) => Some(VariableChange::Set { name, value }),
            None => {
                let needed = name == vars::AWS_SESSION_TOKEN || environment.raw(&name).is_some();
                needed.then_some(VariableChange::Unset { name })
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
    // Compared by name first: nothing is digested that keyfob has not set.
    let marked = |name: &str, value: &OsStr| {
        let mut marks = environment.get(vars::KEYFOB_VARIABLES).unwrap_or_default().split(' ');
        marks.any(|one| one.split(':').next() == Some(name) && one == mark(name, value))
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
    format!("{name}:{}", hex::encode(&digest[..4]))
}

#[cfg(test)]
mod tests;
