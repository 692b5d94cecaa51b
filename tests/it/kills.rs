//! What a kill at any moment leaves behind: files that are whole, a vault that opens, and a second try that works.

use std::time::{Duration, Instant};

use crate::scene::{ADD, Scene, key_id};

/// How often each is killed. The moments are spread over the time a run takes here.
const KILLS: u32 = 15;

#[test]
fn an_add_killed_at_any_moment_is_finished_by_the_next() {
    let scene = Scene::empty();
    let before = "# Ann's own\n[profile other]\nregion = eu-west-1\n";
    scene.sandbox.write(".aws/config", before);
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let add = || scene.sandbox.keyfob(ADD).stdin(&key);
    let started = Instant::now();
    add().run().ok();
    let whole = started.elapsed();
    for kill in 0..KILLS {
        scene.sandbox.keyfob(&["remove", "work", "--yes"]).run().ok();
        scene.sandbox.write(".aws/config", before);
        let mut adding = add().start();
        std::thread::sleep(whole * (kill + 1) / KILLS);
        adding.kill();
        drop(adding);
        // Whole, with Ann's own lines in it, and readable for SDKs and keyfob alike.
        let config = scene.sandbox.read(".aws/config");
        assert!(config.starts_with(before), "kill {kill}:\n{config}");
        assert!(config == before || config.contains(&scene.link("work")), "kill {kill}:\n{config}");
        scene.sandbox.keyfob(&["list", "--json"]).run().json();
        // The same again, without `--replace`.
        add().run().ok();
        let config = scene.sandbox.read(".aws/config");
        assert_eq!(config.matches("[profile work]").count(), 1, "kill {kill}:\n{config}");
    }
    key_id(&scene.credential_process_with_code("work", &scene.phone.code()).json());
}

#[test]
fn a_replacement_killed_at_any_moment_loses_no_key() {
    let scene = Scene::new();
    let second = scene.ann.access_key();
    let keys = [&second, &scene.key].map(|key| format!("{}\n{}\n", key.id, key.secret));
    let arguments = [ADD, &["--replace"]].concat();
    let replace = |turn: usize| scene.sandbox.keyfob(&arguments).stdin(&keys[turn % 2]);
    let started = Instant::now();
    replace(0).run().ok();
    let whole = started.elapsed();
    for kill in 0..KILLS {
        let turn = usize::try_from(kill).expect("small") + 1;
        let mut replacing = replace(turn).start();
        std::thread::sleep(whole * (kill + 1) / KILLS);
        replacing.kill();
        drop(replacing);
        // Whichever key is the profile's now, it is there and it works.
        let ran = scene.sandbox.keyfob(&["credential-process", "work", "--no-session"]);
        let ran = ran.shows(crate::support::leaks::Shows::Keys).run().json();
        let id = ran["AccessKeyId"].as_str().expect("an id");
        assert!([&second.id, &scene.key.id].iter().any(|known| *known == id), "kill {kill}: {id}");
        replace(turn).run().ok();
    }
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
}

#[test]
fn credentials_killed_on_the_way_are_made_by_the_next_run() {
    let scene = Scene::new();
    // No code, so that any number of runs can be made.
    let plain = scene.aws.role("plain").trusts(&scene.ann.arn());
    scene.append(&format!("[profile plain]\nrole_arn = {}\nsource_profile = bare\n", plain.arn()));
    scene.append(&format!("[profile last]\nrole_arn = {}\nsource_profile = plain\n", scene.audit.arn()));
    scene.audit.trusts(&plain.arn());
    scene.edit("[profile last]\n", "[profile last]\nexternal_id = audit-42\n");
    let bare = scene.sandbox.keyfob(&["add", "bare", "--stdin", "--region", "eu-central-1", "--no-link"]);
    bare.stdin(&format!("{}\n{}\n", scene.key.id, scene.key.secret)).run().ok();
    let get = || scene.sandbox.keyfob(&["credential-process", "last"]);
    let started = Instant::now();
    key_id(&get().run().json());
    let whole = started.elapsed().max(Duration::from_millis(15));
    for kill in 0..KILLS {
        scene.sandbox.keyfob(&["clear"]).run().ok();
        let mut getting = get().start();
        std::thread::sleep(whole * (kill + 1) / KILLS);
        getting.kill();
        drop(getting);
        key_id(&get().run().json());
    }
}
