//! The person at the controlling terminal, or at a display.

use std::cell::RefCell;
use std::time::Duration;

use crate::human::{AskError, Human};
use crate::secret::Secret;
use crate::settings::{Settings, Way};
use crate::sys::env::Environment;
use crate::sys::pinentry;
use crate::sys::terminal::{Echo, Terminal};
use crate::ui::{picker, shown};

/// Asks on the controlling terminal, and for secrets through pinentry too, in the order the settings have.
#[derive(Debug)]
pub struct Person<'a> {
    settings: &'a Settings,
    env: &'a Environment,
    yes: bool,
    quiet: bool,
    most: Option<Duration>,
    /// What was said with no terminal to say it on: the next window shows it.
    unheard: RefCell<Option<String>>,
}

impl<'a> Person<'a> {
    /// `yes`: answer every yes-or-no question with yes. `quiet`: no progress. `most`: bounds every question.
    pub fn new(settings: &'a Settings, env: &'a Environment, yes: bool, quiet: bool, most: Option<Duration>) -> Self {
        Person { settings, env, yes, quiet, most, unheard: RefCell::default() }
    }

    /// Opened for each question: whether this process is in the foreground changes while it runs.
    fn terminal(&self) -> Result<Terminal, AskError> {
        let ways = self.settings.prompt.ways();
        match ways.is_empty() {
            true => Err(AskError::Nobody("the setting `prompt` is `never`")),
            false if ways.contains(&Way::Terminal) => Terminal::open(),
            false => Err(AskError::Nobody("the setting `prompt` leaves the terminal out")),
        }
    }

    fn ask_in_window(&self, prompt: &str, limit: Option<Duration>) -> Result<Secret, AskError> {
        let complaint = self.unheard.take();
        let question = prompt.trim_end().trim_end_matches(':');
        pinentry::ask(self.settings.pinentry.as_deref(), self.env, question, complaint.as_deref(), limit)
    }

    fn limit(&self, limit: Option<Duration>) -> Option<Duration> {
        match (self.most, limit) {
            (Some(most), Some(limit)) => Some(most.min(limit)),
            (most, limit) => most.or(limit),
        }
    }
}

impl Human for Person<'_> {
    /// The first way that finds somebody; where none does, the reason of the first.
    fn ask_secret(&self, prompt: &str, limit: Option<Duration>) -> Result<Secret, AskError> {
        let limit = self.limit(limit);
        let mut nobody = None;
        for way in self.settings.prompt.ways() {
            let asked = match way {
                Way::Terminal => self.terminal().and_then(|at| at.read_line(&shown(prompt), Echo::Off, limit)),
                Way::Pinentry => self.ask_in_window(prompt, limit),
            };
            match asked {
                Err(AskError::Nobody(reason)) => {
                    nobody.get_or_insert(reason);
                }
                asked => return asked,
            }
        }
        Err(AskError::Nobody(nobody.unwrap_or("the setting `prompt` is `never`")))
    }

    fn ask(&self, prompt: &str, limit: Option<Duration>) -> Result<String, AskError> {
        let answer = self.terminal()?.read_line(&shown(prompt), Echo::On, self.limit(limit))?;
        Ok(answer.expose().to_owned())
    }

    fn confirm(&self, question: &str) -> Result<bool, AskError> {
        if self.yes {
            return Ok(true);
        }
        self.ask(&format!("{question} [y/N] "), None).map(|answer| is_yes(&answer))
    }

    fn propose(&self, question: &str) -> Result<bool, AskError> {
        if self.yes {
            return Ok(true);
        }
        self.ask(&format!("{question} [Y/n] "), None).map(|answer| answer.trim().is_empty() || is_yes(&answer))
    }

    fn offer(&self, question: &str) -> Result<bool, AskError> {
        if self.yes || !self.is_there() {
            return Ok(false);
        }
        self.ask(&format!("{question} [y/N] "), None).map(|answer| is_yes(&answer))
    }

    fn choose(&self, what: &str, options: &[String]) -> Result<usize, AskError> {
        self.terminal()?;
        picker::choose(what, options)
    }

    fn is_there(&self) -> bool {
        self.terminal().is_ok()
    }

    fn progress(&self, text: &str) {
        match self.terminal() {
            Ok(terminal) if !self.quiet => terminal.write_line(&shown(text)),
            Ok(_) => {}
            Err(_) => *self.unheard.borrow_mut() = Some(text.to_owned()),
        }
    }

    fn show(&self, picture: &str) -> Result<(), AskError> {
        self.terminal()?.write_line(picture);
        Ok(())
    }

    fn countdown(&self, text: &str) {
        if let (false, Ok(terminal)) = (self.quiet, self.terminal()) {
            terminal.overwrite_line(&shown(text));
        }
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Prompt;

    #[test]
    fn with_prompts_forbidden_there_is_nobody_and_yes_still_answers() {
        let (settings, env) = (Settings { prompt: Prompt::never(), ..Settings::default() }, Environment::default());
        let nobody = Person::new(&settings, &env, false, false, None);
        assert!(!nobody.is_there());
        assert!(matches!(nobody.confirm("sure?"), Err(AskError::Nobody(_))));
        assert!(matches!(nobody.ask_secret("code: ", None), Err(AskError::Nobody(_))));
        let yes = Person::new(&settings, &env, true, false, None);
        assert!(yes.confirm("sure?").expect("answered") && yes.propose("sure?").expect("answered"));
        assert!(!yes.offer("more?").expect("answered"), "an offer is not a question");
    }
}
