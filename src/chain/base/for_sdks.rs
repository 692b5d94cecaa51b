//! The settings in which SDKs find credentials, by the kinds of bases: which of them they follow before a link.

use super::{KINDS, RoleUse, key};
use crate::profile::{AwsFile, Profile};

/// A setting that SDKs follow before they come to `credential_process`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The setting.
    pub name: String,
    /// The file it is in.
    pub file: AwsFile,
    /// Its line, from 1.
    pub line: usize,
}

impl Override {
    /// Whether it is part of a key in plain text.
    pub fn is_key(&self) -> bool {
        key::SETTINGS.iter().any(|name| self.name.eq_ignore_ascii_case(name))
    }
}

/// The settings of `profile` that SDKs follow before its `credential_process`.
///
/// botocore runs a process last but for keys in the config file; the JavaScript and the Rust SDK take those first too
/// (botocore `credentials.py` `create_credential_resolver`, smithy-rs `profile/credentials/repr.rs`; measured).
pub fn overrides(profile: &Profile<'_>) -> Vec<Override> {
    let mut names = vec!["role_arn"];
    for kind in KINDS.iter().filter(|kind| kind.role != RoleUse::Beside && kind.settings != ["credential_process"]) {
        names.extend(kind.settings.iter().filter(|name| !names.contains(name)).copied().collect::<Vec<_>>());
    }
    let set = names.into_iter().filter_map(|name| profile.plain(name)).filter(|setting| !setting.value.is_empty());
    set.map(|setting| Override { name: setting.name.to_string(), file: setting.file, line: setting.line }).collect()
}

/// The settings in which an SDK finds credentials, or a role to assume.
pub fn settings_for_sdks() -> Vec<&'static str> {
    let made_by_settings = KINDS.iter().filter(|kind| kind.role != RoleUse::Beside);
    std::iter::once("role_arn").chain(made_by_settings.flat_map(|kind| kind.settings).copied()).collect()
}

/// The first of the profile's own visible settings in which an SDK finds credentials, or a role to assume.
pub fn first_for_sdks(profile: &Profile<'_>) -> Option<Override> {
    let is_set = |name| profile.plain(name).filter(|setting| !setting.value.is_empty());
    let setting = settings_for_sdks().into_iter().find_map(is_set)?;
    Some(Override { name: setting.name.to_string(), file: setting.file, line: setting.line })
}

/// Whether any of a profile's settings says where its credentials come from, to SDKs or to keyfob.
pub fn names_a_source(profile: &Profile<'_>) -> bool {
    let settings = KINDS.iter().flat_map(|kind| kind.settings).chain(&["role_arn", "source_profile"]);
    settings.copied().any(|name| profile.setting(name).is_some_and(|setting| !setting.value.is_empty()))
}

/// Whether an SDK finds credentials, or a role to assume, in the profile's own visible settings.
pub fn is_complete_for_sdks(profile: &Profile<'_>) -> bool {
    first_for_sdks(profile).is_some()
}
