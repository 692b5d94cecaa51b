//! One encrypted file of aws-vault's: a JWE in compact form, its key wrapped under a passphrase. Pure.
//!
//! RFC 7516, and of RFC 7518 what the keyring library uses and nothing else: `PBES2-HS256+A128KW` (section 4.8) with
//! `A256GCM` (section 5.3). A crate for all of JOSE would bring signatures and key agreement along; the ciphers are here
//! already, for the vault.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use aes_kw::KekAes128;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pbkdf2::pbkdf2_hmac;
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretBytes};

/// The most rounds a file may ask for, some seconds; jose2go writes 8,192 by default.
const MOST_ROUNDS: u32 = 1_000_000;

/// Why a file does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JweError {
    /// It is not what the library writes.
    Form(&'static str),
    /// The passphrase does not unwrap its key.
    WrongPassphrase,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    p2c: u32,
    p2s: String,
    /// Compression, which the library does not use.
    zip: Option<String>,
}

/// Opens `token` with `passphrase`.
pub(super) fn open(token: &str, passphrase: &Secret) -> Result<SecretBytes, JweError> {
    let parts: Vec<&str> = token.trim_end().split('.').collect();
    let [protected, wrapped, iv, ciphertext, tag] = parts.as_slice() else {
        return Err(JweError::Form("it does not have the five parts of a JWE"));
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JweError::Form("a part is not base64url"));
    let header: Header = serde_json::from_slice(&decode(protected)?)
        .map_err(|_| JweError::Form("its header is not that of an encrypted file"))?;
    if header.alg != "PBES2-HS256+A128KW" || header.enc != "A256GCM" || header.zip.is_some() {
        return Err(JweError::Form("it uses another kind of encryption"));
    }
    if !(1..=MOST_ROUNDS).contains(&header.p2c) {
        return Err(JweError::Form("it requires too many key derivation rounds"));
    }
    // Section 4.8.1.1: the salt is the algorithm's name, a zero byte, and the salt input.
    let salt = [header.alg.as_bytes(), &[0], &decode(&header.p2s)?].concat();
    let mut wrapping = Zeroizing::new([0; 16]);
    pbkdf2_hmac::<Sha256>(passphrase.expose().as_bytes(), &salt, header.p2c, wrapping.as_mut_slice());
    let mut key = Zeroizing::new([0; 32]);
    let wrapped = decode(wrapped)?;
    if wrapped.len() != key.len() + aes_kw::IV_LEN {
        return Err(JweError::Form("its key has the wrong length"));
    }
    KekAes128::from(*wrapping).unwrap(&wrapped, key.as_mut_slice()).map_err(|_| JweError::WrongPassphrase)?;
    let iv: [u8; 12] = decode(iv)?.try_into().map_err(|_| JweError::Form("its nonce has the wrong length"))?;
    let sealed = [decode(ciphertext)?, decode(tag)?].concat();
    let payload = Payload { msg: &sealed, aad: protected.as_bytes() };
    let opened = Aes256Gcm::new((&*key).into()).decrypt(&Nonce::from(iv), payload);
    opened.map(SecretBytes::new).map_err(|_| JweError::Form("it was modified or truncated after it was written"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Written by jose2go 1.10.0, the library behind the library, as keyring's `file.go` calls it.
    pub(in crate::aws_vault) const TOKEN: &str = concat!(
        "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJjcmVhdGVkIjoiMjAyNi0wMS0wMiAwMzowNDowNSArMDAwMCBVVEMiLCJlbmMiOiJBM",
        "jU2R0NNIiwicDJjIjo4MTkyLCJwMnMiOiJ6bzRZMzVHX1NBQXZXdkFxIn0.laU9lI8qL1Gq71QvggMZ-YcerhM97RYJUZkYF0u8QqH-de",
        "-z41X9Vw.V_wD96btMZa-DpC-.fdGg6lkazP46hjfjd_jHFqNjAIV-BVV5YAwTQZRytIoiyO_HCHHUO2u8acYamcyPm_WAsxjY3xTeXS_",
        "SXGLbBDnn6xEVPSUVoyBkiEO1wxmQjEi4U5Y_up7HYiuU6klcvAo-9dRh847Fnm5UoSIM_kwu6czRj_i10e1Vjff9hWBi0zRhrsDuFcof",
        "Ek7OPDato6Ch-SkFZWHK8q23ANJTEItPJpek-8gwSP21dsrzKQkUuiDyMtOVuMyMU6dO_KHirNCFOrppi44xByXhnKeQ2z4GpnpbSb1DA",
        "PZmDCtiNwUwmDUm3f3jVO4Ys80kzCfMCcxd9ftyVEh3BpA1NWnSYH4oyKF3q9pYbF-IulEs0xy1igHlQ8pkFJ5j8CoAVvjaDM-ewJ__2V",
        "7LvVtQiHCT0o91VMdG5OeyOhjUY3Rx4XPBc07nTjRqlBUfKom9-__nsysXXZa6WQOjNvawGiMAVtXlrpwtiPbGlgLP5p3b9a2ln96koRE",
        "zwiuxHquf_iIYdGvuNDPE_t0-OSQDyQ.OAk8woQv_lptk1y9Z7EmGQ",
    );

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn what_the_library_writes_is_opened() {
        let item = open(TOKEN, &secret("FAKE pässphrase")).expect("opened");
        let key = crate::aws_vault::kept("work", &item).expect("a key");
        assert_eq!(key.id, "AKIAFAKEFAKEFAKEFAKE");
        assert_eq!(key.secret.expose(), "FAKEfake".repeat(5));
        assert!(!key.is_temporary);
        assert!(open(&format!("{TOKEN}\n"), &secret("FAKE pässphrase")).is_ok());
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_a_file_that_was_changed() {
        assert_eq!(open(TOKEN, &secret("FAKE")).expect_err("refused"), JweError::WrongPassphrase);
        let right = secret("FAKE pässphrase");
        let parts: Vec<&str> = TOKEN.split('.').collect();
        for changed in 0..parts.len() {
            let mut parts = parts.clone();
            let flipped = format!("A{}", &parts[changed][1..]);
            parts[changed] = if parts[changed].starts_with('A') { "AAAA" } else { &flipped };
            assert!(open(&parts.join("."), &right).is_err(), "part {changed}");
        }
        let header = |p2c: &str| {
            let json = format!(r#"{{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":{p2c},"p2s":"AAAA"}}"#);
            format!("{}.{}", URL_SAFE_NO_PAD.encode(json), parts[1..].join("."))
        };
        for token in
            [header("1000001"), header("4294967295"), header("0"), header("-1"), String::new(), "a.b.c.d.e".to_owned()]
        {
            assert!(matches!(open(&token, &right), Err(JweError::Form(_))), "{token}");
        }
    }
}
