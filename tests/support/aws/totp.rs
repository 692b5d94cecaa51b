//! RFC 6238 as AWS's virtual MFA devices use it: SHA-1, six digits, steps of 30 s, seeds in base32.

use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Seconds a code is shown for.
pub const STEP: i64 = 30;

/// The code a device with this base32 seed shows in this step (Unix time / 30).
pub fn code(seed: &str, step: i64) -> String {
    let key = decode_base32(seed).expect("a seed is base32");
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes([digest[offset], digest[offset + 1], digest[offset + 2], digest[offset + 3]]);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

pub const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn decode_base32(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.trim_end_matches('=').bytes() {
        let value = BASE32.iter().position(|letter| *letter == byte)?;
        bits = (bits << 5) | u32::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// RFC 6238, appendix B, the SHA-1 rows cut to six digits.
#[test]
fn the_codes_are_those_of_the_rfc() {
    let seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for (time, expected) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
        assert_eq!(code(seed, time / STEP), expected);
    }
}
