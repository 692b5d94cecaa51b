//! `pass`, the standard Unix password manager: `pass insert` and `pass show`; its store is a folder of files.

use std::path::PathBuf;

use super::{FailureKind, Known, Recipe, Response, StoreError, StoreRequest, Tool, bytes_of, nothing};
use crate::sys::env::vars;
use crate::sys::folder::files_below;

pub(super) const KNOWN: Known = Known {
    id: "pass",
    program: "pass",
    settings: &["folder"],
    signs: &[
        ("is not in the password store", FailureKind::NotFound),
        ("operation cancelled", FailureKind::Denied),
        ("no pinentry", FailureKind::Locked),
        ("inappropriate ioctl for device", FailureKind::Locked),
        ("bad passphrase", FailureKind::Locked),
        ("timeout", FailureKind::Locked),
        ("screen or window too small", FailureKind::Locked),
    ],
    unlock: "unlock your gpg key first, for example with `pass show` in a terminal",
    set_up: Some((
        "pass init",
        "create a password store with `pass init`, which takes the id of your gpg key, then try again",
    )),
    recipe: Some(&Pass),
};

struct Pass;

impl Recipe for Pass {
    fn answer(&self, tool: &Tool<'_>, request: &StoreRequest) -> Result<Response, StoreError> {
        match request {
            StoreRequest::Get { name } => tool
                .call(&["show", &tool.path(name)], nothing())
                .and_then(|answer| tool.text(&answer))
                .map(Response::Secret),
            StoreRequest::Set { name, secret } => {
                tool.call(&["insert", "-m", "-f", &tool.path(name)], bytes_of(secret)).map(|_| Response::Done)
            }
            StoreRequest::Delete { name } => {
                tool.call(&["rm", "-f", &tool.path(name)], nothing()).map(|_| Response::Done)
            }
            StoreRequest::List => list(tool),
        }
    }
}

/// `pass ls` draws a tree; the names are those of its files.
fn list(tool: &Tool<'_>) -> Result<Response, StoreError> {
    let root = match (tool.variable(vars::PASSWORD_STORE_DIR), tool.variable(vars::HOME)) {
        (Some(folder), _) => PathBuf::from(folder),
        (None, Some(home)) => PathBuf::from(home).join(".password-store"),
        (None, None) => return Err(StoreError::Unavailable("pass needs `HOME` or `PASSWORD_STORE_DIR`".to_owned())),
    };
    if !root.is_dir() {
        let why = format!("there is no password store at {}; `pass init` creates one", root.display());
        return Err(StoreError::Unavailable(why));
    }
    let files = files_below(&root.join(tool.folder()))
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", root.display())))?;
    let names = files.iter().filter_map(|file| Some(file.to_str()?.strip_suffix(".gpg")?.replace('\\', "/")));
    Ok(Response::Names(names.collect()))
}
