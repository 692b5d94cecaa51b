//! moto, a stand-in for AWS that nobody here wrote. It checks little; what it adds is a second opinion on the wire.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::aws::AccessKey;
use super::{daemon, python, tools};

/// A running moto server.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    server: Child,
}

impl Moto {
    /// Starts it, which takes about two seconds. `None`: it is missing, and the test is skipped.
    pub fn start() -> Option<Self> {
        let program = tools::require("moto_server")?;
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let mut command = daemon::command(&program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let moto = Moto { port, server: daemon::spawn(command) };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_mins(1), "moto does not come up");
            thread::sleep(Duration::from_millis(50));
        }
        Some(moto)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a user with an access key. Everything is in the account 123456789012.
    pub fn user(&self, name: &str) -> Option<AccessKey> {
        let python = tools::require("python")?;
        let script = r#"
iam = client("iam", "AKIAFAKEADMINISTRATR", "FAKEsecret")
iam.create_user(UserName=sys.argv[1])
key = iam.create_access_key(UserName=sys.argv[1])["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;
        let printed = python::boto3(&python, &self.url(), script, &[name]);
        let (id, secret) = printed.split_once(' ').expect("the script prints two words");
        Some(AccessKey { id: id.to_owned(), secret: secret.to_owned() })
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.server.kill().ok();
        self.server.wait().ok();
    }
}
