//! Kills, Ctrl-C, a closed terminal, at any moment of a command that changes something.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{Figures, Random, has_its_key, judge, nothing_was_run};
use crate::responses::scene_without_codes;
use crate::rotate::hurry;
use crate::scene::ADD;

const SIGNALS: [Signal; 4] = [Signal::KILL, Signal::INT, Signal::TERM, Signal::HUP];

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let mut scene = scene_without_codes();
    hurry(&mut scene);
    let plain = scene.aws.user("carol").access_key();
    let lines = format!("[carol]\naws_access_key_id = {}\naws_secret_access_key = {}\n", plain.id, plain.secret);
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let again = [ADD, &["--replace"]].concat();
    let commands: [&[&str]; 8] = [
        &again,
        &["import", "carol", "--yes"],
        &["rotate", "bob", "--yes"],
        &["credential-process", "plain"],
        &["profile", "set", "plain", "region", "eu-west-3"],
        &["unlink", "work"],
        &["link", "work"],
        &["clear", "--all"],
    ];
    for _ in 0..8 {
        // A copy of what an import was killed over may lie beside it until the next edit.
        scene.sandbox.may_hold_secrets(".aws");
        scene.sandbox.keyfob(&["remove", "carol", "--yes"]).run();
        scene.sandbox.write(".aws/credentials", &lines);
        let started = scene.sandbox.keyfob(random.pick(&commands)).stdin(&key).start();
        std::thread::sleep(Duration::from_micros(u64::try_from(random.below(250_000)).expect("small")));
        let pid = i32::try_from(started.pid()).ok().and_then(Pid::from_raw).expect("a pid");
        kill_process(pid, random.pick(&SIGNALS)).ok();
        judge(&started.finish(), true, figures);
        nothing_was_run(&scene);
        // What is there is whole, the key in the file is in the file or in the store, and the next command works.
        scene.sandbox.keyfob(&["list", "--json"]).run().json();
        let ran = scene.sandbox.keyfob(&["import", "carol", "--yes"]).run();
        assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
        has_its_key(&scene, "carol");
        has_its_key(&scene, "work");
        scene.sandbox.keyfob(&["rotate", "bob", "--rollback", "--yes"]).run();
        let left = std::fs::read_dir(scene.sandbox.path(".aws")).expect("there").flatten();
        let copies = left.filter(|entry| entry.file_name().to_string_lossy().ends_with(".tmp")).count();
        assert_eq!(copies, 0, "the import has removed them");
    }
}
