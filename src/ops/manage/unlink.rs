//! `profile unlink`: SDKs make a profile's credentials by themselves again. What `link` wrote is taken back exactly.

use crate::chain::Plan;
use crate::chain::base::process;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::ini::{Document, EditError, SectionName};
use crate::ops::manage::{Manager, bare};
use crate::process_line::keyfob_profile_of;
use crate::profile::AwsFile;
use crate::profile::known::{BASE_SETTINGS, PREFIX, REPLACED_PROCESS, ROLE_SETTINGS};

impl Manager<'_> {
    /// Takes the link of a profile back, and gives its role settings their own names.
    ///
    /// # Errors
    /// One that is not linked.
    pub fn unlink(&self, profile: &str) -> Result<String> {
        self.require(profile)?;
        if !self.files.profiles().get(profile).is_some_and(|profile| process::runs_keyfob(&profile)) {
            return Err(Error::new(Kind::Config, format!("`{profile}` is not linked"))
                .hint(run!("keyfob show {}", profile).to("show where its credentials come from")));
        }
        self.unlink_each(&[profile])
    }

    /// Takes every link back.
    ///
    /// # Errors
    /// As [`Manager::unlink`], but for no link at all.
    pub fn unlink_all(&self) -> Result<String> {
        let profiles = self.files.profiles();
        let is_linked = |name: &&str| profiles.get(name).is_some_and(|profile| process::runs_keyfob(&profile));
        let linked: Vec<&str> = profiles.names().filter(is_linked).collect();
        if linked.is_empty() {
            self.context.talk.say("no profile is linked");
            return Ok(String::new());
        }
        self.unlink_each(&linked)
    }

    fn unlink_each(&self, names: &[&str]) -> Result<String> {
        let profiles = self.files.profiles();
        let made_of = |name: &str| match self.index.made_section(name) {
            None if self.has(AwsFile::Credentials, name) => Made::IfEmpty,
            None => Made::No,
            Some(gap) => Made::After(gap),
        };
        // The last in the file first: what was made there is taken back from the end.
        let links: Vec<(&str, Made)> = names.iter().rev().map(|name| (*name, made_of(name))).collect();
        let shown = self.apply(&|file, document| {
            links.iter().try_for_each(|(name, made)| unlink_in(file, document, name, *made))
        })?;
        if self.show_only {
            return Ok(shown);
        }
        if links.iter().any(|(_, made)| matches!(made, Made::After(_))) {
            let mut index = Index::edit(&self.context.paths.data)?;
            for (name, _) in &links {
                index.set_made_section(name, None);
            }
            index.save()?;
        }
        for profile in names {
            self.context.talk.say(&format!("`{profile}` is no longer linked"));
        }
        // A role over another linked profile works on: SDKs assume it with that one's session.
        let base_is_linked =
            |base: &str| !names.contains(&base) && profiles.get(base).is_some_and(|base| process::is_linked(&base));
        let is_out_of_reach = |plan: Plan| plan.base.stored_key().is_some() && !base_is_linked(&plan.base.profile);
        for profile in names.iter().filter(|name| self.plan(&profiles, name).is_ok_and(is_out_of_reach)) {
            let hint = run!("keyfob exec {} -- COMMAND", profile);
            self.context.talk.hint(hint.to(format!("use `{profile}`, since SDKs cannot find the stored key")));
        }
        Ok(shown)
    }
}

/// Whether `link` has made the profile's section in the config file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    No,
    /// Where it is empty once the link is gone: the profile itself is in the credentials file.
    IfEmpty,
    /// After so many bytes of line ends.
    After(usize),
}

/// The edit of one file. A section that `link` has made goes too.
pub(super) fn unlink_in(file: AwsFile, document: &mut Document, profile: &str, made: Made) -> Result<(), EditError> {
    let section = file.section(profile);
    let ours = |document: &Document| {
        document.value_in(section, "credential_process").is_some_and(|line| keyfob_profile_of(&line).is_some())
    };
    if ours(document) {
        document.unset(section, "credential_process");
    }
    show_again(document, section)?;
    if file == AwsFile::Config && document.names_in(section).is_empty() {
        match made {
            Made::No => {}
            Made::IfEmpty => {
                document.remove_section(section);
            }
            Made::After(gap) => {
                document.take_back_section(section, gap);
            }
        }
    }
    Ok(())
}

/// Takes the links of many profiles back that are in the config file.
pub(in crate::ops) fn unlink_sections(document: &mut Document, names: &[String]) -> Result<(), EditError> {
    let file = AwsFile::Config;
    document.edit_each(names, |name| file.section(name), |document, name| unlink_in(file, document, name, Made::No))
}

/// Gives a role's and a base's settings, and another program's process, the names that SDKs see: what `link` and `add` took
/// from them.
fn show_again(document: &mut Document, section: SectionName<'_>) -> Result<(), EditError> {
    let names = document.names_in(section);
    let role = names.iter().any(|name| name == "keyfob_role_arn");
    let process = names.iter().any(|name| name.ends_with("credential_process") && name != REPLACED_PROCESS);
    document
        .rename_settings(section, |key| {
            let lower = key.to_ascii_lowercase();
            if lower == REPLACED_PROCESS && !process {
                return Some(key[key.len() - "credential_process".len()..].to_owned());
            }
            let name = lower.strip_prefix(PREFIX)?;
            let ours = (role && ROLE_SETTINGS.contains(&name))
                || BASE_SETTINGS.contains(&name)
                || name == "credential_process";
            (ours && bare(key) == name && !names.iter().any(|other| other == name))
                .then(|| key[PREFIX.len()..].to_owned())
        })
        .map(drop)
}
