//! The document a `credential_process` prints: AWS SDKs and Tools Reference Guide, "Process credential provider".

use std::io::{self, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::credentials::Credentials;

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
    use crate::timestamp::Timestamp;

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
            session_token: Secret::new("fake\"token==".into()),
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
