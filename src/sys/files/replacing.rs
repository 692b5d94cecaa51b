//! Replacing a file so that nobody ever sees half of it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{is_absence, patiently};
use crate::sys::leftovers::{self, remove_leftovers};
use crate::sys::uninterrupted::uninterrupted;

/// Replaces one of keyfob's files at `path`, or makes it, so that after a kill or a power cut it is the old or the new one,
/// whole. A symbolic link there is replaced and not followed: it would be somebody else's work.
///
/// It is this user's and 0600 from the moment it exists, whatever was there. The content is in a temporary file
/// (`.keyfob-*.tmp`) beside it until the rename. SIGINT, SIGTERM and SIGHUP wait for that; what a kill leaves,
/// the next replacement in that folder removes.
///
/// # Errors
/// Of making, writing, syncing or renaming; the old file is then untouched. `EBUSY` on a bind-mounted file.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, None, Lasting::Yes)
}

/// As [`replace`], for the user's files, AWS's: a symbolic link there is followed and stays, and so do the mode and the owner
/// of a file that is there.
///
/// # Errors
/// As [`replace`].
pub fn replace_through_link(path: &Path, content: &[u8]) -> io::Result<()> {
    let target = resolve_link(path)?;
    let old = fs::symlink_metadata(&target).ok().filter(|old| !old.is_symlink());
    put(&target, content, old, Lasting::Yes)
}

/// As [`replace`], for what can be made anew: a kill leaves the old file or the new one, but a power cut may leave one that
/// is empty or garbled, so whoever reads it must be able to tell. Syncing would take longer than a call to AWS.
///
/// # Errors
/// As [`replace`].
pub fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, None, Lasting::No)
}

/// Whether a file has to be there after a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Yes,
    No,
}

/// `old` is the file whose mode and owner are kept.
fn put(target: &Path, content: &[u8], old: Option<fs::Metadata>, lasting: Lasting) -> io::Result<()> {
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _whole = (lasting == Lasting::Yes).then(|| {
        remove_leftovers(folder);
        uninterrupted()
    });
    let mut temporary = temporary_in(folder)?;
    temporary.write_all(content)?;
    if let Some(old) = &old {
        keep_owner(temporary.as_file(), old)?;
    }
    if lasting == Lasting::Yes {
        temporary.as_file().sync_all()?;
    }
    let (mut temporary, mut persisted_file) = (Some(temporary), None);
    patiently(|| {
        let persisted = temporary.take().expect("given back by each failure").persist(target);
        persisted.map(|file| persisted_file = Some(file)).map_err(|error| {
            temporary = Some(error.file);
            error.error
        })
    })?;
    // Security: not before, since a kill leaves the temporary file. One in between leaves the new file private.
    if let (Some(file), Some(old)) = (persisted_file, old) {
        keep_mode(&file, &old)?;
    }
    if lasting == Lasting::Yes {
        sync_folder(folder);
    }
    Ok(())
}

/// Whether so many bytes could be put in the place of the file at `path`: its folder takes a file, and the disk has room.
///
/// # Errors
/// Why not.
pub fn reserve(path: &Path, length: usize) -> io::Result<()> {
    let target = resolve_link(path)?;
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = temporary_in(folder)?;
    temporary.write_all(&vec![0; length])?;
    temporary.as_file().sync_all()
}

/// Makes the file at `path`, 0600 and whole from the moment it exists, and never touches one that is there already.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is one, a dangling symlink too; otherwise of making or writing it.
pub fn create_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _whole = uninterrupted();
    let mut temporary = temporary_in(folder)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

/// A file to be put into its place, locked, so that nobody takes it for a leftover. tempfile makes it 0600 with O_EXCL.
fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let temporary = loop {
        let made = tempfile::Builder::new().prefix(leftovers::PREFIX).suffix(leftovers::SUFFIX).tempfile_in(folder)?;
        // Where locks do not work (some network file systems), leftovers stay.
        let is_others = matches!(made.as_file().try_lock(), Err(fs::TryLockError::WouldBlock));
        // Until it is locked, somebody who looks for leftovers may take it for one.
        if !is_others && made.path().exists() {
            break made;
        }
    };
    #[cfg(unix)]
    // The umask may have taken more than it should.
    temporary.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(temporary)
}

/// Follows symlinks to the file that is, or would be, at their end.
fn resolve_link(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // As many as Linux follows (path_resolution(7)).
    for _ in 0..40 {
        // Looked at before it is read: what `read_link` says of an ordinary file differs from system to system.
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let next = fs::read_link(&path)?;
                path = path.parent().unwrap_or(Path::new("")).join(next);
            }
            Ok(_) => return Ok(path),
            Err(error) if is_absence(&error) => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(unix)]
fn keep_owner(file: &fs::File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let new = file.metadata()?;
    match (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        true => Ok(()),
        false => fchown(file, Some(old.uid()), Some(old.gid())),
    }
}

#[cfg(unix)]
fn keep_mode(file: &fs::File, old: &fs::Metadata) -> io::Result<()> {
    file.set_permissions(old.permissions())
}

// On Windows a file takes the access list of its folder, which is the user's own.
#[cfg(not(unix))]
fn keep_owner(_: &fs::File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn keep_mode(_: &fs::File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Makes the rename itself durable. A file system that cannot has already done what it can.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}
