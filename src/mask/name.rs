//! Settings whose names say that they hold a secret. Pure.

/// Whether a setting of this name holds a secret: AWS's, another tool's, or a misspelt one; in any case.
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let Some(last) = words.last() else { return false };
    if ABOUT_SECRETS.contains(last) || words == ["keyfob", "private", "key"] || words.first() == Some(&"show") {
        return false;
    }
    let squeezed = words.concat();
    let near = |word: &str, most: usize| is_near(word, &squeezed, most);
    ["secret", "password", "passwd", "passphrase", "apikey", "privatekey", "authkey", "accountkey"]
        .iter()
        .any(|part| squeezed.contains(part))
        || ["token", "tokens", "pwd", "pass", "jwt", "bearer"]
            .iter()
            .any(|end| squeezed.ends_with(end) && is_word(&lower, end))
        || words.iter().any(|word| {
            let words = [("secret", 1), ("token", 1), ("password", 2), ("passphrase", 2)];
            words.iter().any(|(right, most)| is_near(word, right, *most))
        })
        || near("awssecretaccesskey", 3)
        || near("awssessiontoken", 3)
        || near("secretaccesskey", 2)
        || near("secretkey", 1)
}

/// Whether a word is another but for so many typing errors.
fn is_near(word: &str, right: &str, most: usize) -> bool {
    distance_within(word, right, most).is_some()
}

/// The number of typing errors between two words, if it is at most `most`.
pub fn distance_within(word: &str, right: &str, most: usize) -> Option<usize> {
    // A distance takes long to work out, and a file may have thousands of names. An error changes the counts of two letters.
    if word.is_ascii() && right.is_ascii() {
        let mut counts = [0_i32; 128];
        word.bytes().for_each(|letter| counts[usize::from(letter)] += 1);
        right.bytes().for_each(|letter| counts[usize::from(letter)] -= 1);
        let differences: u32 = counts.iter().map(|count| count.unsigned_abs()).sum();
        if usize::try_from(differences).is_ok_and(|differences| differences > 2 * most) {
            return None;
        }
    }
    Some(strsim::damerau_levenshtein(word, right)).filter(|distance| *distance <= most)
}

/// Ends of names that say where a secret is or how it is made, not what it is.
const ABOUT_SECRETS: [&str; 25] = [
    "age", "length", "prevention", "arn", "backend", "cmd", "command", "duration", "enabled", "endpoint", "expiration",
    "expires", "expiry", "file", "format", "name", "path", "process", "required", "source", "store", "timeout", "ttl",
    "type", "url",
];

/// Whether `end` is a word of its own at the end of a name: of `sessionToken` and `api_token`, not of `compass`.
fn is_word(lower: &str, end: &str) -> bool {
    let before = lower.len() - end.len();
    end.len() >= 5 || before == 0 || !lower.as_bytes()[before - 1].is_ascii_alphanumeric()
}
