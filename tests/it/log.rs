//! `log`: what was issued, to whom, and what a log that cannot be written costs.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::scene::{Scene, key_id};

fn logged(scene: &Scene, words: &[&str]) -> Vec<Value> {
    let ran = scene.sandbox.keyfob(&[&["log", "--json"], words].concat()).run();
    ran.ok().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn each_new_session_is_logged_with_its_key_and_its_program_and_no_secret() {
    let scene = Scene::new();
    scene.warm();
    let id = key_id(&scene.credential_process("audit").json());
    scene.sandbox.keyfob(&["exec", "deploy", "--read-only", "--", "true"]).run().ok();
    let lines = logged(&scene, &[]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let line = &lines[0];
    assert_eq!((&line["v"], &line["profile"], &line["key_id"]), (&1.into(), &"audit".into(), &id.clone().into()));
    assert_eq!((&line["account"], &line["role_arn"]), (&"444455556666".into(), &scene.audit.arn().into()));
    assert_eq!(
        (&line["origin"], &line["command"], &line["narrowed"]),
        (&"new".into(), &"credential-process".into(), &false.into())
    );
    assert!(line["parent"]["pid"].is_u64() && line["parent"]["name"].is_string(), "{line}");
    assert_eq!((&lines[1]["command"], &lines[1]["narrowed"]), (&"exec".into(), &true.into()));
    assert_eq!(logged(&scene, &["--key", &id]).len(), 1);
    assert_eq!(logged(&scene, &["--profile", "deploy"]).len(), 1);
    assert_eq!(
        (logged(&scene, &["--since", "1h"]).len(), logged(&scene, &["--since", "2099-01-01T00:00:00Z"]).len()),
        (2, 0)
    );
    let text = scene.sandbox.keyfob(&["log"]).run();
    assert!(text.ok().contains(&format!("****{}", &id[id.len() - 4..])), "{}", text.stdout);
    // A whole secret would be found by the sandbox's own search.
    let file = std::fs::metadata(scene.sandbox.path("keyfob/data/log.jsonl")).expect("there");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_setting_decides_and_a_log_that_cannot_be_written_is_a_warning() {
    let mut scene = Scene::new();
    scene.warm();
    scene.sandbox.set("KEYFOB_LOG", "all");
    scene.credential_process("audit").ok();
    let lines = logged(&scene, &[]);
    assert_eq!(lines.iter().map(|line| line["origin"].as_str().expect("a text")).collect::<Vec<_>>(), ["new", "cache"]);
    scene.sandbox.set("KEYFOB_LOG", "off");
    scene.credential_process("audit").ok();
    assert_eq!(logged(&scene, &[]).len(), 2);
    scene.sandbox.set("KEYFOB_LOG", "some");
    assert!(
        scene.credential_process("audit").ends_with(6).contains("`some` is invalid; expected `new`, `all` or `off`")
    );
    scene.sandbox.set("KEYFOB_LOG", "all");
    let log = scene.sandbox.path("keyfob/data/log.jsonl");
    std::fs::remove_file(&log).expect("it is there");
    std::fs::create_dir(&log).expect("made");
    let ran = scene.credential_process("audit");
    key_id(&ran.json());
    assert!(ran.stderr.contains("warning: the log cannot be written"), "{}", ran.stderr);
}
