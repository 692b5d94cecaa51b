//! All stored keys: their age, status and last use, and the rotation of those that are overdue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::aws::{LastUse, ListedKey};
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKeyId, StoreId, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::index::{Index, KeyEntry};
use crate::ops::Context;
use crate::ops::rotate::facts::KeyFacts;
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::signing::{Key, Signing, user_name};
use crate::ops::rotate::{RotateRequest, rotate};
use crate::ops::signed::Signed;
use crate::rotation::Phase;
use crate::sorted;
use crate::timestamp::Timestamp;

/// The JSON of `keys`.
#[derive(Debug, Serialize)]
pub struct KeyListing {
    max_age_days: u64,
    pub(crate) keys: Vec<ReportedKey>,
}

/// One stored key.
#[derive(Debug, Serialize)]
pub(crate) struct ReportedKey {
    pub(crate) id: AccessKeyId,
    user_arn: Option<String>,
    account: Option<String>,
    pub(crate) backend: StoreId,
    pub(crate) profiles: Vec<String>,
    /// `active`, `inactive`; `missing`: AWS has none; none: AWS could not be asked.
    pub(crate) status: Option<&'static str>,
    created_at: Option<Timestamp>,
    /// None if AWS has not told when it made the key.
    pub(crate) age_days: Option<i64>,
    pub(crate) last_used: Option<LastUse>,
    pub(crate) overdue: Option<bool>,
    pub(crate) root: bool,
    /// `unfinished`: one of the keys of such a rotation; `replaced`: the old key of one that rests.
    pub(crate) rotation: Option<&'static str>,
    /// Why no more is known of it.
    pub(crate) problem: Option<String>,
}

/// What `rotate --all` did.
#[derive(Debug, Serialize)]
pub struct AllRotated {
    rotated: Vec<String>,
    failed: Vec<FailedProfile>,
}

#[derive(Debug, Serialize)]
struct FailedProfile {
    profile: String,
    error: String,
}

impl KeyListing {
    /// Whether a key is older than it should be.
    pub fn any_overdue(&self) -> bool {
        self.keys.iter().any(|line| line.overdue == Some(true))
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Every stored key, as the index has it and as AWS sees it.
///
/// Each key asks about itself, with MFA where a policy wants that: a cached session serves, else a code comes by the usual
/// source of codes. Where it may not, or nothing answers, its age is what AWS told before, or not known.
///
/// # Errors
/// Where the index or a journal cannot be read.
pub fn keys(context: &Context<'_>, limit: Duration, files: &AwsFiles) -> Result<KeyListing> {
    let (index, journals) = (Index::load(&context.paths.data)?, Journals::new(&context.paths.data).all()?);
    let mut seen: BTreeMap<AccessKeyId, (ListedKey, Option<LastUse>)> = BTreeMap::new();
    let mut asked: BTreeMap<AccessKeyId, Error> = BTreeMap::new();
    let is_old = |id: &AccessKeyId| journals.iter().any(|journal| journal.old == *id);
    // An Inactive old key cannot ask; the one that replaced it is asked first and names both.
    let mut order: Vec<(&AccessKeyId, &KeyEntry)> = index.keys().iter().collect();
    sorted::sort_by_key(&mut order, |(id, _)| is_old(id));
    for (id, entry) in &order {
        if !id.is_of_aws() {
            asked.insert((*id).clone(), Error::new(Kind::Config, "a key for a service other than AWS"));
        } else if !seen.contains_key(*id)
            && let Err(problem) = ask(context, files, &index, id, entry, &mut seen)
        {
            context.talk.warn(&format!("cannot get the status of {} from AWS: {problem}", id.short()));
            asked.insert((*id).clone(), problem);
        }
    }
    let created = seen.values().filter_map(|(key, _)| Some((&key.id, key.created_at?)));
    Index::note_created(&context.paths.data, created)?;
    let now = context.clock.now();
    let line = |(id, entry): (&AccessKeyId, &KeyEntry)| {
        let at_aws = seen.get(id);
        let created_at = at_aws.and_then(|(key, _)| key.created_at).or(entry.created_at);
        let age = created_at.map(|at| now.seconds_since(at).max(0));
        let journal = journals.iter().find(|journal| journal.concerns(id));
        let rotation = journal.and_then(|journal| match journal.phase() {
            Phase::Unfinished => Some("unfinished"),
            Phase::Resting if journal.old == *id => Some("replaced"),
            Phase::Resting | Phase::Ended => None,
        });
        let problem = asked.get(id);
        ReportedKey {
            id: id.clone(),
            user_arn: entry.user_arn.clone(),
            account: entry.account.clone(),
            backend: entry.backend,
            profiles: index.profiles_of(id).into_iter().map(str::to_owned).collect(),
            status: match at_aws {
                Some((key, _)) if key.active => Some("active"),
                Some(_) => Some("inactive"),
                None if problem.is_none() => Some("missing"),
                None => None,
            },
            created_at,
            age_days: age.map(|age| age / 86_400),
            last_used: at_aws.and_then(|(_, used)| used.clone()),
            // One that has been replaced is not to be replaced again.
            overdue: age
                .map(|age| id.is_of_aws() && rotation != Some("replaced") && age.unsigned_abs() >= limit.as_secs()),
            root: entry.user_arn.as_deref().is_some_and(|arn| arn.ends_with(":root")),
            rotation,
            problem: problem.map(ToString::to_string),
        }
    };
    let keys = index.keys().iter().map(line).collect();
    Ok(KeyListing { max_age_days: limit.as_secs() / 86_400, keys })
}

/// Has a key ask for the keys of its user, and for the last use of those that are stored here.
fn ask(
    context: &Context<'_>,
    files: &AwsFiles,
    index: &Index,
    id: &AccessKeyId,
    entry: &KeyEntry,
    seen: &mut BTreeMap<AccessKeyId, (ListedKey, Option<LastUse>)>,
) -> Result<()> {
    let profile = index.profiles_of(id).first().copied().unwrap_or_default().to_owned();
    let user_arn = entry.user_arn.clone();
    let stored = StoredKey { id: id.clone(), backend: entry.backend, user_arn, created_at: None };
    let facts = KeyFacts::gather(context, files, &profile, &stored)?;
    let key = Key::from(stored);
    let arn = entry.user_arn.clone();
    let signed = Signed::by_key(context, &profile, arn.clone(), facts.target, facts.mfa);
    let signing = Signing::new(context, &profile, arn.as_deref().unwrap_or_default(), signed);
    // Credentials of a session do not imply the user.
    let user = entry.user_arn.as_deref().and_then(|arn| user_name(arn).ok());
    let listed = signing.call(&key, "ListAccessKeys", |keys, by| keys.list_access_keys(by, user));
    for listed in listed? {
        if index.keys().contains_key(&listed.id) {
            let used = signing.last_use_in_passing(&key, &listed.id);
            seen.insert(listed.id.clone(), (listed, used.ok().flatten()));
        }
    }
    Ok(())
}

/// Rotates every stored key that a profile uses and that is older than `limit`, one after the other. None is deleted.
///
/// # Errors
/// The first failure, once all have been tried; where nobody agrees, nothing is done.
pub fn rotate_all(
    context: &Context<'_>,
    request: &RotateRequest,
    limit: Duration,
    files: &AwsFiles,
) -> Result<AllRotated> {
    let listing = keys(context, limit, files)?;
    let mut done = AllRotated { rotated: Vec::new(), failed: Vec::new() };
    let is_overdue = |line: &&ReportedKey| line.overdue == Some(true) && !line.profiles.is_empty();
    let overdue: Vec<&ReportedKey> = listing.keys.iter().filter(is_overdue).collect();
    if overdue.is_empty() {
        // Why an age is not known has been said.
        let known = if listing.keys.iter().any(|line| line.age_days.is_none()) { "known to be " } else { "" };
        context.talk.say(&format!("no key is {known}older than {} days", listing.max_age_days));
        return Ok(done);
    }
    let names: Vec<String> = overdue
        .iter()
        .map(|line| {
            let days = line.age_days.unwrap_or_default();
            format!("{} of `{}` ({days} days)", line.id.short(), line.profiles[0])
        })
        .collect();
    let question = format!("rotate {}?", names.join(", "));
    if !context.confirm(&question, "confirmation to rotate these keys")? {
        return Err(Error::new(Kind::Failed, "cancelled; no key was rotated"));
    }
    let mut first = None;
    for line in overdue {
        let profile = line.profiles[0].clone();
        let one = RotateRequest { profile: profile.clone(), ..request.clone() };
        match rotate(context, &one, files) {
            Ok(_) => done.rotated.push(profile),
            Err(error) if error.kind() == Kind::Cancelled => return Err(error),
            Err(error) => {
                context.talk.warn(&format!("`{profile}` was not rotated: {error}"));
                done.failed.push(FailedProfile { profile, error: error.to_string() });
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) => Err(error),
        None => Ok(done),
    }
}
