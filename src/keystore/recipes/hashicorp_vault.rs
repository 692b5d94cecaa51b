//! HashiCorp Vault's `vault kv`, both versions of the secrets engine; OpenBao's `bao` takes the same words.

use serde::{Deserialize, Serialize};

use super::{
    FailureKind, Known, Recipe, Response, StoreError, StoreRequest, Tool, escaped, json_of, nothing, unescaped,
};
use crate::secret::Secret;
use crate::sys::child::Answer;

pub(super) const KNOWN: Known = Known {
    id: "hashicorp-vault",
    program: "vault",
    settings: &["folder", "mount"],
    signs: &[
        ("no value found", FailureKind::NotFound),
        ("vault is sealed", FailureKind::Locked),
        ("missing client token", FailureKind::Locked),
        // Said of a token that is missing or expired as of one without the rights.
        ("permission denied", FailureKind::Locked),
        ("preflight capability check", FailureKind::Locked),
    ],
    unlock: "log in with `vault login`, or set `VAULT_TOKEN`; the token needs the rights to use the mount",
    set_up: None,
    recipe: Some(&HashicorpVault),
};

/// The mount of a development server, and the usual one.
const MOUNT: &str = "secret";

/// How deep the folders of names are read.
const DEPTH: usize = 8;

/// Kept as they are in paths: Vault's own separators, and what IAM has in names and means nothing there.
const KEPT: &str = "/-_.:=@,";

struct HashicorpVault;

#[derive(Serialize)]
struct Written<'a> {
    secret: &'a str,
}

/// What `kv get` prints: the engine's version 2 has one `data` in the other.
#[derive(Deserialize)]
struct Got {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    secret: Option<Secret>,
    data: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    secret: Option<Secret>,
}

impl Recipe for HashicorpVault {
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError> {
        let mount = format!("-mount={}", tool.setting("mount").unwrap_or(MOUNT));
        let path = |name: &str| tool.path(&escaped(name, KEPT));
        match request {
            StoreRequest::Get { name } => get(tool, &mount, &path(name)).map(Response::Secret),
            StoreRequest::Set { name, secret } => {
                let input = json_of(&Written { secret: secret.expose() });
                tool.call(&["kv", "put", &mount, &path(name), "-"], input).map(|_| Response::Done)
            }
            StoreRequest::Delete { name } => {
                let path = path(name);
                // Vault deletes what is not there, and says that all went well.
                get(tool, &mount, &path)?;
                let deleted = tool.call(&["kv", "metadata", "delete", &mount, &path], nothing());
                // Version 1 has nothing but the secret itself.
                match deleted {
                    Err(StoreError::Unavailable(why)) if why.to_lowercase().contains("version 1") => {
                        tool.call(&["kv", "delete", &mount, &path], nothing())
                    }
                    deleted => deleted,
                }
                .map(|_| Response::Done)
            }
            StoreRequest::List => {
                let mut names = Vec::new();
                list(tool, &mount, tool.folder(), DEPTH, &mut names)?;
                let beginning = tool.path("");
                let name = |path: &String| unescaped(path.strip_prefix(&beginning)?);
                Ok(Response::Names(names.iter().filter_map(name).collect()))
            }
        }
    }
}

fn get(tool: &Tool<'_>, mount: &str, path: &str) -> Result<Secret, StoreError> {
    let answer = tool.call(&["kv", "get", mount, "-format=json", path], nothing())?;
    let Got { data } = tool.json(&answer)?;
    match data {
        Data { secret: Some(secret), .. } => Ok(secret),
        // One that was deleted has no data left.
        Data { secret: None, data: None } => Err(StoreError::NotFound),
        Data { secret: None, data: Some(inner) } => inner.secret.ok_or_else(|| tool.unreadable()),
    }
}

fn list(tool: &Tool<'_>, mount: &str, folder: &str, depth: usize, names: &mut Vec<String>) -> Result<(), StoreError> {
    // Where there is nothing it prints an empty object, says nothing, and ends with 2.
    let is_empty = |answer: &Answer| answer.status.code() == Some(2) && answer.stdout.expose().trim_ascii() == b"{}";
    let answer = tool.call_or(&["kv", "list", mount, "-format=json", folder], nothing(), is_empty)?;
    let entries: Vec<String> = if is_empty(&answer) { Vec::new() } else { tool.json(&answer)? };
    for entry in entries {
        match entry.strip_suffix('/') {
            Some(below) if depth > 0 => list(tool, mount, &format!("{folder}/{below}"), depth - 1, names)?,
            Some(_) => {}
            None => names.push(format!("{folder}/{entry}")),
        }
    }
    Ok(())
}
