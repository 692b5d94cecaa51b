//! `agent`: sessions for a machine that has no key, over a unix socket.
//!
//! The agent's machine is a scene's; the other one has a home of its own, without any profile, key or AWS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::KEYFOB;
use crate::scene::{Scene, fails, key_id};
use crate::support::run::{Ran, Started};
use crate::support::sandbox::Sandbox;
use crate::support::sshd::Sshd;
use crate::support::tools;

/// Waits until somebody listens at a socket.
pub fn wait_for(socket: &Path) {
    let end = Instant::now() + Duration::from_secs(30);
    while UnixStream::connect(socket).is_err() {
        assert!(Instant::now() < end, "nobody listens at {}", socket.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn socket(scene: &Scene) -> PathBuf {
    scene.sandbox.path("run/agent.sock")
}

/// A running agent at the usual socket, with these options.
pub fn agent<'s>(scene: &'s Scene, options: &[&str]) -> Started<'s> {
    let socket = socket(scene);
    let words = [&["agent", "--socket", socket.to_str().expect("UTF-8")], options].concat();
    let started = scene.sandbox.keyfob(&words).start();
    wait_for(&socket);
    started
}

fn signal(process: &Started<'_>, signal: Signal) {
    let pid = Pid::from_raw(process.pid().try_into().expect("a pid")).expect("not 0");
    kill_process(pid, signal).expect("an own child");
}

fn ends_by(process: Started<'_>, with: Signal) -> Ran {
    signal(&process, with);
    let ran = process.finish();
    ran.ends_with(0);
    ran
}

/// A machine with keyfob and nothing else, whose AWS does not answer.
pub fn remote(scene: &Scene) -> Sandbox {
    let mut remote = Sandbox::new(KEYFOB, &scene.aws);
    remote.set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    remote.set("KEYFOB_AGENT", socket(scene));
    remote.always_with(&["-v"]);
    remote
}

pub fn credentials(remote: &Sandbox, profile: &str) -> Ran {
    remote.keyfob(&["credential-process", profile]).run()
}

/// What the agent answers to these bytes: its first line.
fn answer(scene: &Scene, request: &[u8]) -> Value {
    let mut stream = UnixStream::connect(socket(scene)).expect("it listens");
    // One that has heard enough closes.
    let _ = stream.write_all(request);
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    serde_json::from_str(text.lines().next().unwrap_or_default()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn logged(sandbox: &Sandbox) -> Vec<Value> {
    let ran = sandbox.keyfob(&["log", "--json"]).run();
    ran.ok().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_machine_without_a_key_gets_a_session_and_keeps_nothing() {
    let scene = Scene::new();
    scene.warm();
    let own = key_id(&scene.credential_process("audit").json());
    let running = agent(&scene, &["--only", "audit", "deploy"]);
    let mut remote = remote(&scene);
    let got = credentials(&remote, "audit").json();
    assert_eq!(key_id(&got), own, "the session of the agent's own cache");
    let region = ["exec", "deploy", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_REGION $KEYFOB_PROFILE"];
    let said = remote.keyfob(&region).run().ok().to_owned();
    assert!(said.starts_with("ASIA") && said.ends_with(" eu-central-1 deploy\n"), "{said}");
    let variables = remote.keyfob(&["env", "audit", "--shell", "json"]).run().json();
    assert_eq!(variables["AWS_ACCESS_KEY_ID"], own.as_str(), "{variables}");
    // As an SDK does it in a command, by the variable's name.
    remote.set("AWS_PROFILE", "audit");
    assert_eq!(key_id(&remote.keyfob(&["credential-process"]).run().json()), own);
    let identity = remote.keyfob(&["whoami", "--json"]).run().json();
    let expected = "arn:aws:sts::444455556666:assumed-role/audit/keyfob-ann";
    assert_eq!(
        (&identity["from"], &identity["arn"], &identity["profile"]),
        (&"agent".into(), &expected.into(), &"audit".into())
    );
    assert!(identity["expires"].is_string(), "{identity}");
    let checked = remote.keyfob(&["whoami", "--check", "--json"]).env("AWS_ENDPOINT_URL", scene.aws.url()).run().json();
    assert_eq!((&checked["checked"], &checked["arn"]), (&true.into(), &expected.into()));
    remote.unset("AWS_PROFILE");
    // What shows this machine's own profiles says that these are not what is issued.
    remote.write(".aws/config", "[profile audit]\ncredential_process = other\n");
    for command in [&["explain", "audit"][..], &["list"], &["doctor"]] {
        let said = remote.keyfob(command).run().stderr;
        assert!(said.contains("ask the agent at "), "{command:?}: {said}");
    }
    std::fs::remove_file(remote.path(".aws/config")).expect("written above");
    for command in ["credential-process", "whoami"] {
        let unnamed = remote.keyfob(&[command]).run();
        fails(&unnamed, 6, "it does not serve `default`, only audit, deploy");
        let hint = "hint: name a profile that the agent serves in the command, or set `AWS_PROFILE`";
        assert!(unnamed.stderr.contains(hint), "{}", unnamed.stderr);
    }
    // Nothing of it is on that machine but the log.
    let cache = remote.path("keyfob/cache");
    let files = || std::fs::read_dir(&cache).map(|entries| entries.count()).unwrap_or_default();
    assert_eq!(files(), 0, "{cache:?}");
    assert!(ends_by(running, Signal::TERM).stderr.contains("serving `audit`, `deploy` at "));
    assert!(!socket(&scene).exists());
}

#[test]
fn both_sides_log_what_was_issued_over_which_socket() {
    let scene = Scene::new();
    scene.warm();
    let running = agent(&scene, &["--only", "audit", "--read-only"]);
    let remote = remote(&scene);
    let id = key_id(&credentials(&remote, "audit").json());
    let path = socket(&scene);
    for (sandbox, command) in [(&scene.sandbox, "agent"), (&remote, "credential-process")] {
        let lines = logged(sandbox);
        let line = lines.last().expect("a line");
        assert_eq!((&line["key_id"], &line["command"]), (&id.clone().into(), &command.into()), "{line}");
        assert_eq!((&line["narrowed"], &line["origin"]), (&true.into(), &"new".into()));
        assert_eq!((&line["agent"], &line["role_arn"]), (&path.to_str().into(), &scene.audit.arn().into()));
    }
    let of_agent = logged(&scene.sandbox).pop().expect("a line");
    if cfg!(target_os = "linux") {
        assert_eq!(
            of_agent["parent"]["name"].as_str().map(|name| name.starts_with("keyfob")),
            Some(true),
            "{of_agent}"
        );
    }
    // From the cache: in neither log, unless all is wanted.
    credentials(&remote, "audit").ok();
    remote.keyfob(&["credential-process", "audit"]).env("KEYFOB_LOG", "all").run().ok();
    assert_eq!(logged(&remote).iter().map(|line| line["origin"].clone()).collect::<Vec<_>>(), ["new", "cache"]);
    ends_by(running, Signal::INT);
}

#[test]
fn fifty_clients_at_once_make_one_session() {
    let mut scene = Scene::new();
    scene.sandbox.set("KEYFOB_MFA_CODE", scene.phone.code());
    let running = agent(&scene, &["--only", "audit"]);
    let remote = remote(&scene);
    let started: Vec<_> = (0..50).map(|_| remote.keyfob(&["credential-process", "audit"]).start()).collect();
    let mut ids: Vec<String> = started.into_iter().map(|client| key_id(&client.finish().json())).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    ends_by(running, Signal::HUP);
}

#[test]
fn a_request_can_only_make_less_of_what_is_served() {
    let scene = Scene::new();
    scene.warm();
    let running = agent(&scene, &["--only", "audit"]);
    for (request, code, says) in [
        (json!({"version": 1, "profile": "deploy"}), 6, "it does not serve `deploy`, only audit"),
        (json!({"version": 1, "profile": "audit", "role_arn": "arn:aws:iam::1:role/x"}), 2, "unknown field `role_arn`"),
        (json!({"version": 1, "profile": "audit", "duration_seconds": 7200}), 2, "for 1h at most, not for 2h"),
        (json!({"version": 1, "profile": "audit", "duration_seconds": 1}), 2, ""),
        (json!({"version": 2, "profile": "audit"}), 2, "it speaks version 1, not 2"),
        (json!(["audit"]), 2, "it is not one"),
    ] {
        let error = answer(&scene, format!("{request}\n").as_bytes())["error"].clone();
        assert_eq!(error["exit_code"], code, "{request}: {error}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(says)), "{request}: {error}");
    }
    let remote = remote(&scene);
    for options in [
        &["--role", "111122223333:x"][..],
        &["--policy", "/dev/null"],
        &["--policy-arn", "arn:aws:iam::aws:policy/X"],
        &["--mfa-code", "123456"],
        &["--no-session"],
        &["--min-ttl", "30m"],
    ] {
        let words = [&["credential-process", "audit"], options].concat();
        fails(&remote.keyfob(&words).run(), 2, &format!("`{}` is not possible with an agent", options[0]));
    }
    scene.aws.forget_requests();
    remote.keyfob(&["credential-process", "audit", "--duration", "15m"]).run().ok();
    assert_eq!(scene.aws.last("AssumeRole").param("DurationSeconds"), Some("900"));
    let nested = "keyfob credential-process deploy";
    let words = ["exec", "audit", "--read-only", "--", "sh", "-c", nested];
    fails(&remote.keyfob(&words).run(), 6, "it does not serve `deploy`");
    ends_by(running, Signal::TERM);
}

#[test]
fn a_read_only_agent_cannot_be_widened_and_its_commands_stay_narrowed() {
    let scene = Scene::new();
    scene.warm();
    let running = agent(&scene, &["--only", "audit", "deploy", "--read-only"]);
    let remote = remote(&scene);
    scene.aws.forget_requests();
    let narrowed = |head: &Value| head["about"]["narrowed"] == json!(["read_only"]);
    for request in [r#"{"version":1,"profile":"audit"}"#, r#"{"version":1,"profile":"audit","read_only":false}"#] {
        let head = answer(&scene, format!("{request}\n").as_bytes());
        assert!(narrowed(&head), "{head}");
    }
    let sent = scene.aws.last("AssumeRole");
    assert!(sent.param("PolicyArns.member.1.arn").is_some_and(|arn| arn.ends_with("/ReadOnlyAccess")), "{sent:?}");
    let words = ["exec", "audit", "--", "sh", "-c", "echo $KEYFOB_NARROW; keyfob credential-process deploy"];
    let said = remote.keyfob(&words).run().ok().to_owned();
    assert!(said.starts_with("[\"read_only\"]\n{"), "{said}");
    ends_by(running, Signal::TERM);
    // One that is not narrowed still narrows what a narrowed command asks it for.
    let running = agent(&scene, &["--only", "audit"]);
    scene.aws.forget_requests();
    remote.keyfob(&["credential-process", "audit"]).env("KEYFOB_NARROW", "[\"read_only\"]").run().ok();
    let layer = r#"[{"policies":{"policy":null,"arns":["arn:aws:iam::aws:policy/ViewOnlyAccess"]}}]"#;
    let ran = remote.keyfob(&["credential-process", "audit"]).env("KEYFOB_NARROW", layer).run();
    fails(&ran, 2, "does not narrow `audit` as much");
    ends_by(running, Signal::TERM);
}

#[test]
fn a_users_session_is_served_only_if_allowed_and_a_key_never_even_after_an_edit() {
    let scene = Scene::new();
    scene.warm();
    let at = socket(&scene);
    let at = at.to_str().expect("UTF-8");
    let start = |options: &[&str]| scene.sandbox.keyfob(&[&["agent", "--socket", at], options].concat()).run();
    let refused = start(&["--only", "audit", "work"]);
    fails(&refused, 2, "an agent does not serve `work`: it has no role");
    let again = format!("`keyfob -v agent --socket {at} --only audit work --allow-user-session`");
    assert!(refused.stderr.contains(&again), "{}", refused.stderr);
    fails(&start(&["--only", "nobody"]), 6, "there is no profile `nobody`");
    let code = scene.phone.code();
    scene.sandbox.keyfob(&["exec", "work", "--duration", "1h", "--mfa-code", &code, "--", "true"]).run().ok();
    let running = agent(&scene, &["--only", "work", "--allow-user-session"]);
    let remote = remote(&scene);
    let head = answer(&scene, b"{\"version\":1,\"profile\":\"work\"}\n");
    assert_eq!(head["about"]["is_new"], false, "12 h are shortened to 1 h: {head}");
    credentials(&remote, "work").ok();
    scene.edit("[profile work]\n", "[profile work]\nkeyfob_session = never\n");
    fails(&credentials(&remote, "work"), 2, "its credentials are an access key, and never a session");
    scene.edit("keyfob_session = never\n", "");
    credentials(&remote, "work").ok();
    ends_by(running, Signal::TERM);
}

#[test]
fn slow_huge_and_malformed_requests_are_in_nobodys_way() {
    let scene = Scene::new();
    scene.warm();
    let running = agent(&scene, &["--only", "audit"]);
    let remote = remote(&scene);
    let connect = || UnixStream::connect(socket(&scene)).expect("it listens");
    let silent: Vec<UnixStream> = (0..30).map(|_| connect()).collect();
    let mut slow = connect();
    slow.write_all(b"{\"version\":1,").expect("sent");
    let started = Instant::now();
    let huge = vec![b'x'; 1 << 20];
    for request in [&b"GET / HTTP/1.1\r\n\r\n"[..], &huge, b"\0\n", b"{\"version\":1}\n", &[b'['; 4000]] {
        let mut stream = connect();
        let _ = stream.write_all(request);
        let _ = stream.shutdown(Shutdown::Write);
        let mut text = Vec::new();
        // One whose request was not read to its end is closed under its hands.
        let _ = stream.read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text);
        assert!(text.is_empty() || text.contains("\"exit_code\":2"), "{text}");
    }
    credentials(&remote, "audit").ok();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    let mut text = String::new();
    slow.read_to_string(&mut text).expect("an answer");
    assert!(text.contains("it took more than 5 s"), "{text}");
    drop(silent);
    ends_by(running, Signal::TERM);
}

#[test]
fn whatever_answers_at_the_socket_is_read_to_a_limit_and_gives_no_key() {
    let scene = Scene::empty();
    let remote = remote(&scene);
    let at = socket(&scene);
    let head = r#"{"version":1,"about":{"identity":{"profile":"audit","from":"profile","account":null,"arn":null,"base":"key","mfa":null,"expires":null,"narrowed":null,"checked":false},"role_arn":null,"narrowed":[],"region":null,"issued":null,"is_new":true}}"#;
    let key = r#"{"Version":1,"AccessKeyId":"AKIAFAKEFAKEFAKEFAKE","SecretAccessKey":"FAKE"}"#;
    let long = r#"{"Version":1,"AccessKeyId":"ASIAFAKE","SecretAccessKey":"FAKE","SessionToken":"FAKE","Expiration":"2099-01-01T00:00:00Z"}"#;
    let failure = r#"{"version":1,"error":{"exit_code":0,"message":"\u001b]0;FAKE\u0007\nkeyfob: forged","causes":[],"hints":[]}}"#;
    let not_one = "is not an agent of this version of keyfob";
    let cases = [
        (String::new(), "is gone: the connection closed without an answer"),
        ("x".repeat(1 << 20), "no answer from the agent"),
        (head[..40].to_owned(), not_one),
        (format!("{head}\n{key}\n"), not_one),
        (format!("{head}\n{long}\n"), "is not used: its session lasts"),
        (format!("{failure}\n"), "keyfob: the agent: "),
    ];
    let listener = std::os::unix::net::UnixListener::bind(&at).expect("bound");
    std::fs::set_permissions(&at, PermissionsExt::from_mode(0o600)).expect("mode set");
    for (answer, says) in cases {
        let client = remote.keyfob(&["credential-process", "audit"]).start();
        let (mut stream, _) = listener.accept().expect("a client");
        // All of it: what is unread when a socket is closed takes the answer with it.
        let mut request = String::new();
        BufReader::new(&mut stream).read_line(&mut request).expect("a request");
        let _ = stream.write_all(answer.as_bytes());
        drop(stream);
        let ran = client.finish();
        assert!(ran.code == Some(1) && ran.stdout.is_empty() && ran.stderr.contains(says), "{ran:?}");
        assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.lines().any(|line| line == "keyfob: forged"), "{ran:?}");
    }
}

#[test]
fn a_killed_agent_is_a_clear_error_and_the_next_takes_its_socket() {
    let scene = Scene::new();
    scene.warm();
    let remote = remote(&scene);
    let at = socket(&scene);
    let stderr = fails(&credentials(&remote, "audit"), 1, "no agent answers at ");
    assert!(
        stderr.contains("No such file") && stderr.contains("or use this machine's own profiles: `unset KEYFOB_AGENT`"),
        "{stderr}"
    );
    let mut running = agent(&scene, &["--only", "audit"]);
    let second = ["agent", "--socket", at.to_str().expect("UTF-8"), "--only", "deploy"];
    fails(&scene.sandbox.keyfob(&second).run(), 1, "an agent is running at ");
    credentials(&remote, "audit").ok();
    running.kill();
    running.finish();
    assert!(at.exists(), "a kill leaves it");
    let stderr = fails(&credentials(&remote, "audit"), 1, "no agent answers at ");
    assert!(stderr.contains("Connection refused"), "{stderr}");
    let running = agent(&scene, &["--only", "audit"]);
    let mode = std::fs::symlink_metadata(&at).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    credentials(&remote, "audit").ok();
    // Of several that start at once on a stale socket, one serves.
    let mut killed = running;
    killed.kill();
    killed.finish();
    let mut started: Vec<_> = (0..8).map(|_| scene.sandbox.keyfob(&second).start()).collect();
    wait_for(&at);
    std::thread::sleep(Duration::from_secs(1));
    started.retain_mut(|agent| agent.is_running());
    assert_eq!(started.len(), 1);
    ends_by(started.remove(0), Signal::TERM);
    assert!(!at.exists());
}

#[test]
fn a_question_names_the_socket_and_with_nobody_there_the_client_is_told_where() {
    let scene = Scene::new();
    let remote = remote(&scene);
    let running = agent(&scene, &["--only", "audit"]);
    let stderr = fails(&credentials(&remote, "audit"), 3, "the agent: ");
    assert!(
        stderr.lines().filter(|line| line.starts_with("hint: ")).all(|hint| hint.contains("where the agent runs")),
        "{stderr}"
    );
    assert!(stderr.contains("keyfob exec audit"), "{stderr}");
    ends_by(running, Signal::TERM);
    let at = socket(&scene);
    let words = ["agent", "--socket", at.to_str().expect("UTF-8"), "--only", "audit"];
    let mut terminal = scene.sandbox.keyfob(&words).on_terminal();
    terminal.expect("serving `audit` at ");
    let unattended = remote.keyfob(&["credential-process", "audit"]).env("KEYFOB_PROMPT", "never").run();
    fails(&unattended, 3, "needs an MFA code and nobody can be asked");
    let client = remote.keyfob(&["credential-process", "audit"]).start();
    terminal.expect(&format!("request at {}: MFA code for profile `audit`", at.display()));
    terminal.type_line(&scene.phone.code());
    client.finish().ok();
    terminal.press_ctrl('c');
    let (ran, _) = terminal.finish();
    ran.ends_with(0);
    assert!(!at.exists());
}

#[test]
fn ctrl_d_declines_a_question_a_client_that_is_gone_loses_nothing_and_ctrl_c_ends_the_agent() {
    let scene = Scene::new();
    let remote = remote(&scene);
    let at = socket(&scene);
    let words = ["agent", "--socket", at.to_str().expect("UTF-8"), "--only", "audit"];
    let mut terminal = scene.sandbox.keyfob(&words).on_terminal();
    terminal.expect("serving `audit` at ");
    let start = || remote.keyfob(&["credential-process", "audit"]).start();
    let client = start();
    terminal.expect("request at ");
    terminal.press_ctrl('d');
    fails(&client.finish(), 1, "the agent: ");
    let client = start();
    terminal.expect("request at ");
    terminal.press_ctrl('c');
    fails(&client.finish(), 1, "the agent: cancelled");
    let (ran, _) = terminal.finish();
    ran.ends_with(0);
    assert!(!at.exists(), "the socket goes with the agent");
    let mut terminal = scene.sandbox.keyfob(&words).on_terminal();
    terminal.expect("serving `audit` at ");
    let mut client = start();
    terminal.expect("request at ");
    client.kill();
    client.finish();
    terminal.type_line(&scene.phone.code());
    let end = Instant::now() + Duration::from_secs(30);
    while scene.aws.count("AssumeRole") < 2 {
        assert!(Instant::now() < end, "{:?}", scene.actions());
        std::thread::sleep(Duration::from_millis(20));
    }
    // Of its cache: no other code is asked for.
    credentials(&remote, "audit").ok();
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    terminal.press_ctrl('c');
    terminal.finish().0.ends_with(0);
}

#[test]
fn an_agent_that_ends_takes_its_open_questions_along() {
    let scene = Scene::new();
    let remote = remote(&scene);
    let waiting = "#!/bin/sh\n: >\"$HOME/asked\"\nexec sleep 30 2>/dev/null\n";
    let program = scene.sandbox.script("bin/code", waiting);
    scene.sandbox.keyfob(&["profile", "set", "work", "mfa_process", program.to_str().expect("UTF-8")]).run().ok();
    for with in [Signal::TERM, Signal::KILL] {
        let running = agent(&scene, &["--only", "audit"]);
        let client = remote.keyfob(&["credential-process", "audit"]).start();
        let end = Instant::now() + Duration::from_secs(30);
        while !scene.sandbox.path("asked").exists() {
            assert!(Instant::now() < end, "nobody is asked");
            std::thread::sleep(Duration::from_millis(20));
        }
        let started = Instant::now();
        signal(&running, with);
        running.finish();
        fails(&client.finish(), 1, "is gone: the connection closed without an answer");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        std::fs::remove_file(scene.sandbox.path("asked")).expect("it is there");
    }
}

#[test]
fn another_user_is_refused_by_both_sides() {
    let Some(setpriv) = tools::require("setpriv") else { return };
    // Any other may be in a folder of root's.
    let python = Path::new("/usr/bin/python3");
    if !python.exists() {
        return tools::skipped("there is no python3 that other users can run");
    }
    if !rustix::process::geteuid().is_root() {
        return tools::skipped("only root can be another user");
    }
    let scene = Scene::new();
    scene.warm();
    // A place that the other user reaches.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let set_mode =
        |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("mode set");
    set_mode(folder.path(), 0o755);
    let at = folder.path().join("s");
    let words = ["agent", "--socket", at.to_str().expect("UTF-8"), "--only", "audit"];
    let running = scene.sandbox.keyfob(&words).start();
    wait_for(&at);
    let ask = "import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n\
        try:\n s.sendall(b'{\"version\":1,\"profile\":\"audit\"}\\n')\n print(len(s.recv(9)))\n\
        except (ConnectionResetError, BrokenPipeError): print(0)";
    let as_other = |user: &str| {
        let (python, at) = (python.to_str().expect("UTF-8"), at.to_str().expect("UTF-8"));
        let user = [format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()];
        let words = [&user.each_ref().map(String::as_str)[..], &[python, "-I", "-c", ask, at]].concat();
        scene.sandbox.program(&setpriv, &words).within(Path::new("/")).run()
    };
    let refused = as_other("54321");
    assert!(refused.stderr.contains("PermissionError"), "{refused:?}");
    assert_eq!(as_other("0").ok(), "9\n", "its own user, by the same program");
    set_mode(&at, 0o666);
    assert_eq!(as_other("54321").ok(), "0\n", "whatever the mode says");
    let mut remote = remote(&scene);
    remote.set("KEYFOB_AGENT", &at);
    fails(&credentials(&remote, "audit"), 6, "other users can connect to the socket");
    set_mode(&at, 0o600);
    credentials(&remote, "audit").ok();
    std::os::unix::fs::chown(&at, Some(54321), Some(54321)).expect("root may");
    fails(&credentials(&remote, "audit"), 6, "the socket belongs to another user");
    std::os::unix::fs::chown(&at, Some(0), Some(0)).expect("root may");
    std::os::unix::fs::chown(folder.path(), Some(54321), Some(54321)).expect("root may");
    fails(&credentials(&remote, "audit"), 6, "belongs to another user");
    let stderr = ends_by(running, Signal::TERM).stderr;
    assert!(stderr.contains("warning: the user 54321 was refused at "), "{stderr}");
}

#[test]
fn sdks_and_a_server_for_a_long_command_work_on_the_machine_without_a_key() {
    let Some(python) = tools::require("python") else { return };
    let scene = Scene::new();
    scene.warm();
    let running = agent(&scene, &["--only", "audit"]);
    let remote = remote(&scene);
    let line = format!(
        "[profile there]\ncredential_process = {} credential-process audit\n",
        remote.path("bin/keyfob").display()
    );
    remote.write(".aws/config", &line);
    let script = "import boto3, sys\nprint(boto3.Session(profile_name=sys.argv[1] or None).client('sts', region_name='eu-central-1').get_caller_identity()['Arn'])";
    let python = python.to_str().expect("UTF-8");
    let sdk = |profile: &'static str| [python, "-I", "-W", "ignore", "-c", script, profile];
    let expected = "arn:aws:sts::444455556666:assumed-role/audit/keyfob-ann\n";
    let ran = remote.program(python, &sdk("there")[1..]).env("AWS_ENDPOINT_URL", scene.aws.url()).run();
    assert_eq!(ran.ok(), expected);
    let words = [&["exec", "audit", "--server", "--"], &sdk("")[..]].concat();
    assert_eq!(remote.keyfob(&words).env("AWS_ENDPOINT_URL", scene.aws.url()).run().ok(), expected);
    ends_by(running, Signal::TERM);
}

#[test]
fn a_client_in_a_network_of_its_own_reaches_the_agent_and_nothing_else() {
    let Some(unshare) = tools::require("unshare") else { return };
    let scene = Scene::new();
    scene.warm();
    let remote = remote(&scene);
    if remote.program(&unshare, &["--net", "true"]).run().code != Some(0) {
        return tools::skipped_everywhere("`unshare` may not make a network here");
    }
    let running = agent(&scene, &["--only", "audit"]);
    let keyfob = remote.path("bin/keyfob");
    let words = ["--net", keyfob.to_str().expect("UTF-8"), "credential-process", "audit"];
    key_id(&remote.program(&unshare, &words).run().json());
    ends_by(running, Signal::TERM);
}

/// The user on sshd's side is another: `nobody`.
#[test]
fn a_session_comes_through_a_socket_that_ssh_forwards_to_another_user() {
    let Some(setpriv) = tools::require("setpriv") else { return };
    let nobody = Some(65534);
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    if !accounts.lines().any(|line| line.starts_with("nobody:") && line.contains(":65534:65534:")) {
        return tools::skipped("there is no user `nobody`");
    }
    let mut scene = Scene::new();
    let Some(server) = Sshd::start(&scene.sandbox) else { return };
    scene.warm();
    scene.sandbox.set("KEYFOB_LOG", "all");
    let mut remote = remote(&scene);
    remote.program("chown", &["-R", "65534:65534", remote.home().to_str().expect("UTF-8")]).run().ok();
    // Where the other user gets to, wherever the tests are.
    let folder = server.place().join("server");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).expect("mode set");
    std::os::unix::fs::chown(&folder, nobody, nobody).expect("root may");
    let running = agent(&scene, &["--only", "audit"]);
    let there = folder.join("from-ssh.sock");
    let forwarded = format!("{}:{}", there.display(), socket(&scene).display());
    let words = server.words(&["-N", "-o", "ExitOnForwardFailure=yes", "-R", &forwarded, "nobody@127.0.0.1"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let tunnel = || scene.sandbox.program("ssh", &words).start();
    let mut connected = tunnel();
    let end = Instant::now() + Duration::from_secs(20);
    while !there.exists() {
        assert!(Instant::now() < end && connected.is_running(), "{:?}", connected.finish());
        std::thread::sleep(Duration::from_millis(50));
    }
    remote.set("KEYFOB_AGENT", &there);
    // The other user gets at the program wherever it was built.
    let keyfob = remote.path("bin/keyfob");
    let as_nobody = || {
        let user = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search"];
        let command =
            ["--ambient-caps=+dac_read_search", keyfob.to_str().expect("UTF-8"), "credential-process", "audit"];
        remote.program(&setpriv, &[&user[..], &command].concat()).run()
    };
    key_id(&as_nobody().json());
    let of_agent = logged(&scene.sandbox).pop().expect("a line");
    assert_eq!((&of_agent["command"], &of_agent["parent"]["name"]), (&"agent".into(), &"ssh".into()), "{of_agent}");
    fails(&credentials(&remote, "audit"), 6, "the socket belongs to another user");
    // The agent is gone and the tunnel is not.
    ends_by(running, Signal::TERM);
    fails(&as_nobody(), 1, "is gone: the connection closed without an answer");
    let running = agent(&scene, &["--only", "audit"]);
    as_nobody().ok();
    // What a broken connection leaves there is replaced by the next: `StreamLocalBindUnlink`.
    connected.kill();
    connected.finish();
    let connected = tunnel();
    let end = Instant::now() + Duration::from_secs(20);
    while as_nobody().code != Some(0) {
        assert!(Instant::now() < end, "no second tunnel");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(connected);
    ends_by(running, Signal::TERM);
}
