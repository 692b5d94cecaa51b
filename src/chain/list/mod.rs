//! Every profile in a line: what gives its credentials, as a table and as JSON.
//!
//! Pure; writes nothing.

mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::chain::{StoredKeys, values};
use crate::credentials::{Backend, account_of_arn, account_of_key_id};
use crate::process_line::keyfob_profile_of;
use crate::profile::{Profile, Profiles};
use crate::timestamp::Timestamp;

pub use table::table;

/// The JSON of `list`, version 1.
#[derive(Debug, Serialize)]
pub struct Listing {
    version: u32,
    profiles: Vec<Line>,
}

/// One profile.
#[derive(Debug, Serialize)]
struct Line {
    name: String,
    source: Source,
    /// What the role or the alias builds on: a profile, or what `credential_source` says.
    via: Option<String>,
    account: Option<String>,
    region: Option<String>,
    mfa_serial: Option<String>,
    linked: bool,
    session_expires: Option<String>,
    key: Option<Key>,
    #[serde(skip)]
    session_seconds_left: Option<i64>,
}

/// What gives a profile's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// An access key of its own.
    Key,
    /// A role.
    Role,
    /// IAM Identity Center.
    Sso,
    /// A `credential_process` that is not keyfob for itself.
    Process,
    /// A role for a web identity.
    WebIdentity,
    /// Nothing keyfob knows: `login_session` too, for which version 1 has no word.
    None,
}

/// The access key; in a file it has neither backend nor age.
#[derive(Debug, Serialize)]
struct Key {
    id: String,
    backend: Option<&'static str>,
    age_days: Option<i64>,
    /// Whether it is older than keys should be.
    overdue: bool,
}

/// What a listing is made from, beside the profiles.
pub struct Sources<'a> {
    /// The index of stored keys.
    pub stored: &'a dyn StoredKeys,
    /// Every name with a stored key: those no AWS file has are listed too, last.
    pub stored_names: &'a [String],
    /// When the cached credentials of a profile end.
    pub session_expires: &'a dyn Fn(&str) -> Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
    /// The age from which a key is overdue, seconds.
    pub key_max_age_seconds: u64,
}

/// Lists every profile of the merged files, empty ones too.
pub fn listing(profiles: &Profiles<'_>, sources: &Sources<'_>) -> Listing {
    let in_files = profiles.names().map(|name| line(name, profiles, sources));
    let without_section = sources.stored_names.iter().filter(|name| profiles.get(name).is_none());
    let lines = in_files.chain(without_section.map(|name| line(name, profiles, sources)));
    Listing { version: 1, profiles: lines.collect() }
}

/// The names of all profiles: those of the files, then the `stored` ones that no file has.
pub fn names<'a>(profiles: &'a Profiles<'a>, stored: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    profiles.names().chain(stored.filter(|name| profiles.get(name).is_none()))
}

fn line(name: &str, profiles: &Profiles<'_>, sources: &Sources<'_>) -> Line {
    let profile = profiles.get(name);
    let setting = |setting: &str| Some(profile.as_ref()?.setting(setting)?.value.into_owned());
    let expires = (sources.session_expires)(name);
    let (source, via) = source(name, profile.as_ref(), profiles, sources.stored);
    Line {
        name: name.to_owned(),
        source,
        via,
        account: account(name, profile.as_ref(), sources.stored),
        region: setting("region"),
        mfa_serial: setting("mfa_serial"),
        linked: profile.as_ref().is_some_and(is_linked),
        session_expires: expires.map(|time| time.to_string()),
        key: key(name, profile.as_ref(), sources),
        session_seconds_left: expires.map(|time| time.seconds_since(sources.now)),
    }
}

/// Whether SDKs get this profile's credentials from keyfob.
pub fn is_linked(profile: &Profile<'_>) -> bool {
    let process = profile.plain("credential_process");
    process.and_then(|line| keyfob_profile_of(&line.value)).is_some_and(|name| name == profile.name())
}

/// The order is the plan's: a role, the stored key, what SDKs look at before keys, the key in the files, an alias.
fn source<'p>(
    name: &str,
    profile: Option<&Profile<'p>>,
    profiles: &'p Profiles<'_>,
    stored: &dyn StoredKeys,
) -> (Source, Option<String>) {
    let mut name = name.to_owned();
    let mut seen: Vec<String> = Vec::new();
    // An alias is followed to what it stands for; one that comes back to itself gives nothing.
    while !seen.contains(&name) {
        let profile = if seen.is_empty() { profile.cloned() } else { profiles.get(&name) };
        let setting = |setting: &str| Some(profile.as_ref()?.setting(setting)?.value.into_owned());
        let has = |name: &str| profile.as_ref().is_some_and(|profile| profile.setting(name).is_some());
        let own = match () {
            () if has("web_identity_token_file") && (has("role_arn") || stored.key_of(&name).is_none()) => {
                Some(Source::WebIdentity)
            }
            () if has("role_arn") => Some(Source::Role),
            () if stored.key_of(&name).is_some() => Some(Source::Key),
            () if ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"].into_iter().any(has) => {
                Some(Source::Sso)
            }
            () if setting("credential_process")
                .is_some_and(|line| keyfob_profile_of(&line).is_none_or(|other| other != name)) =>
            {
                Some(Source::Process)
            }
            () if has("aws_access_key_id") && has("aws_secret_access_key") => Some(Source::Key),
            () => None,
        };
        let next = setting("source_profile");
        if let Some(own) = own {
            let base = || next.filter(|next| *next != name).or_else(|| setting("credential_source"));
            let via = seen.get(1).cloned().or_else(|| (!seen.is_empty()).then(|| name.clone()));
            return (own, via.or_else(|| (own == Source::Role).then(base).flatten()));
        }
        let Some(next) = next else { break };
        seen.push(std::mem::replace(&mut name, next));
    }
    (Source::None, None)
}

/// The account of the role, of the stored key's user, as `sso_account_id` or `aws_account_id` says, or in a key id.
fn account(name: &str, profile: Option<&Profile<'_>>, stored: &dyn StoredKeys) -> Option<String> {
    let setting = |setting: &str| Some(profile?.setting(setting)?.value.into_owned());
    let of_arn = |arn: String| account_of_arn(&arn).map(str::to_owned);
    if let Some(role) = setting("role_arn") {
        return values::role_arn(&role).ok().and_then(of_arn);
    }
    if let Some(key) = stored.key_of(name) {
        return key.user_arn.and_then(of_arn).or_else(|| account_of_key_id(key.id.as_str()));
    }
    setting("sso_account_id")
        .or_else(|| setting("aws_account_id"))
        .or_else(|| account_of_key_id(&setting("aws_access_key_id")?))
}

fn key(name: &str, profile: Option<&Profile<'_>>, sources: &Sources<'_>) -> Option<Key> {
    if let Some(key) = sources.stored.key_of(name) {
        let age = sources.now.seconds_since(key.added_at).max(0);
        return Some(Key {
            id: key.id.to_string(),
            backend: Some(Backend::name(key.backend)),
            age_days: Some(age / 86_400),
            overdue: u64::try_from(age).unwrap_or(0) >= sources.key_max_age_seconds,
        });
    }
    let id = profile?.setting("aws_access_key_id")?.value.into_owned();
    // Security: what is no key id may be a secret in the wrong place, and is not shown.
    let is_id = matches!(id.get(..4), Some("AKIA" | "ASIA")) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    is_id.then_some(Key { id, backend: None, age_days: None, overdue: false })
}
