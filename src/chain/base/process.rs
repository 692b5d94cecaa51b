//! `credential_process`: another program's, which is a base, or keyfob's own, which leads to a profile.

use super::{Base, BaseSource, CommandLine, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::reason::Reason;
use crate::process_line::keyfob_profile_of;
use crate::profile::Profile;

pub(super) static KIND: Kind = Kind {
    name: "process",
    settings: &["credential_process"],
    role: RoleUse::Apart,
    claim: |node, trace| {
        let Some(process) = node.read("credential_process", &mut trace.used) else { return Ok(None) };
        Ok(match keyfob_profile_of(&process.value) {
            None => Some(Lead::Base(Base {
                profile: node.name.clone(),
                kind: KIND.name,
                identity: Identity::of_secret(KIND.name, &process.value),
                signs_as: Signs::Output,
                whose: Whose::Unknown,
                title: format!("what `credential_process` of `{}` prints", node.name),
                sealed_with: SealWith::Default,
                reuse: Reuse::UntilExpiry,
                source: BaseSource::Process {
                    command: CommandLine::new(&process.value),
                    account_id: node.account_id(),
                },
            })),
            // The key beside it.
            Some(next) if next == node.name => None,
            Some(next) => {
                trace.notes.push(Reason::ProcessFollowed { profile: node.name.clone(), next: next.clone() });
                let (setting, place) = (process.name.to_string(), node.place(&process));
                Some(Lead::Profile { name: next, setting, place })
            }
        })
    },
};

/// Whose credentials a profile's visible `credential_process` gives to SDKs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Process {
    /// There is none.
    None,
    /// keyfob's, for this profile: the profile is linked, unless something takes precedence.
    ThisProfile,
    /// keyfob's, for the profile of this name.
    OtherProfile(String),
    /// Another program's.
    OtherProgram,
}

/// Reads the profile's `credential_process`. A setting that only keyfob sees does not count.
pub fn of(profile: &Profile<'_>) -> Process {
    match profile.plain("credential_process").filter(|process| !process.value.is_empty()) {
        None => Process::None,
        Some(process) => match keyfob_profile_of(&process.value) {
            None => Process::OtherProgram,
            Some(name) if name == profile.name() => Process::ThisProfile,
            Some(name) => Process::OtherProfile(name),
        },
    }
}

/// Whether SDKs get this profile's credentials from keyfob: it is linked, and nothing takes precedence.
pub fn is_linked(profile: &Profile<'_>) -> bool {
    of(profile) == Process::ThisProfile && super::overrides(profile).is_empty()
}

/// Whether its `credential_process` is keyfob's, for whatever profile: what `unlink` can undo.
pub fn runs_keyfob(profile: &Profile<'_>) -> bool {
    matches!(of(profile), Process::ThisProfile | Process::OtherProfile(_))
}
