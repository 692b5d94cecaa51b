//! What a rotation refuses, and what the user is told to do about it.

use crate::rotate::scene;
use crate::scene::fails;

#[test]
fn a_second_key_is_never_deleted_unless_its_id_is_given() {
    let scene = scene();
    let second = scene.ann.access_key().id;
    let stderr = fails(&scene.rotate(&["--yes"]), 1, "has two access keys already");
    assert!(stderr.contains(&second) && stderr.contains("--delete-other") && stderr.contains("days old"), "{stderr}");
    assert_eq!(scene.ann.keys().len(), 2);
    // One that somebody uses is not deleted either.
    let sts = scene.sandbox.keyfob(&["add", "other", "--stdin", "--yes", "--no-link"]);
    sts.stdin(&format!("{second}\n{}\n", scene.ann.secret_of(&second))).run().ok();
    fails(&scene.rotate(&["--delete-other", &second]), 1, "is the key of `other`");
    scene.sandbox.keyfob(&["remove", "other", "--yes"]).run().ok();
    fails(&scene.rotate(&["--delete-other", &second]), 1, "is not deleted");
    assert_eq!(scene.ann.keys().len(), 2);
    scene.rotate(&["--delete-other", &second, "--force"]).ok();
    assert!(!scene.ann.keys().iter().any(|(id, _)| *id == second));
    assert_ne!(scene.stored_key(), scene.key.id);
}

#[test]
fn what_still_holds_the_old_key_is_named_before_anything_happens() {
    let scene = scene();
    let lines = format!("[old]\naws_access_key_id = {}\naws_secret_access_key = FAKE\n", scene.key.id);
    scene.sandbox.write(".aws/credentials", &lines);
    let stderr = fails(&scene.rotate(&["--yes"]), 1, ".aws/credentials:2 still holds");
    assert!(stderr.contains("--force"), "{stderr}");
    assert_eq!(scene.ann.keys(), [(scene.key.id.clone(), true)]);
    scene.rotate(&["--force"]).ok();
    assert!(!scene.is_active(&scene.key.id));
}

#[test]
fn a_denied_key_is_told_the_smallest_policy_and_another_profile_may_do_it() {
    let scene = scene();
    let admin = scene.aws.user("boss").may_manage_others();
    let key = admin.access_key();
    scene.ann.denied("iam:CreateAccessKey");
    let stderr = fails(&scene.rotate(&["--mfa-code", &scene.phone.code()]), 4, "CreateAccessKey: access denied");
    for action in ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed"] {
        assert!(stderr.contains(&format!("\"iam:{action}\"")), "{stderr}");
    }
    assert!(stderr.contains(&scene.ann.arn()) && stderr.contains("--with PROFILE"), "{stderr}");
    assert!(stderr.contains("no key was made"), "{stderr}");
    assert_eq!(scene.rotate(&["--resume"]).code, Some(0), "there is nothing to resume");

    let add = scene.sandbox.keyfob(&["add", "boss", "--stdin", "--yes", "--no-link"]);
    add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    scene.rotate(&["--with", "boss"]).ok();
    assert_ne!(scene.stored_key(), scene.key.id);
    assert_eq!(admin.keys().len(), 1, "no key was made for the helper");
    assert_eq!(scene.aws.last("CreateAccessKey").param("UserName"), Some("ann"));
    assert_eq!(scene.aws.last("UpdateAccessKey").key_id, Some(key.id));
}

#[test]
fn where_policy_demands_mfa_a_code_is_asked_for_once() {
    let scene = scene();
    scene.ann.needs_mfa_for_iam();
    fails(&scene.rotate(&["--yes"]), 3, "needs an MFA code");
    assert_eq!(scene.ann.keys().len(), 1);
    scene.rotate(&["--mfa-code", &scene.phone.code()]).ok();
    assert_ne!(scene.stored_key(), scene.key.id);
    assert_eq!(scene.aws.requests_of("GetSessionToken").len(), 1);
    // The session made for it still serves.
    scene.rotate(&["--finish", "--force"]).ok();
    assert_eq!(scene.ann.keys().len(), 1);
}

#[test]
fn an_old_key_that_is_used_or_active_again_is_not_deleted() {
    let mut scene = scene();
    scene.sandbox.set("KEYFOB_ROTATE_GRACE", "0");
    scene.rotate(&[]).ok();
    let old = scene.key.id.clone();
    scene.ann.set_active(&old, true);
    fails(&scene.rotate(&["--finish"]), 1, "is Active again");
    scene.ann.set_active(&old, false);
    scene.rotate(&["--finish"]).ok();
    assert_eq!(scene.ann.keys().len(), 1);
}

#[test]
fn a_root_key_is_called_out_and_not_rotated() {
    let scene = scene();
    let root = scene.aws.root().access_key();
    let add = scene.sandbox.keyfob(&["add", "root", "--stdin", "--yes", "--no-link", "--allow-root"]);
    add.stdin(&format!("{}\n{}\n", root.id, root.secret)).run().ok();
    assert!(scene.sandbox.keyfob(&["keys"]).run().stdout.contains("ROOT USER"));
    fails(&scene.sandbox.keyfob(&["rotate", "root"]).run(), 1, "is a root user");
}
