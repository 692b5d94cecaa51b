//! What a killed keyfob leaves beside a file it was replacing: a temporary file, which may hold every key of that file.

use std::io;
use std::path::{Path, PathBuf};

use crate::sys::folder;

pub(super) const PREFIX: &str = ".keyfob-";
pub(super) const SUFFIX: &str = ".tmp";

/// Whether a file of this name is one that takes another's place, or was to.
pub fn is_temporary(file_name: &str) -> bool {
    file_name.starts_with(PREFIX) && file_name.ends_with(SUFFIX)
}

/// The temporary files in `folder` that nobody writes any more: whoever writes one has it locked.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let files = folder::files_named(folder, is_temporary).unwrap_or_default();
    files.into_iter().filter(|path| is_abandoned(path).unwrap_or(false)).collect()
}

/// Removes them. One that cannot be removed stays: what is to be written now does not depend on it.
pub(super) fn remove_leftovers(folder: &Path) {
    for path in leftovers(folder) {
        let _ = folder::remove(&path);
    }
}

fn is_abandoned(path: &Path) -> io::Result<bool> {
    Ok(folder::open_own(path)?.try_lock().is_ok())
}
