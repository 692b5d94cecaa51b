//! A real KWallet: kwalletd on a D-Bus session bus of its own, with an open wallet; gone when it is dropped.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::sandbox::Sandbox;
use super::secret_service::{in_folder, start_bus};
use super::{daemon, tools};

/// The running daemons.
#[derive(Debug)]
pub struct KWallet {
    _folder: tempfile::TempDir,
    address: String,
    bus: Child,
    wallet: Child,
}

impl KWallet {
    /// Starts a bus, and KWallet on it, with the wallet `kdewallet` open, as a login to the desktop opens it (`pam_kwallet`).
    /// `None`: a program is missing, and the test is skipped.
    pub fn start() -> Option<Self> {
        for program in ["kwalletd5", "dbus-daemon", "dbus-send"] {
            tools::require(program)?;
        }
        let folder = tempfile::Builder::new().prefix("keyfob-bus-").tempdir().expect("a temporary folder");
        let config = folder.path().join(".config");
        fs::create_dir(&config).expect("a folder in a new one");
        let settings = "[Wallet]\nEnabled=true\nFirst Use=false\nPrompt on Open=false\nLeave Open=true\n\
                        [org.freedesktop.secrets]\napiEnabled=false\n";
        fs::write(config.join("kwalletrc"), settings).expect("a file in a new folder");
        let (bus, address) = start_bus(folder.path());
        let mut wallet = in_folder("kwalletd5", folder.path());
        wallet.env("DBUS_SESSION_BUS_ADDRESS", &address).env("QT_QPA_PLATFORM", "offscreen");
        wallet.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let wallet = daemon::spawn(wallet);
        let service = KWallet { _folder: folder, address, bus, wallet };
        let started = Instant::now();
        while service.call(&["org.kde.KWallet.isEnabled"]).is_none() {
            assert!(started.elapsed() < Duration::from_secs(20), "kwalletd5 does not come");
            thread::sleep(Duration::from_millis(50));
        }
        // 56 bytes are a hash of the password, as kwallet-pam makes it.
        let hash = format!("array:byte:{}", (1..=56).map(|byte| byte.to_string()).collect::<Vec<_>>().join(","));
        service.call(&["org.kde.KWallet.pamOpen", "string:kdewallet", &hash, "int32:0"]);
        assert!(service.is_open(), "the wallet is open");
        Some(service)
    }

    /// Makes its bus the sandbox's.
    pub fn serve(&self, sandbox: &mut Sandbox) {
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", &self.address);
    }

    /// Closes the wallet; to open it again somebody would have to answer a dialog.
    pub fn lock(&self) {
        self.call(&["org.kde.KWallet.close", "string:kdewallet", "boolean:true"]);
        assert!(!self.is_open());
    }

    /// Writes an entry of bytes into a folder, as aws-vault does.
    pub fn write(&self, folder: &str, entry: &str, content: &str) {
        let opened =
            self.call(&["org.kde.KWallet.open", "string:kdewallet", "int64:0", "string:test"]).expect("opened");
        let handle = format!("int32:{}", opened.trim().rsplit(' ').next().expect("a number"));
        let bytes: Vec<String> = content.bytes().map(|byte| byte.to_string()).collect();
        let (folder, entry) = (format!("string:{folder}"), format!("string:{entry}"));
        self.call(&["org.kde.KWallet.createFolder", &handle, &folder, "string:test"]);
        let bytes = format!("array:byte:{}", bytes.join(","));
        let done = self.call(&["org.kde.KWallet.writeEntry", &handle, &folder, &entry, &bytes, "string:test"]);
        assert!(done.is_some_and(|answer| answer.trim().ends_with(" 0")), "{entry} is not written");
    }

    fn is_open(&self) -> bool {
        let answer = self.call(&["org.kde.KWallet.isOpen", "string:kdewallet"]);
        answer.is_some_and(|answer| answer.contains("boolean true"))
    }

    /// What the daemon answers; `None` where it does not.
    fn call(&self, message: &[&str]) -> Option<String> {
        let mut command = Command::new("dbus-send");
        command.arg(format!("--bus={}", self.address)).args(["--dest=org.kde.kwalletd5", "--print-reply"]);
        let output = command.arg("/modules/kwalletd5").args(message).output().expect("dbus-send starts");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for KWallet {
    fn drop(&mut self) {
        for child in [&mut self.wallet, &mut self.bus] {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
