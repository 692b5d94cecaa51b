//! Running a command in keyfob's place: on Unix it becomes the command, elsewhere it waits and passes the exit code on.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::secret::Secret;

/// Why a command does not run.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There is no such command.
    #[error("`{}` was not found", program.display())]
    NotFound { program: OsString },
    /// It is a script, and what its first line wants to be run by is not there.
    #[error("`{}` cannot be run: its first line names `{interpreter}`, which was not found", program.display())]
    NoInterpreter {
        program: OsString,
        /// What stands after `#!`, as far as the next blank; `\r` at its end for a line that ends as on Windows.
        interpreter: String,
    },
    /// It is there and cannot be executed.
    #[error("`{}` cannot be run: {cause}", program.display())]
    CannotRun { program: OsString, cause: io::Error },
}

impl ExecError {
    /// The exit code by which shells tell this (POSIX XCU 2.8.2), `env` and `nohup` too.
    pub const fn exit_code(&self) -> u8 {
        match self {
            ExecError::NotFound { .. } | ExecError::NoInterpreter { .. } => 127,
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
/// It returns only where the command does not run, with the reason; nothing has happened then. `path` is this process's
/// `PATH`, for the reason alone.
pub fn run<'a>(
    program: &OsStr,
    arguments: &[OsString],
    path: Option<&OsStr>,
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
        io::ErrorKind::NotFound => match interpreter_of(program, path.unwrap_or_default()) {
            Some(interpreter) => ExecError::NoInterpreter { program: program.to_owned(), interpreter },
            None => ExecError::NotFound { program: program.to_owned() },
        },
        _ => ExecError::CannotRun { program: program.to_owned(), cause },
    }
}

/// What a script names after `#!`; of one whose interpreter is missing the system says no more than "not found".
fn interpreter_of(program: &OsStr, path: &OsStr) -> Option<String> {
    const FIRST_LINE: u64 = 256;
    let is_path = Path::new(program).components().nth(1).is_some();
    let folders = if is_path { vec![PathBuf::new()] } else { std::env::split_paths(path).collect() };
    let script = folders.iter().map(|folder| folder.join(program)).find(|file| file.is_file())?;
    let mut start = Vec::new();
    File::open(script).ok()?.take(FIRST_LINE).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let interpreter = line.trim_ascii_start().split(|byte| matches!(byte, b' ' | b'\t')).next()?;
    Some(interpreter.escape_ascii().to_string())
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
        let error = run(
            &words[0],
            &words[1..],
            environment.get_os("PATH"),
            [("KEYFOB_TEST_SET", Some(&value)), ("KEYFOB_TEST_GONE", None)],
        );
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

    #[test]
    fn a_script_without_its_interpreter_is_not_said_to_be_missing_itself() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = folder.path().join("script");
        let because = |line: &str, program: &OsStr| {
            std::io::Write::write_all(&mut File::create(&script).expect("made"), line.as_bytes()).expect("written");
            std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("set");
            interpreter_of(program, folder.path().as_os_str())
        };
        assert_eq!(because("#!/no/such -x\n", script.as_os_str()).as_deref(), Some("/no/such"));
        assert_eq!(because("#! /no/such\n", "script".as_ref()).as_deref(), Some("/no/such"));
        assert_eq!(because("#!/bin/sh\r\n", "script".as_ref()).as_deref(), Some("/bin/sh\\r"));
        assert_eq!(because("echo\n", "script".as_ref()), None);
        assert_eq!(because("#!/no/such\n", "other".as_ref()), None);
        assert_eq!(because("#!/no/such\n", "./script".as_ref()), None, "it is not in this folder");
        let script = because("#!/no/such\n", script.as_os_str()).and(script.to_str()).expect("a script");
        assert_eq!(replaced("", script).1.status.code(), Some(127));
    }
}
