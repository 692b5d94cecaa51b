//! Standard input, read whole, for the one command that is given a secret that way.

use std::io::{self, IsTerminal, Read};

use zeroize::Zeroizing;

/// More than any input has; what is longer was piped in by mistake.
const LONGEST: usize = 64 << 10;

/// Reads standard input to its end.
///
/// # Errors
/// Where it cannot be read, has more than 64 KiB, or is a terminal, which would show what is typed.
pub fn read_stdin() -> io::Result<Zeroizing<Vec<u8>>> {
    if io::stdin().is_terminal() {
        return Err(io::Error::other("it is a terminal, which would show the secret; omit the option to be prompted"));
    }
    read_all()
}

/// Reads standard input to its end, whatever it is.
///
/// # Errors
/// Where it cannot be read, or has more than 64 KiB.
pub fn read_all() -> io::Result<Zeroizing<Vec<u8>>> {
    // As long as it may get from the start: one that grows leaves pieces behind.
    let mut input = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    io::stdin().lock().take(LONGEST as u64 + 1).read_to_end(&mut input)?;
    match input.len() {
        0..=LONGEST => Ok(input),
        _ => Err(io::Error::other("it has more than 64 KiB")),
    }
}
