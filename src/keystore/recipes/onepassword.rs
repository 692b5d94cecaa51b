//! 1Password's `op`, version 2: an item of the category Password, made from JSON on standard input.
//!
//! Items are found by their titles in a list: a title with `/` is not one that `op` takes in every place. One that is replaced is
//! made anew before the old one is deleted, so that a kill leaves one or both; of two, the newer counts.

use serde::{Deserialize, Serialize};

use super::{FailureKind, Known, Recipe, Response, StoreError, StoreRequest, Tool, json_of, nothing};
use crate::secret::Secret;

pub(super) const KNOWN: Known = Known {
    id: "op",
    program: "op",
    settings: &["folder", "vault", "account"],
    signs: &[
        ("isn't an item", FailureKind::NotFound),
        ("not currently signed in", FailureKind::Locked),
        ("not signed in", FailureKind::Locked),
        ("session expired", FailureKind::Locked),
        ("no accounts configured", FailureKind::Locked),
        ("authorization prompt dismissed", FailureKind::Denied),
        ("authorization denied", FailureKind::Denied),
        ("authorization timeout", FailureKind::Locked),
        ("forbidden", FailureKind::Denied),
    ],
    unlock: "sign in with `op signin`, or unlock the 1Password app, then try again",
    set_up: None,
    recipe: Some(&OnePassword),
};

/// Marks the items, so that they are found without reading all others.
const TAG: &str = "keyfob";

/// The field that has the secret (1Password's item template for Password).
const FIELD: &str = "password";

struct OnePassword;

#[derive(Deserialize)]
struct Listed {
    id: String,
    title: String,
    #[serde(default)]
    updated_at: String,
}

#[derive(Serialize)]
struct NewItem<'a> {
    title: &'a str,
    category: &'static str,
    tags: [&'static str; 1],
    fields: [NewField<'a>; 1],
}

#[derive(Serialize)]
struct NewField<'a> {
    id: &'static str,
    r#type: &'static str,
    purpose: &'static str,
    label: &'static str,
    value: &'a str,
}

#[derive(Deserialize)]
struct Item {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    id: String,
    value: Option<Secret>,
}

impl Recipe for OnePassword {
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError> {
        match request {
            StoreRequest::Get { name } => {
                let items = titled(tool, name)?;
                let newest = items.iter().max_by_key(|item| &item.updated_at).ok_or(StoreError::NotFound)?;
                let read: Item = tool.json(&op(tool, &["item", "get", &newest.id, "--format", "json"], nothing())?)?;
                let field = read.fields.into_iter().find(|field| field.id == FIELD);
                field.and_then(|field| field.value).map(Response::Secret).ok_or_else(|| tool.unreadable())
            }
            StoreRequest::Set { name, secret } => {
                let old = titled(tool, name)?;
                let title = tool.path(name);
                let value = secret.expose();
                let fields = [NewField { id: FIELD, r#type: "CONCEALED", purpose: "PASSWORD", label: FIELD, value }];
                let item = NewItem { title: &title, category: "PASSWORD", tags: [TAG], fields };
                op(tool, &["item", "create", "--format", "json", "-"], json_of(&item))?;
                delete(tool, &old)
            }
            StoreRequest::Delete { name } => match titled(tool, name)? {
                items if items.is_empty() => Err(StoreError::NotFound),
                items => delete(tool, &items),
            },
            StoreRequest::List => {
                let beginning = tool.path("");
                let names =
                    listed(tool)?.into_iter().filter_map(|item| Some(item.title.strip_prefix(&beginning)?.to_owned()));
                Ok(Response::Names(names.collect()))
            }
        }
    }
}

/// Calls `op` for the vault and the account that are set; a service account needs the vault's name.
fn op(tool: &Tool<'_>, arguments: &[&str], input: crate::secret::SecretBytes) -> Result<super::Answer, StoreError> {
    let mut words = arguments.to_vec();
    for (option, setting) in [("--vault", "vault"), ("--account", "account")] {
        if let Some(value) = tool.setting(setting) {
            words.extend([option, value]);
        }
    }
    tool.call(&words, input)
}

fn listed(tool: &Tool<'_>) -> Result<Vec<Listed>, StoreError> {
    let answer = op(tool, &["item", "list", "--tags", TAG, "--format", "json"], nothing())?;
    // Nothing at all is printed by some versions where there is no item.
    if answer.stdout.expose().trim_ascii().is_empty() { Ok(Vec::new()) } else { tool.json(&answer) }
}

fn titled(tool: &Tool<'_>, name: &str) -> Result<Vec<Listed>, StoreError> {
    let title = tool.path(name);
    Ok(listed(tool)?.into_iter().filter(|item| item.title == title).collect())
}

fn delete(tool: &Tool<'_>, items: &[Listed]) -> Result<Response, StoreError> {
    for item in items {
        op(tool, &["item", "delete", &item.id], nothing())?;
    }
    Ok(Response::Done)
}
