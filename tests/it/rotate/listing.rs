//! `keys`, `list` and `doctor` on keys that are old, replaced, or somebody else's to ask about.

use crate::rotate::scene;
use crate::scene::fails;

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
    assert!(scene.sandbox.keyfob(&["list"]).run().ok().contains("vault 91d overdue"));
    assert!(scene.aws.requests().is_empty());

    let all = ["rotate", "--all", "--older-than", "90d"];
    fails(&scene.sandbox.keyfob(&all).run(), 3, "a yes to rotating these keys");
    let report = scene.sandbox.keyfob(&[&all[..], &["--yes", "--json"]].concat()).run().json();
    assert_eq!(report["rotated"], serde_json::json!(["work"]));
    assert_eq!(ben.keys(), [(key.id, true)]);
    assert_eq!(scene.ann.keys().len(), 2, "nothing is deleted");
    assert_eq!(scene.sandbox.keyfob(&["keys"]).run().code, Some(0), "the replaced one is not overdue");
    let again = scene.sandbox.keyfob(&[&all[..], &["--yes"]].concat()).run();
    again.ok();
    assert!(again.stderr.contains("no key is older than 90 days"), "{}", again.stderr);
}
