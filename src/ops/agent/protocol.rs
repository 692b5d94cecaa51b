//! What a keyfob and an agent say to each other: a line of JSON each way, and for credentials a second one. Pure.
//!
//! A request has the name of a profile, and wishes that can only make less of what the agent would serve. There is no place in
//! it for a role, a policy, an endpoint or a code.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::chain::layer::Layer;
use crate::chain::target::checked_region;
use crate::credentials::{Credentials, Session, account_of_arn};
use crate::error::{Error, Kind, Result};
use crate::format::harmless::harmless;
use crate::format::process;
use crate::hint::{Hint, Word};
use crate::ops::agent::check_life;
use crate::ops::whoami::Identity;
use crate::secret::SecretBytes;
use crate::timestamp::Timestamp;

const VERSION: u32 = 1;
/// The most bytes of a request's line.
pub const LONGEST_REQUEST: usize = 4 << 10;
/// The most bytes of an answer.
pub const LONGEST_ANSWER: usize = 64 << 10;

/// The most characters of an ARN (IAM API, `arnType`).
const LONGEST_ARN: usize = 2048;
/// How far ahead of this machine's the clock of the agent's may be, seconds: AWS takes no request with more.
const SKEW: i64 = 5 * 60;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentRequest {
    version: u32,
    /// A profile of the agent's.
    pub profile: String,
    /// A shorter life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// Credentials that change nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Credentials only if nobody has to be asked for anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unattended: bool,
    /// No credentials, only whose they would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub identity_only: bool,
}

/// Only the version, whatever else a newer one has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl AgentRequest {
    /// Of a profile, without a wish.
    pub fn of(profile: &str) -> AgentRequest {
        let profile = profile.to_owned();
        let (duration_seconds, read_only, unattended, identity_only) = (None, false, false, false);
        AgentRequest { version: VERSION, profile, duration_seconds, read_only, unattended, identity_only }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// What is no request, or one of another version (exit 2).
    pub fn read(line: &[u8]) -> Result<AgentRequest> {
        let wrong = |what: String| Error::new(Kind::Usage, format!("the agent does not take the request: {what}"));
        match serde_json::from_slice::<Versioned>(line) {
            Ok(Versioned { version: VERSION }) => {}
            Ok(Versioned { version }) => {
                return Err(wrong(format!("it speaks version {VERSION}, not {version}"))
                    .hint("use the same version of keyfob on both machines"));
            }
            Err(_) => return Err(wrong("it is not one".into())),
        }
        serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))
    }

    /// The line, with its end.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("texts always become JSON") + "\n"
    }
}

/// What an agent says of credentials, beside themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whose they are.
    pub identity: Identity,
    /// The last role.
    pub role_arn: Option<String>,
    /// What narrows them.
    pub narrowed: Vec<Layer>,
    /// The region of the agent's profile.
    pub region: Option<String>,
    /// When they were made; credentials only.
    pub issued: Option<Timestamp>,
    /// Whether they were made for this request; credentials only.
    pub is_new: bool,
}

impl About {
    /// Checks what goes into variables and the log of the client.
    ///
    /// # Errors
    /// What cannot be, without a word of it.
    // Security: whoever answers at the socket has said it.
    fn check(&self) -> Result<(), String> {
        let Identity { profile, account, arn, base, .. } = &self.identity;
        if let Some(region) = &self.region {
            checked_region(region).map_err(|_| "its region is none")?;
        }
        checked_account(account.as_deref())?;
        for arn in [arn, &self.role_arn].into_iter().flatten() {
            let is_plain = arn.len() <= LONGEST_ARN && arn.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_plain || account_of_arn(arn).is_none() {
                return Err("the ARN of its role or user is none".to_owned());
            }
        }
        let is_printable = |text: &String| harmless(text) == *text && !text.contains(['\n', '\r', '\t']);
        match profile.iter().chain([base]).all(is_printable) {
            true => Ok(()),
            false => Err("its words are not printable".to_owned()),
        }
    }
}

fn checked_account(account: Option<&str>) -> Result<(), String> {
    let is_one = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    if account.is_none_or(is_one) { Ok(()) } else { Err("its account is not 12 digits".to_owned()) }
}

/// What an agent answers.
pub struct Answer {
    pub about: About,
    /// None if they were not asked for.
    pub credentials: Option<Credentials>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<About>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

#[derive(Serialize, Deserialize)]
struct Failure {
    exit_code: u8,
    message: String,
    causes: Vec<String>,
    hints: Vec<Hint>,
}

impl Answer {
    /// The bytes of an answer.
    pub fn bytes(answer: &Result<Answer>) -> SecretBytes {
        let head = match answer {
            Ok(answer) => Head { version: VERSION, about: Some(answer.about.clone()), error: None },
            Err(error) => Head { version: VERSION, about: None, error: Some(Failure::of(error)) },
        };
        let head = serde_json::to_string(&head).expect("texts always become JSON") + "\n";
        // A buffer that grew would leave its old halves in memory.
        let mut bytes = Zeroizing::new(Vec::with_capacity(head.len() + LONGEST_ANSWER));
        bytes.extend_from_slice(head.as_bytes());
        if let Ok(Answer { credentials: Some(credentials), .. }) = answer {
            // Security: the credentials leave here, to the socket.
            process::write(credentials, &mut *bytes).expect("a vector takes everything");
        }
        SecretBytes::new(std::mem::take(&mut *bytes))
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// The agent's own, as it was there; `Err(None)` for what is no answer.
    pub fn read(bytes: &SecretBytes, now: Timestamp) -> Result<Answer, Option<Error>> {
        let bytes = bytes.expose();
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(None)?;
        let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
        let Head { version: VERSION, about, error } = serde_json::from_slice(head).map_err(|_| None)? else {
            return Err(None);
        };
        if let Some(failure) = error {
            return Err(Some(failure.into_error()));
        }
        let about: About = about.ok_or(None)?;
        let unused =
            |problem: String| Some(Error::new(Kind::Failed, format!("the agent's answer is not used: {problem}")));
        about.check().map_err(unused)?;
        if rest.is_empty() {
            return Ok(Answer { about, credentials: None });
        }
        let document = SecretBytes::new(rest.to_vec());
        match process::read(&document, now) {
            Ok(Credentials::Session(session)) if session.session_token.is_some() => {
                // From when on they are worth renewing follows from their whole life.
                let is_past = |issued: &Timestamp| issued.seconds_since(now) <= SKEW && *issued < session.expires_at;
                let issued_at = about.issued.filter(is_past).unwrap_or(now);
                check_life(issued_at, session.expires_at).map_err(unused)?;
                checked_account(session.account_id.as_deref()).map_err(unused)?;
                Ok(Answer { about, credentials: Some(Credentials::Session(Session { issued_at, ..session })) })
            }
            // Security: a key is never passed on, whoever answers.
            Ok(_) => Err(None),
            Err(problem) => Err(unused(problem)),
        }
    }
}

impl Failure {
    fn of(error: &Error) -> Failure {
        Failure {
            exit_code: error.kind().exit_code(),
            message: error.message().to_owned(),
            causes: error.causes().map(ToString::to_string).collect(),
            hints: error.hints().to_vec(),
        }
    }

    /// The error as the client shows it: it happened elsewhere, and so its hints are for there.
    fn into_error(self) -> Error {
        const KINDS: [Kind; 6] =
            [Kind::Failed, Kind::Usage, Kind::NeedsHuman, Kind::Refused, Kind::KeyStore, Kind::Config];
        // A question that was left by Ctrl-C there does not end a loop here.
        let kind = KINDS.into_iter().find(|kind| kind.exit_code() == self.exit_code).unwrap_or(Kind::Failed);
        let error = Error::new(kind, format!("the agent: {}", self.message));
        let error = self.causes.into_iter().fold(error, Error::because);
        self.hints.into_iter().fold(error, |error, hint| error.hint(elsewhere(hint)))
    }
}

/// A word of another program's. Security: only what no shell takes for more than a word stays unquoted.
fn quotable(word: Word) -> Word {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if word.as_str().bytes().all(is_plain) { word } else { Word::Value(word.as_str().to_owned()) }
}

fn elsewhere(hint: Hint) -> Hint {
    const WHERE: &str = "where the agent runs";
    match hint {
        Hint::Say(text) => Hint::Say(format!("{WHERE}: {text}")),
        // Lines begin nothing here: who has written them is not known.
        Hint::Paste { why, lines } => Hint::Say(format!("{WHERE}: {why} {}", lines.join("; "))),
        Hint::Run { words, why } => {
            let words = words.into_iter().map(quotable).collect();
            Hint::Run { words, why: Some(why.map_or_else(|| WHERE.to_owned(), |why| format!("{WHERE}: {why}"))) }
        }
    }
}

#[cfg(test)]
mod tests;
