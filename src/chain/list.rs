//! Every profile in a line: what gives its credentials, as data.
//!
//! Pure; writes nothing.

#[cfg(test)]
pub(crate) mod tests;

use serde::{Serialize, Serializer};

use crate::chain::base::{Base, KINDS, Lead, Signs, process};
use crate::chain::identity_center::SignInState;
use crate::chain::node::{Lookup, Node, Trace};
use crate::chain::request::{FileNames, StoredKeys};
use crate::chain::{values, walk};
use crate::credentials::{StoreId, account_of_arn, account_of_key_id};
use crate::profile::Profiles;
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

/// The JSON of `list`.
#[derive(Debug, Serialize)]
pub struct Listing {
    pub(crate) profiles: Vec<ListedProfile>,
}

/// One profile.
#[derive(Debug, Serialize)]
pub(crate) struct ListedProfile {
    pub(crate) name: String,
    pub(crate) source: &'static str,
    /// What the role or the alias builds on: a profile, or what `credential_source` says.
    pub(crate) via: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) mfa_serial: Option<String>,
    pub(crate) linked: bool,
    pub(crate) session_expires: Option<Timestamp>,
    pub(crate) code_due: CodeDue,
    /// None where no sign-in is needed.
    pub(crate) sign_in: Option<SignInState>,
    pub(crate) key: Option<Key>,
}

/// From when on a run of a plan needs an MFA code, if no session is renewed before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CodeDue {
    /// The plan needs none.
    #[default]
    Never,
    /// From this moment on, which is now if a code is needed already.
    At(Timestamp),
    /// It depends on what is cached, which is not known.
    Unknown,
}

/// `null`, a time, or `"unknown"`.
impl Serialize for CodeDue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            CodeDue::Never => serializer.serialize_none(),
            CodeDue::At(time) => time.serialize(serializer),
            CodeDue::Unknown => serializer.serialize_str("unknown"),
        }
    }
}

/// The `source` of a profile with a role; others have the name of their base.
const ROLE: &str = "role";
/// The `source` of a profile that nothing gives credentials to.
pub(crate) const NONE: &str = "none";

/// The access key; in a file it has neither backend nor age.
#[derive(Debug, Serialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) backend: Option<&'static str>,
    /// Since its creation at AWS; none if that is not known.
    pub(crate) age_days: Option<i64>,
    /// Whether it is older than keys should be; none if its age is not known.
    pub(crate) overdue: Option<bool>,
}

/// When the cached credentials of a profile end, when its next MFA code is due, and what is known of the sign-in that its chain
/// starts from.
pub type Sessions = (Option<Timestamp>, CodeDue, Option<SignInState>);

/// What a listing is made from, beside the profiles.
pub struct Sources<'a> {
    /// The index of stored keys.
    pub stored: &'a dyn StoredKeys,
    /// Every name with a stored key: those no AWS file has are listed too, last.
    pub stored_names: &'a [String],
    /// What is known of a profile's sessions.
    pub sessions: &'a dyn Fn(&str) -> Sessions,
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
    Listing { profiles: lines.collect() }
}

/// The names of all profiles: those of the files, then the `stored` ones that no file has.
pub fn names<'a>(profiles: &'a Profiles<'a>, stored: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    profiles.names().chain(stored.filter(|name| profiles.get(name).is_none()))
}

fn line(name: &str, profiles: &Profiles<'_>, sources: &Sources<'_>) -> ListedProfile {
    let profile = profiles.get(name);
    let setting = |setting: &str| Some(profile.as_ref()?.setting(setting)?.value.into_owned());
    let Origin { source, via, account, base } = origin(name, profiles, sources.stored);
    let (session_expires, code_due, sign_in) = (sources.sessions)(name);
    ListedProfile {
        name: name.to_owned(),
        source,
        via,
        account,
        region: setting("region"),
        mfa_serial: setting("mfa_serial"),
        linked: profile.as_ref().is_some_and(process::is_linked),
        session_expires,
        code_due,
        sign_in,
        key: key(name, base.as_ref(), sources),
    }
}

/// What gives a profile's credentials.
#[derive(Default)]
struct Origin {
    source: &'static str,
    /// What a role or an alias builds on.
    via: Option<String>,
    /// That of the first role, else of the base.
    account: Option<String>,
    /// None where the way to it leads over a role of another profile.
    base: Option<Base>,
}

/// The walk's own steps, as far as the first role or base.
fn origin(name: &str, profiles: &Profiles<'_>, stored: &dyn StoredKeys) -> Origin {
    let files = FileNames::default();
    // What the environment holds is no matter: `Environment` is one without it too.
    let env = Environment::default();
    let lookup = Lookup { profiles, stored, files: &files, env: &env };
    let mut seen: Vec<String> = Vec::new();
    let mut next = Some(name.to_owned());
    while let Some(name) = next.take().filter(|name| !seen.contains(name)) {
        let Some(node) = Node::find(&lookup, &name) else { break };
        let mut trace = Trace::default();
        let lead = walk::lead(KINDS, &node, seen.len(), &mut trace);
        let via = seen.get(1).or((!seen.is_empty()).then_some(&name)).cloned();
        let role = node.setting("role_arn");
        let of_role = || account_of_arn(&values::role_arn(&role.as_ref()?.value).ok()?).map(str::to_owned);
        match lead {
            // A role beside the base that signs its AssumeRole, or over another profile.
            Ok(lead) if !trace.roles.is_empty() => {
                let (below, base) = match lead {
                    Lead::Profile { name, .. } => (Some(name), None),
                    Lead::Base(base) => {
                        (node.setting("credential_source").map(|source| source.value.into_owned()), Some(base))
                    }
                };
                return Origin { source: ROLE, via: via.or(below), account: of_role(), base };
            }
            Ok(Lead::Base(base)) => {
                let account = of_role().filter(|_| base.signs_as == Signs::OwnRole).or_else(|| base.account_id());
                let account = account.or_else(|| base.refusal().and_then(|_| named_account(&node)));
                return Origin { source: base.kind, via, account, base: Some(base) };
            }
            Ok(Lead::Profile { name: other, .. }) => next = Some(other),
            Err(_) if role.is_some() => return Origin { source: ROLE, via, account: of_role(), base: None },
            Err(_) => break,
        }
        seen.push(name);
    }
    Origin { source: NONE, ..Origin::default() }
}

/// The account that a profile names from which no plan starts.
fn named_account(node: &Node<'_>) -> Option<String> {
    let sso = node.setting("sso_account_id").map(|account| account.value.into_owned());
    sso.or_else(|| account_of_key_id(&node.setting("aws_access_key_id")?.value))
}

/// The profile's stored key, even where its credentials come from elsewhere; else the one in a file that they are made from.
fn key(name: &str, base: Option<&Base>, sources: &Sources<'_>) -> Option<Key> {
    if let Some(key) = sources.stored.key_of(name) {
        let age = key.age_seconds(sources.now);
        return Some(Key {
            id: key.id.to_string(),
            backend: Some(StoreId::name(key.backend)),
            age_days: age.map(|age| age / 86_400),
            overdue: age.map(|age| key.id.is_of_aws() && age.unsigned_abs() >= sources.key_max_age_seconds),
        });
    }
    let id = base.filter(|base| base.profile == name)?.written_id()?.to_owned();
    Some(Key { id, backend: None, age_days: None, overdue: None })
}
