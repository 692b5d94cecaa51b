//! `keyfob agent` as processes: one that accepts connections, and one for each connection, which answers it.
//!
//! A request is resolved as any command is: in a process of its own, with its own terminal handling, locks and memory. A slow or
//! hostile one is in nobody's way. A connection's process ends when the agent does.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::sys::own_socket::OwnListener;
use crate::sys::server_process::{end_with_parent, this};
use crate::sys::uninterrupted::is_ignored;

/// The hidden command that answers one connection.
pub const COMMAND: &str = "serve-agent";

/// The most connections at once; others wait.
const MOST_CONNECTIONS: usize = 64;

/// Answers each connection with a process of this command line, until SIGTERM, SIGINT or SIGHUP; then removes the socket.
///
/// # Errors
/// Where signals cannot be waited for.
pub fn serve(listener: OwnListener) -> io::Result<()> {
    let (mut ended, end) = UnixStream::pair()?;
    // One that whoever started this ignores stays ignored (`nohup`).
    for signal in [SIGTERM, SIGINT, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
        pipe::register(signal, end.try_clone()?)?;
    }
    let listener = Arc::new(listener);
    let accepting = Arc::clone(&listener);
    std::thread::Builder::new().name("accept".into()).spawn(move || accept(&accepting))?;
    let read = loop {
        match ended.read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read,
        }
    };
    listener.remove();
    read.map(drop)
}

fn accept(listener: &OwnListener) {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok(stream) = listener.accept() else {
            // Out of file descriptors, or a client that is gone already.
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        while open.load(Ordering::Acquire) >= MOST_CONNECTIONS {
            std::thread::sleep(Duration::from_millis(5));
        }
        open.fetch_add(1, Ordering::AcqRel);
        let counted = Arc::clone(&open);
        let answering = std::thread::Builder::new().name("connection".into()).spawn(move || {
            // Too many processes: the client sees its connection end.
            let _ = answer(stream);
            counted.fetch_sub(1, Ordering::AcqRel);
        });
        if answering.is_err() {
            open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Starts the process of a connection and waits for it: Linux ends it with the thread that has started it.
fn answer(stream: UnixStream) -> io::Result<()> {
    let mut command = Command::new(this()?);
    command.arg(COMMAND).args(std::env::args_os().skip(1)).stdin(OwnedFd::from(stream)).stdout(Stdio::null());
    let mut child = command.spawn()?;
    // Its copy of the connection is in `command`: closed, so that the client sees the process's end.
    drop(command);
    child.wait().map(drop)
}

/// The connection that this process is to answer.
///
/// # Errors
/// The system's.
pub fn connection() -> io::Result<UnixStream> {
    // Elsewhere than on Linux it ends with its request.
    end_with_parent();
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}
