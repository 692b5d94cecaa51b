//! aws-vault's own collection in Secret Service: an item a key, with its name as attribute `profile`, its secret the whole
//! item as JSON (keyring `secretservice.go`, github.com/gsterjov/go-libsecret `collection.go`).

use std::time::Duration;

use ::secret_service::EncryptionType;
use ::secret_service::blocking::{Collection as Found, SecretService as Service};

use super::{Place, UncheckedKey, VaultError, kept, name};
use crate::keystore::StoreError;
use crate::keystore::limit::within;
use crate::keystore::secret_service::{DIALOG_LIMIT, Dialog, Trouble, connect, translate_service};
use crate::secret::SecretBytes;
use crate::settings::Settings;
use crate::sorted;
use crate::sys::env::{Environment, vars};

/// The collection that aws-vault makes, unless it is told another name.
const USUAL_NAME: &str = "awsvault";

/// Where collections lie on the bus (Secret Service API, "Object paths").
const FOLDER: &str = "/org/freedesktop/secrets/collection/";

/// A collection of aws-vault's.
pub(super) struct Collection {
    name: String,
    limit: Duration,
    dialog: Dialog,
}

/// What is done with the collection.
enum Call {
    Names,
    Read(String),
    Delete(String),
}

impl Collection {
    /// The one aws-vault itself would use. Each call ends within the key stores' limit, a dialog aside.
    pub(super) fn of_aws_vault(env: &Environment, settings: &Settings) -> Collection {
        let name = env.get(vars::AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME).unwrap_or(USUAL_NAME).to_owned();
        let may_ask = env.has_display() && settings.prompt.is_allowed();
        let dialog = if may_ask { Dialog::Open } else { Dialog::No };
        Collection { name, limit: settings.key_store_timeout, dialog }
    }

    fn call(&self, call: Call) -> Result<Answer, VaultError> {
        let (path, dialog) = (format!("{FOLDER}{}", self.name), self.dialog);
        let limit = match dialog {
            Dialog::Open => self.limit + DIALOG_LIMIT,
            Dialog::No => self.limit,
        };
        within(limit, move || answer(&path, dialog, &call)).map_err(VaultError::Store)
    }
}

impl Place for Collection {
    fn title(&self) -> String {
        format!("aws-vault's collection `{}` in Secret Service", self.name)
    }

    fn names(&self) -> Result<Vec<String>, VaultError> {
        let mut names = self.call(Call::Names)?.names;
        names.retain(|name| name::is_key(name));
        sorted::sort(&mut names);
        names.dedup();
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<UncheckedKey, VaultError> {
        let answer = self.call(Call::Read(name.to_owned()))?;
        kept(name, &answer.secret.ok_or(VaultError::Store(StoreError::NotFound))?)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        self.call(Call::Delete(name.to_owned())).map(drop)
    }
}

#[derive(Default)]
struct Answer {
    names: Vec<String>,
    secret: Option<SecretBytes>,
}

fn answer(path: &str, dialog: Dialog, call: &Call) -> Result<Answer, StoreError> {
    // Security: the secret comes over this connection, so a key is agreed on for it.
    let service = match connect(EncryptionType::Dh) {
        Ok(service) => service,
        Err(Trouble::Absent(_)) if matches!(call, Call::Names) => return Ok(Answer::default()),
        Err(Trouble::Absent(why)) => return Err(StoreError::Unavailable(why)),
        Err(Trouble::Broken(error)) => return Err(error),
    };
    let Some(collection) = find(&service, path)? else { return Ok(Answer::default()) };
    if collection.is_locked().map_err(translate_service)? {
        match dialog {
            Dialog::Open => collection.unlock().map_err(translate_service)?,
            Dialog::No => {
                let why = "aws-vault's collection in Secret Service is locked, and there is no desktop session to show its unlock dialog";
                return Err(StoreError::Locked(why.to_owned()));
            }
        }
    }
    let mut answer = Answer::default();
    for item in collection.get_all_items().map_err(translate_service)? {
        // What has no such attribute is another program's.
        let mut attributes = item.get_attributes().map_err(translate_service)?;
        let Some(profile) = attributes.remove("profile") else { continue };
        match call {
            Call::Names => answer.names.push(profile),
            Call::Read(name) if *name == profile => {
                answer.secret = Some(SecretBytes::new(item.get_secret().map_err(translate_service)?));
                break;
            }
            Call::Delete(name) if *name == profile => item.delete().map_err(translate_service)?,
            Call::Read(_) | Call::Delete(_) => {}
        }
    }
    Ok(answer)
}

fn find<'s>(service: &'s Service<'_>, path: &str) -> Result<Option<Found<'s>>, StoreError> {
    let collections = service.get_all_collections().map_err(translate_service)?;
    Ok(collections.into_iter().find(|collection| decoded(collection.collection_path.as_str()) == path))
}

/// An object path with each `_XX` as the byte it stands for, which is how providers write what no path may hold.
fn decoded(path: &str) -> String {
    let mut text = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'_') {
            Some(byte) => {
                text.push(byte);
                rest = &after[2..];
            }
            None => {
                text.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_path_is_read_as_the_name_it_was_made_from() {
        assert_eq!(decoded("/a/awsvault"), "/a/awsvault");
        assert_eq!(decoded("/a/aws_2dvault_5f"), "/a/aws-vault_");
        assert_eq!(decoded("/a/x_y_"), "/a/x_y_");
    }
}
