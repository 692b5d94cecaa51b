//! AWS's two files on disk: read whole, and edited under a lock so that no other change is lost.
//!
//! May use `ini`, `profile`, `error`, `sys`, and of `chain` what files are called.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::chain::FileNames;
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::ini::{Document, EditError, Problem, SyntaxError};
use crate::mask;
use crate::profile::{AwsFile, Profiles};
use crate::sys::files;
use crate::sys::folder::distrusted;
use crate::sys::lock::{Lock, LockError};
use crate::sys::paths::Paths;

/// Both files as they were when they were read.
#[derive(Debug, Clone, Default)]
pub struct AwsFiles {
    /// `~/.aws/config`, where there is one.
    pub config: Option<Document>,
    /// `~/.aws/credentials`, where there is one.
    pub credentials: Option<Document>,
}

impl AwsFiles {
    /// The profiles of both.
    pub fn profiles(&self) -> Profiles<'_> {
        Profiles::new(self.config.as_ref(), self.credentials.as_ref())
    }

    /// Whether another program may just have been writing them when they were read; it has had a moment to end since.
    fn may_be_half_written(&self, paths: &Paths) -> bool {
        let length = |document: &Option<Document>| document.as_ref().map_or(0, |document| document.text().len());
        let (config, credentials) = (length(&self.config), length(&self.credentials));
        files::wait_for_writers([(&paths.aws_config, config), (&paths.aws_credentials, credentials)])
    }
}

/// Reads both files; a missing one is not an error. One that another program is just writing is waited for, two seconds at most.
///
/// # Errors
/// A file that cannot be read, is not UTF-8, or that AWS's own parser refuses (exit 6, with file and line).
pub fn load(paths: &Paths) -> Result<AwsFiles> {
    Ok(AwsFiles { config: read(&paths.aws_config)?, credentials: read(&paths.aws_credentials)? })
}

/// Reads both files as [`load`] does, and returns what `work` makes of their profiles.
///
/// If `work` fails and another program may just have been writing the files, they are read again and `work` is called a
/// second time.
///
/// # Errors
/// Those of `work`, and as [`load`].
pub fn with_profiles<T>(paths: &Paths, work: impl Fn(&Profiles<'_>) -> Result<T>) -> Result<(T, AwsFiles)> {
    let mut files = load(paths)?;
    let mut done = work(&files.profiles());
    if done.is_err() && files.may_be_half_written(paths) {
        files = load(paths)?;
        done = work(&files.profiles());
    }
    Ok((done?, files))
}

/// What is wrong with each file that cannot be read, with its line where there is one.
pub fn problems(paths: &Paths) -> Vec<(&Path, Option<usize>, Error)> {
    let paths = [paths.aws_config.as_path(), &paths.aws_credentials].into_iter();
    paths.filter_map(|path| placed(path).err().map(|(line, error)| (path, line, error))).collect()
}

/// Where a file is.
pub fn path_of(paths: &Paths, file: AwsFile) -> &Path {
    match file {
        AwsFile::Config => &paths.aws_config,
        AwsFile::Credentials => &paths.aws_credentials,
    }
}

/// What the files are called in messages.
pub fn file_names(paths: &Paths) -> FileNames {
    let name = |file| path_of(paths, file).display().to_string().into();
    FileNames { config: name(AwsFile::Config), credentials: name(AwsFile::Credentials) }
}

fn read(path: &Path) -> Result<Option<Document>> {
    placed(path).map_err(|(_, error)| error)
}

/// Reads a file; an error comes with its line, where it is about one.
fn placed(path: &Path) -> Result<Option<Document>, (Option<usize>, Error)> {
    let bytes = match files::read_settled(path) {
        // As it is just now, then.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => files::read_optional(path),
        bytes => bytes,
    };
    match bytes.map_err(|error| (None, cannot_read(path, error)))? {
        Some(bytes) => parse(path, bytes).map(Some).map_err(|(line, error)| (Some(line), error)),
        None => Ok(None),
    }
}

fn parse(path: &Path, bytes: Vec<u8>) -> Result<Document, (usize, Error)> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        // Security: the bytes may hold secret access keys.
        not_utf8(path, &Zeroizing::new(error.into_bytes()), at)
    })?;
    Document::parse(text).map_err(|error| (error.line, refused(path, error)))
}

fn cannot_read(path: &Path, error: io::Error) -> Error {
    Error::new(Kind::Config, format!("cannot read {}", path.display()))
        .because(error)
        .hint(run!("ls -ld {}", path.display()).to("check its owner and mode"))
}

fn not_utf8(path: &Path, bytes: &[u8], at: usize) -> (usize, Error) {
    let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let (what, from) = match bytes {
        // PowerShell 5 writes it with `>`.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("the file is UTF-16, not UTF-8".to_owned(), "UTF-16"),
        _ => (format!("the file is not UTF-8 (byte {:#04x} at offset {at})", bytes[at]), "WINDOWS-1252"),
    };
    let error = Error::new(Kind::Config, format!("{}:{line}: {what}", path.display())).hint(
        run!("iconv -f {} -t UTF-8 {} > converted", from, path.display())
            .to("convert it, check the result, and replace the file with it"),
    );
    (line, error)
}

fn refused(path: &Path, error: SyntaxError) -> Error {
    let SyntaxError { line, problem } = error;
    let hint = match problem {
        Problem::ByteOrderMark => without_mark(path),
        Problem::HeaderNotClosed => "a header is `[profile NAME]`; only a comment may follow it".into(),
        Problem::NoSection => "the first line that is not a comment must be a header, such as `[default]`".into(),
        Problem::NoEquals | Problem::NoName | Problem::StrayContinuation => {
            "a setting is `name = value`; a comment begins with `#`".into()
        }
    };
    Error::new(Kind::Config, format!("{}:{line}: {problem}", path.display()))
        .because("the AWS CLI, boto3 and the SDKs for Rust and Java reject the file too")
        .hint(hint)
}

/// The command that removes a byte order mark.
fn without_mark(path: &Path) -> Hint {
    let path = path.display().to_string();
    if cfg!(windows) {
        let path = path.replace('\'', "''");
        format!("remove it: `[IO.File]::WriteAllText('{path}', [IO.File]::ReadAllText('{path}'))`").into()
    } else if cfg!(target_os = "linux") {
        run!("sed -i {} {}", r"1s/^\xEF\xBB\xBF//", path).to("remove it")
    } else {
        // sed elsewhere knows neither `-i` without a suffix nor `\x`.
        run!("perl -pi -e {} {}", r"s/^\xEF\xBB\xBF// if $. == 1", path).to("remove it")
    }
}

/// How long another keyfob may hold the lock; an edit takes milliseconds.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// How often a file that changes under an edit is read again.
const TRIES: usize = 5;

/// The right to replace an AWS file. One lock for both.
///
/// The lock file is in the cache folder: beside the AWS file it would litter a folder that people keep in version
/// control or mount from elsewhere, and a lock on the AWS file itself would go with the file that a rename replaces.
/// Only keyfob knows it. The AWS CLI takes no lock and writes in place; hence [`edit`] looks again before it replaces.
#[derive(Debug)]
pub struct FileLock {
    _lock: Lock,
}

/// Takes the lock. `waiting` is called once, after two seconds, with the holder's pid.
///
/// # Errors
/// Where it is not had within ten seconds, or the cache folder cannot be written.
pub fn lock(paths: &Paths, waiting: impl FnMut(Option<u32>)) -> Result<FileLock, EditFailure> {
    files::private_dir(&paths.cache).map_err(LockError::Io)?;
    // Security: others could hold the lock for ever.
    if let Some(reason) = distrusted(&paths.cache).map_err(LockError::Io)? {
        return Err(LockError::Io(io::Error::other(format!("the cache folder is not used: {reason}"))).into());
    }
    Ok(FileLock { _lock: Lock::acquire(&paths.cache.join("aws-files.lock"), LOCK_LIMIT, waiting)? })
}

/// Why an AWS file was not edited. It is as it was, unless another program changed it.
#[derive(Debug, thiserror::Error)]
pub enum EditFailure {
    /// The file cannot be read, as in [`load`].
    #[error("{0}")]
    Unreadable(Error),
    /// What should be written cannot be.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The lock was not had.
    #[error("cannot lock the AWS files")]
    Lock(#[from] LockError),
    /// Another program wrote the file again and again.
    #[error("{} keeps changing", .0.display())]
    KeepsChanging(PathBuf),
}

impl From<EditFailure> for Error {
    fn from(failure: EditFailure) -> Error {
        let message = failure.to_string();
        match failure {
            EditFailure::Unreadable(error) => error,
            EditFailure::Edit(error) => error.into(),
            EditFailure::Lock(cause) => Error::new(Kind::Failed, message).because(cause),
            EditFailure::KeepsChanging(_) => Error::new(Kind::Failed, message).hint("try again in a moment"),
        }
    }
}

impl From<EditError> for Error {
    fn from(error: EditError) -> Error {
        let message = error.to_string();
        match error {
            EditError::SectionExists(_) => Error::new(Kind::Config, message),
            EditError::LoneReturn => {
                Error::new(Kind::Config, message).hint("replace it with a line feed, then try again")
            }
            EditError::SectionName { .. } | EditError::SettingName(_) | EditError::Value { .. } => {
                Error::new(Kind::Usage, message)
            }
        }
    }
}

/// How an edit went.
#[derive(Debug)]
#[must_use]
pub enum Edited {
    /// The file was replaced, or made.
    Changed,
    /// Nothing had to change, and nothing was written.
    Unchanged,
    /// The file cannot be replaced: bind-mounted, read-only, another user's, a full disk. It is as it was.
    Paste(Paste),
}

/// What belongs in a file that cannot be replaced.
#[derive(Debug)]
pub struct Paste {
    pub path: PathBuf,
    pub cause: io::Error,
    /// Headers and settings that the file lacks, each line ended by `\n`.
    pub lines: String,
}

impl From<Paste> for Error {
    fn from(Paste { path, cause, lines }: Paste) -> Error {
        let path = path.display();
        let error = Error::new(Kind::Failed, format!("cannot replace {path}")).because(cause);
        match mask::lines(lines.trim_end()).as_ref() {
            "" => error.hint(format!("make the change in {path} yourself")),
            lines => error.hint(Hint::Paste {
                why: format!("add these lines to {path} yourself:"),
                lines: lines.lines().map(str::to_owned).collect(),
            }),
        }
    }
}

/// Edits a file, or makes it.
///
/// `change` is called again with the new text where another program wrote the file meanwhile, so that both changes are
/// kept. A file that `change` leaves as it was is not written. A new file is 0600, in a 0700 folder; one that is there
/// keeps its mode, its owner and a symlink to it.
///
/// A kill or a full disk leaves the old file. One that another program is just writing is waited for. Between the last look
/// at the file and the rename another program's write is lost; that is microseconds, and no program but keyfob takes a lock.
///
/// # Errors
/// [`EditFailure`]; also where `change` fails.
pub fn edit(
    paths: &Paths,
    file: AwsFile,
    mut waiting: impl FnMut(Option<u32>),
    mut change: impl FnMut(&mut Document) -> Result<(), EditError>,
) -> Result<Edited, EditFailure> {
    let path = path_of(paths, file);
    for _ in 0..TRIES {
        let lock = match lock(paths, &mut waiting) {
            // If nothing can be written, the lock cannot either; the user still needs the lines to paste.
            Err(EditFailure::Lock(LockError::Io(cause))) => Err(cause),
            lock => Ok(lock?),
        };
        let draft = Draft::of(path, &mut change)?;
        if draft.new.text() == draft.old_text().unwrap_or_default() {
            return Ok(Edited::Unchanged);
        }
        match lock.and_then(|lock| draft.save(lock)) {
            Ok(true) => return Ok(Edited::Changed),
            Ok(false) => {}
            Err(cause) => return Ok(Edited::Paste(draft.into_paste(cause))),
        }
    }
    Err(EditFailure::KeepsChanging(path.to_owned()))
}

/// An edited file that is not saved yet.
struct Draft {
    path: PathBuf,
    /// As it was read; none where there was no file.
    old: Option<Document>,
    new: Document,
}

impl Draft {
    fn of(path: &Path, change: &mut impl FnMut(&mut Document) -> Result<(), EditError>) -> Result<Draft, EditFailure> {
        let bytes = files::read_settled(path).map_err(|error| match error.kind() {
            io::ErrorKind::ResourceBusy => EditFailure::KeepsChanging(path.to_owned()),
            _ => EditFailure::Unreadable(cannot_read(path, error)),
        })?;
        let old =
            bytes.map(|bytes| parse(path, bytes)).transpose().map_err(|(_, error)| EditFailure::Unreadable(error))?;
        let new = old.as_ref().unwrap_or(&Document::default()).changed(change)?;
        Ok(Draft { path: path.to_owned(), old, new })
    }

    fn old_text(&self) -> Option<&str> {
        self.old.as_ref().map(super::ini::Document::text)
    }

    /// Replaces the file, unless another program has written it since it was read; whether it did. Frees the lock.
    fn save(&self, _lock: FileLock) -> io::Result<bool> {
        let now = files::read_optional(&self.path)?.map(Zeroizing::new);
        if now.as_ref().map(|now| now.as_slice()) != self.old_text().map(str::as_bytes) {
            return Ok(false);
        }
        replace(&self.path, self.new.text())?;
        Ok(true)
    }

    fn into_paste(self, cause: io::Error) -> Paste {
        let lines = self.new.lines_beyond(&self.old.unwrap_or_default());
        Paste { path: self.path, cause, lines }
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    // `AWS_CONFIG_FILE=/dev/null` must not cost the machine its /dev/null.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        files::private_dir(folder)?;
    }
    files::replace_through_link(path, text.as_bytes())
}

#[cfg(test)]
mod tests;
