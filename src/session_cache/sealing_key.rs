//! The key that names and seals sessions. Pure.

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::secret::SecretBytes;

/// The random key of a backend, as the two keys made of it: one names sessions, one seals them.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SealingKey {
    name: [u8; 32],
    seal: [u8; 32],
}

impl SealingKey {
    /// From the 32 bytes that are stored in the key store; `None` where they are not 32.
    pub fn new(bytes: &SecretBytes) -> Option<SealingKey> {
        let bytes: &[u8; 32] = bytes.expose().try_into().ok()?;
        Some(SealingKey {
            name: keyed_hash(bytes, b"keyfob session name"),
            seal: keyed_hash(bytes, b"keyfob session seal"),
        })
    }

    pub(super) fn name_digest(&self, canonical: &[u8]) -> [u8; 32] {
        keyed_hash(&self.name, canonical)
    }

    pub(super) fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&self.seal).into())
    }
}

fn keyed_hash(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
