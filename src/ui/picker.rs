//! A list on the terminal to choose from, by typing a part of what is meant.

use inquire::{InquireError, Select};

use crate::human::AskError;
use crate::sys::interrupt;
use crate::sys::terminal::Terminal;
use crate::ui::shown;

/// Lines of the list shown at a time.
const PAGE: usize = 12;

/// Has a person choose among `options`; the index of what was chosen.
///
/// # Errors
/// [`AskError::Declined`] after Esc, [`AskError::Cancelled`] after Ctrl-C, with the terminal as it was; as [`Terminal::open`] tells.
pub(super) fn choose(what: &str, options: &[String]) -> Result<usize, AskError> {
    let terminal = Terminal::open()?;
    let options = options.iter().map(|option| shown(option)).collect();
    // It draws on stderr, which may be a file: stdout and stderr belong to whoever reads them.
    let chosen = terminal.as_stderr(|| {
        Select::new(what, options)
            .with_page_size(PAGE)
            .with_help_message("type to filter, ↑↓ to move, Enter to select, Esc to cancel")
            .raw_prompt()
    })?;
    match chosen {
        Ok(chosen) => Ok(chosen.index),
        Err(InquireError::OperationCanceled) => Err(AskError::Declined),
        Err(InquireError::OperationInterrupted) => {
            interrupt::note();
            Err(AskError::Cancelled)
        }
        Err(InquireError::NotTTY) => Err(AskError::Nobody("there is no terminal")),
        Err(InquireError::IO(error)) => Err(AskError::Terminal(error)),
        Err(error @ (InquireError::InvalidConfiguration(_) | InquireError::Custom(_))) => {
            Err(AskError::Terminal(std::io::Error::other(error.to_string())))
        }
    }
}
