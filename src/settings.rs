//! keyfob's own settings: `config.toml`, each overridden by its `KEYFOB_…` variable.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::credentials::Backend;
use crate::error::{Error, Kind, Result};
use crate::sys::env::{Environment, vars};

/// Settings, with their defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The key store asked for; none: the platform's keychain where it answers, else the vault.
    pub backend: Option<Backend>,
    /// A file with an age identity that opens the vault without a passphrase.
    pub identity_file: Option<PathBuf>,
    /// A file whose first line is the vault's passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// A command that prints the vault's passphrase.
    pub passphrase_command: Option<String>,
    /// How long an unlocked vault and a sealing key stay in the kernel keyring; 0 keeps them out. Default 8 h.
    pub unlock_time: Duration,
    /// The limit of one key store call. Default 10 s.
    pub key_store_timeout: Duration,
    /// The limit for connecting to AWS. Default 5 s.
    pub connect_timeout: Duration,
    /// The limit of one call to AWS, retries included. Default 30 s.
    pub call_timeout: Duration,
    /// The limit of a program keyfob starts (`mfa_process`, passphrase command). Default 60 s.
    pub program_timeout: Duration,
    /// How long a GetSessionToken session lives where its profile does not say. Default 12 h.
    pub session_duration: Duration,
    /// How long `rotate` waits for AWS to know a key, or for a failure to pass. Default 60 s.
    pub rotate_patience: Duration,
    /// How long the old key stays Active after the profiles use the new one. Default 10 s.
    pub rotate_settle: Duration,
    /// How long an old key is Inactive before it is deleted. Default 24 h.
    pub rotate_grace: Duration,
    /// The age from which a key is overdue. Default 90 d.
    pub key_max_age: Duration,
    /// A command that prints an MFA code, for profiles that name none.
    pub mfa_process: Option<String>,
    /// Where a person may be asked. Default: the terminal, else pinentry.
    pub prompt: Prompt,
    /// The pinentry program, a path or a name on `PATH`; none: gpg's.
    pub pinentry: Option<String>,
}

/// Where a person may be asked, first way first; empty: nowhere, and whatever needs a person is exit 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt(Vec<Way>);

/// A way to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On the controlling terminal.
    Terminal,
    /// In the window of a pinentry program; for secrets alone.
    Pinentry,
}

impl Prompt {
    /// Nobody is asked.
    pub fn never() -> Self {
        Prompt(Vec::new())
    }

    /// The ways, first to last.
    pub fn ways(&self) -> &[Way] {
        &self.0
    }

    /// Whether a person may be asked at all.
    pub fn is_allowed(&self) -> bool {
        !self.0.is_empty()
    }
}

impl Default for Prompt {
    fn default() -> Self {
        Prompt(vec![Way::Terminal, Way::Pinentry])
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            backend: None,
            identity_file: None,
            passphrase_file: None,
            passphrase_command: None,
            unlock_time: Duration::from_secs(8 * 3600),
            key_store_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            program_timeout: Duration::from_secs(60),
            session_duration: Duration::from_secs(12 * 3600),
            rotate_patience: Duration::from_secs(60),
            rotate_settle: Duration::from_secs(10),
            rotate_grace: Duration::from_secs(24 * 3600),
            key_max_age: Duration::from_secs(90 * 86_400),
            mfa_process: None,
            prompt: Prompt::default(),
            pinentry: None,
        }
    }
}

/// `config.toml` as it is written. A setting nobody knows is an error: a misspelt one would otherwise do nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    backend: Option<String>,
    identity_file: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    passphrase_command: Option<String>,
    unlock_time: Option<Length>,
    key_store_timeout: Option<Length>,
    connect_timeout: Option<Length>,
    call_timeout: Option<Length>,
    program_timeout: Option<Length>,
    session_duration: Option<Length>,
    rotate_patience: Option<Length>,
    rotate_settle: Option<Length>,
    rotate_grace: Option<Length>,
    key_max_age: Option<Length>,
    mfa_process: Option<String>,
    prompt: Option<String>,
    pinentry: Option<String>,
}

/// A duration as TOML has it: a string with a unit, or a bare number of seconds.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Length {
    Seconds(u64),
    Text(String),
}

impl Settings {
    /// Puts the settings together; `file` is the text of `config.toml`, named `path` in errors.
    ///
    /// # Errors
    /// An unreadable file, an unknown setting or a bad value (exit 6), naming the file or the variable.
    pub fn new(file: Option<&str>, path: &std::path::Path, env: &Environment) -> Result<Self> {
        let File {
            backend,
            identity_file,
            passphrase_file,
            passphrase_command,
            unlock_time,
            key_store_timeout,
            connect_timeout,
            call_timeout,
            program_timeout,
            session_duration,
            rotate_patience,
            rotate_settle,
            rotate_grace,
            key_max_age,
            mfa_process,
            prompt,
            pinentry,
        } = match file {
            None => File::default(),
            Some(text) => toml::from_str(text).map_err(|error| {
                let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
                Error::new(Kind::Config, format!("{}:{line}: {}", path.display(), error.message().trim()))
            })?,
        };
        let default = Settings::default();
        let source = Source { path, env };
        Ok(Settings {
            backend: source.parsed("backend", vars::KEYFOB_BACKEND, backend, str::parse)?,
            identity_file: source.path_of(vars::KEYFOB_IDENTITY_FILE, identity_file),
            passphrase_file: source.path_of(vars::KEYFOB_PASSPHRASE_FILE, passphrase_file),
            passphrase_command: source.text_of(vars::KEYFOB_PASSPHRASE_COMMAND, passphrase_command),
            unlock_time: source.length("unlock_time", vars::KEYFOB_UNLOCK_TIME, unlock_time, default.unlock_time)?,
            key_store_timeout: source.length(
                "key_store_timeout",
                vars::KEYFOB_KEY_STORE_TIMEOUT,
                key_store_timeout,
                default.key_store_timeout,
            )?,
            connect_timeout: source.length(
                "connect_timeout",
                vars::KEYFOB_CONNECT_TIMEOUT,
                connect_timeout,
                default.connect_timeout,
            )?,
            call_timeout: source.length(
                "call_timeout",
                vars::KEYFOB_CALL_TIMEOUT,
                call_timeout,
                default.call_timeout,
            )?,
            program_timeout: source.length(
                "program_timeout",
                vars::KEYFOB_PROGRAM_TIMEOUT,
                program_timeout,
                default.program_timeout,
            )?,
            session_duration: source.length(
                "session_duration",
                vars::KEYFOB_SESSION_DURATION,
                session_duration,
                default.session_duration,
            )?,
            rotate_patience: source.length(
                "rotate_patience",
                vars::KEYFOB_ROTATE_PATIENCE,
                rotate_patience,
                default.rotate_patience,
            )?,
            rotate_settle: source.length(
                "rotate_settle",
                vars::KEYFOB_ROTATE_SETTLE,
                rotate_settle,
                default.rotate_settle,
            )?,
            rotate_grace: source.length(
                "rotate_grace",
                vars::KEYFOB_ROTATE_GRACE,
                rotate_grace,
                default.rotate_grace,
            )?,
            key_max_age: source.length("key_max_age", vars::KEYFOB_KEY_MAX_AGE, key_max_age, default.key_max_age)?,
            mfa_process: source.text_of(vars::KEYFOB_MFA_PROCESS, mfa_process),
            prompt: source.parsed("prompt", vars::KEYFOB_PROMPT, prompt, parse_prompt)?.unwrap_or(default.prompt),
            pinentry: source.text_of(vars::KEYFOB_PINENTRY, pinentry),
        })
    }
}

fn parse_prompt(text: &str) -> Result<Prompt, String> {
    if text.trim() == "never" {
        return Ok(Prompt::never());
    }
    let way = |name: &str| match name.trim() {
        "terminal" => Ok(Way::Terminal),
        "pinentry" => Ok(Way::Pinentry),
        other => Err(format!(
            "`{other}` is no way to ask; there are terminal, pinentry, both with a comma between them, and never"
        )),
    };
    text.split(',').map(way).collect::<Result<_, _>>().map(Prompt)
}

/// Reads `500ms`, `10s`, `15m`, `12h`, `90d`; a bare number is seconds.
///
/// # Errors
/// A sentence that says what would have been right.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is no duration; write 500ms, 10s, 15m, 12h, 90d or seconds"))
}

struct Source<'a> {
    path: &'a std::path::Path,
    env: &'a Environment,
}

impl Source<'_> {
    fn parsed<T>(
        &self,
        name: &str,
        variable: &str,
        file: Option<String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>> {
        let (text, place) = match (self.env.get(variable), file) {
            (Some(text), _) => (text.to_owned(), format!("`{variable}`")),
            (None, Some(text)) => (text, format!("{}: `{name}`", self.path.display())),
            (None, None) => return Ok(None),
        };
        parse(&text).map(Some).map_err(|problem| Error::new(Kind::Config, format!("{place}: {problem}")))
    }

    fn length(&self, name: &str, variable: &str, file: Option<Length>, default: Duration) -> Result<Duration> {
        let file = file.map(|length| match length {
            Length::Seconds(seconds) => seconds.to_string(),
            Length::Text(text) => text,
        });
        Ok(self.parsed(name, variable, file, parse_duration)?.unwrap_or(default))
    }

    fn path_of(&self, variable: &str, file: Option<PathBuf>) -> Option<PathBuf> {
        self.env.get_os(variable).map(PathBuf::from).or(file)
    }

    fn text_of(&self, variable: &str, file: Option<String>) -> Option<String> {
        self.env.get(variable).map(str::to_owned).or(file)
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
        assert_eq!(settings.backend, Some(Backend::Vault));
    }

    #[test]
    fn ways_to_ask_are_taken_in_the_order_given() {
        let ways = |text: &str| read("", &[("KEYFOB_PROMPT", text)]).expect("valid").prompt.ways().to_vec();
        assert_eq!(ways(""), [Way::Terminal, Way::Pinentry]);
        assert_eq!(ways("terminal"), [Way::Terminal]);
        assert_eq!(ways("pinentry, terminal"), [Way::Pinentry, Way::Terminal]);
        assert_eq!(ways("never"), []);
        read("", &[("KEYFOB_PROMPT", "terminal,never")]).expect_err("never is a choice of its own");
    }

    #[test]
    fn a_mistake_names_its_place() {
        let message = |text: &str, env: &[(&str, &str)]| read(text, env).expect_err("invalid").message().to_owned();
        assert!(message("backend = 'vualt'", &[]).starts_with("config.toml: `backend`: `vualt` is no key store"));
        assert!(
            message("\n\nbakcend = 'vault'", &[]).starts_with("config.toml:3: unknown field"),
            "{}",
            message("\n\nbakcend = 'vault'", &[])
        );
        assert!(message("", &[("KEYFOB_PROMPT", "perhaps")]).starts_with("`KEYFOB_PROMPT`: "));
        assert!(message("", &[("KEYFOB_UNLOCK_TIME", "soon")]).contains("write 500ms, 10s, 15m"));
    }
}
