//! Reading whole files, private folders, and replacing a file so that nobody ever sees half of it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::sys::folder;
use crate::sys::leftovers::{self, remove_leftovers};
use crate::sys::uninterrupted::uninterrupted;

/// Reads a file that somebody has named.
///
/// # Errors
/// Any failure, absence too, and more than 64 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    patiently(|| {
        let file = open(path)?;
        if is_pipe(&file) {
            return read_pipe(file);
        }
        // Security: what a secret grows out of stays in memory, so it has its room from the start.
        let length = file.metadata().map_or(0, |metadata| metadata.len().min(LARGEST));
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        file.take(LARGEST + 1).read_to_end(&mut bytes)?;
        within_limit(bytes)
    })
}

/// Opens a file to be read. A pipe is not waited for until [`read_pipe`].
fn open(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("this flag is small");
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_pipe(file: &fs::File) -> bool {
    file.metadata().is_ok_and(|metadata| std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()))
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::File) -> bool {
    false
}

/// Reads a pipe (`AWS_CONFIG_FILE=<(…)`), whose writer may not be there yet; one that nobody writes to would be waited for
/// for ever.
fn read_pipe(mut file: fs::File) -> io::Result<Vec<u8>> {
    use io::Read;
    let started = Instant::now();
    let (mut bytes, mut piece) = (Vec::new(), Zeroizing::new(vec![0; 64 << 10]));
    loop {
        let limit = match file.read(&mut piece) {
            Ok(0) if !bytes.is_empty() => return Ok(bytes),
            // Whose writer has gone, or has not come.
            Ok(0) => FIRST_WRITER,
            Ok(length) => {
                bytes.extend_from_slice(&piece[..length]);
                bytes = within_limit(bytes)?;
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => SLOW_WRITER,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if started.elapsed() >= limit {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it is a pipe that nobody writes to"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// How long a pipe's writer may take to come, and to write.
const FIRST_WRITER: Duration = Duration::from_secs(1);
const SLOW_WRITER: Duration = Duration::from_secs(30);

/// Reads a file, `None` where there is none.
///
/// # Errors
/// Any failure but absence.
pub fn read_optional(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// As [`read_optional`], of a file that other programs write in place.
///
/// The AWS CLI empties the file and then writes it. Who reads it in between finds no profile, or half of a role's name; who
/// then replaces it has thrown away all that was in it, and what the AWS CLI writes goes into a file without a name. So
/// what has changed a moment ago is read again.
///
/// Where time stamps say nothing, as of files that are made when they are read, it is what was read that has to stay.
///
/// # Errors
/// As [`read_optional`]; [`io::ErrorKind::ResourceBusy`] where it is never at rest in two seconds.
pub fn read_settled(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let started = Instant::now();
    // Security: it may hold secret access keys.
    let mut before: Option<(Instant, Zeroizing<Vec<u8>>)> = None;
    while started.elapsed() < LONGEST_WRITE {
        let read_at = Instant::now();
        let Some(bytes) = read_optional(path)? else { return Ok(None) };
        let Some(left) = fs::metadata(path).ok().and_then(|metadata| unrest(&metadata)) else { return Ok(Some(bytes)) };
        let rest = if bytes.is_empty() { SETTLED_EMPTY } else { SETTLED };
        let since = match &before {
            Some((since, before)) if **before == bytes => *since,
            Some(_) | None => read_at,
        };
        if since.elapsed() >= rest {
            return Ok(Some(bytes));
        }
        before = Some((since, Zeroizing::new(bytes)));
        std::thread::sleep(left + Duration::from_millis(1));
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// How much longer a file has to stay as it is, to be taken for one that nobody is writing; `None` where it has been so long
/// enough. A pipe (`AWS_CONFIG_FILE=<(…)`) gives what it has once, and is not read again.
fn unrest(metadata: &fs::Metadata) -> Option<Duration> {
    if !metadata.is_file() {
        return None;
    }
    let rest = if metadata.len() == 0 { SETTLED_EMPTY } else { SETTLED };
    // A file from the future is one of another clock.
    rest.checked_sub(metadata.modified().ok()?.elapsed().ok()?)
}

/// Waits a moment where somebody may just have been writing one of these files when it was read with that many bytes (none,
/// where there was none); whether it did.
///
/// Who empties a file leaves it the time of its last change until its blocks are free (ext4, some ms for a long file), so
/// that it looks at rest. Many people's credentials file is empty for good, so this is for when something was not found.
pub fn wait_for_writers(files: [(&Path, usize); 2]) -> bool {
    let is_settled = |(path, length): (&Path, usize)| match fs::metadata(path) {
        // A pipe is not read again.
        Ok(metadata) if !metadata.is_file() => true,
        Ok(metadata) => length > 0 && metadata.len() == length as u64 && unrest(&metadata).is_none(),
        Err(_) => length == 0,
    };
    if files.into_iter().all(is_settled) {
        return false;
    }
    std::thread::sleep(SETTLED);
    true
}

/// How long a file that is being written may take.
const LONGEST_WRITE: Duration = Duration::from_secs(2);

/// After this long without a change a file is whole. Clocks of file systems go in steps of up to 10 ms.
const SETTLED: Duration = Duration::from_millis(30);

/// The same for an empty one, which is what a write begins with: on a busy machine the rest may take a while to come.
const SETTLED_EMPTY: Duration = Duration::from_millis(300);

/// Tries again, for a second, what Windows refuses while somebody else has the file open: one that is being read cannot be
/// replaced there, and one that is being replaced not be read. Elsewhere once is enough.
fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION.
    let is_passing = |error: &io::Error| cfg!(windows) && matches!(error.raw_os_error(), Some(5 | 32));
    for _ in 0..200 {
        match attempt() {
            Err(error) if is_passing(&error) => std::thread::sleep(Duration::from_millis(5)),
            result => return result,
        }
    }
    attempt()
}

/// Most bytes of a picture: a large phone's photograph.
const LARGEST_PICTURE: u64 = 32 << 20;

/// Reads a picture file; it may be secret, a QR code for one.
///
/// # Errors
/// Where it cannot be read, or has more than 32 MiB.
pub fn read_picture(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    use io::Read;
    let mut bytes = Zeroizing::new(Vec::new());
    open(path)?.take(LARGEST_PICTURE + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        ..=LARGEST_PICTURE => Ok(bytes),
        _ => Err(io::Error::other("it has more than 32 MiB")),
    }
}

/// Reads a file of keyfob's own, `None` where there is none: an ordinary file of this user's with one name. Another could be
/// somebody else's work.
///
/// # Errors
/// Any failure but absence; a symbolic link, a pipe, a hard link and another user's file are failures.
pub fn read_own(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use io::Read;
    let read = || {
        let mut bytes = Vec::new();
        folder::open_own(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        within_limit(bytes)
    };
    match patiently(read) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Most bytes of a file that is read whole: a hundred thousand profiles, and no machine's memory.
const LARGEST: u64 = 64 << 20;

fn within_limit(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    match bytes.len() as u64 {
        ..=LARGEST => Ok(bytes),
        _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 64 MiB")),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes a folder and its parents, 0700 from the moment each exists. A folder that is there already keeps its mode.
///
/// # Errors
/// Where it cannot be made.
pub fn private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.is_dir();
    let missing: Vec<&Path> = path.ancestors().take_while(is_missing).collect();
    for folder in missing.into_iter().rev() {
        match builder.create(folder) {
            // A umask may have taken what the next needs.
            #[cfg(unix)]
            Ok(()) => fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?,
            #[cfg(not(unix))]
            Ok(()) => {}
            // Another process was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Replaces one of keyfob's files at `path`, or makes it, so that after a kill or a power cut it is the old or the new one,
/// whole. A symbolic link there is replaced and not followed: it would be somebody else's work.
///
/// The mode and owner of a file that was there are kept; a new one is 0600 from the moment it exists. The content is in a
/// temporary file (`.keyfob-*.tmp`) beside it until the rename. SIGINT, SIGTERM and SIGHUP wait for that; what a kill leaves,
/// the next replacement in that folder removes.
///
/// # Errors
/// Of making, writing, syncing or renaming; the old file is then untouched. `EBUSY` on a bind-mounted file.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, Lasting::Yes)
}

/// As [`replace`], for the user's files, AWS's: a symbolic link there is followed and stays.
///
/// # Errors
/// As [`replace`].
pub fn replace_through_link(path: &Path, content: &[u8]) -> io::Result<()> {
    put(&resolve_link(path)?, content, Lasting::Yes)
}

/// As [`replace`], for what can be made anew: a kill leaves the old file or the new one, but a power cut may leave one that
/// is empty or garbled, so whoever reads it must be able to tell. Syncing would take longer than a call to AWS.
///
/// # Errors
/// As [`replace`].
pub fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    put(path, content, Lasting::No)
}

/// Whether a file has to be there after a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Yes,
    No,
}

fn put(target: &Path, content: &[u8], lasting: Lasting) -> io::Result<()> {
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _whole = (lasting == Lasting::Yes).then(|| {
        remove_leftovers(folder);
        uninterrupted()
    });
    let mut temporary = temporary_in(folder)?;
    temporary.write_all(content)?;
    let old = fs::symlink_metadata(target).ok().filter(|old| !old.is_symlink());
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

/// Writes a file that anybody may read, and its folder where there is none. A kill may leave a part of it: for what the
/// same command makes anew.
///
/// # Errors
/// As [`fs::write`].
#[expect(clippy::disallowed_methods, reason = "this is the place it is allowed in")]
pub fn write_public(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
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

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests lay out files to be replaced")]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn no_file_of_more_than_64_mib_is_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        let file = fs::File::create(&path).expect("made");
        file.set_len(LARGEST).expect("it takes no room");
        assert_eq!(read(&path).expect("as long as it may be").len() as u64, LARGEST);
        file.set_len(LARGEST + 1).expect("it takes no room");
        for result in [read(&path).map(Some), read_own(&path), read_settled(&path)] {
            assert_eq!(result.expect_err("too long").kind(), io::ErrorKind::FileTooLarge);
        }
        assert_eq!(read(Path::new("/dev/zero")).expect_err("endless").kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn whoever_looks_for_leftovers_takes_no_file_that_is_being_written_for_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let folder = folder.path();
                scope.spawn(move || {
                    for _ in 0..100 {
                        replace(&folder.join(format!("file-{thread}")), b"new").expect("replaced");
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 8);
    }

    #[test]
    fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("it is in coreutils");
        assert!(made.success());
        let started = Instant::now();
        assert_eq!(read(&pipe).expect_err("nobody writes").kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        // One that somebody writes to is read to its end, however long it takes.
        let writer = std::process::Command::new("sh")
            .args(["-c", "exec >\"$0\"; sleep 0.3; echo one; sleep 0.3; seq 1 50000"])
            .arg(&pipe)
            .spawn();
        let text = read(&pipe).expect("read");
        assert!(text.starts_with(b"one\n1\n") && text.ends_with(b"\n50000\n"), "{} bytes", text.len());
        assert!(writer.expect("it starts").wait().expect("an own child").success());
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_a_users_file_the_symlink_to_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").expect("written");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("mode set");
        symlink("real", &link).expect("linked");
        replace_through_link(&link, b"new").expect("replaced");
        assert_eq!(fs::read(&real).expect("read"), b"new");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&real), 0o640);
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        // Of an own file it would be somebody else's work.
        for replace in [replace, replace_unsynced] {
            fs::remove_file(&link).expect("there");
            symlink("real", &link).expect("linked");
            replace(&link, b"own").expect("replaced");
            assert_eq!(
                (fs::read(&real).expect("read"), fs::read(&link).expect("read")),
                (b"new".to_vec(), b"own".to_vec())
            );
            assert!(fs::symlink_metadata(&link).expect("there").is_file());
            assert_eq!(mode(&link), 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2, "no temporary file is left");
    }

    #[test]
    fn new_files_and_folders_are_private_from_the_start() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join("a/b");
        private_dir(&inner).expect("made");
        replace(&inner.join("file"), b"x").expect("made");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&folder.path().join("a")), mode(&inner.join("file"))), (0o700, 0o700, 0o600));
    }

    #[test]
    fn a_file_that_is_there_is_not_made_anew() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        create_new(&path, b"one").expect("made");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(create_new(&path, b"two").expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("read"), b"one");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_file_that_is_being_written_is_read_once_it_is_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        assert_eq!(read_settled(&path).expect("read"), None);
        fs::write(&path, "").expect("emptied");
        let writer = std::thread::spawn({
            let path = path.clone();
            move || {
                std::thread::sleep(Duration::from_millis(20));
                fs::write(path, "whole").expect("written");
            }
        });
        assert_eq!(read_settled(&path).expect("read").as_deref(), Some(b"whole".as_slice()));
        writer.join().expect("it ends");
        // One that is meant to be empty is, after a while.
        fs::write(&path, "").expect("emptied");
        assert_eq!(read_settled(&path).expect("read").as_deref(), Some(b"".as_slice()));
    }

    #[test]
    fn what_stays_the_same_is_at_rest_whatever_its_time_says() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        fs::write(&path, "the same").expect("written");
        let is_done = AtomicBool::new(false);
        let read = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    let file = fs::File::options().write(true).open(&path).expect("there");
                    file.set_modified(std::time::SystemTime::now()).expect("touched");
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            let read = read_settled(&path);
            is_done.store(true, Ordering::Relaxed);
            read
        });
        assert_eq!(read.expect("at rest").as_deref(), Some(b"the same".as_slice()));
    }

    #[test]
    fn a_dangling_symlink_is_written_through() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let link = folder.path().join("link");
        symlink("later", &link).expect("linked");
        replace_through_link(&link, b"new").expect("made");
        assert_eq!(fs::read(folder.path().join("later")).expect("read"), b"new");
    }
}
