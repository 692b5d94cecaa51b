//! For tests: what cannot be tried here is said aloud, and in CI it is a failure.

pub(crate) mod aws;
pub(crate) mod ports;

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use crate::error::Error;
use crate::format::shell::Shell;
use crate::hint::Hint;
use crate::human::{AskError, Human, Talk};
use crate::secret::Secret;
use crate::sys::env::Environment;

/// Says past the test harness that a test is skipped, and why.
///
/// # Panics
/// With `CI=true`: there a check that was not made must not pass for one that was.
pub(crate) fn skipped(why: &str) {
    assert!(Environment::of_process().get("CI") != Some("true"), "skipped in CI: {why}");
    // A closed stderr fails no test.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

impl Error {
    /// The error as a POSIX shell's user sees it.
    pub(crate) fn shown(&self) -> String {
        self.render(|| Shell::Sh)
    }

    pub(crate) fn cause_texts(&self) -> Vec<String> {
        self.causes().map(ToString::to_string).collect()
    }

    pub(crate) fn hint_texts(&self) -> Vec<String> {
        self.hints().iter().map(Hint::shown).collect()
    }
}

impl Hint {
    /// The hint as a POSIX shell's user sees it.
    pub(crate) fn shown(&self) -> String {
        self.text(|| Shell::Sh)
    }
}

/// A person who types these answers, one after the other, to whatever is asked for without echo, and is gone afterwards.
/// `declined` is Ctrl-C.
#[derive(Debug)]
pub(crate) struct Person {
    answers: Mutex<VecDeque<&'static str>>,
    /// How long each answer takes.
    pub(crate) pause: Mutex<Duration>,
    /// The prompts and what was said in between, in order.
    pub(crate) seen: Mutex<Vec<String>>,
    pub(crate) prompts: Mutex<Vec<String>>,
    pub(crate) progress: Mutex<Vec<String>>,
    pub(crate) counted: Mutex<Vec<String>>,
}

/// A person who is not there.
pub(crate) static NOBODY: Person = Person::absent();

impl Person {
    const fn absent() -> Self {
        Person {
            answers: Mutex::new(VecDeque::new()),
            pause: Mutex::new(Duration::ZERO),
            seen: Mutex::new(Vec::new()),
            prompts: Mutex::new(Vec::new()),
            progress: Mutex::new(Vec::new()),
            counted: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn typing(answers: &[&'static str]) -> Self {
        Person { answers: Mutex::new(answers.iter().copied().collect()), ..Person::absent() }
    }

    /// Has this answer ready, or with `None` leaves.
    pub(crate) fn answers_with(&self, answer: Option<&'static str>) {
        *self.answers.lock().expect("sound") = answer.into_iter().collect();
    }

    /// How often something was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.prompts.lock().expect("sound").len()
    }
}

impl Human for Person {
    fn ask_secret(&self, prompt: &str, _: Option<Duration>) -> Result<Secret, AskError> {
        for list in [&self.seen, &self.prompts] {
            list.lock().expect("sound").push(prompt.to_owned());
        }
        let answer = self.answers.lock().expect("sound").pop_front();
        std::thread::sleep(*self.pause.lock().expect("sound"));
        match answer {
            None => Err(AskError::Nobody("there is no terminal")),
            Some("declined") => Err(AskError::Declined),
            Some(answer) => Ok(Secret::new(answer.to_owned())),
        }
    }

    fn ask(&self, _: &str, _: Option<Duration>) -> Result<String, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }

    fn confirm(&self, _: &str) -> Result<bool, AskError> {
        Err(AskError::Nobody("there is no terminal"))
    }

    fn is_there(&self) -> bool {
        !self.answers.lock().expect("sound").is_empty()
    }

    fn progress(&self, text: &str) {
        for list in [&self.seen, &self.progress] {
            list.lock().expect("sound").push(text.to_owned());
        }
    }

    fn countdown(&self, text: &str) {
        self.counted.lock().expect("sound").push(text.to_owned());
    }
}

/// Says nothing to anybody.
#[derive(Debug)]
pub(crate) struct Silence;

impl Talk for Silence {
    fn warn(&self, _: &str) {}
    fn hint(&self, _: Hint) {}
    fn say(&self, _: &str) {}
    fn explain(&self, _: &str) {}
}
