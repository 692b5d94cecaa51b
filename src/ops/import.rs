//! Moving keys in plain text out of the AWS files into the key store.
//!
//! For each profile: ask AWS whose key it is, store it and read it back, put it into the index, link the profile, and only
//! then take the lines out. Until that last step SDKs use the lines, after it the link, so a kill at any point leaves a
//! profile that works, and the same command goes on where it stopped.

use serde::Serialize;

use crate::chain::{StoredKeys, nearest};
use crate::config_file::{self, AwsFiles, EditFailure};
use crate::credentials::{AccessKey, Backend, StoredKey};
use crate::error::{Error, Kind, Result};
use crate::index::{Index, KeyEntry};
use crate::ini::{Document, SectionName};
use crate::keystore::access_key::store_access_key;
use crate::keystore::open::StoreOpener;
use crate::ops::Context;
use crate::ops::access_key_input::{InputError, from_pair};
use crate::ops::add::check;
use crate::ops::manage::Manager;
use crate::ops::manage::link::LinkRequest;
use crate::ops::remove::INDEX_LIMIT;
use crate::profile::{AwsFile, Profile, Profiles};
use crate::secret::Secret;
use crate::sys::lock::holder_name;

/// Gives the `credential_process` line for a profile.
pub type LineOf<'r> = &'r dyn Fn(&str) -> Result<String>;

/// What is asked of [`import`].
pub struct ImportRequest<'r> {
    /// This profile alone; none: all.
    pub profile: Option<&'r str>,
    /// The store the keys go into.
    pub backend: Backend,
    /// Whether AWS is asked whose key each is.
    pub verify: bool,
    /// The `credential_process` line for a profile; none: profiles are not linked.
    pub line: Option<LineOf<'r>>,
    /// `--yes`.
    pub yes: bool,
}

/// The JSON of `import`, version 1.
#[derive(Debug, Serialize)]
pub struct Imported {
    version: u32,
    imported: Vec<Moved>,
    /// Keys that stay where they are.
    left: Vec<Left>,
}

#[derive(Debug, Serialize)]
struct Moved {
    profile: String,
    key_id: String,
    backend: &'static str,
    linked: bool,
    file: String,
}

#[derive(Debug, Serialize)]
struct Left {
    profile: String,
    file: String,
    line: usize,
    reason: String,
    /// Whether it stays because something failed; a temporary key simply stays.
    failed: bool,
}

impl Imported {
    /// How many keys stay because something failed.
    pub fn failures(&self) -> usize {
        self.left.iter().filter(|left| left.failed).count()
    }
}

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// A key in plain text, and where.
struct Found {
    profile: String,
    file: AwsFile,
    line: usize,
    key: Result<AccessKey, Stays>,
}

/// Why a key is not moved.
enum Stays {
    Temporary,
    Unusable(InputError),
}

/// Moves every key that can be moved; one that cannot holds up no other.
///
/// # Errors
/// No such profile, or a store that cannot be used at all.
pub fn import(
    context: &Context<'_>,
    request: &ImportRequest<'_>,
    stores: &dyn StoreOpener,
    files: &AwsFiles,
) -> Result<Imported> {
    let profiles = files.profiles();
    let found: Vec<Found> = match request.profile {
        Some(name) => match profiles.get(name) {
            Some(profile) => found_in(&profile),
            None => {
                let hint = match nearest(&profiles, name) {
                    Some(near) => format!("`{near}` is there; `keyfob list` shows all profiles"),
                    None => "`keyfob list` shows all profiles".to_owned(),
                };
                return Err(
                    Error::new(Kind::Config, format!("there is no profile `{name}` in the AWS files")).hint(hint)
                );
            }
        },
        None => profiles.names().filter_map(|name| profiles.get(name)).flat_map(|profile| found_in(&profile)).collect(),
    };
    let mut report = Imported { version: 1, imported: Vec::new(), left: Vec::new() };
    for Found { profile, file, line, key } in found {
        let path = config_file::path_of(context.paths, file).display().to_string();
        let place = format!("{path}:{line}");
        let mut leave = |reason: String, failed: bool, hint: &str| {
            context.talk.warn(&format!("{place}: the key of `{profile}` stays: {reason}"));
            context.talk.hint(hint);
            report.left.push(Left { profile: profile.clone(), file: path.clone(), line, reason, failed });
        };
        let key = match key {
            Ok(key) => key,
            Err(Stays::Temporary) => {
                leave(
                    "it is a temporary one".to_owned(),
                    false,
                    "it is worthless once it has expired; delete the lines then",
                );
                continue;
            }
            Err(Stays::Unusable(error)) => {
                leave(error.to_string(), true, &format!("store the whole key with `keyfob add {profile}`"));
                continue;
            }
        };
        match import_one(context, request, stores, &profile, file, &key) {
            Ok(()) => {
                let store = request.backend.title();
                context
                    .talk
                    .say(&format!("moved {}, the key of `{profile}`, from {path} into {store}", key.id.short()));
                report.imported.push(Moved {
                    profile,
                    key_id: key.id.to_string(),
                    backend: request.backend.name(),
                    linked: request.line.is_some(),
                    file: path,
                });
            }
            // Nothing works without its store, so the others are not tried.
            Err(error) if error.kind() == Kind::KeyStore || error.kind() == Kind::NeedsHuman => return Err(error),
            Err(error) => {
                let hint = error.hints().first().cloned().unwrap_or_default();
                let causes: Vec<String> = error.causes().iter().map(|cause| format!(": {cause}")).collect();
                leave(format!("{error}{}", causes.concat()), true, &hint);
            }
        }
    }
    Ok(report)
}

/// The keys of a profile that stand in the files, in each as it stands there.
fn found_in(profile: &Profile<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for file in [AwsFile::Credentials, AwsFile::Config] {
        let setting = |name: &str| profile.places(name).into_iter().find(|s| s.file == file && !s.value.is_empty());
        let (Some(id), Some(secret)) = (setting(ID), setting(SECRET)) else { continue };
        let is_temporary = id.value.starts_with("ASIA") || TOKENS.iter().any(|token| setting(token).is_some());
        let key = match is_temporary {
            true => Err(Stays::Temporary),
            false => from_pair(&id.value, Secret::new(secret.value.into_owned())).map_err(Stays::Unusable),
        };
        found.push(Found { profile: profile.name().to_owned(), file, line: id.line, key });
    }
    found
}

fn import_one(
    context: &Context<'_>,
    request: &ImportRequest<'_>,
    stores: &dyn StoreOpener,
    name: &str,
    file: AwsFile,
    key: &AccessKey,
) -> Result<()> {
    let ImportRequest { backend, verify, line, yes, .. } = *request;
    let index = Index::load(&context.paths.data)?;
    if let Some(other) = index.key_of(name).filter(|other| other.id != key.id) {
        let other = other.id.short();
        return Err(Error::new(Kind::Failed, format!("`{name}` has another stored key, {other}"))
            .hint(format!("delete the one you do not need: these lines, or `keyfob remove {name}`")));
    }
    // An earlier run may have stored it elsewhere.
    let backend = index.key_of(name).map_or(backend, |stored| stored.backend);
    let now = context.clock.now();
    let mut stored = StoredKey { id: key.id.clone(), backend, user_arn: None, added_at: now };
    let mut entry = KeyEntry::new(backend, now);
    let mut device = None;
    if verify {
        let manager_files = config_file::load(context.paths)?;
        let manager = Manager { context, files: &manager_files, index: &index, show_only: false };
        let target = manager.base_target(name, &stored)?;
        let identity = check::identity(context, name, key, &target, false)?;
        context.talk.say(&format!("{} is `{}` in account {}", key.id.short(), identity.arn, identity.account));
        let profiles = manager_files.profiles();
        if profiles.get(name).is_none_or(|profile| profile.setting("mfa_serial").is_none())
            && let Some(devices) = check::devices(context, name, key, &target)?
            && let [serial] = devices.usable.as_slice()
            && manager.confirm_if_there(&format!("use your MFA device `{serial}` for `{name}`?"), yes)?
        {
            device = Some(serial.clone());
        }
        stored.user_arn = Some(identity.arn.clone());
        (entry.user_arn, entry.account) = (Some(identity.arn), Some(identity.account));
    }
    let store = stores.open(backend).map_err(|error| error.for_user(backend))?;
    store_access_key(store, key, name, stored.user_arn.as_deref()).map_err(|error| error.for_user(backend))?;
    entry.mfa_serial = device.clone();
    let mut edit = Index::edit(&context.paths.data, INDEX_LIMIT)?;
    edit.put_key(&key.id, entry);
    edit.set_profile(name, &key.id, backend);
    edit.save()?;
    if let Some(line) = line {
        let (files, index) = (config_file::load(context.paths)?, Index::load(&context.paths.data)?);
        let manager = Manager { context, files: &files, index: &index, show_only: false };
        manager.link(LinkRequest { profile: Some(name), line, yes, name_keys: false })?;
    }
    if let Some(serial) = &device {
        edit_file(context, AwsFile::Config, &|document| {
            let section = SectionName::Profile(name);
            match document.value_in(section, "mfa_serial") {
                None => document.set(section, "mfa_serial", serial),
                Some(_) => Ok(()),
            }
        })?;
    }
    edit_file(context, file, &|document| {
        take_out(document, file, name, key);
        Ok(())
    })
}

/// Takes the lines of `key` out, and no others: meanwhile they may be another key's.
fn take_out(document: &mut Document, file: AwsFile, name: &str, key: &AccessKey) {
    let section = match file {
        AwsFile::Config => SectionName::Profile(name),
        AwsFile::Credentials => SectionName::Credentials(name),
    };
    let is_same = document.value_in(section, ID).as_deref() == Some(key.id.as_str())
        && document.value_in(section, SECRET).as_deref() == Some(key.secret.expose());
    if is_same {
        document.unset(section, ID);
        document.unset(section, SECRET);
    }
}

fn edit_file(
    context: &Context<'_>,
    file: AwsFile,
    change: &dyn Fn(&mut Document) -> Result<(), crate::ini::EditError>,
) -> Result<()> {
    let waiting = |holder: Option<u32>| {
        let holder = holder_name(holder);
        context.human.progress(&format!("waiting for {holder}, which edits the AWS files"));
    };
    match config_file::edit(context.paths, file, waiting, change) {
        Ok(_) => Ok(()),
        Err(EditFailure::CannotReplace { path, cause, .. }) => {
            Err(Error::new(Kind::Failed, format!("{}: the file cannot be replaced", path.display()))
                .because(cause)
                .hint("the key is stored; take the two lines out of the file yourself"))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// The keys of a profile in plain text: file, line, and whether each is a temporary one.
pub fn plain_keys(profile: &Profile<'_>) -> Vec<(AwsFile, usize, bool)> {
    let temporary = |found: &Found| matches!(found.key, Err(Stays::Temporary));
    found_in(profile).iter().map(|found| (found.file, found.line, temporary(found))).collect()
}

/// Whether any profile of the files has a key that [`import`] would move.
pub fn has_keys(profiles: &Profiles<'_>) -> bool {
    let mut all = profiles.names().filter_map(|name| profiles.get(name));
    all.any(|profile| found_in(&profile).iter().any(|found| found.key.is_ok()))
}
