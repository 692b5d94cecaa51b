//! Running a command in keyfob's place: on Unix it becomes the command, elsewhere it waits and passes the exit code on.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Command;

use crate::secret::Secret;

/// Why a command does not run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There is no such command.
    #[error("`{}` was not found", program.display())]
    NotFound {
        /// The command.
        program: OsString,
    },
    /// It is there and cannot be executed.
    #[error("`{}` cannot be run: {cause}", program.display())]
    CannotRun {
        /// The command.
        program: OsString,
        /// What the system says.
        cause: io::Error,
    },
}

impl ExecError {
    /// The exit code by which shells tell this (POSIX XCU 2.8.2), `env` and `nohup` too.
    pub const fn exit_code(&self) -> u8 {
        match self {
            ExecError::NotFound { .. } => 127,
            ExecError::CannotRun { .. } => 126,
        }
    }
}

/// Runs `program` with its `arguments`, in this process's environment with `changes`: a value is set, none is removed.
///
/// On Unix this process becomes the command and nothing returns but an error, so signals, exit code, process id and job
/// control are the command's own. Ignored signals, the signal mask and resource limits pass unchanged, but for one:
/// `SIGPIPE`, which Rust's runtime ignores before `main`, is back at its default, whatever it was at the start.
/// Open files and locks of keyfob's are closed; what is buffered for stdout and not flushed is lost.
///
/// On Windows it is waited for, Ctrl-C is left to it, and this process ends with its exit code, all 32 bits of it.
///
/// It returns only where the command does not run, with the reason; nothing has happened then.
pub fn run<'a>(
    program: &OsStr,
    arguments: &[OsString],
    changes: impl IntoIterator<Item = (&'a str, Option<&'a Secret>)>,
) -> ExecError {
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, value) in changes {
        match value {
            // Security: here credentials enter the command's environment.
            Some(value) => command.env(name, value.expose()),
            None => command.env_remove(name),
        };
    }
    let cause = become_or_wait(command);
    match cause.kind() {
        io::ErrorKind::NotFound => ExecError::NotFound { program: program.to_owned() },
        _ => ExecError::CannotRun { program: program.to_owned(), cause },
    }
}

#[cfg(unix)]
fn become_or_wait(mut command: Command) -> io::Error {
    // std resets SIGPIPE in `exec` as it does in `spawn`; the tests below hold it to that.
    std::os::unix::process::CommandExt::exec(&mut command)
}

#[cfg(windows)]
fn become_or_wait(mut command: Command) -> io::Error {
    let mut run = || -> io::Result<i32> {
        // While this lives Ctrl-C ends the child alone: the console sends it to both.
        let _ctrl_c = tokio::signal::windows::ctrl_c()?;
        let _ctrl_break = tokio::signal::windows::ctrl_break()?;
        Ok(command.spawn()?.wait()?.code().unwrap_or(1))
    };
    match run() {
        // Not by way of `ExitCode`, which has 8 bits: 256, and whatever a crash leaves, must not come out as success.
        Ok(code) => std::process::exit(code),
        Err(cause) => cause,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Output, Stdio};

    use super::*;
    use crate::sys::env::Environment;

    /// Becomes the command in `KEYFOB_TEST_EXEC`.
    #[test]
    #[ignore = "the tests below start this test program for it alone"]
    fn helper_that_becomes_another_program() {
        let environment = Environment::of_process();
        let line = environment.get("KEYFOB_TEST_EXEC").expect("set by the test that starts it");
        let words: Vec<OsString> = line.split('|').map(OsString::from).collect();
        let value = Secret::new("fake secret".into());
        let error = run(&words[0], &words[1..], [("KEYFOB_TEST_SET", Some(&value)), ("KEYFOB_TEST_GONE", None)]);
        std::process::exit(i32::from(error.exit_code()));
    }

    /// Runs `before`, shell code, then keyfob's `run` of `command`, its words parted by `|`.
    fn replaced(before: &str, command: &str) -> (u32, Output) {
        let test = std::env::current_exe().expect("this program");
        let helper = "sys::exec::tests::helper_that_becomes_another_program";
        let child = Command::new("sh")
            .arg("-c")
            .arg(format!("{before} exec \"$0\" --exact {helper} --ignored --nocapture --quiet"))
            .arg(test)
            .env("KEYFOB_TEST_EXEC", command)
            .env("KEYFOB_TEST_GONE", "old")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh runs");
        (child.id(), child.wait_with_output().expect("it ends"))
    }

    fn said(output: &Output) -> String {
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    fn the_command_takes_over_the_process_its_environment_and_its_exit_code() {
        let (pid, output) =
            replaced("", "sh|-c|echo pid=$$ set=$KEYFOB_TEST_SET gone=${KEYFOB_TEST_GONE-unset}; exit 42");
        assert!(said(&output).contains(&format!("pid={pid} set=fake secret gone=unset")), "{output:?}");
        assert_eq!(output.status.code(), Some(42));
    }

    #[test]
    fn a_signal_ends_the_command_and_is_what_the_parent_sees() {
        use std::os::unix::process::ExitStatusExt;
        let (_, output) = replaced("", "sh|-c|kill -TERM $$");
        assert_eq!(output.status.signal(), Some(15), "{output:?}");
    }

    #[test]
    fn sigpipe_is_at_its_default_and_ignored_signals_stay_ignored() {
        // `exec` with a signal ignored is what nohup does.
        let (_, output) = replaced("trap '' HUP;", "grep|SigIgn|/proc/self/status");
        let text = said(&output);
        let mask = text.split("SigIgn:").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a mask");
        let mask = u64::from_str_radix(mask, 16).expect("hexadecimal");
        let ignored = |signal: u32| mask & (1 << (signal - 1)) != 0;
        assert!(!ignored(13), "SIGPIPE is ignored: {mask:x}");
        assert!(ignored(1), "SIGHUP is no longer ignored: {mask:x}");
    }

    #[test]
    fn resource_limits_pass_unchanged() {
        let (_, output) = replaced("ulimit -S -c 0; ulimit -S -n 77;", "sh|-c|echo limits=$(ulimit -c),$(ulimit -n)");
        assert!(said(&output).contains("limits=0,77"), "{output:?}");
    }

    #[test]
    fn what_cannot_be_run_is_126_and_what_is_not_there_127() {
        assert_eq!(replaced("", "keyfob-no-such-command").1.status.code(), Some(127));
        assert_eq!(replaced("", "/etc/passwd").1.status.code(), Some(126));
        assert_eq!(replaced("", "/etc").1.status.code(), Some(126));
    }
}
