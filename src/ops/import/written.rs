//! Keys in plain text in the AWS files.

use std::cell::RefCell;

use super::plain_key::{PlainKey, found_in};
use super::remains::{Unread, offer_of_stored, offer_to_delete, unread_secrets};
use super::{ImportRequest, Imported, KeyToMove, Stays, Unlinked, move_all};
use crate::chain::StoredKeys;
use crate::chain::base::key::{ID, SECRET};
use crate::config_file::{self, AwsFiles};
use crate::credentials::AccessKey;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ini::Document;
use crate::ops::edits::edit;
use crate::ops::{Context, no_such_profile};
use crate::profile::{AwsFile, Profile, Profiles};

/// Moves every key in plain text that can be moved; one that cannot holds up no other.
///
/// # Errors
/// No such profile, or a store that cannot be used at all.
pub fn import(context: &Context<'_>, request: &ImportRequest<'_>, files: &AwsFiles) -> Result<Imported> {
    let profiles = files.profiles();
    let written: Vec<PlainKey> = match request.profile {
        Some(name) => match profiles.get(name) {
            Some(profile) => found_in(&profile),
            None => return Err(no_such_profile(&profiles, name, |error| error)),
        },
        None => profiles.names().filter_map(|name| profiles.get(name)).flat_map(|profile| found_in(&profile)).collect(),
    };
    if written.is_empty() {
        return nothing_found(context, request, files);
    }
    let places: Vec<AwsFile> = written.iter().map(|written| written.file).collect();
    let path = |file| config_file::path_of(context.paths, file).display().to_string();
    let found = written.into_iter().map(|PlainKey { profile, file, line, key, .. }| KeyToMove {
        profile,
        file: path(file),
        line: Some(line),
        key,
    });
    let stored = RefCell::new(Vec::new());
    let mut report = move_all(context, request, found.collect(), Unlinked::Stops, &|index, profile, key| {
        stored.borrow_mut().push((profile.to_owned(), key.clone()));
        let edited = edit(context, places[index], |document| {
            take_out(document, places[index], profile, key);
            Ok(())
        })?;
        edited.or_fail("the key is stored; delete its two lines from the file").map(|_| true)
    })?;
    report.remaining = offer_to_delete(context, &stored.into_inner())?;
    if request.profile.is_none() {
        let named = &report.remaining;
        let path = |file| config_file::path_of(context.paths, file).display().to_string();
        let is_named = |line: &Unread| named.iter().any(|other| other.is_at(&path(line.file), line.line));
        let unread = unread_secrets(&config_file::load(context.paths)?);
        name_unread(context, unread.iter().filter(|line| !is_named(line)));
    }
    Ok(report)
}

/// Says that there is no key to move, and names what else holds a secret.
///
/// # Errors
/// If a profile was asked for.
fn nothing_found(context: &Context<'_>, request: &ImportRequest<'_>, files: &AwsFiles) -> Result<Imported> {
    let unread = unread_secrets(files);
    let mut report = Imported { imported: Vec::new(), left: Vec::new(), remaining: Vec::new(), to_enroll: Vec::new() };
    if !unread.is_empty() {
        report.remaining = offer_of_stored(context, request.profile)?;
        let now = config_file::load(context.paths)?;
        let path = |file| config_file::path_of(context.paths, file).display().to_string();
        let named = &report.remaining;
        let left = unread_secrets(&now);
        name_unread(
            context,
            left.iter().filter(|line| !named.iter().any(|other| other.is_at(&path(line.file), line.line))),
        );
        if left.len() < unread.len() {
            return Ok(report);
        }
    }
    let Some(name) = request.profile else { return Ok(report) };
    let error = Error::new(Kind::Failed, format!("`{name}` has no access key in plain text to import"));
    let index = crate::index::Index::load(&context.paths.data)?;
    Err(match index.key_of(name) {
        Some(key) => error.because(format!("its key {} is in {} already", key.id.short(), key.backend.title())),
        None => error,
    }
    .hint(run!("keyfob show {}", name).to("show its settings")))
}

fn name_unread<'u>(context: &Context<'_>, unread: impl Iterator<Item = &'u Unread>) {
    for line in unread {
        let path = config_file::path_of(context.paths, line.file).display();
        context.talk.warn(&format!("{path}:{}: {}", line.line, line.message()));
        context.talk.hint(line.fix());
    }
}

/// Takes the lines of `key` out, and no others: meanwhile they may be another key's.
fn take_out(document: &mut Document, file: AwsFile, name: &str, key: &AccessKey) {
    let section = file.section(name);
    let is_same = document.value_in(section, ID).as_deref() == Some(key.id.as_str())
        && document.value_in(section, SECRET).as_deref() == Some(key.secret.expose());
    if is_same {
        document.unset(section, ID);
        document.unset(section, SECRET);
    }
}

/// AWS's keys of a profile in plain text: file, line, and whether each is a temporary one.
pub fn plain_keys(profile: &Profile<'_>) -> Vec<(AwsFile, usize, bool)> {
    let temporary = |found: &PlainKey| matches!(found.key, Err(Stays::Temporary));
    let found = found_in(profile);
    let of_aws = found.iter().filter(|found| !matches!(found.key, Err(Stays::OfOtherService)));
    of_aws.map(|found| (found.file, found.line, temporary(found))).collect()
}

/// The setting by which this profile gets its credentials before a key in plain text, which [`import`] therefore does not move.
pub fn before_key(profile: &Profile<'_>) -> Option<String> {
    found_in(profile).into_iter().find_map(|found| match found.key {
        Err(Stays::Behind(setting)) => Some(setting),
        Ok(_) | Err(_) => None,
    })
}

/// Whether the files hold a key of this profile that [`import`] would move.
pub fn can_import(profile: &Profile<'_>) -> bool {
    found_in(profile).iter().any(|found| found.key.is_ok())
}

/// Whether any profile of the files, or `only` this one, has a key that [`import`] would move.
pub fn has_keys(profiles: &Profiles<'_>, only: Option<&str>) -> bool {
    let wanted = profiles.names().filter(|name| only.is_none_or(|only| only == *name));
    let mut all = wanted.filter_map(|name| profiles.get(name));
    all.any(|profile| can_import(&profile))
}
