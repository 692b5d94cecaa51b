//! Moving keys into the key store: those in plain text out of the AWS files, and aws-vault's out of its own places.
//!
//! For each profile: ask AWS whose key it is, store it and read it back, put it into the index, link the profile, and only
//! then take away what it came from. Until that last step SDKs use the lines in the files, after it the link, so a kill at
//! any point leaves a profile that works, and the same command goes on where it stopped.

mod aws_vault;
mod plain_key;
mod remains;
mod written;

use serde::Serialize;

use crate::chain::StoredKeys;
use crate::config_file;
use crate::credentials::{AccessKey, StoreId, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::index::{Index, KeyEntry};
use crate::ini::SectionName;
use crate::keystore::access_key::store_access_key;
use crate::ops::Context;
use crate::ops::access_key_input::InputError;
use crate::ops::add::check;
use crate::ops::edits::edit;
use crate::ops::manage::Manager;
use crate::ops::manage::link::{LineOf, LinkRequest};
use crate::ops::without_device::{self, Known};
use crate::profile::AwsFile;

use remains::Remaining;

pub use aws_vault::import_from_aws_vault;
pub use remains::unread_secrets;
pub use written::{before_key, can_import, has_keys, import, plain_keys};

/// What is asked of [`import`] and [`import_from_aws_vault`].
pub struct ImportRequest<'r> {
    /// This profile alone; none: all.
    pub profile: Option<&'r str>,
    /// The store the keys go into.
    pub backend: StoreId,
    /// Whether AWS is asked whose key each is.
    pub verify: bool,
    /// The `credential_process` line for a profile; none: profiles are not linked.
    pub line: Option<LineOf<'r>>,
    /// Whether a root user's key may be stored.
    pub allow_root: bool,
    /// `--yes`.
    pub yes: bool,
}

/// The JSON of `import`.
#[derive(Debug, Serialize)]
pub struct Imported {
    imported: Vec<Moved>,
    /// Keys that stay where they are.
    left: Vec<Left>,
    /// Lines that hold the secret of a stored key in plain text, beside those that were moved.
    remaining: Vec<Remaining>,
    /// The profiles for which somebody wants an MFA device created now.
    #[serde(skip)]
    pub to_enroll: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Moved {
    profile: String,
    key_id: String,
    backend: &'static str,
    linked: bool,
    /// Where it came from: a file, or a place of aws-vault's.
    file: String,
    /// Whether it is there no more.
    removed: bool,
}

#[derive(Debug, Serialize)]
struct Left {
    profile: String,
    file: String,
    line: Option<usize>,
    reason: String,
    /// Whether it stays because something failed; a temporary key simply stays.
    failed: bool,
    /// Whether the same command may move it later; not where the key itself is at fault.
    #[serde(skip)]
    may_work_later: bool,
}

impl Imported {
    /// How many keys stay because something failed.
    pub fn failures(&self) -> usize {
        self.left.iter().filter(|left| left.failed).count()
    }

    /// Whether the same command may move one of those later.
    pub fn may_work_later(&self) -> bool {
        self.left.iter().any(|left| left.may_work_later)
    }

    /// Whether there was nothing to move.
    pub fn is_empty(&self) -> bool {
        self.imported.is_empty() && self.left.is_empty()
    }
}

/// A key to be moved, and where it is.
struct KeyToMove {
    profile: String,
    file: String,
    line: Option<usize>,
    key: Result<AccessKey, Stays>,
}

impl KeyToMove {
    fn place(&self) -> String {
        self.line.map_or(self.file.clone(), |line| format!("{}:{line}", self.file))
    }
}

/// Why a key is not moved.
enum Stays {
    Temporary,
    /// Its own service renews it or does not, and AWS knows nothing of it.
    OfOtherService,
    /// The profile gets its credentials by this setting. A stored key would come before it.
    Behind(String),
    Unusable(InputError),
    Unreadable(String),
}

/// A key that AWS has given; that of another service stays.
fn of_aws(pair: Result<AccessKey, InputError>) -> Result<AccessKey, Stays> {
    match pair {
        Ok(key) if !key.id.is_of_aws() => Err(Stays::OfOtherService),
        pair => pair.map_err(Stays::Unusable),
    }
}

/// Whether a profile that cannot be linked keeps its key where it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unlinked {
    /// SDKs would find no key any more.
    Stops,
    /// SDKs never found it there.
    IsNamed,
}

/// Moves every key that can be moved; one that cannot holds up no other. `take_away` is done last; it says whether the key
/// is gone from where it was.
fn move_all(
    context: &Context<'_>,
    request: &ImportRequest<'_>,
    found: Vec<KeyToMove>,
    unlinked: Unlinked,
    take_away: &dyn Fn(usize, &str, &AccessKey) -> Result<bool>,
) -> Result<Imported> {
    let (imported, left, remaining, to_enroll) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut report = Imported { imported, left, remaining, to_enroll };
    for (index, found) in found.into_iter().enumerate() {
        let place = found.place();
        let KeyToMove { profile, file, line, key } = found;
        let mut leave = |reason: String, failed: bool, may_work_later: bool, hint: Option<Hint>| {
            context.talk.warn(&format!("{place}: the key of `{profile}` was not moved: {reason}"));
            if let Some(hint) = hint {
                context.talk.hint(hint);
            }
            report.left.push(Left {
                profile: profile.clone(),
                file: file.clone(),
                line,
                reason,
                failed,
                may_work_later,
            });
        };
        let key = match key {
            Ok(key) => key,
            Err(Stays::Temporary) => {
                leave(
                    "it is a temporary key".to_owned(),
                    false,
                    false,
                    Some("delete the lines once it has expired".into()),
                );
                continue;
            }
            Err(Stays::OfOtherService) => {
                leave("it is a key for a service other than AWS".to_owned(), false, false, None);
                continue;
            }
            Err(Stays::Behind(setting)) => {
                let reason =
                    format!("the profile gets its credentials by `{setting}`, and a stored key would come first");
                let hint = "delete its lines if nothing uses it, or store it for a profile of its own";
                leave(reason, true, false, Some(run!("keyfob add PROFILE").to(hint)));
                continue;
            }
            Err(Stays::Unusable(error)) => {
                let hint = format!("correct the lines of that key, or delete them: {place}");
                leave(error.to_string(), true, false, Some(hint.into()));
                continue;
            }
            Err(Stays::Unreadable(reason)) => {
                leave(reason, true, false, Some(run!("keyfob add {}", profile).to("store the key")));
                continue;
            }
        };
        let moved = import_one(context, request, &profile, &key, unlinked)
            .and_then(|stored| Ok((stored, take_away(index, &profile, &key)?)));
        match moved {
            Ok((Stored { backend, linked, without_device }, removed)) => {
                let (store, id) = (backend.title(), key.id.short());
                let what = if removed { "moved" } else { "copied" };
                context.talk.say(&format!("{what} {id}, the key of `{profile}`, from {file} to {store}"));
                let (key_id, backend) = (key.id.to_string(), backend.name());
                if let Some(devices) = without_device {
                    without_device::warn(context, &profile, devices);
                    if without_device::offer(context, &profile, devices, false)? {
                        report.to_enroll.push(profile.clone());
                    }
                }
                report.imported.push(Moved { profile, key_id, backend, linked, file, removed });
            }
            // Nothing works without its store, so the others are not tried.
            Err(error) if matches!(error.kind(), Kind::KeyStore | Kind::NeedsHuman | Kind::Cancelled) => {
                return Err(error);
            }
            Err(error) => {
                let may_work_later = error.kind() != Kind::Refused;
                leave(error.in_one_line(), true, may_work_later, error.hints().first().cloned());
                if !may_work_later {
                    context.talk.hint(format!("if the key is no longer used, delete its lines: {place}").into());
                }
            }
        }
    }
    Ok(report)
}

/// What has become of a key.
struct Stored {
    backend: StoreId,
    linked: bool,
    /// What is known of the user's devices, if the profile hands out sessions without MFA.
    without_device: Option<Known>,
}

/// Checks, stores and links.
fn import_one(
    context: &Context<'_>,
    request: &ImportRequest<'_>,
    name: &str,
    key: &AccessKey,
    unlinked: Unlinked,
) -> Result<Stored> {
    let ImportRequest { backend, verify, line, allow_root, yes, .. } = *request;
    let index = Index::load(&context.paths.data)?;
    if let Some(other) = index.key_of(name).filter(|other| other.id != key.id) {
        let other = other.id.short();
        return Err(Error::new(Kind::Failed, format!("`{name}` already has a different stored key, {other}"))
            .hint(run!("keyfob remove {}", name).to("delete the key that you do not need, this one or the other")));
    }
    // An earlier run may have stored it elsewhere.
    let backend = index.key_of(name).map_or(backend, |stored| stored.backend);
    let mut stored = StoredKey { id: key.id.clone(), backend, user_arn: None, created_at: None };
    let mut entry = KeyEntry::new(backend, context.clock.now());
    let (mut device, mut known) = (None, Known::Nothing);
    if verify {
        let manager_files = config_file::load(context.paths)?;
        let manager = Manager { context, files: &manager_files, index: &index, show_only: false };
        let target = manager.own_target(name, &stored)?;
        let identity = check::identity(context, name, key, &target, allow_root)?;
        context.talk.say(&format!("{} is `{}` in account {}", key.id.short(), identity.arn, identity.account));
        let profiles = manager_files.profiles();
        if profiles.get(name).is_none_or(|profile| profile.setting("mfa_serial").is_none())
            && let Some(devices) = check::devices(context, name, key, &target)?
        {
            known = if devices.usable.is_empty() { Known::None } else { Known::Declined };
            match devices.usable.as_slice() {
                [serial] if yes || (context.human.is_there() && use_device(context, serial, name)?) => {
                    device = Some(serial.clone());
                }
                others => {
                    for serial in others {
                        let hint = run!("keyfob profile set {} mfa_serial {}", name, serial);
                        context.talk.hint(hint.to("use this MFA device"));
                    }
                }
            }
        }
        entry.created_at = check::created_at(context, key, &target);
        stored.user_arn = Some(identity.arn.clone());
        (entry.user_arn, entry.account) = (Some(identity.arn), Some(identity.account));
    }
    let store = context.store(backend)?;
    store_access_key(store, key, name, stored.user_arn.as_deref()).map_err(|error| error.for_user(backend))?;
    entry.mfa_serial.clone_from(&device);
    let mut index = Index::edit(&context.paths.data)?;
    index.put_key(&key.id, entry);
    index.set_profile(name, &key.id, backend);
    index.save()?;
    let mut linked = false;
    if let Some(line) = line {
        let (files, index) = (config_file::load(context.paths)?, Index::load(&context.paths.data)?);
        let manager = Manager { context, files: &files, index: &index, show_only: false };
        match (manager.link(LinkRequest { profile: Some(name), line, yes, name_keys: false }), unlinked) {
            (Ok(_), _) => linked = true,
            (Err(error), Unlinked::Stops) => return Err(error),
            (Err(error), Unlinked::IsNamed) => {
                context.talk.warn(&format!("the key of `{name}` is stored, but the profile is not linked: {error}"));
                context.talk.hint(run!("keyfob profile link {}", name).to("link it"));
            }
        }
    }
    if let Some(serial) = &device {
        let edited = edit(context, AwsFile::Config, |document| {
            let section = SectionName::Profile(name);
            match document.value_in(section, "mfa_serial") {
                None => document.set(section, "mfa_serial", serial),
                Some(_) => Ok(()),
            }
        })?;
        edited.or_fail("the key is stored")?;
    }
    let (files, index) = (config_file::load(context.paths)?, Index::load(&context.paths.data)?);
    let manager = Manager { context, files: &files, index: &index, show_only: false };
    let plan = manager.try_plan(&files.profiles(), name).ok();
    let is_without = plan.is_some_and(|plan| plan.base.key_id() == Some(&key.id) && plan.is_session_without_mfa());
    Ok(Stored { backend, linked, without_device: is_without.then_some(known) })
}

fn use_device(context: &Context<'_>, serial: &str, name: &str) -> Result<bool> {
    let answer = context.human.propose(&format!("use your MFA device `{serial}` for `{name}`?"));
    answer.map_err(|error| error.into_error("an answer").hint(context.talk.again(&["--yes"])))
}
