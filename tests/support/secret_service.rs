//! A real Secret Service: gnome-keyring on a D-Bus session bus of its own, gone when it is dropped.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::{Pid, Signal, kill_process};

use super::sandbox::Sandbox;
use super::{daemon, tools};

/// The password of the keyring; an empty one makes no collection.
const PASSWORD: &str = "FAKEkeyringpassword";

const NAME: &str = "org.freedesktop.secrets";

/// The running daemons.
#[derive(Debug)]
pub struct SecretService {
    folder: tempfile::TempDir,
    address: String,
    bus: Child,
    keyring: Child,
}

impl SecretService {
    /// Starts a bus and an unlocked keyring on it. `None`: a program is missing, and the test is skipped.
    ///
    /// Nothing is started by the bus itself except gcr's prompter, so a stopped keyring stays away; without a display
    /// the prompter dismisses every prompt.
    pub fn start() -> Option<Self> {
        for program in ["gnome-keyring-daemon", "dbus-daemon", "dbus-send", "secret-tool"] {
            tools::require(program)?;
        }
        // Paths of sockets are short (108 bytes), so this is not under `target`.
        let folder = tempfile::Builder::new().prefix("keyfob-bus-").tempdir().expect("a temporary folder");
        let (bus, address) = start_bus(folder.path());
        let keyring = start_keyring(folder.path(), &address);
        let service = SecretService { folder, address, bus, keyring };
        service.wait_for(true);
        Some(service)
    }

    /// What to put in `DBUS_SESSION_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes this the sandbox's key store.
    pub fn serve(&self, sandbox: &mut Sandbox) {
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
        sandbox.set("KEYFOB_BACKEND", "secret-service");
        sandbox.unset("KEYFOB_IDENTITY_FILE");
        sandbox.keep_secret(PASSWORD, "keyring's password");
    }

    /// Locks the keyring; an unlock then needs a prompt, which nobody answers.
    pub fn lock(&self) {
        let login = "array:objpath:/org/freedesktop/secrets/collection/login";
        self.send(&["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", login], NAME);
    }

    /// Unlocks it, as the next login would: the daemon is started again with the password.
    pub fn unlock(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Stops it in its tracks: every call hangs until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Ends the keyring and leaves the bus: nobody provides secrets any more. What it stored is kept.
    pub fn stop(&mut self) {
        self.keyring.kill().expect("an own child can be killed");
        self.keyring.wait().expect("an own child can be waited for");
        self.wait_for(false);
    }

    /// Starts the keyring again after [`stop`](Self::stop), unlocked, with what it stored.
    pub fn start_again(&mut self) {
        self.keyring = start_keyring(self.folder.path(), &self.address);
        self.wait_for(true);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.keyring.id()).expect("a pid");
        kill_process(Pid::from_raw(pid).expect("not 0"), signal).expect("an own child can be signalled");
    }

    fn wait_for(&self, owned: bool) {
        let started = Instant::now();
        let question = ["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner", &format!("string:{NAME}")];
        while !self.send(&question, "org.freedesktop.DBus").contains(&format!("boolean {owned}")) {
            assert!(started.elapsed() < Duration::from_secs(20), "gnome-keyring does not come or go");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn send(&self, message: &[&str], to: &str) -> String {
        let mut command = Command::new("dbus-send");
        command.arg(format!("--bus={}", self.address)).arg(format!("--dest={to}")).arg("--print-reply").args(message);
        let output = command.output().expect("dbus-send starts");
        assert!(output.status.success(), "dbus-send: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for SecretService {
    fn drop(&mut self) {
        for child in [&mut self.keyring, &mut self.bus] {
            // One may have been stopped by the test.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Starts a session bus in a new folder, and returns its address.
pub(super) fn start_bus(folder: &Path) -> (Child, String) {
    let services = folder.join("services");
    fs::create_dir(&services).expect("a folder in a new one");
    let prompter = "org.gnome.keyring.SystemPrompter.service";
    let installed = Path::new("/usr/share/dbus-1/services").join(prompter);
    if installed.exists() {
        fs::copy(installed, services.join(prompter)).expect("a copy in a new folder");
    }
    let config = folder.join("bus.conf");
    fs::write(&config, bus_config(folder, &services)).expect("a file in a new folder");
    let mut bus = in_folder("dbus-daemon", folder);
    bus.arg("--config-file").arg(&config).args(["--nofork", "--nopidfile", "--print-address=1"]);
    bus.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut bus = daemon::spawn(bus);
    let mut address = String::new();
    let stdout = bus.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut address).expect("the bus prints its address");
    (bus, address.trim().to_owned())
}

fn bus_config(folder: &Path, services: &Path) -> String {
    format!(
        "<busconfig><type>session</type><listen>unix:dir={}</listen><auth>EXTERNAL</auth>\
         <servicedir>{}</servicedir><policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
         <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>\n",
        folder.display(),
        services.display(),
    )
}

fn start_keyring(folder: &Path, address: &str) -> Child {
    let mut keyring = in_folder("gnome-keyring-daemon", folder);
    keyring.args(["--unlock", "--foreground", "--components=secrets"]).env("DBUS_SESSION_BUS_ADDRESS", address);
    keyring.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut keyring = daemon::spawn(keyring);
    keyring.stdin.take().expect("piped").write_all(PASSWORD.as_bytes()).expect("it reads the password");
    keyring
}

/// A program with the folder as its home.
pub(super) fn in_folder(program: &str, folder: &Path) -> Command {
    let mut command = daemon::command(Path::new(program));
    command.env("HOME", folder).env("XDG_RUNTIME_DIR", folder).current_dir(folder);
    command
}
