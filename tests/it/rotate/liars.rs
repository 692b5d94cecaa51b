//! Answers that are not AWS's: a rotation believes no id, user or status that contradicts what it knows.

use std::collections::BTreeMap;

use crate::rotate::{other_key, scene};
use crate::scene::{Scene, fails};
use crate::support::aws::Fault;
use crate::support::vault;

/// The scene, and the key of `bob`, which is stored too.
fn scene_with_bob() -> (Scene, String) {
    let scene = scene();
    let key = scene.aws.user("bob").access_key();
    let add = scene.sandbox.keyfob(&["add", "bob", "--stdin", "--yes", "--no-link"]);
    add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    (scene, key.id)
}

/// The access keys in the vault, secrets included.
fn keys_in_vault(scene: &Scene) -> BTreeMap<String, String> {
    vault::items(&scene.sandbox).into_iter().filter(|(name, _)| name.starts_with("access-key/")).collect()
}

#[track_caller]
fn uses(scene: &Scene, profile: &str, id: &str) {
    let listed = scene.sandbox.keyfob(&["list", "--json"]).run().json();
    let all = listed["profiles"].as_array().expect("profiles");
    let one = all.iter().find(|one| one["name"] == profile).expect("listed");
    assert_eq!(one["key"]["id"], id, "{profile}");
}

#[test]
fn a_response_that_names_a_known_key_overwrites_none_and_rolls_nothing_onto_it() {
    for whose in ["ann", "bob"] {
        let (scene, bob) = scene_with_bob();
        let named = if whose == "ann" { scene.key.id.clone() } else { bob.clone() };
        let before = keys_in_vault(&scene);
        scene.aws.fault("CreateAccessKey", Fault::says("AccessKeyId", &named));
        let said = fails(&scene.rotate(&["--yes"]), 1, "which is not a new key");
        assert!(said.contains("nothing was stored"), "{said}");
        assert_eq!(keys_in_vault(&scene), before, "{whose}");

        // Whoever changed that answer now lists the other user's key in place of the one that was made.
        let made = other_key(&scene, &scene.key.id);
        let (from, to) = (made.clone(), bob.clone());
        scene.aws.faults("ListAccessKeys", 9, Fault::rewritten(move |body| body.replace(&from, &to)));
        scene.rotate(&["--rollback", "--yes"]).ok();
        assert_eq!(keys_in_vault(&scene), before, "{whose}");
        uses(&scene, "work", &scene.key.id);
        uses(&scene, "bob", &bob);
        assert!(scene.is_active(&scene.key.id), "{whose}");
    }
}

#[test]
fn a_key_of_another_user_or_account_is_not_proven() {
    let other_user = "arn:aws:iam::111122223333:user/eve";
    for (element, text) in [("Account", "999999999999"), ("Arn", other_user)] {
        let scene = scene();
        // The first call says whose key it is, the next ones prove the new one.
        scene.aws.fault("GetCallerIdentity", Fault::Slow(std::time::Duration::ZERO));
        scene.aws.faults("GetCallerIdentity", 9, Fault::says(element, text));
        fails(&scene.rotate(&["--yes"]), 1, "belongs to another user");
        assert!(scene.is_active(&scene.key.id), "{element}");
        scene.aws.forget_faults();
        scene.rotate(&["--rollback", "--yes"]).ok();
        assert_eq!(scene.ann.keys(), [(scene.key.id.clone(), true)]);
    }
}

#[test]
fn a_key_counts_as_inactive_once_aws_lists_it_so() {
    let scene = scene();
    let refuse = Fault::rewritten(|_| "<UpdateAccessKeyResponse></UpdateAccessKeyResponse>".to_owned());
    let active = Fault::says("Status", "Active");
    // It is said to be done, and the list, once the key is replaced, says that it is not.
    scene.aws.fault("UpdateAccessKey", refuse);
    scene.aws.fault("ListAccessKeys", Fault::Slow(std::time::Duration::ZERO));
    scene.aws.faults("ListAccessKeys", 9, active);
    let said = fails(&scene.rotate(&["--yes"]), 1, "does not list");
    assert!(!said.contains("is now Inactive"), "{said}");
    scene.aws.forget_faults();
    scene.rotate(&["--resume", "--yes"]).ok();
    assert!(!scene.is_active(&scene.key.id));
}
