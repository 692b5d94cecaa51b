//! Who may read or change a file besides its owner, and taking that away.

use std::io;
use std::path::Path;

/// What is wrong with a file's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposed {
    pub mode: u32,
    /// Whether it is another user's; root's files are nobody else's.
    pub foreign: bool,
}

/// Whether any bit of `refused` is set in the file's mode, or it is another user's; a missing file is not exposed.
#[cfg(unix)]
pub fn exposed(path: &Path, refused: u32) -> Option<Exposed> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).ok()?;
    let foreign = ![0, rustix::process::geteuid().as_raw()].contains(&metadata.uid());
    let mode = metadata.mode() & 0o777;
    // A special file, `/dev/null` for one, is the system's.
    let is_ours = metadata.is_file() || metadata.is_dir();
    (is_ours && (foreign || mode & refused != 0)).then_some(Exposed { mode, foreign })
}

/// On Windows a file takes the access list of its folder, which is the user's own.
#[cfg(not(unix))]
pub fn exposed(_: &Path, _: u32) -> Option<Exposed> {
    None
}

/// Gives a file this mode.
///
/// # Errors
/// Where it is not ours to change.
#[cfg(unix)]
pub fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Nothing is ever exposed there.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Whether there is a file at the path, through symlinks.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether there is anything at the path, through symlinks.
pub fn is_there(path: &Path) -> bool {
    path.exists()
}
