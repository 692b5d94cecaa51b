//! `profile unlink`: SDKs make a profile's credentials by themselves again. What `link` wrote is taken back exactly.

use crate::chain::Plan;
use crate::error::{Error, Kind, Result};
use crate::ini::{Document, EditError};
use crate::ops::manage::link::show_again;
use crate::ops::manage::{Manager, is_linked, section};
use crate::process_line::keyfob_profile_of;
use crate::profile::AwsFile;

impl Manager<'_> {
    /// Takes the link of a profile back, and gives its role settings their own names.
    ///
    /// # Errors
    /// One that is not linked.
    pub fn unlink(&self, profile: &str) -> Result<String> {
        self.require(profile)?;
        let profiles = self.files.profiles();
        if !profiles.get(profile).is_some_and(|profile| is_linked(&profile)) {
            return Err(Error::new(Kind::Config, format!("`{profile}` is not linked"))
                .hint(format!("`keyfob show {profile}` shows where its credentials come from")));
        }
        let elsewhere = self.has(AwsFile::Credentials, profile);
        let shown = self.apply(&|file, document| unlink_in(file, document, profile, elsewhere))?;
        if !self.show_only {
            self.context.talk.say(&format!("`{profile}` is not linked any more"));
            // A role over another linked profile works on: SDKs assume it with that one's session.
            let base_is_linked =
                |base: &str| base != profile && profiles.get(base).is_some_and(|base| is_linked(&base));
            let is_out_of_reach = |plan: Plan| plan.base.key.backend().is_some() && !base_is_linked(&plan.base.profile);
            if self.plan(&profiles, profile).is_ok_and(is_out_of_reach) {
                self.context.talk.hint(&format!(
                    "its key is in the key store, where SDKs do not find it; `keyfob exec {profile} -- COMMAND` does"
                ));
            }
        }
        Ok(shown)
    }
}

/// The edit of one file. A section in the config file that is then empty goes where the profile is in the credentials
/// file: `link` has made it.
pub(super) fn unlink_in(
    file: AwsFile,
    document: &mut Document,
    profile: &str,
    in_credentials: bool,
) -> Result<(), EditError> {
    let section = section(file, profile);
    let ours = |document: &Document| {
        document.value_in(section, "credential_process").is_some_and(|line| keyfob_profile_of(&line).is_some())
    };
    if ours(document) {
        document.unset(section, "credential_process");
    }
    show_again(document, section)?;
    if file == AwsFile::Config && in_credentials && document.names_in(section).is_empty() {
        document.remove_section(section);
    }
    Ok(())
}
