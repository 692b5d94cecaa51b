//! Programs that keyfob starts and reads an answer from: no stdin, a time limit, a clean environment.

use std::io::{Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::sys::env::vars;

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Answer {
    pub stdout: crate::secret::SecretBytes,
    pub status: ExitStatus,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It could not be started.
    #[error("it could not be started: {0}")]
    Start(std::io::Error),
    /// It ran past the limit and was killed.
    #[error("it did not finish within {0:?} and was killed")]
    TimedOut(Duration),
    /// It printed more than a megabyte.
    #[error("it printed more than 1 MiB")]
    TooMuch,
    /// Its output could not be read.
    #[error("its output could not be read: {0}")]
    Read(std::io::Error),
}

const MOST_OUTPUT: u64 = 1 << 20;

/// Runs `argv` to its end and returns its standard output; its standard error is keyfob's.
///
/// It gets no stdin and no `AWS_PROFILE`, `AWS_DEFAULT_PROFILE` or `KEYFOB_PROFILE`, so that an SDK in it does not
/// resolve the very profile it works for, and `KEYFOB_CHAIN` so that a keyfob in it refuses to.
///
/// # Errors
/// Where it cannot be started, or does not end within `limit`: it and its process group are then killed.
pub fn run(argv: &[String], chain: &[String], limit: Duration) -> Result<Answer, ChildError> {
    let mut command = command(argv)?;
    for name in [vars::AWS_PROFILE, vars::AWS_DEFAULT_PROFILE, vars::KEYFOB_PROFILE] {
        command.env_remove(name);
    }
    command.env(vars::KEYFOB_CHAIN, chain.join(","));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    answer(command, "", limit)
}

/// Runs `argv` as [`run`] does, for a program that begins a session of its own: no group is made for it, since the leader
/// of one may not begin a session. It reads `input`, a few lines, and its standard error goes nowhere.
///
/// # Errors
/// As [`run`].
pub fn run_session_leader(argv: &[String], input: &str, limit: Duration) -> Result<Answer, ChildError> {
    let mut command = command(argv)?;
    command.stdin(Stdio::piped()).stderr(Stdio::null());
    answer(command, input, limit)
}

fn command(argv: &[String]) -> Result<Command, ChildError> {
    let (program, arguments) =
        argv.split_first().ok_or_else(|| ChildError::Start(std::io::ErrorKind::NotFound.into()))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    Ok(command)
}

fn answer(mut command: Command, input: &str, limit: Duration) -> Result<Answer, ChildError> {
    let mut child = command.spawn().map_err(ChildError::Start)?;
    // It stays open until the end: a program may take its end for a wish to leave. A pipe takes a few lines at once; one whose
    // reader is gone already says so by what it answers.
    let mut stdin = child.stdin.take();
    let _ = stdin.as_mut().map(|stdin| stdin.write_all(input.as_bytes()));
    let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let read = stdout.take(MOST_OUTPUT + 1).read_to_end(&mut bytes);
        // The receiver is gone after a timeout; then nobody wants the answer.
        let _ = sender.send(read.map(|_| bytes));
    });
    let start = Instant::now();
    let bytes = match receiver.recv_timeout(limit) {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            kill_group(&mut child);
            return Err(ChildError::Read(error));
        }
        Err(_) => {
            kill_group(&mut child);
            return Err(ChildError::TimedOut(limit));
        }
    };
    if bytes.len() as u64 > MOST_OUTPUT {
        kill_group(&mut child);
        return Err(ChildError::TooMuch);
    }
    // The program may close its output long before it ends.
    loop {
        match child.try_wait().map_err(ChildError::Read)? {
            Some(status) => {
                return Ok(Answer { stdout: crate::secret::SecretBytes::new(bytes.to_vec()), status });
            }
            None if start.elapsed() >= limit => {
                kill_group(&mut child);
                return Err(ChildError::TimedOut(limit));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn kill_group(child: &mut std::process::Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    // Already dead, or not ours to wait for: either way there is nothing more to do.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_program_gets_no_stdin_and_knows_the_chain() {
        let answer =
            run(&shell("cat; echo $KEYFOB_CHAIN"), &["a".into(), "b".into()], Duration::from_secs(10)).expect("runs");
        assert_eq!(answer.stdout.expose(), b"a,b\n");
        assert!(answer.status.success());
    }

    #[test]
    fn a_program_that_begins_a_session_is_killed_with_all_of_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let alive = folder.path().join("alive");
        let script = format!("sleep 1; touch {}", alive.display());
        let argv = ["setsid", "sh", "-c", &format!("sh -c '{script}' & sleep 60")].map(str::to_owned);
        let result = run_session_leader(&argv, "", Duration::from_millis(300));
        assert!(matches!(result, Err(ChildError::TimedOut(_))), "{result:?}");
        std::thread::sleep(Duration::from_millis(1_200));
        assert!(!alive.exists(), "its child lived on");
    }

    #[test]
    fn a_program_that_never_ends_is_killed_with_its_children() {
        let start = Instant::now();
        let result = run(&shell("sleep 60 & sleep 60"), &[], Duration::from_millis(200));
        assert!(matches!(result, Err(ChildError::TimedOut(_))), "{result:?}");
        assert!(start.elapsed() < Duration::from_secs(50), "its children were waited for");
    }
}
