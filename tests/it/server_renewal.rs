//! `exec --server` while time passes: what is renewed when, who is asked, and what the command hears.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::scene::Scene;
use crate::server::{let_time_pass, lines, pass, python};
use crate::support::run::{Invocation, Started};

/// Asks the server again and again, and appends to `out` each answer that is another than the last: the status, and the key id or
/// the message. Ends with the file `stop`.
const ASK: &str = r#"
import json, os, select, urllib.error, urllib.request
out, last = open("out", "a", buffering=1), None
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]})
while not os.path.exists("stop"):
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    body = json.load(answer)
    shown = f"{answer.status} {body.get('AccessKeyId') or body['message']}"
    if shown != last and answer.status != 503:
        print(shown, file=out)
    last = shown
    select.select([], [], [], 0.1)
"#;

/// `exec WORDS --server` with such a command.
fn asking<'s>(scene: &'s Scene, words: &[&str]) -> Option<Invocation<'s>> {
    let python = python()?.display().to_string();
    Some(scene.sandbox.keyfob(&[&["exec"], words, &["--server", "--", &python, "-I", "-c", ASK]].concat()))
}

/// Waits for so many answers that begin with this; the last.
fn answered(scene: &Scene, start: &str, count: usize) -> String {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let all = lines(scene, "out", 1);
        let found: Vec<&String> = all.iter().filter(|line| line.starts_with(start)).collect();
        if let Some(last) = found.get(count - 1) {
            return (*last).clone();
        }
        assert!(Instant::now() < end, "not {count} times {start}: {all:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn stop(scene: &Scene, running: Started<'_>) {
    scene.sandbox.write("stop", "");
    running.finish().ends_with(0);
}

/// A pinentry that does this when it is asked, and writes down that it was.
fn pinentry(scene: &mut Scene, on_getpin: &str) {
    let script = format!(
        "#!/bin/sh\necho OK ready\nwhile read -r verb rest; do\n  case $verb in\n    \
         GETPIN) echo $$ >>\"$HOME/asked\"; {on_getpin} ;;\n    BYE) echo OK; exit ;;\n    *) echo OK ;;\n  esac\ndone\n"
    );
    let program = scene.sandbox.script("bin/pinentry-fake", &script);
    scene.sandbox.set("KEYFOB_PINENTRY", program);
}

#[test]
fn a_needed_code_is_asked_for_in_a_window_once_and_then_the_command_hears_what_to_run() {
    let mut scene = Scene::new();
    scene.warm();
    let Some(()) = let_time_pass(&mut scene) else { return };
    pinentry(
        &mut scene,
        "if [ -e code ]; then echo \"D $(cat code)\"; echo OK; else echo 'ERR 83886179 cancelled'; fi",
    );
    let words = ["deploy", "--region", "eu-west-1", "--min-ttl", "20m"];
    let Some(running) = asking(&scene, &words).map(Invocation::start) else { return };
    answered(&scene, "200 ASIA", 1);
    // A laptop that sleeps for a day: the MFA session has ended too, and the window is closed.
    pass(&scene, 86_400);
    let told = answered(&scene, "400 keyfob: ", 1);
    let command = "keyfob exec deploy --region eu-west-1 -- true";
    assert!(told.contains("MFA code") && told.ends_with(&format!("; run in a terminal: {command}")), "{told}");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(lines(&scene, "asked", 1).len(), 1, "whoever wants credentials again and again opens no more windows");

    // What the command was told helps, in another terminal.
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let mut terminal = scene.sandbox.keyfob(&words).on_terminal();
    terminal.expect("MFA code for profile");
    terminal.type_line(&scene.phone.code());
    terminal.finish().0.ends_with(0);
    answered(&scene, "200 ASIA", 2);
    // And the next time somebody is there.
    scene.aws.advance(90_000);
    scene.sandbox.write("code", &scene.phone.code());
    scene.sandbox.may_hold_secrets("code");
    scene.aws.advance(-90_000);
    pass(&scene, 90_000);
    answered(&scene, "200 ASIA", 3);
    assert_eq!(lines(&scene, "asked", 2).len(), 2);
    stop(&scene, running);
}

#[test]
fn a_window_that_is_open_goes_with_the_command() {
    let mut scene = Scene::new();
    scene.warm();
    let Some(()) = let_time_pass(&mut scene) else { return };
    pinentry(&mut scene, "exec sleep 600");
    let Some(running) = asking(&scene, &["deploy"]).map(Invocation::start) else { return };
    lines(&scene, "out", 1);
    pass(&scene, 86_400);
    let window = lines(&scene, "asked", 1).remove(0);
    stop(&scene, running);
    let end = Instant::now() + Duration::from_secs(10);
    while std::path::Path::new(&format!("/proc/{window}/fd/0")).exists() {
        assert!(Instant::now() < end, "the window is still there");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_life_that_is_asked_for_is_what_is_served() {
    let mut scene = Scene::new();
    scene.warm();
    let Some(()) = let_time_pass(&mut scene) else { return };
    let Some(running) = asking(&scene, &["deploy", "--min-ttl", "50m"]).map(Invocation::start) else { return };
    lines(&scene, "out", 1);
    pass(&scene, 500);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(lines(&scene, "out", 1).len(), 1, "52 minutes are left");
    pass(&scene, 300);
    answered(&scene, "200 ASIA", 2);
    stop(&scene, running);
}

#[test]
fn a_person_agrees_once_that_a_command_of_an_ai_agent_is_served() {
    let mut scene = Scene::new();
    scene.warm();
    let Some(()) = let_time_pass(&mut scene) else { return };
    scene.sandbox.keyfob(&["profile", "set", "deploy", "keyfob_agents", "ask"]).run().ok();
    let Some(asked) = asking(&scene, &["deploy"]) else { return };
    let mut terminal = asked.env("CLAUDECODE", "1").on_terminal();
    terminal.expect("issue them?");
    terminal.type_line("y");
    lines(&scene, "out", 1);
    pass(&scene, 3000);
    answered(&scene, "200 ASIA", 2);
    scene.sandbox.write("stop", "");
    terminal.finish().0.ends_with(0);
}

#[test]
fn signals_are_the_commands_and_leave_its_server_alone() {
    let scene = Scene::new();
    scene.warm();
    let status = "curl -s -o /dev/null -w 'status=%{http_code} ' -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \
                  \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"";
    let script = format!(
        "trap '{}; echo stays' INT; trap 'echo gone; exit 3' TERM; echo $AWS_CONTAINER_CREDENTIALS_FULL_URI >url; echo here; \
         while [ ! -e stop ]; do sleep 0.1; done",
        status.replace('\'', "'\\''")
    );
    let words = ["exec", "audit", "--server", "--", "sh", "-c", &script];
    let mut terminal = scene.sandbox.keyfob(&words).on_terminal();
    terminal.expect("here");
    terminal.press_ctrl('c');
    terminal.expect("status=200 stays");
    scene.sandbox.write("stop", "");
    terminal.finish().0.ends_with(0);

    std::fs::remove_file(scene.sandbox.path("stop")).expect("there");
    std::fs::remove_file(scene.sandbox.path("url")).expect("there");
    let running = scene.sandbox.keyfob(&words).start();
    lines(&scene, "url", 1);
    let url = scene.sandbox.read("url");
    let address = url.trim().split('/').nth(2).expect("a host").to_owned();
    let pid = i32::try_from(running.pid()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::TERM).expect("it runs");
    let ran = running.finish();
    ran.ends_with(3);
    assert_eq!(ran.stdout, "here\ngone\n");
    let end = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < end, "the server is still there");
        std::thread::sleep(Duration::from_millis(100));
    }
}
