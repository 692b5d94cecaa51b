//! A program on a terminal of its own: prompts are waited for and answered, as a person would.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use super::leaks::{Captured, Shows};
use super::run::{Invocation, Ran};
use super::sandbox::Sandbox;

/// How long a prompt may take to come.
const LIMIT_MS: u64 = 30_000;

/// A running program and the terminal it runs on: its controlling terminal, with echo, 40 lines of 400: no message is broken.
pub struct Terminal<'a> {
    sandbox: &'a Sandbox,
    words: String,
    shows: Shows,
    session: PtySession,
    seen: String,
    /// Where stdout and stderr go, in the sandbox's home, while the terminal is only there to ask.
    beside: Option<[String; 2]>,
}

impl<'a> Invocation<'a> {
    /// Runs it with everything on a terminal.
    pub fn on_terminal(self) -> Terminal<'a> {
        self.env("TERM", "xterm").spawn(r#"exec "$@""#, None)
    }

    /// Runs it on a terminal within this script of a shell, to which it is `"$@"`.
    pub fn on_terminal_in(self, script: &str) -> Terminal<'a> {
        self.env("TERM", "xterm").spawn(script, None)
    }

    /// Runs it as an SDK does that was started from a terminal: stdin, stdout and stderr are elsewhere, but there is
    /// a terminal to ask on.
    pub fn beside_terminal(self) -> Terminal<'a> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| format!("beside-{number}-{name}"));
        // The shell stays and keeps the terminal open, as whoever sits there does: without anybody it would hang up.
        let script = format!(r#""$@" </dev/null >"$HOME/{stdout}" 2>"$HOME/{stderr}"; exit $?"#);
        self.env("TERM", "xterm").spawn(&script, Some([stdout, stderr]))
    }

    fn spawn(self, script: &str, beside: Option<[String; 2]>) -> Terminal<'a> {
        let (sandbox, command, words, shows) = self.into_parts();
        // Searched as outputs, by what their command may show.
        beside.iter().flatten().for_each(|file| sandbox.may_hold_secrets(file));
        // rexpect turns the echo off; with it on, a test sees what a bystander would.
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("stty echo rows 40 cols 400 && {script}"), "sh"]);
        shell.arg(command.get_program()).args(command.get_args()).env_clear();
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(command.get_current_dir().unwrap_or(sandbox.home()));
        let session = spawn_command(shell, Some(LIMIT_MS)).expect("a shell on a new terminal");
        Terminal { sandbox, words, shows, session, seen: String::new(), beside }
    }
}

impl Terminal<'_> {
    /// Waits until this text is shown, and returns what stood before it.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> String {
        match self.session.exp_string(text) {
            Ok(before) => {
                self.seen += &before;
                self.seen += text;
                before.replace("\r\n", "\n")
            }
            Err(error) => panic!("`{}` does not show {text:?}: {error}\nbefore: {}", self.words, self.seen),
        }
    }

    /// Types a line and Enter.
    pub fn type_line(&mut self, line: &str) {
        self.session.send_line(line).expect("the terminal takes input");
    }

    /// Types these keys, and no Enter.
    pub fn type_keys(&mut self, keys: &str) {
        self.session.send(keys).and_then(|_| self.session.flush()).expect("the terminal takes input");
    }

    /// Presses Ctrl and a letter.
    pub fn press_ctrl(&mut self, letter: char) {
        self.session.send_control(letter).expect("the terminal takes input");
    }

    /// Waits for the end. What the terminal showed is returned as `terminal`, line ends as `\n`, and searched for
    /// secrets like any output; stdout and stderr are empty unless they were beside the terminal.
    #[track_caller]
    pub fn finish(mut self) -> (Ran, String) {
        match self.session.exp_eof() {
            Ok(rest) => self.seen += &rest,
            Err(error) => panic!("`{}` does not end: {error}\nbefore: {}", self.words, self.seen),
        }
        let (code, signal) = match self.session.process().wait().expect("an own child can be waited for") {
            WaitStatus::Exited(_, code) => (Some(code), None),
            WaitStatus::Signaled(_, signal, _) => (None, Some(signal as i32)),
            _ => (None, None),
        };
        let what = format!("terminal of `{}`", self.words);
        let shows = if self.beside.is_some() { Shows::Nothing } else { self.shows };
        self.sandbox.keep(Captured { what, bytes: self.seen.clone().into_bytes(), shows });
        let [stdout, stderr] = self.beside.as_ref().map_or([Vec::new(), Vec::new()], |files| {
            files.each_ref().map(|file| fs::read(self.sandbox.path(file)).expect("the shell has made it"))
        });
        for (name, bytes, shows) in [("stdout", &stdout, self.shows), ("stderr", &stderr, Shows::Nothing)] {
            self.sandbox.keep(Captured { what: format!("{name} of `{}`", self.words), bytes: bytes.clone(), shows });
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let ran = Ran { words: self.words, code, signal, stdout: text(stdout), stderr: text(stderr) };
        (ran, self.seen.replace("\r\n", "\n"))
    }
}
