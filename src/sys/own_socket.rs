//! Unix sockets that their owner alone can use: made, checked, connected to, and read from within limits.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

use crate::sys::files::private_dir;
use crate::sys::folder::distrusted;

/// How often whoever waits for an answer can say so.
const MOMENT: Duration = Duration::from_secs(2);

/// A socket that is listened at, 0600. It is removed by [`OwnListener::remove`]; a kill leaves it behind, stale.
#[derive(Debug)]
pub struct OwnListener {
    listener: UnixListener,
    path: PathBuf,
    /// The device and the number of its file.
    file: (u64, u64),
}

/// Why there is no socket to listen at or to connect to.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("another program is listening there")]
    InUse,
    /// What is wrong with the socket or its folder.
    #[error("{0}")]
    Distrusted(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Who is at the other end of a connection, as the kernel knows it since that end was opened (unix(7), `SO_PEERCRED`).
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    pub uid: u32,
    /// None on systems that do not tell.
    pub pid: Option<u32>,
}

impl Peer {
    /// Of a connection.
    ///
    /// # Errors
    /// The system's.
    pub fn of(stream: &UnixStream) -> io::Result<Peer> {
        // Only tokio has this call for every system without `unsafe`.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let _inside = runtime.enter();
        let copy = stream.try_clone()?;
        copy.set_nonblocking(true)?;
        let peer = tokio::net::UnixStream::from_std(copy)?.peer_cred();
        // The two share it.
        stream.set_nonblocking(false)?;
        let peer = peer?;
        Ok(Peer { uid: peer.uid(), pid: peer.pid().and_then(|pid| pid.try_into().ok()) })
    }

    /// Whether it is this process's user, or root.
    pub fn is_trusted(self) -> bool {
        self.uid == geteuid().as_raw() || self.uid == 0
    }
}

impl OwnListener {
    /// Listens at `path`. A folder that is not there is made, 0700. A socket that nobody listens at is replaced.
    ///
    /// # Errors
    /// A folder or file that is not this user's, a file that is no socket, a socket that somebody listens at.
    pub fn bind(path: &Path) -> Result<OwnListener, SocketError> {
        let path = std::path::absolute(path)?;
        let folder = path.parent().ok_or_else(|| SocketError::Distrusted("it is not the path of a file".into()))?;
        private_dir(folder)?;
        if let Some(problem) = distrusted(folder)? {
            return Err(SocketError::Distrusted(problem));
        }
        // Of two that start at the same time, the second finds the first listening. The lock goes with `held`.
        let held = File::open(folder)?;
        held.lock()?;
        match fs::symlink_metadata(&path) {
            Ok(there) => remove_stale(&path, &there)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        // Security: private from the moment it is there. Nothing else of this process makes files meanwhile.
        let before = umask(Mode::from_raw_mode(0o177));
        let bound = UnixListener::bind(&path);
        umask(before);
        let listener = bound?;
        let there = fs::symlink_metadata(&path)?;
        Ok(OwnListener { listener, path, file: (there.dev(), there.ino()) })
    }

    /// The next connection.
    ///
    /// # Errors
    /// The system's.
    pub fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the socket, unless another has taken its place.
    pub fn remove(&self) {
        let is_ours = |there: Metadata| (there.dev(), there.ino()) == self.file;
        if fs::symlink_metadata(&self.path).is_ok_and(is_ours) {
            // What stays is stale, and replaced by the next.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes a socket that nobody listens at.
fn remove_stale(path: &Path, there: &Metadata) -> Result<(), SocketError> {
    if !there.file_type().is_socket() {
        return Err(SocketError::Distrusted("there is a file that is not a socket".into()));
    }
    if there.uid() != geteuid().as_raw() {
        return Err(SocketError::Distrusted("there is a socket of another user".into()));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketError::InUse),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Err(error) => Err(error.into()),
    }
}

/// Connects to a socket that is this user's, in a folder that is, with this user or root at the other end.
///
/// # Errors
/// A socket that is not; where nobody listens.
pub fn connect(path: &Path) -> Result<UnixStream, SocketError> {
    let there = fs::symlink_metadata(path)?;
    let distrust = |problem: &str| Err(SocketError::Distrusted(problem.to_owned()));
    if !there.file_type().is_socket() {
        return distrust("it is not a socket");
    }
    // Security: whoever can put a socket there, or answer at it, chooses the credentials that programs work with.
    if there.uid() != geteuid().as_raw() {
        return distrust("the socket belongs to another user");
    }
    if there.mode() & 0o022 != 0 {
        return distrust("other users can connect to the socket");
    }
    if let Some(problem) = path.parent().map(distrusted).transpose()?.flatten() {
        return distrust(&problem);
    }
    let stream = UnixStream::connect(path)?;
    match Peer::of(&stream)?.is_trusted() {
        true => Ok(stream),
        false => distrust("another user answers there"),
    }
}

/// Reads one line of at most `most` bytes within `limit`, without its end.
///
/// # Errors
/// [`io::ErrorKind::TimedOut`], [`io::ErrorKind::InvalidData`] for a longer line, [`io::ErrorKind::UnexpectedEof`].
pub fn read_line(stream: &mut UnixStream, most: usize, limit: Duration) -> io::Result<Vec<u8>> {
    let (deadline, mut line) = (Instant::now() + limit, Vec::new());
    loop {
        let mut piece = [0; 1024];
        let length = read_before(stream, &mut piece, deadline, &mut || {})?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend_from_slice(&piece[..length]);
        let end = line.iter().position(|byte| *byte == b'\n');
        match end {
            Some(end) if end <= most => {
                line.truncate(end);
                return Ok(line);
            }
            None if line.len() <= most => {}
            Some(_) | None => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Reads into `buffer` until the other end closes, within `limit`; how many bytes. `waiting` is called while nothing comes.
///
/// # Errors
/// As [`read_line`].
pub fn read_to_end(
    stream: &mut UnixStream,
    buffer: &mut [u8],
    limit: Duration,
    waiting: &mut dyn FnMut(),
) -> io::Result<usize> {
    let (deadline, mut length) = (Instant::now() + limit, 0);
    loop {
        if length == buffer.len() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        match read_before(stream, &mut buffer[length..], deadline, waiting)? {
            0 => return Ok(length),
            more => length += more,
        }
    }
}

fn read_before(
    stream: &mut UnixStream,
    buffer: &mut [u8],
    deadline: Instant,
    waiting: &mut dyn FnMut(),
) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left.min(MOMENT)))?;
        match stream.read(buffer) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => waiting(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode set");
    }

    #[test]
    fn a_socket_is_private_and_only_a_stale_one_is_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("new/s");
        let first = OwnListener::bind(&path).expect("bound");
        let mode = |path: &Path| fs::symlink_metadata(path).expect("there").mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder.path().join("new"))), (0o600, 0o700));
        assert!(matches!(OwnListener::bind(&path), Err(SocketError::InUse)));
        let stream = connect(&path).expect("our own");
        let peer = Peer::of(&stream).expect("known");
        assert_eq!((peer.uid, peer.is_trusted()), (geteuid().as_raw(), true));
        drop(first);
        let error = connect(&path).expect_err("nobody listens");
        assert!(matches!(error, SocketError::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused));
        let second = OwnListener::bind(&path).expect("a stale one is replaced");
        fs::remove_file(&path).expect("removed");
        let third = OwnListener::bind(&path).expect("bound");
        second.remove();
        assert!(path.exists(), "it is not the second's");
        third.remove();
        assert!(!path.exists());
    }

    #[test]
    fn what_is_not_ones_own_is_neither_replaced_nor_connected_to() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("s");
        crate::sys::files::replace_unsynced(&path, b"mine").expect("written");
        assert!(matches!(OwnListener::bind(&path), Err(SocketError::Distrusted(_))));
        assert!(matches!(connect(&path), Err(SocketError::Distrusted(_))));
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "mine");
        fs::remove_file(&path).expect("removed");
        let _listener = OwnListener::bind(&path).expect("bound");
        let refused = |why: &str| {
            let error = connect(&path).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        };
        set_mode(&path, 0o666);
        refused("other users can connect");
        set_mode(&path, 0o600);
        set_mode(folder.path(), 0o777);
        refused("writable by other users");
        assert!(matches!(OwnListener::bind(&folder.path().join("t")), Err(SocketError::Distrusted(_))));
    }

    #[test]
    fn a_line_ends_at_its_limits_of_length_and_time() {
        let (mut here, mut there) = UnixStream::pair().expect("a pair");
        there.write_all(b"one\ntwo").expect("sent");
        let soon = Duration::from_millis(50);
        assert_eq!(read_line(&mut here, 8, soon).expect("a line"), b"one");
        assert_eq!(read_line(&mut here, 8, soon).expect_err("no end").kind(), io::ErrorKind::TimedOut);
        there.write_all(&[b'x'; 9]).expect("sent");
        assert_eq!(read_line(&mut here, 8, soon).expect_err("too long").kind(), io::ErrorKind::InvalidData);
        drop(there);
        assert_eq!(read_line(&mut here, 8, soon).expect_err("closed").kind(), io::ErrorKind::UnexpectedEof);
    }
}
