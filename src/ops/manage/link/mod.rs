//! `profile link`: SDKs get a profile's credentials from keyfob.
//!
//! A visible `role_arn` wins over `credential_process` in botocore, in either file; so a role's settings get their
//! `keyfob_` form where they stand, and so do other sign-ins and another program's `credential_process`. `unlink` takes exactly
//! that back.

pub(in crate::ops) mod edits;

use std::cell::Cell;
use std::path::Path;

use crate::chain::PlanError;
use crate::chain::base::process::{self, Process};
use crate::chain::base::{Override, overrides};
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::index::Index;
use crate::ini::Document;
use crate::ops::advice::{self, Change};
use crate::ops::manage::Manager;
use crate::process_line;
use crate::profile::known::{BASE_SETTINGS, PREFIX};
use crate::profile::{AwsFile, Profiles};
use crate::sys::env::vars;

use edits::link_all_in;

/// Gives the `credential_process` line for a profile.
pub type LineOf<'r> = &'r dyn Fn(&str) -> Result<String>;

/// What is asked of [`Manager::link`].
#[derive(Clone, Copy)]
pub struct LinkRequest<'r> {
    /// The profile; none: every one with a stored key, or a chain that ends at one.
    pub profile: Option<&'r str>,
    /// The `credential_process` line for a profile.
    pub line: LineOf<'r>,
    /// `--yes`.
    pub yes: bool,
    /// Whether keys that win over the link are named: not where they go next.
    pub name_keys: bool,
}

/// A profile about to be linked.
struct Linked {
    name: String,
    line: String,
    /// Whether what wins over the link in the credentials file is hidden too.
    change_credentials: bool,
    /// Where its section was made by the last edit: the bytes of line ends before it.
    made_section: Cell<Option<usize>>,
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
        let profiles = self.files.profiles();
        let mut links: Vec<Linked> = Vec::new();
        let (mut next, mut failed) = (0, None);
        while let Some(name) = wanted.get(next).cloned() {
            next += 1;
            if next == 1 && request.profile.is_some() {
                self.check_before_questions(&name, request)?;
            }
            let linked = match self.prepare(&profiles, &name, request) {
                Err(error) if request.profile.is_none() => {
                    self.context.talk.warn(&format!("`{name}` was not linked: {error}"));
                    failed.get_or_insert(error);
                    continue;
                }
                prepared => prepared?,
            };
            links.push(linked);
            for other in self.ask_for_dependants(&profiles, &name, &wanted, request)? {
                wanted.push(other);
            }
        }
        // What can be linked is, before the failure of another is an error.
        let failed = match failed {
            Some(error) if links.is_empty() => return Err(error),
            failed => failed.filter(|_| !self.show_only),
        };
        let change = |file: AwsFile, document: &mut Document| link_all_in(file, document, &links);
        self.check_links(&links, &change)?;
        let shown = self.apply(&change)?;
        let (config, credentials) = self.changed(&change)?;
        let after = Profiles::new(Some(&config), Some(&credentials));
        if !self.show_only {
            self.remember_sections(&links)?;
        }
        for link in &links {
            let wins = after.get(&link.name).as_ref().map(overrides).unwrap_or_default();
            let wins: Vec<Override> =
                wins.into_iter().filter(|setting| request.name_keys || !setting.is_key()).collect();
            let follows = after.get(&link.name).is_some_and(|profile| process::of(&profile) == Process::ThisProfile);
            match follows && wins.is_empty() {
                _ if self.show_only => {}
                true => {
                    self.context.talk.say(&format!("`{}` is linked: SDKs get its credentials from keyfob", link.name));
                }
                false => self.context.talk.say(&format!("`{}` has a link that SDKs do not follow yet", link.name)),
            }
            self.name_what_wins(&after, &link.name, &wins);
            self.tell_of_aws_sso_login(&profiles, &link.name);
        }
        if self.context.env.get(vars::AWS_ACCESS_KEY_ID).is_some() {
            self.context.talk.warn("`AWS_ACCESS_KEY_ID` is set in this shell: most SDKs use it before any profile");
            self.context.talk.hint(run!("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"));
        }
        if !self.show_only {
            self.offer_variables()?;
        }
        failed.map_or(Ok(shown), Err)
    }

    /// Writes down which sections are the links' own, for `unlink`. A kill before leaves a section that `unlink` empties.
    fn remember_sections(&self, links: &[Linked]) -> Result<()> {
        let made: Vec<&Linked> = links.iter().filter(|link| link.made_section.get().is_some()).collect();
        if made.iter().any(|link| self.index.profiles().contains_key(&link.name)) {
            let mut index = Index::edit(&self.context.paths.data)?;
            for link in &made {
                index.set_made_section(&link.name, link.made_section.get());
            }
            index.save()?;
        }
        Ok(())
    }

    /// Every profile whose credentials come from a stored key, and that is not linked by the same line already.
    fn linkable(&self) -> Result<Vec<String>> {
        let profiles = self.files.profiles();
        let mut names = Vec::new();
        for name in profiles.names() {
            let is_stored = match self.try_plan(&profiles, name) {
                Ok(plan) => plan.base.stored_key().is_some(),
                Err(_) => false,
            };
            if is_stored && !profiles.get(name).is_some_and(|profile| process::of(&profile) == Process::OtherProgram) {
                names.push(name.to_owned());
            }
        }
        names.extend(self.index.profiles().keys().filter(|name| profiles.get(name).is_none()).cloned());
        if names.is_empty() {
            return Err(Error::new(Kind::Failed, "no profile gets its credentials from a stored key")
                .hint(run!("keyfob add PROFILE").to("store a key"))
                .hint(run!("keyfob import").to("or move the keys in the AWS files into the key store")));
        }
        Ok(names)
    }

    /// Asks what has to be asked of one profile.
    fn prepare(&self, profiles: &Profiles<'_>, name: &str, request: LinkRequest<'_>) -> Result<Linked> {
        let line = (request.line)(name)?;
        let mut linked =
            Linked { name: name.to_owned(), line, change_credentials: false, made_section: Cell::new(None) };
        let Some(profile) = profiles.get(name) else { return Ok(linked) };
        if let (Some(plain), Some(ours)) = (profile.plain("role_arn"), profile.plain(&format!("{PREFIX}role_arn"))) {
            let [plain, ours] = [plain, ours].map(|setting| self.place(setting.file, setting.line));
            return Err(Error::new(
                Kind::Config,
                format!("`{name}` has two roles: `role_arn` at {plain}, `keyfob_role_arn` at {ours}"),
            )
            .hint(run!("keyfob profile unset {} keyfob_role_arn", name).to("remove one of them")));
        }
        let process = process::of(&profile);
        if process == Process::OtherProgram && !self.show_only {
            let process = profile.plain("credential_process").expect("a foreign one is one");
            let place = self.place(process.file, process.line);
            let question = format!("{place}: `{name}` gets its credentials from another program; use keyfob instead?");
            if !self.context.confirm(&question, &format!("confirmation to replace `credential_process` at {place}"))? {
                return Err(Error::new(Kind::Failed, format!("cancelled; `{name}` was not changed")));
            }
        }
        let in_credentials = |name: &str| {
            let mut places = profile.places(name).into_iter();
            places.find(|setting| setting.file == AwsFile::Credentials && !setting.value.is_empty())
        };
        if process == Process::OtherProgram && in_credentials("credential_process").is_some() {
            linked.change_credentials = true;
            return Ok(linked);
        }
        let names = std::iter::once("role_arn").chain(BASE_SETTINGS);
        let mut names = names.chain(matches!(process, Process::OtherProfile(_)).then_some("credential_process"));
        if let Some(first) = names.find_map(in_credentials) {
            let (place, setting) = (self.place(first.file, first.line), &first.name);
            let question = format!(
                "{place}: SDKs would use this `{setting}` instead of the link; rename it to `{PREFIX}{setting}`?"
            );
            linked.change_credentials = self.show_only || self.confirm_if_there(&question, request.yes)?;
        }
        Ok(linked)
    }

    /// The profiles with roles over `name`, where they are to be linked too.
    fn ask_for_dependants(
        &self,
        profiles: &Profiles<'_>,
        name: &str,
        wanted: &[String],
        request: LinkRequest<'_>,
    ) -> Result<Vec<String>> {
        if request.profile.is_none() {
            return Ok(Vec::new());
        }
        let over = |other: &&str| {
            let visible = |setting: &str| Some(profiles.get(other)?.plain(setting)?.value.into_owned());
            visible("role_arn").is_some()
                && visible("source_profile").as_deref() == Some(name)
                && !wanted.iter().any(|wanted| wanted == other)
        };
        let others: Vec<String> = profiles.names().filter(over).map(str::to_owned).collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let list = others.join("`, `");
        let question = format!("SDKs assume the role of `{list}` from `{name}` without keyfob; also link `{list}`?");
        if self.confirm_if_there(&question, request.yes)? {
            return Ok(others);
        }
        let with_mfa = self.plan(profiles, name).is_ok_and(|plan| plan.mfa.is_some());
        for dependant in advice::dependants(profiles, name, with_mfa) {
            let place = self.place(dependant.file, dependant.line);
            let other = &dependant.profile;
            self.context.talk.warn(&match dependant.change {
                Change::Fails => {
                    format!("{place}: `{other}` will fail: from the session of `{name}`, AWS allows at most 1h")
                }
                Change::AsksTwice => format!("{place}: SDKs will ask for a second MFA code for `{other}`"),
            });
            self.context.talk.hint(run!("keyfob profile link {}", other).to(format!("link `{other}` too")));
        }
        Ok(Vec::new())
    }

    /// Refuses a link that would be refused whatever the answers are.
    fn check_before_questions(&self, name: &str, request: LinkRequest<'_>) -> Result<()> {
        let line = (request.line)(name)?;
        let link = Linked { name: name.to_owned(), line, change_credentials: true, made_section: Cell::new(None) };
        let links = [link];
        self.check_links(&links, &|file, document| link_all_in(file, document, &links))
    }

    /// Refuses links that would give SDKs nothing but an error.
    fn check_links(&self, links: &[Linked], change: super::Change<'_>) -> Result<()> {
        let (config, credentials) = self.changed(change)?;
        let profiles = Profiles::new(Some(&config), Some(&credentials));
        for link in links {
            let name = &link.name;
            let plan = match self.try_plan(&profiles, name) {
                // What is missing here may be set where SDKs run.
                Err(PlanError::Environment { .. }) => continue,
                Err(error) => {
                    let error = Error::from(error);
                    return Err(error.because(format!("a linked `{name}` would give SDKs no credentials")));
                }
                Ok(plan) => plan,
            };
            if plan.base.login_arn().is_some() && !plan.has_hops() {
                let message = format!(
                    "`{name}` cannot be linked: credentials of `aws login` last 15 min, so SDKs would run keyfob at every use"
                );
                return Err(Error::new(Kind::Config, message)
                    .hint("link a profile with a role over it: the role's credentials last an hour")
                    .hint(run!("keyfob exec {} -- COMMAND", name).to("or run a command with its credentials")));
            }
            if let Some(what) = plan.base.taken_before_link().filter(|_| plan.base.profile == *name) {
                let message = format!("`{name}` cannot be linked: SDKs use {what} before a link");
                return Err(Error::new(Kind::Config, message)
                    .hint(run!("keyfob exec {} -- COMMAND", name).to("run a command with its credentials")));
            }
        }
        Ok(())
    }

    fn changed(&self, change: super::Change<'_>) -> Result<(Document, Document)> {
        let after = |file| self.document(file).changed(|document| change(file, document));
        Ok((after(AwsFile::Config)?, after(AwsFile::Credentials)?))
    }

    /// Names what SDKs still take before the link of `name`.
    fn name_what_wins(&self, after: &Profiles<'_>, name: &str, wins: &[Override]) {
        let talk = self.context.talk;
        let other = after.get(name).filter(|profile| process::of(profile) != Process::ThisProfile);
        let other = other.and_then(|profile| {
            let process = profile.plain("credential_process")?;
            Some(Override { name: process.name.to_string(), file: process.file, line: process.line })
        });
        let mut settings = wins.iter().filter(|setting| !setting.is_key()).chain(&other).peekable();
        let hint = settings.peek().map(|_| run!("keyfob profile link {} --yes", name));
        for setting in settings {
            let place = self.place(setting.file, setting.line);
            talk.warn(&format!("{place}: SDKs use `{}` of `{name}` instead of the link", setting.name));
        }
        if let Some(hint) = hint {
            talk.hint(hint.to("rename it, so that only keyfob reads it"));
        }
        if let Some(key) = wins.iter().find(|setting| setting.is_key()) {
            let place = self.place(key.file, key.line);
            talk.warn(&format!("{place}: SDKs use the plaintext key there instead of the link"));
            talk.hint(run!("keyfob import {}", name).to("move it into the key store"));
        }
    }

    /// The AWS CLI no longer finds what is hidden.
    fn tell_of_aws_sso_login(&self, before: &Profiles<'_>, name: &str) {
        let visible = |setting: &str| Some(before.get(name)?.plain(setting)?.value.into_owned());
        if self.show_only || (visible("sso_session").is_none() && visible("sso_start_url").is_none()) {
            return;
        }
        let instead = visible("sso_session").map(|session| run!("aws sso login --sso-session {}", session));
        self.context.talk.warn(&format!("`aws sso login` no longer works for the profile `{name}`"));
        self.context.talk.hint(run!("keyfob login {}", name).to("sign in with keyfob"));
        if let Some(instead) = instead {
            self.context.talk.hint(instead.to("or with the AWS CLI, whose sign-in keyfob uses while it lasts"));
        }
    }

    /// The command that links `name`, if SDKs then get its credentials from keyfob. Another program's process is not given up
    /// for that. Asks and changes nothing, where this manager shows only.
    pub(in crate::ops) fn link_that_works(&self, name: &str) -> Option<Hint> {
        let profiles = self.files.profiles();
        // Any path will do for a line that is not written.
        let line = process_line::write(Path::new("/usr/bin/keyfob"), name).ok()?;
        let line = |_: &str| Ok(line.clone());
        let request = LinkRequest { profile: Some(name), line: &line, yes: true, name_keys: true };
        let linked = self.prepare(&profiles, name, request).ok()?;
        let is_other = profiles.get(name).is_some_and(|profile| process::of(&profile) == Process::OtherProgram);
        let asks = linked.change_credentials || is_other;
        let links = [linked];
        let change = |file: AwsFile, document: &mut Document| link_all_in(file, document, &links);
        let (config, credentials) = self.changed(&change).ok()?;
        let after = Profiles::new(Some(&config), Some(&credentials));
        let has_effect =
            self.check_links(&links, &change).is_ok() && after.get(name).as_ref().is_some_and(process::is_linked);
        has_effect.then(|| run!("keyfob profile link {}", name).flag("--yes", asks))
    }

    /// Asks where somebody is there; `--yes` is a yes, and nobody a no.
    pub(in crate::ops) fn confirm_if_there(&self, question: &str, yes: bool) -> Result<bool> {
        match yes || self.context.human.is_there() {
            true => self.context.confirm(question, "an answer"),
            false => Ok(false),
        }
    }
}
