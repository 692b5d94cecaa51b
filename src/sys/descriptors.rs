//! Whether enough files can be opened.

use std::io;

/// What a runtime, its pipes and a connection open at once. With fewer, the libraries that do so panic.
const NEEDED: usize = 8;

/// Opens as many as a call needs, and closes them again.
///
/// # Errors
/// That of the system if there are too few.
pub fn check_descriptors() -> io::Result<()> {
    // A pipe has two ends.
    (0..NEEDED / 2).map(|_| io::pipe()).collect::<io::Result<Vec<_>>>().map(drop)
}
