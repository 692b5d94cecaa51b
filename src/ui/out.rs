//! Data on stdout, and nothing but data.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::ui::harmless;

/// Writes `text` to stdout at once, byte for byte, but to a terminal, which it must not steer, without control characters.
/// A reader that has gone is no failure: it has had what it wanted.
///
/// # Errors
/// Where stdout cannot be written, a full disk for one.
pub fn write(text: &str) -> Result<()> {
    if io::stdout().is_terminal() { write_page(text) } else { write_bytes(text.as_bytes()) }
}

/// As [`write()`], for what only people read: a pager hands it on to a terminal, so it is without control characters always.
///
/// # Errors
/// As [`write()`].
pub fn write_page(text: &str) -> Result<()> {
    // Security: `env` on a terminal writes secrets.
    write_bytes(Zeroizing::new(harmless(text)).as_bytes())
}

fn write_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    checked(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// The columns of the terminal that stdout is; none where it is none.
pub fn terminal_width() -> Option<usize> {
    #[cfg(unix)]
    return rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col.into()).filter(|width| *width > 0);
    #[cfg(not(unix))]
    None
}

/// What writing to stdout came to. A reader that has gone is no failure.
///
/// # Errors
/// As [`write()`].
pub fn checked(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Error::new(Kind::Failed, "stdout cannot be written").because(error)),
    }
}

/// Writes one indented JSON document, for `--json`: the fields of `data` behind the version of their form.
///
/// # Errors
/// As [`write()`].
pub fn write_json(data: &impl Serialize) -> Result<()> {
    #[derive(Serialize)]
    struct Document<T> {
        version: u32,
        #[serde(flatten)]
        data: T,
    }
    let mut text =
        serde_json::to_string_pretty(&Document { version: 1, data }).expect("keyfob's documents have text keys alone");
    text.push('\n');
    write(&text)
}
