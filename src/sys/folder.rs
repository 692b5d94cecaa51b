//! Folders that only their owner may change: whether they are, what is in them, and taking files out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why files in `folder` could be somebody else's work; `None` where they could not, or there is no such folder. A symbolic link
/// of this user's or root's is followed: a folder may be on another disk.
///
/// # Errors
/// Where it cannot be looked at.
pub fn distrusted(folder: &Path) -> io::Result<Option<String>> {
    let metadata = match fs::metadata(folder) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !metadata.is_dir() {
        return Ok(Some(format!("{} is not a folder", folder.display())));
    }
    if is_others_link(&fs::symlink_metadata(folder)?) {
        return Ok(Some(format!("{} is a symbolic link that belongs to another user", folder.display())));
    }
    Ok(foreign_or_open(folder, &metadata))
}

/// Whoever owns it can have it lead to another folder of this user's at any time.
#[cfg(unix)]
fn is_others_link(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.is_symlink() && ![0, rustix::process::geteuid().as_raw()].contains(&metadata.uid())
}

#[cfg(not(unix))]
fn is_others_link(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn foreign_or_open(folder: &Path, metadata: &fs::Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Some(format!("{} belongs to another user", folder.display()));
    }
    (metadata.mode() & 0o022 != 0).then(|| format!("{} is writable by other users", folder.display()))
}

#[cfg(not(unix))]
fn foreign_or_open(_: &Path, _: &fs::Metadata) -> Option<String> {
    // On Windows the cache folder lies in the user's own profile, whose access list it takes.
    None
}

/// Whether files can be made in `folder`, as far as its mode and its file system tell; a full disk does not show.
///
/// # Errors
/// Why they cannot.
pub fn writable(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        access(folder, Access::WRITE_OK | Access::EXEC_OK)?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// The files in `folder` whose names `is_meant` takes, in any order; none where there is no such folder.
///
/// # Errors
/// Where it cannot be read.
pub fn files_named(folder: &Path, is_meant: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&is_meant) {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// The files below `folder`, down to eight folders, as paths from it; none where there is no such folder.
///
/// # Errors
/// Where one of the folders cannot be read.
pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((next, depth)) = folders.pop() {
        let entries = match fs::read_dir(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            match path.is_dir() {
                true if depth < 8 => folders.push((path, depth + 1)),
                true => {}
                false => found.extend(path.strip_prefix(folder).ok().map(Path::to_owned)),
            }
        }
    }
    Ok(found)
}

/// Opens a file to be read that nobody else can have put there: an ordinary one of this user's, with one name, in a folder that
/// nobody else can change. Neither a symbolic link is followed nor a pipe waited for.
///
/// # Errors
/// Where it cannot be opened, or is none of that.
pub fn open_own(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    open_own_with(path, options)
}

/// As [`open_own`], for what `options` say.
///
/// # Errors
/// As [`open_own`].
pub fn open_own_with(path: &Path, options: fs::OpenOptions) -> io::Result<fs::File> {
    // Security: of a folder in the data folder too, which may be a link.
    path.parent().map_or(Ok(()), trusted)?;
    open_in_any_folder(path, options)
}

/// That nobody else can change `folder`, or that there is none.
///
/// # Errors
/// As [`distrusted`] has it.
pub fn trusted(folder: &Path) -> io::Result<()> {
    distrusted(folder)?.map_or(Ok(()), |problem| Err(io::Error::new(io::ErrorKind::InvalidInput, problem)))
}

/// As [`open_own_with`], whoever may change the folder.
///
/// # Errors
/// As [`open_own`].
#[cfg(unix)]
pub(super) fn open_in_any_folder(path: &Path, mut options: fs::OpenOptions) -> io::Result<fs::File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

    use rustix::fs::OFlags;
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).expect("these flags are small");
    let file = options.custom_flags(flags).open(path).map_err(|error| match error.raw_os_error() {
        // ELOOP; FreeBSD has another for this alone, EMLINK.
        Some(code) if code == libc::ELOOP || code == libc::EMLINK => refused("is a symbolic link"),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    let problem = if !metadata.is_file() {
        "is not an ordinary file"
    } else if metadata.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if metadata.nlink() > 1 {
        "has a second name (a hard link)"
    } else {
        return Ok(file);
    };
    Err(refused(problem))
}

/// As [`open_own_with`], whoever may change the folder.
///
/// # Errors
/// As [`open_own`].
#[cfg(not(unix))]
pub(super) fn open_in_any_folder(path: &Path, options: fs::OpenOptions) -> io::Result<fs::File> {
    // The folder lies in the user's own profile, whose access list it takes.
    options.open(path)
}

#[cfg(unix)]
fn refused(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it {problem}"))
}

/// Takes a file out of its folder; false where there was none.
///
/// # Errors
/// Any failure but absence.
pub fn remove(file: &Path) -> io::Result<bool> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_that_others_may_write_is_not_trusted() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (mode, trusted) in
            [(0o700, true), (0o755, true), (0o500, true), (0o770, false), (0o702, false), (0o777, false)]
        {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).expect("mode set");
            assert_eq!(distrusted(folder.path()).expect("looked at").is_none(), trusted, "{mode:o}");
        }
        assert_eq!(distrusted(&folder.path().join("none")).expect("looked at"), None);
        // Owned by root: foreign, or for root itself writable by everybody.
        assert!(distrusted(Path::new("/tmp")).expect("looked at").is_some());
    }
}
