//! Locks between processes: a file, locked by the kernel, so that a holder that dies frees it at once.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::sys::folder;

/// A lock that is held until this is dropped or the process ends, however it ends.
///
/// The lock file stays behind, empty of meaning; it holds the last holder's pid.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held it all the time.
    #[error("{} holds the lock", holder_name(*holder))]
    Held {
        /// The pid it left in the file, where readable: on Windows it is not while the lock is held.
        holder: Option<u32>,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot use the lock file: {0}")]
    Io(#[from] io::Error),
}

impl Lock {
    /// Takes the lock at `path` if it is free.
    ///
    /// # Errors
    /// [`LockError::Held`] where it is not.
    pub fn try_acquire(path: &Path) -> Result<Lock, LockError> {
        Lock::acquire(path, Duration::ZERO, |_| {})
    }

    /// Takes the lock at `path`, waiting up to `limit`. `waiting` is called once, after two seconds, with the holder's
    /// pid, so that a person at a terminal learns what they wait for.
    ///
    /// # Errors
    /// [`LockError::Held`] past the limit.
    pub fn acquire(path: &Path, limit: Duration, mut waiting: impl FnMut(Option<u32>)) -> Result<Lock, LockError> {
        let mut file = open(path)?;
        let start = Instant::now();
        let mut told = false;
        // Polled, not blocked on: a blocked flock cannot be given a time limit without signals.
        let mut pause = Duration::from_millis(2);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            let waited = start.elapsed();
            if waited >= limit {
                return Err(LockError::Held { holder: holder(&mut file) });
            }
            if !told && waited >= Duration::from_secs(2) {
                told = true;
                waiting(holder(&mut file));
            }
            std::thread::sleep(pause.min(limit.saturating_sub(waited)));
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        // The pid is for messages alone; a full disk must not cost the lock.
        let _ = write_pid(&mut file);
        Ok(Lock { file })
    }

    /// The time that the last holder has left in the file, Unix milliseconds.
    pub fn noted_time(&mut self) -> Option<u64> {
        let mut text = String::new();
        self.file.seek(SeekFrom::Start(PID_WIDTH)).ok()?;
        (&mut self.file).take(TIME_WIDTH).read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }

    /// Leaves a time in the file for the next holder, Unix milliseconds. Where it cannot be written, the next one finds an
    /// older one.
    pub fn note_time(&mut self, millis: u64) {
        let text = format!("{millis:>20}");
        let _ = self.file.seek(SeekFrom::Start(PID_WIDTH)).and_then(|_| self.file.write_all(text.as_bytes()));
    }
}

/// How wide the pid is, and the time behind it, in bytes.
const PID_WIDTH: u64 = 10;
const TIME_WIDTH: u64 = 20;

/// What the holder of a lock is called in a message.
pub fn holder_name(holder: Option<u32>) -> String {
    holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Security: through a symbolic link the pid would go into whatever file that names.
    let file = folder::open_own_with(path, options)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Whatever the umask has taken, or an older keyfob given.
        if file.metadata()?.permissions().mode() & 0o777 != 0o600 {
            file.set_permissions(PermissionsExt::from_mode(0o600))?;
        }
    }
    Ok(file)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    // Fixed width, so that a shorter pid leaves nothing of a longer one.
    file.write_all(format!("{:<10}", std::process::id()).as_bytes())
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(10).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_leaves_a_time_for_the_next() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("lock");
        let mut first = Lock::try_acquire(&path).expect("free");
        assert_eq!(first.noted_time(), None);
        first.note_time(1_700_000_000_123);
        drop(first);
        assert_eq!(Lock::try_acquire(&path).expect("free again").noted_time(), Some(1_700_000_000_123));
    }

    #[test]
    fn a_held_lock_names_its_holder_and_a_dropped_one_is_free() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("lock");
        let held = Lock::try_acquire(&path).expect("free");
        match Lock::try_acquire(&path) {
            Err(LockError::Held { holder }) => {
                let unreadable = cfg!(windows) && holder.is_none();
                assert!(unreadable || holder == Some(std::process::id()), "{holder:?}");
            }
            other => panic!("{other:?}"),
        }
        drop(held);
        Lock::try_acquire(&path).expect("free again");
    }
}
