//! What another user of the machine could put in the place of keyfob's folders and of its settings.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::path::Path;

use crate::rotate::hurry;
use crate::scene::{Scene, fails};

#[test]
fn an_own_link_leads_to_a_folder_elsewhere_and_another_users_link_is_not_followed() {
    let mut scene = Scene::empty();
    hurry(&mut scene);
    let make = |folder: &str| {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(scene.sandbox.path(folder)).expect("made");
    };
    let links = ["data", "cache", "data/rotations"].map(|name| {
        let (elsewhere, link) = (format!("disk/{}", name.replace('/', "-")), format!("keyfob/{name}"));
        make(&elsewhere);
        make("keyfob");
        symlink(scene.sandbox.path(&elsewhere), scene.sandbox.path(&link)).expect("linked");
        (elsewhere, link)
    });
    scene.prepare();
    scene.warm();
    scene.sandbox.keyfob(&["rotate", "work", "--yes", "--mfa-code", &scene.phone.code()]).run();
    for (elsewhere, link) in &links {
        assert!(fs::symlink_metadata(scene.sandbox.path(link)).expect("there").is_symlink(), "{link}");
        let files = fs::read_dir(scene.sandbox.path(elsewhere)).expect("a folder");
        assert!(files.count() > 0, "{elsewhere} has what is written to {link}");
    }
    if !rustix::process::geteuid().is_root() {
        return crate::support::tools::skipped("only root can make another user's link");
    }
    let (_, cache) = &links[1];
    lchown(scene.sandbox.path(cache), Some(54_321), None).expect("root may");
    let said = scene.sandbox.keyfob(&["list"]).run().stderr;
    assert!(said.contains("is a symbolic link that belongs to another user"), "{said}");
    let (_, data) = &links[0];
    lchown(scene.sandbox.path(data), Some(54_321), None).expect("root may");
    fails(&scene.credential_process("work"), 5, "is a symbolic link that belongs to another user");
    fails(&scene.add(crate::scene::ADD), 5, "is a symbolic link that belongs to another user");
}

#[test]
fn a_private_config_is_not_written_where_others_could_change_it() {
    let scene = Scene::new();
    scene.warm();
    scene.append(&format!("\n[default]\nregion = eu-central-1\n{}\n", scene.link("deploy")));
    // Somebody who can write to the cache folder leads to folders that look like those of commands that are gone.
    scene.sandbox.write("photos/2019999/one.jpg", "precious");
    symlink(scene.sandbox.path("photos"), scene.sandbox.path("keyfob/cache/servers")).expect("linked");
    let cache = scene.sandbox.path("keyfob/cache");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("an own folder");
    let command = ["exec", "work", "--server", "--hide-default", "--", "true"];
    let said = fails(&scene.sandbox.keyfob(&command).run(), 1, "the private config file cannot be written");
    assert!(said.contains("is writable by other users"), "{said}");
    assert_eq!(scene.sandbox.read("photos/2019999/one.jpg"), "precious");
}

#[test]
fn settings_of_others_are_not_read() {
    let scene = Scene::new();
    let settings = scene.sandbox.write("keyfob/config.toml", "mfa_process = \"touch canary\"\n");
    let set_mode = |mode: u32| fs::set_permissions(&settings, fs::Permissions::from_mode(mode)).expect("an own file");
    let said = |problem: &str| {
        let said = fails(&scene.credential_process("audit"), 6, problem);
        assert!(!scene.sandbox.path("canary").exists(), "{said}");
        said
    };
    set_mode(0o602);
    assert!(said("config.toml is not used: every user can change it").contains("`chmod o-w "));
    if rustix::process::geteuid().is_root() {
        set_mode(0o600);
        lchown(&settings, Some(54_321), None).expect("root may");
        said("config.toml is not used: it belongs to another user");
        lchown(&settings, Some(0), None).expect("root may");
    }
    // As a umask of 002 leaves it.
    set_mode(0o664);
    scene.credential_process("audit");
    assert!(scene.sandbox.path("canary").exists());
}

/// A machine that can be made to use every folder and file of keyfob's: with a role, a seed, another key store, an administrator,
/// and a sign-in to IAM Identity Center.
fn machine() -> Scene {
    let mut scene = Scene::new();
    hurry(&mut scene);
    let team = scene.sandbox.script("team", &crate::stores::program_of_page("#!/usr/bin/env python3"));
    scene.sandbox.may_hold_secrets(".team-store.db");
    let settings = format!("[stores.team]\ncommand = \"'{}'\"\n[serve]\nask = false\n", team.display());
    scene.sandbox.write("keyfob/config.toml", &settings);
    let key = scene.aws.user("admin").may_manage_others().access_key();
    let input = format!("{}\n{}\n", key.id, key.secret);
    let add = ["add", "admin", "--stdin", "--yes", "--region", "eu-west-1"];
    scene.sandbox.keyfob(&add).stdin(&input).run().ok();
    let center = scene.aws.identity_center("https://corp.awsapps.com/start");
    center.account("111122223333", "Sandbox").assign("111122223333", "ReadOnly");
    scene.append("\n[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n");
    let login = scene.sandbox.keyfob(&["login", "corp", "--device"]).start();
    center.approve(&center.user_code());
    login.finish().ok();
    scene
}

/// What uses each folder; none of it gets far where the folder is not the user's alone.
const USES: [(&str, &[&str]); 8] = [
    ("keyfob/data", &["credential-process", "audit"]),
    ("keyfob/data/moves", &["store", "move", "work", "--to", "team", "--yes"]),
    ("keyfob/data/rotations", &["rotate", "work", "--yes"]),
    (
        "keyfob/data/users",
        &["user", "create", "bob", "--group", "x", "--key", "--mfa", "none", "--yes", "--with", "admin"],
    ),
    ("keyfob/data/sso", &["sso", "profiles", "corp", "--plain"]),
    ("keyfob/cache", &["exec", "audit", "--server", "--hide-default", "--", "true"]),
    ("keyfob/cache/servers", &["exec", "audit", "--server", "--hide-default", "--", "true"]),
    ("sockets", &["agent", "--socket", "sockets/agent", "--only", "audit"]),
];

#[test]
fn no_folder_is_used_that_another_user_could_change() {
    let scene = machine();
    let is_root = rustix::process::geteuid().is_root();
    for (folder, command) in USES {
        let path = scene.sandbox.path(folder);
        let refused = |problem: &str| {
            let before = listed(&path);
            scene.aws.advance(30);
            let ran = scene.sandbox.keyfob(command).env("KEYFOB_MFA_CODE", scene.phone.code()).run();
            assert!(ran.code.is_some_and(|code| code != 0) && ran.stderr.contains(problem), "{folder}: {ran:?}");
            assert_eq!(listed(&path), before, "{folder} has what it had");
        };
        keyfob::sys::files::private_dir(&path).expect("made");
        for mode in [0o777, 0o770, 0o702] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("an own folder");
            refused("is writable by other users");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("an own folder");
        if !is_root {
            continue;
        }
        lchown(&path, Some(54_321), None).expect("root may");
        refused("belongs to another user");
        lchown(&path, Some(0), None).expect("root may");
        let aside = scene.sandbox.path("aside");
        fs::rename(&path, &aside).expect("moved");
        symlink(&aside, &path).expect("linked");
        lchown(&path, Some(54_321), None).expect("root may");
        refused("is a symbolic link that belongs to another user");
        fs::remove_file(&path).expect("a link");
        fs::rename(&aside, &path).expect("moved back");
    }
    if !is_root {
        crate::support::tools::skipped("only root can make another user's folders");
    }
}

/// The names in a folder, in order.
fn listed(folder: &Path) -> Vec<std::ffi::OsString> {
    let mut names: Vec<_> = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

/// What uses the files of each folder, beside what makes it.
fn users_of(path: &Path) -> Vec<&'static [&'static str]> {
    let folder = USES.into_iter().filter(|(folder, _)| path.starts_with(folder)).max_by_key(|(folder, _)| folder.len());
    let (folder, command) = folder.expect("a folder of keyfob's");
    match folder {
        "keyfob/data" => {
            vec![command, &["mfa", "add", "work", "--stdin", "--yes"], &["store", "list"], &["clear", "--all"]]
        }
        "keyfob/cache" => {
            vec![command, &["sso", "accounts", "corp"], &["profile", "set", "work", "region", "eu-west-3"]]
        }
        _ => vec![command],
    }
}

#[test]
fn what_another_user_could_have_put_in_the_place_of_any_own_file_gets_nothing() {
    let scene = machine();
    let run = |command: &[&str]| {
        scene.aws.advance(30);
        let (code, seed) = (scene.phone.code(), format!("{}\n", scene.phone.seed()));
        scene.sandbox.keyfob(command).env("KEYFOB_MFA_CODE", code).stdin(&seed).run()
    };
    for (_, command) in USES.into_iter().filter(|(folder, _)| *folder != "sockets") {
        run(command).ok();
    }
    run(&["exec", "audit", "--", "true"]).ok();
    let below = |folder: &'static str| {
        let files = keyfob::sys::folder::files_below(&scene.sandbox.path(folder)).expect("a folder");
        files.into_iter().map(move |file| Path::new(folder).join(file))
    };
    let files: Vec<_> = below("keyfob/data").chain(below("keyfob/cache")).collect();
    for name in ["index.json", "vault.age", "log.jsonl", "rotations", "moves", "users", "sso", ".sign-in", ".session"] {
        assert!(files.iter().any(|file| file.to_string_lossy().contains(name)), "no {name} in {files:?}");
    }
    let precious = scene.sandbox.write("precious", "FILE OF ANN");
    let is_root = rustix::process::geteuid().is_root();
    for file in files {
        let path = scene.sandbox.path(&file.to_string_lossy());
        let before = fs::read(&path).unwrap_or_default();
        for command in users_of(&file) {
            fs::remove_file(&path).ok();
            symlink(&precious, &path).expect("linked");
            run(command);
            assert_eq!(scene.sandbox.read("precious"), "FILE OF ANN", "{} by {command:?}", file.display());
            fs::remove_file(&path).ok();
            keyfob::sys::files::replace(&path, &before).expect("as it was");
            if !is_root {
                continue;
            }
            lchown(&path, Some(54_321), None).expect("root may");
            let theirs = fs::metadata(&path).expect("there");
            run(command);
            let Ok(after) = fs::metadata(&path) else { continue };
            let is_as_it_was = after.ino() == theirs.ino() && fs::read(&path).expect("there") == before;
            assert!(is_as_it_was || after.uid() == 0, "{} by {command:?}", file.display());
        }
        fs::remove_file(&path).ok();
        keyfob::sys::files::replace(&path, &before).expect("as it was");
    }
}
