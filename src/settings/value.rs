//! The types that settings have, and how each is read.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use crate::credentials::StoreId;
use crate::duration;

/// A type that settings have. An error is a sentence that says what would have been right.
pub(super) trait Value: Sized {
    fn parse(text: &str) -> Result<Self, String>;

    fn parse_os(text: &OsStr) -> Result<Self, String> {
        text.to_str().ok_or_else(|| "its value is not UTF-8".to_owned()).and_then(Self::parse)
    }

    fn parse_number(number: i64) -> Result<Self, String> {
        Err(format!("`{number}` is invalid here; expected a string in quotes"))
    }

    fn parse_bool(value: bool) -> Result<Self, String> {
        let _ = value;
        Err("a boolean is invalid here; expected a string in quotes".to_owned())
    }

    fn parse_default(default: Option<&str>) -> Result<Self, String> {
        default.ok_or_else(|| "it has no default".to_owned()).and_then(Self::parse)
    }
}

impl<T: Value> Value for Option<T> {
    fn parse(text: &str) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn parse_os(text: &OsStr) -> Result<Self, String> {
        T::parse_os(text).map(Some)
    }

    fn parse_default(_: Option<&str>) -> Result<Self, String> {
        Ok(None)
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn parse_os(text: &OsStr) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl Value for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text)
    }

    fn parse_number(number: i64) -> Result<Self, String> {
        duration::parse(&number.to_string())
    }
}

/// How long a GetSessionToken session lasts, seconds: 900 to 129,600 (STS API, GetSessionToken, `DurationSeconds`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionDuration(u32);

impl SessionDuration {
    /// 900 to 129,600.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogMode {
    /// Sessions when they are made.
    New,
    /// Those from the cache too.
    All,
    Off,
}

impl Value for LogMode {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "new" => Ok(LogMode::New),
            "all" => Ok(LogMode::All),
            "off" => Ok(LogMode::Off),
            _ => Err(format!("`{text}` is invalid; expected `new`, `all` or `off`")),
        }
    }
}

impl Value for SessionDuration {
    fn parse(text: &str) -> Result<Self, String> {
        match u32::try_from(duration::parse(text)?.as_secs()) {
            Ok(seconds @ 900..=129_600) => Ok(SessionDuration(seconds)),
            _ => Err(format!("`{text}` is out of range; a session lasts from 15m to 36h")),
        }
    }

    fn parse_number(number: i64) -> Result<Self, String> {
        Self::parse(&number.to_string())
    }
}

impl Value for StoreId {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl Value for Prompt {
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "never" {
            return Ok(Prompt::never());
        }
        let way = |name: &str| match name.trim() {
            "terminal" => Ok(PromptWay::Terminal),
            "pinentry" => Ok(PromptWay::Pinentry),
            other => {
                Err(format!("`{other}` is invalid; expected `terminal`, `pinentry`, both (comma-separated) or `never`"))
            }
        };
        text.split(',').map(way).collect::<Result<_, _>>().map(Prompt)
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("`{text}` is invalid; expected `true` or `false`"))
    }

    fn parse_bool(value: bool) -> Result<Self, String> {
        Ok(value)
    }
}

/// How `login` signs in to IAM Identity Center.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginWay {
    /// With a browser on this machine, if it can be sent back to keyfob.
    Auto,
    Browser,
    /// With a code, in a browser anywhere.
    Device,
}

impl Value for LoginWay {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(LoginWay::Auto),
            "browser" => Ok(LoginWay::Browser),
            "device" => Ok(LoginWay::Device),
            _ => Err(format!("`{text}` is invalid; expected `auto`, `browser` or `device`")),
        }
    }
}

/// What `credential-process` does where a sign-in is needed and a person is at the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFromSdk {
    /// Shows a code and its page.
    Code,
    /// Opens a browser.
    Browser,
    Never,
}

impl Value for LoginFromSdk {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "code" => Ok(LoginFromSdk::Code),
            "browser" => Ok(LoginFromSdk::Browser),
            "never" => Ok(LoginFromSdk::Never),
            _ => Err(format!("`{text}` is invalid; expected `code`, `browser` or `never`")),
        }
    }
}

/// Where a person may be asked, first way first; empty: nowhere, and whatever needs a person is exit 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt(Vec<PromptWay>);

/// A way to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptWay {
    Terminal,
    /// In the window of a pinentry program; for secrets alone.
    Pinentry,
}

impl Prompt {
    /// Nobody is asked.
    pub fn never() -> Self {
        Prompt(Vec::new())
    }

    /// Asked on the terminal alone.
    pub fn on_terminal() -> Self {
        Prompt(vec![PromptWay::Terminal])
    }

    /// The ways, first to last.
    pub fn ways(&self) -> &[PromptWay] {
        &self.0
    }

    /// Whether a person may be asked at all.
    pub fn is_allowed(&self) -> bool {
        !self.0.is_empty()
    }
}
