//! One program run to its end in a sandbox, without a terminal and with a limit.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::leaks::{Captured, Shows};
use super::sandbox::Sandbox;
use super::tools;

/// How long a program may take before the test fails; slower than anything that works, on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// A command about to be run.
#[derive(Debug)]
#[must_use = "it is not run before `run`"]
pub struct Invocation<'a> {
    sandbox: &'a Sandbox,
    program: PathBuf,
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    stdin: Vec<u8>,
    folder: PathBuf,
    shows: Shows,
}

impl<'a> Invocation<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, program: &Path, args: &[&str], shows: Shows) -> Self {
        Invocation {
            sandbox,
            program: program.to_owned(),
            args: args.iter().map(OsString::from).collect(),
            env: sandbox.env().clone(),
            stdin: Vec::new(),
            folder: sandbox.home().to_owned(),
            shows,
        }
    }

    /// What it reads; nothing unless given.
    pub fn stdin(mut self, text: &str) -> Self {
        text.as_bytes().clone_into(&mut self.stdin);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.insert(name.into(), value.as_ref().to_owned());
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.env.remove(OsStr::new(name));
        self
    }

    /// The folder it runs in; the home unless set.
    pub fn within(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// What its stdout may show, where that is not what the command usually does.
    pub fn shows(mut self, shows: Shows) -> Self {
        self.shows = shows;
        self
    }

    /// The command as it will be run, for tests that want to start it themselves; its outputs are then not searched.
    ///
    /// It has no controlling terminal: a prompt must not reach the terminal of whoever runs the tests.
    pub fn command(&self) -> Command {
        let mut command = match tools::find("setsid") {
            Some(setsid) => {
                let mut command = Command::new(setsid);
                command.arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        command.args(&self.args).env_clear().envs(&self.env).current_dir(&self.folder);
        command
    }

    /// The words of the command, for messages.
    fn words(&self) -> String {
        let name = self.program.file_name().unwrap_or_default().to_string_lossy();
        let args: Vec<_> = self.args.iter().map(|arg| arg.to_string_lossy()).collect();
        format!("{name} {}", args.join(" "))
    }

    pub(super) fn into_parts(self) -> (&'a Sandbox, Command, String, Shows) {
        let words = self.words();
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(&self.env).current_dir(&self.folder);
        (self.sandbox, command, words, self.shows)
    }

    /// Starts it without waiting for it.
    pub fn start(self) -> Started<'a> {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let words = self.words();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{words}: {error}"));
        let (mut input, text) = (child.stdin.take().expect("piped"), self.stdin);
        // A program that does not read its stdin is free not to.
        thread::spawn(move || input.write_all(&text).ok());
        let stdout = read_in_background(child.stdout.take().expect("piped"));
        let stderr = read_in_background(child.stderr.take().expect("piped"));
        Started { sandbox: self.sandbox, words, shows: self.shows, child, stdout, stderr }
    }

    /// Runs it to its end.
    pub fn run(self) -> Ran {
        self.start().finish()
    }
}

fn read_in_background(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        send.send(bytes).ok();
    });
    receive
}

/// Whether the long form of tests with kills and faults is asked for.
pub fn soak() -> bool {
    std::env::var_os("KEYFOB_TEST_SOAK").is_some()
}

/// Kills what `prepared` gives at so many moments, spread over the time a whole run takes, and looks `after` each.
///
/// # Panics
/// Where most of the kills come too late: then nothing was tried.
pub fn kill_at_moments<'a>(kills: u32, mut prepared: impl FnMut(u32) -> Invocation<'a>, mut after: impl FnMut(u32)) {
    let whole = prepared(0);
    let started = Instant::now();
    whole.run().ok();
    // What takes no time at all is not met.
    let whole = started.elapsed().max(Duration::from_millis(15));
    after(0);
    let mut landed = 0;
    for kill in 0..kills {
        let mut running = prepared(kill).start();
        thread::sleep(whole * (kill + 1) / kills);
        running.kill();
        landed += u32::from(running.finish().was_killed());
        after(kill);
    }
    assert!(landed >= kills / 3, "only {landed} of {kills} kills came in time");
}

/// A running program. Dropped, it is killed.
#[derive(Debug)]
pub struct Started<'a> {
    sandbox: &'a Sandbox,
    words: String,
    shows: Shows,
    child: Child,
    stdout: mpsc::Receiver<Vec<u8>>,
    stderr: mpsc::Receiver<Vec<u8>>,
}

impl Started<'_> {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("an own child can be waited for").is_none()
    }

    /// Kills it as `kill -9` would.
    pub fn kill(&mut self) {
        self.child.kill().expect("an own child can be killed");
    }

    /// Waits for its end and keeps its outputs for the leak hunt.
    ///
    /// # Panics
    /// Where it takes longer than a minute and a half.
    pub fn finish(mut self) -> Ran {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("an own child can be waited for") {
                break status;
            }
            assert!(started.elapsed() < LIMIT, "`{}` hangs", self.words);
            thread::sleep(Duration::from_millis(if started.elapsed().as_millis() < 100 { 1 } else { 10 }));
        };
        let output = |name: &str, stream: &mpsc::Receiver<Vec<u8>>, shows: Shows| {
            let bytes = stream.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("a child of `{}` hangs", self.words));
            let what = format!("{name} of `{}`", self.words);
            self.sandbox.keep(Captured { what, bytes: bytes.clone(), shows });
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let stdout = output("stdout", &self.stdout, self.shows);
        let stderr = output("stderr", &self.stderr, Shows::Nothing);
        Ran { words: self.words.clone(), code: status.code(), signal: status.signal(), stdout, stderr }
    }
}

impl Drop for Started<'_> {
    fn drop(&mut self) {
        // It has ended, unless the test has failed.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// How a program ended.
#[derive(Debug, Clone)]
pub struct Ran {
    pub words: String,
    /// `None`: killed by a signal.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// `kill -9`.
const KILL: i32 = 9;

impl Ran {
    /// Whether it was killed by `kill -9`; it has succeeded otherwise.
    #[track_caller]
    pub fn was_killed(&self) -> bool {
        assert!(self.signal == Some(KILL) || self.code == Some(0), "neither killed nor through: {self:?}");
        self.signal == Some(KILL)
    }

    /// Its stdout, where it ended with 0.
    #[track_caller]
    pub fn ok(&self) -> &str {
        self.ends_with(0);
        &self.stdout
    }

    /// Its stderr, where it ended with this code.
    #[track_caller]
    pub fn ends_with(&self, code: i32) -> &str {
        let Ran { words, stdout, stderr, .. } = self;
        assert_eq!(self.code, Some(code), "`{words}`\nstdout: {stdout}\nstderr: {stderr}");
        &self.stderr
    }

    /// Its stdout as JSON, where it ended with 0.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.ok()).unwrap_or_else(|error| panic!("`{}`: {error}: {}", self.words, self.stdout))
    }
}
