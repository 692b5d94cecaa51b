//! Settings of keyfob's that only this shell's variables hold: an IDE or a service starts SDKs without them.

use crate::error::{Error, Kind, Result};
use crate::human::AskError;
use crate::ops::manage::Manager;
use crate::settings::{SETTINGS, Settings};
use crate::sys::env::{Environment, vars};
use crate::sys::files::{private_dir, read_optional, replace_through_link};

/// What config.toml cannot say, since it says where that and the rest are.
const PLACES: [&str; 3] = [vars::KEYFOB_CONFIG, vars::KEYFOB_DATA_DIR, vars::KEYFOB_CACHE_DIR];

impl Manager<'_> {
    /// Names settings known only from variables, and offers to write them into config.toml; `--yes` is about the link.
    ///
    /// # Errors
    /// Where that file cannot be read or replaced.
    pub(super) fn offer_variables(&self) -> Result<()> {
        let (env, path) = (self.context.env, &self.context.paths.settings);
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(Kind::Failed, format!("cannot write {}", path.display())).because(error.to_string())
        };
        for name in PLACES.into_iter().filter(|name| env.get_os(name).is_some()) {
            let what = "SDKs that an IDE or a service starts will not find the files there";
            self.context.talk.warn(&format!("`{name}` is set only in this shell: {what}"));
        }
        let text = read_optional(path).map_err(|error| failed(&error))?.unwrap_or_default();
        let text = String::from_utf8(text).map_err(|error| failed(&error))?;
        let known: toml::Table = text.parse().map_err(|error| failed(&error))?;
        let missing: Vec<(String, &str, &str)> = (SETTINGS.iter())
            .filter(|setting| !known.contains_key(setting.name))
            .filter_map(|setting| Some((setting.variable(), setting.name, env.get(&setting.variable())?)))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = missing.iter().map(|(variable, _, _)| variable.as_str()).collect();
        let names = names.join("`, `");
        self.context.talk.warn(&match missing.len() {
            1 => format!("`{names}` is set only in this shell: SDKs that an IDE or a service starts will not see it"),
            _ => {
                format!("`{names}` are set only in this shell: SDKs that an IDE or a service starts will not see them")
            }
        });
        let mut new = text.clone();
        if !new.is_empty() && !new.ends_with('\n') {
            new.push('\n');
        }
        let lines: Vec<String> =
            missing.iter().map(|(_, name, value)| format!("{name} = {}\n", toml::Value::from(*value))).collect();
        new.push_str(&lines.concat());
        let them = if missing.len() == 1 { "it" } else { "them" };
        let question = format!("write {them} to {}?", path.display());
        if AskError::or_no(self.context.human.offer(&question))? {
            // What no run of keyfob would read is not written.
            Settings::new(Some(&new), path, &Environment::default())?;
            if let Some(folder) = path.parent() {
                private_dir(folder).map_err(|error| failed(&error))?;
            }
            replace_through_link(path, new.as_bytes()).map_err(|error| failed(&error))?;
            self.context.talk.say(&format!("wrote `{names}` to {}", path.display()));
        } else {
            self.context.talk.hint(
                format!("add this to {}: {}", path.display(), lines.concat().trim_end().replace('\n', "; ")).into(),
            );
        }
        Ok(())
    }
}
