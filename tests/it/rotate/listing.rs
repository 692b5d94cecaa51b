//! `keys`, `list` and `doctor` on keys that are old, replaced, or somebody else's to ask about.

use crate::rotate::scene;
use crate::scene::{Scene, fails};
use crate::support::aws::Fault;

#[test]
fn overdue_keys_are_marked_and_rotated_together() {
    let scene = scene();
    let ben = scene.aws.user("ben");
    let key = ben.access_key();
    let add = scene.sandbox.keyfob(&["add", "ben", "--stdin", "--yes", "--no-link"]);
    add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    let ran = scene.sandbox.keyfob(&["keys"]).run();
    ran.ok();
    scene.ann.set_key_age(&scene.key.id, 91);
    let ran = scene.sandbox.keyfob(&["keys"]).run();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("91d") && ran.stdout.matches("overdue").count() == 1, "{}", ran.stdout);
    let keys = scene.keys_json();
    let line = keys["keys"].as_array().expect("a list").iter().find(|line| line["overdue"] == true).expect("one");
    assert_eq!(line["id"], scene.key.id.as_str());
    assert_eq!(line["status"], "active");
    assert_eq!(line["profiles"], serde_json::json!(["work"]));
    assert_eq!(line["backend"], "vault");
    assert_eq!(line["last_used"]["service"], "iam");

    // What AWS has told of the age is kept, so that `list` knows without asking.
    scene.aws.forget_requests();
    let table = scene.sandbox.keyfob(&["list"]).run().ok().to_owned();
    assert!(table.contains("overdue ****") && table.contains("vault 91d"), "{table}");
    assert!(scene.aws.requests().is_empty());

    let named = scene.sandbox.keyfob(&["rotate", "ben", "--older-than", "90d", "--yes"]).run();
    assert!(fails(&named, 2, "`--older-than` needs `--all`").contains("`keyfob rotate --all --older-than 90d`"));
    assert_eq!(ben.keys(), [(key.id.clone(), true)], "a key of today is not rotated");
    let all = ["rotate", "--all", "--older-than", "90d"];
    fails(&scene.sandbox.keyfob(&all).run(), 3, "confirmation to rotate these keys");
    let report = scene.sandbox.keyfob(&[&all[..], &["--yes", "--json"]].concat()).run().json();
    assert_eq!(report["rotated"], serde_json::json!(["work"]));
    assert_eq!(ben.keys(), [(key.id, true)]);
    assert_eq!(scene.ann.keys().len(), 2, "nothing is deleted");
    assert_eq!(scene.sandbox.keyfob(&["keys"]).run().code, Some(0), "the replaced one is not overdue");
    let again = scene.sandbox.keyfob(&[&all[..], &["--yes"]].concat()).run();
    again.ok();
    assert!(again.stderr.contains("no key is older than 90 days"), "{}", again.stderr);
}

#[test]
fn a_key_whose_user_needs_mfa_for_iam_asks_by_the_usual_ladder() {
    let scene = scene();
    scene.ann.needs_mfa_for_iam();
    // Nobody is there: what is known is shown, and how to learn the rest.
    let ran = scene.sandbox.keyfob(&["keys"]).run();
    ran.ok();
    assert!(ran.stdout.contains("status unknown"), "{}", ran.stdout);
    assert!(ran.stderr.contains("start a session in a terminal first"), "{}", ran.stderr);
    let line = scene.keys_json()["keys"][0].clone();
    assert!(line["status"].is_null() && line["problem"].as_str().is_some_and(|why| why.contains("MFA code")), "{line}");
    assert_eq!((&line["age_days"], &line["overdue"]), (&0.into(), &false.into()));
    let asked = scene.sandbox.keyfob(&["keys", "--json"]).env("KEYFOB_MFA_CODE", scene.phone.code()).run().json();
    assert_eq!(
        (&asked["keys"][0]["status"], &asked["keys"][0]["problem"]),
        (&"active".into(), &serde_json::Value::Null)
    );
    assert_eq!(asked["keys"][0]["last_used"]["service"], "sts", "the session that was made for it");
    // The session made for it serves from now on.
    assert_eq!(scene.keys_json()["keys"][0]["status"], "active");
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
    // On a terminal a person is asked.
    scene.sandbox.keyfob(&["clear"]).run().ok();
    let mut terminal = scene.sandbox.keyfob(&["keys"]).on_terminal();
    terminal.expect("MFA code for profile `work`");
    terminal.type_line(&scene.phone.code());
    terminal.expect("active");
    terminal.finish().0.ends_with(0);
}

/// The findings of `doctor` about keys and rotations: check and what fixes it.
fn found(scene: &Scene) -> Vec<[String; 2]> {
    let ran = scene.sandbox.keyfob(&["doctor", "--json"]).run();
    let report: serde_json::Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let text = |value: &serde_json::Value| {
        let words = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
        words.iter().filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" ")
    };
    let findings = report["findings"].as_array().expect("a list").iter();
    let found: Vec<[String; 2]> = findings.map(|found| [text(&found["check"]), text(&found["fix"]["argv"])]).collect();
    assert_eq!(ran.code, Some(i32::from(!found.is_empty())), "{ran:?}");
    found
}

#[test]
fn doctor_names_an_overdue_key_and_the_command_that_replaces_it() {
    let mut scene = scene();
    assert_eq!(found(&scene), [[""; 2]; 0]);
    scene.ann.set_key_age(&scene.key.id, 91);
    scene.sandbox.keyfob(&["keys"]).run().ends_with(1);
    assert_eq!(found(&scene), [["key-age", "keyfob rotate work"]]);
    scene.sandbox.set("KEYFOB_KEY_MAX_AGE", "100d");
    assert_eq!(found(&scene), [[""; 2]; 0]);
    // Replaced, it is not to be replaced again.
    scene.sandbox.set("KEYFOB_KEY_MAX_AGE", "90d");
    scene.rotate(&["--yes"]).ok();
    assert_eq!(found(&scene), [[""; 2]; 0]);
}

#[test]
fn doctor_names_an_unfinished_rotation_and_an_old_key_that_can_go() {
    let mut scene = scene();
    scene.aws.fault("UpdateAccessKey", Fault::Refuse { status: 400, code: "ValidationError", message: "no" });
    fails(&scene.rotate(&[]), 4, "UpdateAccessKey");
    assert_eq!(found(&scene), [["rotation", "keyfob rotate work --resume"]]);
    scene.rotate(&["--resume"]).ok();
    assert_eq!(found(&scene), [[""; 2]; 0], "it rests, and nothing is to be done yet");
    let keys = scene.sandbox.keyfob(&["keys"]).run();
    assert!(!keys.stderr.contains("--finish"), "too early to remind: {}", keys.stderr);
    scene.sandbox.set("KEYFOB_ROTATE_GRACE", "0");
    assert_eq!(found(&scene), [["rotation", "keyfob rotate work --finish"]]);
    for arguments in [&["keys"][..], &["list"]] {
        let ran = scene.sandbox.keyfob(arguments).run();
        ran.ok();
        assert!(ran.stderr.contains("`keyfob rotate work --finish`"), "{}", ran.stderr);
    }
    scene.rotate(&["--finish"]).ok();
    assert_eq!(found(&scene), [[""; 2]; 0]);
}

#[test]
fn doctor_names_a_journal_that_is_damaged_and_a_key_nobody_uses() {
    let scene = scene();
    scene.sandbox.write(&format!("keyfob/data/rotations/{}.json", scene.key.id), "{");
    assert_eq!(found(&scene)[0][0], "rotation");
}
