//! What keyfob says to a program that keeps secrets, and what the program answers: one JSON request on its standard input,
//! one JSON response on its standard output (docs/stores.md). Both ends are here: keyfob is also such a program.
//!
//! Pure.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keystore::StoreError;
use crate::mask;
use crate::secret::{Secret, SecretBytes};

/// The version of the protocol that both sides name.
pub const VERSION: u32 = 1;

/// Most bytes of a request or a response.
pub const LARGEST_MESSAGE: usize = 1 << 20;

/// Most bytes of a secret that a program has to keep. keyfob's own have at most 2,560.
pub const LARGEST_SECRET: usize = 4096;

/// Most bytes of a name: printable ASCII without blanks.
pub const LONGEST_NAME: usize = 512;

/// What a program is asked to do.
#[derive(Debug)]
#[expect(missing_docs, reason = "the name and the secret are what the protocol calls so")]
pub enum StoreRequest {
    /// Return the secret of this name.
    Get { name: String },
    /// Store a secret, over an old one of the same name.
    Set { name: String, secret: Secret },
    /// Delete the secret of this name.
    Delete { name: String },
    /// Return the names of all secrets.
    List,
}

/// What a program answers.
#[derive(Debug)]
pub enum Response {
    /// To `get`.
    Secret(Secret),
    /// To `list`.
    Names(Vec<String>),
    /// To `set` and `delete`.
    Done,
    /// It did not do it.
    Failed(Failure),
}

/// Why a program did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What sort of failure it is.
    pub kind: FailureKind,
    /// A sentence for the user; may be empty.
    pub message: String,
}

/// The sorts of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// There is no secret of this name; an ordinary answer.
    NotFound,
    /// The store has to be unlocked first.
    Locked,
    /// The user or the store said no.
    Denied,
    /// It does not work.
    Unavailable,
}

/// A message that does not follow the protocol. Shows nothing of what is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

#[derive(Serialize)]
struct RequestOut<'a> {
    version: u32,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

#[derive(Deserialize)]
struct RequestIn {
    version: u32,
    action: String,
    name: Option<String>,
    secret: Option<Secret>,
}

#[derive(Serialize)]
struct ResponseOut<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Deserialize)]
struct ResponseIn {
    version: u32,
    secret: Option<Secret>,
    names: Option<Vec<String>>,
    error: Option<String>,
    #[serde(default)]
    message: String,
}

impl StoreRequest {
    /// The name the request is about.
    pub fn name(&self) -> Option<&str> {
        match self {
            StoreRequest::Get { name } | StoreRequest::Set { name, .. } | StoreRequest::Delete { name } => Some(name),
            StoreRequest::List => None,
        }
    }

    /// The word for what is asked, as the protocol has it.
    pub fn action(&self) -> &'static str {
        match self {
            StoreRequest::Get { .. } => "get",
            StoreRequest::Set { .. } => "set",
            StoreRequest::Delete { .. } => "delete",
            StoreRequest::List => "list",
        }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> SecretBytes {
        let secret = match self {
            StoreRequest::Set { secret, .. } => Some(secret.expose()),
            StoreRequest::Get { .. } | StoreRequest::Delete { .. } | StoreRequest::List => None,
        };
        written(&RequestOut { version: VERSION, action: self.action(), name: self.name(), secret })
    }

    /// Reads a request. Members that are not known are ignored.
    ///
    /// # Errors
    /// What is not a request of this version, a name that is not one, or a secret that is too long.
    pub fn from_json(bytes: &[u8]) -> Result<StoreRequest, Malformed> {
        let RequestIn { version, action, name, secret } = read(bytes, "the request")?;
        check_version(version)?;
        let name = || match &name {
            Some(name) if is_name(name) => Ok(name.clone()),
            Some(_) => Err(Malformed("the request has an invalid name".to_owned())),
            None => Err(Malformed(format!("the request `{}` has no name", mask::text(&action)))),
        };
        match (action.as_str(), secret) {
            ("get", _) => Ok(StoreRequest::Get { name: name()? }),
            ("delete", _) => Ok(StoreRequest::Delete { name: name()? }),
            ("list", _) => Ok(StoreRequest::List),
            ("set", Some(secret)) if secret.expose().len() <= LARGEST_SECRET => {
                Ok(StoreRequest::Set { name: name()?, secret })
            }
            ("set", Some(_)) => Err(Malformed(format!("the secret has more than {LARGEST_SECRET} bytes"))),
            ("set", None) => Err(Malformed("the request `set` has no secret".to_owned())),
            (other, _) => Err(Malformed(format!("the request has an unknown action `{}`", mask::text(other)))),
        }
    }
}

impl Response {
    /// One line of JSON.
    pub fn to_json(&self) -> SecretBytes {
        let mut out = ResponseOut { version: VERSION, secret: None, names: None, error: None, message: None };
        match self {
            Response::Secret(secret) => out.secret = Some(secret.expose()),
            Response::Names(names) => out.names = Some(names),
            Response::Done => {}
            Response::Failed(Failure { kind, message }) => {
                (out.error, out.message) =
                    (Some(*kind), Some(message).filter(|text| !text.is_empty()).map(|text| &**text));
            }
        }
        written(&out)
    }

    /// Reads a response. Members that are not known are ignored; an error that is not known is `unavailable`.
    ///
    /// # Errors
    /// What is not a response of this version.
    pub fn from_json(bytes: &[u8]) -> Result<Response, Malformed> {
        let ResponseIn { version, secret, names, error, message } = read(bytes, "the response")?;
        check_version(version)?;
        Ok(match (error, secret, names) {
            (Some(error), _, _) => Response::Failed(Failure { kind: FailureKind::named(&error), message }),
            (None, Some(secret), _) => Response::Secret(secret),
            (None, None, Some(names)) => Response::Names(names),
            (None, None, None) => Response::Done,
        })
    }
}

impl FailureKind {
    fn named(name: &str) -> FailureKind {
        match name {
            "not-found" => FailureKind::NotFound,
            "locked" => FailureKind::Locked,
            "denied" => FailureKind::Denied,
            _ => FailureKind::Unavailable,
        }
    }
}

/// How another keyfob is told.
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let kind = match error {
            StoreError::NotFound => FailureKind::NotFound,
            StoreError::Locked(_) | StoreError::NeedsHuman(_) | StoreError::NoNewPassphrase(_) => FailureKind::Locked,
            StoreError::Denied(_) | StoreError::Cancelled => FailureKind::Denied,
            StoreError::Unknown(_)
            | StoreError::Unavailable(_)
            | StoreError::Exhausted(_)
            | StoreError::TimedOut(_)
            | StoreError::WrongPassphrase(_)
            | StoreError::BadSource { .. } => FailureKind::Unavailable,
        };
        let message = match &error {
            StoreError::Denied(why) => why.clone(),
            error => error.to_string(),
        };
        Failure { kind, message }
    }
}

/// Whether keyfob may give a secret this name: 1 to 512 printable ASCII characters without a blank, as IAM's names and ARNs
/// have them (IAM User Guide, "IAM and AWS STS quotas", name limits).
pub fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn check_version(version: u32) -> Result<(), Malformed> {
    match version {
        VERSION => Ok(()),
        other => {
            Err(Malformed(format!("version {other} of the protocol is not supported; expected version {VERSION}")))
        }
    }
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8], what: &str) -> Result<T, Malformed> {
    // Security: the parser's own words could show a piece of the secret.
    serde_json::from_slice(bytes).map_err(|_| Malformed(format!("{what} is not JSON of the protocol's form")))
}

fn written(message: &impl Serialize) -> SecretBytes {
    // Long enough from the start: one that grows leaves pieces behind. Escapes make a byte six at most.
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 * LARGEST_SECRET));
    serde_json::to_writer(&mut *bytes, message).expect("texts and numbers are JSON");
    bytes.push(b'\n');
    SecretBytes::new(std::mem::take(&mut *bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &SecretBytes) -> &str {
        std::str::from_utf8(bytes.expose()).expect("JSON is text")
    }

    #[test]
    fn requests_are_as_the_documentation_has_them_and_are_read_again() {
        let name = || "access-key/AKIAIOSFODNN7EXAMPLE".to_owned();
        let secret = Secret::new("FAKE \"é\" \\".to_owned());
        let cases = [
            (
                StoreRequest::Get { name: name() },
                r#"{"version":1,"action":"get","name":"access-key/AKIAIOSFODNN7EXAMPLE"}"#,
            ),
            (
                StoreRequest::Set { name: name(), secret },
                r#"{"version":1,"action":"set","name":"access-key/AKIAIOSFODNN7EXAMPLE","secret":"FAKE \"é\" \\"}"#,
            ),
            (
                StoreRequest::Delete { name: name() },
                r#"{"version":1,"action":"delete","name":"access-key/AKIAIOSFODNN7EXAMPLE"}"#,
            ),
            (StoreRequest::List, r#"{"version":1,"action":"list"}"#),
        ];
        for (request, expected) in cases {
            let json = request.to_json();
            assert_eq!(text(&json), format!("{expected}\n"));
            let again = StoreRequest::from_json(json.expose()).expect("a request");
            assert_eq!(text(&again.to_json()), text(&json));
            assert!(!format!("{request:?}").contains("FAKE"), "{request:?}");
        }
    }

    #[test]
    fn responses_are_as_the_documentation_has_them_and_are_read_again() {
        let failed = |kind, message: &str| Response::Failed(Failure { kind, message: message.to_owned() });
        let cases = [
            (Response::Secret(Secret::new("FAKE".to_owned())), r#"{"version":1,"secret":"FAKE"}"#),
            (Response::Done, r#"{"version":1}"#),
            (Response::Names(vec!["a/b".to_owned()]), r#"{"version":1,"names":["a/b"]}"#),
            (Response::Names(Vec::new()), r#"{"version":1,"names":[]}"#),
            (failed(FailureKind::NotFound, ""), r#"{"version":1,"error":"not-found"}"#),
            (
                failed(FailureKind::Locked, "sign in first"),
                r#"{"version":1,"error":"locked","message":"sign in first"}"#,
            ),
        ];
        for (response, expected) in cases {
            let json = response.to_json();
            assert_eq!(text(&json), format!("{expected}\n"));
            assert_eq!(text(&Response::from_json(json.expose()).expect("a response").to_json()), text(&json));
        }
    }

    #[test]
    fn a_failure_that_nobody_knows_is_unavailable_and_new_members_are_ignored() {
        let json = br#"{"version":1,"error":"tired","message":"later","since":5}"#;
        match Response::from_json(json).expect("a response") {
            Response::Failed(failure) => {
                assert_eq!(failure, Failure { kind: FailureKind::Unavailable, message: "later".to_owned() });
            }
            other => panic!("{other:?}"),
        }
        StoreRequest::from_json(br#"{"version":1,"action":"list","colour":"blue"}"#).expect("a request");
    }

    #[test]
    fn what_is_not_of_the_protocol_is_refused_without_showing_it() {
        let long = format!(r#"{{"version":1,"action":"set","name":"a","secret":"{}"}}"#, "F".repeat(4097));
        let longest = format!(r#"{{"version":1,"action":"get","name":"{}"}}"#, "n".repeat(513));
        for json in [
            "",
            "FAKE-secret",
            r#"{"version":1,"action":"set","name":"a","secret":["FAKE-secret"]}"#,
            r#"{"version":2,"action":"list"}"#,
            r#"{"action":"list"}"#,
            r#"{"version":1,"action":"get"}"#,
            r#"{"version":1,"action":"get","name":""}"#,
            r#"{"version":1,"action":"get","name":"a b"}"#,
            r#"{"version":1,"action":"get","name":"é"}"#,
            r#"{"version":1,"action":"set","name":"a"}"#,
            r#"{"version":1,"action":"open","name":"a"}"#,
            &long,
            &longest,
        ] {
            let refused = StoreRequest::from_json(json.as_bytes()).expect_err(json);
            assert!(!refused.to_string().contains("FAKE"), "{refused}");
        }
        for json in ["", "[]", r#"{"version":7}"#, r#"{"secret":"FAKE-secret"}"#, r#"{"version":1,"secret":5}"#] {
            let refused = Response::from_json(json.as_bytes()).expect_err(json);
            assert!(!refused.to_string().contains("FAKE"), "{refused}");
        }
    }

    #[test]
    fn a_locked_vault_is_locked_to_another_keyfob_too() {
        let kind = |error: StoreError| Failure::from(error).kind;
        assert_eq!(kind(StoreError::NotFound), FailureKind::NotFound);
        assert_eq!(kind(StoreError::NeedsHuman("the vault is locked".to_owned())), FailureKind::Locked);
        assert_eq!(kind(StoreError::Denied("no".to_owned())), FailureKind::Denied);
        assert_eq!(kind(StoreError::TimedOut(std::time::Duration::from_secs(1))), FailureKind::Unavailable);
    }
}
