//! Names of generated profiles. Pure.

use super::directory::Account;
use crate::ini::is_identifier;
use crate::process_line;

/// `--name`: text with placeholders in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Account,
    AccountName,
    AccountId,
    Role,
}

/// The placeholders and what each becomes.
const PLACEHOLDERS: [(&str, Part); 4] = [
    ("account", Part::Account),
    ("account_name", Part::AccountName),
    ("account_id", Part::AccountId),
    ("role", Part::Role),
];

impl Default for Template {
    fn default() -> Self {
        Template::parse(Template::DEFAULT).expect("it is tested")
    }
}

impl Template {
    /// What a name is made of unless `--name` says otherwise.
    pub const DEFAULT: &str = "{account}-{role}";

    /// Reads a template.
    ///
    /// # Errors
    /// A placeholder that there is not, a brace without its pair, or a text with which all profiles would have one name.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(open);
            let inside = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let (name, after) = inside.ok_or_else(|| format!("`{text}` has a brace without its pair"))?;
            let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
            let (_, part) = known.ok_or_else(|| {
                let names = PLACEHOLDERS.map(|(known, _)| format!("`{{{known}}}`")).join(", ");
                format!("there is no placeholder `{{{name}}}`; there are {names}")
            })?;
            parts.extend([Part::Text(before.to_owned()), part.clone()]);
            rest = after;
        }
        if parts.is_empty() {
            return Err(format!(
                "every profile would be named `{text}`: use placeholders, such as `{}`",
                Self::DEFAULT
            ));
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template { text: text.to_owned(), parts })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name of the profile for a role in an account.
    pub fn name(&self, account: &Account, role: &str) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Account => alias_safe(account),
            Part::AccountName => account.name.clone(),
            Part::AccountId => account.id.clone(),
            Part::Role => role.to_owned(),
        };
        self.parts.iter().map(part).collect()
    }
}

/// Why a profile of this name is not written, if it is not: every SDK must read it, on a command line too.
pub fn refusal(name: &str) -> Option<&'static str> {
    if name == "default" {
        return Some("programs use `default` if they are told nothing, so it is not generated");
    }
    // Any path will do.
    let path = if cfg!(windows) { r"C:\keyfob" } else { "/keyfob" };
    let fits = is_identifier(name) && process_line::write(path.as_ref(), name).is_ok();
    (!fits)
        .then_some("SDKs differ in how they read this name; `{account}` in `--name` has only letters, digits and `-`")
}

/// An account's name in the form that IAM's account aliases have, lower-case letters, digits and single `-` between them, else
/// its id.
fn alias_safe(account: &Account) -> String {
    let mut name = String::new();
    for letter in account.name.chars().flat_map(char::to_lowercase) {
        match plain(letter) {
            "" if letter.is_ascii_alphanumeric() => name.push(letter),
            "" if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            "" => {}
            plain => name.push_str(plain),
        }
    }
    match name.trim_end_matches('-') {
        "" => account.id.clone(),
        name => name.to_owned(),
    }
}

/// A letter of Latin-1 without its mark.
fn plain(letter: char) -> &'static str {
    match letter {
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ä' | 'æ' => "ae",
        'ç' => "c",
        'è'..='ë' => "e",
        'ì'..='ï' => "i",
        'ñ' => "n",
        'ò'..='õ' | 'ø' => "o",
        'ö' => "oe",
        'ù'..='û' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ß' => "ss",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> Account {
        Account { id: "000000000042".to_owned(), name: name.to_owned(), email: None, roles: None }
    }

    fn named(template: &str, name: &str) -> String {
        Template::parse(template).expect("parses").name(&account(name), "ReadOnly")
    }

    #[test]
    fn names_are_made_of_account_and_role() {
        for (template, name, expected) in [
            (Template::DEFAULT, "Payments – Prod", "payments-prod-ReadOnly"),
            (Template::DEFAULT, "  *Übung & Größe* ", "uebung-groesse-ReadOnly"),
            (Template::DEFAULT, "本番", "000000000042-ReadOnly"),
            ("{role}@{account_id}", "x", "ReadOnly@000000000042"),
            ("corp/{account_name}", "Pay.ments", "corp/Pay.ments"),
        ] {
            assert_eq!(named(template, name), expected, "{template} {name}");
        }
    }

    #[test]
    fn a_template_that_cannot_tell_profiles_apart_is_refused() {
        for (template, said) in [
            ("prod", "every profile would be named `prod`"),
            ("{acount}-{role}", "there is no placeholder `{acount}`"),
            ("{account", "a brace without its pair"),
            ("account}", "a brace without its pair"),
        ] {
            let error = Template::parse(template).expect_err(template);
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_name_that_sdks_read_differently_is_not_written() {
        for name in ["default", "Payments – Prod", "a b", "-x", "", "a=b", "a,b"] {
            assert!(refusal(name).is_some(), "{name}");
        }
        for name in ["payments-prod-ReadOnly", "ReadOnly@000000000042", "corp/x", "a:b"] {
            assert_eq!(refusal(name), None, "{name}");
        }
    }
}
