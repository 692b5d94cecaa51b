//! The person at the controlling terminal, or at a display.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::Duration;

use crate::format::environment::of_helper;
use crate::format::harmless::one_line;
use crate::human::{AskError, Human};
use crate::secret::Secret;
use crate::settings::{PromptWay, Settings};
use crate::sys::dialog;
use crate::sys::env::Environment;
use crate::sys::lock::{Lock, LockError};
use crate::sys::pinentry;
use crate::sys::terminal::{Echo, Terminal};
use crate::ui::wrap::wrapped_message;
use crate::ui::{picker, shown, shown_address};

/// Asks on the controlling terminal, and for secrets through pinentry too, in the order the settings have.
#[derive(Debug)]
pub struct Person<'a> {
    settings: &'a Settings,
    env: &'a Environment,
    yes: bool,
    quiet: bool,
    most: Option<Duration>,
    /// The cache folder, where processes on one terminal agree on who says what they wait for.
    folder: &'a Path,
    /// What all that is asked and shown begins with: on whose behalf.
    about: &'a str,
    /// Set once a question is not asked because the setting `prompt` forbids it.
    is_forbidden: &'a Cell<bool>,
    /// Held by the one that has said it.
    says_waiting: RefCell<Option<Lock>>,
    /// What was said with no terminal to say it on: the next window shows it.
    unheard: RefCell<Option<String>>,
}

impl<'a> Person<'a> {
    /// `folder`: the cache folder. `yes`: answer every yes-or-no question with yes. `quiet`: no progress. `most`: bounds
    /// every question. `is_forbidden`: set once the setting `prompt` forbids one.
    pub fn new(
        settings: &'a Settings,
        env: &'a Environment,
        folder: &'a Path,
        yes: bool,
        quiet: bool,
        most: Option<Duration>,
        is_forbidden: &'a Cell<bool>,
    ) -> Self {
        let (says_waiting, unheard) = (RefCell::default(), RefCell::default());
        Person { settings, env, yes, quiet, most, folder, about: "", is_forbidden, says_waiting, unheard }
    }

    /// Has all that is asked and shown begin with `about`, which says on whose behalf it is.
    pub fn on_behalf(self, about: &'a str) -> Self {
        Person { about, ..self }
    }

    fn shown(&self, text: &str) -> String {
        shown(&format!("{}{text}", self.about))
    }

    /// As [`Person::shown`], with the words whole where the terminal ends its lines.
    fn on(&self, terminal: &Terminal, text: &str) -> String {
        let columns = terminal.size().map(|(_, columns)| columns);
        let shown = self.shown(text);
        shown.split('\n').map(|line| wrapped_message(line, 0, columns)).collect::<Vec<_>>().join("\n")
    }

    /// Opened for each question: whether this process is in the foreground changes while it runs.
    fn terminal(&self) -> Result<Terminal, AskError> {
        let ways = self.settings.prompt.ways();
        match ways.is_empty() {
            true => Err(AskError::Nobody("the setting `prompt` is `never`")),
            false if ways.contains(&PromptWay::Terminal) => Terminal::open(),
            false => Err(AskError::Nobody("the setting `prompt` does not include the terminal")),
        }
    }

    /// As [`Person::terminal`], for a question.
    fn to_ask(&self) -> Result<Terminal, AskError> {
        let ways = self.settings.prompt.ways();
        self.is_forbidden.set(self.is_forbidden.get() || !ways.contains(&PromptWay::Terminal));
        self.terminal()
    }

    fn ask_in_window(&self, prompt: &str, limit: Option<Duration>) -> Result<Secret, AskError> {
        let complaint = self.unheard.take();
        let question = format!("{}{}", self.about, prompt.trim_end().trim_end_matches(':'));
        let env = of_helper(self.env);
        pinentry::ask(self.settings.pinentry.as_deref(), &env, &question, complaint.as_deref(), limit)
    }

    /// Asks for a yes in a window, never on a terminal, which may be that of whoever wants something: pinentry's, or where none
    /// is installed or named, a dialog of the desktop.
    ///
    /// # Errors
    /// As [`Human::ask_secret`].
    pub fn allow_in_window(&self, question: &str, limit: Duration) -> Result<bool, AskError> {
        if !self.settings.prompt.ways().contains(&PromptWay::Pinentry) {
            return Err(AskError::Nobody("the setting `prompt` does not include pinentry"));
        }
        let env = of_helper(self.env);
        let named = self.settings.pinentry.as_deref();
        match pinentry::confirm(named, &env, question, Some(limit)) {
            Err(AskError::Nobody(_)) if named.is_none() && pinentry::has_windows(self.env) => {
                dialog::confirm(&one_line(question), &env, limit)
            }
            asked => asked,
        }
    }

    /// Asks until the answer is a yes or a no; an empty one is `default`.
    fn yes_or_no(&self, question: &str, default: bool) -> Result<bool, AskError> {
        let prompt = prompt_of(question, default);
        loop {
            let answer = self.ask(&prompt, None)?;
            match answer.trim().to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.terminal()?.write_line("please answer y or n"),
            }
        }
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
                PromptWay::Terminal => {
                    self.terminal().and_then(|at| at.read_line(&self.on(&at, prompt), Echo::Off, limit))
                }
                PromptWay::Pinentry => self.ask_in_window(prompt, limit),
            };
            match asked {
                Err(AskError::Nobody(reason)) => {
                    nobody.get_or_insert(reason);
                }
                asked => return asked,
            }
        }
        match nobody {
            Some(nobody) => Err(AskError::Nobody(nobody)),
            None => self.to_ask().and(Err(AskError::Declined)),
        }
    }

    fn ask_secret_and(
        &self,
        prompt: &str,
        limit: Option<Duration>,
        check: &mut dyn FnMut(&Secret),
    ) -> Result<(), AskError> {
        let limit = self.limit(limit);
        match self.terminal() {
            Ok(terminal) if self.settings.prompt.ways().first() == Some(&PromptWay::Terminal) => {
                terminal.read_line_and(&self.on(&terminal, prompt), limit, check)
            }
            _ => self.ask_secret(prompt, limit).map(|secret| check(&secret)),
        }
    }

    fn ask(&self, prompt: &str, limit: Option<Duration>) -> Result<String, AskError> {
        let terminal = self.to_ask()?;
        let answer = terminal.read_line(&self.on(&terminal, prompt), Echo::On, self.limit(limit))?;
        Ok(answer.expose().to_owned())
    }

    fn ask_pair(
        &self,
        prompts: [&str; 2],
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(String, Secret), AskError> {
        let terminal = self.to_ask()?;
        terminal.read_pair(prompts, &|text| check(text).map_err(|why| self.on(&terminal, &why)))
    }

    fn confirm(&self, question: &str) -> Result<bool, AskError> {
        if self.yes {
            return Ok(true);
        }
        self.yes_or_no(question, false)
    }

    fn propose(&self, question: &str) -> Result<bool, AskError> {
        if self.yes {
            return Ok(true);
        }
        self.yes_or_no(question, true)
    }

    fn offer(&self, question: &str) -> Result<bool, AskError> {
        if self.yes || !self.is_there() {
            return Ok(false);
        }
        self.yes_or_no(question, false)
    }

    fn choose(&self, what: &str, options: &[String]) -> Result<usize, AskError> {
        self.to_ask()?;
        picker::choose(what, options)
    }

    fn is_there(&self) -> bool {
        self.terminal().is_ok()
    }

    fn progress(&self, text: &str) {
        match self.terminal() {
            Ok(terminal) if !self.quiet => terminal.write_line(&self.on(&terminal, text)),
            Ok(_) => {}
            Err(_) => *self.unheard.borrow_mut() = Some(text.to_owned()),
        }
    }

    fn address(&self, url: &str) {
        if let (false, Ok(terminal)) = (self.quiet, self.terminal()) {
            terminal.write_line(&shown_address(url));
        }
    }

    fn waiting(&self, text: &str) {
        // 256 files at most. If two terminals share one, a line is lost and no more.
        let claim = |session| Lock::try_acquire(&self.folder.join(format!("waiting-{}.lock", session % 256)));
        match self.terminal().ok().and_then(|_| Terminal::session()).map(claim) {
            Some(Err(LockError::Held { .. })) => {}
            Some(claimed) => {
                *self.says_waiting.borrow_mut() = claimed.ok();
                self.progress(text);
            }
            None => self.progress(text),
        }
    }

    fn place(&self) -> String {
        let windows = || self.env.has_display().then(|| "the display".to_owned());
        Terminal::session().map(|session| format!("session {session}")).or_else(windows).unwrap_or_default()
    }

    fn size(&self) -> Option<(usize, usize)> {
        self.terminal().ok()?.size()
    }

    fn show(&self, picture: &str) -> Result<(), AskError> {
        self.to_ask()?.write_line(picture);
        Ok(())
    }

    fn countdown(&self, text: &str) {
        if let (false, Ok(terminal)) = (self.quiet, self.terminal()) {
            terminal.overwrite_line(&self.shown(text));
        }
    }
}

/// A question with its choices. Security: one line, whatever values it has in it.
fn prompt_of(question: &str, default: bool) -> String {
    format!("{} {} ", one_line(question), if default { "[Y/n]" } else { "[y/N]" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Prompt;

    #[test]
    fn no_value_in_a_question_begins_a_line() {
        assert_eq!(prompt_of("delete `a\nkeyfob: gone`?", false), "delete `a keyfob: gone`? [y/N] ");
        assert_eq!(prompt_of("link `a`?", true), "link `a`? [Y/n] ");
    }

    #[test]
    fn with_prompts_forbidden_there_is_nobody_and_yes_still_answers() {
        let (settings, env) = (Settings { prompt: Prompt::never(), ..Settings::default() }, Environment::default());
        let is_forbidden = Cell::new(false);
        let nobody = Person::new(&settings, &env, Path::new(""), false, false, None, &is_forbidden);
        assert!(!nobody.is_there() && !is_forbidden.get());
        assert!(matches!(nobody.confirm("sure?"), Err(AskError::Nobody(_))));
        assert!(matches!(nobody.ask_secret("code: ", None), Err(AskError::Nobody(_))));
        assert!(is_forbidden.get());
        let yes = Person::new(&settings, &env, Path::new(""), true, false, None, &is_forbidden);
        assert!(yes.confirm("sure?").expect("answered") && yes.propose("sure?").expect("answered"));
        assert!(!yes.offer("more?").expect("answered"), "an offer is not a question");
    }
}
