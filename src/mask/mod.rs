//! Secrets told by their form and by their name, and masked wherever a value or a line is shown. Pure.
//!
//! One mechanism for `show`, `--diff`, `doctor`, warnings, errors, questions and JSON. AWS documents no grammar for a secret
//! access key; all that were ever seen have 40 characters of base64. Masking too much costs a look into the file, masking
//! too little a key: in doubt, it is masked.

mod form;
mod name;
mod scan;

use std::borrow::Cow;
use std::ops::Range;

use scan::Scan;

use crate::sorted;

pub use form::is_access_secret;
pub use name::{distance_within, is_secret_name};

/// What is shown in the place of a secret.
pub const MASK: &str = "****";
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
    sorted::sort_by_key(&mut spans, |span| span.start);
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
