//! What a rotation refuses, and what the user is told to do about it.

use std::sync::Arc;
use std::time::Duration;

use crate::KEYFOB;
use crate::rotate::scene;
use crate::scene::fails;
use crate::support::aws::Fault;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

#[test]
fn a_second_key_is_never_deleted_unless_its_id_is_given() {
    let scene = scene();
    let second = scene.ann.access_key().id;
    let stderr = fails(&scene.rotate(&["--yes"]), 1, "already has two access keys");
    assert!(stderr.contains(&format!("****{}: Active, 0 days old", &second[16..])), "{stderr}");
    let command = format!("keyfob rotate work --delete-other {second}`");
    assert!(stderr.contains(&command), "{stderr}");
    let rest = stderr.replace(&command, "");
    assert!(!rest.contains("AKIA"), "an id is whole only where it is to be typed: {stderr}");
    assert_eq!(scene.ann.keys().len(), 2);
    // One that somebody uses is not deleted either.
    let sts = scene.sandbox.keyfob(&["add", "other", "--stdin", "--yes", "--no-link"]);
    sts.stdin(&format!("{second}\n{}\n", scene.ann.secret_of(&second))).run().ok();
    fails(&scene.rotate(&["--delete-other", &second]), 1, "is the key of `other`");
    scene.sandbox.keyfob(&["remove", "other", "--yes"]).run().ok();
    fails(&scene.rotate(&["--delete-other", &second]), 1, "was not deleted");
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
    let stderr = fails(&scene.rotate(&["--yes"]), 1, ".aws/credentials:2 still contains");
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
    let stderr = fails(&scene.rotate(&["--mfa-code", &scene.phone.code()]), 4, "CreateAccessKey failed: access denied");
    for action in ["ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed"] {
        assert!(stderr.contains(&format!("\"iam:{action}\"")), "{stderr}");
    }
    assert!(stderr.contains(&scene.ann.arn()) && stderr.contains("--with PROFILE"), "{stderr}");
    assert!(stderr.contains("no key was created"), "{stderr}");
    assert_eq!(scene.rotate(&["--resume"]).code, Some(0), "there is nothing to resume");

    let add = scene.sandbox.keyfob(&["add", "boss", "--stdin", "--yes", "--no-link"]);
    add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    scene.rotate(&["--with", "boss"]).ok();
    assert_ne!(scene.stored_key(), scene.key.id);
    assert_eq!(admin.keys().len(), 1, "no key is made for the helper");
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
    fails(&scene.sandbox.keyfob(&["rotate", "root"]).run(), 1, "is the root user");
}

#[test]
fn an_old_key_that_another_machine_used_since_the_switch_is_not_deleted() {
    let mut scene = scene();
    scene.sandbox.set("KEYFOB_ROTATE_GRACE", "0");
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "6s");
    let rotating = scene.sandbox.keyfob(&["rotate", "work", "--yes"]).start();
    while scene.rotate(&["--status", "--json"]).json()["rotation"]["switched_at"].is_null() {
        std::thread::sleep(Duration::from_millis(50));
    }
    // AWS tells seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let laptop = Sandbox::with_vault(KEYFOB, &Arc::clone(&scene.aws));
    let add = laptop.keyfob(&["add", "work", "--stdin", "--yes", "--no-link"]);
    add.stdin(&format!("{}\n{}\n", scene.key.id, scene.key.secret)).run().ok();
    rotating.finish().ok();
    let stderr = fails(&scene.rotate(&["--finish"]), 1, "was not deleted: it was used at ");
    assert!(stderr.contains("something else still uses it") && stderr.contains("--finish --force"), "{stderr}");
    // Neither does the next rotation.
    fails(&scene.rotate(&["--yes", "--force"]), 1, "was not deleted: it was used at ");
    assert_eq!(scene.ann.keys().len(), 2);
    scene.rotate(&["--finish", "--force"]).ok();
    assert_eq!(scene.ann.keys(), [(scene.stored_key(), true)]);
}

#[test]
fn a_store_that_cannot_be_written_is_found_out_before_anything_is_made() {
    let Some(strace) = tools::require_strace() else { return };
    let scene = scene();
    scene.aws.forget_requests();
    let renames = "inject=rename,renameat,renameat2:error=EROFS:when=1+";
    let words = [
        "-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", renames, "keyfob", "rotate",
        "work",
    ];
    let ran = scene.sandbox.program(&strace, &words).run();
    ran.ends_with(5);
    assert_eq!(scene.actions(), [""; 0], "AWS was not even asked");
    assert!(scene.rotate(&["--status"]).ok().contains("no unfinished rotation"));
}

#[test]
fn a_session_aws_refuses_is_dropped_and_another_is_made() {
    const DENIED: Fault = Fault::Refuse { status: 403, code: "AccessDenied", message: "User: ann is not authorized" };
    let refusals = [
        Fault::Refuse { status: 403, code: "InvalidClientTokenId", message: "The security token is invalid" },
        Fault::Refuse { status: 403, code: "ExpiredToken", message: "The security token included is expired" },
    ];
    for refusal in refusals {
        let scene = scene();
        scene.warm();
        // To the key itself, then to the session that is cached.
        scene.aws.fault("ListAccessKeys", DENIED);
        scene.aws.fault("ListAccessKeys", refusal);
        scene.rotate(&["--yes", "--mfa-code", &scene.phone.code()]).ok();
        assert_eq!(scene.aws.count("GetSessionToken"), 1, "another was made");
        assert!(!scene.is_active(&scene.key.id));
        // Devices go the same way.
        scene.aws.forget_requests();
        scene.aws.fault("ListMFADevices", DENIED);
        let listed = scene.sandbox.keyfob(&["mfa", "list", "work", "--json"]).run().json();
        assert_eq!(listed["user"], "ann");
        assert_eq!(scene.aws.count("GetSessionToken"), 0, "the new one serves");
    }
}

#[test]
fn another_profiles_session_that_aws_refuses_is_dropped_too() {
    let scene = scene();
    let admin = scene.aws.user("boss").may_manage_others();
    let (key, phone) = (admin.access_key(), admin.mfa("boss"));
    let add =
        ["add", "boss", "--stdin", "--yes", "--no-link", "--region", "eu-west-1", "--mfa-serial", &phone.serial()];
    scene.sandbox.keyfob(&add).stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    scene.credential_process_with_code("boss", &phone.code()).ok();
    scene.aws.forget_requests();
    let gone = Fault::Refuse { status: 403, code: "InvalidClientTokenId", message: "The security token is invalid" };
    scene.aws.fault("ListAccessKeys", gone);
    scene.rotate(&["--with", "boss", "--mfa-code", &phone.code()]).ok();
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
    assert!(!scene.is_active(&scene.key.id));
}

#[test]
fn a_denial_over_an_old_mfa_session_names_its_age() {
    let mut scene = scene();
    scene.warm();
    if scene.sandbox.pass_time(20 * 60).is_none() {
        return;
    }
    scene.ann.denied("iam:ListAccessKeys");
    let stderr = fails(&scene.rotate(&["--yes"]), 4, "ListAccessKeys failed: access denied");
    let hint = "the MFA session is 20 min old; delete it if a policy on `aws:MultiFactorAuthAge` requires a newer one: `keyfob clear work`";
    assert!(stderr.contains(hint), "{stderr}");
    assert_eq!(scene.aws.count("GetSessionToken"), 0);
}

#[test]
fn who_may_not_ask_for_the_last_use_is_asked_for_no_code_and_told_so() {
    let mut scene = scene();
    scene.sandbox.set("KEYFOB_ROTATE_GRACE", "0");
    scene.ann.denied("iam:GetAccessKeyLastUsed");
    let ran = scene.rotate(&["--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("last use unknown"), "{}", ran.stderr);
    let ran = scene.rotate(&["--finish"]);
    ran.ok();
    assert!(ran.stderr.contains("was last used"), "{}", ran.stderr);
    assert_eq!((scene.ann.keys().len(), scene.aws.count("GetSessionToken")), (1, 0));
}
