//! `profile link`: SDKs get a profile's credentials from keyfob.
//!
//! A visible `role_arn` wins over `credential_process` in botocore, in either file; so a role's settings get their
//! `keyfob_` form where they stand, and another program's `credential_process` its own. `unlink` takes exactly that back.

use crate::chain::target::Target;
use crate::chain::{Plan, PlanError, Request, StoredKeys, plan};
use crate::config_file;
use crate::credentials::StoredKey;
use crate::error::{Error, Kind, Result};
use crate::ini::{Document, EditError};
use crate::ops::advice::{self, Change, is_key};
use crate::ops::manage::{Manager, bare, is_linked, section};
use crate::process_line::keyfob_profile_of;
use crate::profile::known::{PREFIX, ROLE_SETTINGS};
use crate::profile::{AwsFile, Profile, Profiles};
use crate::sys::env::vars;

/// What is asked of [`Manager::link`].
#[derive(Clone, Copy)]
pub struct LinkRequest<'r> {
    /// The profile; none: every one with a stored key, or a chain that ends at one.
    pub profile: Option<&'r str>,
    /// The `credential_process` line for a profile.
    pub line: crate::ops::import::LineOf<'r>,
    /// `--yes`.
    pub yes: bool,
    /// Whether keys that win over the link are named: not where they go next.
    pub name_keys: bool,
}

/// A profile about to be linked.
struct Linked {
    name: String,
    line: String,
    /// Whether a role in the credentials file is hidden too.
    mend_credentials: bool,
}

impl Manager<'_> {
    /// Links profiles. Returns what goes to stdout: the diff, where that is asked for.
    ///
    /// # Errors
    /// A profile that keyfob could give no credentials for, and an answer that nobody can give.
    pub fn link(&self, request: LinkRequest<'_>) -> Result<String> {
        let mut wanted: Vec<String> = match request.profile {
            Some(profile) => {
                self.require(profile)?;
                vec![profile.to_owned()]
            }
            None => self.linkable()?,
        };
        let mut links: Vec<Linked> = Vec::new();
        let mut next = 0;
        while let Some(name) = wanted.get(next).cloned() {
            next += 1;
            let linked = match self.prepare(&name, request) {
                Err(error) if request.profile.is_none() => {
                    self.context.talk.warn(&format!("`{name}` is not linked: {error}"));
                    continue;
                }
                prepared => prepared?,
            };
            links.push(linked);
            for other in self.ask_for_dependants(&name, &wanted, request)? {
                wanted.push(other);
            }
        }
        let change =
            |file: AwsFile, document: &mut Document| links.iter().try_for_each(|link| link_in(file, document, link));
        self.check_links(&links, &change)?;
        let shown = self.apply(&change)?;
        if !self.show_only {
            for link in &links {
                self.context.talk.say(&format!("`{}` is linked: SDKs get its credentials from keyfob", link.name));
            }
        }
        self.name_what_wins(&links, &change, request.name_keys);
        if !self.show_only {
            self.offer_variables(request.yes)?;
        }
        Ok(shown)
    }

    /// Every profile whose credentials come from a stored key, and that is not linked by the same line already.
    fn linkable(&self) -> Result<Vec<String>> {
        let profiles = self.files.profiles();
        let stored = |name: &&str| {
            self.plan(&profiles, name).is_ok_and(|plan| plan.base.key.backend().is_some())
                && !profiles.get(name).is_some_and(|profile| is_foreign(&profile))
        };
        let mut names: Vec<String> = profiles.names().filter(stored).map(str::to_owned).collect();
        names.extend(self.index.profiles().keys().filter(|name| profiles.get(name).is_none()).cloned());
        if names.is_empty() {
            return Err(Error::new(Kind::Failed, "no profile has a stored key or a chain that ends at one")
                .hint("`keyfob add PROFILE` stores a key; `keyfob import` moves those in the AWS files there"));
        }
        Ok(names)
    }

    /// Asks what has to be asked of one profile.
    fn prepare(&self, name: &str, request: LinkRequest<'_>) -> Result<Linked> {
        let profiles = self.files.profiles();
        let line = (request.line)(name)?;
        let mut linked = Linked { name: name.to_owned(), line, mend_credentials: false };
        let Some(profile) = profiles.get(name) else { return Ok(linked) };
        if let (Some(plain), Some(ours)) = (profile.plain("role_arn"), profile.plain(&format!("{PREFIX}role_arn"))) {
            let [plain, ours] = [plain, ours].map(|setting| self.place(setting.file, setting.line));
            return Err(Error::new(
                Kind::Config,
                format!("`{name}` has two roles: `role_arn` at {plain}, `keyfob_role_arn` at {ours}"),
            )
            .hint(format!("take one out: `keyfob profile unset {name} keyfob_role_arn`")));
        }
        if is_foreign(&profile) && !self.show_only {
            let process = profile.plain("credential_process").expect("a foreign one is one");
            let place = self.place(process.file, process.line);
            let question = format!("{place}: `{name}` gets its credentials from another program; use keyfob instead?");
            if !self.confirm(&question, &format!("a yes to replacing `credential_process` at {place}"))? {
                return Err(Error::new(Kind::Failed, format!("`{name}` stays as it is")));
            }
        }
        let in_credentials = |name: &str| profile.places(name).into_iter().find(|s| s.file == AwsFile::Credentials);
        if let Some(role) = in_credentials("role_arn") {
            let place = self.place(role.file, role.line);
            let question = format!("{place}: SDKs would follow this `role_arn` first; rename it to `keyfob_role_arn`?");
            linked.mend_credentials = self.show_only || self.confirm_if_there(&question, request.yes)?;
        }
        Ok(linked)
    }

    /// The profiles with roles over `name`, where they are to be linked too.
    fn ask_for_dependants(&self, name: &str, wanted: &[String], request: LinkRequest<'_>) -> Result<Vec<String>> {
        let profiles = self.files.profiles();
        let over = |other: &&str| {
            let visible = |setting: &str| Some(profiles.get(other)?.plain(setting)?.value.into_owned());
            visible("role_arn").is_some()
                && visible("source_profile").as_deref() == Some(name)
                && !wanted.iter().any(|wanted| wanted == other)
        };
        let others: Vec<String> = profiles.names().filter(over).map(str::to_owned).collect();
        if others.is_empty() || request.profile.is_none() {
            return Ok(Vec::new());
        }
        let list = others.join("`, `");
        let question = format!("SDKs assume the role of `{list}` over `{name}` by themselves; link them too?");
        if self.confirm_if_there(&question, request.yes)? {
            return Ok(others);
        }
        let with_mfa = self.plan(&profiles, name).is_ok_and(|plan| plan.mfa.is_some());
        for dependant in advice::dependants(&profiles, name, with_mfa) {
            let place = self.place(dependant.file, dependant.line);
            let other = &dependant.profile;
            self.context.talk.warn(&match dependant.change {
                Change::Fails => {
                    format!("{place}: `{other}` will fail: AWS gives no more than 1h over the session of `{name}`")
                }
                Change::AsksTwice => format!("{place}: `{other}` will ask for a second code, by the SDK"),
            });
            self.context.talk.hint(&format!("`keyfob profile link {other}`"));
        }
        Ok(Vec::new())
    }

    /// Refuses links that would give SDKs nothing but an error.
    fn check_links(&self, links: &[Linked], change: super::Change<'_>) -> Result<()> {
        let (config, credentials) = self.changed(change)?;
        let profiles = Profiles::new(Some(&config), Some(&credentials));
        for link in links {
            if let Err(error) = self.plan(&profiles, &link.name) {
                return Err(error.because(format!("so a link would give the SDKs of `{}` nothing", link.name)));
            }
        }
        Ok(())
    }

    fn changed(&self, change: super::Change<'_>) -> Result<(Document, Document)> {
        let mut documents = [AwsFile::Config, AwsFile::Credentials].map(|file| (file, self.document(file)));
        for (file, document) in &mut documents {
            change(*file, document).map_err(super::refused)?;
        }
        let [(_, config), (_, credentials)] = documents;
        Ok((config, credentials))
    }

    /// Names what SDKs still take before the link.
    fn name_what_wins(&self, links: &[Linked], change: super::Change<'_>, name_keys: bool) {
        let Ok((config, credentials)) = self.changed(change) else { return };
        let profiles = Profiles::new(Some(&config), Some(&credentials));
        let talk = self.context.talk;
        for Linked { name, .. } in links {
            let shadows = advice::shadows(&profiles, name);
            for shadow in shadows.iter().filter(|shadow| !is_key(shadow)) {
                let place = self.place(shadow.file, shadow.line);
                talk.warn(&format!("{place}: SDKs follow `{}` of `{name}` before the link", shadow.name));
                talk.hint(&format!(
                    "`keyfob profile unset {name} {}`, or link again and let it be renamed",
                    shadow.name
                ));
            }
            if let Some(key) = shadows.iter().find(|shadow| name_keys && is_key(shadow)) {
                let place = self.place(key.file, key.line);
                talk.warn(&format!("{place}: SDKs use the key in plain text there before the link"));
                talk.hint(&format!("`keyfob import {name}` moves it into the key store"));
            }
        }
        if self.context.env.get(vars::AWS_ACCESS_KEY_ID).is_some() {
            talk.warn("`AWS_ACCESS_KEY_ID` is set in this shell: most SDKs use it before any profile");
            talk.hint("`unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`");
        }
    }

    pub(super) fn plan(&self, profiles: &Profiles<'_>, profile: &str) -> Result<Plan> {
        Ok(self.try_plan(profiles, profile)?)
    }

    /// How credentials would be made, by these profiles.
    ///
    /// # Errors
    /// As [`plan`].
    pub(in crate::ops) fn try_plan(&self, profiles: &Profiles<'_>, profile: &str) -> Result<Plan, PlanError> {
        let request = Request {
            profile: profile.to_owned(),
            mfa_process: self.context.settings.mfa_process.clone(),
            files: config_file::file_names(self.context.paths),
            ..Request::default()
        };
        plan(profiles, self.index, self.context.env, &request)
    }

    /// Where a call that checks `key`, stored for `profile`, goes.
    ///
    /// # Errors
    /// A region or endpoint that cannot be used.
    pub(in crate::ops) fn base_target(&self, profile: &str, key: &StoredKey) -> Result<Target> {
        let request = Request {
            profile: profile.to_owned(),
            files: config_file::file_names(self.context.paths),
            ..Request::default()
        };
        let with_key = Only { profile, key };
        Ok(plan(&self.files.profiles(), &with_key, self.context.env, &request)?.base.target)
    }

    fn confirm(&self, question: &str, what: &str) -> Result<bool> {
        let answer = self.context.human.confirm(question);
        answer.map_err(|error| error.into_error(what).hint("say so with `--yes`"))
    }

    /// Asks where somebody is there; `--yes` is a yes, and nobody a no.
    pub(in crate::ops) fn confirm_if_there(&self, question: &str, yes: bool) -> Result<bool> {
        match yes || self.context.human.is_there() {
            true => self.confirm(question, "an answer"),
            false => Ok(false),
        }
    }
}

/// One stored key, and no others.
struct Only<'k> {
    profile: &'k str,
    key: &'k StoredKey,
}

impl StoredKeys for Only<'_> {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        (profile == self.profile).then(|| self.key.clone())
    }
}

/// Whether another program gives the profile's credentials.
fn is_foreign(profile: &Profile<'_>) -> bool {
    let process = profile.plain("credential_process").filter(|process| !process.value.is_empty());
    process.is_some() && !is_linked(profile)
}

/// The edit of one file.
fn link_in(file: AwsFile, document: &mut Document, link: &Linked) -> Result<(), EditError> {
    let section = section(file, &link.name);
    if file == AwsFile::Credentials {
        return match link.mend_credentials {
            true => hide_role(document, section),
            false => Ok(()),
        };
    }
    hide_role(document, section)?;
    document.hide(section, "credential_process", |value| keyfob_profile_of(value).is_none() && !value.is_empty())?;
    document.set(section, "credential_process", &link.line)
}

/// Gives the settings of a role their `keyfob_` form, where there is a role.
fn hide_role(document: &mut Document, section: crate::ini::SectionName<'_>) -> Result<(), EditError> {
    let names = document.names_in(section);
    if !names.iter().any(|name| name == "role_arn") {
        return Ok(());
    }
    document
        .rename_settings(section, |key| {
            let name = key.to_ascii_lowercase();
            let free = !names.contains(&format!("{PREFIX}{name}"));
            (ROLE_SETTINGS.contains(&name.as_str()) && free).then(|| format!("{PREFIX}{key}"))
        })
        .map(drop)
}

/// The opposite of [`hide_role`], and of hiding another program's process.
pub(super) fn show_again(document: &mut Document, section: crate::ini::SectionName<'_>) -> Result<(), EditError> {
    let names = document.names_in(section);
    let role = names.iter().any(|name| name == "keyfob_role_arn");
    document
        .rename_settings(section, |key| {
            let lower = key.to_ascii_lowercase();
            let name = lower.strip_prefix(PREFIX)?;
            let ours = (role && ROLE_SETTINGS.contains(&name)) || name == "credential_process";
            (ours && bare(key) == name && !names.iter().any(|other| other == name))
                .then(|| key[PREFIX.len()..].to_owned())
        })
        .map(drop)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ops::manage::unlink::unlink_in;

    fn linked(text: &str, profile: &str) -> (String, String) {
        let line = format!("/usr/bin/keyfob credential-process {profile}");
        let link = Linked { name: profile.to_owned(), line, mend_credentials: true };
        let mut document = Document::parse(text.to_owned()).expect("the test's file parses");
        link_in(AwsFile::Config, &mut document, &link).expect("can be linked");
        let between = document.text().to_owned();
        unlink_in(AwsFile::Config, &mut document, profile, false).expect("can be unlinked");
        (between, document.text().to_owned())
    }

    #[test]
    fn a_linked_role_shows_sdks_nothing_but_the_process() {
        let before = "[profile p]\r\nRegion = x\r\nRole_Arn  = r ; why\r\nsource_profile=w\r\n# c\r\nmfa_serial = m\r\ncredential_process = other\r\n\r\n[profile q]\r\nrole_arn = s\r\n";
        let (between, after) = linked(before, "p");
        assert_eq!(
            between,
            "[profile p]\r\nRegion = x\r\nkeyfob_Role_Arn  = r ; why\r\nkeyfob_source_profile=w\r\n# c\r\nkeyfob_mfa_serial = m\r\nkeyfob_credential_process = other\r\ncredential_process = /usr/bin/keyfob credential-process p\r\n\r\n[profile q]\r\nrole_arn = s\r\n"
        );
        assert_eq!(after, before);
        let key = "[profile p]\nmfa_serial = m";
        let (between, after) = linked(key, "p");
        assert_eq!(between, format!("{key}\ncredential_process = /usr/bin/keyfob credential-process p"));
        assert_eq!(after, key);
    }

    fn any_file() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            2 => "\\[profile [ab]\\]( # c)?",
            4 => "(role_arn|Source_Profile|mfa_serial|region|credential_process|external_id) {0,2}= ?[a-z]{1,4}( [;#] ?x)?",
            1 => "s3 ?=\n {1,3}[a-z]{1,3} = [a-z]{0,3}",
            1 => "#.{0,5}",
            1 => "[ \t]{0,3}",
        ];
        let ending = prop_oneof![9 => Just("\n"), 1 => Just("\r\n")];
        (prop::collection::vec((line, ending), 0..12), any::<bool>()).prop_map(|(lines, open_end)| {
            let text: String = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]).collect();
            let text = format!("[profile a]\n{text}");
            if open_end { text.trim_end_matches(['\r', '\n']).to_owned() } else { text }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn unlink_after_link_gives_the_same_bytes(text in any_file()) {
            if text.ends_with('\r') || Document::parse(text.clone()).is_err() {
                return Ok(());
            }
            let (between, after) = linked(&text, "a");
            let document = Document::parse(between).expect("parses");
            let profiles = Profiles::new(Some(&document), None);
            let profile = profiles.get("a").expect("there");
            prop_assert!(profile.plain("role_arn").is_none());
            prop_assert!(is_linked(&profile));
            prop_assert_eq!(after, text);
        }
    }
}
