//! moto, a stand-in for AWS that nobody here wrote. It checks little; what it adds is a second opinion on the wire.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::aws::AccessKey;
use super::{daemon, python, tools};

/// Starts moto with the one list of IAM's that it lacks, empty.
const SERVER: &str = r#"
from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse
from moto.server import main
IamResponse.list_service_specific_credentials = lambda self: ActionResult({"ServiceSpecificCredentials": []})
main()
"#;

/// A running moto server.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    server: Child,
    folder: tempfile::TempDir,
}

impl Moto {
    /// Starts it, which takes about two seconds. `None`: it is missing, and the test is skipped.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// As [`Moto::start`], with AWS's own policies. That takes some seconds more.
    pub fn with_managed_policies() -> Option<Self> {
        let moto = Self::start_with(&[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")])?;
        // It reads them at the first call.
        let mut stream = TcpStream::connect(("127.0.0.1", moto.port)).expect("it is up");
        let body = "Action=ListUsers&Version=2010-05-08";
        let call = format!(
            "POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(call.as_bytes()).and_then(|()| stream.read_to_string(&mut String::new())).expect("an answer");
        Some(moto)
    }

    fn start_with(variables: &[(&str, &str)]) -> Option<Self> {
        let python = tools::require("moto_server").and_then(|_| tools::require("python"))?;
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let mut command = daemon::command(&python);
        let folder = tempfile::tempdir().expect("a temporary folder");
        command
            .envs(variables.iter().copied())
            .env("MOTO_ENABLE_RECORDING", "true")
            .env("MOTO_RECORDER_FILEPATH", folder.path().join("requests"))
            .args(["-I", "-W", "ignore", "-c", SERVER, "-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let moto = Moto { port, server: daemon::spawn(command), folder };
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

    /// Where moto writes down each request that it gets, a line of JSON with its body in base64.
    pub fn recording(&self) -> PathBuf {
        self.folder.path().join("requests")
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
