//! Values that end a line, hide or reorder characters, or steer a terminal: none begins a line of what keyfob shows, in any
//! form of its output.

use serde_json::{Value, json};

use crate::KEYFOB;
use crate::scene::Scene;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;

/// What a hostile value has in it.
pub const HOSTILE: &str = "x\nkeyfob: FORGED\r\nhint: FORGED\u{202e}\u{200b}\u{1b}[2J\u{2028}y";

/// No line begins with what the value forges, and nothing of it that deceives is there.
#[track_caller]
pub fn is_harmless(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        let is_forged = |line: &&str| line.starts_with("keyfob: FORGED") || line.starts_with("hint: FORGED");
        assert_eq!(text.lines().find(is_forged), None, "{text}");
        let raw = text.chars().find(|letter| {
            letter.is_control() && *letter != '\n' || matches!(letter, '\u{202e}' | '\u{200b}' | '\u{2028}')
        });
        assert_eq!(raw, None, "{text}");
    }
}

#[test]
fn no_value_of_a_variable_a_path_or_the_log_begins_a_line() {
    let scene = Scene::new();
    let mut sandbox = Sandbox::new(KEYFOB, &scene.aws);
    let entry = json!({
        "v": 1, "time": "2026-11-30T00:00:00Z", "profile": HOSTILE, "account": HOSTILE, "role_arn": HOSTILE,
        "key_id": "ASIAFAKEFAKEFAKEFAKE", "expires": HOSTILE, "origin": "new", "command": HOSTILE, "narrowed": false,
        "parent": {"pid": 1, "name": HOSTILE}, "agent": HOSTILE,
    });
    sandbox.write("keyfob/data/log.jsonl", &format!("{entry}\n"));
    let config = sandbox.write(&format!("{HOSTILE}/config"), "[profile a]\nregion = eu-west-1\nmfa_serail = x\n");
    sandbox.set("AWS_CONFIG_FILE", config);
    let log = sandbox.keyfob(&["log"]).run();
    assert_eq!(log.ok().lines().count(), 2, "{}", log.stdout);
    is_harmless(&log);
    let log = sandbox.keyfob(&["log", "--json"]).run();
    let read: Value = serde_json::from_str(log.ok()).expect("one line of JSON");
    assert_eq!((log.stdout.lines().count(), &read["parent"]["name"]), (1, &json!(HOSTILE)));
    is_harmless(&log);
    for words in [&["show", "a"][..], &["show", "a", "--json"], &["doctor"], &["doctor", "--json"], &["list"]] {
        let ran = sandbox.keyfob(words).run();
        assert!(!ran.stdout.is_empty(), "{words:?}: {}", ran.stderr);
        is_harmless(&ran);
    }
    for json in [&[][..], &["--json"]] {
        let keys = [("AWS_ACCESS_KEY_ID", "ASIAFAKEFAKEFAKEFAKE"), ("AWS_SECRET_ACCESS_KEY", "FAKE")];
        let mut ran = sandbox.keyfob(&[&["whoami"], json].concat());
        for (name, value) in [&keys[..], &[("AWS_SESSION_TOKEN", "FAKE"), ("AWS_ACCOUNT_ID", HOSTILE)]].concat() {
            ran = ran.env(name, value);
        }
        let ran = ran.run();
        assert!(ran.ok().contains("FORGED"), "{}", ran.stdout);
        is_harmless(&ran);
    }
}
