//! What went wrong, as the user meets it: a kind, causes and hints; the kind picks the exit code.
//!
//! Each module has an error type of its own; it becomes an [`Error`] where it becomes the user's.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::hint::Hint;

/// What sort of failure this is. It alone decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// It did not work, and none of the other kinds says why.
    Failed,
    /// The command line asks for something that cannot be.
    Usage,
    /// A code, a passphrase or an answer is needed and nobody can be asked.
    NeedsHuman,
    /// A person was asked and left the question without an answer: Ctrl-D, Esc, a closed dialog.
    Declined,
    /// Ctrl-C at a question. The program ends by SIGINT, which a shell shows as 130.
    Cancelled,
    /// AWS answered, and the answer was no.
    Refused,
    /// The key store is missing, denied, hanging, or a keychain that is locked.
    KeyStore,
    /// A profile, an AWS file or a keyfob setting is wrong.
    Config,
    /// A defect in keyfob.
    Defect,
}

impl Kind {
    /// The process's exit code for this kind; the one table of them.
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Failed | Kind::Declined => 1,
            Kind::Usage => 2,
            Kind::NeedsHuman => 3,
            Kind::Refused => 4,
            Kind::KeyStore => 5,
            Kind::Config => 6,
            Kind::Defect => 70,
            Kind::Cancelled => 130,
        }
    }
}

/// What an error is known by to those who add to it or do something about it; its words are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// No profile has the name that was given.
    NoSuchProfile,
    /// A sign-in to IAM Identity Center would help.
    SignInNeeded,
}

/// A failure the user sees: one line, its causes, then what to do.
///
/// SDKs show the standard error of a `credential_process` verbatim, so the message must make sense there.
///
/// One pointer, since every call that may fail hands it on, and moving the 80 bytes behind it takes more code.
#[derive(Debug, Clone)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    kind: Kind,
    mark: Option<Mark>,
    message: String,
    causes: Vec<Arc<dyn StdError + Send + Sync>>,
    hints: Vec<Hint>,
}

/// `Result` with keyfob's own [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of `kind`; `message` is lower case, without a final stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Parts { kind, mark: None, message: message.into(), causes: Vec::new(), hints: Vec::new() }))
    }

    /// Makes it known as this.
    pub fn marked(mut self, mark: Mark) -> Self {
        self.0.mark = Some(mark);
        self
    }

    /// Whether it was [`Error::marked`] so.
    pub fn is(&self, mark: Mark) -> bool {
        self.0.mark == Some(mark)
    }

    /// Adds what lies behind the error, an error or a text, outermost first.
    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.causes.push(cause.into().into());
        self
    }

    /// Adds what the user can do, with a command where there is one. Whoever cancels wants no advice.
    pub fn hint(self, hint: impl Into<Hint>) -> Self {
        if self.0.kind == Kind::Cancelled { self } else { self.outcome(hint) }
    }

    /// Adds what the user can do before anything else helps.
    pub fn hint_first(mut self, hint: impl Into<Hint>) -> Self {
        self.0.hints.insert(0, hint.into());
        self
    }

    /// As [`Error::hint`], for what the failure leaves behind, which whoever cancels is told too.
    pub fn outcome(mut self, hint: impl Into<Hint>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Names `profile` in the hints that have a command for any profile, as [`Hint::with_profile`] does.
    pub fn with_profile(mut self, profile: &str) -> Self {
        self.0.hints = self.0.hints.into_iter().map(|hint| hint.with_profile(profile)).collect();
        self
    }

    /// The kind, which picks the exit code.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The first line, without `keyfob:`.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What caused it, outermost first.
    pub fn causes(&self) -> impl Iterator<Item = &(dyn StdError + Send + Sync + 'static)> {
        self.0.causes.iter().map(|cause| &**cause)
    }

    /// The first line and the causes, in one line.
    pub fn in_one_line(&self) -> String {
        self.causes().fold(self.0.message.clone(), |line, cause| format!("{line}: {cause}"))
    }

    /// What the user can do about it.
    pub fn hints(&self) -> &[Hint] {
        &self.0.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.causes().next().map(|cause| cause as _)
    }
}

/// Two errors are the same where they are shown the same.
impl PartialEq for Error {
    fn eq(&self, other: &Error) -> bool {
        let texts = |error: &Error| error.causes().map(ToString::to_string).collect::<Vec<_>>();
        (self.0.kind, &self.0.message, &self.0.hints) == (other.0.kind, &other.0.message, &other.0.hints)
            && texts(self) == texts(other)
    }
}

impl Eq for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_as_one_line_then_causes_then_hints() {
        let error = Error::new(Kind::KeyStore, "the keychain is locked")
            .because("Secret Service: prompt dismissed")
            .hint("unlock it, or use `--backend vault`");
        assert_eq!(
            error.shown(),
            "keyfob: the keychain is locked\n  because: Secret Service: prompt dismissed\nhint: unlock it, or use `--backend vault`\n"
        );
        assert_eq!(error.kind().exit_code(), 5);
    }
}
