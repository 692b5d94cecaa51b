//! The second keyfob of `exec --server`: how the first starts it, and what it needs of the system.
//!
//! It is a child of the process that becomes the command, so that it sees the command's end: its parent is then another.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::secret::Secret;
use crate::sys::env::vars;
use crate::sys::folder::trusted;

/// The hidden command that it is started with.
pub const COMMAND: &str = "serve-exec";

const READY: &str = "ready";

/// Starts the server of this process's command line, for the profile that was chosen, and waits until it has credentials to serve.
///
/// # Errors
/// Where it cannot be started. `Ok(Some(code))`: it has said why it serves nothing, and ended with this code.
pub fn start(listener: TcpListener, token: &Secret, profile: &str) -> io::Result<Option<u8>> {
    // What follows is the command's own, and long perhaps.
    let own = std::env::args_os().skip(1).take_while(|argument| argument != "--");
    let mut command = Command::new(this()?);
    command.args([COMMAND, profile]).args(own).stdin(OwnedFd::from(listener)).stdout(Stdio::piped());
    // Security: the command gets the token by the same way, in another variable.
    command.env(vars::KEYFOB_SERVER_TOKEN, token.expose());
    let mut server = command.spawn()?;
    let mut line = String::new();
    let stdout = server.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut line)?;
    if line.trim_end() == READY {
        return Ok(None);
    }
    let status = server.wait()?;
    Ok(Some(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// This program. On Linux by the name that still leads to it when an upgrade has replaced the file meanwhile.
pub(super) fn this() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// Where files for the command of this process id are.
pub fn private_folder(cache: &Path, command: u32) -> PathBuf {
    cache.join("servers").join(command.to_string())
}

/// Deletes such a folder.
pub fn remove_private_folder(folder: &Path) {
    // What stays is deleted by the next server.
    let _ = std::fs::remove_dir_all(folder);
}

/// Deletes the folders of commands that are gone, whose servers were killed.
///
/// # Errors
/// Where somebody else can change the folder that they are in; nothing is deleted then.
pub fn sweep(cache: &Path) -> io::Result<()> {
    let servers = cache.join("servers");
    trusted(&servers)?;
    for entry in std::fs::read_dir(servers).into_iter().flatten().flatten() {
        let command = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let is_gone = |command| {
            rustix::process::Pid::from_raw(command).is_some_and(|id| rustix::process::test_kill_process(id).is_err())
        };
        if command.is_some_and(is_gone) {
            remove_private_folder(&entry.path());
        }
    }
    Ok(())
}

/// The listening socket, which is standard input.
///
/// # Errors
/// The system's.
pub fn listener() -> io::Result<TcpListener> {
    Ok(TcpListener::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Tells the first keyfob that the command can start.
///
/// # Errors
/// Where that is gone.
pub fn say_ready() -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(READY.as_bytes())?;
    stdout.write_all(b"\n")?;
    stdout.flush()
}

/// Leaves the terminal and its process group: Ctrl-C there is the command's, and nothing is prompted for there.
pub fn leave_terminal() {
    // It fails for the leader of a group, which this is not.
    let _ = rustix::process::setsid();
}

/// The process that started this one.
pub fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// Has the system end this process, and what it becomes, with the one that has started it. Only Linux does.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // It fails for no signal that there is.
        let _ = set_parent_process_death_signal(Some(Signal::TERM));
    }
}
