//! The files under `tests/data`.

use std::fs;
use std::path::{Path, PathBuf};

/// A file or folder there.
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(relative)
}

/// Every file of a folder there, sorted by its name.
pub fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = path(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("listed").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("it was listed"))).collect()
}
