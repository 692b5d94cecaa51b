//! The keys that aws-vault keeps: read from its own places, in its own forms. Nothing is changed but what is asked for.
//!
//! May use `keystore`, `human`, `sys`. Read are Secret Service, the encrypted files, KWallet and pass, which hold aws-vault's
//! own items in a form of its own. Deliberately absent: macOS' keychain (it is bound to aws-vault's signature) and the
//! password managers; `aws-vault exec --no-session PROFILE -- keyfob add PROFILE --env` serves for all of those.

mod files;
mod jwe;
#[cfg(target_os = "linux")]
mod kwallet;
mod name;
mod pass;
#[cfg(target_os = "linux")]
mod secret_service;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::keystore::StoreError;
use crate::secret::{Secret, SecretBytes};

use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::{AskError, Human};
use crate::settings::Settings;
use crate::sys::env::{Environment, vars};
use crate::sys::paths;

use files::Files;

/// The places to look into: Secret Service, then the files; the one alone that `AWS_VAULT_BACKEND` names. pass and KWallet
/// are looked into only if they are named.
///
/// # Errors
/// A backend of aws-vault's that is not read.
pub fn places<'a>(
    env: &'a Environment,
    settings: &'a Settings,
    human: &'a dyn Human,
) -> Result<Vec<Box<dyn Place + 'a>>> {
    let named = env.get(vars::AWS_VAULT_BACKEND);
    let is_wanted = |backend: &str| named.is_none_or(|named| named == backend);
    let mut places: Vec<Box<dyn Place + 'a>> = Vec::new();
    #[cfg(target_os = "linux")]
    if is_wanted("secret-service") {
        places.push(Box::new(secret_service::Collection::of_aws_vault(env, settings)));
    }
    if is_wanted("file")
        && let Some(folder) = paths::aws_vault_files(env)
    {
        let given = env.get(vars::AWS_VAULT_FILE_PASSPHRASE).map(|text| Secret::new(text.to_owned()));
        places.push(Box::new(Files::new(folder, given, human)));
    }
    #[cfg(target_os = "linux")]
    if named == Some("kwallet") {
        places.push(Box::new(kwallet::KWallet::of_aws_vault(env, settings)));
    }
    if named == Some("pass")
        && let Some(pass) = pass::Pass::of_aws_vault(env, settings)
    {
        places.push(Box::new(pass));
    }
    if let (Some(named), true) = (named, places.is_empty()) {
        return Err(Error::new(Kind::Usage, format!("keyfob cannot read aws-vault's backend `{named}`"))
            .because("keyfob can read aws-vault's items in Secret Service, KWallet and pass, and its encrypted files")
            .hint(
                run!("aws-vault exec --no-session PROFILE -- keyfob add PROFILE --env")
                    .to("import each key separately"),
            ));
    }
    Ok(places)
}

/// One of the places in which aws-vault keeps items.
pub trait Place {
    /// What it is called in messages.
    fn title(&self) -> String;

    /// The names of the long-term keys there, sorted; sessions and tokens are left out. None where there is no such place.
    ///
    /// # Errors
    /// Where there is one that cannot be looked into.
    fn names(&self) -> Result<Vec<String>, VaultError>;

    /// Reads a key.
    ///
    /// # Errors
    /// As [`VaultError`] tells.
    fn read(&self, name: &str) -> Result<UncheckedKey, VaultError>;

    /// Deletes aws-vault's own item.
    ///
    /// # Errors
    /// Where it is not known to be gone.
    fn delete(&self, name: &str) -> Result<(), VaultError>;
}

/// A key as aws-vault keeps it, unchecked.
#[derive(Debug)]
pub struct UncheckedKey {
    pub id: String,
    pub secret: Secret,
    /// Whether a session token stands beside it.
    pub is_temporary: bool,
}

/// Why aws-vault's keys cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Secret Service or KWallet is locked, silent or broken.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The passphrase of the files is not the right one.
    #[error("the passphrase of aws-vault's files is wrong")]
    WrongPassphrase,
    /// The passphrase of the files is not available.
    #[error("the passphrase of aws-vault's files is needed: {0}")]
    NoPassphrase(AskError),
    #[error("{0}")]
    File(String),
    /// An item in a form that aws-vault does not write.
    #[error("`{name}` is not in aws-vault's format: {reason}")]
    Form {
        name: String,
        /// What is wrong with it. Never a part of its content.
        reason: &'static str,
    },
}

/// Takes an item apart: `Data` of the keyring library's JSON is, in base64, the JSON of the AWS SDK for Go's credentials
/// (github.com/99designs/keyring `keyring.go` `Item`; aws-vault `vault/credentialkeyring.go`).
fn kept(name: &str, item: &SecretBytes) -> Result<UncheckedKey, VaultError> {
    #[derive(Deserialize)]
    struct Item<'a> {
        #[serde(rename = "Data", borrow)]
        data: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Credentials {
        #[serde(rename = "AccessKeyID")]
        id: String,
        #[serde(rename = "SecretAccessKey")]
        secret: Secret,
        #[serde(rename = "SessionToken", default)]
        token: Option<Secret>,
    }
    let form = |reason| VaultError::Form { name: name.to_owned(), reason };
    // Security: serde's errors quote what they do not understand, so none is passed on.
    let item: Item<'_> = serde_json::from_slice(item.expose()).map_err(|_| form("it is not a JSON item"))?;
    let data = Zeroizing::new(STANDARD.decode(item.data.as_bytes()).map_err(|_| form("its data is not base64"))?);
    let Credentials { id, secret, token } =
        serde_json::from_slice(&data).map_err(|_| form("its data is not JSON with a key"))?;
    Ok(UncheckedKey { id, secret, is_temporary: token.is_some_and(|token| !token.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_key_in_two_layers_of_json() {
        let item = |credentials: &str| {
            let data = STANDARD.encode(credentials);
            kept("work", &SecretBytes::new(format!(r#"{{"Key":"work","Data":"{data}","Label":"x"}}"#).into_bytes()))
        };
        let of_version_7 = r#"{"AccessKeyID":"AKIAFAKEFAKEFAKEFAKE","SecretAccessKey":"FAKE","SessionToken":"","Source":"",
            "CanExpire":false,"Expires":"0001-01-01T00:00:00Z","AccountID":""}"#;
        let of_version_5 =
            r#"{"AccessKeyID":"AKIAFAKEFAKEFAKEFAKE","SecretAccessKey":"FAKE","SessionToken":"","ProviderName":""}"#;
        for credentials in [of_version_7, of_version_5] {
            let key = item(credentials).expect("read");
            assert_eq!(
                (key.id.as_str(), key.secret.expose(), key.is_temporary),
                ("AKIAFAKEFAKEFAKEFAKE", "FAKE", false)
            );
        }
        assert!(item(&of_version_7.replace(r#"Token":"""#, r#"Token":"FAKE""#)).expect("read").is_temporary);
        for wrong in [r#"{"AccessKeyID":"FAKESECRET"}"#, "FAKESECRET", ""] {
            let said = format!("{:?}", item(wrong).expect_err("refused"));
            assert!(!said.contains("FAKE"), "{said}");
        }
        assert!(kept("work", &SecretBytes::new(b"FAKESECRET".to_vec())).is_err());
    }
}
