//! What comes before a key in the AWS files, and would not come before a stored one.

use super::process::{self, Process};
use super::{KINDS, RoleUse, key};
use crate::profile::{AwsFile, Profile, Setting};

/// What a profile's own credentials come from before the complete key that it has in this file. A stored key would come before
/// that, so the key cannot be moved into the key store without changing whose credentials the profile gives. A role is none of
/// them: it comes before a stored key too.
pub fn before_key_in<'p>(profile: &Profile<'p>, file: AwsFile) -> Option<Setting<'p>> {
    let key = match file {
        AwsFile::Credentials => &key::CREDENTIALS_FILE,
        AwsFile::Config => &key::EITHER_FILE,
    };
    let before = KINDS.iter().take_while(|kind| !std::ptr::eq(**kind, key)).filter(|kind| kind.role == RoleUse::Apart);
    let names = before.flat_map(|kind| kind.settings).filter(|name| !key::SETTINGS.contains(name));
    let set = names.filter_map(|name| profile.setting(name)).find(|setting| !setting.value.is_empty())?;
    // keyfob's own line is a link to this very key.
    let is_other = set.name != "credential_process" || process::of(profile) == Process::OtherProgram;
    is_other.then_some(set)
}
