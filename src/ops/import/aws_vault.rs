//! Keys out of aws-vault's own places.

use super::{ImportRequest, Imported, KeyToMove, Stays, Unlinked, move_all, of_aws};
use crate::aws_vault::{Place, UncheckedKey, VaultError};
use crate::config_file::{self, AwsFiles};
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::AskError;
use crate::keystore::StoreError;
use crate::ops::Context;
use crate::ops::access_key_input::from_pair;
use crate::profile::Profiles;

/// Takes aws-vault's keys over. Its own items stay, unless `delete`: then each goes once its key is stored and read back.
///
/// # Errors
/// A place that cannot be looked into, a name that none has, or a store that cannot be used at all.
pub fn import_from_aws_vault(
    context: &Context<'_>,
    request: &ImportRequest<'_>,
    files: &AwsFiles,
    places: &[Box<dyn Place + '_>],
    delete: bool,
) -> Result<Imported> {
    let (mut found, mut origins) = (Vec::new(), Vec::new());
    for place in places {
        for name in place.names().map_err(for_user)? {
            if request.profile.is_some_and(|wanted| wanted != name) {
                continue;
            }
            let key = match place.read(&name) {
                Ok(kept) => key_of(kept),
                Err(error @ VaultError::Form { .. }) => Err(Stays::Unreadable(error.to_string())),
                Err(error) => return Err(for_user(error)),
            };
            found.push(KeyToMove { profile: name, file: place.title(), line: None, key });
            origins.push(place);
        }
    }
    if let (Some(name), true) = (request.profile, found.is_empty()) {
        return Err(Error::new(Kind::Failed, format!("aws-vault has no key named `{name}`"))
            .hint(run!("aws-vault list").to("list its keys, in the column \"Credentials\"")));
    }
    let names: Vec<String> = found.iter().map(|found| found.profile.clone()).collect();
    let report = move_all(context, request, found, Unlinked::IsNamed, &|index, profile, _| {
        if delete {
            origins[index].delete(profile).map_err(for_user)?;
        }
        Ok(delete)
    })?;
    if !names.is_empty() {
        name_what_differs(context, &files.profiles());
    }
    Ok(report)
}

fn key_of(kept: UncheckedKey) -> Result<crate::credentials::AccessKey, Stays> {
    match kept.is_temporary || kept.id.starts_with("ASIA") {
        true => Err(Stays::Temporary),
        false => of_aws(from_pair(&kept.id, kept.secret)),
    }
}

fn for_user(error: VaultError) -> Error {
    match error {
        VaultError::Store(error @ (StoreError::Locked(_) | StoreError::NotFound)) => {
            Error::new(Kind::KeyStore, error.to_string())
                .hint(run!("aws-vault list").to("unlock it on the desktop or with aws-vault, then try again"))
        }
        VaultError::Store(error) => error.for_user(StoreId::SECRET_SERVICE),
        error @ VaultError::WrongPassphrase => Error::new(Kind::KeyStore, error.to_string())
            .hint("enter the passphrase that aws-vault asks for, or set `AWS_VAULT_FILE_PASSPHRASE`"),
        VaultError::NoPassphrase(error @ AskError::Cancelled) => error.into_error("the passphrase"),
        error @ VaultError::NoPassphrase(_) => Error::new(Kind::NeedsHuman, error.to_string())
            .hint("set `AWS_VAULT_FILE_PASSPHRASE`, or run this in a terminal"),
        error @ (VaultError::File(_) | VaultError::Form { .. }) => Error::new(Kind::Failed, error.to_string()),
    }
}

/// What aws-vault gives every profile from `[default]`, where no `include_profile` says another
/// (aws-vault `vault/config.go` `populateFromConfigFile`).
const INHERITED: [&str; 5] = ["region", "mfa_serial", "role_arn", "source_profile", "duration_seconds"];

/// Names the settings that mean something else to keyfob than to aws-vault. All others carry over as they are.
fn name_what_differs(context: &Context<'_>, profiles: &Profiles<'_>) {
    let all = || profiles.names().filter_map(|name| profiles.get(name));
    for setting in all().filter_map(|profile| profile.plain("web_identity_token_process")) {
        let file = config_file::path_of(context.paths, setting.file).display();
        let line = setting.line;
        context.talk.warn(&format!(
            "{file}:{line}: keyfob does not support `web_identity_token_process`, an aws-vault setting"
        ));
    }
    let Some(default) = profiles.get("default") else { return };
    let given: Vec<&str> = INHERITED.into_iter().filter(|name| default.setting(name).is_some()).collect();
    let lacks = |name: &&str| {
        let profile = profiles.get(name).expect("it was just named");
        *name != "default"
            && profile.plain("include_profile").is_none()
            && given.iter().any(|given| profile.setting(given).is_none())
    };
    let lacking: Vec<&str> = profiles.names().filter(lacks).collect();
    if let Some(first) = lacking.first() {
        let shown: Vec<String> = lacking.iter().take(5).map(|name| format!("`{name}`")).collect();
        let more = if lacking.len() > 5 { format!(" and {} more", lacking.len() - 5) } else { String::new() };
        context.talk.warn(&format!(
            "aws-vault applies the settings of `[default]` (`{}`) to every profile; keyfob and the SDKs do not, so these profiles lack them: {}{more}",
            given.join("`, `"),
            shown.join(", ")
        ));
        context.talk.hint(
            run!("keyfob profile set {} include_profile default", first)
                .to("make keyfob (but not SDKs) use the settings of `[default]`"),
        );
    }
}
