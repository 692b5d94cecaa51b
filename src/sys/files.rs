//! Reading whole files, private folders, and replacing a file so that nobody ever sees half of it.

mod reading;
mod replacing;

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

pub use reading::{read, read_optional, read_own, read_picture, read_settled, wait_for_writers};
pub use replacing::{create_new, replace, replace_through_link, replace_unsynced, reserve};

/// Makes a folder and its parents, 0700 from the moment each exists. A folder that is there already keeps its mode.
///
/// # Errors
/// Where it cannot be made.
pub fn private_dir(path: &Path) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only the mode changes it"))]
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

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(all(test, unix))]
#[expect(clippy::disallowed_methods, reason = "tests lay out files to be replaced")]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use super::reading::LARGEST;
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
