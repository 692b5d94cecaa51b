//! A code, where it came from, and what can go wrong before it is sent.

use std::time::Duration;

use crate::duration;
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
    #[error("the MFA code in `{0}` was already used, and AWS accepts each code once")]
    GivenSpent(&'static str),
    /// A seed is stored and cannot be read.
    #[error("{0}")]
    Seed(Error),
    /// Every code up to now is spent, and the caller cannot wait for the next.
    #[error("the current MFA code of `{serial}` was already used; the next one comes in {seconds} s")]
    NotYet { serial: String, seconds: i64 },
    /// `mfa_process` gives nothing but codes that were sent before.
    #[error("`mfa_process` printed a code of `{serial}` that was already used, and AWS accepts each code once")]
    ProcessSpent { serial: String },
    /// `mfa_process` cannot be split into words.
    #[error("`mfa_process` of profile `{profile}`: {problem}")]
    ProcessQuoting {
        /// The profile that uses the device.
        profile: String,
        problem: shell_words::ParseError,
    },
    /// `mfa_process` did not run to its end.
    #[error("`{program}` did not print an MFA code: {error}")]
    ProcessFailed {
        /// The program, without its arguments.
        program: String,
        error: ChildError,
    },
    /// `mfa_process` said no.
    #[error("`{program}` did not print an MFA code: it failed ({status})")]
    ProcessStatus {
        /// The program, without its arguments.
        program: String,
        status: std::process::ExitStatus,
    },
    /// `mfa_process` printed something else, which is not repeated.
    #[error("`{0}` printed something that is not six digits")]
    ProcessMalformed(String),
    #[error("no MFA code for profile `{profile}`: {error}")]
    NotAsked { profile: String, serial: String, error: AskError },
    /// AWS refused a code of a stored seed, and says that this machine's clock is off by so many seconds.
    #[error("AWS rejected the code generated from the stored seed of `{serial}`: this machine's clock is {size} {direction} the one of the response",
        size = duration::text(Duration::from_secs(off.unsigned_abs())), direction = if *off > 0 { "behind" } else { "ahead of" })]
    ClockOff { serial: String, off: i64 },
    /// Three answers were no codes, or codes used before.
    #[error("no valid MFA code for `{serial}` in three attempts")]
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
                Error::new(Kind::Failed, message).hint("wait for the next code (at most 30 s) and use that")
            }
            CodeError::Seed(error) => error,
            CodeError::NotYet { .. } => Error::new(Kind::Failed, message).hint("try again when the next code is shown"),
            CodeError::ClockOff { .. } => Error::new(Kind::Refused, message)
                .because("codes are not generated for the time in a response that differs so much from this machine's, or that did not come over TLS")
                .hint("set this machine's clock (`timedatectl set-ntp true` on most Linux systems), then try again"),
            CodeError::ProcessSpent { .. } => Error::new(Kind::Failed, message)
                .hint("run the command of `mfa_process` yourself: it must print a new code every 30 s")
                .hint("if it does, check the clock of the device that generates the codes"),
            CodeError::ProcessQuoting { profile, .. } => {
                Error::new(Kind::Config, message).hint(run!("keyfob show {}", profile).to("show where it is set"))
            }
            CodeError::ProcessFailed { .. } | CodeError::ProcessStatus { .. } | CodeError::ProcessMalformed(_) => {
                Error::new(Kind::Failed, message)
                    .hint("run the command of `mfa_process` yourself: it must print six digits")
            }
            CodeError::NotAsked { profile, serial, error: AskError::Nobody(reason) } => {
                // SDKs show this line, and some no other.
                let message = format!(
                    "profile `{profile}` needs an MFA code and nobody can be asked: start a session in a terminal first"
                );
                Error::new(Kind::NeedsHuman, message)
                    .because(reason)
                    .hint(run!("keyfob exec {} -- true", profile))
                    .hint(run!("keyfob mfa add {}", profile).to(format!("or store the seed of `{serial}`")))
                    .hint("or set `mfa_process` to a command that prints codes, or set `KEYFOB_MFA_CODE`")
            }
            CodeError::NotAsked { profile, error: AskError::TimedOut(_), .. } => Error::new(Kind::NeedsHuman, message)
                .hint(
                    run!("keyfob exec {} -- true", profile)
                        .to("start a session in a terminal, where the prompt does not time out"),
                ),
            CodeError::NotAsked { error: AskError::Declined, .. } => Error::new(Kind::Declined, message),
            CodeError::NotAsked { error: error @ AskError::Cancelled, .. } => error.into_error("a code"),
            CodeError::NotAsked { error: AskError::Terminal(_) | AskError::Unusable(_), profile, .. } => {
                Error::new(Kind::Failed, message)
                    .hint(run!("keyfob exec {} --mfa-code CODE -- true", profile).to("pass a code"))
            }
            CodeError::TypedUseless { last, .. } => Error::new(Kind::Failed, message)
                .because(last)
                .hint("a code is the six digits that the app or device shows for 30 s; AWS accepts each code once"),
        }
    }
}
