//! `profile copy`, `rename` and `remove`: whole profiles, in both files and the index, with what points at them.
//!
//! A rename goes: index (the new name has the key too), credentials file, config file, index (the old name has it no
//! more). A kill in between leaves both names, each with a part; `rename --force` with the same names finishes it.
//! Cached sessions are found by what they were made from, not by the profile's name, so they follow by themselves.

use crate::chain::StoredKeys;
use crate::chain::base::key;
use crate::credentials::AccessKeyId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::index::Index;
use crate::mask;
use crate::ops::manage::{Manager, is_section, pointed, pointers, points_at};
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::refuse_during;
use crate::profile::known::is_secret;
use crate::profile::{AwsFile, Setting};
use crate::sys::env::vars;

impl Manager<'_> {
    /// Gives a profile another name, and leads to it whatever led to the old one.
    ///
    /// # Errors
    /// A name that is taken (`force`: in a file that still has the old one), or that SDKs would ignore; a key that is being
    /// rotated.
    pub fn rename(&self, old: &str, new: &str, force: bool) -> Result<String> {
        self.check_new_name(old, new, force)?;
        if let Some(key) = self.index.key_of(old) {
            refuse_during(self.context, &key.id)?;
        }
        self.name_what_stays(old);
        if !self.show_only {
            self.share_key(old, new)?;
        }
        let shown = self.apply(&|file, document| {
            if document.has_section(file.section(old)) {
                document.rename_section(file.section(old), new)?;
            }
            document.change_values(|_, property| pointed(property.key(), &property.value(), old, new)).map(drop)
        })?;
        if self.show_only {
            return Ok(shown);
        }
        if self.index.profiles().contains_key(old) {
            let mut index = Index::edit(&self.context.paths.data)?;
            index.remove_profile(old);
            index.set_made_section(new, self.index.made_section(old));
            index.save()?;
        }
        Journals::new(&self.context.paths.data).rename_profile(old, new)?;
        self.context.talk.say(&format!("renamed `{old}` to `{new}`"));
        for name in [vars::AWS_PROFILE, vars::AWS_DEFAULT_PROFILE] {
            if self.context.env.get(name) == Some(old) {
                self.context.talk.hint(format!("change `{name}` in this shell, which still names `{old}`").into());
            }
        }
        Ok(shown)
    }

    /// Makes a second profile of one, with the same stored key. What led to itself leads to the new one in the copy; a key
    /// in plain text stays the only one of its kind.
    ///
    /// A kill leaves a part of the copy; `copy --force` with the same names finishes it.
    ///
    /// # Errors
    /// As [`Manager::rename`].
    pub fn copy(&self, old: &str, new: &str, force: bool) -> Result<String> {
        self.check_new_name(old, new, force)?;
        let profiles = self.files.profiles();
        let plain = profiles.get(old).filter(|old| old.settings().any(|setting| is_of_key(&setting.name)));
        let has_more = plain.as_ref().is_none_or(|old| old.settings().any(|setting| !is_of_key(&setting.name)));
        if !has_more && !self.index.profiles().contains_key(old) {
            return Err(Error::new(Kind::Config, format!("`{old}` contains only a plaintext key")).hint(
                run!("keyfob import {}", old).to("import the key, then copy the profile; both then use the stored key"),
            ));
        }
        if !self.show_only {
            self.share_key(old, new)?;
        }
        let shown = self.apply(&|file, document| {
            if !document.has_section(file.section(old)) || document.has_section(file.section(new)) {
                return Ok(());
            }
            let (keys, others): (Vec<String>, Vec<String>) =
                document.names_in(file.section(old)).into_iter().partition(|name| {
                    let value = document.value_in(file.section(old), name).unwrap_or_default();
                    is_of_key(name) || holds_secret(name, &value)
                });
            // A section of a key alone has nothing to be copied.
            if others.is_empty() && !keys.is_empty() {
                return Ok(());
            }
            document.copy_section(file.section(old), new)?;
            for name in keys {
                document.unset(file.section(new), &name);
            }
            let changed = document.change_values(|section, property| {
                let is_new = is_section(file, new, section.header());
                is_new.then(|| pointed(property.key(), &property.value(), old, new)).flatten()
            });
            changed.map(drop)
        })?;
        if let Some(key) = plain.and_then(|old| old.plain(key::ID)) {
            let place = self.place(key.file, key.line);
            self.context.talk.warn(&format!("{place}: the plaintext key was not copied"));
            let hint = run!("keyfob import {}", old);
            self.context.talk.hint(hint.to("import the key, then copy the profile; both then use the stored key"));
        }
        if !self.show_only {
            self.context.talk.say(&format!("copied `{old}` to `{new}`"));
        }
        Ok(shown)
    }

    /// Takes a profile out of both files. Its stored key stays.
    ///
    /// # Errors
    /// Others that point at it, unless `force`; a key in plain text that nobody says may go.
    pub fn remove(&self, profile: &str, force: bool) -> Result<String> {
        let profiles = self.files.profiles();
        let Some(settings) = profiles.get(profile) else {
            self.require(profile)?;
            return Err(Error::new(
                Kind::Config,
                format!("`{profile}` is not in the AWS files; it has only a stored key"),
            )
            .hint(run!("keyfob remove {}", profile).to("delete the stored key")));
        };
        let users = pointers(&profiles, profile);
        for user in &users {
            let place = self.place(user.file, user.line);
            self.context.talk.warn(&format!("{place}: `{}` of `{}` refers to `{profile}`", user.setting, user.profile));
        }
        if !users.is_empty() && !force {
            let mut names: Vec<&str> = users.iter().map(|user| user.profile.as_str()).collect();
            names.dedup();
            return Err(Error::new(Kind::Config, format!("other profiles need `{profile}`: `{}`", names.join("`, `")))
                .hint("change their settings to another profile")
                .hint(self.context.talk.again(&["--force"]).to("or remove it anyway")));
        }
        let holds_key = |setting: &Setting<'_>| is_secret(&setting.name) || holds_secret(&setting.name, &setting.value);
        if let Some(secret) = settings.settings().find(holds_key)
            && !self.show_only
        {
            let place = self.place(secret.file, secret.line);
            let question = format!("{place}: this also deletes a plaintext access key; continue?");
            let answer = self.context.human.confirm(&question).map_err(|error| {
                let error = error.into_error(&format!("confirmation to delete the key at {place}"));
                let import = run!("keyfob import {}", profile).to("move it into the key store first");
                let id = settings.plain(key::ID).is_some_and(|id| id.value.parse::<AccessKeyId>().is_ok());
                let can_import = id && settings.plain(key::TOKENS[0]).is_none();
                let hints = can_import.then_some(import).into_iter().chain([self
                    .context
                    .talk
                    .again(&["--yes"])
                    .to("delete it")]);
                hints.fold(error, Error::hint)
            })?;
            if !answer {
                return Err(Error::new(Kind::Failed, format!("cancelled; `{profile}` was not removed")));
            }
        }
        let shown = self.apply(&|file, document| {
            document.remove_section(file.section(profile));
            Ok(())
        })?;
        if !self.show_only && self.index.profiles().contains_key(profile) {
            self.context.talk.hint(run!("keyfob remove {}", profile).to("delete its key, which is still stored"));
        }
        Ok(shown)
    }

    fn check_new_name(&self, old: &str, new: &str, force: bool) -> Result<()> {
        self.require(old)?;
        for file in super::BOTH {
            if file == AwsFile::Config || self.has(file, old) {
                file.section(new).check()?;
            }
        }
        if old == new {
            return Err(Error::new(Kind::Usage, format!("both names are `{old}`")));
        }
        let stands_in_the_way = super::BOTH.iter().any(|file| self.has(*file, old) && self.has(*file, new))
            || matches!((self.index.key_of(old), self.index.key_of(new)), (Some(a), Some(b)) if a.id != b.id);
        if stands_in_the_way || (self.exists(new) && !force) {
            let error = Error::new(Kind::Config, format!("the profile `{new}` already exists"));
            return Err(match stands_in_the_way {
                true => {
                    error.hint(run!("keyfob show {}", new).to("choose another name, or see what that profile contains"))
                }
                false => error.hint(
                    self.context.talk.again(&["--force"]).to("complete it, if an interrupted run left it behind"),
                ),
            });
        }
        Ok(())
    }

    /// Has `new` use the key stored for `old` too.
    fn share_key(&self, old: &str, new: &str) -> Result<()> {
        if let Some(key) = self.index.key_of(old)
            && !self.index.profiles().contains_key(new)
        {
            let mut index = Index::edit(&self.context.paths.data)?;
            index.set_profile(new, &key.id, key.backend);
            index.save()?;
        }
        Ok(())
    }

    /// Names the links whose line cannot be changed: their quoting hides the name.
    fn name_what_stays(&self, old: &str) {
        let profiles = self.files.profiles();
        for name in profiles.names() {
            let Some(profile) = profiles.get(name) else { continue };
            for setting in profile.settings().filter(|setting| points_at(&setting.name, &setting.value, old)) {
                if pointed(&setting.name, &setting.value, old, "x").is_none() {
                    let place = self.place(setting.file, setting.line);
                    self.context.talk.warn(&format!("{place}: `{}` still names `{old}`", setting.name));
                    self.context.talk.hint(run!("keyfob profile link {}", name).to("rewrite the line"));
                }
            }
        }
    }
}

/// Whether a setting is a part of an access key.
// Security: a second copy of a secret in plain text is one more to be forgotten.
fn is_of_key(name: &str) -> bool {
    is_secret(name) || name == key::ID
}

/// Whether a setting holds a secret access key under another name.
fn holds_secret(name: &str, value: &str) -> bool {
    mask::holds_access_secret(&format!("{name} = {value}"))
}
