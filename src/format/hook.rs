//! What `kf`, the function that `hook` defines, gets from keyfob: how to change a live shell, and how to change it back.
//!
//! Shells that evaluate text get lines; those that do not (elvish, nushell) or whose text is hard to get right (PowerShell)
//! get JSON. What was there before the first switch stays in the shell, in variables that are not exported: keyfob hands it
//! back as lines that restore it, so that it is exact, and a secret of the user's own is written nowhere.

use std::collections::BTreeSet;
use std::fmt;

use zeroize::Zeroizing;

use crate::format::shell::{Shell, Unrepresentable, is_variable_name};
use crate::format::{VariableChange, quote};
use crate::secret::Secret;
use crate::sorted;
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

/// What a shell hands back from one call of keyfob to the next: names, and no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// The variables whose earlier values the shell has.
    names: BTreeSet<String>,
    /// Whether the user was told why the credentials are not renewed.
    pub is_told: bool,
}

/// Stands for [`Kept::is_told`].
const TOLD: &str = "told!";

impl Kept {
    /// Reads what [`Kept`] shows itself as; what is not a variable's name is skipped.
    pub fn read(text: &str) -> Kept {
        let words = || text.split(',');
        Kept {
            names: sorted::set(words().filter(|word| is_variable_name(word)).map(str::to_owned)),
            is_told: words().any(|word| word == TOLD),
        }
    }

    /// The same, after the user was told or need not be.
    #[must_use]
    pub fn told(self, is_told: bool) -> Kept {
        Kept { is_told, ..self }
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.is_told.then_some(TOLD);
        let words: Vec<&str> = told.into_iter().chain(self.names.iter().map(String::as_str)).collect();
        f.write_str(&words.join(","))
    }
}

/// What happens to a shell.
#[derive(Debug)]
pub struct Switch<'a> {
    pub profile: &'a str,
    pub changes: &'a [VariableChange],
    /// When the shell asks again; never, if none.
    pub due: Option<Timestamp>,
}

impl Switch<'_> {
    /// Renders it for a shell with this environment, which handed `kept` over.
    ///
    /// # Errors
    /// As [`Shell::render`].
    pub fn render(&self, shell: Shell, environment: &Environment, kept: &Kept) -> Result<Secret, Unrepresentable> {
        let is_new = |change: &&VariableChange| !kept.names.contains(change.name());
        let restore: Vec<VariableChange> =
            self.changes.iter().filter(is_new).filter_map(|change| earlier(environment, change.name())).collect();
        let names = kept.names.iter().cloned().chain(restore.iter().map(|change| change.name().to_owned()));
        let kept = Kept { names: names.collect(), is_told: kept.is_told };
        match shell {
            Shell::Fish => self.text(&Fish, shell, &restore, &kept),
            Shell::Elvish | Shell::Nushell | Shell::PowerShell | Shell::Json => self.json(&restore, &kept),
            _ => self.text(&Posix, shell, &restore, &kept),
        }
    }

    fn text(
        &self,
        syntax: &dyn Syntax,
        shell: Shell,
        restore: &[VariableChange],
        kept: &Kept,
    ) -> Result<Secret, Unrepresentable> {
        let (changes, restore) = (shell.render(self.changes)?, shell.render(restore)?);
        // Security: a buffer that grew would leave its old halves in memory, so it gets its size first; a quote takes four bytes.
        let room = changes.expose().len() + 4 * (restore.expose().len() + self.profile.len()) + kept.to_string().len();
        let mut out = Zeroizing::new(String::with_capacity(room + 512));
        out.push_str(changes.expose());
        let due = self.due.map(|due| due.unix().to_string()).unwrap_or_default();
        for (name, value) in [("profile", self.profile), ("due", &due), ("kept", &kept.to_string())] {
            syntax.set(name, "", value, &mut out);
        }
        syntax.set("restore", syntax.restore_so_far(), restore.expose(), &mut out);
        Ok(Secret::new(std::mem::take(&mut out)))
    }

    /// Printable ASCII alone: PowerShell reads what a program writes in the console's code page.
    fn json(&self, restore: &[VariableChange], kept: &Kept) -> Result<Secret, Unrepresentable> {
        let (changes, restore) = (Shell::Json.render(self.changes)?, Shell::Json.render(restore)?);
        let told = serde_json::json!({
            "profile": self.profile, "due": self.due.map(Timestamp::unix), "kept": kept.to_string(),
        });
        let told = told.to_string();
        let parts = [
            told.strip_suffix("}").unwrap_or_default(),
            ",\"change\":",
            changes.expose().trim_end(),
            ",\"restore\":",
            restore.expose().trim_end(),
            "}\n",
        ];
        let mut out = Zeroizing::new(String::with_capacity(6 * parts.iter().map(|part| part.len()).sum::<usize>()));
        let mut units = [0; 2];
        for letter in parts.iter().flat_map(|part| part.chars()) {
            match letter.is_ascii() {
                true => out.push(letter),
                false => {
                    for unit in letter.encode_utf16(&mut units) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
        }
        Ok(Secret::new(std::mem::take(&mut out)))
    }
}

/// What brings a variable back to what it is now. One whose value is not UTF-8 stays as it is changed: no line carries it.
fn earlier(environment: &Environment, name: &str) -> Option<VariableChange> {
    let name = name.to_owned();
    Some(match environment.raw(&name) {
        None => VariableChange::Unset { name },
        Some(value) => VariableChange::Set { value: Secret::new(value.to_str()?.to_owned()), name },
    })
}

/// How a shell gives a variable of the hook's a value: one for the shell alone.
trait Syntax {
    fn set(&self, name: &str, before: &str, value: &str, out: &mut String);

    /// What the variable `restore` holds already, as it stands in a line.
    fn restore_so_far(&self) -> &'static str;
}

struct Posix;

impl Syntax for Posix {
    fn set(&self, name: &str, before: &str, value: &str, out: &mut String) {
        out.push_str(&format!("__keyfob_{name}={before}"));
        quote::posix(value, out);
        out.push_str(";\n");
    }

    fn restore_so_far(&self) -> &'static str {
        "\"${__keyfob_restore-}\""
    }
}

struct Fish;

impl Syntax for Fish {
    fn set(&self, name: &str, before: &str, value: &str, out: &mut String) {
        out.push_str(&format!("set -g __keyfob_{name} {before}"));
        quote::fish(value, out);
        out.push_str(";\n");
    }

    fn restore_so_far(&self) -> &'static str {
        "\"$__keyfob_restore\""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(shell: Shell, environment: &[(&str, &str)], kept: &str) -> String {
        let changes = [
            VariableChange::Set { name: "AWS_REGION".into(), value: Secret::new("eu-west-1".into()) },
            VariableChange::Unset { name: "AWS_PROFILE".into() },
        ];
        let switch = Switch { profile: "it's ü", changes: &changes, due: Some(Timestamp::from_unix(1234)) };
        let environment = Environment::from_pairs(environment.iter().copied());
        switch.render(shell, &environment, &Kept::read(kept)).expect("it can").expose().to_owned()
    }

    #[test]
    fn the_first_switch_remembers_what_was_there_unset_and_empty_told_apart() {
        assert_eq!(
            switch(Shell::Bash, &[("AWS_PROFILE", "")], ""),
            "export AWS_REGION='eu-west-1';\nunset AWS_PROFILE;\n__keyfob_profile='it'\\''s ü';\n__keyfob_due='1234';\n\
             __keyfob_kept='AWS_PROFILE,AWS_REGION';\n\
             __keyfob_restore=\"${__keyfob_restore-}\"'unset AWS_REGION;\nexport AWS_PROFILE='\\'''\\'';\n';\n"
        );
        assert_eq!(
            switch(Shell::Nushell, &[("AWS_PROFILE", "")], ""),
            "{\"profile\":\"it's \\u00fc\",\"due\":1234,\"kept\":\"AWS_PROFILE,AWS_REGION\",\
             \"change\":{\"AWS_REGION\":\"eu-west-1\",\"AWS_PROFILE\":null},\
             \"restore\":{\"AWS_REGION\":null,\"AWS_PROFILE\":\"\"}}\n"
        );
    }

    #[test]
    fn a_later_switch_remembers_only_what_the_shell_has_not() {
        let later = switch(Shell::Fish, &[("AWS_REGION", "by-the-first"), ("AWS_PROFILE", "x")], "told!,AWS_REGION");
        assert!(later.contains("set -g __keyfob_kept 'told!,AWS_PROFILE,AWS_REGION';\n"), "{later}");
        assert!(later.ends_with("\"$__keyfob_restore\"'set -g -x AWS_PROFILE \\'x\\';\n';\n"), "{later}");
    }

    #[test]
    fn what_a_shell_hands_back_holds_names_alone() {
        let kept = Kept::read("told!,A,$(x),,B;C,_D");
        assert_eq!((kept.to_string().as_str(), kept.is_told), ("told!,A,_D", true));
        assert_eq!(Kept::read(""), Kept::default());
    }
}
