//! What is in a sandbox's vault, read as `age` would.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};

use super::sandbox::Sandbox;

/// The whole of it, JSON.
pub fn text(sandbox: &Sandbox) -> String {
    let identity: age::x25519::Identity = sandbox.read("identity.txt").trim().parse().expect("an identity");
    let file = File::open(sandbox.path("keyfob/data/vault.age")).expect("a vault");
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file)).expect("an age file");
    let mut text = String::new();
    let identities = [&identity as &dyn age::Identity];
    decryptor.decrypt(identities.into_iter()).expect("it opens").read_to_string(&mut text).expect("text");
    text
}

/// Its items by their names.
pub fn items(sandbox: &Sandbox) -> BTreeMap<String, String> {
    #[derive(serde::Deserialize)]
    struct Vault {
        items: BTreeMap<String, String>,
    }
    serde_json::from_str::<Vault>(&text(sandbox)).expect("JSON").items
}
