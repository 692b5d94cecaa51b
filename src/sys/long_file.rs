//! Files too long to be kept where little of them is needed: read in pieces, into memory that is used again.
//!
//! What cannot be read is `None` here. Whoever then reads the whole file hears why.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use zeroize::{Zeroize, Zeroizing};

use super::files::unrest;

/// A file that is open to be read in pieces. To be held for moments: Windows lets nobody replace a file that is open.
#[derive(Debug)]
pub struct LongFile {
    file: File,
    /// When it was opened, in bytes.
    length: u64,
    /// When it was opened.
    modified: SystemTime,
}

/// As much as is read at once: a few pages, which cost little to find and stay in the processor's cache.
const PIECE: usize = 32 << 10;

impl LongFile {
    /// Opens a regular file of more than `most` bytes.
    pub fn open(path: &Path, most: u64) -> Option<LongFile> {
        let is_long = |metadata: &fs::Metadata| metadata.is_file() && metadata.len() > most;
        fs::metadata(path).ok().filter(is_long)?;
        let file = File::open(path).ok()?;
        let metadata = file.metadata().ok()?;
        Some(LongFile { file, length: metadata.len(), modified: metadata.modified().ok()? })
    }

    /// Its length when it was opened, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Hands the file on from its beginning to its end; `None` too where `take` gives up.
    ///
    /// `take` gets some bytes and whether they are the last, and says how many of them it took. The others it gets again,
    /// with those that follow.
    pub fn pass_by(&self, mut take: impl FnMut(&[u8], bool) -> Option<usize>) -> Option<()> {
        let mut buffer = Wiped(vec![0; PIECE]);
        let mut filled = 0;
        loop {
            let read = match (&self.file).read(&mut buffer.0[filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read.ok()?,
            };
            filled += read;
            let taken = take(&buffer.0[..filled], read == 0)?;
            if read == 0 {
                return Some(());
            }
            buffer.0.copy_within(taken..filled, 0);
            filled -= taken;
            if filled == buffer.0.len() {
                let mut larger = Wiped(vec![0; 2 * filled]);
                larger.0[..filled].copy_from_slice(&buffer.0);
                buffer = larger;
            }
        }
    }

    /// Reads a part of it again.
    pub fn part(&self, range: Range<usize>) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(vec![0; range.len()]);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(range.start as u64)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Whether nobody has written into it since it was opened, nor a moment before, as far as its length and its time tell.
    /// One that was replaced is still the old one here.
    pub fn is_settled(&self) -> bool {
        let is_as_it_was = |now: &fs::Metadata| {
            now.len() == self.length && now.modified().is_ok_and(|modified| modified == self.modified)
        };
        self.file.metadata().is_ok_and(|now| is_as_it_was(&now) && unrest(&now).is_none())
    }
}

/// Security: an AWS file may hold secret access keys. In one piece: `Zeroizing` takes a byte at a time.
struct Wiped(Vec<u8>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests lay out files to be read")]
mod tests {
    use super::*;

    #[test]
    fn a_file_passes_by_whole_whatever_is_taken_of_it_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();
        fs::write(&path, &content).expect("written");
        assert!(LongFile::open(&path, 300_000).is_none() && LongFile::open(folder.path(), 0).is_none());
        let file = LongFile::open(&path, 299_999).expect("it is longer");
        // The last: nothing until there is more than is read at once, so that the buffer has to grow.
        for most in [1 << 20, 10_000, PIECE, 0] {
            let mut seen = Vec::new();
            let whole = LongFile::open(&path, 0).expect("open").pass_by(|bytes, is_last| {
                let taken = match most {
                    0 if bytes.len() <= 2 * PIECE && !is_last => 0,
                    0 => bytes.len(),
                    _ if is_last => bytes.len(),
                    _ => bytes.len().min(most),
                };
                seen.extend_from_slice(&bytes[..taken]);
                Some(taken)
            });
            assert!(whole.is_some() && seen == content, "{most}");
        }
        assert_eq!(file.part(70_000..70_003).expect("there").as_slice(), &content[70_000..70_003]);
        assert!(file.part(299_999..300_001).is_none(), "beyond its end");
        assert_eq!(file.pass_by(|_, _| None), None);
    }

    fn set_back(path: &Path) {
        let file = File::options().write(true).open(path).expect("there");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("set back");
    }

    #[test]
    fn a_write_is_noticed_and_a_replacement_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (path, new) = (folder.path().join("file"), folder.path().join("new"));
        let opened = || LongFile::open(&path, 0).expect("it is longer");
        fs::write(&path, "old text").expect("written");
        fs::write(&new, "new text").expect("written");
        let file = opened();
        assert!(!file.is_settled(), "somebody may be at it still");
        set_back(&path);
        let file = opened();
        assert!(file.is_settled());
        // Windows does not let a file be replaced that is open.
        if cfg!(unix) {
            fs::rename(&new, &path).expect("replaced");
            assert!(file.is_settled());
            assert_eq!(file.part(0..3).expect("there").as_slice(), b"old");
            set_back(&path);
        }
        let file = opened();
        fs::write(&path, "longer than before").expect("written");
        set_back(&path);
        assert!(!file.is_settled());
    }
}
