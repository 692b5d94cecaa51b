//! Somebody who can write to keyfob's folders, or restores what was in them.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{Figures, HOSTILE, Random, has_its_key, judge, nothing_was_run};
use crate::responses::scene_without_codes;

const COMMANDS: [&[&str]; 14] = [
    &["list", "--json"],
    &["list"],
    &["show", "bob", "--json"],
    &["explain", "plain"],
    &["doctor"],
    &["doctor", "--fix"],
    &["keys"],
    &["credential-process", "plain"],
    &["credential-process", "bob"],
    &["env", "plain", "--shell", "bash"],
    &["profile", "set", "plain", "region", "eu-west-1"],
    &["import", "--yes"],
    &["link", "plain"],
    &["clear", "--all"],
];

pub(super) fn round(random: &mut Random, figures: &mut Figures) {
    let scene = scene_without_codes();
    scene.sandbox.keyfob(&["credential-process", "plain"]).run().ok();
    scene.sandbox.write("precious", "somebody else's");
    let names = ["config", "credentials"].map(|name| format!(".aws/{name}"));
    let listed = |folder: &str| {
        let entries = fs::read_dir(scene.sandbox.path(folder)).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.path().is_file());
        files.map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy())).collect::<Vec<_>>()
    };
    for _ in 0..12 {
        let mut targets = names.to_vec();
        targets.extend(listed("keyfob/data").into_iter().chain(listed("keyfob/cache")));
        targets.push("keyfob/config.toml".to_owned());
        targets.sort();
        let target = scene.sandbox.path(&targets[random.below(targets.len())]);
        let before = fs::read(&target).ok();
        change(random, &target, before.as_deref(), &scene.sandbox.path("precious"));
        // The attacker's own content is no secret of anybody's, and so is what it was made of.
        scene.sandbox.may_hold_secrets(".aws");
        judge(&scene.sandbox.keyfob(random.pick(&COMMANDS)).run(), false, figures);
        nothing_was_run(&scene);
        assert_eq!(scene.sandbox.read("precious"), "somebody else's", "{}", target.display());
        restore(&target, before.as_deref());
    }
    // With the files as they were, all is as it was.
    has_its_key(&scene, "bob");
    has_its_key(&scene, "work");
}

#[expect(clippy::disallowed_methods, reason = "what an attacker writes")]
fn change(random: &mut Random, target: &Path, before: Option<&[u8]>, precious: &Path) {
    let mut bytes = before.unwrap_or_default().to_vec();
    let place = random.below(bytes.len() + 1);
    fs::remove_file(target).ok();
    match random.below(9) {
        0 => bytes.truncate(place),
        1 => {
            let length = bytes.len();
            for _ in 0..=random.below(8) {
                if length > 0 {
                    bytes[random.below(length)] ^= u8::try_from(1 + random.below(255)).unwrap_or(1);
                }
            }
        }
        2 | 3 => drop(bytes.splice(place..place, random.pick(&HOSTILE).bytes())),
        4 => bytes = random.pick(&HOSTILE).repeat(1 + random.below(5_000)).into_bytes(),
        5 => return symlink(precious, target).expect("linked"),
        6 => return fs::hard_link(precious, target).expect("linked"),
        7 => return fifo(target),
        _ => return fs::create_dir(target).expect("made"),
    }
    fs::write(target, bytes).expect("written");
    fs::set_permissions(target, fs::Permissions::from_mode(0o600)).expect("an own file");
}

fn fifo(target: &Path) {
    let made = std::process::Command::new("mkfifo").arg("-m600").arg(target).status().expect("it is in coreutils");
    assert!(made.success());
}

#[expect(clippy::disallowed_methods, reason = "the file as it was")]
fn restore(target: &Path, before: Option<&[u8]>) {
    let is_folder = target.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    if is_folder { fs::remove_dir_all(target) } else { fs::remove_file(target) }.ok();
    if let Some(before) = before {
        fs::write(target, before).expect("written");
        fs::set_permissions(target, fs::Permissions::from_mode(0o600)).expect("an own file");
    }
}
