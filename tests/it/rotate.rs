//! Rotation as its user meets it: the flow, the refusals, and what is shown.

use serde_json::Value;

use crate::scene::{Scene, fails, key_id};
use crate::support::aws::Fault;
use crate::support::leaks::Shows;
use crate::support::run::Ran;

/// A scene whose rotations take no longer than they have to.
pub fn scene() -> Scene {
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene
}

pub fn hurry(scene: &mut Scene) {
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "0");
    scene.sandbox.set("KEYFOB_ROTATE_PATIENCE", "300ms");
}

impl Scene {
    pub fn rotate(&self, arguments: &[&str]) -> Ran {
        self.sandbox.keyfob(&[&["rotate", "work"], arguments].concat()).run()
    }

    /// The id of the key `work` uses now, whose secret comes out of the store and is the server's own.
    #[track_caller]
    pub fn stored_key(&self) -> String {
        let arguments = ["credential-process", "work", "--no-session"];
        let answer = self.sandbox.keyfob(&arguments).shows(Shows::Keys).run().json();
        let id = answer["AccessKeyId"].as_str().expect("an id").to_owned();
        assert_eq!(answer["SecretAccessKey"], self.ann.secret_of(&id).as_str());
        id
    }

    /// Whether AWS takes signatures of this key.
    pub fn is_active(&self, id: &str) -> bool {
        self.ann.keys().contains(&(id.to_owned(), true))
    }

    pub fn keys_json(&self) -> Value {
        let ran = self.sandbox.keyfob(&["keys", "--json"]).run();
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }
}

/// The only key that is not `old`.
#[track_caller]
fn other_key(scene: &Scene, old: &str) -> String {
    let others: Vec<String> = scene.ann.keys().into_iter().map(|(id, _)| id).filter(|id| id != old).collect();
    assert_eq!(others.len(), 1, "{:?}", scene.ann.keys());
    others[0].clone()
}

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
    let stderr = fails(&scene.rotate(&["--finish"]), 1, "is not deleted before");
    assert!(stderr.contains("--finish --force"), "{stderr}");
    let both = scene.keys_json();
    assert_eq!(both["keys"].as_array().expect("a list").len(), 2);
    let listed = scene.sandbox.keyfob(&["list"]).run();
    assert!(!listed.stderr.contains("--finish"), "too early to remind: {}", listed.stderr);
    if scene.sandbox.pass_time(25 * 3600).is_none() {
        return;
    }
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
fn an_orphan_of_a_lost_answer_is_found_and_named_and_deleted_by_its_id() {
    for fault in [Fault::DropAnswer, Fault::HalfAnswer, Fault::Garbage] {
        let scene = scene();
        scene.aws.fault("CreateAccessKey", fault);
        let ran = scene.rotate(&["--yes"]);
        let orphan = other_key(&scene, &scene.key.id);
        let stderr = fails(&ran, 1, &format!("the key {orphan} is at AWS and nobody has its secret"));
        assert!(stderr.contains(&format!("keyfob rotate work --resume --delete-other {orphan}")), "{stderr}");
        assert_eq!(scene.aws.count("CreateAccessKey"), 1, "it is never sent again by itself");
        fails(&scene.rotate(&["--resume", "--yes"]), 1, &orphan);
        scene.rotate(&["--resume", "--delete-other", &orphan]).ok();
        let new = scene.stored_key();
        assert!(new != orphan && new != scene.key.id && scene.is_active(&new));
        assert!(!scene.ann.keys().iter().any(|(id, _)| *id == orphan));
    }
}

#[test]
fn an_orphan_is_offered_for_deletion_to_whoever_is_there() {
    let scene = scene();
    scene.aws.fault("CreateAccessKey", Fault::DropAnswer);
    let mut terminal = scene.sandbox.keyfob(&["rotate", "work"]).on_terminal();
    terminal.expect("delete it at AWS? [y/N] ");
    terminal.type_line("y");
    let (ran, seen) = terminal.finish();
    assert_eq!(ran.code, Some(0), "{seen}");
    assert_eq!(scene.ann.keys().len(), 2);
    assert!(scene.is_active(&scene.stored_key()));
}

#[test]
fn an_unfinished_rotation_is_noticed_and_credentials_keep_working() {
    let scene = scene();
    scene.aws.fault("UpdateAccessKey", Fault::Refuse { status: 400, code: "ValidationError", message: "no" });
    let stderr = fails(&scene.rotate(&[]), 4, "UpdateAccessKey");
    assert!(stderr.contains("stopped at `deactivate`") && stderr.contains("--resume"), "{stderr}");
    for arguments in [&["list"][..], &["credential-process", "work", "--mfa-code", &scene.phone.code()]] {
        let ran = scene.sandbox.keyfob(arguments).run();
        ran.ok();
        assert!(ran.stderr.contains("`keyfob rotate work --resume`"), "{}", ran.stderr);
    }
    let unfinished = "a rotation of `work` is unfinished";
    fails(&scene.rotate(&[]), 1, unfinished);
    fails(&scene.sandbox.keyfob(&["remove", "work", "--yes"]).run(), 1, unfinished);
    fails(&scene.add(&["add", "work", "--stdin", "--yes", "--replace"]), 1, unfinished);
    let status = scene.rotate(&["--status", "--json"]).json();
    assert_eq!(status["rotation"]["step"], "deactivate");
    assert_eq!(status["rotation"]["state"], "unfinished");
    assert!(scene.rotate(&["--status"]).ok().contains("in `deactivate`"));
    scene.rotate(&["--resume"]).ok();
    assert!(!scene.is_active(&scene.key.id));
}

#[test]
fn going_on_needs_no_flags() {
    let scene = scene();
    let admin = scene.aws.user("boss").may_manage_others();
    let key = admin.access_key();
    let add = scene.sandbox.keyfob(&["add", "boss", "--stdin", "--yes", "--no-link"]);
    add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    scene.aws.fault("UpdateAccessKey", Fault::Refuse { status: 400, code: "ValidationError", message: "no" });
    fails(&scene.rotate(&["--with", "boss", "--delete-now"]), 4, "UpdateAccessKey");
    scene.rotate(&["--resume"]).ok();
    assert_eq!(scene.ann.keys(), [(scene.stored_key(), true)]);
    assert_eq!(scene.aws.last("DeleteAccessKey").key_id, Some(key.id));
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
    fails(&scene.rotate(&["--yes"]), 1, "is not deleted before");
    scene.sandbox.set("KEYFOB_ROTATE_GRACE", "0");
    scene.rotate(&["--yes"]).ok();
    let keys = scene.ann.keys();
    assert!(!keys.iter().any(|(id, _)| *id == scene.key.id) && keys.contains(&(first, false)), "{keys:?}");
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

#[test]
fn a_root_key_is_called_out_and_not_rotated() {
    let scene = scene();
    let root = scene.aws.root().access_key();
    let add = scene.sandbox.keyfob(&["add", "root", "--stdin", "--yes", "--no-link", "--allow-root"]);
    add.stdin(&format!("{}\n{}\n", root.id, root.secret)).run().ok();
    assert!(scene.sandbox.keyfob(&["keys"]).run().stdout.contains("ROOT USER"));
    fails(&scene.sandbox.keyfob(&["rotate", "root"]).run(), 1, "is a root user");
}

#[test]
fn two_rotations_of_one_key_do_not_run_together() {
    let mut scene = scene();
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "4");
    let first = scene.sandbox.keyfob(&["rotate", "work"]).start();
    while !std::fs::read_dir(scene.sandbox.path("keyfob/data/rotations")).is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| file.path().extension().is_some_and(|extension| extension == "json")))
    }) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    fails(&scene.rotate(&[]), 1, "another process is rotating the key of `work` right now");
    fails(&scene.rotate(&["--resume"]), 1, "is rotating");
    assert_eq!(scene.rotate(&["--status", "--json"]).json()["rotation"]["state"], "running");
    let ran = scene.sandbox.keyfob(&["list"]).run();
    assert!(!ran.stderr.contains("unfinished"), "somebody is at work on it: {}", ran.stderr);
    first.finish().ok();
    assert_eq!(scene.aws.count("CreateAccessKey"), 1);
}

#[test]
fn a_removed_profile_takes_the_key_it_replaced_along() {
    let scene = scene();
    scene.rotate(&[]).ok();
    let ran = scene.sandbox.keyfob(&["remove", "work", "--yes"]).run();
    ran.ok();
    assert!(ran.stderr.contains(&scene.key.id), "the old one is named: {}", ran.stderr);
    assert_eq!(scene.keys_json()["keys"], serde_json::json!([]));
    assert!(scene.rotate(&["--status"]).ok().contains("no rotation"));
}
