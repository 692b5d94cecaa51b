//! What went wrong, as the user meets it: a kind, causes and hints; the kind picks the exit code.
//!
//! Each module has an error type of its own; it becomes an [`Error`] where it becomes the user's.

use std::fmt;

/// What sort of failure this is. It alone decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It did not work, and none of the other kinds says why.
    Failed,
    /// The command line asks for something that cannot be.
    Usage,
    /// A code, a passphrase or an answer is needed and nobody can be asked.
    NeedsHuman,
    /// AWS answered, and the answer was no.
    Refused,
    /// The key store is missing, denied, hanging, or a keychain that is locked.
    KeyStore,
    /// A profile, an AWS file or a setting of keyfob's is wrong.
    Config,
    /// A defect of keyfob's own.
    Defect,
}

impl Kind {
    /// The process's exit code for this kind; the one table of them.
    pub const fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NeedsHuman => 3,
            Kind::Refused => 4,
            Kind::KeyStore => 5,
            Kind::Config => 6,
            Kind::Defect => 70,
        }
    }
}

/// A failure the user sees: one line, its causes, then what to do.
///
/// SDKs show the standard error of a `credential_process` as it stands, so the message must make sense there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

/// `Result` with keyfob's own [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of `kind`; `message` is lower case, without a final stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds what lies behind the error, outermost first.
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    /// Adds what the user can do, with a command where there is one.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The kind, which picks the exit code.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The first line, without `keyfob:`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What lies behind it, outermost first.
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// What the user can do about it.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The whole error as it is shown on stderr: `keyfob: …`, causes, then `hint: …`, each line ended by `\n`.
    pub fn render(&self) -> String {
        let mut text = format!("keyfob: {}\n", self.message);
        for cause in &self.causes {
            text.push_str(&format!("  caused by: {cause}\n"));
        }
        for hint in &self.hints {
            text.push_str(&format!("hint: {hint}\n"));
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_as_one_line_then_causes_then_hints() {
        let error = Error::new(Kind::KeyStore, "the keychain is locked")
            .because("Secret Service: prompt dismissed")
            .hint("unlock it, or use `--backend vault`");
        assert_eq!(
            error.render(),
            "keyfob: the keychain is locked\n  caused by: Secret Service: prompt dismissed\nhint: unlock it, or use `--backend vault`\n"
        );
        assert_eq!(error.kind().exit_code(), 5);
    }
}
