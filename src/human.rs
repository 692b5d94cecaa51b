//! The person at the terminal, as a port: what asks and what tells is handed in, so a test can play the person.

use std::time::Duration;

use crate::error::{Error, Kind};
use crate::hint::Hint;
use crate::secret::Secret;

/// Asks a person. The real one talks to the controlling terminal, never to stdin or stdout, which an SDK holds.
pub trait Human {
    /// Asks without echo. `limit` bounds the wait: `credential-process` asks for at most 50 s.
    ///
    /// # Errors
    /// [`AskError::Nobody`] at once where there is no terminal, or this process is not in its foreground.
    fn ask_secret(&self, prompt: &str, limit: Option<Duration>) -> Result<Secret, AskError>;

    /// As [`Human::ask_secret`], and does `check` with the answer before anything typed meanwhile could be shown: a check
    /// that takes a second invites the next answer.
    ///
    /// # Errors
    /// As [`Human::ask_secret`]; Ctrl-C during the check too.
    fn ask_secret_and(
        &self,
        prompt: &str,
        limit: Option<Duration>,
        check: &mut dyn FnMut(&Secret),
    ) -> Result<(), AskError> {
        self.ask_secret(prompt, limit).map(|secret| check(&secret))
    }

    /// Asks with echo, for what is not a secret.
    ///
    /// # Errors
    /// As [`Human::ask_secret`].
    fn ask(&self, prompt: &str, limit: Option<Duration>) -> Result<String, AskError>;

    /// Asks for two things that people paste at once: the first with echo, the second without. Where the first answer holds
    /// both, or two lines were pasted, the second is not asked for. The first is asked for until `check` takes it, three
    /// times at most.
    ///
    /// # Errors
    /// As [`Human::ask_secret`]; [`AskError::Unusable`] after the third answer.
    fn ask_pair(
        &self,
        prompts: [&str; 2],
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(String, Secret), AskError> {
        let first = self.ask(prompts[0], None)?;
        check(&first).map_err(AskError::Unusable)?;
        Ok((first, self.ask_secret(prompts[1], None)?))
    }

    /// Asks yes or no; `--yes` answers yes. An empty answer is no.
    ///
    /// # Errors
    /// As [`Human::ask_secret`].
    fn confirm(&self, question: &str) -> Result<bool, AskError>;

    /// As [`Human::confirm`], but an empty answer is yes: for what nearly everybody wants, and what is easily taken back.
    ///
    /// # Errors
    /// As [`Human::ask_secret`].
    fn propose(&self, question: &str) -> Result<bool, AskError> {
        self.confirm(question)
    }

    /// Offers something nobody asked for. Declined by `--yes`, which takes no offer that makes or deletes something at
    /// AWS or hands out more than before, and where nobody is there; what was offered then becomes a hint.
    ///
    /// # Errors
    /// As [`Human::ask_secret`], but for [`AskError::Nobody`].
    fn offer(&self, question: &str) -> Result<bool, AskError> {
        if self.is_there() { self.confirm(question) } else { Ok(false) }
    }

    /// Has the person choose among `options`, of which there may be thousands; the index of what was chosen.
    ///
    /// # Errors
    /// As [`Human::ask_secret`].
    fn choose(&self, what: &str, options: &[String]) -> Result<usize, AskError> {
        let _ = (what, options);
        Err(AskError::Nobody("there is no terminal to show a list on"))
    }

    /// Whether [`Human::ask`] would find somebody.
    fn is_there(&self) -> bool;

    /// A passing word (progress, what was wrong with an answer), to the terminal alone: stderr belongs to the SDK.
    fn progress(&self, text: &str);

    /// The address of a page to visit, to the terminal alone, to be copied: nothing random in its query is masked.
    fn address(&self, url: &str) {
        self.progress(url);
    }

    /// Says what is waited for, unless another process has said so on this terminal and still waits.
    fn waiting(&self, text: &str) {
        self.progress(text);
    }

    /// Where questions are asked. Processes with the same place have the same person, who need not be asked by each.
    fn place(&self) -> String {
        String::new()
    }

    /// The rows and columns of the terminal; none if nobody knows.
    fn size(&self) -> Option<(usize, usize)> {
        None
    }

    /// Shows what keyfob has drawn, escape codes included: a QR code.
    ///
    /// # Errors
    /// As [`Human::ask_secret`].
    fn show(&self, picture: &str) -> Result<(), AskError> {
        let _ = picture;
        Err(AskError::Nobody("there is no terminal to show a picture on"))
    }

    /// A line that the next one takes the place of, to the terminal alone; an empty one takes it away.
    fn countdown(&self, text: &str) {
        let _ = text;
    }
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There is nobody to ask, and why.
    #[error("nobody can be asked: {0}")]
    Nobody(&'static str),
    /// Ctrl-C.
    #[error("cancelled")]
    Cancelled,
    /// Ctrl-D, Esc, a closed dialog, or an empty answer where one is needed.
    #[error("cancelled")]
    Declined,
    /// No answer within the limit.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// Three answers were none that can be used, and why the last was not.
    #[error("{0}")]
    Unusable(String),
    #[error("cannot use the terminal: {0}")]
    Terminal(#[from] std::io::Error),
}

impl AskError {
    /// The error the user sees if `what` (an access key id, a confirmation) was asked for and not given.
    pub fn into_error(self, what: &str) -> Error {
        match self {
            AskError::Nobody(reason) => {
                Error::new(Kind::NeedsHuman, format!("{what} is needed, but nobody can be asked: {reason}"))
            }
            AskError::TimedOut(_) => Error::new(Kind::NeedsHuman, format!("{what} is needed: {self}")),
            AskError::Cancelled => Error::new(Kind::Cancelled, self.to_string()),
            AskError::Declined => Error::new(Kind::Declined, format!("{what} is needed: {self}")),
            AskError::Terminal(_) | AskError::Unusable(_) => Error::new(Kind::Failed, self.to_string()),
        }
    }

    /// Whatever else kept a question from being answered is a no; Ctrl-C is the end.
    ///
    /// # Errors
    /// [`Kind::Cancelled`].
    pub fn or_no(answer: Result<bool, AskError>) -> Result<bool, Error> {
        match answer {
            Err(error @ AskError::Cancelled) => Err(error.into_error("")),
            answer => Ok(answer.unwrap_or(false)),
        }
    }
}

/// What keyfob says on stderr beside data and errors. `-q` silences it, `-v` adds the explanations.
pub trait Talk {
    /// Something is not as it should be; the command works anyway.
    fn warn(&self, text: &str);
    /// What the user could do better.
    fn hint(&self, hint: Hint);
    /// The command line that keyfob was started with.
    fn command_line(&self) -> &[String] {
        &[]
    }
    /// That command with `options` added, to be run again.
    fn again(&self, options: &[&'static str]) -> Hint {
        Hint::again(self.command_line(), options)
    }
    /// What was done, for commands that change something.
    fn say(&self, text: &str);
    /// The address of a page to visit, to be copied: nothing random in its query is masked.
    fn address(&self, url: &str) {
        self.say(url);
    }
    /// Why a decision was made; shown with `-v` alone.
    fn explain(&self, text: &str);
}
