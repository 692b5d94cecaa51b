//! TOTP as AWS's virtual MFA devices use it: SHA-1, six digits, steps of 30 s (RFC 6238). Pure.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Secret as Key, Totp};
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// Seconds a code is shown for.
pub const STEP_SECONDS: i64 = 30;

/// Bytes of the shortest seed taken: 80 bits, which older servers gave out; RFC 4226 asks for 128.
const SHORTEST: usize = 10;

/// Bytes of the longest seed taken. AWS's have 40.
const LONGEST: usize = 128;

/// What a device makes its codes from: the second factor itself. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Seed(Totp);

/// Why a text is not a seed of a device AWS knows. No variant repeats the text: it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    #[error("it is empty")]
    Empty,
    /// It has characters no base32 has.
    #[error("it is not base32, which has only the letters A to Z and the digits 2 to 7")]
    NotBase32,
    #[error("it is too short: {0} bits instead of at least 80; AWS's seeds have 64 characters")]
    TooShort(usize),
    #[error("it is too long: {0} bytes")]
    TooLong(usize),
    /// It is no `otpauth://totp/…` that can be read.
    #[error("it is not a valid `otpauth:` URI: {0}")]
    NotOtpauth(&'static str),
    /// It is of a kind AWS does not use.
    #[error("the `otpauth:` URI requires {found}, but AWS's devices use {used}")]
    Unlike { found: String, used: &'static str },
    /// An export of Google Authenticator, many seeds in one.
    #[error("it is an export of several accounts, not the seed of one device")]
    Migration,
}

impl Seed {
    /// Reads what people have: a base32 key or an `otpauth://totp/…` address.
    ///
    /// # Errors
    /// As [`SeedError`] tells.
    pub fn parse(text: &str) -> Result<Seed, SeedError> {
        let scheme = |name: &str| text.trim().get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        if scheme("otpauth-migration:") {
            Err(SeedError::Migration)
        } else if scheme("otpauth:") {
            Seed::from_otpauth(text.trim())
        } else {
            Seed::from_base32(text)
        }
    }

    /// Reads base32 in any case, with blanks, hyphens and padding wherever they are.
    ///
    /// # Errors
    /// As [`SeedError`] tells.
    pub fn from_base32(text: &str) -> Result<Seed, SeedError> {
        let squeezed = text.chars().filter(|c| !c.is_whitespace() && *c != '-' && *c != '=');
        let squeezed: Zeroizing<String> = Zeroizing::new(squeezed.map(|c| c.to_ascii_uppercase()).collect());
        if squeezed.is_empty() {
            return Err(SeedError::Empty);
        }
        let key = Key::try_from_base32(squeezed.as_str()).map_err(|_| SeedError::NotBase32)?;
        match key.as_bytes().len() {
            short @ ..SHORTEST => Err(SeedError::TooShort(short * 8)),
            SHORTEST..=LONGEST => Ok(Seed(Builder::new().with_secret(key).build_noncompliant())),
            long => Err(SeedError::TooLong(long)),
        }
    }

    /// Not through the crate's own reader, which refuses lower case, padding and an issuer written in two ways.
    fn from_otpauth(address: &str) -> Result<Seed, SeedError> {
        let url = Url::parse(address).map_err(|_| SeedError::NotOtpauth("it is not a URI"))?;
        match url.host_str().map(str::to_ascii_lowercase).as_deref() {
            Some("totp") => {}
            Some("hotp") => {
                return Err(SeedError::Unlike { found: "counter-based codes".into(), used: "time-based codes" });
            }
            Some(_) | None => return Err(SeedError::NotOtpauth("it does not begin with `otpauth://totp/`")),
        }
        let mut seed = Err(SeedError::NotOtpauth("it has no `secret`"));
        for (name, value) in url.query_pairs() {
            let (used, alike) = match &*name {
                "secret" => {
                    seed = Seed::from_base32(&value);
                    continue;
                }
                "algorithm" => ("SHA1", value.replace('-', "").eq_ignore_ascii_case("SHA1")),
                "digits" => ("6", value == "6"),
                "period" => ("30", value == "30"),
                _ => continue,
            };
            if !alike {
                let value: String = value.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
                return Err(SeedError::Unlike { found: format!("{name} {value}"), used });
            }
        }
        seed
    }

    /// The code of a step.
    pub fn code(&self, step: i64) -> Secret {
        let time = u64::try_from(step.saturating_mul(STEP_SECONDS)).unwrap_or(0);
        Secret::new(self.0.generate(time).to_string())
    }

    /// The step whose code this is, the nearest to `around`, at most `most` steps off.
    pub fn step_of(&self, code: &Secret, around: i64, most: i64) -> Option<i64> {
        let near = (0..=most).flat_map(|distance| [around - distance, around + distance]);
        near.into_iter().find(|step| self.code(*step).expose() == code.expose())
    }

    /// The seed as apps take it: base32, upper case, no padding.
    pub fn to_base32(&self) -> Secret {
        Secret::new(self.0.secret().to_base32())
    }

    /// The address in a QR code: `otpauth://totp/…`, labelled for the app with the device's name and its account. As short as
    /// apps read it, with the issuer in the label alone: each byte makes the code larger.
    pub fn to_otpauth(&self, device: &str, account: &str) -> Secret {
        // What a path segment may hold and apps show as it is (RFC 3986, 3.3).
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'@');
        let label = format!("{device}@{account}");
        let secret = self.to_base32();
        Secret::new(format!("otpauth://totp/AWS:{}?secret={}", utf8_percent_encode(&label, KEPT), secret.expose()))
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(****)")
    }
}

/// Whether an argument looks like a seed: an `otpauth:` address, or 26 or more characters of base32 alone.
///
/// An access key id has 20 of the same characters.
pub fn looks_like_seed(text: &str) -> bool {
    let is_base32 = |byte: u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("otpauth"))
        || (text.len() >= 26 && text.bytes().all(is_base32))
}

/// The step a time falls into.
pub fn step_at(time: Timestamp) -> i64 {
    time.unix().div_euclid(STEP_SECONDS)
}

/// Seconds until the next step begins, 1 to 30.
pub fn seconds_left(time: Timestamp) -> i64 {
    STEP_SECONDS - time.unix().rem_euclid(STEP_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[derive(serde::Deserialize)]
    struct Vector {
        time: i64,
        seed: String,
        code: String,
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        let vectors: Vec<Vector> =
            serde_json::from_str(include_str!("../tests/data/rfc6238-sha1.json")).expect("the vectors are JSON");
        assert_eq!(vectors.len(), 6);
        for Vector { time, seed, code } in vectors {
            let seed = Seed::parse(&seed).expect("a seed");
            assert_eq!(seed.code(step_at(Timestamp::from_unix(time))).expose(), code, "{time}");
        }
    }

    #[test]
    fn a_seed_is_read_as_people_write_it() {
        let spaced = "gezd gnbv gy3t qojq GEZD GNBV GY3T QOJQ\n";
        let address =
            format!("OTPAUTH://totp/Amazon%20Web%20Services:ann@work?secret={}&issuer=AWS", SEED.to_lowercase());
        let explicit = format!("otpauth://totp/ann?digits=6&period=30&algorithm=SHA-1&secret={SEED}%3D%3D&image=x");
        for text in
            [SEED, spaced, &format!(" {SEED}====== "), "GEZDGNBV-GY3TQOJQ-GEZDGNBV-GY3TQOJQ", &address, &explicit]
        {
            assert_eq!(Seed::parse(text).expect("a seed").to_base32().expose(), SEED, "{text}");
        }
        assert_eq!(Seed::parse("GEZDGNBVGY3TQOJQ").expect("80 bits").to_base32().expose(), "GEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn whatever_aws_does_not_use_is_refused_with_the_reason_and_never_repeated() {
        let table = [
            ("", "it is empty"),
            (" = ", "it is empty"),
            ("GEZDGNBVGY3TQOJ1", "it is not base32, which has only the letters A to Z and the digits 2 to 7"),
            ("GEZDGNBV", "it is too short: 40 bits instead of at least 80; AWS's seeds have 64 characters"),
            (
                "otpauth://totp/ann?secret=GEZDGNBVGY3TQOJQ&algorithm=SHA256",
                "the `otpauth:` URI requires algorithm SHA256, but AWS's devices use SHA1",
            ),
            (
                "otpauth://totp/ann?secret=GEZDGNBVGY3TQOJQ&digits=8",
                "the `otpauth:` URI requires digits 8, but AWS's devices use 6",
            ),
            (
                "otpauth://totp/ann?secret=GEZDGNBVGY3TQOJQ&period=60",
                "the `otpauth:` URI requires period 60, but AWS's devices use 30",
            ),
            (
                "otpauth://hotp/ann?secret=GEZDGNBVGY3TQOJQ",
                "the `otpauth:` URI requires counter-based codes, but AWS's devices use time-based codes",
            ),
            ("otpauth://totp/ann", "it is not a valid `otpauth:` URI: it has no `secret`"),
            (
                "otpauth:ann?secret=GEZDGNBVGY3TQOJQ",
                "it is not a valid `otpauth:` URI: it does not begin with `otpauth://totp/`",
            ),
            (
                "otpauth-migration://offline?data=GEZDGNBVGY3TQOJQ",
                "it is an export of several accounts, not the seed of one device",
            ),
        ];
        for (text, reason) in table {
            let error = Seed::parse(text).expect_err(text).to_string();
            assert_eq!(error, reason, "{text}");
            assert!(!error.contains("GEZD"), "{error}");
        }
        assert_eq!(Seed::parse(&"A".repeat(400)).expect_err("too long"), SeedError::TooLong(250));
        assert_eq!(format!("{:?}", Seed::parse(SEED).expect("a seed")), "Seed(****)");
    }

    #[test]
    fn an_address_made_is_an_address_read() {
        let seed = Seed::parse(SEED).expect("a seed");
        let address = seed.to_otpauth("ann", "123456789012");
        assert_eq!(Seed::parse(address.expose()).expect("an address").to_base32().expose(), SEED);
        assert!(address.expose().starts_with("otpauth://totp/AWS:ann@123456789012?secret="), "{}", address.expose());
        assert!(seed.to_otpauth("a+b=c,d", "1").expose().contains("AWS:a%2Bb%3Dc%2Cd@1?"));
    }

    #[test]
    fn a_seed_on_the_command_line_is_recognised_and_an_access_key_id_is_not() {
        for (text, is_seed) in
            [(SEED, true), ("otpauth://totp/x?secret=y", true), ("AKIAIOSFODNN7EXAMPLE", false), ("work", false)]
        {
            assert_eq!(looks_like_seed(text), is_seed, "{text}");
        }
    }

    #[test]
    fn steps_end_on_the_half_minute() {
        for (unix, step, left) in [(0, 0, 30), (29, 0, 1), (30, 1, 30), (59, 1, 1)] {
            let time = Timestamp::from_unix(unix);
            assert_eq!((step_at(time), seconds_left(time)), (step, left));
        }
        let seed = Seed::parse(SEED).expect("a seed");
        assert_eq!(seed.step_of(&seed.code(1_003), 1_000, 5), Some(1_003));
        assert_eq!(seed.step_of(&seed.code(1_003), 1_000, 2), None);
    }
}
