//! What a kill at any moment leaves behind: files that are whole, a vault that opens, and a second try that works.

use crate::scene::{ADD, Scene, key_id};
use crate::support::leaks::Shows;
use crate::support::run::kill_at_moments;

/// How often each is killed. The moments are spread over the time a run takes here.
const KILLS: u32 = 15;

#[test]
fn an_add_killed_at_any_moment_is_finished_by_the_next() {
    let scene = Scene::empty();
    let before = "# Ann's own\n[profile other]\nregion = eu-west-1\n";
    scene.sandbox.write(".aws/config", before);
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let add = || scene.sandbox.keyfob(ADD).stdin(&key);
    let prepared = |_| {
        // There is none at first.
        scene.sandbox.keyfob(&["remove", "work", "--yes"]).run();
        scene.sandbox.write(".aws/config", before);
        add()
    };
    kill_at_moments(KILLS, prepared, |kill| {
        // Whole, with Ann's own lines in it, and readable for SDKs and keyfob alike.
        let config = scene.sandbox.read(".aws/config");
        assert!(config.starts_with(before), "kill {kill}:\n{config}");
        assert!(config == before || config.contains(&scene.link("work")), "kill {kill}:\n{config}");
        scene.sandbox.keyfob(&["list", "--json"]).run().json();
        // The same again, without `--replace`.
        add().run().ok();
        let config = scene.sandbox.read(".aws/config");
        assert_eq!(config.matches("[profile work]").count(), 1, "kill {kill}:\n{config}");
    });
    key_id(&scene.credential_process_with_code("work", &scene.phone.code()).json());
}

#[test]
fn a_replacement_killed_at_any_moment_loses_no_key() {
    let scene = Scene::new();
    let second = scene.ann.access_key();
    let keys = [&second, &scene.key].map(|key| format!("{}\n{}\n", key.id, key.secret));
    let arguments = [ADD, &["--replace"]].concat();
    let replace = |turn: u32| scene.sandbox.keyfob(&arguments).stdin(&keys[usize::from(turn % 2 == 1)]);
    kill_at_moments(KILLS, replace, |kill| {
        // Whichever key is the profile's now, it is there and it works.
        let ran = scene.sandbox.keyfob(&["credential-process", "work", "--no-session"]);
        let ran = ran.shows(Shows::Keys).run().json();
        let id = ran["AccessKeyId"].as_str().expect("an id");
        assert!([&second.id, &scene.key.id].iter().any(|known| *known == id), "kill {kill}: {id}");
        replace(kill).run().ok();
    });
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
    let prepared = |_| {
        scene.sandbox.keyfob(&["clear"]).run().ok();
        get()
    };
    kill_at_moments(KILLS, prepared, |_| drop(key_id(&get().run().json())));
}

#[test]
fn a_change_of_passphrase_killed_at_any_moment_leaves_the_old_or_the_new_one() {
    let mut scene = Scene::empty();
    let phrases = ["FAKE-passphrase-one", "FAKE-passphrase-two"];
    for (name, phrase) in [("one", phrases[0]), ("two", phrases[1])] {
        scene.sandbox.keep_secret(phrase, "passphrase");
        scene.sandbox.write(name, &format!("{phrase}\n"));
    }
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    // Each derivation takes a second: fewer kills, and no unlock that is kept.
    scene.sandbox.set("KEYFOB_UNLOCK_TIME", "0s");
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path("one"));
    scene.add(ADD).ok();
    let opens = |name: &str| {
        let run = scene.sandbox.keyfob(&["export", "work", "--force"]);
        run.env("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path(name)).run().code == Some(0)
    };
    let now = std::cell::Cell::new("one");
    let change = |_| {
        let new = if now.get() == "one" { "two" } else { "one" };
        let change = scene.sandbox.keyfob(&["vault", "passphrase", "--new-passphrase-file", new]);
        change.env("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path(now.get()))
    };
    kill_at_moments(4, change, |kill| {
        let (one, two) = (opens("one"), opens("two"));
        assert!(one != two, "kill {kill}: one of the two opens it: {one} {two}");
        now.set(if one { "one" } else { "two" });
    });
}
