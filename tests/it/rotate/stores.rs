//! Rotation over a real Secret Service, and over one that locks, says no or hangs in the middle of it.

use std::time::Duration;

use crate::rotate::{hurry, other_key};
use crate::scene::{ADD, Scene, fails};
use crate::support::aws::Fault;
use crate::support::secret_service::SecretService;

/// A scene over a Secret Service of its own, whose rotations take no longer than they have to.
fn scene_over(service: &SecretService) -> Scene {
    let mut scene = Scene::empty_over(service);
    hurry(&mut scene);
    scene.sandbox.set("KEYFOB_KEY_STORE_TIMEOUT", "2s");
    scene.prepare();
    scene
}

/// Whether the Secret Service has an access key of this id, as libsecret's own tool sees it.
fn has(scene: &Scene, id: &str) -> bool {
    let search = ["search", "--all", "service", "keyfob", "username", &format!("access-key/{id}")];
    let ran = scene.sandbox.program("secret-tool", &search).shows(crate::support::leaks::Shows::Keys).run();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.stdout.contains("secret =")
}

/// Makes the next call of an action take so long that something can be done to the store before its answer.
fn while_aws_takes_its_time(scene: &Scene, action: &str, meanwhile: impl FnOnce()) -> crate::support::run::Ran {
    scene.aws.fault(action, Fault::Slow(Duration::from_secs(2)));
    let rotating = scene.sandbox.keyfob(&["rotate", "work", "--yes"]).start();
    while scene.aws.planned_faults() > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    meanwhile();
    rotating.finish()
}

#[test]
fn a_key_is_rotated_back_and_finished_in_a_secret_service() {
    let Some(service) = SecretService::start() else { return };
    let scene = scene_over(&service);
    let old = scene.key.id.clone();
    scene.rotate(&["--yes"]).ok();
    let new = other_key(&scene, &old);
    assert_eq!(scene.stored_key(), new);
    assert!(has(&scene, &old) && has(&scene, &new));
    scene.rotate(&["--rollback"]).ok();
    assert_eq!(scene.stored_key(), old);
    assert!(has(&scene, &old) && !has(&scene, &new));
    scene.rotate(&["--delete-now"]).ok();
    let new = other_key(&scene, &old);
    assert_eq!((scene.stored_key(), scene.ann.keys()), (new.clone(), vec![(new, true)]));
    assert!(!has(&scene, &old));
}

#[test]
fn a_store_that_is_locked_denied_or_silent_from_the_start_has_nothing_made() {
    let Some(mut service) = SecretService::start() else { return };
    let mut scene = scene_over(&service);
    service.lock();
    let locked = fails(&scene.rotate(&["--yes"]), 5, "locked");
    assert!(locked.contains("hint: "), "{locked}");
    // Where there is a display an unlock is tried; its dialog cannot open here, which is as good as a no.
    scene.sandbox.set("DISPLAY", ":99");
    scene.rotate(&["--yes"]).ends_with(5);
    scene.sandbox.unset("DISPLAY");
    service.unlock();
    service.pause();
    fails(&scene.rotate(&["--yes"]), 5, "Secret Service");
    service.resume();
    assert_eq!(scene.aws.count("CreateAccessKey"), 0);
    assert!(scene.rotate(&["--status"]).ok().contains("no unfinished rotation"));
    scene.rotate(&["--yes"]).ok();
    assert_ne!(scene.stored_key(), scene.key.id);
}

#[test]
fn a_store_that_locks_or_hangs_before_the_new_key_is_kept_has_it_deleted_again() {
    let Some(mut service) = SecretService::start() else { return };
    let scene = scene_over(&service);
    for hangs in [false, true] {
        let meanwhile = || if hangs { service.pause() } else { service.lock() };
        let ran = while_aws_takes_its_time(&scene, "CreateAccessKey", meanwhile);
        // The store gives no key any more, and the old one still signs: it is held until the new one is kept.
        assert_eq!(scene.ann.keys(), [(scene.key.id.clone(), true)], "{ran:?}");
        assert!(ran.ends_with(5).contains("could not be stored and was deleted again"), "{}", ran.stderr);
        if hangs {
            service.resume();
        } else {
            service.unlock();
        }
        assert!(scene.rotate(&["--status"]).ok().contains("no unfinished rotation"));
        assert_eq!(scene.stored_key(), scene.key.id);
    }
    scene.rotate(&["--yes"]).ok();
    assert_ne!(scene.stored_key(), scene.key.id);
}

#[test]
fn a_store_that_locks_or_hangs_later_on_stops_the_rotation_and_it_goes_on_afterwards() {
    let Some(mut service) = SecretService::start() else { return };
    for (action, hangs) in [("UpdateAccessKey", false), ("UpdateAccessKey", true)] {
        let scene = scene_over(&service);
        let meanwhile = || if hangs { service.pause() } else { service.lock() };
        let ran = while_aws_takes_its_time(&scene, action, meanwhile);
        let stderr = ran.ends_with(5);
        assert!(stderr.contains("continue the rotation of `work`: `keyfob rotate work --resume`"), "{stderr}");
        if hangs {
            service.resume();
        } else {
            service.unlock();
        }
        let new = scene.stored_key();
        assert!(new != scene.key.id && scene.is_active(&new) && has(&scene, &scene.key.id));
        scene.rotate(&["--resume"]).ok();
        assert_eq!(scene.rotate(&["--status", "--json"]).json()["rotation"]["state"], "resting");
        scene.rotate(&["--rollback"]).ok();
        assert_eq!(scene.stored_key(), scene.key.id);
    }
}

#[test]
fn a_key_kept_in_two_stores_is_replaced_for_both_profiles_and_deleted_from_both() {
    let Some(service) = SecretService::start() else { return };
    let mut scene = Scene::empty();
    hurry(&mut scene);
    scene.sandbox.set("DBUS_SESSION_BUS_ADDRESS", service.address());
    scene.prepare();
    let beside = ["add", "second", "--stdin", "--yes", "--no-link", "--backend", "secret-service"];
    scene.add(&beside).ok();
    let old = scene.key.id.clone();
    assert!(has(&scene, &old));
    let key_of = |profile: &str| {
        let run = scene.sandbox.keyfob(&["credential-process", profile, "--no-session"]);
        let answer = run.shows(crate::support::leaks::Shows::Keys).run().json();
        answer["AccessKeyId"].as_str().expect("an id").to_owned()
    };
    let ran = scene.rotate(&["--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("so does `second`"), "{}", ran.stderr);
    assert_eq!(key_of("second"), scene.stored_key());
    assert!(has(&scene, &old), "it may be wanted back");
    // Each reads it again from where it read it before.
    scene.rotate(&["--rollback"]).ok();
    assert_eq!((key_of("second"), scene.stored_key()), (old.clone(), old.clone()));
    let listed = scene.sandbox.keyfob(&["list", "--json"]).run().json();
    let profiles = listed["profiles"].as_array().expect("a list");
    let backend =
        |name: &str| profiles.iter().find(|line| line["name"] == name).expect("there")["key"]["backend"].clone();
    assert_eq!((backend("work"), backend("second")), ("vault".into(), "secret-service".into()));
    scene.rotate(&["--delete-now"]).ok();
    assert_eq!(key_of("second"), scene.stored_key());
    assert_eq!(scene.ann.keys().len(), 1);
    assert!(!has(&scene, &old), "the copy too");
    // The same key is no stranger: it was replaced, and nothing of it is left.
    scene.sandbox.keyfob(&["remove", "second", "--yes"]).run().ok();
    assert_ne!(scene.add(ADD).code, Some(0), "AWS does not know it any more");
}
