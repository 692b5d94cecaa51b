//! `profile add`, `set` and `unset`.
//!
//! On a linked profile a role's settings are `keyfob_` ones: what SDKs saw would win over the link. `s3.max_queue_size` is
//! the nested setting, as in `aws configure set`.

use crate::chain::base::{key, process};
use crate::chain::check::{Beside, check_value};
use crate::chain::{nearest, nearest_of, target};
use crate::error::{Error, Kind, Mark, Result};
use crate::hint::run;
use crate::ini::{Document, EditError, SectionName};
use crate::ops::add::region::hint_at_region;
use crate::ops::manage::{Manager, bare, refuse_keys};
use crate::profile::known::{self, BASE_SETTINGS, POINTERS, PREFIX, ROLE_SETTINGS};
use crate::profile::{AwsFile, Profile};

impl Manager<'_> {
    /// Makes a profile with these settings. Returns what goes to stdout: the diff, where that is asked for.
    ///
    /// # Errors
    /// One that is there already, or a value that AWS would not take (unless `raw`).
    pub fn add(&self, profile: &str, settings: &[(String, String)], raw: bool) -> Result<String> {
        if self.has(AwsFile::Config, profile) {
            return Err(Error::new(Kind::Config, format!("the profile `{profile}` already exists"))
                .hint(run!("keyfob profile set {} NAME VALUE", profile).to("change it")));
        }
        let has_role = settings.iter().any(|(name, _)| name.ends_with("role_arn"));
        let names_endpoint =
            settings.iter().any(|(name, _)| matches!(bare(name).as_str(), "endpoint_url" | "services"));
        let beside = Beside { role: has_role, own_endpoint: names_endpoint || self.names_endpoint(profile) };
        for (name, value) in settings {
            self.check(profile, name, value, beside, raw)?;
        }
        let shown = self.apply(&|file, document| match file {
            AwsFile::Config => {
                document.add_section(file.section(profile))?;
                settings.iter().try_for_each(|(name, value)| write(document, file.section(profile), name, value))
            }
            AwsFile::Credentials => Ok(()),
        })?;
        if has_role && !settings.iter().any(|(name, _)| bare(name) == "region") {
            // SDKs take no region over from the source.
            let profiles = self.files.profiles();
            let source = settings.iter().find(|(name, _)| bare(name) == "source_profile");
            let source = source.and_then(|(_, source)| profiles.get(source)?.setting("region"));
            hint_at_region(self.context, profile, source.as_ref().map(|region| &*region.value));
        }
        Ok(shown)
    }

    /// Gives a profile's setting a value, in the file where it stands: the credentials file's beats the config file's.
    ///
    /// # Errors
    /// No such profile, or a value that AWS would not take (unless `raw`).
    pub fn set(&self, profile: &str, name: &str, value: &str, raw: bool) -> Result<String> {
        self.require_or_create(profile)?;
        let profiles = self.files.profiles();
        let settings = profiles.get(profile);
        let has_role = settings.as_ref().is_some_and(|settings| settings.setting("role_arn").is_some());
        self.check(profile, name, value, Beside { role: has_role, own_endpoint: self.names_endpoint(profile) }, raw)?;
        let form = form(settings.as_ref(), name);
        let plain = |name: &str| settings.as_ref().and_then(|settings| settings.plain(name));
        let stands = plain(nested(&form).map_or(&form, |(block, _)| block)).or_else(|| plain(name));
        let target = stands.map_or(AwsFile::Config, |setting| setting.file);
        if form != name {
            self.context.talk.say(&format!("`{profile}` is linked, so `{name}` was written as `{form}`"));
        }
        self.apply(&|file, document| {
            let section = file.section(profile);
            if form != name && settings.as_ref().is_some_and(|settings| settings.plain(&form).is_none()) {
                document
                    .rename_settings(section, |key| key.eq_ignore_ascii_case(name).then(|| format!("{PREFIX}{key}")))?;
            }
            if file == target { write(document, section, &form, value) } else { Ok(()) }
        })
    }

    /// Takes a setting of a profile out of both files.
    ///
    /// # Errors
    /// No such profile or setting.
    pub fn unset(&self, profile: &str, name: &str) -> Result<String> {
        self.require(profile)?;
        if known::is_secret(name) || name.eq_ignore_ascii_case(key::ID) {
            return Err(Error::new(
                Kind::Usage,
                format!("`{name}` is part of an access key that is not stored anywhere else"),
            )
            .hint(run!("keyfob import {}", profile).to("move it from the file into the key store")));
        }
        let profiles = self.files.profiles();
        let settings = profiles.get(profile);
        let has = |name: &str| settings.as_ref().is_some_and(|settings| settings.plain(name).is_some());
        if let Some((block, nested)) = nested(name).filter(|_| !has(name)) {
            let value = settings.as_ref().and_then(|settings| settings.plain(block));
            let is_set =
                |line: &str| line.split_once('=').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case(nested));
            if value.is_some_and(|value| value.value.starts_with('\n') && value.value.lines().any(is_set)) {
                return self.apply(&|file, document| {
                    document.unset_nested(file.section(profile), block, nested);
                    Ok(())
                });
            }
        }
        let form = form(settings.as_ref(), name);
        let form = if has(&form) { form } else { name.to_owned() };
        if !has(&form) {
            let names: Vec<_> =
                settings.iter().flat_map(|profile| profile.settings().map(|known| known.name)).collect();
            let names = names.iter().map(AsRef::as_ref);
            let near = nearest_of(names, name).filter(|_| !known::is_known(&name.to_ascii_lowercase()));
            let meant = near.map(|near| format!("did you mean `{near}`?"));
            let error = Error::new(Kind::Config, format!("`{profile}` has no setting `{name}`"));
            return Err(meant
                .into_iter()
                .fold(error, Error::hint)
                .hint(run!("keyfob show {}", profile).to("show its settings")));
        }
        self.apply(&|file, document| {
            document.unset(file.section(profile), &form);
            Ok(())
        })
    }

    fn names_endpoint(&self, profile: &str) -> bool {
        target::names_endpoint(&self.files.profiles(), profile)
    }

    fn check(&self, profile: &str, name: &str, value: &str, beside: Beside, raw: bool) -> Result<()> {
        refuse_keys(profile, name)?;
        if raw {
            return Ok(());
        }
        let refuse = |message: String| Error::new(Kind::Usage, message);
        let anyway = || self.context.talk.again(&["--raw"]).to("write it anyway");
        let (block, checked) = nested(name).unwrap_or((name, name));
        let lower = block.to_ascii_lowercase();
        let near = known::nearest(&lower);
        // Names that begin with `keyfob_` are nobody else's: one that is not known would be believed to work.
        if near.is_some() || lower.starts_with(PREFIX) && !known::is_known(&lower) {
            let error = refuse(format!("unknown setting `{block}`"));
            let meant = near.map(|right| format!("did you mean `{right}`?"));
            return Err(meant.into_iter().fold(error, Error::hint).hint(anyway()));
        }
        if block != name && known::is_known(&block.to_ascii_lowercase()) && !known::is_block(block) {
            let message = format!("`{block}` is a setting with one value, so it has no `{checked}`");
            return Err(refuse(message).hint(anyway()));
        }
        check_value(checked, value, beside).map_err(|problem| refuse(format!("`{name}`: {problem}")).hint(anyway()))?;
        let is_pointer = block == name && POINTERS.contains(&name.strip_prefix(PREFIX).unwrap_or(name));
        if is_pointer && value != profile && !self.exists(value) {
            let error = refuse(format!("`{name}`: there is no profile `{value}`")).marked(Mark::NoSuchProfile);
            return Err(match nearest(&self.files.profiles(), value) {
                Some(near) => error.hint(format!("did you mean `{near}`?")).hint(anyway()),
                None => error.hint(anyway()),
            });
        }
        // A name or value that no file can hold is refused before anything is asked or written.
        let mut document = Document::default();
        Ok(write(&mut document, AwsFile::Config.section(profile), name, value)?)
    }
}

/// Writes a setting, `block.name` as a nested one.
fn write(document: &mut Document, section: SectionName<'_>, name: &str, value: &str) -> Result<(), EditError> {
    match nested(name) {
        Some((block, nested)) => document.set_nested(section, block, nested, value),
        None => document.set(section, name, value),
    }
}

/// The block and the name in it that a dotted name stands for; what has more dots is no name in AWS's files.
fn nested(name: &str) -> Option<(&str, &str)> {
    name.split_once('.').filter(|(block, nested)| !block.is_empty() && !nested.is_empty() && !nested.contains('.'))
}

/// Whether a link of this profile hides a setting of this name from SDKs, which need a role to follow some.
fn is_hidden(profile: &Profile<'_>, name: &str) -> bool {
    let has_role = || name == "role_arn" || profile.setting("role_arn").is_some();
    ROLE_SETTINGS.contains(&name) && has_role() || BASE_SETTINGS.contains(&name)
}

/// The name under which a profile has a setting, or would: with `keyfob_` for a role's or a base's where the profile is linked.
fn form(profile: Option<&Profile<'_>>, name: &str) -> String {
    match profile {
        Some(profile) if process::runs_keyfob(profile) && is_hidden(profile, &name.to_ascii_lowercase()) => {
            format!("{PREFIX}{}", name.to_ascii_lowercase())
        }
        Some(_) | None => name.to_owned(),
    }
}
