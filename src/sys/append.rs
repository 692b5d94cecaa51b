//! A file that lines are added to, each whole, and that is put aside when it gets too long.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::sys::files::{private_dir, read_own};
use crate::sys::folder::open_own_with;
use crate::sys::lock::Lock;
use crate::sys::modes::restrict;

/// How long it is waited for another process that puts files aside.
const PATIENCE: Duration = Duration::from_millis(100);

/// Adds a line to the file at `path`, which is 0600, in a folder that is 0700. One that has `most` bytes becomes `PATH.1` first,
/// `PATH.1` becomes `PATH.2`, and what was `PATH.{kept}` is gone.
///
/// A kill leaves the line whole or not there, since it is one write; between two renames it leaves a number out. A full disk may
/// leave a half line, and the next one begins below it.
///
/// # Errors
/// The system's: a full disk, a folder that cannot be written.
pub fn append(path: &Path, line: &str, most: u64, kept: u32) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_dir(folder)?;
    }
    let is_full = || fs::metadata(path).is_ok_and(|file| file.len() >= most);
    // Whoever has the lock is putting it aside; a line more does no harm.
    if is_full()
        && let Ok(_lock) = Lock::acquire(&path.with_extension("lock"), PATIENCE, |_| {})
        && is_full()
    {
        for number in (1..kept).rev() {
            // The first time there are fewer.
            let _ = fs::rename(aside(path, number), aside(path, number + 1));
        }
        fs::rename(path, aside(path, 1))?;
    }
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = open_own_with(path, options)?;
    if file.metadata()?.len() == 0 {
        // Whatever the umask takes away.
        restrict(path, 0o600)?;
    }
    let start = if ends_in_a_line(&mut file)? { "" } else { "\n" };
    file.write_all(format!("{start}{line}\n").as_bytes())
}

/// Whether a file has no half line at its end, which a full disk leaves.
fn ends_in_a_line(file: &mut File) -> io::Result<bool> {
    // Reading moves no write: those go to the end.
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The file at `path` and those put aside, oldest first, as they can be read.
pub fn read_all(path: &Path, kept: u32) -> Vec<String> {
    let files = (1..=kept).rev().map(|number| aside(path, number)).chain([path.to_owned()]);
    files.filter_map(|file| read_own(&file).ok()?).map(|text| String::from_utf8_lossy(&text).into_owned()).collect()
}

fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_not_glued_to_half_a_line_that_a_full_disk_left() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("log.jsonl");
        for line in ["a", "b"] {
            append(&path, line, 100, 2).expect("written");
        }
        let half = OpenOptions::new().append(true).open(&path).and_then(|mut file| file.write_all(b"{\"v\":1,"));
        half.expect("written");
        for line in ["c", "d"] {
            append(&path, line, 100, 2).expect("written");
        }
        assert_eq!(read_all(&path, 2), ["a\nb\n{\"v\":1,\nc\nd\n"]);
    }

    #[test]
    fn a_file_that_is_full_is_put_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("data/log.jsonl");
        for number in 0..10 {
            append(&path, &format!("line {number}"), 14, 2).expect("written");
        }
        let text = read_all(&path, 2);
        assert_eq!(text, ["line 4\nline 5\n", "line 6\nline 7\n", "line 8\nline 9\n"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(&folder.path().join("data"))), (0o600, 0o700));
        }
    }
}
