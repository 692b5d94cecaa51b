//! The key that tokens are bound to, and the proof, sent with each request for new ones, that the sender has it (RFC 9449).
//! Pure but for randomness.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::OsRng;
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::DecodePrivateKey;
use serde_json::json;
use zeroize::Zeroizing;

use crate::hex;
use crate::pem;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// What SEC1 has between the private and the public half: the name of the curve, and the head of a string of 65 bytes.
const CURVE: [u8; 17] = [0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 0xa1, 0x44, 3, 0x42, 0];

/// Makes a key, in the form that AWS's tools write and read: PEM of SEC1 with the name of the curve, in lines of 64 columns.
///
/// The crate's own SEC1 leaves out the name, without which OpenSSL does not read it.
pub(super) fn new_key() -> Secret {
    let key = SecretKey::random(&mut OsRng);
    let (private, public) = (Zeroizing::new(key.to_bytes()), key.public_key().to_encoded_point(false));
    let head = [0x30, 0x77, 2, 1, 1, 4, 0x20];
    let der = Zeroizing::new([&head[..], private.as_slice(), &CURVE, public.as_bytes()].concat());
    let text = Zeroizing::new(STANDARD.encode(&*der));
    let mut pem = String::with_capacity(256);
    pem += "-----BEGIN EC PRIVATE KEY-----\n";
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem += "-----END EC PRIVATE KEY-----\n";
    Secret::new(pem)
}

/// Proves possession of `key` for a POST to `url`. The server takes it once, around the time it names.
///
/// # Errors
/// A key that is not a P-256 key in PEM, SEC1 or PKCS#8.
pub(super) fn proof(key: &Secret, url: &str, now: Timestamp, unique: [u8; 16]) -> Result<Secret, NotAKey> {
    let key = read(key)?;
    let point = key.public_key().to_encoded_point(false);
    let coordinate = |bytes: Option<&p256::FieldBytes>| bytes.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let (x, y) = coordinate(point.x()).zip(coordinate(point.y())).ok_or(NotAKey)?;
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": {"kty": "EC", "x": x, "y": y, "crv": "P-256"}});
    let claims = json!({"htm": "POST", "htu": url, "iat": now.unix(), "jti": uuid(unique)});
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    // Deterministic (RFC 6979): it needs no randomness to be safe.
    let signature: Signature = SigningKey::from(key).sign(signed.as_bytes());
    Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))))
}

/// A text that is no such key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotAKey;

/// AWS's tools write SEC1, and read PKCS#8 too.
fn read(key: &Secret) -> Result<SecretKey, NotAKey> {
    let mut blocks = pem::blocks(key.expose()).into_iter();
    let block = blocks.find(|block| block.label.ends_with("PRIVATE KEY")).ok_or(NotAKey)?;
    let der = block.der.ok_or(NotAKey)?;
    match block.label.as_str() {
        "EC PRIVATE KEY" => SecretKey::from_sec1_der(&der).map_err(|_| NotAKey),
        "PRIVATE KEY" => SecretKey::from_pkcs8_der(&der).map_err(|_| NotAKey),
        _ => Err(NotAKey),
    }
}

/// Random bytes as the UUID that AWS's tools send (RFC 9562, version 4).
pub(super) fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(&bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier;

    use super::*;

    /// Made for this test with `openssl ecparam -name prime256v1 -genkey -noout`, and the same key with `openssl pkcs8 -topk8`.
    const SEC1: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIH46CFviy76iTYsGlpYwPtCkaYfVspbSrppM8hUHxUDLoAoGCCqGSM49\nAwEHoUQDQgAEfFeZRKFrNga+vW33mnFqswJwTkVym7vTE2jUc8pMThXfoTcA9Bbj\nV6wFC7qm92uwNeFdBpoLevw55UcV3KhVRg==\n-----END EC PRIVATE KEY-----\n";
    const PKCS8: &str = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfjoIW+LLvqJNiwaW\nljA+0KRph9WyltKumkzyFQfFQMuhRANCAAR8V5lEoWs2Br69bfeacWqzAnBORXKb\nu9MTaNRzykxOFd+hNwD0FuNXrAULuqb3a7A14V0Gmgt6/DnlRxXcqFVG\n-----END PRIVATE KEY-----\n";

    #[test]
    fn a_new_key_has_the_form_of_the_file_and_is_another_each_time() {
        let keys = [new_key(), new_key()];
        for key in &keys {
            let lines: Vec<&str> = key.expose().lines().collect();
            let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
            assert_eq!(lengths, SEC1.lines().map(str::len).collect::<Vec<_>>());
            assert!(read(key).is_ok() && key.expose().ends_with("-----END EC PRIVATE KEY-----\n"));
        }
        assert_ne!(keys[0].expose(), keys[1].expose());
    }

    #[test]
    fn a_proof_names_the_request_and_is_signed_by_the_key_in_it() {
        let now = Timestamp::from_unix(1_700_000_000);
        let unbase = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url without padding");
        for pem in [SEC1, PKCS8] {
            let url = "https://us-east-1.signin.aws.amazon.com/v1/token";
            let proof = proof(&Secret::new(pem.to_owned()), url, now, [0xff; 16]).expect("a key");
            let parts: Vec<&str> = proof.expose().split('.').collect();
            let json = |part: &str| serde_json::from_slice::<serde_json::Value>(&unbase(part)).expect("JSON");
            let (header, claims) = (json(parts[0]), json(parts[1]));
            assert_eq!((&header["typ"], &header["alg"]), (&"dpop+jwt".into(), &"ES256".into()));
            let expected = json!(
                {"htm": "POST", "htu": url, "iat": 1_700_000_000, "jti": "ffffffff-ffff-4fff-bfff-ffffffffffff"});
            assert_eq!(claims, expected);
            let coordinate = |name: &str| unbase(header["jwk"][name].as_str().expect("a text"));
            let point = [vec![4], coordinate("x"), coordinate("y")].concat();
            let key = VerifyingKey::from_sec1_bytes(&point).expect("a public key");
            let signature = Signature::from_slice(&unbase(parts[2])).expect("64 bytes");
            let signed = format!("{}.{}", parts[0], parts[1]);
            key.verify(signed.as_bytes(), &signature).expect("signed by it");
        }
        for bad in ["", "no PEM", &SEC1.replace("EC PRIVATE", "RSA PRIVATE"), &SEC1[..60]] {
            assert_eq!(proof(&Secret::new(bad.to_owned()), "https://x", now, [0; 16]).err(), Some(NotAKey), "{bad}");
        }
    }
}
