//! OpenSSH's server on the loopback interface, with a configuration and keys of its own.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::sandbox::Sandbox;
use super::{daemon, tools};

/// A running server, which lets the holder of its key in as any user.
pub struct Sshd {
    server: Child,
    port: u16,
    /// Where every user gets to.
    place: tempfile::TempDir,
}

impl Sshd {
    /// Starts it. `None`: a program is missing, or root to start it, and the test is skipped.
    pub fn start(sandbox: &Sandbox) -> Option<Sshd> {
        let (keygen, _, sshd) = (tools::require("ssh-keygen")?, tools::require("ssh")?, tools::require("sshd")?);
        if !rustix::process::geteuid().is_root() {
            tools::skipped("only root can start an ssh server that serves several users");
            return None;
        }
        let place = tempfile::tempdir().expect("a temporary folder");
        std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).expect("mode set");
        let path = |name: &str| place.path().join(name).display().to_string();
        let keygen = keygen.to_str().expect("UTF-8");
        for name in ["host", "user"] {
            sandbox.program(keygen, &["-q", "-t", "ed25519", "-N", "", "-f", &path(name)]).run().ok();
        }
        std::fs::create_dir_all("/run/sshd").expect("root may");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nPermitRootLogin prohibit-password\nStreamLocalBindUnlink yes\n",
            path("host"),
            path("user.pub"),
        );
        let config = sandbox.write("sshd_config", &config);
        let mut command = daemon::command(&sshd);
        command.args(["-D", "-e", "-f"]).arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Sshd { server: daemon::spawn(command), port, place };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// The arguments of `ssh` that reach it, then these.
    pub fn words(&self, more: &[&str]) -> Vec<String> {
        let (port, key) = (self.port.to_string(), self.place.path().join("user").display().to_string());
        let quiet = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
        let quiet = quiet.into_iter().flat_map(|option| ["-o", option]);
        let own = ["-F", "none", "-p", &port, "-i", &key];
        quiet.chain(own).chain(more.iter().copied()).map(str::to_owned).collect()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
