//! Programs that keyfob starts and reads an answer from: no stdin but a request, a time limit, the environment they are
//! given.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::secret::SecretBytes;
use crate::sys::env::{Environment, vars};

/// What a program printed, and how it ended.
#[derive(Debug)]
pub struct Answer {
    pub stdout: SecretBytes,
    /// The start of its standard error, if that is not keyfob's own.
    pub stderr: SecretBytes,
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
const MOST_STDERR: usize = 16 << 10;

/// What a program gets from keyfob.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// Its variables, all of them.
    pub env: &'a Environment,
    /// `KEYFOB_CHAIN`: the profiles being resolved. A keyfob in it refuses to wait for one of them.
    pub chain: &'a [String],
    /// How long it may run.
    pub limit: Duration,
}

/// Runs `argv` to its end and returns its standard output; its standard error is keyfob's.
///
/// # Errors
/// Where it cannot be started, or does not end within the limit: it and its process group are then killed.
pub fn run(argv: &[String], given: Given<'_>) -> Result<Answer, ChildError> {
    run_in_group(command(argv)?, given)
}

/// Runs a line of a shell, as the SDKs for Rust, Go and Java do: `sh -c`, on Windows `cmd.exe /C`. Its standard error is
/// in the answer.
///
/// # Errors
/// As [`run`].
pub fn run_line(line: &str, given: Given<'_>) -> Result<Answer, ChildError> {
    #[cfg(not(windows))]
    let mut command = command(&["sh".to_owned(), "-c".to_owned(), line.to_owned()])?;
    #[cfg(windows)]
    let mut command = {
        let mut command = command(&["cmd.exe".to_owned(), "/C".to_owned()])?;
        // As it is: `cmd.exe` does not take quotes as other programs do.
        std::os::windows::process::CommandExt::raw_arg(&mut command, line);
        command
    };
    command.stderr(Stdio::piped());
    run_in_group(command, given)
}

/// Runs `argv` as [`run`] does. It reads `input` from its standard input, which ends there; its standard error is in the
/// answer.
///
/// # Errors
/// As [`run`]. A program that does not read all of the input is free not to.
pub fn run_with_input(argv: &[String], input: SecretBytes, given: Given<'_>) -> Result<Answer, ChildError> {
    let mut command = command(argv)?;
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    command.env_clear().envs(given.env.iter()).env(vars::KEYFOB_CHAIN, given.chain.join(","));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(ChildError::Start)?;
    if let Some(mut stdin) = child.stdin.take() {
        // More than a pipe takes at once may be written to a program that does not read.
        std::thread::spawn(move || stdin.write_all(input.expose()));
    }
    answer_of(child, given.limit)
}

fn run_in_group(mut command: Command, given: Given<'_>) -> Result<Answer, ChildError> {
    command.env_clear().envs(given.env.iter()).env(vars::KEYFOB_CHAIN, given.chain.join(","));
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    answer(command, "", given.limit)
}

/// Runs `argv` as [`run`] does, for a program that begins a session of its own: no group is made for it, since the leader
/// of one may not begin a session. It reads `input`, a few lines, and its standard error goes nowhere.
///
/// # Errors
/// As [`run`].
pub fn run_session_leader(
    argv: &[String],
    env: &Environment,
    input: &str,
    limit: Duration,
) -> Result<Answer, ChildError> {
    let mut command = command(argv)?;
    command.env_clear().envs(env.iter()).stdin(Stdio::piped()).stderr(Stdio::null());
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
    answer_of(child, limit)
}

fn answer_of(mut child: Child, limit: Duration) -> Result<Answer, ChildError> {
    let stderr = Stderr::of(&mut child);
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
                return Ok(Answer { stdout: SecretBytes::new(bytes.to_vec()), stderr: stderr.read(), status });
            }
            None if start.elapsed() >= limit => {
                kill_group(&mut child);
                return Err(ChildError::TimedOut(limit));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// What a program has written to its standard error so far.
struct Stderr {
    start: Arc<Mutex<Vec<u8>>>,
    /// Gives an error once it is closed.
    open: Option<mpsc::Receiver<()>>,
}

impl Stderr {
    /// Reads all of it, so that the program never waits for that, and keeps the start.
    fn of(child: &mut Child) -> Self {
        let start = Arc::new(Mutex::new(Vec::new()));
        let open = child.stderr.take().map(|mut stderr| {
            let (sender, receiver) = mpsc::channel();
            let kept = Arc::clone(&start);
            std::thread::spawn(move || {
                let _sender = sender;
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = stderr.read(&mut piece) {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = MOST_STDERR.saturating_sub(kept.len());
                    kept.extend_from_slice(&piece[..length.min(room)]);
                }
            });
            receiver
        });
        Stderr { start, open }
    }

    fn read(self) -> SecretBytes {
        // A program may leave one behind that keeps it open.
        let _ = self.open.map(|open| open.recv_timeout(Duration::from_millis(200)));
        SecretBytes::new(self.start.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn kill_group(child: &mut Child) {
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

    fn given<'a>(env: &'a Environment, chain: &'a [String], millis: u64) -> Given<'a> {
        Given { env, chain, limit: Duration::from_millis(millis) }
    }

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_program_gets_no_stdin_and_knows_the_chain_and_nothing_but_its_environment() {
        let process = Environment::of_process();
        let env = process.iter().filter(|(name, _)| *name == "PATH");
        let env: Environment = env.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let chain = ["a".to_owned(), "b".to_owned()];
        let answer = run(&shell("cat; env | sed s/=.*//; echo $KEYFOB_CHAIN"), given(&env, &chain, 10_000));
        let answer = answer.expect("runs");
        let text = String::from_utf8_lossy(answer.stdout.expose()).into_owned();
        let mut names: Vec<&str> =
            text.lines().filter(|name| !["PWD", "_", "SHLVL", "OLDPWD"].contains(name)).collect();
        names.sort_unstable();
        assert_eq!(names, ["KEYFOB_CHAIN", "PATH", "a,b"]);
        assert!(answer.status.success());
    }

    #[test]
    fn a_line_is_a_shells_and_its_stderr_is_part_of_the_answer() {
        let env = Environment::of_process();
        let line = "x='a b'; echo \"$x\" | cat; echo why >&2; yes no 2>/dev/null | head -c 100000 >&2; exit 3";
        let answer = run_line(line, given(&env, &[], 10_000)).expect("runs");
        assert_eq!((answer.stdout.expose(), answer.status.code()), (b"a b\n".as_slice(), Some(3)));
        assert!(answer.stderr.expose().starts_with(b"why\nno\n") && answer.stderr.expose().len() == MOST_STDERR);
        let left_behind = run_line("sleep 5 >/dev/null & echo early >&2", given(&env, &[], 10_000)).expect("runs");
        assert_eq!(left_behind.stderr.expose(), b"early\n");
    }

    #[test]
    fn a_program_that_begins_a_session_is_killed_with_all_of_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let alive = folder.path().join("alive");
        let script = format!("sleep 1; touch {}", alive.display());
        let argv = ["setsid", "sh", "-c", &format!("sh -c '{script}' & sleep 60")].map(str::to_owned);
        let result = run_session_leader(&argv, &Environment::of_process(), "", Duration::from_millis(300));
        assert!(matches!(result, Err(ChildError::TimedOut(_))), "{result:?}");
        std::thread::sleep(Duration::from_millis(1_200));
        assert!(!alive.exists(), "its child lived on");
    }

    #[test]
    fn a_request_is_read_to_its_end_or_not_at_all() {
        let env = Environment::of_process();
        let input = || SecretBytes::new(vec![b'x'; 300_000]);
        let answer = run_with_input(&shell("wc -c; echo why >&2"), input(), given(&env, &[], 10_000)).expect("runs");
        assert_eq!(answer.stdout.expose().trim_ascii(), b"300000");
        assert_eq!(answer.stderr.expose(), b"why\n");
        let deaf = run_with_input(&shell("exec <&-; echo done"), input(), given(&env, &[], 10_000)).expect("runs");
        assert_eq!(deaf.stdout.expose(), b"done\n");
        let hanging = run_with_input(&shell("sleep 60"), input(), given(&env, &[], 200));
        assert!(matches!(hanging, Err(ChildError::TimedOut(_))), "{hanging:?}");
    }

    #[test]
    fn a_program_that_never_ends_is_killed_with_its_children() {
        let start = Instant::now();
        let env = Environment::of_process();
        let result = run(&shell("sleep 60 & sleep 60"), given(&env, &[], 200));
        assert!(matches!(result, Err(ChildError::TimedOut(_))), "{result:?}");
        assert!(start.elapsed() < Duration::from_secs(50), "its children were waited for");
    }
}
