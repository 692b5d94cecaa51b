//! What has to be known of a certificate (RFC 5280): its serial number, when it is valid, and its public key. Pure.

use pkcs8::der::asn1::{GeneralizedTime, UtcTime};
use pkcs8::der::{self, AnyRef, Decode, Reader, Tag, Tagged};
use pkcs8::spki::SubjectPublicKeyInfoRef;
use sha2::{Digest, Sha256};

use crate::hex;
use crate::pem;
use crate::timestamp::Timestamp;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it.
    pub der: Vec<u8>,
    /// Its serial number, in decimal.
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// The bits of its public key: the point of an elliptic curve, or an RSA key in PKCS#1.
    pub public_key: Vec<u8>,
}

impl Certificate {
    /// What names it: its SHA-256.
    pub fn fingerprint(&self) -> String {
        format!("sha256:{}", hex::encode(&Sha256::digest(&self.der)))
    }
}

/// The certificates of a PEM file: the first is one's own, the others lead to the authority.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn chain(text: &str) -> Result<Vec<Certificate>, String> {
    let blocks = pem::blocks(text).into_iter().filter(|block| block.label == "CERTIFICATE");
    let certificates = blocks.map(|block| block.der.as_ref().and_then(|der| read(der).ok()));
    let certificates: Option<Vec<_>> = certificates.collect();
    match certificates {
        None => Err("has a damaged certificate".to_owned()),
        Some(certificates) if certificates.is_empty() => {
            Err("has no certificate (PEM, `-----BEGIN CERTIFICATE-----`)".to_owned())
        }
        Some(certificates) => Ok(certificates),
    }
}

fn read(der: &[u8]) -> der::Result<Certificate> {
    AnyRef::from_der(der)?.sequence(|certificate| {
        let signed: AnyRef<'_> = certificate.decode()?;
        let (_algorithm, _signature): (AnyRef<'_>, AnyRef<'_>) = (certificate.decode()?, certificate.decode()?);
        signed.sequence(|fields| {
            let mut serial: AnyRef<'_> = fields.decode()?;
            // The version, which is not there in the first.
            if serial.tag() != Tag::Integer {
                serial = fields.decode()?;
            }
            let (_algorithm, _issuer): (AnyRef<'_>, AnyRef<'_>) = (fields.decode()?, fields.decode()?);
            let validity: AnyRef<'_> = fields.decode()?;
            let [not_before, not_after] =
                validity.sequence(|times| Ok([time(times.decode()?)?, time(times.decode()?)?]))?;
            let _subject: AnyRef<'_> = fields.decode()?;
            let key: SubjectPublicKeyInfoRef<'_> = fields.decode()?;
            while !fields.is_finished() {
                let _extension: AnyRef<'_> = fields.decode()?;
            }
            Ok(Certificate {
                der: der.to_vec(),
                serial: decimal(serial.value()),
                not_before,
                not_after,
                public_key: key.subject_public_key.raw_bytes().to_vec(),
            })
        })
    })
}

fn time(time: AnyRef<'_>) -> der::Result<Timestamp> {
    let since_1970 = match time.tag() {
        Tag::UtcTime => time.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => time.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    Ok(Timestamp::from_unix(i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)))
}

/// A number of many bytes, the highest first, in decimal.
fn decimal(bytes: &[u8]) -> String {
    // The digits, the lowest first.
    let mut digits: Vec<u8> = vec![0];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            (*digit, carry) = (u8::try_from(value % 10).expect("a digit"), value / 10);
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).expect("a digit"));
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=ann -days 20000`, with a serial
    /// number of 20 bytes.
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIBcjCCARmgAwIBAgIUf6vN7wEjRWeJq83vASNFZ4mrze8wCgYIKoZIzj0EAwIw\nDjEMMAoGA1UEAwwDYW5uMCAXDTI2MTEyOTIyNTE0MloYDzIwODEwOTAxMjI1MTQy\nWjAOMQwwCgYDVQQDDANhbm4wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR0dRNr\nnd5pgol4b6w44mgzN72pK09ouBZib798QIXKJ9cfH/Mp6EzbOJE5f0HNtJgZy+pq\nq+XYf2zHa7lWyMMno1MwUTAdBgNVHQ4EFgQUVGEFq0pTySPjX0OEd0QpIwxjISAw\nHwYDVR0jBBgwFoAUVGEFq0pTySPjX0OEd0QpIwxjISAwDwYDVR0TAQH/BAUwAwEB\n/zAKBggqhkjOPQQDAgNHADBEAiBRA1rUrvmQMNEekh8sCFqDcOzGebq5qu90U1nB\nGrCiLwIgWtNtqExu4t+cIbGTbsIH/OyYcnXqhzhPAV9jQLUvOfQ=\n-----END CERTIFICATE-----\n";

    #[test]
    fn a_certificate_says_what_it_is() {
        let [certificate] = &chain(PEM).expect("one")[..] else { panic!("not one") };
        assert_eq!(certificate.serial, "728873194671190427164871376879945176842704244207");
        assert_eq!(
            (certificate.not_before.to_string(), certificate.not_after.to_string()),
            ("2026-11-29T22:51:42Z".to_owned(), "2081-09-01T22:51:42Z".to_owned())
        );
        assert_eq!((certificate.public_key.len(), certificate.public_key[0]), (65, 4));
        assert_eq!(chain(&format!("{PEM}{PEM}")).expect("two").len(), 2);
        assert!(chain("").expect_err("none").contains("has no certificate"));
        assert_eq!(chain(&PEM.replace("MII", "MIJ")), Err("has a damaged certificate".to_owned()));
    }

    #[test]
    fn a_long_number_is_written_in_decimal() {
        for (bytes, text) in [
            (&[][..], "0"),
            (&[0], "0"),
            (&[0, 1], "1"),
            (&[1, 0], "256"),
            (&[0xff; 16], "340282366920938463463374607431768211455"),
        ] {
            assert_eq!(decimal(bytes), text);
        }
    }
}
