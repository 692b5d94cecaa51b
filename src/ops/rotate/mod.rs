//! Carries rotations out: looks first, then does what the state machine says, and journals it before and after.
//!
//! A kill at any instant leaves the journal at a step that can be done again; `RotationStep::leaves` says what that is. The
//! secret of a new key goes from AWS's answer straight into the key store; only a kill or a failure between the two
//! loses it, and then the key is found by comparing lists, and named.

pub mod all;
mod create;
mod facts;
pub mod journal;
mod look;
mod run;
mod signing;
pub mod status;
mod steps;

pub(in crate::ops) use facts::plan_to_sign;
pub(in crate::ops) use signing::kind_of;

use std::collections::BTreeMap;

use crate::chain::StoredKeys;
use crate::chain::target::Target;
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKeyId, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::index::Index;
use crate::ops::Context;
use crate::ops::planning::no_stored_key;
use crate::ops::rotate::facts::KeyFacts;
use crate::ops::rotate::journal::{JournalLock, Journals};
use crate::ops::rotate::signing::{Signing, user_name};
use crate::rotation::{Asked, Journal, KeyState, NotYet, Phase, RotationStep, User, may_finish, way_back};
use crate::secret::Secret;
use crate::sorted;

/// What is asked of a rotation, beside what to do.
#[derive(Debug, Clone, Default)]
pub struct RotateRequest {
    pub profile: String,
    /// `--with`, `--delete-now`, `--force`, `--drop-sessions`.
    pub asked: Asked,
    /// `--delete-other`: a key keyfob did not replace.
    pub delete_other: Option<AccessKeyId>,
    /// `--mfa-code`.
    pub mfa_code: Option<Secret>,
}

/// What a rotation works with.
struct Rotation<'a> {
    context: &'a Context<'a>,
    files: &'a AwsFiles,
    delete_other: Option<AccessKeyId>,
    signing: Signing<'a>,
    /// The STS endpoints of all profiles that use the key.
    targets: Vec<Target>,
    held: JournalLock,
    journal: Journal,
}

/// Replaces the access key of a profile. Returns the journal of a rotation that rests; none where nothing is left to do.
///
/// # Errors
/// Where it is refused or stops; the message says what is left and how to continue.
pub fn rotate(context: &Context<'_>, request: &RotateRequest, files: &AwsFiles) -> Result<Option<Journal>> {
    let profile = &request.profile;
    let journals = Journals::new(&context.paths.data);
    let mut key = key_of(context, files, profile)?;
    if !key.id.is_of_aws() {
        let message = format!("the key of `{profile}` is for a service other than AWS, and keyfob cannot rotate it");
        return Err(Error::new(Kind::Failed, message)
            .hint(run!("keyfob add {} --replace", profile).to("create another one there, and store it")));
    }
    if let Some(journal) = journals.of_profile(profile, Some(&key.id))? {
        match journal.phase() {
            Phase::Unfinished => return Err(unfinished(&journal, journals.is_held(&journal))),
            Phase::Resting | Phase::Ended => {
                context.talk.say(&format!("finishing the previous rotation, of {}", journal.old.short()));
                // Whatever else is asked for: a key that somebody may still need is deleted only by `--finish --force`.
                let asked = Asked { delete_now: false, force: false, ..request.asked.clone() };
                let before = RotateRequest { asked, delete_other: None, ..request.clone() };
                finish_one(context, &before, files, journal)?;
                key = key_of(context, files, profile)?;
            }
        }
    }
    let held = journals.hold(&key.id)?;
    // Another process may have rotated it while this one came here.
    if held.load()?.is_some() || key_of(context, files, profile)?.id != key.id {
        return Err(Error::new(Kind::Failed, format!("another process has just rotated {}", key.id.short()))
            .hint(run!("keyfob rotate {} --status", profile).to("show its status")));
    }
    let facts = KeyFacts::gather(context, files, profile, &key)?;
    let identity = look::identity(context, profile, &key, &facts)?;
    let name = user_name(&identity.arn)?.to_owned();
    let user = User { arn: identity.arn, name, account: identity.account };
    let asked = request.asked.clone();
    let journal = Journal::new(profile, (&key.id, key.backend), user, asked, facts.users.clone());
    let mut rotation = Rotation::new(context, request, files, facts, held, journal)?;
    rotation.look()?;
    rotation.begin(RotationStep::Create)?;
    rotation.run()
}

/// Goes on with the unfinished rotation of a profile, forward or back, from wherever it stopped.
///
/// # Errors
/// As [`rotate`].
pub fn resume(context: &Context<'_>, request: &RotateRequest, files: &AwsFiles) -> Result<Option<Journal>> {
    let Some(journal) = find(context, &request.profile)? else {
        context.talk.say(&format!("there is nothing to resume: `{}` has no unfinished rotation", request.profile));
        return Ok(None);
    };
    let mut rotation = Rotation::take_up(context, request, files, journal)?;
    if rotation.journal.next().is_none() {
        context.talk.say("there is nothing to resume");
        rotation.tell_of_rest();
        return Ok(Some(rotation.journal));
    }
    rotation.resumed().map_err(|error| rotation.stopped(error))?;
    rotation.run()
}

/// Undoes a rotation whose old key still exists.
///
/// # Errors
/// Where the old key is gone, and as [`rotate`].
pub fn rollback(context: &Context<'_>, request: &RotateRequest, files: &AwsFiles) -> Result<Option<Journal>> {
    let Some(journal) = find(context, &request.profile)? else {
        context
            .talk
            .say(&format!("there is nothing to roll back: `{}` has no rotation that can be undone", request.profile));
        return Ok(None);
    };
    let mut rotation = Rotation::take_up(context, request, files, journal)?;
    let listed = rotation.list_by_any().map_err(|error| rotation.stopped(error))?;
    rotation.adopt_stored(&listed).map_err(|error| rotation.stopped(error))?;
    let old = state_of(&rotation.journal.old, &listed);
    let step = way_back(&rotation.journal, old).ok_or_else(|| {
        let old = rotation.journal.old.short();
        Error::new(Kind::Failed, format!("cannot go back to {old}: it was deleted at AWS"))
            .hint(resume_of(&rotation.journal))
    })?;
    rotation.begin(step)?;
    rotation.run()
}

/// Deletes the old key of a rotation that rests, once it may be.
///
/// # Errors
/// Where it may not be yet, and as [`rotate`].
pub fn finish(context: &Context<'_>, request: &RotateRequest, files: &AwsFiles) -> Result<Option<Journal>> {
    let Some(journal) = find(context, &request.profile)? else {
        context.talk.say(&format!("there is nothing to finish: `{}` has no old key", request.profile));
        return Ok(None);
    };
    if journal.phase() == Phase::Unfinished {
        let held = Journals::new(&context.paths.data).is_held(&journal);
        return Err(unfinished(&journal, held));
    }
    finish_one(context, request, files, journal)
}

fn finish_one(
    context: &Context<'_>,
    request: &RotateRequest,
    files: &AwsFiles,
    journal: Journal,
) -> Result<Option<Journal>> {
    let mut rotation = Rotation::take_up(context, request, files, journal)?;
    let listed = rotation.list_by_any()?;
    let old = state_of(&rotation.journal.old, &listed);
    // One whose deletion was asked for before, and begun, is not held up.
    if !rotation.journal.asked.delete_now && !request.asked.force {
        let last_used = rotation.last_use(&rotation.journal.old).map(|used| used.at);
        may_finish(&rotation.journal, old, last_used, context.settings.rotate_grace, context.clock.now())
            .map_err(|why| not_yet(&rotation.journal, &why))?;
    }
    rotation.journal.asked.delete_now = true;
    rotation.save()?;
    rotation.run()
}

fn not_yet(journal: &Journal, why: &NotYet) -> Error {
    let (old, profile) = (journal.old.short(), &journal.profile);
    let (message, cause) = match why {
        NotYet::TooEarly(ready) => (
            format!("{old} will not be deleted before {ready}"),
            "another machine or a pipeline may use the same key, and would fail now that it is Inactive".to_owned(),
        ),
        NotYet::Used(at) => (
            format!("{old} was not deleted: it was used at {at}, after `{profile}` had switched to the new key"),
            "something else still uses it".to_owned(),
        ),
        NotYet::Active => (
            format!("{old} was not deleted: it is Active again"),
            "someone reactivated it, perhaps in the console".to_owned(),
        ),
    };
    Error::new(Kind::Failed, message)
        .because(cause)
        .hint(with_options(run!("keyfob rotate {} --finish --force", profile).to("delete it anyway"), journal))
        .hint(rollback_of(journal))
}

fn unfinished(journal: &Journal, held: bool) -> Error {
    let (profile, (step, _)) = (&journal.profile, journal.at());
    if held {
        return Error::new(Kind::Failed, format!("another process is rotating the key of `{profile}`"))
            .hint(run!("keyfob rotate {} --status", profile).to("wait for it; show its status"));
    }
    Error::new(Kind::Failed, format!("the rotation of `{profile}` is unfinished: it stopped at `{}`", step.name()))
        .because(step.leaves())
        .hint(resume_of(journal))
        .hint(rollback_of(journal))
}

/// The command that continues a rotation; one that goes back from a key nobody has the secret of has to name that key.
pub(crate) fn resume_of(journal: &Journal) -> Hint {
    let profile = &journal.profile;
    let hint = match (&journal.orphan, journal.at().0) {
        (Some(orphan), RotationStep::Discard) => run!("keyfob rotate {} --rollback --delete-other {}", profile, orphan)
            .option("--with", journal.asked.with.as_ref()),
        (Some(orphan), _) => {
            with_options(run!("keyfob rotate {} --resume --delete-other {}", profile, orphan), journal)
        }
        (None, _) => with_options(run!("keyfob rotate {} --resume", profile), journal),
    };
    let unless = journal.orphan.as_ref().map_or_else(String::new, |orphan| {
        format!("; deletes {} at AWS, so make sure that nobody uses it", orphan.short())
    });
    hint.to(format!("continue the rotation of `{profile}`{unless}"))
}

/// The command that takes a rotation back.
pub(crate) fn rollback_of(journal: &Journal) -> Hint {
    let hint = run!("keyfob rotate {} --rollback", journal.profile).option("--with", journal.asked.with.as_ref());
    let hint = hint.option("--delete-other", journal.orphan.as_ref().map(ToString::to_string));
    hint.to(format!("or go back to {}", journal.old.short()))
}

/// A command with the options that the rotation was asked for with.
fn with_options(hint: Hint, journal: &Journal) -> Hint {
    with_flags(hint.option("--with", journal.asked.with.as_ref()), journal)
}

/// As [`with_options`], where another `--with` is to be given.
fn with_flags(hint: Hint, journal: &Journal) -> Hint {
    let Asked { with: _, delete_now, force, drop_sessions } = &journal.asked;
    hint.flag("--delete-now", *delete_now).flag("--force", *force).flag("--drop-sessions", *drop_sessions)
}

/// Refuses to touch a key whose rotation is between its beginning and its rest.
///
/// # Errors
/// Where it is, naming the commands that end that.
pub fn refuse_during(context: &Context<'_>, id: &AccessKeyId) -> Result<()> {
    let journals = Journals::new(&context.paths.data);
    match journals.of_key(id)? {
        Some(journal) if journal.phase() == Phase::Unfinished => Err(unfinished(&journal, journals.is_held(&journal))),
        Some(_) | None => Ok(()),
    }
}

/// Forgets the old key of a rotation that rests, once the key that replaced it is deleted here: nobody could finish it.
///
/// # Errors
/// Where a store or a file fails.
pub fn forget_replaced(context: &Context<'_>, new: &AccessKeyId) -> Result<()> {
    let journals = Journals::new(&context.paths.data);
    let Some(journal) = journals.of_key(new)?.filter(|journal| journal.new.as_ref() == Some(new)) else {
        return Ok(());
    };
    let held = journals.hold(&journal.old)?;
    steps::forget(context, &journal, &journal.old)?;
    held.remove()?;
    let old = &journal.old;
    context.talk.say(&format!(
        "also deleted {}, which it had replaced; at AWS that key still exists, but is Inactive",
        old.short()
    ));
    context.talk.hint(run!("aws iam delete-access-key --access-key-id {}", old).to("delete it there"));
    Ok(())
}

/// The journal's key `id` as the store knows it.
fn stored(journal: &Journal, id: &AccessKeyId) -> StoredKey {
    StoredKey { id: id.clone(), backend: journal.backend, user_arn: Some(journal.user.arn.clone()), created_at: None }
}

fn state_of(id: &AccessKeyId, listed: &[crate::aws::ListedKey]) -> KeyState {
    match listed.iter().find(|key| key.id == *id) {
        Some(key) if key.active => KeyState::Active,
        Some(_) => KeyState::Inactive,
        None => KeyState::Gone,
    }
}

fn find(context: &Context<'_>, profile: &str) -> Result<Option<Journal>> {
    let key = Index::load(&context.paths.data)?.key_of(profile);
    Journals::new(&context.paths.data).of_profile(profile, key.as_ref().map(|key| &key.id))
}

fn key_of(context: &Context<'_>, files: &AwsFiles, profile: &str) -> Result<StoredKey> {
    let index = Index::load(&context.paths.data)?;
    index.key_of(profile).ok_or_else(|| {
        no_stored_key(context, files, &index, profile, |base| {
            run!("keyfob rotate {}", base).to("replace the key it starts from")
        })
    })
}

/// The profiles that use a key, with the store each reads it from.
fn users_of(index: &Index, id: &AccessKeyId) -> BTreeMap<String, crate::credentials::StoreId> {
    let entries = index.profiles().iter().filter(|(_, entry)| entry.key_id == *id);
    sorted::map(entries.map(|(name, entry)| (name.clone(), entry.backend)))
}
