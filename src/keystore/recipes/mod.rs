//! Recipes: how known programs are made to do what the protocol asks. One file and one line of the table for each.
//!
//! What a program's words mean is taken from the program itself, in English; where nothing is recognised, the store is
//! unavailable and what was said is shown.

mod bitwarden;
mod gopass;
mod hashicorp_vault;
mod keepassxc;
mod onepassword;
mod pass;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use zeroize::Zeroizing;

use crate::credentials::StoreId;
use crate::error::{self, Error, Kind};
use crate::keystore::outside::{Answers, COMMAND, Deadline, Launcher, Outside, words_of};
use crate::keystore::protocol::{Failure, FailureKind, Response, StoreRequest};
use crate::keystore::{KeyStore, Opening, REGISTRY, Store, StoreError};
use crate::secret::{Secret, SecretBytes};
use crate::settings::Settings;
use crate::sys::child::Answer;
use crate::sys::env::vars;

/// How one program does it.
trait Recipe {
    /// Answers a request with calls of the program.
    ///
    /// # Errors
    /// Where the program does not do it; [`StoreError::NotFound`] where it has no such secret.
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError>;
}

/// What is known of a program.
struct Known {
    id: &'static str,
    /// The command that starts it, unless config.toml has another.
    program: &'static str,
    /// The settings of `[stores.ID]` beside `command`.
    settings: &'static [&'static str],
    /// What its words mean, in lower case; the first that is found counts.
    signs: &'static [(&'static str, FailureKind)],
    /// What a user does about a locked one.
    unlock: &'static str,
    /// What it says where it was never set up, in lower case, and what a user does then.
    set_up: Option<(&'static str, &'static str)>,
    /// None for what is no program, but has settings all the same.
    recipe: Option<&'static dyn Recipe>,
}

/// It is called over D-Bus (`keystore::kwallet`).
const KWALLET: Known = Known {
    id: "kwallet",
    program: "",
    settings: &["folder", "wallet"],
    signs: &[],
    unlock: "open the wallet with KWalletManager, or log in to the desktop, then try again",
    set_up: None,
    recipe: None,
};

const KNOWN: [Known; 7] = [
    onepassword::KNOWN,
    pass::KNOWN,
    gopass::KNOWN,
    bitwarden::KNOWN,
    hashicorp_vault::KNOWN,
    KWALLET,
    keepassxc::KNOWN,
];

/// The folder, or the beginning of a title, under which a store's user finds what keyfob keeps there.
const FOLDER: &str = "keyfob";

/// The line of a recipe in the registry of key stores.
pub(super) const fn store(id: StoreId) -> Store {
    Store { id, open: Some(open) }
}

/// What a user does about the locked store `id`, if that is known.
pub(super) fn how_to_unlock(id: StoreId) -> Option<&'static str> {
    known(id.name()).map(|known| known.unlock)
}

/// What a user does about the store `id` that is not set up yet, if that is what `why` says.
pub(crate) fn how_to_set_up(id: StoreId, why: &str) -> Option<&'static str> {
    let (sign, how) = known(id.name())?.set_up?;
    why.to_lowercase().contains(sign).then_some(how)
}

fn known(name: &str) -> Option<&'static Known> {
    const TABLE: &[Known] = &KNOWN;
    TABLE.iter().find(|known| known.id == name)
}

/// Checks each `[stores.NAME]`: that its settings are those of its store, and that a program has a command.
///
/// # Errors
/// The first mistake, with its place (exit 6).
pub fn check_settings(settings: &Settings) -> error::Result<()> {
    for (name, table) in &settings.stores {
        let wrong = |why: String| Err(Error::new(Kind::Config, format!("{}: `[stores.{name}]`: {why}", table.place)));
        let is_valid = !name.is_empty() && !name.contains(':') && name.parse::<StoreId>().is_ok();
        if !is_valid || REGISTRY.iter().any(|store| store.id.name() == name && !store.id.is_outside()) {
            return wrong(format!(
                "`{name}` cannot be the name of a program; use only `a-z`, `0-9` and `-`, and no other store's name"
            ));
        }
        let others = known(name).map_or(&[][..], |known| known.settings);
        let command: &[&str] = if known(name).is_some_and(|known| known.recipe.is_none()) { &[] } else { &[COMMAND] };
        if let Some(unknown) =
            table.values.keys().find(|setting| !command.iter().chain(others).any(|known| setting == known))
        {
            let names: Vec<_> = command.iter().chain(others).map(|name| format!("`{name}`")).collect();
            return wrong(format!("unknown setting `{unknown}`; expected one of {}", names.join(", ")));
        }
        match table.values.get(COMMAND).map(|command| words_of(command)) {
            Some(Err(why)) => return wrong(why),
            None if known(name).is_none() => return wrong(format!("`{COMMAND}` is missing")),
            Some(Ok(_)) | None => {}
        }
    }
    let Some(backend) = settings.backend else { return Ok(()) };
    match backend.name().strip_prefix(super::PROGRAM) {
        Some(name) if !settings.stores.contains_key(name) => {
            Err(Error::new(Kind::Config, format!("`{backend}` needs `[stores.{name}]` in config.toml"))
                .hint(format!("add `[stores.{name}]` with `command = \"…\"`, the program to start")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Prepares the program of a recipe; it is started at the first request.
fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    let known = known(opening.id.name()).ok_or(StoreError::Unknown(opening.id))?;
    let recipe = known.recipe.ok_or(StoreError::Unknown(opening.id))?;
    let settings = opening.context.settings.stores.get(known.id).map(|table| table.values.clone()).unwrap_or_default();
    let command = settings.get(COMMAND).map_or(known.program, String::as_str);
    let command = words_of(command).map_err(StoreError::Unavailable)?;
    let program = command[0].clone();
    Ok(Box::new(Outside::new(opening, program, |mut launcher| {
        // What it says is read, so it has to be English.
        launcher.set_variable(vars::LC_ALL, "C.UTF-8");
        Box::new(Prepared { known, recipe, command, settings, launcher })
    })))
}

/// A recipe with what it needs.
struct Prepared {
    known: &'static Known,
    recipe: &'static dyn Recipe,
    command: Vec<String>,
    settings: BTreeMap<String, String>,
    launcher: Launcher,
}

impl Answers for Prepared {
    fn answer(&self, request: &StoreRequest, deadline: Deadline) -> Result<Response, StoreError> {
        self.recipe.answer(&Tool { prepared: self, request, deadline }, request)
    }
}

/// The program, for one request.
struct Tool<'t> {
    prepared: &'t Prepared,
    request: &'t StoreRequest,
    deadline: Deadline,
}

impl Tool<'_> {
    /// A setting of `[stores.ID]`.
    fn setting(&self, name: &str) -> Option<&str> {
        self.prepared.settings.get(name).map(String::as_str)
    }

    /// The folder in which keyfob keeps its items, or the beginning of their titles.
    fn folder(&self) -> &str {
        self.setting("folder").unwrap_or(FOLDER)
    }

    /// The name of an item, below the folder.
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder())
    }

    /// Calls the program with these arguments; `input` is all of its standard input.
    // Security: arguments are seen by every user of the machine, so a secret is only ever in `input`.
    ///
    /// # Errors
    /// What its words mean, where it fails.
    fn call(&self, arguments: &[&str], input: SecretBytes) -> Result<Answer, StoreError> {
        self.call_or(arguments, input, |_| false)
    }

    /// As [`Tool::call`], of a program that fails with what is an answer all the same.
    ///
    /// # Errors
    /// As [`Tool::call`].
    fn call_or(
        &self,
        arguments: &[&str],
        input: SecretBytes,
        is_answer: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, StoreError> {
        let Prepared { known, command, launcher, .. } = self.prepared;
        let argv: Vec<String> =
            command.iter().cloned().chain(arguments.iter().map(|word| (*word).to_owned())).collect();
        let answer = launcher.run(&argv, input, self.deadline)?;
        if answer.status.success() || is_answer(&answer) {
            return Ok(answer);
        }
        let words = String::from_utf8_lossy(answer.stderr.expose()).to_lowercase();
        let kind = known
            .signs
            .iter()
            .find(|(sign, _)| words.contains(sign))
            .map_or(FailureKind::Unavailable, |(_, kind)| *kind);
        let message = match kind {
            FailureKind::Unavailable => format!("`{}` ended with {}", command[0], answer.status),
            FailureKind::NotFound | FailureKind::Locked | FailureKind::Denied => String::new(),
        };
        Err(launcher.failed(Failure { kind, message }, &answer, self.request))
    }

    /// A variable of the program's.
    fn variable(&self, name: &str) -> Option<&str> {
        self.prepared.launcher.variable(name)
    }

    /// What the program printed is not what it is known to print.
    fn unreadable(&self) -> StoreError {
        // Security: it may be the secret.
        StoreError::Unavailable(format!(
            "`{}` printed something that keyfob does not understand",
            self.prepared.command[0]
        ))
    }

    /// Reads JSON that the program printed.
    fn json<T: serde::de::DeserializeOwned>(&self, answer: &Answer) -> Result<T, StoreError> {
        serde_json::from_slice(answer.stdout.expose()).map_err(|_| self.unreadable())
    }

    /// Text that the program printed, without the end of its line.
    fn text(&self, answer: &Answer) -> Result<Secret, StoreError> {
        let text = std::str::from_utf8(answer.stdout.expose()).map_err(|_| self.unreadable())?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
    }

    /// The lines that the program printed.
    fn lines(&self, answer: &Answer) -> Result<Vec<String>, StoreError> {
        Ok(self.text(answer)?.expose().lines().map(str::to_owned).collect())
    }
}

/// An empty standard input.
fn nothing() -> SecretBytes {
    SecretBytes::new(Vec::new())
}

fn bytes_of(secret: &Secret) -> SecretBytes {
    SecretBytes::new(secret.expose().as_bytes().to_vec())
}

fn json_of(value: &impl Serialize) -> SecretBytes {
    // Long enough from the start: one that grows leaves pieces behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    serde_json::to_writer(&mut *bytes, value).expect("texts are JSON");
    SecretBytes::new(std::mem::take(&mut *bytes))
}

/// "There is none" as an empty list.
fn or_none<T: Default>(result: Result<T, StoreError>) -> Result<T, StoreError> {
    match result {
        Err(StoreError::NotFound) => Ok(T::default()),
        result => result,
    }
}

/// The name with every character but letters, digits and `kept` as `%` and two hexadecimal digits.
fn escaped(name: &str, kept: &str) -> String {
    name.chars().fold(String::new(), |mut escaped, c| {
        match c.is_ascii_alphanumeric() || kept.contains(c) {
            true => escaped.push(c),
            false => write!(escaped, "%{:02X}", u32::from(c)).expect("a text takes it"),
        }
        escaped
    })
}

/// The name that [`escaped`] made this of; none if it did not.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut name = parts.next()?.to_owned();
    for part in parts {
        let code = u8::from_str_radix(part.get(..2)?, 16).ok().filter(u8::is_ascii)?;
        name.push(char::from(code));
        name.push_str(&part[2..]);
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::env::Environment;

    #[test]
    fn every_recipe_is_in_the_registry_and_is_an_outside_store() {
        let registered: Vec<_> = REGISTRY.iter().map(|store| store.id).filter(|id| id.is_outside()).collect();
        let known: Vec<_> = KNOWN.iter().map(|known| StoreId::named(known.id)).collect();
        assert_eq!(registered, known);
        assert!(known.iter().all(|id| !id.title().is_empty() && how_to_unlock(*id).is_some()));
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        let name = "totp-seed/arn:aws:iam::000000000000:mfa/a+b=c,d.e@f_g-h%2F";
        let text = escaped(name, ".-_");
        assert!(text.starts_with("totp-seed%2Farn%3Aaws") && text.ends_with("g-h%252F"), "{text}");
        assert_eq!(unescaped(&text).as_deref(), Some(name));
        for other in ["%", "%2", "%zz", "%80"] {
            assert_eq!(unescaped(other), None, "{other}");
        }
    }

    #[test]
    fn a_mistake_in_a_table_names_its_place() {
        let check = |text: &str| {
            let settings = Settings::new(Some(text), std::path::Path::new("config.toml"), &Environment::default());
            check_settings(&settings.expect("valid TOML")).map_err(|error| error.message().to_owned())
        };
        let cases = [
            ("[stores.team]\n", "config.toml:1: `[stores.team]`: `command` is missing"),
            ("[stores.team]\ncommand = ''", "config.toml:1: `[stores.team]`: `command` is empty"),
            ("[stores.team]\ncommand = \"a 'b\"", "config.toml:1: `[stores.team]`: `command`: missing closing quote"),
            (
                "\n[stores.op]\nvalt = 'x'",
                "config.toml:2: `[stores.op]`: unknown setting `valt`; expected one of `command`, `folder`, `vault`",
            ),
            ("[stores.team]\ncommand = 'a'\nvault = 'x'", "config.toml:1: `[stores.team]`: unknown setting `vault`; "),
            (
                "[stores.vault]\ncommand = 'a'",
                "config.toml:1: `[stores.vault]`: `vault` cannot be the name of a program",
            ),
            ("[stores.'a:b']\ncommand = 'a'", "config.toml:1: `[stores.a:b]`: `a:b` cannot be the name of a program"),
            ("backend = 'program:team'", "`program:team` needs `[stores.team]` in config.toml"),
        ];
        for (text, start) in cases {
            let message = check(text).expect_err(text);
            assert!(message.starts_with(start), "{message}");
        }
        for text in
            ["", "[stores.op]\n", "backend = 'program:a'\n[stores.a]\ncommand = 'a b'\n[stores.pass]\nfolder = 'x'"]
        {
            check(text).expect(text);
        }
    }
}
