//! What somebody pastes as a seed: an `otpauth:` address, base32, or anything else.

use keyfob::totp::{Seed, looks_like_seed};

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    looks_like_seed(text);
    let seed = match Seed::parse(text) {
        Ok(seed) => seed,
        Err(error) => {
            // Security: what could not be read may be a secret with a letter wrong.
            let is_telling = text.len() > 20 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(!is_telling || !error.to_string().contains(text));
            return;
        }
    };
    let base32 = seed.to_base32();
    let again = Seed::parse(base32.expose()).expect("what is shown can be read");
    assert_eq!(again.to_base32().expose(), base32.expose());
    let label: String = text.chars().take(20).collect();
    let address = seed.to_otpauth(&label, "123456789012");
    assert_eq!(Seed::parse(address.expose()).expect("an address").to_base32().expose(), base32.expose());
    for step in [i64::MIN, -1, 0, 1, 57_000_000, i64::MAX] {
        let code = seed.code(step);
        assert!(code.expose().len() == 6 && code.expose().bytes().all(|digit| digit.is_ascii_digit()));
    }
    let code = seed.code(57_000_003);
    let found = seed.step_of(&code, 57_000_000, 5).expect("three steps off");
    assert_eq!(seed.code(found).expose(), code.expose());
}
