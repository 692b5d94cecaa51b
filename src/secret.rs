//! Secrets as types: no `Display`, a redacted `Debug`, zeroed when dropped, and one greppable way to the content.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A secret text: a secret access key, a session token, a passphrase, an MFA code, a TOTP seed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` over; the caller keeps no copy of its own.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The content, at the edge where it has to leave: a request, a key store, stdout.
    // Security: every call of this is a place where a secret can leak.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Adds to it, for who has made it with room enough: one that grows leaves a copy behind.
    pub fn push(&mut self, text: &str) {
        debug_assert!(self.0.capacity() - self.0.len() >= text.len(), "it would grow");
        self.0.push_str(text);
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// Secret bytes: a key store item, a sealing key, an opened session.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes `bytes` over; the caller keeps no copy of its own.
    pub fn new(bytes: Vec<u8>) -> Self {
        SecretBytes(Zeroizing::new(bytes))
    }

    /// The content, at the edge where it has to leave.
    // Security: every call of this is a place where a secret can leak.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Secret> for SecretBytes {
    fn from(secret: Secret) -> Self {
        SecretBytes::new(secret.expose().as_bytes().to_vec())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secret = Secret::new("correct-horse".into());
        let bytes = SecretBytes::from(secret.clone());
        let shown = format!("{secret:?} {bytes:?} {:#?}", (&secret, &bytes));
        assert!(!shown.contains("correct") && !shown.contains("99"), "{shown}");
    }
}
