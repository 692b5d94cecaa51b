//! `exec --server`: a command that outlives its first credentials, in the hands of boto3.

use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::scene::{Scene, fails};
use crate::support::tools;

/// Appends to the file named first: the server's address, what requests of a stranger get, then each access key that boto3
/// uses, once AWS has taken it, until there are as many as named second.
const LIVE: &str = r#"
import http.client, os, select, sys, time, boto3
out = open(sys.argv[1], "a", buffering=1)
url, token = os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
address = url.split("/")[2]
def status(method="GET", path="/credentials", **headers):
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    return connection.getresponse().status
print(address, file=out)
print(status(Authorization=token), status(), status(Authorization=token[:-1] + "x"), status(Authorization=token, Host="evil.example"),
    status("POST", Authorization=token), status(path="/", Authorization=token), status(Authorization=token, X_Forwarded_For="10.0.0.1"), file=out)
times = []
for _ in range(30):
    start = time.monotonic()
    status(Authorization=token)
    times.append(time.monotonic() - start)
print("slowest" if max(times) > 0.5 else "fast", f"median {1000 * sorted(times)[15]:.1f} ms, slowest {1000 * max(times):.1f} ms", file=sys.stderr)
credentials, seen = boto3.Session().get_credentials(), []
assert credentials.method == "container-role", credentials.method
end = time.monotonic() + 60
while len(seen) < int(sys.argv[2]) and time.monotonic() < end:
    key = credentials.get_frozen_credentials().access_key
    if key not in seen:
        boto3.Session().client("sts", region_name="eu-central-1").get_caller_identity()
        seen.append(key)
        print(key, file=out)
    select.select([], [], [], 0.2)
"#;

pub fn python() -> Option<PathBuf> {
    tools::require("python")
}

/// Has programs in the scene see a clock that [`pass`] moves while they run, as it moves while a laptop sleeps.
pub fn let_time_pass(scene: &mut Scene) -> Option<()> {
    let library = tools::faketime_library()?;
    let clock = scene.sandbox.write("clock", "+0");
    scene.sandbox.set("LD_PRELOAD", library);
    scene.sandbox.set("FAKETIME_TIMESTAMP_FILE", &clock);
    for name in ["FAKETIME_NO_CACHE", "DONT_FAKE_MONOTONIC", "NO_FAKE_STAT"] {
        scene.sandbox.set(name, "1");
    }
    Some(())
}

/// Moves it on, and AWS's.
pub fn pass(scene: &Scene, seconds: i64) {
    let before: i64 = scene.sandbox.read("clock").parse().expect("seconds");
    scene.aws.advance(seconds);
    scene.sandbox.write("clock", &format!("+{}", before + seconds));
}

/// Waits until a file in the home has so many lines.
pub fn lines(scene: &Scene, file: &str, count: usize) -> Vec<String> {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let path = scene.sandbox.path(file);
        let text = if path.exists() { scene.sandbox.read(file) } else { String::new() };
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(Instant::now() < end, "{file} has {lines:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_command_lives_through_two_renewals_and_the_server_ends_with_it() {
    let Some(python) = python() else { return };
    let mut scene = Scene::new();
    scene.warm();
    let Some(()) = let_time_pass(&mut scene) else { return };
    let (python, out) = (python.to_str().expect("UTF-8"), scene.sandbox.path("out"));
    let words = [
        "exec",
        "audit",
        "--server",
        "--",
        python,
        "-I",
        "-W",
        "ignore",
        "-c",
        LIVE,
        out.to_str().expect("UTF-8"),
        "3",
    ];
    let running = scene.sandbox.keyfob(&words).start();
    let shown = lines(&scene, "out", 3);
    assert_eq!(shown[1], "200 403 403 403 405 404 403");
    // A laptop that sleeps for fifty minutes, twice.
    for renewal in 1..=2 {
        pass(&scene, 3000);
        lines(&scene, "out", 3 + renewal);
    }
    let ran = running.finish();
    assert!(ran.ends_with(0).contains("fast median"), "{}", ran.stderr);
    assert_eq!(scene.aws.count("AssumeRole"), 3, "the last role twice, the one before when it ended");
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(&shown[0]).is_ok() {
        assert!(Instant::now() < end, "the server is still there");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn credentials_in_the_default_profile_would_win_so_they_are_refused_or_hidden() {
    let Some(python) = python() else { return };
    let scene = Scene::new();
    scene.warm();
    scene.append(&format!("\n[default]\nregion = eu-central-1\n{}\n", scene.link("deploy")));
    let (python, out) = (python.to_str().expect("UTF-8"), scene.sandbox.path("out"));
    let command = ["--", python, "-I", "-W", "ignore", "-c", LIVE, out.to_str().expect("UTF-8"), "1"];
    let plain = scene.sandbox.keyfob(&[&["exec", "audit", "--server"], &command[..]].concat()).run();
    let stderr = fails(&plain, 6, "SDKs would use `credential_process` of the profile `default` instead of the server");
    assert!(stderr.contains("--hide-default"), "{stderr}");
    let hidden = scene.sandbox.keyfob(&[&["exec", "audit", "--server", "--hide-default"], &command[..]].concat()).run();
    hidden.ok();
    assert_eq!(lines(&scene, "out", 3).len(), 3);
    let listed = [
        "exec",
        "audit",
        "--server",
        "--hide-default",
        "--",
        "sh",
        "-c",
        "grep -c credential_process $AWS_CONFIG_FILE; env | grep -c ^AWS_ACCESS_KEY_ID || true",
    ];
    assert_eq!(scene.sandbox.keyfob(&listed).run().ok(), "3\n0\n", "those of other profiles are still there");
}

#[test]
fn settings_that_only_keyfob_reads_in_the_default_profile_are_no_hindrance() {
    let scene = Scene::new();
    scene.warm();
    scene.append(&format!(
        "\n[default]\nregion = eu-central-1\nkeyfob_role_arn = {}\nkeyfob_source_profile = work\nkeyfob_session = mfa\n\
         keyfob_web_identity = github\nmfa_process = true\nkeyfob_credential_process = x\n",
        scene.deploy.arn()
    ));
    scene.sandbox.keyfob(&["exec", "audit", "--server", "--", "true"]).run().ok();
}

#[test]
fn a_server_that_cannot_have_credentials_starts_no_command() {
    let scene = Scene::new();
    let words = ["exec", "deploy", "--server", "--", "sh", "-c", "echo started"];
    fails(&scene.sandbox.keyfob(&words).run(), 3, "MFA code");
    fails(
        &scene.sandbox.keyfob(&["exec", "nobody", "--server", "--", "true"]).run(),
        6,
        "there is no profile `nobody`",
    );
    let code = scene.phone.code();
    let ran =
        scene.sandbox.keyfob(&["exec", "deploy", "--mfa-code", &code, "--server", "--", "sh", "-c", "exit 7"]).run();
    ran.ends_with(7);
}

/// Over the socket that the first argument names: the status with the token for ECS's address, for another host, and without.
const OVER_SOCKET: &str = r#"
import os, socket, stat, sys
token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
def status(host, token):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(sys.argv[1])
    connection.sendall(f"GET /credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}\r\n\r\n".encode())
    answer = b""
    while piece := connection.recv(4096):
        answer += piece
    return answer.split()[1].decode() + (" credentials" if b"AccessKeyId" in answer else "")
print(oct(stat.S_IMODE(os.stat(sys.argv[1]).st_mode)), status("169.254.170.2", token), status("evil.example", token), status("169.254.170.2", "x"))
"#;

#[test]
fn a_sidecar_gets_the_credentials_over_a_socket_that_is_its_users_alone() {
    let Some(python) = python() else { return };
    let scene = Scene::new();
    scene.warm();
    let (python, socket) = (python.to_str().expect("UTF-8"), scene.sandbox.path("s.sock"));
    let path = socket.to_str().expect("UTF-8");
    let words = ["exec", "audit", "--server", "--listen-socket", path, "--", python, "-I", "-c", OVER_SOCKET, path];
    let ran = scene.sandbox.keyfob(&words).run();
    assert_eq!(ran.ok(), "0o600 200 credentials 403 403\n");
    let end = Instant::now() + Duration::from_secs(10);
    while socket.exists() {
        assert!(Instant::now() < end, "the socket is still there");
        std::thread::sleep(Duration::from_millis(100));
    }
    // What is no socket of a server that has gone is left alone.
    scene.sandbox.write("s.sock", "mine");
    let refused = scene.sandbox.keyfob(&words).run();
    fails(&refused, 1, "cannot listen on the socket of `--listen-socket`");
    assert_eq!(scene.sandbox.read("s.sock"), "mine");
}
