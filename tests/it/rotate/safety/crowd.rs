//! Credentials that are asked for while the key under them is rotated.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::rotate::hurry;
use crate::rotate::safety::{Figures, soak};
use crate::scene::{Scene, key_id};
use crate::support::aws::Fault;
use crate::support::leaks::Shows;

#[test]
fn no_call_fails_while_the_key_is_rotated_under_a_crowd() {
    // The hunt for secrets afterwards grows with the square of the calls, so in the long form there is more time between them.
    let (rotations, delay, pause) = if soak() { (20, 5, 400) } else { (2, 2, 50) };
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene.sandbox.set("KEYFOB_ROTATE_PATIENCE", "60s");
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "2s");
    // A role that wants no MFA: its calls are signed with the access key itself, every time.
    let open = scene.aws.role("open").trusts(&scene.ann.arn());
    scene.edit("mfa_serial", "keyfob_session = never\n#");
    scene.append(&format!(
        "\n[profile open]\nregion = eu-central-1\nkeyfob_role_arn = {}\nkeyfob_source_profile = work\n",
        open.arn()
    ));
    scene.aws.new_keys_unknown_for(delay);
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (scene, stop, calls) = (&scene, &stop, &calls);
            scope.spawn(move || {
                let cache = scene.sandbox.path(&format!("cache-{worker}"));
                while !stop.load(Ordering::Relaxed) {
                    if worker % 4 == 0 {
                        let run = scene.sandbox.keyfob(&["credential-process", "work"]);
                        let answer = run.shows(Shows::Keys).env("KEYFOB_CACHE_DIR", &cache).run().json();
                        let id = answer["AccessKeyId"].as_str().expect("an id");
                        assert!(scene.is_active(id), "{id} was handed out and does not work: {:?}", scene.ann.keys());
                    } else {
                        let run = scene.sandbox.keyfob(&["credential-process", "open", "--min-ttl", "1h"]);
                        key_id(&run.env("KEYFOB_CACHE_DIR", &cache).run().json());
                    }
                    calls.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(pause));
                }
            });
        }
        for rotation in 0..rotations {
            let ran = scene.rotate(&["--delete-now", "--yes"]);
            if ran.code != Some(0) {
                stop.store(true, Ordering::Relaxed);
            }
            ran.ok();
            assert_eq!(scene.ann.keys().len(), 1, "rotation {rotation}");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let figures = Figures { played: AtomicUsize::new(calls.load(Ordering::Relaxed)), ..Figures::default() };
    figures.tell(&format!("calls during {rotations} rotations with {delay} s of propagation"));
    assert!(calls.load(Ordering::Relaxed) > 16);
}

#[test]
fn a_key_that_aws_forgets_for_a_moment_is_stood_in_for_by_the_other_one() {
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "6s");
    let rotating = scene.sandbox.keyfob(&["rotate", "work"]).start();
    while scene.aws.requests().iter().filter(|request| request.action == "GetCallerIdentity").count() < 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let unknown =
        Fault::Refuse { status: 403, code: "InvalidClientTokenId", message: "The security token is invalid." };
    scene.aws.fault("GetSessionToken", unknown);
    let code = scene.phone.code();
    key_id(&scene.sandbox.keyfob(&["credential-process", "work", "--mfa-code", &code]).run().json());
    let asked = scene.aws.requests_of("GetSessionToken");
    assert_eq!(asked.len(), 2, "once with each key, and the same code");
    assert_ne!(asked[0].key_id, asked[1].key_id);
    rotating.finish().ok();
}

#[test]
fn a_new_key_that_flaps_after_the_old_one_is_inactive_is_tried_again() {
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene.rotate(&[]).ok();
    let new = scene.stored_key();
    let unknown =
        Fault::Refuse { status: 403, code: "InvalidClientTokenId", message: "The security token is invalid." };
    scene.aws.fault("GetSessionToken", unknown.clone());
    let code = scene.phone.code();
    key_id(&scene.sandbox.keyfob(&["credential-process", "work", "--mfa-code", &code]).run().json());
    let asked: Vec<_> = scene.aws.requests_of("GetSessionToken").into_iter().filter_map(|asked| asked.key_id).collect();
    assert_eq!(asked, [new.clone(), scene.key.id.clone(), new]);
    // A key that is in no rotation is refused at once.
    scene.rotate(&["--finish", "--force"]).ok();
    scene.sandbox.keyfob(&["clear"]).run().ok();
    scene.aws.forget_requests();
    scene.aws.fault("GetSessionToken", unknown);
    let refused = scene.credential_process_with_code("work", &scene.phone.code());
    crate::scene::fails(&refused, 4, "AWS does not recognize the access key");
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
}
