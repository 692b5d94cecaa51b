//! Reads an access key from what people have: two lines, the console's CSV files, this shell's variables. Pure.

mod csv_file;

use serde::Deserialize;

use crate::credentials::{AccessKey, AccessKeyId, InvalidAccessKeyId};
use crate::secret::Secret;
use crate::sys::env::{Environment, vars};

pub use csv_file::from_csv;

/// Why an input holds no access key that can be stored. No variant repeats the input: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The id is none, or a temporary key's.
    #[error(transparent)]
    Id(#[from] InvalidAccessKeyId),
    /// Each stands where the other should.
    #[error("the access key id and the secret access key are swapped")]
    Swapped,
    #[error("the secret access key is empty")]
    NoSecret,
    /// The secret has blanks before or after it, or a quote round it.
    #[error("the secret access key has spaces or quotes around it")]
    PaddedSecret,
    /// Too short, too long, or with characters no secret has.
    #[error("a secret access key has 40 characters: letters, digits, `/` and `+`")]
    MalformedSecret,
    /// `--stdin` with fewer or more lines.
    #[error("expected two lines, the access key id and the secret access key, but got {0}")]
    Lines(usize),
    /// A session token beside the key.
    #[error("`{0}` is set, so the key in the environment is temporary; only long-term keys can be stored")]
    SessionToken(&'static str),
    /// A variable is not set.
    #[error("`{0}` is not set")]
    NoVariable(&'static str),
    /// `--stdin` begins as JSON does.
    #[error("it is not the JSON of `aws iam create-access-key`")]
    NotJson,
    /// Bytes that are no text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// The CSV file has no header, or nothing at all.
    #[error("it is empty")]
    EmptyCsv,
    #[error("it has no column `{0}`")]
    NoColumn(&'static str),
    #[error("it contains a console password, but no access key")]
    PasswordOnly,
    #[error("line {line} has no {what}")]
    NoField {
        /// Counted from 1.
        line: u64,
        what: &'static str,
    },
    /// A row the CSV grammar does not allow.
    #[error("line {0} is not valid CSV")]
    NotCsv(u64),
    /// A header and nothing below it.
    #[error("it contains no access key")]
    NoRows,
    #[error("it contains {0} access keys, but a profile can have only one")]
    SeveralKeys(usize),
}

/// Puts a pair together, after every check that needs no network; one of another service than AWS too, whose secret may be
/// anything.
///
/// The secret is checked loosely, 40 to 128 of the base64 alphabet: AWS documents no grammar for it.
///
/// # Errors
/// As [`InputError`] tells.
pub fn from_pair(id: &str, secret: Secret) -> Result<AccessKey, InputError> {
    let id = match id.trim().parse::<AccessKeyId>() {
        Ok(id) => id,
        Err(_) if secret.expose().trim().parse::<AccessKeyId>().is_ok() => return Err(InputError::Swapped),
        Err(problem) => AccessKeyId::of_other_service(id.trim()).ok_or(problem)?,
    };
    let text = secret.expose();
    if text.trim().is_empty() {
        return Err(InputError::NoSecret);
    }
    if text.starts_with(is_padding) || text.ends_with(is_padding) {
        return Err(InputError::PaddedSecret);
    }
    if id.is_of_aws() && (!(40..=128).contains(&text.len()) || !text.bytes().all(is_secret_byte)) {
        return Err(InputError::MalformedSecret);
    }
    Ok(AccessKey { id, secret })
}

fn is_padding(c: char) -> bool {
    c.is_whitespace() || c == '"' || c == '\''
}

fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b'=')
}

/// Reads `--stdin`: two lines, the id and the secret, the second's line end may be missing; or what people have instead: the
/// JSON of `aws iam create-access-key`, `name = value` lines of a credentials file, `export NAME=VALUE` lines, the console's file.
///
/// # Errors
/// As [`from_pair`], and [`InputError::Lines`].
pub fn from_lines(input: &[u8]) -> Result<AccessKey, InputError> {
    let text = std::str::from_utf8(input).map_err(|_| InputError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('{') {
        return from_json(text);
    }
    if let Some(key) = from_settings(text) {
        return key;
    }
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    match lines.as_slice() {
        // The console's file.
        [header, _, ..] if header.contains(',') => from_csv(input),
        [id, secret] => {
            let secret = secret.strip_suffix('\r').unwrap_or(secret);
            from_pair(id, Secret::new(secret.to_owned()))
        }
        lines if text.trim().is_empty() => Err(InputError::Lines(lines.len() - 1)),
        // Both in one line, as a terminal takes them too.
        lines => match text.trim().split_once([' ', '\t', ',']) {
            Some((id, secret)) if lines.len() == 1 && id.parse::<AccessKeyId>().is_ok() => {
                from_pair(id, Secret::new(secret.trim_start_matches([' ', '\t', ',']).to_owned()))
            }
            _ => Err(InputError::Lines(lines.len())),
        },
    }
}

/// `{"AccessKey": {"AccessKeyId": …, "SecretAccessKey": …}}`, or what is in it alone.
fn from_json(text: &str) -> Result<AccessKey, InputError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Key {
        access_key_id: String,
        secret_access_key: Secret,
        session_token: Option<Secret>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Json {
        Whole {
            #[serde(rename = "AccessKey")]
            key: Key,
        },
        Key(Key),
    }
    // The parser's own words could show a piece of the secret.
    let (Json::Whole { key } | Json::Key(key)) = serde_json::from_str(text).map_err(|_| InputError::NotJson)?;
    match key.session_token {
        Some(_) => Err(InputError::SessionToken("SessionToken")),
        None => from_pair(&key.access_key_id, key.secret_access_key),
    }
}

/// Lines of a credentials file or a shell; none if no line names a part of a key.
fn from_settings(text: &str) -> Option<Result<AccessKey, InputError>> {
    let (mut ids, mut secrets) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';', '['])) {
        let Some((name, value)) = line.split_once(['=', ':']) else { continue };
        let squeezed = |name: &str| -> String {
            name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
        };
        // The console's name is several words; of `export NAME` the last one counts.
        let name = match squeezed(name) {
            whole if ["accesskeyid", "secretaccesskey"].contains(&whole.as_str()) => whole,
            _ => squeezed(name.trim().rsplit([' ', '\t', ':', '$']).next().unwrap_or_default()),
        };
        // PowerShell: `$env:NAME = "VALUE"`.
        let (name, value) = match (name.as_str(), value.split_once('=')) {
            ("env", Some((inner, value))) => (squeezed(inner), value),
            _ => (name, value),
        };
        let value = value.trim().trim_end_matches(';').trim();
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        let value = quoted.unwrap_or(value);
        match name.as_str() {
            "awsaccesskeyid" | "accesskeyid" => ids.push(value),
            "awssecretaccesskey" | "secretaccesskey" | "awssecretkey" => secrets.push(value),
            "awssessiontoken" | "sessiontoken" | "awssecuritytoken" if !value.is_empty() => {
                return Some(Err(InputError::SessionToken("aws_session_token")));
            }
            _ => {}
        }
    }
    match (ids.as_slice(), secrets.as_slice()) {
        ([], []) => None,
        ([id], [secret]) => Some(from_pair(id, Secret::new((*secret).to_owned()))),
        ([_, _, ..], _) | (_, [_, _, ..]) => Some(Err(InputError::SeveralKeys(ids.len().max(secrets.len())))),
        ([], _) | (_, []) => Some(Err(InputError::Lines(1))),
    }
}

/// Reads `--env`: the key in this shell's variables.
///
/// # Errors
/// As [`from_pair`], and where a variable is missing or a session token stands beside them.
pub fn from_environment(env: &Environment) -> Result<AccessKey, InputError> {
    for token in [vars::AWS_SESSION_TOKEN, vars::AWS_SECURITY_TOKEN] {
        if env.get(token).is_some() {
            return Err(InputError::SessionToken(token));
        }
    }
    let variable = |name| env.get(name).ok_or(InputError::NoVariable(name));
    let secret = variable(vars::AWS_SECRET_ACCESS_KEY)?;
    from_pair(variable(vars::AWS_ACCESS_KEY_ID)?, Secret::new(secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn pair(id: &str, secret: &str) -> Result<(), InputError> {
        from_pair(id, Secret::new(secret.into())).map(|_| ())
    }

    #[test]
    fn only_a_well_formed_long_term_pair_is_taken() {
        assert_eq!(pair(ID, SECRET), Ok(()));
        assert_eq!(pair(" AKIAIOSFODNN7EXAMPLE\t", SECRET), Ok(()), "an id is no secret and may be trimmed");
        assert_eq!(pair(SECRET, ID), Err(InputError::Swapped));
        assert_eq!(pair("ASIAIOSFODNN7EXAMPLE", SECRET), Err(InputError::Id(InvalidAccessKeyId::Temporary)));
        assert_eq!(pair("AIDAIOSFODNN7EXAMPLE", SECRET), Err(InputError::Id(InvalidAccessKeyId::Malformed)));
        assert_eq!(pair(SECRET, SECRET), Err(InputError::Id(InvalidAccessKeyId::Malformed)));
        assert_eq!(pair("test", "test"), Ok(()), "LocalStack's");
        assert_eq!(pair("test", ""), Err(InputError::NoSecret));
        assert_eq!(pair(ID, ""), Err(InputError::NoSecret));
        assert_eq!(pair(ID, "  "), Err(InputError::NoSecret));
        for padded in [format!(" {SECRET}"), format!("{SECRET}\t"), format!("\"{SECRET}\"")] {
            assert_eq!(pair(ID, &padded), Err(InputError::PaddedSecret));
        }
        for malformed in [&SECRET[1..], "not a secret but a sentence of forty chars", &SECRET.replace('/', "-")] {
            assert_eq!(pair(ID, malformed), Err(InputError::MalformedSecret), "{malformed}");
        }
    }

    #[test]
    fn standard_input_has_two_lines_with_any_line_end() {
        for input in [format!("{ID}\n{SECRET}"), format!("{ID}\n{SECRET}\n"), format!("{ID}\r\n{SECRET}\r\n")] {
            assert_eq!(from_lines(input.as_bytes()).expect("two lines").secret.expose(), SECRET);
        }
        let lines = |input: &str| from_lines(input.as_bytes()).map(|_| ()).expect_err("not two lines");
        assert_eq!(lines(""), InputError::Lines(0));
        assert_eq!(lines(ID), InputError::Lines(1));
        assert_eq!(lines(&format!("{ID}\n{SECRET}\ntoken\n")), InputError::Lines(3));
        assert_eq!(lines(&format!("{ID}\n{SECRET} \n")), InputError::PaddedSecret);
        assert_eq!(from_lines(b"\xff\xfe").map(|_| ()), Err(InputError::NotText));
    }

    #[test]
    fn standard_input_may_be_what_the_cli_prints_and_what_files_and_shells_have() {
        let forms = [
            format!(
                r#"{{"AccessKey": {{"UserName": "ann", "AccessKeyId": "{ID}", "Status": "Active", "SecretAccessKey": "{SECRET}", "CreateDate": "x"}}}}"#
            ),
            format!("  {{\n \"AccessKeyId\": \"{ID}\", \"SecretAccessKey\": \"{SECRET}\"}}\n"),
            format!("aws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"),
            format!("[work]\r\nregion = x\r\naws_secret_access_key={SECRET}\r\naws_access_key_id={ID}\r\n"),
            format!("export AWS_ACCESS_KEY_ID=\"{ID}\"\nexport AWS_SECRET_ACCESS_KEY='{SECRET}'\n"),
            format!("AWS_ACCESS_KEY_ID={ID}; \nAWS_SECRET_ACCESS_KEY={SECRET};"),
            format!("set AWS_ACCESS_KEY_ID={ID}\r\nset AWS_SECRET_ACCESS_KEY={SECRET}\r\n"),
            format!("$Env:AWS_ACCESS_KEY_ID=\"{ID}\"\n$Env:AWS_SECRET_ACCESS_KEY=\"{SECRET}\"\n"),
            format!("AWSAccessKeyId={ID}\nAWSSecretKey={SECRET}\n"),
            format!("Access key ID: {ID}\nSecret access key: {SECRET}\n"),
            format!("{ID} {SECRET}\n"),
            format!("{ID}\t{SECRET}"),
            format!("{ID}, {SECRET}\r\n"),
            format!("\u{feff}Access key ID,Secret access key\r\n{ID},{SECRET}\r\n"),
        ];
        for form in forms {
            let key = from_lines(form.as_bytes()).unwrap_or_else(|error| panic!("{form}: {error}"));
            assert_eq!((key.id.as_str(), key.secret.expose()), (ID, SECRET), "{form}");
        }
        let refused = [
            (format!("{{\"AccessKeyId\": \"{ID}\"}}"), InputError::NotJson),
            (format!("export AWS_ACCESS_KEY_ID={ID}\n"), InputError::Lines(1)),
            (format!("{ID} {ID}\n"), InputError::MalformedSecret),
            (format!("Access key ID,Secret access key\n{ID},{SECRET}\n{ID},{SECRET}\n"), InputError::SeveralKeys(2)),
            (format!("a\naws_access_key_id = {ID}\naws_access_key_id = {ID}\n"), InputError::SeveralKeys(2)),
            (
                format!("aws_access_key_id={ID}\naws_secret_access_key={SECRET}\naws_session_token=x"),
                InputError::SessionToken("aws_session_token"),
            ),
            (
                format!("{{\"AccessKeyId\": \"{ID}\", \"SecretAccessKey\": \"{SECRET}\", \"SessionToken\": \"x\"}}"),
                InputError::SessionToken("SessionToken"),
            ),
        ];
        for (form, expected) in refused {
            assert_eq!(from_lines(form.as_bytes()).map(|_| ()), Err(expected), "{form}");
        }
    }

    #[test]
    fn the_environment_gives_long_term_keys_alone() {
        let read = |pairs: &[(&str, &str)]| from_environment(&Environment::from_pairs(pairs.iter().copied()));
        let key = [("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        assert_eq!(read(&key).expect("both are set").id.as_str(), ID);
        let with_token = [key[0], key[1], ("AWS_SESSION_TOKEN", "fake")];
        assert_eq!(read(&with_token).map(|_| ()), Err(InputError::SessionToken("AWS_SESSION_TOKEN")));
        assert_eq!(read(&key[..1]).map(|_| ()), Err(InputError::NoVariable("AWS_SECRET_ACCESS_KEY")));
    }
}
