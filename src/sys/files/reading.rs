//! Reading whole files, of which others may be writing some.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{is_absence, patiently};
use crate::sys::folder;

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
pub(super) const LARGEST: u64 = 64 << 20;

fn within_limit(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    match bytes.len() as u64 {
        ..=LARGEST => Ok(bytes),
        _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 64 MiB")),
    }
}
