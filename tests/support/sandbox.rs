//! A hermetic environment for the real binary: own home, own vault, no inherited variables, no terminal.
//!
//! Leaks are hunted by construction: a sandbox keeps every output of every program it ran, and when it is dropped it
//! searches them, and every file under its home, for every secret of its loopback AWS and of its own. What is meant
//! to show a secret says so: the stdout of `credential-process`, `env` and `exec` may hold session credentials.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use age::secrecy::ExposeSecret;

use super::aws::{CA_BUNDLE, LoopbackAws, Secret, SecretKind};
use super::leaks::{Captured, Kept, Shows};
use super::run::Invocation;
use super::tools;

/// One user's machine, as far as keyfob can see it.
#[derive(Debug)]
pub struct Sandbox {
    home: tempfile::TempDir,
    aws: Arc<LoopbackAws>,
    env: BTreeMap<OsString, OsString>,
    kept: Mutex<Kept>,
    /// Added to every keyfob command: `-v`, for the tests that look for leaks in what is explained.
    flags: Vec<String>,
    /// Seconds the clock of all that is run is ahead of this machine's.
    clock_ahead: i64,
}

impl Sandbox {
    /// A home with the binary on its `PATH`, as `~/bin/keyfob`, and AWS at the loopback server.
    ///
    /// The home lies under `target/`, because keyfob refuses to link a profile to a program in a temporary folder.
    pub fn new(binary: impl AsRef<Path>, aws: &Arc<LoopbackAws>) -> Self {
        let base = tools::target().join("sandboxes");
        fs::create_dir_all(&base).expect("a folder under target");
        let home = tempfile::Builder::new().prefix("home-").tempdir_in(base).expect("a home");
        let kept = Mutex::new(Kept::default());
        let mut sandbox =
            Sandbox { home, aws: Arc::clone(aws), env: BTreeMap::new(), kept, flags: Vec::new(), clock_ahead: 0 };
        for folder in ["bin", "run", ".aws"] {
            fs::DirBuilder::new().mode(0o700).create(sandbox.path(folder)).expect("a folder in the new home");
        }
        symlink(binary.as_ref(), sandbox.path("bin/keyfob")).expect("a link in the new home");
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(sandbox.path("bin")).chain(std::env::split_paths(&inherited));
        sandbox.set("PATH", std::env::join_paths(folders).expect("folders of a PATH"));
        for (name, place) in [
            ("HOME", ""),
            ("XDG_RUNTIME_DIR", "run"),
            ("KEYFOB_CONFIG", "keyfob/config.toml"),
            ("KEYFOB_DATA_DIR", "keyfob/data"),
            ("KEYFOB_CACHE_DIR", "keyfob/cache"),
        ] {
            sandbox.set(name, sandbox.path(place));
        }
        sandbox.set("LANG", "C.UTF-8");
        // The kernel grants a user 200 keys in all; those of a sandbox are not to outlive it by hours.
        sandbox.set("KEYFOB_UNLOCK_TIME", "10m");
        sandbox.set("AWS_ENDPOINT_URL", aws.url());
        if aws.url().starts_with("https:") {
            sandbox.set("AWS_CA_BUNDLE", CA_BUNDLE);
        }
        // Real clients would look for an instance to ask, and wait for it.
        sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
        // Whatever logs at all is to log all, where the leak hunt sees it.
        sandbox.set("RUST_LOG", "trace");
        sandbox
    }

    /// With the vault as key store, open without a passphrase.
    pub fn with_vault(binary: impl AsRef<Path>, aws: &Arc<LoopbackAws>) -> Self {
        let mut sandbox = Self::new(binary, aws);
        let identity = age::x25519::Identity::generate().to_string().expose_secret().to_owned();
        sandbox.keep_secret(&identity, "vault identity");
        sandbox.write("identity.txt", &format!("{identity}\n"));
        sandbox.set("KEYFOB_BACKEND", "vault");
        sandbox.set("KEYFOB_IDENTITY_FILE", sandbox.path("identity.txt"));
        sandbox
    }

    /// Runs every keyfob command with these flags too.
    pub fn always_with(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// Lets time go by, for AWS and for all that is run from now on. `None`: libfaketime is missing, and the test is
    /// skipped. The kernel's own timers, those of its keyring for one, know nothing of it.
    pub fn pass_time(&mut self, seconds: i64) -> Option<()> {
        self.put_clock_off(seconds)?;
        self.aws.advance(seconds);
        Some(())
    }

    /// Puts the clock of all that is run from now on off by so much, and leaves AWS's as it is.
    pub fn put_clock_off(&mut self, seconds: i64) -> Option<()> {
        tools::require("faketime")?;
        self.clock_ahead += seconds;
        self.set("LD_PRELOAD", tools::faketime_library().expect("it comes with `faketime`"));
        self.set("FAKETIME", format!("{:+}", self.clock_ahead));
        // Waiting takes as long as ever, and files keep their times.
        self.set("DONT_FAKE_MONOTONIC", "1");
        self.set("NO_FAKE_STAT", "1");
        Some(())
    }

    /// Lets time go by until `second` (0 to 29) of a time step of MFA codes, so that a test neither sees a step end where it
    /// counts on one nor waits longer for the next than it has to. Without libfaketime that second is waited for.
    pub fn go_to_second(&mut self, second: i64) {
        let seconds = (second - self.aws.now()).rem_euclid(30);
        if tools::find("faketime").is_none() {
            std::thread::sleep(std::time::Duration::from_secs(seconds.unsigned_abs()));
            return;
        }
        self.pass_time(seconds).expect("it is there");
    }

    pub fn aws(&self) -> &LoopbackAws {
        &self.aws
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A path under the home.
    pub fn path(&self, relative: &str) -> PathBuf {
        if relative.is_empty() { self.home().to_owned() } else { self.home().join(relative) }
    }

    /// Sets a variable for all that is run from now on.
    pub fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.env.insert(name.into(), value.as_ref().to_owned());
    }

    pub fn unset(&mut self, name: &str) {
        self.env.remove(OsStr::new(name));
    }

    /// The environment of all that is run.
    pub fn env(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// Writes a file (0600, folders 0700). What a test writes may hold secrets, and so may that file from then on.
    pub fn write(&self, relative: &str, content: &str) -> PathBuf {
        let path = self.path(relative);
        let parent = path.parent().expect("a file in the home has a folder");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).expect("folders in the home");
        fs::write(&path, content).expect("a file in the home");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("an own file's mode");
        let secrets = self.secrets();
        if secrets.iter().any(|secret| content.contains(&secret.value)) {
            self.may_hold_secrets(relative);
        }
        path
    }

    /// Writes an executable script, to be a `mfa_process` or a client.
    pub fn script(&self, relative: &str, content: &str) -> PathBuf {
        let path = self.write(relative, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("an own file's mode");
        path
    }

    pub fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap_or_else(|error| panic!("{relative}: {error}"))
    }

    /// A file or folder in which secrets are no leak.
    pub fn may_hold_secrets(&self, relative: &str) {
        let path = self.path(relative);
        self.kept().exempt.push(path);
    }

    /// A secret of the test's own, a passphrase: it must not turn up either.
    pub fn keep_secret(&self, value: &str, what: &str) {
        let secret = Secret { value: value.to_owned(), what: what.to_owned(), kind: SecretKind::LongTerm };
        self.kept().secrets.push(secret);
    }

    /// A browser that follows where it is sent on this machine, and goes nowhere else; `login` uses it.
    pub fn give_browser(&mut self) {
        const VISIT: &str = "\
import sys, urllib.request as request
class Nearby(request.HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, url):
        near = url.startswith('http://127.0.0.1:')
        return super().redirect_request(req, fp, code, msg, headers, url) if near else None
request.build_opener(Nearby).open(sys.argv[1]).read()
";
        let visit = self.write("bin/visit.py", VISIT);
        let browser = self.script("bin/browser", &format!("#!/bin/sh\nexec python3 '{}' \"$1\"\n", visit.display()));
        self.set("BROWSER", &browser);
        self.set("KEYFOB_LOGIN", "browser");
    }

    /// A keyfob command, to be completed and run.
    pub fn keyfob(&self, args: &[&str]) -> Invocation<'_> {
        let all: Vec<&str> = self.flags.iter().map(String::as_str).chain(args.iter().copied()).collect();
        let shows = Shows::of_command(&all);
        Invocation::new(self, &self.path("bin/keyfob"), &all, shows)
    }

    /// A keyfob command under strace. What it writes and gives to the programs it starts is hunted through too, once it has
    /// ended and [`Self::keep_calls`] is told.
    pub fn traced(&self, strace: &Path, args: &[&str]) -> Invocation<'_> {
        // What is read is not looked at.
        const CALLS: &str =
            "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,execve,add_key,symlinkat,renameat2";
        let trace = ["-f", "-qq", "-yy", "-v", "-s", "100000", "-e", CALLS, "-o", "trace", "keyfob"];
        let flags = self.flags.iter().map(String::as_str);
        let all: Vec<&str> = trace.into_iter().chain(flags).chain(args.iter().copied()).collect();
        Invocation::new(self, strace, &all, Shows::of_command(args))
    }

    /// Keeps the record of the last command run by [`Self::traced`] for the hunt.
    pub fn keep_calls(&self, args: &[&str]) {
        let trace = self.read("trace");
        assert!(trace.contains("execve("), "nothing was traced: {trace}");
        fs::remove_file(self.path("trace")).expect("an own file");
        // The first line has what the test itself has started keyfob with.
        let calls = trace.split_once('\n').map_or("", |(_, calls)| calls);
        self.kept().keep_calls(args, calls);
    }

    /// Another program in the same environment, a real client for one. Its stdout may show session credentials.
    pub fn program(&self, program: impl AsRef<Path>, args: &[&str]) -> Invocation<'_> {
        Invocation::new(self, program.as_ref(), args, Shows::Sessions)
    }

    pub(super) fn keep(&self, captured: Captured) {
        self.kept().captured.push(captured);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn secrets(&self) -> Vec<Secret> {
        let own = self.kept().secrets.clone();
        self.aws.all_secrets().into_iter().chain(own).collect()
    }

    /// Forgets the outputs so far, for tests of the hunt itself; files are looked at again.
    pub fn forget_outputs(&self) {
        self.kept().captured.clear();
    }

    /// Every place where a secret is that should not be there.
    pub fn leaks(&self) -> Vec<String> {
        let secrets = self.secrets();
        self.kept().find_leaks(self.home(), &secrets)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let leaks = self.leaks();
            assert!(leaks.is_empty(), "secrets leaked:\n{}", leaks.join("\n"));
        }
    }
}
