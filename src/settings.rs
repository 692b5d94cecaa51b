//! keyfob's own settings: `config.toml`, each overridden by its `KEYFOB_…` variable.

mod serve;
mod stores;
mod value;

pub use serve::ServeSettings;
pub use stores::StoreSettings;
pub use value::{LogMode, LoginFromSdk, LoginWay, Prompt, PromptWay, SessionDuration};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;

use crate::chain::nearest_of;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::settings::serve::SERVE;
use crate::settings::stores::STORES;
use crate::settings::value::Value;
use crate::sys::env::Environment;

/// Declares each setting once: what it means, its name in config.toml, its type, and its default as it would be written
/// there; an `Option` has none.
macro_rules! settings {
    ($($(#[doc = $meaning:literal])+ $name:ident: $type:ty $(= $default:literal)?,)+) => {
        /// Settings, with their defaults filled in.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Settings {
            $($(#[doc = $meaning])+ pub $name: $type,)+
            /// Every `[stores.NAME]`, by name; only in the file.
            pub stores: BTreeMap<String, StoreSettings>,
            /// `[serve]`; only in the file.
            pub serve: ServeSettings,
        }

        /// Every setting, in the order of the manual.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            name: stringify!($name),
            default: first(&[$($default)?]),
            meaning: concat!($($meaning),+),
        }),+];

        impl Settings {
            fn read(source: &Source<'_>) -> Result<Self> {
                Ok(Settings {
                    $($name: source.read(stringify!($name), first(&[$($default)?]))?,)+
                    stores: BTreeMap::new(),
                    serve: ServeSettings::default(),
                })
            }
        }
    };
}

settings! {
    /// the key store, one of those that `keyfob --help` lists at `--backend`; if not set, the platform's keychain if it
    /// responds, else the vault
    backend: Option<StoreId>,
    /// a file with an age identity that opens the vault without a passphrase
    identity_file: Option<PathBuf>,
    /// a file whose first line is the vault's passphrase, if there is no identity file
    passphrase_file: Option<PathBuf>,
    /// a command that prints the vault's passphrase, if neither file is set; if there is none, keyfob prompts
    passphrase_command: Option<String>,
    /// a file whose first line is the passphrase of an encrypted private key (`keyfob_private_key`)
    private_key_passphrase_file: Option<PathBuf>,
    /// a command that prints that passphrase, if the file is not set; if there is none, keyfob prompts
    private_key_passphrase_command: Option<String>,
    /// how long an unlocked vault and a sealing key stay in Linux's kernel keyring; `0` keeps them out
    unlock_time: Duration = "8h",
    /// the lifetime of an MFA session if its profile does not set one, `15m` to `36h`
    session_duration: SessionDuration = "12h",
    /// a command that prints an MFA code, for profiles without one of their own
    mfa_process: Option<String>,
    /// the socket of a `keyfob agent` on another machine; if set, `credential-process`, `env`, `exec` and `whoami` ask that agent,
    /// and nothing on this machine
    agent: Option<PathBuf>,
    /// what the log gets: `new` sessions, `all` that is issued, or `off`
    log: LogMode = "new",
    /// where keyfob may prompt, in this order; or `never`
    prompt: Prompt = "terminal,pinentry",
    /// the pinentry program, a path or a name on `PATH`; if not set, the one gpg uses
    pinentry: Option<String>,
    /// how `login` signs in to IAM Identity Center: with a `browser` on this machine, with a code to type on any `device`, or
    /// `auto`, which takes a browser if it can reach this machine
    login: LoginWay = "auto",
    /// what `credential-process` does in a terminal when a sign-in is needed: show a `code`, open a `browser`, or `never`
    /// anything
    login_from_sdk: LoginFromSdk = "code",
    /// the command line of the browser that `login` and `console` open; if not set, `BROWSER`, else the platform's own. A profile's
    /// `keyfob_browser` goes before it for `console`
    browser: Option<String>,
    /// `true` leaves access tokens in `~/.aws/sso/cache` too, where SDKs and the AWS CLI find them
    sso_share: bool = "false",
    /// how long `rotate` waits for AWS to accept a new key, and retries after failures
    rotate_patience: Duration = "60s",
    /// how long the old key stays active after the profiles use the new one
    rotate_settle: Duration = "10s",
    /// how long an old key is inactive before it is deleted
    rotate_grace: Duration = "24h",
    /// the age from which a key is overdue for rotation
    key_max_age: Duration = "90d",
    /// the time limit for connecting to AWS
    connect_timeout: Duration = "5s",
    /// the time limit for one call to AWS, retries included
    call_timeout: Duration = "30s",
    /// the time limit for one call of a key store
    key_store_timeout: Duration = "10s",
    /// the time limit for a program that keyfob starts (`mfa_process`, `passphrase_command`)
    program_timeout: Duration = "60s",
}

/// What is known of a setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub name: &'static str,
    /// Its default as it would be written in config.toml.
    pub default: Option<&'static str>,
    meaning: &'static str,
}

impl Setting {
    /// The variable that overrides it.
    pub fn variable(&self) -> String {
        variable(self.name)
    }

    /// What it does, without a capital or a full stop.
    pub fn meaning(&self) -> &'static str {
        self.meaning.trim_start()
    }
}

const fn first(default: &[&'static str]) -> Option<&'static str> {
    match default {
        [default, ..] => Some(default),
        [] => None,
    }
}

fn variable(name: &str) -> String {
    format!("KEYFOB_{}", name.to_ascii_uppercase())
}

/// Where a setting is set: its variable, else config.toml.
pub fn place_of(name: &str, env: &Environment) -> String {
    let variable = variable(name);
    if env.get_os(&variable).is_some() { format!("`{variable}`") } else { format!("`{name}` in config.toml") }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new(None, Path::new(""), &Environment::default()).expect("the defaults are valid")
    }
}

impl Settings {
    /// Reads the settings; `file` is the text of `config.toml`, named `path` in errors.
    ///
    /// # Errors
    /// A file that is not TOML, an unknown setting (a misspelt one would otherwise do nothing) or an invalid value (exit 6),
    /// naming the variable, or the file and the line.
    pub fn new(file: Option<&str>, path: &Path, env: &Environment) -> Result<Self> {
        let text = file.unwrap_or_default();
        let at = |offset: usize| format!("{}:{}", path.display(), text[..offset].matches('\n').count() + 1);
        let file: BTreeMap<Spanned<String>, toml::Value> = toml::from_str(text).map_err(|error| {
            let place = at(error.span().map_or(0, |span| span.start));
            Error::new(Kind::Config, format!("{place}: {}", error.message().trim()))
        })?;
        let names = || SETTINGS.iter().map(|setting| setting.name).chain([STORES, SERVE]);
        if let Some(unknown) = file.keys().find(|name| names().all(|known| known != name.as_ref())) {
            let (place, name) = (at(unknown.span().start), unknown.as_ref());
            let error = |rest: &str| Error::new(Kind::Config, format!("{place}: unknown setting `{name}`{rest}"));
            return Err(match nearest_of(names(), name) {
                Some(near) => error("").hint(format!("did you mean `{near}`?")),
                None => error(&format!("; expected one of `{}`", names().collect::<Vec<_>>().join("`, `"))),
            });
        }
        let stores = match file.contains_key(STORES) {
            true => StoreSettings::read(text, &at)?,
            false => BTreeMap::new(),
        };
        let serve = if file.contains_key(SERVE) { serve::read(text, &at)? } else { ServeSettings::default() };
        Ok(Settings { stores, serve, ..Settings::read(&Source { file, at: &at, env })? })
    }
}

/// Where the settings come from.
struct Source<'a> {
    file: BTreeMap<Spanned<String>, toml::Value>,
    /// Names the place of an offset in the file.
    at: &'a dyn Fn(usize) -> String,
    env: &'a Environment,
}

impl Source<'_> {
    /// The variable's value, else the file's, else the default.
    fn read<T: Value>(&self, name: &str, default: Option<&str>) -> Result<T> {
        let variable = variable(name);
        let (value, place) = if let Some(text) = self.env.get_os(&variable) {
            (T::parse_os(text), format!("`{variable}`"))
        } else if let Some((key, value)) = self.file.get_key_value(name) {
            let value = match value {
                toml::Value::String(text) => T::parse(text),
                toml::Value::Integer(number) => T::parse_number(*number),
                toml::Value::Boolean(value) => T::parse_bool(*value),
                value => Err(format!("a {} is invalid here; expected a string in quotes", value.type_str())),
            };
            (value, format!("{}: `{name}`", (self.at)(key.span().start)))
        } else {
            (T::parse_default(default), format!("the default of `{name}`"))
        };
        value.map_err(|problem| Error::new(Kind::Config, format!("{place}: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(text: &str, env: &[(&str, &str)]) -> Result<Settings> {
        Settings::new(Some(text), Path::new("config.toml"), &Environment::from_pairs(env.iter().copied()))
    }

    #[test]
    fn a_variable_wins_over_the_file_and_the_file_over_the_default() {
        let settings =
            read("unlock_time = '15m'\ncall_timeout = 7\nbackend = 'vault'", &[("KEYFOB_UNLOCK_TIME", "90")])
                .expect("valid");
        assert_eq!(settings.unlock_time, Duration::from_secs(90));
        assert_eq!(settings.call_timeout, Duration::from_secs(7));
        assert_eq!(settings.connect_timeout, Duration::from_secs(5));
        assert_eq!(settings.backend, Some(StoreId::VAULT));
    }

    #[test]
    fn ways_to_ask_are_taken_in_the_order_given() {
        let ways = |text: &str| read("", &[("KEYFOB_PROMPT", text)]).expect("valid").prompt.ways().to_vec();
        assert_eq!(ways(""), [PromptWay::Terminal, PromptWay::Pinentry]);
        assert_eq!(ways("terminal"), [PromptWay::Terminal]);
        assert_eq!(ways("pinentry, terminal"), [PromptWay::Pinentry, PromptWay::Terminal]);
        assert_eq!(ways("never"), []);
        read("", &[("KEYFOB_PROMPT", "terminal,never")]).expect_err("never is a choice of its own");
    }

    #[test]
    fn a_switch_is_written_with_and_without_quotes() {
        for text in ["sso_share = true", "sso_share = 'true'"] {
            assert!(read(text, &[]).expect("valid").sso_share, "{text}");
        }
        assert!(!read("sso_share = true", &[("KEYFOB_SSO_SHARE", "false")]).expect("valid").sso_share);
        read("sso_share = 1", &[]).expect_err("a number is no switch");
    }

    #[test]
    fn a_mistake_names_its_place() {
        let message = |text: &str, env: &[(&str, &str)]| read(text, env).expect_err("invalid").message().to_owned();
        let none: &[(&str, &str)] = &[];
        let cases = [
            ("\nbackend = 'Vault'", none, "config.toml:2: `backend`: `Vault` is not a valid key store name: use only "),
            ("\n\nbakcend = 'vault'", none, "config.toml:3: unknown setting `bakcend`"),
            ("\nbackend = ", none, "config.toml:2: "),
            ("pinentry = 5", none, "config.toml:1: `pinentry`: `5` is invalid here; expected a string in quotes"),
            (
                "call_timeout = -5",
                none,
                "config.toml:1: `call_timeout`: `-5` is not a valid duration; expected for example 500ms, 10s, 15m",
            ),
            ("call_timeout = true", none, "config.toml:1: `call_timeout`: a boolean is invalid here"),
            (
                "session_duration = '99h'",
                none,
                "config.toml:1: `session_duration`: `99h` is out of range; a session lasts from 15m to 36h",
            ),
            ("session_duration = 899", none, "config.toml:1: `session_duration`: `899` is out of range; "),
            ("", &[("KEYFOB_SESSION_DURATION", "10m")][..], "`KEYFOB_SESSION_DURATION`: `10m` is out of range; "),
            ("[frobs]", none, "config.toml:1: unknown setting `frobs`; expected one of `backend`, "),
            ("stores = 5", none, "config.toml:1: invalid type: "),
            ("[stores.team]\n\ncommand = true", none, "config.toml:3: `command`: a boolean is invalid here"),
            ("", &[("KEYFOB_PROMPT", "perhaps")][..], "`KEYFOB_PROMPT`: `perhaps` is invalid; expected `terminal`, "),
            (
                "",
                &[("KEYFOB_UNLOCK_TIME", "soon")][..],
                "`KEYFOB_UNLOCK_TIME`: `soon` is not a valid duration; expected for example 500ms, ",
            ),
        ];
        for (text, env, start) in cases {
            let message = message(text, env);
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn a_misspelt_setting_gets_a_suggestion_tables_too() {
        for (text, near) in [("bakcend = 'vault'", "backend"), ("[store.op]", "stores"), ("[server]", "serve")] {
            let error = read(text, &[]).expect_err("unknown");
            assert_eq!(error.hints(), [format!("did you mean `{near}`?").into()], "{text}");
        }
        let error = read("xyz = 1", &[]).expect_err("unknown");
        assert!(error.message().ends_with("`program_timeout`, `stores`, `serve`"), "{error}");
    }

    #[test]
    fn a_store_has_a_table_of_its_own() {
        let text = "backend = 'op'\n\n[stores.op]\nvault = 'Private'\n[stores.team]\ncommand = 'team-store --quiet'\n";
        let stores = read(text, &[]).expect("valid").stores;
        let values = |name: &str| stores[name].values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (op, team): (Vec<_>, Vec<_>) = (values("op"), values("team"));
        assert_eq!((op, team), (vec!["vault=Private".to_owned()], vec!["command=team-store --quiet".to_owned()]));
        assert_eq!(stores["team"].place, "config.toml:5");
        assert!(read("", &[]).expect("valid").stores.is_empty());
    }

    #[test]
    fn the_manual_has_a_row_for_each_setting() {
        let manual = include_str!("../docs/settings.md");
        for setting in SETTINGS {
            let default = setting.default.map_or("none".to_owned(), |default| format!("`{default}`"));
            let row = format!("\n| `{}` | {default} | {} |\n", setting.name, setting.meaning());
            assert!(manual.contains(&row), "docs/settings.md lacks{row}");
        }
    }
}
