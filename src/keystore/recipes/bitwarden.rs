//! Bitwarden's `bw`: a secure note, made from base64 of JSON on standard input. It needs `BW_SESSION`, and takes about a
//! second for each call.
//!
//! One that is replaced is made anew before the old one is deleted, so that a kill leaves one or both; of two, the newer
//! counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{FailureKind, Known, Recipe, Response, StoreError, StoreRequest, Tool, json_of, nothing};
use crate::secret::{Secret, SecretBytes};

pub(super) const KNOWN: Known = Known {
    id: "bw",
    program: "bw",
    settings: &["folder"],
    signs: &[
        ("not found", FailureKind::NotFound),
        ("vault is locked", FailureKind::Locked),
        ("not logged in", FailureKind::Locked),
        ("master password", FailureKind::Locked),
        ("session key", FailureKind::Locked),
    ],
    unlock: "run `bw unlock` (first `bw login`, if you are not logged in), and set `BW_SESSION` as it says",
    set_up: None,
    recipe: Some(&Bitwarden),
};

struct Bitwarden;

#[derive(Deserialize)]
struct Listed {
    id: String,
    name: String,
    notes: Option<Secret>,
    #[serde(rename = "revisionDate", default)]
    revised: String,
}

/// As `bw get template item` prints it, for a secure note.
#[derive(Serialize)]
struct NewItem<'a> {
    r#type: u32,
    name: &'a str,
    notes: &'a str,
    #[serde(rename = "secureNote")]
    secure_note: SecureNote,
}

#[derive(Serialize)]
struct SecureNote {
    r#type: u32,
}

/// The types of a secure note, and of the one kind of it there is.
const SECURE_NOTE: u32 = 2;
const GENERIC: u32 = 0;

impl Recipe for Bitwarden {
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError> {
        match request {
            StoreRequest::Get { name } => {
                let newest = named(tool, name)?.into_iter().max_by(|a, b| a.revised.cmp(&b.revised));
                let notes = newest.ok_or(StoreError::NotFound)?.notes;
                notes.map(Response::Secret).ok_or_else(|| tool.unreadable())
            }
            StoreRequest::Set { name, secret } => {
                let old = named(tool, name)?;
                let secure_note = SecureNote { r#type: GENERIC };
                let item = NewItem { r#type: SECURE_NOTE, name: &tool.path(name), notes: secret.expose(), secure_note };
                let encoded = SecretBytes::new(STANDARD.encode(json_of(&item).expose()).into_bytes());
                tool.call(&["create", "item", "--raw", "--nointeraction"], encoded)?;
                delete(tool, &old)
            }
            StoreRequest::Delete { name } => match named(tool, name)? {
                items if items.is_empty() => Err(StoreError::NotFound),
                items => delete(tool, &items),
            },
            StoreRequest::List => {
                let beginning = tool.path("");
                let names =
                    listed(tool)?.into_iter().filter_map(|item| Some(item.name.strip_prefix(&beginning)?.to_owned()));
                Ok(Response::Names(names.collect()))
            }
        }
    }
}

fn listed(tool: &Tool<'_>) -> Result<Vec<Listed>, StoreError> {
    let arguments = ["list", "items", "--search", tool.folder(), "--raw", "--nointeraction"];
    tool.call(&arguments, nothing()).and_then(|answer| tool.json(&answer))
}

fn named(tool: &Tool<'_>, name: &str) -> Result<Vec<Listed>, StoreError> {
    let path = tool.path(name);
    Ok(listed(tool)?.into_iter().filter(|item| item.name == path).collect())
}

fn delete(tool: &Tool<'_>, items: &[Listed]) -> Result<Response, StoreError> {
    for item in items {
        tool.call(&["delete", "item", &item.id, "--permanent", "--nointeraction"], nothing())?;
    }
    Ok(Response::Done)
}
