//! Talk on stderr: warnings, hints, what was done, and with `-v` why.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, OnceLock};

use crate::error::Error;
use crate::format::harmless::{one_indented_line, one_line};
use crate::format::shell::Shell;
use crate::hint::Hint;
use crate::human::Talk;
use crate::sys::env::{Environment, vars};
use crate::sys::parent::ancestors;
use crate::ui::out::columns;
use crate::ui::wrap::wrapped_message;
use crate::ui::{shown, shown_address, shown_hint};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `-q`: errors alone.
    Quiet,
    /// Warnings, hints and what was done.
    Normal,
    /// `-v`: decisions too.
    Verbose,
}

/// Talks on stderr, at once or held back until the command has succeeded.
pub struct StderrTalk {
    level: Level,
    colour: bool,
    /// The columns of the terminal that stderr is, if it is one.
    width: Option<usize>,
    held: Option<Mutex<String>>,
    command_line: Vec<String>,
    shell_variable: Option<String>,
    shell: OnceLock<Shell>,
}

#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Warning,
    Hint,
    Note,
    Failure,
}

impl StderrTalk {
    /// Colour where stderr is a terminal that has it and `NO_COLOR` is not set (no-color.org).
    pub fn new(level: Level, env: &Environment) -> Self {
        let colour = std::io::stderr().is_terminal()
            && env.get_os(vars::NO_COLOR).is_none()
            && env.get(vars::TERM).is_none_or(|term| term != "dumb");
        let shell_variable = env.get(vars::SHELL).map(str::to_owned);
        let (width, held, shell) = (columns(std::io::stderr()), None, OnceLock::new());
        StderrTalk { level, colour, width, held, command_line: Vec::new(), shell_variable, shell }
    }

    /// Remembers the command line, which hints repeat; one that is not UTF-8 is none.
    pub fn of_command(self, arguments: Vec<OsString>) -> Self {
        let words = arguments.into_iter().map(OsString::into_string).collect::<Result<_, _>>();
        StderrTalk { command_line: words.unwrap_or_default(), ..self }
    }

    /// keyfob's own command, if it is one that issues credentials.
    pub fn issuing_command(&self) -> &str {
        const ISSUING: [&str; 4] = ["credential-process", "env", "exec", "hook"];
        let words = self.command_line.iter().skip(1);
        words.map(String::as_str).find(|word| ISSUING.contains(word)).unwrap_or_default()
    }

    /// The shell that commands are shown for: the parent's, looked for once and only if needed; POSIX if none is found.
    pub fn shell(&self) -> Shell {
        let detect = || Shell::detect(ancestors().iter().map(String::as_str), self.shell_variable.as_deref());
        *self.shell.get_or_init(|| detect().unwrap_or(Shell::Sh))
    }

    /// Holds everything back until [`StderrTalk::release`]: for `credential-process`, whose stderr SDKs show verbatim
    /// when it fails. It must then hold the error alone.
    pub fn held_back(self) -> Self {
        StderrTalk { held: Some(Mutex::new(String::new())), ..self }
    }

    /// Shows what was held back; called after success, or else it is dropped.
    pub fn release(&self) {
        if let Some(held) = &self.held {
            let text = std::mem::take(&mut *held.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
            to_stderr(&text);
        }
    }

    /// Shows an error: the one thing `-q` does not silence and nothing holds back.
    pub fn error(&self, error: &Error) {
        to_stderr(&self.whole(error));
    }

    fn whole(&self, error: &Error) -> String {
        let mut text = self.line(Tone::Failure, "keyfob: ", &one_line(error.message()));
        text.extend(error.render_causes().lines().map(|cause| self.line(Tone::Plain, "", cause)));
        text.extend(error.hints().iter().map(|hint| self.hint_line(hint)));
        text
    }

    fn hint_line(&self, hint: &Hint) -> String {
        self.shown_line(Tone::Hint, "hint: ", &shown_hint(hint, || self.shell()))
    }

    fn talk(&self, from: Level, tone: Tone, label: &str, text: &str) {
        if self.level >= from {
            self.put(from, &self.line(tone, label, text));
        }
    }

    fn put(&self, from: Level, line: &str) {
        match &self.held {
            _ if self.level < from => {}
            Some(held) => held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_str(line),
            None => to_stderr(line),
        }
    }

    fn line(&self, tone: Tone, label: &str, text: &str) -> String {
        self.shown_line(tone, label, &shown(text))
    }

    /// As [`StderrTalk::line`], of a text that may be shown as it is.
    fn shown_line(&self, tone: Tone, label: &str, shown: &str) -> String {
        let colour = match tone {
            Tone::Plain => "",
            Tone::Warning => "\x1b[33m",
            Tone::Hint => "\x1b[36m",
            Tone::Note => "\x1b[2m",
            Tone::Failure => "\x1b[31m",
        };
        // Lines to paste follow the first one, and stay as they are.
        let (first, rest) = shown.split_at(shown.find('\n').unwrap_or(shown.len()));
        let first = wrapped_message(first, label.len(), self.width);
        match self.colour && !colour.is_empty() {
            true => format!("{colour}{label}\x1b[0m{first}{rest}\n"),
            false => format!("{label}{first}{rest}\n"),
        }
    }
}

impl Talk for StderrTalk {
    fn warn(&self, text: &str) {
        self.talk(Level::Normal, Tone::Warning, "warning: ", &one_line(text));
    }

    fn hint(&self, hint: Hint) {
        if self.level >= Level::Normal {
            self.put(Level::Normal, &self.hint_line(&hint));
        }
    }

    fn command_line(&self) -> &[String] {
        &self.command_line
    }

    fn say(&self, text: &str) {
        self.talk(Level::Normal, Tone::Plain, "", &one_indented_line(text));
    }

    fn address(&self, url: &str) {
        self.put(Level::Normal, &(shown_address(url) + "\n"));
    }

    fn explain(&self, text: &str) {
        if self.level >= Level::Verbose {
            self.put(Level::Verbose, &self.line(Tone::Note, "note: ", &one_line(text)));
        }
    }
}

fn to_stderr(text: &str) {
    // A closed stderr fails no command: what was asked for has been done.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::run;

    fn held(level: Level, colour: bool) -> StderrTalk {
        let (held, shell) = (Some(Mutex::new(String::new())), OnceLock::from(Shell::Sh));
        StderrTalk { level, colour, width: None, held, command_line: Vec::new(), shell_variable: None, shell }
    }

    fn said(talk: &StderrTalk) -> String {
        talk.warn("w");
        talk.hint(run!("keyfob add {}", "a b").to("h"));
        talk.say("s");
        talk.explain("e");
        talk.held.as_ref().expect("held").lock().expect("not poisoned").clone()
    }

    #[test]
    fn each_level_says_what_it_should() {
        assert_eq!(said(&held(Level::Quiet, false)), "");
        assert_eq!(said(&held(Level::Normal, false)), "warning: w\nhint: h: `keyfob add 'a b'`\ns\n");
        assert_eq!(said(&held(Level::Verbose, false)), "warning: w\nhint: h: `keyfob add 'a b'`\ns\nnote: e\n");
    }

    #[test]
    fn an_error_keeps_the_words_of_a_hint_that_keyfob_wrote_and_masks_those_of_others() {
        let error = Error::new(crate::error::Kind::Failed, "token=abcdef")
            .because("--token abcdef")
            .hint(run!("aws ec2 modify-instance-metadata-options --http-tokens required --token {}", "abcdef"));
        let text = held(Level::Normal, false).whole(&error);
        let hint = "hint: `aws ec2 modify-instance-metadata-options --http-tokens required --token ****`\n";
        assert_eq!(text, format!("keyfob: token=****\n  because: --token ****\n{hint}"));
    }

    #[test]
    fn only_labels_are_coloured_and_texts_cannot_steer_the_terminal() {
        let talk = held(Level::Normal, true);
        talk.warn("\x1b]0;title\x07x\nkeyfob: forged");
        let text = talk.held.as_ref().expect("held").lock().expect("not poisoned").clone();
        assert_eq!(text, "\x1b[33mwarning: \x1b[0m\u{fffd}]0;title\u{fffd}x keyfob: forged\n");
    }

    #[test]
    fn a_terminal_gets_whole_words_commands_and_lines_to_paste() {
        let talk = StderrTalk { width: Some(40), ..held(Level::Normal, true) };
        let lines = vec!["[profile a]".to_owned(), "region = eu-west-1 and more than forty columns".to_owned()];
        let error =
            Error::new(crate::error::Kind::Failed, "the file `config` cannot be replaced, so it stays as it was")
                .hint(Hint::Paste { why: "add these lines to the file yourself, as they are".into(), lines })
                .hint(run!("keyfob profile set {} region VALUE", "a-profile").to("or change it"));
        assert_eq!(
            talk.whole(&error),
            "\x1b[31mkeyfob: \x1b[0mthe file `config` cannot be
    replaced, so it stays as it was
\x1b[36mhint: \x1b[0madd these lines to the file
    yourself, as they are
[profile a]
region = eu-west-1 and more than forty columns
\x1b[36mhint: \x1b[0mor change it:
    `keyfob profile set a-profile region VALUE`
"
        );
    }
}
