//! Storing an access key and linking its profile.
//!
//! Whatever can be refused or asked comes before the first write; then the key store, the index, the AWS config file.
//! A kill before the first write leaves nothing. One after the key store leaves an item no profile names; one after the
//! index leaves a key keyfob uses and SDKs do not know of. `add` again with the same key finishes either: the same
//! key again needs no `--replace`. A secret is never overwritten: each key is an item of its own.

pub(in crate::ops) mod check;
mod profile;
pub(in crate::ops) mod region;

use crate::chain::StoredKeys;
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKey, AccessKeyId, InvalidAccessKeyId, StoreId, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::human::{AskError, Talk};
use crate::index::{Index, KeyEntry};
use crate::keystore::KeyStore;
use crate::keystore::access_key::{read_access_key, store_access_key};
use crate::ops::Context;
use crate::ops::access_key_input::{InputError, from_pair};
use crate::ops::add::profile::Planned;
use crate::ops::planning::own_target;
use crate::ops::remove::release;
use crate::ops::rotate::refuse_during;
use crate::ops::without_device;

/// How often a secret that cannot be one is asked for.
const TRIES: usize = 3;

/// What is asked of [`add`].
#[derive(Debug)]
pub struct AddRequest {
    /// The profile; made where there is none.
    pub profile: String,
    /// The key; none: it is asked for.
    pub key: Option<AccessKey>,
    /// The store it goes into.
    pub backend: StoreId,
    pub region: Option<String>,
    /// The MFA device to write.
    pub mfa_serial: Option<String>,
    /// Whether the caller enrolls a device next, so that there is nothing to say about the lack of one.
    pub will_enroll: bool,
    /// Whether AWS is asked whose key it is.
    pub verify: bool,
    /// The `credential_process` line to write; none: the profile is not linked.
    pub link: Option<String>,
    /// Whether the profile goes to another service than AWS, whose key it may be.
    pub other_service: bool,
    /// Whether a root user's key may be stored.
    pub allow_root: bool,
    /// Whether another stored key may be replaced.
    pub replace: bool,
    /// Whether another program's `credential_process` may be replaced.
    pub replace_process: bool,
    /// `--yes`: nothing is asked that has an answer without asking.
    pub yes: bool,
}

/// Stores a key for a profile, and writes the profile.
///
/// # Errors
/// Whatever is refused, and what fails before the key is stored; afterwards only a broken index or AWS file.
pub fn add(context: &Context<'_>, request: AddRequest, files: &AwsFiles) -> Result<Added> {
    let name = request.profile.clone();
    let index = Index::load(&context.paths.data)?;
    let old = index.key_of(&name);
    refuse_replacement(context, &name, old.as_ref(), request.key.as_ref().map(|key| &key.id), request.replace)?;
    if let Some(old) = &old {
        refuse_during(context, &old.id)?;
    }
    let mut planned = Planned::new(files, &request)?;
    planned.refuse_sso(context)?;
    planned.ask_to_take_over(context, &request)?;

    let key = match request.key {
        Some(key) => key,
        None => ask_for_key(context, request.other_service)?,
    };
    let mut stored = StoredKey { id: key.id.clone(), backend: request.backend, user_arn: None, created_at: None };
    let mut entry = KeyEntry::new(request.backend, context.clock.now());
    if !key.id.is_of_aws() {
        context.talk.say(&format!("{} is a key for a service other than AWS, so it is not checked", key.id.short()));
    } else if request.verify {
        let plan = planned.plan(context, &index, &stored)?;
        let target = own_target(&plan)?;
        let identity = check::identity(context, &name, &key, target, request.allow_root)?;
        context.talk.say(&format!("{} is `{}` in account {}", key.id.short(), identity.arn, identity.account));
        let given = request.mfa_serial.as_deref();
        if (given.is_some() || !planned.has_device())
            && let Some(devices) = check::devices(context, &name, &key, target)?
        {
            match given {
                Some(serial) => Planned::refuse_device_of_others(serial, &devices)?,
                None => planned.offer_device(context, devices, request.yes)?,
            }
        }
        entry.created_at = check::created_at(context, &key, target);
        stored.user_arn = Some(identity.arn.clone());
        (entry.user_arn, entry.account) = (Some(identity.arn), Some(identity.account));
    }
    planned.ask_for_region(context, request.yes)?;
    planned.advise(context, &index, &stored)?;

    let store = context.store(request.backend)?;
    refuse_other_secret(store, &index, &name, &key, request.replace)?;
    store_access_key(store, &key, &name, stored.user_arn.as_deref())
        .map_err(|error| error.for_user(request.backend))?;
    // Security: from here on nobody needs the secret.
    drop(key);
    let mut index = Index::edit(&context.paths.data)?;
    entry.mfa_serial = planned.device();
    index.put_key(&stored.id, entry);
    index.set_profile(&name, &stored.id, stored.backend);
    index.save()?;
    context.talk.say(&format!("stored {} in {} for `{name}`", stored.id.short(), stored.backend.title()));
    if let Some(old) = old.filter(|old| old.id != stored.id || old.backend != stored.backend) {
        take_out(context, &name, &old, &stored);
    }
    let without_device = planned.without_device();
    let lines = planned.write(context)?;
    let to_enroll = match without_device {
        Some(devices) => without_device::offer(context, &name, devices, request.yes)?,
        None => false,
    };
    Ok(Added { lines, to_enroll })
}

/// What [`add`] leaves to be done.
#[derive(Debug)]
pub struct Added {
    /// The lines to paste if the AWS file cannot be replaced.
    pub lines: Option<String>,
    /// Whether somebody wants an MFA device created now.
    pub to_enroll: bool,
}

/// Deletes the key that `new` replaces, or the copy of the same key in the store it was in before. The new one is stored and
/// works, so a failure is a warning.
fn take_out(context: &Context<'_>, profile: &str, old: &StoredKey, new: &StoredKey) {
    let (short, store) = (old.id.short(), old.backend.title());
    match release(context, profile, old) {
        Ok(released) if !released.others.is_empty() => {}
        Ok(released) if released.is_same_place => {
            context
                .talk
                .say(&format!("`{}` and `{}` are the same place, so nothing was deleted", old.backend, new.backend));
        }
        Ok(_) if old.id == new.id => {
            context.talk.say(&format!("deleted the copy of {short} in {store}, where it was stored before"));
        }
        Ok(_) => context.talk.say(&format!("deleted the replaced key {short}; AWS still accepts it")),
        Err(error) => context.talk.warn(&format!("{short} could not be deleted from {store}: {error}")),
    }
}

/// Refuses to take another key's place without `--replace`. The same key again is no replacement, which is known only of one
/// that is at hand already.
fn refuse_replacement(
    context: &Context<'_>,
    profile: &str,
    old: Option<&StoredKey>,
    new: Option<&AccessKeyId>,
    replace: bool,
) -> Result<()> {
    match old {
        Some(old) if !replace && new != Some(&old.id) => Err(Error::new(
            Kind::Failed,
            format!("`{profile}` already has a stored key, {} in {}", old.id.short(), old.backend.title()),
        )
        .hint(context.talk.again(&["--replace"]).to("replace it"))
        .hint(run!("keyfob remove {}", profile).to("or remove it"))),
        Some(_) | None => Ok(()),
    }
}

/// Refuses to overwrite the secret of another profile's key of the same id: services other than AWS share ids such as `test`.
fn refuse_other_secret(
    store: &dyn KeyStore,
    index: &Index,
    profile: &str,
    key: &AccessKey,
    replace: bool,
) -> Result<()> {
    let users = index.profiles_of(&key.id);
    let other = users.iter().find(|user| **user != profile).or(users.first().filter(|_| !replace));
    let Some(other) = other.filter(|_| !key.id.is_of_aws()) else { return Ok(()) };
    match read_access_key(store, &key.id) {
        Ok(stored) if stored.secret.expose() != key.secret.expose() => {
            let message = format!("`{other}` has a stored key of the same id with another secret");
            Err(Error::new(Kind::Failed, message)
                .hint("keep this key in the AWS credentials file, where keyfob uses it too")
                .hint(run!("keyfob remove {}", other).to("or delete the other one")))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The id that was given or typed; one that is not AWS's only if the profile goes elsewhere.
///
/// # Errors
/// What it is not, and what to set first.
pub fn refuse_other_service(
    talk: &dyn Talk,
    id: &AccessKeyId,
    profile: &str,
    other_service: bool,
    place: &str,
) -> Result<()> {
    if id.is_of_aws() || other_service {
        return Ok(());
    }
    let error = input_error(talk, &InputError::Id(InvalidAccessKeyId::Malformed), place);
    let endpoint = run!("keyfob profile set {} endpoint_url URL", profile);
    Err(error.hint(endpoint.to("if it is a key of another service, name that service's endpoint in the profile first")))
}

fn ask_for_key(context: &Context<'_>, other_service: bool) -> Result<AccessKey> {
    let Context { human, talk, .. } = *context;
    let prompts = ["access key id: ", "secret access key (hidden): "];
    // Security: refused before the secret where the first answer is the secret itself.
    let check = |id: &str| match id.parse::<AccessKeyId>() {
        Err(error) if !other_service || AccessKeyId::of_other_service(id).is_none() => Err(error.to_string()),
        _ => Ok(()),
    };
    let unanswered = |error: AskError| {
        let error = error.into_error("an access key");
        let error =
            error.hint(talk.again(&["--stdin"]).to("pipe in two lines, the access key id and the secret access key"));
        error.hint(talk.again(&["--csv", "FILE"]).to("or read the file downloaded from the IAM console"))
    };
    let (id, mut secret) = human.ask_pair(prompts, &check).map_err(unanswered)?;
    for _ in 1..TRIES {
        match from_pair(&id, secret) {
            Ok(key) => return Ok(key),
            Err(error) => human.progress(&error.to_string()),
        }
        secret = human.ask_secret(prompts[1], None).map_err(unanswered)?;
    }
    from_pair(&id, secret).map_err(|error| input_error(talk, &error, "invalid access key"))
}

/// The error the user sees for an input from `place`: a file's name, `stdin`, the environment, what was typed.
pub fn input_error(talk: &dyn Talk, error: &InputError, place: &str) -> Error {
    let kind = match error {
        InputError::Lines(_) => Kind::Usage,
        _ => Kind::Failed,
    };
    let hint: Hint = match error {
        InputError::Id(_) | InputError::SessionToken(_) => {
            "create a long-term key in the IAM console: Users, your name, Security credentials, Create access key".into()
        }
        InputError::Swapped => "enter the access key id first, then the secret access key".into(),
        InputError::NoSecret | InputError::PaddedSecret | InputError::MalformedSecret => {
            "copy the secret again; AWS shows it only once, so if it is lost, create a new key".into()
        }
        InputError::Lines(_) => {
            talk.again(&["--stdin"]).to("pipe in two lines, the access key id and the secret access key")
        }
        InputError::NoVariable(_) => "export both `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`".into(),
        InputError::PasswordOnly => {
            "access keys are in another file, which the IAM console offers at Users, your name, Security credentials, Create access key"
                .into()
        }
        InputError::SeveralKeys(_) => {
            talk.again(&["--csv", "FILE"]).to("leave only one row in the file, and run this for each key")
        }
        InputError::NotJson => {
            talk.again(&["--stdin"]).to("pipe in the whole answer of `aws iam create-access-key`, or two lines")
        }
        InputError::NotText
        | InputError::EmptyCsv
        | InputError::NoColumn(_)
        | InputError::NoField { .. }
        | InputError::NotCsv(_)
        | InputError::NoRows => {
            "download the file from the IAM console again, and do not save it with another program".into()
        }
    };
    Error::new(kind, format!("{place}: {error}")).hint(hint)
}
