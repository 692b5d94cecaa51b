//! `include_profile`, for people who come from aws-vault: settings a profile takes from another. Pure.
//!
//! As in aws-vault (`vault/config.go`) every setting comes along, a role too, and an include may include. Not as there:
//! nothing comes from `[default]` unless it is named.

use super::{Profile, Setting};
use crate::process_line;

/// Longest chain of includes that is followed.
const MOST_INCLUDES: usize = 50;

impl<'p> Profile<'p> {
    /// What the included profiles say, the nearest first. A profile met twice ends the walk, and so does the fiftieth.
    pub(super) fn inherited(&self, name: &str) -> Option<Setting<'p>> {
        if belongs_to_its_profile(name) {
            return None;
        }
        let mut profile = self.clone();
        let mut met = vec![self.name()];
        loop {
            // One of the two excludes the other, so the nearest profile that has either decides.
            if rival(name).is_some_and(|rival| profile.own(rival).is_some()) {
                return None;
            }
            profile = profile.included()?;
            if met.len() > MOST_INCLUDES || met.contains(&profile.name()) {
                return None;
            }
            met.push(profile.name());
            if let Some(setting) = profile.own(name) {
                return Some(setting).filter(|setting| !self.is_about_itself(setting));
            }
        }
    }

    /// The profile that `include_profile` names, where there is one of that name.
    pub(super) fn included(&self) -> Option<Profile<'p>> {
        self.profiles.get(&self.own("include_profile")?.value)
    }

    /// A source that would be the including profile itself, and a link, which hands out the included profile's
    /// credentials under its own name.
    fn is_about_itself(&self, setting: &Setting<'_>) -> bool {
        match setting.name.as_ref() {
            "source_profile" | "keyfob_source_profile" => setting.value == self.name(),
            "credential_process" => process_line::keyfob_profile_of(&setting.value).is_some(),
            _ => false,
        }
    }
}

/// Keys are a profile's own; an include that brought them would hide where they come from.
fn belongs_to_its_profile(name: &str) -> bool {
    matches!(
        name,
        "include_profile"
            | "aws_access_key_id"
            | "aws_secret_access_key"
            | "aws_session_token"
            | "aws_security_token"
            | "aws_account_id"
    )
}

fn rival(name: &str) -> Option<&'static str> {
    match name {
        "source_profile" => Some("credential_source"),
        "credential_source" => Some("source_profile"),
        _ => None,
    }
}
