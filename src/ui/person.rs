//! The person at the controlling terminal.

use std::time::Duration;

use crate::human::{AskError, Human};
use crate::secret::Secret;
use crate::settings::Prompt;
use crate::sys::terminal::{Echo, Terminal};
use crate::ui::harmless;

/// Asks on the controlling terminal, unless the settings forbid it.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    prompt: Prompt,
    yes: bool,
    quiet: bool,
    most: Option<Duration>,
}

impl Person {
    /// `yes`: answer every yes-or-no question with yes. `quiet`: no progress. `most`: bounds every question.
    pub fn new(prompt: Prompt, yes: bool, quiet: bool, most: Option<Duration>) -> Self {
        Person { prompt, yes, quiet, most }
    }

    /// Opened for each question: whether this process is in the foreground changes while it runs.
    fn terminal(&self) -> Result<Terminal, AskError> {
        match self.prompt {
            Prompt::Terminal => Terminal::open(),
            Prompt::Never => Err(AskError::Nobody("the setting `prompt` is `never`")),
        }
    }

    fn limit(&self, limit: Option<Duration>) -> Option<Duration> {
        match (self.most, limit) {
            (Some(most), Some(limit)) => Some(most.min(limit)),
            (most, limit) => most.or(limit),
        }
    }
}

impl Human for Person {
    fn ask_secret(&self, prompt: &str, limit: Option<Duration>) -> Result<Secret, AskError> {
        self.terminal()?.read_line(&harmless(prompt), Echo::Off, self.limit(limit))
    }

    fn ask(&self, prompt: &str, limit: Option<Duration>) -> Result<String, AskError> {
        let answer = self.terminal()?.read_line(&harmless(prompt), Echo::On, self.limit(limit))?;
        Ok(answer.expose().to_owned())
    }

    fn confirm(&self, question: &str) -> Result<bool, AskError> {
        if self.yes {
            return Ok(true);
        }
        self.ask(&format!("{question} [y/N] "), None).map(|answer| is_yes(&answer))
    }

    fn offer(&self, question: &str) -> Result<bool, AskError> {
        if self.yes || !self.is_there() {
            return Ok(false);
        }
        self.ask(&format!("{question} [y/N] "), None).map(|answer| is_yes(&answer))
    }

    fn is_there(&self) -> bool {
        self.terminal().is_ok()
    }

    fn progress(&self, text: &str) {
        if let (false, Ok(terminal)) = (self.quiet, self.terminal()) {
            terminal.write_line(&harmless(text));
        }
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_prompts_forbidden_there_is_nobody_and_yes_still_answers() {
        let nobody = Person::new(Prompt::Never, false, false, None);
        assert!(!nobody.is_there());
        assert!(matches!(nobody.confirm("sure?"), Err(AskError::Nobody(_))));
        assert!(matches!(nobody.ask_secret("code: ", None), Err(AskError::Nobody(_))));
        let yes = Person::new(Prompt::Never, true, false, None);
        assert!(yes.confirm("sure?").expect("answered"));
        assert!(!yes.offer("more?").expect("answered"), "an offer is not a question");
    }
}
