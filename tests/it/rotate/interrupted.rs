//! A rotation that stopped: noticed, named, gone on with.

use crate::rotate::{other_key, scene};
use crate::scene::fails;
use crate::support::aws::Fault;

#[test]
fn an_orphan_of_a_lost_answer_is_found_and_named_and_deleted_by_its_id() {
    for fault in [Fault::DropAnswer, Fault::HalfAnswer, Fault::Garbage, Fault::FailAfterwards] {
        let scene = scene();
        scene.aws.fault("CreateAccessKey", fault);
        let ran = scene.rotate(&["--yes"]);
        let orphan = other_key(&scene, &scene.key.id);
        let stderr = fails(&ran, 1, &format!("the key ****{} exists at AWS, but its secret was lost", &orphan[16..]));
        assert!(stderr.contains(&format!("keyfob rotate work --resume --delete-other {orphan}")), "{stderr}");
        assert_eq!(scene.aws.count("CreateAccessKey"), 1, "it is never sent again by itself");
        fails(&scene.rotate(&["--resume", "--yes"]), 1, &orphan[16..]);
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
    terminal.expect("delete the key at AWS? [y/N] ");
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
    let unfinished = "the rotation of `work` is unfinished";
    fails(&scene.rotate(&[]), 1, unfinished);
    fails(&scene.sandbox.keyfob(&["remove", "work", "--yes"]).run(), 1, unfinished);
    fails(&scene.add(&["add", "work", "--stdin", "--yes", "--replace"]), 1, unfinished);
    fails(&scene.sandbox.keyfob(&["profile", "rename", "work", "main"]).run(), 1, unfinished);
    let status = scene.rotate(&["--status", "--json"]).json();
    assert_eq!(status["rotation"]["step"], "deactivate");
    assert_eq!(status["rotation"]["state"], "unfinished");
    let history = status["rotation"]["history"].as_array().expect("a list");
    let lines: Vec<(&str, bool)> =
        history.iter().map(|line| (line["step"].as_str().expect("a name"), line["done"] == true)).collect();
    let both = |step| [(step, false), (step, true)];
    let expected = [&both("create")[..], &both("prove"), &both("switch"), &both("settle"), &[("deactivate", false)]];
    assert_eq!(lines, expected.concat(), "each step before and after");
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
fn ctrl_c_in_a_pause_says_how_to_go_on() {
    let mut scene = scene();
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "40s");
    let mut terminal = scene.sandbox.keyfob(&["rotate", "work"]).on_terminal();
    terminal.expect("stays Active for ");
    terminal.press_ctrl('c');
    let (ran, seen) = terminal.finish();
    assert_ne!(ran.code, Some(0), "{seen}");
    assert!(seen.contains("interrupted\n") && seen.contains("stopped at `settle`"), "{seen}");
    assert!(seen.contains("`keyfob rotate work --resume`"), "{seen}");
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "0");
    scene.rotate(&["--resume"]).ok();
    assert!(!scene.is_active(&scene.key.id));
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
    fails(&scene.rotate(&[]), 1, "another process is rotating the key of `work`");
    fails(&scene.rotate(&["--resume"]), 1, "is rotating");
    assert_eq!(scene.rotate(&["--status", "--json"]).json()["rotation"]["state"], "running");
    let ran = scene.sandbox.keyfob(&["list"]).run();
    assert!(!ran.stderr.contains("unfinished"), "somebody is at work on it: {}", ran.stderr);
    first.finish().ok();
    assert_eq!(scene.aws.count("CreateAccessKey"), 1);
}

#[test]
fn a_key_aws_takes_too_long_to_know_is_proved_later() {
    let scene = scene();
    // The server's clock is put on below; AWS and SDKs allow for 5 min.
    scene.aws.new_keys_unknown_for(100);
    let ran = scene.rotate(&["--yes"]);
    let stderr = ran.ends_with(4);
    assert!(stderr.contains("stopped at `prove`") && stderr.contains("the old key is in use"), "{stderr}");
    assert!(stderr.contains("--resume") && stderr.contains("--rollback"), "{stderr}");
    assert_eq!(scene.stored_key(), scene.key.id, "a key AWS does not know is handed to nobody");
    assert!(scene.is_active(&scene.key.id));
    // Patience is what it is set to, and is there anew each time.
    let started = std::time::Instant::now();
    let again = scene.sandbox.keyfob(&["rotate", "work", "--resume"]).env("KEYFOB_ROTATE_PATIENCE", "3s").run();
    assert!(again.ends_with(4).contains("stopped at `prove`"), "{}", again.stderr);
    assert!(started.elapsed() > std::time::Duration::from_secs(3), "{:?}", started.elapsed());
    scene.aws.advance(110);
    scene.rotate(&["--resume"]).ok();
    assert_eq!(scene.stored_key(), other_key(&scene, &scene.key.id));
    assert!(!scene.is_active(&scene.key.id));
    assert_eq!(scene.aws.count("CreateAccessKey"), 1);
}

#[test]
fn a_key_aws_takes_too_long_to_know_can_be_given_up() {
    let scene = scene();
    scene.aws.new_keys_unknown_for(100);
    scene.rotate(&["--yes"]).ends_with(4);
    scene.rotate(&["--rollback"]).ok();
    assert_eq!(scene.ann.keys(), [(scene.key.id.clone(), true)]);
    assert_eq!(scene.stored_key(), scene.key.id);
}
