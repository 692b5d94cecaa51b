//! What linking a profile changes for the SDKs that read it, and for the profiles that build on it. Pure.

mod hints;

pub use hints::of_reason;

use crate::profile::{AwsFile, Profiles};

/// A profile whose role is assumed by the SDK itself, with this profile as its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependant {
    pub profile: String,
    pub change: Change,
    /// Where the setting stands that makes it so.
    pub file: AwsFile,
    /// The line there, 1-based.
    pub line: usize,
}

/// What a linked source changes for a role over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It asks for more than an hour, which AWS refuses to a role assumed with a session (IAM User Guide, "Role chaining").
    Fails,
    /// It names an MFA device of its own, so the SDK asks for a second code.
    AsksTwice,
}

/// Finds the profiles that build on `source` and are worse off once it hands out sessions; `with_mfa` says whether those
/// are made with a code.
pub fn dependants(profiles: &Profiles<'_>, source: &str, with_mfa: bool) -> Vec<Dependant> {
    let mut found = Vec::new();
    for name in profiles.names().filter(|name| *name != source) {
        let Some(profile) = profiles.get(name) else { continue };
        let builds_on = profile.plain("source_profile").is_some_and(|setting| setting.value == source);
        if !builds_on || profile.plain("role_arn").is_none_or(|setting| setting.value.is_empty()) {
            continue;
        }
        let duration = profile.plain("duration_seconds");
        let too_long = duration.filter(|setting| setting.value.parse::<u32>().is_ok_and(|seconds| seconds > 3600));
        let serial = profile.plain("mfa_serial").filter(|setting| with_mfa && !setting.value.is_empty());
        let change = too_long.map(|s| (Change::Fails, s)).or_else(|| serial.map(|s| (Change::AsksTwice, s)));
        if let Some((change, setting)) = change {
            found.push(Dependant { profile: name.to_owned(), change, file: setting.file, line: setting.line });
        }
    }
    found
}

/// Devices of a user, sorted by whether a code of theirs can be sent to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices {
    /// Virtual ones and hardware tokens with a display.
    pub usable: Vec<String>,
    /// Security keys and passkeys: the API takes no code from them (IAM User Guide, "MFA in IAM").
    pub unusable: Vec<String>,
}

/// Sorts the serials that ListMFADevices gave.
pub fn sort_devices(serials: Vec<String>) -> Devices {
    let (unusable, usable) = serials.into_iter().partition(|serial| serial.contains(":u2f/"));
    Devices { usable, unusable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_that_fail_or_ask_twice_over_a_linked_source_are_named() {
        let profiles = Profiles::from_texts(
            "[profile work]\n\
             [profile long]\nrole_arn = r\nsource_profile = work\nduration_seconds = 14400\nmfa_serial = m\n\
             [profile coded]\nrole_arn = r\nsource_profile = work\nmfa_serial = m\n\
             [profile fine]\nrole_arn = r\nsource_profile = work\nduration_seconds = 3600\n\
             [profile linked]\nkeyfob_role_arn = r\nsource_profile = work\nduration_seconds = 14400\n\
             [profile other]\nrole_arn = r\nsource_profile = long\nduration_seconds = 14400\n",
            "",
        );
        let found = |with_mfa| -> Vec<_> {
            dependants(&profiles, "work", with_mfa).into_iter().map(|d| (d.profile, d.change, d.line)).collect()
        };
        let (long, coded) = ("long".to_owned(), "coded".to_owned());
        assert_eq!(found(true), [(long.clone(), Change::Fails, 5), (coded, Change::AsksTwice, 10)]);
        assert_eq!(found(false), [(long, Change::Fails, 5)]);
    }

    #[test]
    fn a_security_key_is_no_device_for_codes() {
        let devices = sort_devices(vec![
            "arn:aws:iam::123456789012:u2f/user/ann/key-ABC".into(),
            "arn:aws:iam::123456789012:mfa/ann".into(),
            "GAHT12345678".into(),
        ]);
        assert_eq!(devices.usable, ["arn:aws:iam::123456789012:mfa/ann", "GAHT12345678"]);
        assert_eq!(devices.unusable.len(), 1);
    }
}
