//! KDE's KWallet through `kwallet-query`. It cannot delete, so a deleted item is one whose secret was overwritten with nothing;
//! its name stays in the wallet until it is removed with KWalletManager.
//!
//! KWallet from Frameworks 5.97 on is also a Secret Service, which does all of this without `kwallet-query`.

use super::{Answer, FailureKind, Known, Recipe, Request, Response, StoreError, Tool, bytes_of, nothing, or_none};
use crate::secret::{Secret, SecretBytes};

pub(super) const KNOWN: Known = Known {
    id: "kwallet",
    program: "kwallet-query",
    settings: &["folder", "wallet"],
    signs: &[
        ("does not exist", FailureKind::NotFound),
        ("failed to read entry", FailureKind::NotFound),
        ("not found", FailureKind::Unavailable),
        ("failed to open wallet", FailureKind::Locked),
    ],
    unlock: "open the wallet with KWalletManager, then try again",
    recipe: &KWallet,
};

const WALLET: &str = "kdewallet";

struct KWallet;

impl Recipe for KWallet {
    fn answer(&self, tool: &Tool<'_>, request: &Request) -> Result<Response, StoreError> {
        match request {
            Request::Get { name } => get(tool, name).map(Response::Secret),
            Request::Set { name, secret } => query(tool, &["-w", name], bytes_of(secret)).map(|_| Response::Done),
            Request::Delete { name } => {
                get(tool, name)?;
                query(tool, &["-w", name], SecretBytes::new(b"\n".to_vec())).map(|_| Response::Done)
            }
            Request::List => {
                let listed = or_none(query(tool, &["-l"], nothing()).and_then(|answer| tool.lines(&answer)))?;
                let mut names = Vec::new();
                for name in listed {
                    match get(tool, &name) {
                        Ok(_) => names.push(name),
                        Err(StoreError::NotFound) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(Response::Names(names))
            }
        }
    }
}

fn get(tool: &Tool<'_>, name: &str) -> Result<Secret, StoreError> {
    let secret = query(tool, &["-r", name], nothing()).and_then(|answer| tool.text(&answer))?;
    if secret.is_empty() { Err(StoreError::NotFound) } else { Ok(secret) }
}

fn query(tool: &Tool<'_>, arguments: &[&str], input: SecretBytes) -> Result<Answer, StoreError> {
    let wallet = tool.setting("wallet").unwrap_or(WALLET);
    let words = [&["-f", tool.folder()], arguments, &[wallet]].concat();
    tool.call(&words, input)
}
