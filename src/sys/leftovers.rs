//! What a killed keyfob leaves beside a file it was replacing: a temporary file, which may hold every key of that file.

use std::fs::{File, OpenOptions};
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
    files.into_iter().filter(|path| abandoned(path).is_some()).collect()
}

/// Removes them. One that cannot be removed stays: what is to be written now does not depend on it.
pub(super) fn remove_leftovers(folder: &Path) {
    for path in folder::files_named(folder, is_temporary).unwrap_or_default() {
        // Locked until it is gone: whoever has just made it, and locks it next, then sees that.
        if let Some(_locked) = abandoned(&path) {
            let _ = folder::remove(&path);
        }
    }
}

/// The file, locked, if nobody else has it locked.
fn abandoned(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    // In the AWS files' folder too, which need not be the user's alone.
    let file = folder::open_in_any_folder(path, options.read(true).to_owned()).ok()?;
    file.try_lock().is_ok().then_some(file)
}
