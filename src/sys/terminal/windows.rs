//! The console of Windows.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};

use zeroize::Zeroizing;

use super::{AskError, Duration, Echo, Secret};

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
            Echo::On => {
                OpenOptions::new().write(true).open("CONOUT$")?.write_all(prompt.as_bytes())?;
                let mut line = Zeroizing::new(String::new());
                BufReader::new(OpenOptions::new().read(true).write(true).open("CONIN$")?).read_line(&mut line)?;
                Ok(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
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
            let _ = console.write_all(super::in_place(text).as_bytes());
        }
    }
}
