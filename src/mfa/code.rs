//! A code, where it came from, and what can go wrong before it is sent.

use crate::error::{Error, Kind};
use crate::hint::run;
use crate::human::AskError;
use crate::secret::Secret;
use crate::sys::child::ChildError;

/// A code that looks like one: six digits.
#[derive(Debug, Clone)]
pub struct OfferedCode {
    /// Six digits.
    pub code: Secret,
    pub origin: Origin,
    /// The time step it belongs to, known of one made from a stored seed.
    pub step: Option<i64>,
}

/// Who gave a code. It decides whether another is asked for when AWS refuses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `--mfa-code` or `KEYFOB_MFA_CODE`.
    Given,
    Seed,
    /// `mfa_process`.
    Process,
    /// A person at the terminal.
    Typed,
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// `--mfa-code` or `KEYFOB_MFA_CODE` holds something else. It is not repeated: it may be another secret.
    #[error("the MFA code in `{0}` is not six digits")]
    GivenMalformed(&'static str),
    /// The given code was sent before.
    #[error("the MFA code in `{0}` was used already, and each works once")]
    GivenSpent(&'static str),
    /// A seed is stored and cannot be had.
    #[error("{0}")]
    Seed(Error),
    /// Every code up to now is spent, and the caller cannot wait for the next.
    #[error("the last MFA code of `{serial}` is used, and the next one comes in {seconds} s")]
    NotYet { serial: String, seconds: i64 },
    /// `mfa_process` gives nothing but codes that were sent before.
    #[error("`mfa_process` prints a code of `{serial}` that was used already, and each works once")]
    ProcessSpent { serial: String },
    /// `mfa_process` cannot be split into words.
    #[error("`mfa_process` of profile `{profile}`: {problem}")]
    ProcessQuoting {
        /// The profile that uses the device.
        profile: String,
        problem: shell_words::ParseError,
    },
    /// `mfa_process` did not run to its end.
    #[error("`{program}` gave no MFA code: {error}")]
    ProcessFailed {
        /// The program, without its arguments.
        program: String,
        error: ChildError,
    },
    /// `mfa_process` said no.
    #[error("`{program}` gave no MFA code: it ended with {status}")]
    ProcessStatus {
        /// The program, without its arguments.
        program: String,
        status: std::process::ExitStatus,
    },
    /// `mfa_process` printed something else, which is not repeated.
    #[error("`{0}` printed something that is not six digits")]
    ProcessMalformed(String),
    #[error("an MFA code for profile `{profile}` is needed: {error}")]
    NotAsked { profile: String, serial: String, error: AskError },
    /// Three answers were no codes, or codes used before.
    #[error("none of three answers was an MFA code for `{serial}` to use")]
    TypedUseless {
        serial: String,
        /// What was wrong with the last.
        last: String,
    },
}

impl CodeError {
    /// Whether there are codes, and none that may be sent.
    pub fn is_about_used_codes(&self) -> bool {
        matches!(self, CodeError::NotYet { .. } | CodeError::ProcessSpent { .. } | CodeError::TypedUseless { .. })
    }
}

/// The code in a text: six ASCII digits, with white space round them, and between them as some apps show it.
///
/// Checked before anything is sent: STS takes six digits and nothing else (STS API, AssumeRole, TokenCode).
pub fn six_digits(text: &str) -> Option<Secret> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = Secret::new(digits);
    (digits.expose().len() == 6 && digits.expose().bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

impl From<CodeError> for Error {
    fn from(error: CodeError) -> Error {
        let message = error.to_string();
        match error {
            CodeError::GivenMalformed(_) => Error::new(Kind::Usage, message),
            CodeError::GivenSpent(_) => {
                Error::new(Kind::Failed, message).hint("wait for the next one, at most 30 s, and give that")
            }
            CodeError::Seed(error) => error,
            CodeError::NotYet { .. } => Error::new(Kind::Failed, message).hint("try again then"),
            CodeError::ProcessSpent { .. } => Error::new(Kind::Failed, message)
                .hint("run the command of `mfa_process` by hand: it has to print another code every 30 s")
                .hint("if it does, check the clock of what makes its codes"),
            CodeError::ProcessQuoting { profile, .. } => {
                Error::new(Kind::Config, message).hint(run!("keyfob show {}", profile).to("show where it is set"))
            }
            CodeError::ProcessFailed { .. } | CodeError::ProcessStatus { .. } | CodeError::ProcessMalformed(_) => {
                Error::new(Kind::Failed, message)
                    .hint("run the command of `mfa_process` by hand: it has to print six digits")
            }
            CodeError::NotAsked { profile, serial, error: AskError::Nobody(reason) } => {
                // SDKs show this line, and some no other.
                let message = format!(
                    "profile `{profile}` needs an MFA code and nobody can be asked: start a session in a terminal first"
                );
                Error::new(Kind::NeedsHuman, message)
                    .because(reason)
                    .hint(run!("keyfob exec {} -- true", profile))
                    .hint(run!("keyfob mfa add {}", profile).to(format!("or keep the seed of `{serial}`")))
                    .hint("or name a command that prints its codes in `mfa_process`, or set `KEYFOB_MFA_CODE`")
            }
            CodeError::NotAsked { profile, error: AskError::TimedOut(_), .. } => Error::new(Kind::NeedsHuman, message)
                .hint(run!("keyfob exec {} -- true", profile).to("start a session in a terminal, which waits")),
            CodeError::NotAsked { error: AskError::Declined, .. } => Error::new(Kind::Declined, message),
            CodeError::NotAsked { error: error @ AskError::Cancelled, .. } => error.into_error("a code"),
            CodeError::NotAsked { error: AskError::Terminal(_) | AskError::Unusable(_), profile, .. } => {
                Error::new(Kind::Failed, message)
                    .hint(run!("keyfob exec {} --mfa-code CODE -- true", profile).to("give a code"))
            }
            CodeError::TypedUseless { last, .. } => Error::new(Kind::Failed, message)
                .because(last)
                .hint("a code is the six digits the device or app shows, for 30 s each, and works once"),
        }
    }
}
