//! Many commands on the same files at once.

use super::{Figures, Random, has_its_key, judge, nothing_was_run};
use crate::responses::scene_without_codes;
use crate::rotate::hurry;

const COMMANDS: [&[&str]; 10] = [
    &["credential-process", "plain"],
    &["credential-process", "bob"],
    &["credential-process", "plain"],
    &["rotate", "bob", "--yes"],
    &["rotate", "bob", "--resume"],
    &["clear"],
    &["clear", "--all"],
    &["profile", "set", "plain", "output", "json"],
    &["list", "--json"],
    &["doctor"],
];

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let mut scene = scene_without_codes();
    hurry(&mut scene);
    for _ in 0..2 {
        let started: Vec<_> = (0..8).map(|_| scene.sandbox.keyfob(random.pick(&COMMANDS)).start()).collect();
        for mut one in started {
            if random.below(4) == 0 {
                one.kill();
            }
            judge(&one.finish(), true, figures);
        }
        nothing_was_run(&scene);
    }
    let mut ran = scene.sandbox.keyfob(&["rotate", "bob", "--rollback", "--yes"]).run();
    if let Some(orphan) = ran.stderr.split("--delete-other ").nth(1).and_then(|rest| rest.split(['`', ' ']).next()) {
        ran = scene.sandbox.keyfob(&["rotate", "bob", "--rollback", "--yes", "--delete-other", orphan]).run();
    }
    judge(&ran, false, figures);
    has_its_key(&scene, "bob");
    has_its_key(&scene, "work");
}
