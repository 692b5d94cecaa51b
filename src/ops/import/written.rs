//! Keys in plain text in the AWS files.

use super::{Found, ImportRequest, Imported, Stays, Unlinked, move_all, of_aws};
use crate::chain::nearest;
use crate::config_file::{self, AwsFiles, Edited};
use crate::credentials::AccessKey;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ini::Document;
use crate::ops::Context;
use crate::ops::access_key_input::from_pair;
use crate::ops::edits::edit;
use crate::profile::{AwsFile, Profile, Profiles};
use crate::secret::Secret;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// Moves every key in plain text that can be moved; one that cannot holds up no other.
///
/// # Errors
/// No such profile, or a store that cannot be used at all.
pub fn import(context: &Context<'_>, request: &ImportRequest<'_>, files: &AwsFiles) -> Result<Imported> {
    let profiles = files.profiles();
    let written: Vec<Written> = match request.profile {
        Some(name) => match profiles.get(name) {
            Some(profile) => found_in(&profile),
            None => {
                let error = Error::new(Kind::Config, format!("there is no profile `{name}` in the AWS files"));
                let error = nearest(&profiles, name)
                    .into_iter()
                    .fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
                return Err(error.hint(run!("keyfob list").to("show all profiles")));
            }
        },
        None => profiles.names().filter_map(|name| profiles.get(name)).flat_map(|profile| found_in(&profile)).collect(),
    };
    let places: Vec<AwsFile> = written.iter().map(|written| written.file).collect();
    let path = |file| config_file::path_of(context.paths, file).display().to_string();
    let found = written.into_iter().map(|Written { profile, file, line, key }| Found {
        profile,
        file: path(file),
        line: Some(line),
        key,
    });
    move_all(context, request, found.collect(), Unlinked::Stops, &|index, profile, key| {
        let edited = edit(context, places[index], |document| {
            take_out(document, places[index], profile, key);
            Ok(())
        })?;
        match edited {
            Edited::Changed | Edited::Unchanged => Ok(true),
            Edited::Paste(paste) => {
                Err(Error::from(paste).hint("the key is stored; delete its two lines from the file"))
            }
        }
    })
}

/// A key in plain text, and where.
struct Written {
    profile: String,
    file: AwsFile,
    line: usize,
    key: Result<AccessKey, Stays>,
}

/// The keys of a profile that stand in the files, in each as it stands there.
fn found_in(profile: &Profile<'_>) -> Vec<Written> {
    let mut found = Vec::new();
    for file in [AwsFile::Credentials, AwsFile::Config] {
        let setting = |name: &str| profile.places(name).into_iter().find(|s| s.file == file && !s.value.is_empty());
        let (Some(id), Some(secret)) = (setting(ID), setting(SECRET)) else { continue };
        let is_temporary = id.value.starts_with("ASIA") || TOKENS.iter().any(|token| setting(token).is_some());
        let key = match is_temporary {
            true => Err(Stays::Temporary),
            false => of_aws(from_pair(&id.value, Secret::new(secret.value.into_owned()))),
        };
        found.push(Written { profile: profile.name().to_owned(), file, line: id.line, key });
    }
    found
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
    let temporary = |found: &Written| matches!(found.key, Err(Stays::Temporary));
    let found = found_in(profile);
    let of_aws = found.iter().filter(|found| !matches!(found.key, Err(Stays::OfOtherService)));
    of_aws.map(|found| (found.file, found.line, temporary(found))).collect()
}

/// Whether any profile of the files has a key that [`import`] would move.
pub fn has_keys(profiles: &Profiles<'_>) -> bool {
    let mut all = profiles.names().filter_map(|name| profiles.get(name));
    all.any(|profile| found_in(&profile).iter().any(|found| found.key.is_ok()))
}
