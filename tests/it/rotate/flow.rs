//! The flow: a rotation from its begin to its end, and back.

use crate::rotate::{other_key, scene};
use crate::scene::{fails, key_id};
use crate::support::leaks::Shows;

#[test]
fn a_rotation_ends_with_the_new_key_in_use_and_the_old_one_inactive_and_stored() {
    let mut scene = scene();
    let old = scene.key.id.clone();
    scene.warm();
    let ran = scene.rotate(&["--yes"]);
    ran.ok();
    let new = other_key(&scene, &old);
    assert!(scene.is_active(&new) && !scene.is_active(&old));
    assert_eq!(scene.stored_key(), new);
    assert!(ran.stderr.contains("keyfob rotate work --finish") && ran.stderr.contains("Inactive"), "{}", ran.stderr);
    // The sessions are named by the user, so the rotation keeps them: no code is needed.
    scene.aws.forget_requests();
    key_id(&scene.credential_process("audit").json());
    assert!(scene.aws.requests().is_empty(), "{:?}", scene.actions());

    // Not before a day has passed; then it goes, at AWS and here.
    let stderr = fails(&scene.rotate(&["--finish"]), 1, "will not be deleted before");
    assert!(stderr.contains("--finish --force"), "{stderr}");
    let both = scene.keys_json();
    assert_eq!(both["keys"].as_array().expect("a list").len(), 2);
    let listed = scene.sandbox.keyfob(&["list"]).run();
    assert!(!listed.stderr.contains("--finish"), "too early to remind: {}", listed.stderr);
    // Says that the rest is skipped where there is no other clock to be had.
    let Some(()) = scene.sandbox.pass_time(25 * 3600) else { return };
    let listed = scene.sandbox.keyfob(&["list"]).run();
    listed.ok();
    assert!(listed.stderr.contains("`keyfob rotate work --finish`"), "{}", listed.stderr);
    scene.rotate(&["--finish"]).ok();
    assert_eq!(scene.ann.keys(), [(new.clone(), true)]);
    assert_eq!(scene.keys_json()["keys"].as_array().expect("a list").len(), 1);
    let nothing = scene.rotate(&["--finish"]);
    nothing.ok();
    assert!(nothing.stderr.contains("nothing to finish"), "{}", nothing.stderr);
}

#[test]
fn each_iam_call_names_the_user_and_the_new_key_signs_once_it_is_in_use() {
    let scene = scene();
    scene.rotate(&["--delete-now"]).ok();
    let new = scene.stored_key();
    assert_eq!(scene.ann.keys(), [(new.clone(), true)]);
    for action in ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"] {
        assert_eq!(scene.aws.last(action).param("UserName"), Some("ann"), "{action}");
    }
    for action in ["UpdateAccessKey", "DeleteAccessKey"] {
        assert_eq!(scene.aws.last(action).key_id.as_ref(), Some(&new), "{action}");
    }
    assert_eq!(scene.aws.count("CreateAccessKey"), 1);
}

#[test]
fn a_key_is_proved_in_every_region_its_profiles_use_before_it_is_used() {
    let mut scene = scene();
    scene.sandbox.set("KEYFOB_ROTATE_PATIENCE", "20s");
    scene.edit("[profile deploy]\nregion = eu-central-1", "[profile deploy]\nregion = ap-south-1");
    // As at AWS, a key that has been seen can be unknown again.
    scene.aws.new_keys_appear(&[false, true, false, true, true, false]);
    scene.rotate(&[]).ok();
    let new = scene.stored_key();
    let asked = scene.aws.requests_of("GetCallerIdentity");
    for region in ["eu-central-1", "ap-south-1"] {
        let row = asked.iter().filter(|request| {
            request.key_id.as_ref() == Some(&new) && request.region.as_deref() == Some(region) && request.succeeded()
        });
        assert!(row.count() >= 3, "three in a row in {region}");
    }
}

#[test]
fn other_profiles_with_the_same_key_are_moved_along_and_named() {
    let scene = scene();
    scene.add(&["add", "second", "--stdin", "--yes", "--region", "us-west-2"]).ok();
    let ran = scene.rotate(&[]);
    ran.ok();
    assert!(ran.stderr.contains("so does `second`"), "{}", ran.stderr);
    let keys = scene.keys_json();
    let new = scene.stored_key();
    let line = keys["keys"].as_array().expect("a list").iter().find(|key| key["id"] == new.as_str()).expect("there");
    assert_eq!(line["profiles"], serde_json::json!(["second", "work"]));
    scene.rotate(&["--rollback"]).ok();
    assert_eq!(scene.stored_key(), scene.key.id);
}

#[test]
fn going_back_makes_the_old_key_work_again_and_deletes_the_new_one() {
    let scene = scene();
    scene.rotate(&[]).ok();
    let new = scene.stored_key();
    scene.rotate(&["--rollback"]).ok();
    assert_eq!(scene.ann.keys(), [(scene.key.id.clone(), true)]);
    assert_eq!(scene.stored_key(), scene.key.id);
    assert_eq!(scene.aws.last("DeleteAccessKey").key_id.as_ref(), Some(&scene.key.id));
    assert_eq!(scene.aws.last("DeleteAccessKey").param("AccessKeyId"), Some(new.as_str()));
    let nothing = scene.rotate(&["--rollback"]);
    nothing.ok();
    let nothing_again = scene.rotate(&["--resume"]);
    nothing_again.ok();
    assert!(nothing_again.stderr.contains("nothing to resume"), "{}", nothing_again.stderr);
}

#[test]
fn dropping_sessions_forgets_them_here_and_says_what_aws_still_honours() {
    let scene = scene();
    scene.warm();
    let ran = scene.rotate(&["--drop-sessions"]);
    ran.ok();
    assert!(ran.stderr.contains("aws:TokenIssueTime"), "{}", ran.stderr);
    fails(&scene.credential_process("audit"), 3, "needs an MFA code");
}

#[test]
fn the_next_rotation_finishes_the_one_before() {
    let mut scene = scene();
    scene.rotate(&[]).ok();
    let first = scene.stored_key();
    fails(&scene.rotate(&["--yes"]), 1, "will not be deleted before");
    scene.sandbox.set("KEYFOB_ROTATE_GRACE", "0");
    scene.rotate(&["--yes"]).ok();
    let keys = scene.ann.keys();
    assert!(!keys.iter().any(|(id, _)| *id == scene.key.id) && keys.contains(&(first, false)), "{keys:?}");
}

#[test]
fn a_profile_renamed_while_a_rotation_rests_keeps_it() {
    let scene = scene();
    scene.rotate(&[]).ok();
    scene.sandbox.keyfob(&["profile", "rename", "work", "main"]).run().ok();
    assert_eq!(
        scene.sandbox.keyfob(&["rotate", "main", "--status", "--json"]).run().json()["rotation"]["state"],
        "resting"
    );
    let back = scene.sandbox.keyfob(&["rotate", "main", "--rollback"]).run();
    assert!(back.ends_with(0).contains("`main` uses ") && !back.stderr.contains("`work`"), "{}", back.stderr);
    assert_eq!(scene.ann.keys(), [(scene.key.id.clone(), true)]);
    let answer = scene.sandbox.keyfob(&["credential-process", "main", "--no-session"]).shows(Shows::Keys).run().json();
    assert_eq!(answer["AccessKeyId"], scene.key.id.as_str());
}

#[test]
fn a_removed_profile_takes_the_key_it_replaced_along() {
    let scene = scene();
    scene.rotate(&[]).ok();
    let ran = scene.sandbox.keyfob(&["remove", "work", "--yes"]).run();
    ran.ok();
    assert!(ran.stderr.contains(&scene.key.id), "the old one is named: {}", ran.stderr);
    assert_eq!(scene.keys_json()["keys"], serde_json::json!([]));
    assert!(scene.rotate(&["--status"]).ok().contains("no unfinished rotation"));
}
