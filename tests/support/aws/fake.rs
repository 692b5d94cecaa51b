//! Keys, secrets, tokens and seeds that have AWS's form and say that they are fake.
//!
//! They depend on nothing but their number and name, so every run has the same ones.

use sha2::{Digest, Sha256};

use super::totp::BASE32;

/// `AKIA…` or `ASIA…`: 20 characters that carry the account as AWS's own do.
///
/// Characters 5 to 14 hold 48 bits: a one, the account in 40 bits, seven of anything. Source: "A short note on AWS
/// KEY ID", T. Be'ery, and awsteele.com's "AWS Access Key ID Format".
pub fn key_id(prefix: &str, account: &str, number: u64) -> String {
    let account: u64 = account.parse().expect("an account is 12 digits");
    let noise = hash(&format!("{prefix}{number}"));
    let head = (1_u64 << 47) | (account << 7) | u64::from(noise[0] & 0x7f);
    let mut bytes = head.to_be_bytes()[2..].to_vec();
    bytes.extend(&noise[1..5]);
    format!("{prefix}{}", base32(&bytes))
}

/// 40 characters of `[A-Za-z0-9/+]`, the form of a secret access key; some have `/` or `+` where quoting may fail.
pub fn secret(number: u64) -> String {
    format!("FAKEsecret/+{}", letters(&format!("secret{number}"), 28))
}

/// A session token with the characters of real ones, by default as long as most are.
pub fn token(number: u64, length: Option<usize>) -> String {
    let (start, end) = ("FAKEtoken/+//////////", "==");
    let letters_wanted = length.unwrap_or(356) - start.len() - end.len();
    format!("{start}{}{end}", letters(&format!("token{number}"), letters_wanted))
}

/// 32 characters of base32, 160 bits.
pub fn seed(name: &str) -> String {
    format!("FAKESEED{}", &base32(&hash(&format!("seed{name}"))[..15]))
}

/// `AIDA…`, `AROA…`: 21 characters.
pub fn unique_id(prefix: &str, name: &str) -> String {
    format!("{prefix}FAKE{}", &base32(&hash(name)[..10])[..13])
}

/// The form AWS gives request ids.
pub fn request_id(number: u64) -> String {
    format!("00000000-fake-4000-8000-{number:012}")
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

fn letters(of: &str, length: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (0_u32..)
        .flat_map(|block| hash(&format!("{of}-{block}")))
        .map(|byte| char::from(ALPHABET[usize::from(byte & 63)]))
        .take(length)
        .collect()
}

/// Whole groups of five bytes, so there is never padding.
fn base32(bytes: &[u8]) -> String {
    bytes
        .chunks(5)
        .flat_map(|group| {
            let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            (0..8).rev().map(move |index| char::from(BASE32[usize::try_from((bits >> (index * 5)) & 31).unwrap_or(0)]))
        })
        .collect()
}

#[test]
fn a_key_id_carries_its_account_where_awss_own_carry_it() {
    let id = key_id("ASIA", "609629065308", 7);
    assert_eq!(id.len(), 20);
    // ASIAY34FZKBOKMUTVV7A is a published id of that account; what follows these eight characters is noise.
    assert_eq!(id[..12], "ASIAY34FZKBOKMUTVV7A"[..12]);
    assert_eq!(secret(1).len(), 40);
    assert_eq!(seed("ann").len(), 32);
    assert_eq!(unique_id("AIDA", "ann").len(), 21);
}
