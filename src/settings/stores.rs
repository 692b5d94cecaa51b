//! `[stores.NAME]` in config.toml: the programs that keep keys, and where known ones keep them.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::error::{Error, Kind, Result};

/// The table in config.toml that has a table for each key store.
pub(super) const STORES: &str = "stores";

/// What `[stores.NAME]` says: a program that keeps keys, or where a known one keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// Each setting, as text.
    pub values: BTreeMap<String, String>,
    /// Where the table is, for messages: `config.toml:3`.
    pub place: String,
}

impl StoreSettings {
    /// All of them. Which settings a store has, its own module says.
    pub(super) fn read(text: &str, at: &dyn Fn(usize) -> String) -> Result<BTreeMap<String, Self>> {
        type Table = BTreeMap<Spanned<String>, Spanned<toml::Value>>;
        #[derive(serde::Deserialize)]
        struct Tables {
            stores: BTreeMap<Spanned<String>, Table>,
        }
        let Tables { stores } = toml::from_str(text).map_err(|error| {
            let place = at(error.span().map_or(0, |span| span.start));
            Error::new(Kind::Config, format!("{place}: {}", error.message().trim()))
        })?;
        let setting = |(name, value): (Spanned<String>, Spanned<toml::Value>)| match value.get_ref() {
            toml::Value::String(text) => Ok((name.into_inner(), text.clone())),
            toml::Value::Integer(number) => Ok((name.into_inner(), number.to_string())),
            other => {
                let place = at(name.span().start);
                let message = format!(
                    "{place}: `{}`: a {} is invalid here; expected a string in quotes",
                    name.get_ref(),
                    other.type_str()
                );
                Err(Error::new(Kind::Config, message))
            }
        };
        let table = |(name, table): (Spanned<String>, Table)| {
            let place = at(name.span().start);
            let values = table.into_iter().map(setting).collect::<Result<_>>()?;
            Ok((name.into_inner(), StoreSettings { values, place }))
        };
        stores.into_iter().map(table).collect()
    }
}
