//! Private keys: RSA, P-256 and P-384, in PKCS#1, PKCS#8 (encrypted too) or SEC1. Pure.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::pem;
use crate::secret::Secret;

/// A private key.
pub enum PrivateKey {
    Rsa(Box<RsaKeyPair>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

/// Why there is no key.
#[derive(Debug)]
pub enum KeyError {
    /// What is wrong with the file, as the end of a sentence.
    Bad(&'static str),
    /// The passphrase is not the right one.
    WrongPassphrase,
    /// There is no passphrase.
    NoPassphrase(Error),
}

impl PrivateKey {
    /// Reads the key of a PEM file; `passphrase` is called if it is encrypted.
    ///
    /// # Errors
    /// As [`KeyError`] tells; nothing of the key is repeated.
    pub fn read(text: &str, passphrase: impl FnOnce() -> Result<Secret, Error>) -> Result<PrivateKey, KeyError> {
        let mut blocks = pem::blocks(text).into_iter();
        let block = blocks.find(|block| block.label.ends_with("PRIVATE KEY"));
        let block = block.ok_or(KeyError::Bad("has no private key (PEM, `-----BEGIN PRIVATE KEY-----`)"))?;
        let der = block.der.ok_or(KeyError::Bad(
            "has a private key that is damaged, or encrypted in a way that only openssl reads: convert it with `openssl pkcs8 -topk8`",
        ))?;
        let damaged =
            KeyError::Bad("has a private key that is damaged, or neither RSA (2048 to 4096 bits) nor P-256 nor P-384");
        let key = match block.label.as_str() {
            "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der).ok().map(|key| PrivateKey::Rsa(Box::new(key))),
            "EC PRIVATE KEY" => of_sec1(&der),
            "PRIVATE KEY" => of_pkcs8(&der),
            "ENCRYPTED PRIVATE KEY" => {
                let encrypted = EncryptedPrivateKeyInfo::try_from(&**der).map_err(|_| {
                    KeyError::Bad(
                        "has a private key that is encrypted in a way that is not supported: use PBES2 with AES",
                    )
                })?;
                let passphrase = passphrase().map_err(KeyError::NoPassphrase)?;
                let opened: SecretDocument =
                    encrypted.decrypt(passphrase.expose()).map_err(|_| KeyError::WrongPassphrase)?;
                of_pkcs8(opened.as_bytes())
            }
            _ => None,
        };
        key.ok_or(damaged)
    }

    /// The name of its signatures in Signature Version 4 with X.509.
    pub fn algorithm(&self) -> &'static str {
        match self {
            PrivateKey::Rsa(_) => "AWS4-X509-RSA-SHA256",
            PrivateKey::P256(_) | PrivateKey::P384(_) => "AWS4-X509-ECDSA-SHA256",
        }
    }

    /// The public half, as a certificate has it.
    pub fn public_key(&self) -> Vec<u8> {
        match self {
            PrivateKey::Rsa(key) => key.public_key().as_ref().to_vec(),
            PrivateKey::P256(key) => key.verifying_key().to_encoded_point(false).as_bytes().to_vec(),
            PrivateKey::P384(key) => key.verifying_key().to_encoded_point(false).as_bytes().to_vec(),
        }
    }

    /// Signs the SHA-256 of a message, on P-384 too: PKCS#1 v1.5, or an ECDSA signature in DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let digest = Sha256::digest(message);
        match self {
            PrivateKey::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .expect("a key that was read signs, and there is room for its signature");
                signature
            }
            PrivateKey::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&digest).expect("32 bytes are enough");
                signature.to_der().as_bytes().to_vec()
            }
            PrivateKey::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&digest).expect("32 bytes are enough");
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

fn of_sec1(der: &[u8]) -> Option<PrivateKey> {
    let of_p256 = || p256::SecretKey::from_sec1_der(der).ok().map(|key| PrivateKey::P256(key.into()));
    let of_p384 = || p384::SecretKey::from_sec1_der(der).ok().map(|key| PrivateKey::P384(key.into()));
    of_p256().or_else(of_p384)
}

fn of_pkcs8(der: &[u8]) -> Option<PrivateKey> {
    let of_p256 = || p256::SecretKey::from_pkcs8_der(der).ok().map(|key| PrivateKey::P256(key.into()));
    let of_p384 = || p384::SecretKey::from_pkcs8_der(der).ok().map(|key| PrivateKey::P384(key.into()));
    let of_rsa = || RsaKeyPair::from_pkcs8(der).ok().map(|key| PrivateKey::Rsa(Box::new(key)));
    of_p256().or_else(of_p384).or_else(of_rsa)
}
