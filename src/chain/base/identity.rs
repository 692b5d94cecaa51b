//! What names a base, and what of it may hold a secret.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::hex;

/// What names the sessions made from a base: two bases with the same identity share them. Found without the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What sort of identity; each kind of base has sorts of its own.
    pub sort: &'static str,
    /// The parts of it, as many for each sort. None may hold a secret: they are shown, and stand in headers.
    pub parts: Vec<String>,
}

impl Identity {
    /// One of a key id; of what does not look like one, and may be a secret in the wrong place, by its SHA-256.
    pub(super) fn of_key_id(sort: &'static str, id: &str) -> Identity {
        if is_key_id(id) { Identity { sort, parts: vec![id.to_owned()] } } else { Identity::of_secret(sort, id) }
    }

    /// One of a text that may hold a secret, by its SHA-256.
    pub(super) fn of_secret(sort: &'static str, text: &str) -> Identity {
        Identity { sort, parts: vec![format!("sha256:{}", hex::encode(&Sha256::digest(text)))] }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        f.write_str(&parts.join(" "))
    }
}

/// A command line, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine(String);

impl CommandLine {
    /// A value of several lines is one command, as botocore splits it: a shell would run each line.
    pub(super) fn new(text: &str) -> Self {
        CommandLine(text.replace(['\r', '\n'], " "))
    }

    /// As it is written, to be run.
    // Security: nothing else may be done with it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandLine(****)")
    }
}

/// Whether it is the id of an AWS access key, long-term or of a session.
pub(super) fn is_key_id(id: &str) -> bool {
    matches!(id.get(..4), Some("AKIA" | "ASIA")) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
