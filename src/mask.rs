//! Secrets told by their form and by their name, and masked wherever a value or a line is shown. Pure.
//!
//! One mechanism for `show`, `--diff`, `doctor`, warnings, errors, questions and JSON. AWS documents no grammar for a secret
//! access key; all that were ever seen have 40 characters of base64. Masking too much costs a look into the file, masking
//! too little a key: in doubt, it is masked.

use std::borrow::Cow;
use std::ops::Range;

/// What is shown in the place of a secret.
pub const MASK: &str = "****";

/// How many characters a secret access key has.
const SECRET_LENGTH: usize = 40;

/// Masks what is a secret in any text: by its form, and where a name says so right before it (`token=…`, `--token …`,
/// `"token": "…"`, `user:…@host`).
pub fn text(text: &str) -> Cow<'_, str> {
    masked(text, Scan::new(text).found(false))
}

/// Most characters of what another program said that are repeated.
const MOST_WORDS: usize = 200;

/// The start of what somebody else said, in one line, without what could be a secret or move a terminal's cursor.
pub fn in_one_line(words: &str) -> String {
    // Security: masked before it is cut, since the beginning of a secret does not look like one.
    let line: Vec<String> = text(words).split_whitespace().map(str::to_owned).collect();
    line.join(" ").chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect()
}

/// Masks the user and password in what should be a URL, and may not be one.
pub fn address(text: &str) -> Cow<'_, str> {
    match text.rsplit_once('@') {
        Some((_, host)) => Cow::Owned(format!("{MASK}@{host}")),
        None => Cow::Borrowed(text),
    }
}

/// Masks what is a secret in lines of a config file, comments and remains of keys included. After a name that is a
/// secret's, the rest of the line goes, and the indented lines below it, which continue its value. The number of lines stays.
pub fn lines(text: &str) -> Cow<'_, str> {
    let scan = Scan::new(text);
    let mut found = scan.found(true);
    found.extend(scan.continued(true));
    masked(text, found)
}

/// Masks the value of a setting: all of it by the setting's name, else what in it has the form of a secret.
pub fn value<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    match is_secret_name(name) && !value.trim().is_empty() {
        true => Cow::Borrowed(MASK),
        false => {
            let scan = Scan::new(value);
            let mut found = scan.found(true);
            found.extend(scan.continued(false));
            masked(value, found)
        }
    }
}

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

/// Whether a word has the form of a secret access key: 40 characters of base64 that are no commit hash and no path.
pub fn is_access_secret(word: &str) -> bool {
    word.len() == SECRET_LENGTH && word.bytes().all(is_base64) && looks_random(word.as_bytes(), WORDS)
}

/// Whether a line holds the secret of an access key: by its form, or by the name before it.
pub fn holds_access_secret(line: &str) -> bool {
    let scan = Scan::new(line);
    scan.runs().iter().any(|run| is_access_secret(run.decoded.trim_end_matches('=')))
        || scan.named(true).iter().any(|(name, value)| {
            let squeezed: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let is_aws = strsim::damerau_levenshtein(&squeezed.to_ascii_lowercase(), "awssecretaccesskey") <= 6;
            is_aws && line[value.clone()].trim_matches(['"', '\'', ' ']).len() >= 16
        })
}

fn masked(text: &str, mut spans: Vec<Range<usize>>) -> Cow<'_, str> {
    spans.retain(|span| !span.is_empty());
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    spans.sort_by_key(|span| span.start);
    let (mut shown, mut from) = (String::with_capacity(text.len()), 0);
    for span in spans {
        if span.start >= from {
            shown.push_str(&text[from..span.start]);
            shown.push_str(MASK);
        }
        from = from.max(span.end);
    }
    shown.push_str(&text[from..]);
    Cow::Owned(shown)
}

/// As few of these pieces as are a secret together.
fn secret_in_pieces(pieces: &[&Run]) -> Vec<Range<usize>> {
    let is_secret = |pieces: &[&Run]| {
        let whole: String = pieces.iter().map(|run| run.decoded.as_str()).collect();
        looks_random(whole.trim_end_matches('=').as_bytes(), WORDS)
    };
    let mut pieces = pieces;
    if pieces.len() < 2 || !is_secret(pieces) {
        return Vec::new();
    }
    while let [_, rest @ ..] = pieces
        && is_secret(rest)
    {
        pieces = rest;
    }
    while let [rest @ .., _] = pieces
        && is_secret(rest)
    {
        pieces = rest;
    }
    pieces.iter().map(|run| run.span.clone()).collect()
}

/// A stretch of characters that could all belong to a secret; `decoded` has `%2F` and `\/` as one character.
struct Run {
    span: Range<usize>,
    decoded: String,
}

struct Scan<'t> {
    text: &'t str,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Self {
        Scan { text }
    }

    fn found(&self, whole_lines: bool) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self.named(whole_lines).into_iter().map(|(_, value)| value).collect();
        for run in self.runs() {
            let (least, in_arn) = if self.is_in_arn(run.span.start) { (WORDS_IN_ARN, true) } else { (WORDS, false) };
            let bytes = run.decoded.trim_end_matches('=').as_bytes();
            if looks_random(bytes, least) || !in_arn && (is_short_token(bytes) || is_seed(bytes) || is_long_hex(bytes))
            {
                found.push(run.span);
            }
        }
        found.extend(self.tokens());
        found.extend(self.passwords_in_urls());
        found
    }

    /// The pieces of what is a secret only if a value's lines are read as one. In a file a value goes on in indented lines; in
    /// a value alone every line is one of its own.
    fn continued(&self, only_indented: bool) -> Vec<Range<usize>> {
        if !self.text.contains('\n') {
            return Vec::new();
        }
        let runs = self.runs();
        let (mut found, mut pieces): (Vec<Range<usize>>, Vec<&Run>) = (Vec::new(), Vec::new());
        let (mut start, mut named_above) = (0, None);
        for line in self.text.split_inclusive('\n') {
            let whole = line.trim_end_matches(['\n', '\r']);
            let content = whole.trim();
            let at = start + whole.len() - whole.trim_start().len();
            let goes_on = !content.is_empty() && (!only_indented || at > start);
            let depth = at - start;
            match named_above.filter(|above| only_indented && depth > *above) {
                Some(_) => found.push(at..at + content.len()),
                // A comment has no lines below it.
                None => {
                    let is_comment = content.starts_with(['#', ';']);
                    named_above = self.named_line(start, whole).map(|_| depth).filter(|_| !is_comment);
                }
            }
            let first = runs.iter().find(|run| run.span.start == at).filter(|_| goes_on);
            let is_whole = first.is_some_and(|run| run.span.len() == content.len());
            match first {
                Some(run) if !pieces.is_empty() => pieces.push(run),
                Some(_) | None => {}
            }
            if !is_whole || pieces.is_empty() {
                found.extend(secret_in_pieces(&pieces));
                // It may begin at the end of this line.
                pieces = runs.iter().filter(|run| run.span.end == at + content.len() && !content.is_empty()).collect();
            }
            start += line.len();
        }
        found.extend(secret_in_pieces(&pieces));
        found
    }

    /// The stretches of base64.
    fn runs(&self) -> Vec<Run> {
        let bytes = self.text.as_bytes();
        let (mut runs, mut at): (Vec<Run>, usize) = (Vec::new(), 0);
        let mut open: Option<Run> = None;
        while at < bytes.len() {
            let escaped = match &bytes[at..] {
                [b'%', high, low, ..] => match [high.to_ascii_uppercase(), low.to_ascii_uppercase()] {
                    [b'2', b'F'] => Some(('/', 3)),
                    [b'2', b'B'] => Some(('+', 3)),
                    [b'3', b'D'] => Some(('=', 3)),
                    _ => None,
                },
                [b'\\', b'/', ..] => Some(('/', 2)),
                [byte, ..] if is_base64(*byte) || *byte == b'=' => Some((char::from(*byte), 1)),
                _ => None,
            };
            match escaped {
                Some((decoded, width)) => {
                    let run = open.get_or_insert_with(|| Run { span: at..at, decoded: String::new() });
                    run.decoded.push(decoded);
                    at += width;
                    run.span.end = at;
                }
                None => {
                    runs.extend(open.take());
                    at += 1;
                }
            }
        }
        runs.extend(open);
        // `name=value` is no base64: `=` is at its end alone.
        runs.into_iter().flat_map(without_name).collect()
    }

    /// Whether this place is in the resource of an ARN: those are long, and have digits in their names.
    fn is_in_arn(&self, at: usize) -> bool {
        let before = &self.text[..at];
        let start = before.rfind(|c: char| c.is_whitespace() || "\"'`,=(".contains(c)).map_or(0, |at| at + 1);
        before.get(start..).is_some_and(|token| token.starts_with("arn:"))
    }

    /// Session tokens and other tools' tokens: long, or with a known beginning.
    fn tokens(&self) -> Vec<Range<usize>> {
        let is_part = |byte: u8| is_base64(byte) || matches!(byte, b'-' | b'_' | b'.' | b'=' | b'%');
        let bytes = self.text.as_bytes();
        let (mut found, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let length = bytes[at..].iter().take_while(|byte| is_part(**byte)).count();
            if length == 0 {
                at += 1;
                continue;
            }
            let word = &self.text[at..at + length];
            for (start, _) in BEGINNINGS.iter().filter_map(|beginning| word.find(beginning).map(|at| (at, beginning))) {
                let is_start = start == 0 || !word.as_bytes()[start - 1].is_ascii_alphanumeric();
                if is_start && word.len() - start >= 20 {
                    found.push(at + start..at + length);
                }
            }
            let is_long = length >= 100 && !self.is_in_arn(at) && !word.contains("://");
            if is_long && looks_random(word.as_bytes(), WORDS) {
                found.push(at..at + length);
            }
            at += length;
        }
        found
    }

    /// `user:password@` in an address.
    fn passwords_in_urls(&self) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for (at, _) in self.text.match_indices("://") {
            let start = at + 3;
            let rest = &self.text[start..];
            let end = rest.find(|c: char| c.is_whitespace() || "/?#\"'`<>".contains(c)).unwrap_or(rest.len());
            let Some(sign) = rest[..end].rfind('@') else { continue };
            match rest[..sign].find(':') {
                Some(colon) => found.push(start + colon + 1..start + sign),
                None if sign >= 16 => found.push(start..start + sign),
                None => {}
            }
        }
        found
    }

    /// Every secret that a name before it tells, with the name. In lines of a file it is all that follows.
    fn named(&self, whole_lines: bool) -> Vec<(&'t str, Range<usize>)> {
        let (mut found, mut start) = (Vec::new(), 0);
        for line in self.text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            match self.named_line(start, content).filter(|_| whole_lines) {
                Some(whole) => found.push(whole),
                None => self.named_words(start..start + content.len(), whole_lines, &mut found),
            }
            start += line.len();
        }
        found
    }

    /// `name = value` and `name: value`, the name in several words, behind `#` or `export`.
    fn named_line(&self, start: usize, line: &'t str) -> Option<(&'t str, Range<usize>)> {
        let at = line.find(['=', ':'])?;
        let name = &line[..at];
        let value = line[at + 1..].trim_start();
        let is_named = !value.is_empty() && !value.starts_with("//") && is_secret_name(name);
        is_named.then(|| (name, start + line.len() - value.len()..start + line.len()))
    }

    fn named_words(&self, line: Range<usize>, whole_lines: bool, found: &mut Vec<(&'t str, Range<usize>)>) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let mut at = line.start;
        while let Some(start) = self.text[at..line.end].find(is_name).map(|start| at + start) {
            let end = self.text[start..line.end].find(|c| !is_name(c)).map_or(line.end, |end| start + end);
            let name = &self.text[start..end];
            at = end;
            // The cheap question first.
            if let Some(value) = value_after(self.text, name, end..line.end, whole_lines)
                && is_secret_name(name)
            {
                at = value.end.max(end);
                found.push((name, value));
            }
        }
    }
}

/// The value after a name, in the rest of its line.
fn value_after(text: &str, name: &str, rest: Range<usize>, whole_lines: bool) -> Option<Range<usize>> {
    let is_blank = |c: char| c == ' ' || c == '\t';
    let line_end = rest.end;
    let rest = &text[rest];
    // A quote after the name is JSON's, or closes the name of a message.
    let unquoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let quoted = unquoted.len() < rest.len();
    let spaced = unquoted.trim_start_matches(is_blank);
    let value = if let Some(value) = spaced.strip_prefix(['=', ':']) {
        let value = value.trim_start_matches(is_blank);
        let is_adjacent = spaced.starts_with('=') && spaced.len() == unquoted.len() || value.starts_with(['"', '\'']);
        if !whole_lines && !is_adjacent || value.is_empty() {
            return None;
        }
        value
    } else if name.starts_with("--") && !quoted && spaced.len() < unquoted.len() && !spaced.starts_with(['-', '<', '['])
    {
        // An option's value is the next word.
        let start = line_end - spaced.len();
        return Some(start..start + word_length(spaced));
    } else if let (true, Some(value)) = (whole_lines, spaced.strip_prefix("is ")) {
        value
    } else {
        return None;
    };
    let start = line_end - value.len();
    let end = if whole_lines { line_end } else { start + word_length(value) };
    Some(start..end)
}

/// The length of a word, quotes of its own included.
fn word_length(text: &str) -> usize {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return text[1..].find(quote).map_or(text.len(), |end| end + 2);
    }
    text.find(|c: char| c.is_whitespace() || "\"'`&\\".contains(c)).unwrap_or(text.len())
}

/// The parts of a run between signs of equality that are not at its end.
fn without_name(run: Run) -> Vec<Run> {
    let content = run.decoded.trim_end_matches('=').len();
    let Some(_) = run.decoded[..content].rfind('=') else { return vec![run] };
    // The same characters, each of a width; only plain signs split, so that what is encoded stays whole.
    let Run { span, decoded } = run;
    match span.len() == decoded.len() {
        false => vec![Run { span, decoded }],
        true => {
            let mut parts = Vec::new();
            let mut start = 0;
            for part in decoded.split('=') {
                if !part.is_empty() {
                    parts.push(Run {
                        span: span.start + start..span.start + start + part.len(),
                        decoded: part.to_owned(),
                    });
                }
                start += part.len() + 1;
            }
            parts
        }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// At least so many words in 40 characters are a secret, and not a path or a name: a random text has twice as many.
const WORDS: usize = 10;
/// In the resource of an ARN, which ends in digits and letters that CloudFormation made up.
const WORDS_IN_ARN: usize = 12;

/// Whether some 40 characters in a row are random: letters of both cases, and many changes between them.
fn looks_random(bytes: &[u8], least: usize) -> bool {
    bytes.windows(SECRET_LENGTH).any(|window| {
        let has = |is: fn(&u8) -> bool| window.iter().any(is);
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && words(window) >= least
    })
}

/// A token of 30 to 39 characters, shorter than a secret key and more random than any name.
fn is_short_token(bytes: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| bytes.iter().filter(|byte| is(byte)).count();
    (30..SECRET_LENGTH).contains(&bytes.len())
        && [u8::is_ascii_uppercase, u8::is_ascii_lowercase, u8::is_ascii_digit].iter().all(|is| count(*is) >= 3)
        && words(bytes) * 5 >= bytes.len() * 2
}

/// The seed of an MFA device: base32 of 20 bytes or more.
fn is_seed(bytes: &[u8]) -> bool {
    bytes.len() >= 32
        && bytes.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'))
        && bytes.iter().any(u8::is_ascii_digit)
}

/// A secret in hexadecimal; a SHA-256 has 64 digits.
fn is_long_hex(bytes: &[u8]) -> bool {
    bytes.len() >= 72 && bytes.iter().all(u8::is_ascii_hexdigit)
}

/// How many words a text has, as in `MyRole2` (3): an upper case letter begins one with the lower case letters after it.
fn words(bytes: &[u8]) -> usize {
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
const BEGINNINGS: [&str; 16] = [
    "AGE-SECRET-KEY-", "eyJ", "ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "hvs.", "npm_", "pypi-", "sk-",
    "sk_live_", "xoxb-", "xoxp-", "IQoJb3Jp",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    #[test]
    fn names_of_secrets_are_known_in_any_spelling_and_those_about_secrets_are_not() {
        for name in [
            "aws_secret_access_key", "AWS_SECRET_KEY", "aws_secret_acess_key", "aws_secert_access_key",
            "aws_scret_access_key", "AWSSecretKey", "secret_key", "SecretAccessKey", "Password", "passwd", "db_pwd",
            "smtp_pass", "token", "api_token", "sessionToken", "aws_session_tokn", "github-token", "--token",
            "client_secret", "apiKey", "passphrase", "secret", "keyfob_aws_secret_access_key",
            "export AWS_SECRET_ACCESS_KEY", "# aws secret access key", "awssecretaccesskey",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "region", "web_identity_token_file", "web_identity_token_process", "compass", "bypass",
            "aws_access_key_id", "key", "keyfob_private_key", "passphrase_command", "--show-secret", "mfa_serial",
            "secret_arn", "", "broken", "--minimum-password-length", "--max-password-age",
            "--password-reuse-prevention",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_has_the_form_of_a_secret_is_masked_and_what_is_long_for_another_reason_is_not() {
        let encoded = SECRET.replace('/', "%2F");
        for secret in [SECRET, &encoded, &SECRET.replace('/', "\\/"), "ghp_abcdefghijklmnopqrstuvwxyz0123456789"] {
            for (before, after) in
                [("", ""), ("x", "y"), ("a/b/", ""), ("'", "'"), ("k:", ";"), ("--x=", " --y"), ("?a=", "&b=c")]
            {
                let whole = format!("{before}{secret}{after} end");
                if before == "x" && secret.starts_with("ghp") {
                    continue;
                }
                let shown = text(&whole);
                assert!(!shown.contains(secret) && shown.ends_with(" end") && shown.contains(MASK), "{whole}: {shown}");
            }
        }
        for plain in [
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "arn:aws:iam::123456789012:role/CdkStack-CustomS3AutoDeleteObjectsCustomResourceProviderRole3B1BD092-LEY6Q3X9ZJ2A",
            "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
            "/Users/ann/Library/Application/Support/Company/bin/getcreds --profile AnnSmith",
            "/opt/corporation/bin/get-credentials/with/a/very/long/path/to/somewhere",
            "AKIAIOSFODNN7EXAMPLE",
            "arn:aws:iam::123456789012:mfa/ann-phone",
            "https://d-9067000000.awsapps.com/start",
            "ssh://git@host/path",
            "keyfob mfa enroll work --show-secret --store",
            "the session token: it has ended",
            "`web_identity_token_file=/var/run/token`",
            "GetSessionToken",
            "pass --token-file x",
            "usage: `x --password <PASSWORD>`",
        ] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn a_name_before_it_tells_a_secret_of_any_form() {
        for (whole, expected) in [
            ("run get --token abc123 --region x", "run get --token **** --region x"),
            ("run get --token 'abc 123' -x", "run get --token **** -x"),
            ("`password=hunter2` is ignored", "`password=****` is ignored"),
            ("{\"SecretAccessKey\": \"abc\", \"x\": 1}", "{\"SecretAccessKey\": ****, \"x\": 1}"),
            ("https://ann:hunter2@host/x", "https://ann:****@host/x"),
            ("https://x/?token=abc&y=z", "https://x/?token=****&y=z"),
        ] {
            assert_eq!(text(whole), expected);
        }
        for (whole, expected) in [
            ("password = hunter2 # mine", "password = ****"),
            ("  Secret_Key: a b c\r\n# x\r\n", "  Secret_Key: ****\r\n# x\r\n"),
            ("; export AWS_SECRET_ACCESS_KEY=\"abc\"\n", "; export AWS_SECRET_ACCESS_KEY=****\n"),
            ("# my password is hunter2", "# my password is ****"),
            ("credential_process = sh -c 'TOKEN=abc get'", "credential_process = sh -c 'TOKEN=****"),
            ("token =\nregion = x", "token =\nregion = x"),
        ] {
            assert_eq!(lines(whole), expected);
        }
    }

    #[test]
    fn a_secret_in_a_value_of_several_lines_is_masked_wherever_the_lines_end() {
        for cut in 1..SECRET.len() {
            let (one, other) = SECRET.split_at(cut);
            let in_value = format!("x\n{one}\n{other}");
            assert_eq!(value("note", &in_value), "x\n****\n****", "{in_value}");
            let in_file = format!("[a]\nnote = {one}\r\n\t{other} # mine\nregion = x\n");
            assert_eq!(lines(&in_file), "[a]\nnote = ****\r\n\t**** # mine\nregion = x\n", "{in_file}");
        }
        let thirds = format!("a = {}\n  {}\n  {}\nb = 1\n", &SECRET[..10], &SECRET[10..30], &SECRET[30..]);
        assert_eq!(lines(&thirds), "a = ****\n  ****\n  ****\nb = 1\n");
        let named = "api_token = abc\n  def\n\tghi\nregion = x\n  y\n";
        assert_eq!(lines(named), "api_token = ****\n  ****\n\t****\nregion = x\n  y\n");
        for plain in [
            "s3 =\n  api_token_file = a\n  max_queue_size = 10\n# the tokens are below\n  region = x\n",
            "[profile a]\ns3 =\n  max_queue_size = 10\n  addressing_style = path\nregion = eu-west-1\n",
            "a = /opt/corporation/bin/getcreds\n  --profile AnnSmith\n  --region eu-west-1\n",
            "role_arn = arn:aws:iam::123456789012:role/PlatformAdministrators\nsource_profile = MyCompanyBaseProfile\n",
        ] {
            assert_eq!(lines(plain), plain);
        }
    }

    #[test]
    fn a_secret_access_key_is_told_from_a_commit_hash_and_a_path() {
        assert!(is_access_secret(SECRET));
        for other in [
            "work",
            "AKIAIOSFODNN7EXAMPLE",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "/opt/corporation/bin/get-the-credentials",
            "/Users/ann/Library/Application/bin/tools",
        ] {
            assert!(!is_access_secret(other), "{other}");
        }
        for line in [
            &format!("AWSSecretKey = {SECRET}"),
            &format!("# aws_secret_access_key={SECRET}"),
            "export AWS_SECRET_ACCESS_KEY=\"not of its usual form\"",
            &format!("x: {SECRET}"),
        ] {
            assert!(holds_access_secret(line), "{line}");
        }
        for line in ["aws_session_token = FwoGZXIvYXdzEJr", "secret = short", "[profile x]", "# see the secret store"] {
            assert!(!holds_access_secret(line), "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_random_secret_is_masked_wherever_it_is(
            secret in "[A-Za-z0-9/+]{40}", before in "[ -~]{0,12}[^A-Za-z0-9%]|", after in "[^A-Za-z0-9][ -~]{0,12}|",
        ) {
            let whole = format!("{before}{secret}{after}");
            for shown in [text(&whole), lines(&whole), value("name", &whole)] {
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
            prop_assert_eq!(lines(&whole).lines().count(), whole.lines().count());
        }
    }
}
