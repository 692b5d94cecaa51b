//! The console of Windows.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use zeroize::Zeroizing;

use super::{AskError, Duration, Echo, Secret, TRIES, ends_word};

/// The console. Kept thin: a question here has no time limit, and Ctrl-C ends the process, which restores the console.
#[derive(Debug)]
pub struct Terminal(());

impl Terminal {
    /// Opens the console.
    ///
    /// # Errors
    /// [`AskError::Nobody`] where there is none.
    pub fn open() -> Result<Terminal, AskError> {
        match OpenOptions::new().read(true).write(true).open("CONIN$") {
            Ok(_) => Ok(Terminal(())),
            Err(_) => Err(AskError::Nobody("there is no console")),
        }
    }

    /// Does `work`. What draws on the console there does so by its own name.
    ///
    /// # Errors
    /// None.
    pub fn as_stderr<T>(&self, work: impl FnOnce() -> T) -> std::io::Result<T> {
        Ok(work())
    }

    /// Shows `prompt` and reads one line, without its end.
    ///
    /// # Errors
    /// As [`AskError`] tells.
    pub fn read_line(&self, prompt: &str, echo: Echo, _limit: Option<Duration>) -> Result<Secret, AskError> {
        match echo {
            Echo::Off => Ok(Secret::new(rpassword::prompt_password(prompt)?)),
            Echo::On | Echo::FirstWord => {
                OpenOptions::new().write(true).open("CONOUT$")?.write_all(prompt.as_bytes())?;
                let mut line = Zeroizing::new(String::new());
                BufReader::new(OpenOptions::new().read(true).write(true).open("CONIN$")?).read_line(&mut line)?;
                Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
    }

    /// As [`Terminal::read_line`] without echo, and does `check` with the answer.
    ///
    /// # Errors
    /// As [`Terminal::read_line`].
    pub fn read_line_and(
        &self,
        prompt: &str,
        limit: Option<Duration>,
        check: &mut dyn FnMut(&Secret),
    ) -> Result<(), AskError> {
        self.read_line(prompt, Echo::Off, limit).map(|answer| check(&answer))
    }

    /// Asks for a word with echo, until `check` takes it, and for a secret without.
    ///
    /// # Errors
    /// As [`Terminal::read_line`]; [`AskError::Unusable`] after three words.
    pub fn read_pair(
        &self,
        prompts: [&str; 2],
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(String, Secret), AskError> {
        let mut problem = String::new();
        for _ in 0..TRIES {
            let line = self.read_line(prompts[0], Echo::On, None)?;
            let first = line.expose().trim_matches(ends_word).to_owned();
            match check(&first) {
                Ok(()) => return Ok((first, self.read_line(prompts[1], Echo::Off, None)?)),
                Err(why) => {
                    self.write_line(&why);
                    problem = why;
                }
            }
        }
        Err(AskError::Unusable(problem))
    }

    /// Not asked for.
    pub fn size(&self) -> Option<(usize, usize)> {
        None
    }

    /// A console has no session.
    pub fn session() -> Option<u32> {
        None
    }

    /// Writes a line of text.
    pub fn write_line(&self, text: &str) {
        if let Ok(mut console) = OpenOptions::new().write(true).open("CONOUT$") {
            // Progress is a courtesy: a console that fails here fails no command.
            let _ = console.write_all(format!("{text}\r\n").as_bytes());
        }
    }

    /// Shows a line in place of the one shown this way before; an empty one leaves nothing of it.
    pub fn overwrite_line(&self, text: &str) {
        if let Ok(mut console) = OpenOptions::new().write(true).open("CONOUT$") {
            let _ = console.write_all(super::in_place(text, self.size().map(|(_, columns)| columns)).as_bytes());
        }
    }
}
