//! Key stores that are other programs: one request is one answer, within a time limit.
//!
//! A kill of keyfob leaves the program running to its end, so that a `set` or a `delete` may still happen; whoever reads
//! back learns which.

use std::time::{Duration, Instant};

use crate::credentials::StoreId;
use crate::format::environment::of_helper;
use crate::keystore::protocol::{Failure, FailureKind, Response, StoreRequest};
use crate::keystore::{Item, KeyStore, Opening, Presence, StoreError};
use crate::mask;
use crate::secret::{Secret, SecretBytes};
use crate::sys::child::{self, Answer, ChildError, Given};
use crate::sys::env::{Environment, vars};
use crate::sys::program::is_on_path;

/// The setting of `[stores.NAME]` that names the program.
pub(super) const COMMAND: &str = "command";

/// The words of a `command`, split as a POSIX shell does; no shell runs them.
///
/// # Errors
/// Why it has none.
pub(super) fn words_of(command: &str) -> Result<Vec<String>, String> {
    // Its words are not repeated: somebody may have written a secret into it.
    match shell_words::split(command) {
        Ok(words) if words.is_empty() => Err(format!("`{COMMAND}` is empty")),
        Ok(words) => Ok(words),
        Err(error) => Err(format!("`{COMMAND}`: {error}")),
    }
}

/// Does what a request says, with the help of another program.
pub(super) trait Answers {
    /// Answers a request, by `deadline` at the latest.
    ///
    /// # Errors
    /// Any failure of the store; [`Response::Failed`] is never returned.
    fn answer(&self, request: &StoreRequest, deadline: Deadline) -> Result<Response, StoreError>;
}

/// When an answer has to be there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    limit: Duration,
    start: Instant,
}

impl Deadline {
    fn after(limit: Duration) -> Deadline {
        Deadline { limit, start: Instant::now() }
    }

    /// What is left of it.
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }
}

/// A key store that is another program.
pub(super) struct Outside<'a> {
    id: StoreId,
    /// The program's name, for when it is missing.
    program: String,
    answers: Box<dyn Answers + 'a>,
    launcher: Launcher,
    /// How long a request may take: a person may have to answer the program's own question.
    limit: Duration,
    /// How long a look at the store may take, which asks nobody.
    look_limit: Duration,
}

impl<'a> Outside<'a> {
    /// The store that `opening` is about, whose program is called `program`; `prepare` makes what answers.
    pub fn new(
        opening: &Opening<'_, 'a>,
        program: String,
        prepare: impl FnOnce(Launcher) -> Box<dyn Answers + 'a>,
    ) -> Self {
        let settings = opening.context.settings;
        let most = opening.context.prompt_limit.unwrap_or(settings.program_timeout);
        let launcher = Launcher::new(opening);
        Outside {
            id: opening.id,
            program,
            answers: prepare(launcher.clone()),
            launcher,
            limit: most.min(settings.program_timeout),
            look_limit: settings.key_store_timeout,
        }
    }

    fn ask(&self, request: &StoreRequest, limit: Duration) -> Result<Response, StoreError> {
        self.answers.answer(request, Deadline::after(limit))
    }

    fn unexpected(&self, request: &StoreRequest) -> StoreError {
        let title = self.id.title();
        StoreError::Unavailable(format!("{title} answered `{}` with something else", request.action()))
    }

    fn list(&self, limit: Duration) -> Result<Vec<String>, StoreError> {
        match self.ask(&StoreRequest::List, limit)? {
            Response::Names(names) => Ok(names),
            Response::Secret(_) | Response::Done | Response::Failed(_) => Err(self.unexpected(&StoreRequest::List)),
        }
    }

    fn done(&self, request: &StoreRequest) -> Result<(), StoreError> {
        match self.ask(request, self.limit)? {
            Response::Done => Ok(()),
            Response::Secret(_) | Response::Names(_) | Response::Failed(_) => Err(self.unexpected(request)),
        }
    }
}

impl KeyStore for Outside<'_> {
    fn id(&self) -> StoreId {
        self.id
    }

    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        let request = StoreRequest::Get { name: item.to_string() };
        match self.ask(&request, self.limit)? {
            Response::Secret(secret) => Ok(secret.into()),
            Response::Done | Response::Names(_) | Response::Failed(_) => Err(self.unexpected(&request)),
        }
    }

    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        let text = std::str::from_utf8(value.expose());
        let text = text.map_err(|_| StoreError::Unavailable("only text can be stored there".to_owned()))?;
        self.done(&StoreRequest::Set { name: item.to_string(), secret: Secret::new(text.to_owned()) })
    }

    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        self.done(&StoreRequest::Delete { name: item.to_string() })
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.list(self.limit).map(Some)
    }

    /// Asks it for its names: a program that answers that can be used.
    fn presence(&self) -> Result<Presence, StoreError> {
        if !is_on_path(&self.launcher.env, &self.program) {
            return Ok(Presence::Absent(format!("`{}` is not installed, or not on `PATH`", self.program)));
        }
        self.list(self.look_limit).map(|_| Presence::There)
    }
}

/// Starts the program of a store.
#[derive(Clone)]
pub(super) struct Launcher {
    id: StoreId,
    env: Environment,
    /// `KEYFOB_CHAIN` of the program.
    chain: Vec<String>,
    /// Whether this keyfob was started by that very program.
    is_nested: bool,
}

impl Launcher {
    fn new(opening: &Opening<'_, '_>) -> Launcher {
        let environment = opening.context.environment;
        let mark = format!("({})", opening.id);
        let outer = environment.get(vars::KEYFOB_CHAIN).unwrap_or_default();
        let mut chain: Vec<_> = outer.split(',').filter(|link| !link.is_empty()).map(str::to_owned).collect();
        let is_nested = chain.contains(&mark);
        chain.push(mark);
        // Security: none of the variables that hold credentials; what the store's own program needs stays.
        Launcher { id: opening.id, env: of_helper(environment), chain, is_nested }
    }

    /// The variable of this name that programs get.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.env.get(name)
    }

    /// Has programs get this variable.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.env.set(name, value);
    }

    /// Runs a program to its end.
    // Security: secrets go into `input`, never into `argv` or the environment.
    ///
    /// # Errors
    /// [`StoreError::TimedOut`] past the deadline; [`StoreError::Unavailable`] where it cannot be started or prints too much.
    pub fn run(&self, argv: &[String], input: SecretBytes, deadline: Deadline) -> Result<Answer, StoreError> {
        let title = self.id.title();
        if self.is_nested {
            return Err(StoreError::Unavailable(format!(
                "the program of {title} runs keyfob, which needs {title} itself"
            )));
        }
        let program = argv.first().map_or("", String::as_str);
        let given = Given { env: &self.env, chain: &self.chain, limit: deadline.left() };
        child::run_with_input(argv, input, given).map_err(|error| match error {
            ChildError::TimedOut(_) => StoreError::TimedOut(deadline.limit),
            ChildError::Start(error) if error.kind() == std::io::ErrorKind::NotFound => {
                StoreError::Unavailable(format!("{title}: `{program}` is not installed, or not on `PATH`"))
            }
            error @ (ChildError::Start(_) | ChildError::TooMuch | ChildError::Read(_)) => {
                StoreError::Unavailable(format!("{title}: `{program}`: {error}"))
            }
        })
    }

    /// What went wrong, in the words of the program that said so: `message`, then what it wrote to its standard error.
    // Security: either may repeat a secret, so what looks like one is masked, and so is the one it was given.
    pub fn failed(&self, failure: Failure, answer: &Answer, request: &StoreRequest) -> StoreError {
        let (title, Failure { kind, message }) = (self.id.title(), failure);
        let (message, stderr) = (harmless(&message, request), said(answer, request));
        let words = match (message.is_empty(), stderr.is_empty()) {
            (_, true) => message,
            (true, false) => stderr,
            (false, false) => format!("{message}: {stderr}"),
        };
        let or = |otherwise: &str| match words.is_empty() {
            true => format!("{title} {otherwise}"),
            false => format!("{title}: {words}"),
        };
        match kind {
            FailureKind::NotFound => StoreError::NotFound,
            FailureKind::Locked => StoreError::Locked(or("is locked")),
            FailureKind::Denied if words.is_empty() => StoreError::Denied("it gave no reason".to_owned()),
            FailureKind::Denied => StoreError::Denied(words),
            FailureKind::Unavailable => StoreError::Unavailable(or("does not work, and does not say why")),
        }
    }
}

/// What a program wrote to its standard error, in one line, masked.
pub(super) fn said(answer: &Answer, request: &StoreRequest) -> String {
    harmless(&String::from_utf8_lossy(answer.stderr.expose()), request)
}

fn harmless(text: &str, request: &StoreRequest) -> String {
    match request {
        StoreRequest::Set { secret, .. } if !secret.is_empty() => {
            mask::in_one_line(&text.replace(secret.expose(), mask::MASK))
        }
        StoreRequest::Set { .. } | StoreRequest::Get { .. } | StoreRequest::Delete { .. } | StoreRequest::List => {
            mask::in_one_line(text)
        }
    }
}
