//! `[serve]` in config.toml: what `store serve` may do for another keyfob.

use toml::Spanned;

use crate::error::{Error, Kind, Result};

/// The limits of `store serve`; no variable sets them, and its options only tighten them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeSettings {
    /// Patterns of the names that are served; all without it.
    pub only: Option<Vec<String>>,
    /// Whether nothing is stored or deleted.
    pub get_only: bool,
    /// Whether somebody has to allow each request.
    pub ask: bool,
}

impl Default for ServeSettings {
    fn default() -> Self {
        ServeSettings { only: None, get_only: false, ask: true }
    }
}

/// The table's name.
pub(super) const SERVE: &str = "serve";

/// Reads the table, from the whole text of config.toml.
pub(super) fn read(text: &str, at: &dyn Fn(usize) -> String) -> Result<ServeSettings> {
    #[derive(serde::Deserialize)]
    struct Tables {
        serve: Spanned<ServeSettings>,
    }
    let read: Result<Tables, toml::de::Error> = toml::from_str(text);
    read.map(|tables| tables.serve.into_inner()).map_err(|error| {
        let place = at(error.span().map_or(0, |span| span.start));
        Error::new(Kind::Config, format!("{place}: `[{SERVE}]`: {}", error.message().trim()))
    })
}
