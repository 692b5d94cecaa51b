//! What has the form of a secret. Pure.

/// How many characters a secret access key has.
pub(super) const SECRET_LENGTH: usize = 40;
/// Whether a word has the form of a secret access key: 40 characters of base64 that are no commit hash and no path.
pub fn is_access_secret(word: &str) -> bool {
    word.len() == SECRET_LENGTH && word.bytes().all(is_base64) && looks_random(word.as_bytes(), WORDS)
}
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// At least so many words in 40 characters are a secret, and not a path or a name: a random text has twice as many.
pub(super) const WORDS: usize = 10;
/// In the resource of an ARN, which ends in digits and letters that CloudFormation made up.
pub(super) const WORDS_IN_ARN: usize = 12;

/// Whether some 40 characters in a row are random: letters of both cases, and many changes between them.
pub(super) fn looks_random(bytes: &[u8], least: usize) -> bool {
    bytes.windows(SECRET_LENGTH).any(|window| {
        let has = |is: fn(&u8) -> bool| window.iter().any(is);
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && words(window) >= least
    })
}

/// A token of 30 to 39 characters, shorter than a secret key and more random than any name.
pub(super) fn is_short_token(bytes: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| bytes.iter().filter(|byte| is(byte)).count();
    (30..SECRET_LENGTH).contains(&bytes.len())
        && [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit].iter().all(|is| count(*is) >= 3)
        && words(bytes) * 5 >= bytes.len() * 2
}

/// The seed of an MFA device: base32 of 20 bytes or more.
pub(super) fn is_seed(bytes: &[u8]) -> bool {
    bytes.len() >= 32
        && bytes.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
        && bytes.iter().any(u8::is_ascii_digit)
}

/// A secret in hexadecimal; a SHA-256 has 64 digits.
pub(super) fn is_long_hex(bytes: &[u8]) -> bool {
    bytes.len() >= 72 && bytes.iter().all(u8::is_ascii_hexdigit)
}

/// How many words a text has, as in `MyRole2` (3): an upper case letter begins one with the lower case letters after it.
pub(super) fn words(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut before = b'/';
    for (index, byte) in bytes.iter().enumerate() {
        let begins = match byte {
            b'A'..=b'Z' => !before.is_ascii_uppercase() || bytes.get(index + 1).is_some_and(u8::is_ascii_lowercase),
            b'a'..=b'z' => !before.is_ascii_alphabetic(),
            b'0'..=b'9' => !before.is_ascii_digit(),
            _ => false,
        };
        count += usize::from(begins);
        before = *byte;
    }
    count
}

/// How tokens of well-known programs begin.
pub(super) const BEGINNINGS: [&str; 16] = [
    "AGE-SECRET-KEY-", "eyJ", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "hvs.", "npm_", "pypi-", "sk-",
    "sk_live_", "xoxb-", "xoxp-", "IQoJb3Jp",
];
