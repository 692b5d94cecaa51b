//! The document a `credential_process` prints, written and read: AWS SDKs and Tools Reference Guide, "Process credential
//! provider".

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::{Credentials, Session, check_made};
use crate::secret::{Secret, SecretBytes};
use crate::timestamp::Timestamp;

/// The document. What is not known is left out, never `null` or empty: botocore and the Rust SDK sign with an empty
/// token, and fail on an empty expiration (measured).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

/// Writes `credentials` to `out` as one JSON document and a line end, in one write: nothing, or all of it.
///
/// Long-term keys have no `Expiration`, and SDKs never ask for them again.
///
/// # Errors
/// Where `out` cannot be written; a reader that has gone is `BrokenPipe`.
pub fn write(credentials: &Credentials, mut out: impl Write) -> io::Result<()> {
    // Security: the one place a session leaves as JSON; `out` is stdout.
    let document = Document {
        version: 1,
        access_key_id: credentials.access_key_id(),
        secret_access_key: credentials.secret_access_key().expose(),
        session_token: credentials.session_token().map(super::super::secret::Secret::expose),
        expiration: credentials.expires_at().map(|time| time.to_string()),
        account_id: credentials.account_id(),
    };
    // A buffer that grew would leave its old halves in memory, so it gets its size first.
    let mut buffer = Zeroizing::new(Vec::with_capacity(longest(&document)));
    serde_json::to_writer(&mut *buffer, &document)?;
    buffer.push(b'\n');
    out.write_all(&buffer)?;
    out.flush()
}

/// The document as another program prints it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: Option<serde_json::Value>,
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    session_token: Option<Secret>,
    expiration: Option<String>,
    account_id: Option<serde_json::Value>,
}

/// Reads the document of another program, as botocore and the SDKs for Rust and JavaScript read it (measured).
///
/// An empty token is none, as to the JavaScript SDK; the others would sign with it.
///
/// # Errors
/// What is wrong with it, without a word of it.
pub fn read(output: &SecretBytes, now: Timestamp) -> Result<Credentials, String> {
    let text = output.expose().strip_prefix(b"\xef\xbb\xbf").unwrap_or(output.expose());
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err("it is not a single JSON object".to_owned());
    }
    // Security: the parser's own words may hold a piece of the text.
    let printed: Printed = serde_json::from_slice(text).map_err(|error| match error.is_data() {
        true => "its fields do not have the expected types",
        false => "it is not a single JSON object",
    })?;
    let lacks = |name: &str| format!("it has no `{name}`");
    if printed.version.ok_or_else(|| lacks("Version"))?.as_f64() != Some(1.0) {
        return Err("its `Version` is not the number 1".to_owned());
    }
    let access_key_id = printed.access_key_id.ok_or_else(|| lacks("AccessKeyId"))?;
    let secret_access_key = printed.secret_access_key.ok_or_else(|| lacks("SecretAccessKey"))?;
    if access_key_id.is_empty() || secret_access_key.is_empty() {
        return Err("its `AccessKeyId` or `SecretAccessKey` is empty".to_owned());
    }
    let account_id = match printed.account_id {
        Some(serde_json::Value::String(id)) if !id.is_empty() => Some(id),
        Some(serde_json::Value::Number(id)) => id.as_u64().map(|id| format!("{id:012}")),
        _ => None,
    };
    let session_token = printed.session_token.filter(|token| !token.is_empty());
    check_made(&access_key_id, secret_access_key.expose(), session_token.as_ref().map(Secret::expose))?;
    let Some(expiration) = printed.expiration.filter(|text| !text.trim().is_empty()) else {
        return Ok(Credentials::NoExpiry { access_key_id, secret_access_key, session_token, account_id });
    };
    let expires_at = Timestamp::parse_lenient(&expiration).ok_or("its `Expiration` is not a time with a time zone")?;
    if expires_at <= now {
        return Err(format!("its credentials expired at {expires_at}"));
    }
    let issued_at = now;
    Ok(Credentials::Session(Session {
        access_key_id,
        secret_access_key,
        session_token,
        issued_at,
        expires_at,
        account_id,
    }))
}

/// Names, punctuation and times take less than 256 bytes; a byte of a value takes at most six (`\u001f`).
fn longest(document: &Document) -> usize {
    let values = [
        document.access_key_id,
        document.secret_access_key,
        document.session_token.unwrap_or_default(),
        document.account_id.unwrap_or_default(),
    ];
    256 + 6 * values.iter().map(|value| value.len()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::{AccessKey, Session};
    use crate::secret::Secret;

    fn written(credentials: &Credentials) -> String {
        let mut out = Vec::new();
        write(credentials, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn a_session_is_one_document_with_every_known_field() {
        let session = Credentials::Session(Session {
            access_key_id: "ASIAFAKEFAKEFAKEFAKE".into(),
            secret_access_key: Secret::new("fake/secret+fake".into()),
            session_token: Some(Secret::new("fake\"token==".into())),
            issued_at: Timestamp::from_unix(1_700_000_000),
            expires_at: Timestamp::from_unix(1_700_003_600),
            account_id: Some("012345678901".into()),
        });
        assert_eq!(
            written(&session),
            "{\"Version\":1,\"AccessKeyId\":\"ASIAFAKEFAKEFAKEFAKE\",\"SecretAccessKey\":\"fake/secret+fake\",\
             \"SessionToken\":\"fake\\\"token==\",\"Expiration\":\"2023-11-14T23:13:20Z\",\"AccountId\":\"012345678901\"}\n"
        );
    }

    #[test]
    fn a_long_term_key_has_neither_token_nor_expiration() {
        let key = AccessKey {
            id: "AKIAFAKEFAKEFAKEFAKE".parse().expect("well formed"),
            secret: Secret::new("fakesecret".into()),
        };
        assert_eq!(
            written(&Credentials::Key { key, account_id: None }),
            "{\"Version\":1,\"AccessKeyId\":\"AKIAFAKEFAKEFAKEFAKE\",\"SecretAccessKey\":\"fakesecret\"}\n"
        );
    }

    #[test]
    fn a_session_without_a_known_expiry_has_a_token_and_no_expiration() {
        let session = Credentials::NoExpiry {
            access_key_id: "ASIAFAKEFAKEFAKEFAKE".into(),
            secret_access_key: Secret::new("fakesecret".into()),
            session_token: Some(Secret::new("faketoken".into())),
            account_id: None,
        };
        assert_eq!(
            written(&session),
            "{\"Version\":1,\"AccessKeyId\":\"ASIAFAKEFAKEFAKEFAKE\",\"SecretAccessKey\":\"fakesecret\",\
             \"SessionToken\":\"faketoken\"}\n"
        );
    }

    /// What another program prints, in short: id, token, when it expires, account; or what is wrong.
    fn read_in_short(text: &str) -> Result<String, String> {
        let read = read(&SecretBytes::new(text.into()), Timestamp::from_unix(1_700_000_000))?;
        let token = read.session_token().map_or("-", Secret::expose);
        let end = read.expires_at().map_or("never".to_owned(), |end| end.to_string());
        Ok(format!("{} {token} {end} {}", read.access_key_id(), read.account_id().unwrap_or("-")))
    }

    #[test]
    fn what_another_program_prints_is_read_as_the_sdks_read_it() {
        let of = |more: &str| format!(r#"{{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"{more}}}"#);
        for (text, expected) in [
            (of(""), "A - never -"),
            (of(r#","SessionToken":"t""#), "A t never -"),
            (of(r#","SessionToken":"","Expiration":"""#), "A - never -"),
            (of(r#","SessionToken":null,"Expiration":null,"AccountId":null"#), "A - never -"),
            (of(r#","SessionToken":"t","Expiration":"2023-11-14T23:13:20Z""#), "A t 2023-11-14T23:13:20Z -"),
            (of(r#","Expiration":"2023-11-15T00:13:20+0100""#), "A - 2023-11-14T23:13:20Z -"),
            (of(r#","AccountId":"012345678901","More":[1]"#), "A - never 012345678901"),
            (of(r#","AccountId":12345678901"#), "A - never 012345678901"),
            (of("").replace("1,", "1.0,"), "A - never -"),
            (format!("\u{feff}  {}\r\n\n", of("")), "A - never -"),
        ] {
            assert_eq!(read_in_short(&text).as_deref(), Ok(expected), "{text}");
        }
        for (text, problem) in [
            (String::new(), "it is not a single JSON object"),
            ("Logging in...\n".to_owned() + &of(""), "it is not a single JSON object"),
            (of("") + "done", "it is not a single JSON object"),
            ("[]".to_owned(), "it is not a single JSON object"),
            (of("").to_lowercase(), "it has no `Version`"),
            (of("").replace('1', "2"), "its `Version` is not the number 1"),
            (of("").replace('1', "\"1\""), "its `Version` is not the number 1"),
            (of("").replace("\"A\"", "\"\""), "its `AccessKeyId` or `SecretAccessKey` is empty"),
            (of("").replace("\"s\"", "7"), "its fields do not have the expected types"),
            (of("").replace("AccessKeyId", "accessKeyId"), "it has no `AccessKeyId`"),
            (of(r#","Expiration":1700003600"#), "its fields do not have the expected types"),
            (of(r#","Expiration":"2023-11-14T23:13:20""#), "its `Expiration` is not a time with a time zone"),
            (of(r#","Expiration":"2023-11-14T22:13:20Z""#), "its credentials expired at 2023-11-14T22:13:20Z"),
        ] {
            assert_eq!(read_in_short(&text).expect_err(&text), problem, "{text}");
        }
    }

    #[test]
    fn the_buffer_never_grows_and_so_leaves_no_copy_behind() {
        let worst = "\u{1}".repeat(1000);
        let document = Document {
            version: 1,
            access_key_id: &worst,
            secret_access_key: &worst,
            session_token: Some(&worst),
            expiration: Some("9999-12-31T23:59:59Z".into()),
            account_id: Some(&worst),
        };
        assert!(serde_json::to_vec(&document).expect("serialises").len() < longest(&document));
    }

    #[test]
    fn a_reader_that_has_gone_is_an_error_and_no_panic() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let key = AccessKey {
            id: "AKIAFAKEFAKEFAKEFAKE".parse().expect("well formed"),
            secret: Secret::new("fakesecret".into()),
        };
        let error = write(&Credentials::Key { key, account_id: None }, Gone).expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
