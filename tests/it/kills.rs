//! What a kill at any moment leaves behind: files that are whole, a vault that opens, and a second try that works.

use crate::scene::{ADD, Scene, key_id};
use crate::support::aws::AccessKey;
use crate::support::leaks::Shows;
use crate::support::run::kill_at_moments;
use crate::support::tools;

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

/// The temporary files beside the AWS files and in keyfob's data folder.
fn left(scene: &Scene) -> Vec<String> {
    let names = |folder: &str| std::fs::read_dir(scene.sandbox.path(folder)).into_iter().flatten().flatten();
    let all = [".aws", "keyfob/data", "keyfob"].into_iter().flat_map(names);
    all.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name.ends_with(".tmp")).collect()
}

/// Runs an import, with this signal sent at the `when`th call of one of these kinds; which signal has ended it.
fn import_with_signal(
    scene: &Scene,
    other: &AccessKey,
    strace: &std::path::Path,
    signal: &str,
    calls: &str,
    when: usize,
) -> Option<i32> {
    let section = |name: &str, key: &AccessKey| {
        format!("[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret)
    };
    // One key is moved, and one stays in the file.
    let tutorial = section("default", &scene.key) + &section("other", other);
    scene.sandbox.write(".aws/credentials", &tutorial);
    scene.sandbox.write(".aws/config", "[default]\nregion = eu-west-1\n");
    let inject = format!("inject={calls}:signal={signal}:when={when}");
    let words = ["-f", "-qq", "-o", "/dev/null", "-e", &inject, "keyfob", "import", "default", "--yes"];
    // strace ends as what it has traced.
    scene.sandbox.program(strace, &words).shows(Shows::Nothing).run().signal
}

#[test]
fn neither_a_signal_nor_a_kill_leaves_a_copy_of_a_key() {
    let Some(strace) = tools::require_strace() else { return };
    let scene = Scene::empty();
    let other = scene.ann.access_key();
    let set = |value: &str| {
        scene.sandbox.keyfob(&["profile", "set", "default", "region", value]).run().ok();
    };
    let mut ended = 0;
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        for calls in ["fsync,fdatasync", "rename,renameat,renameat2"] {
            for when in 1..=7 {
                ended += usize::from(import_with_signal(&scene, &other, &strace, signal, calls, when) == Some(number));
                assert_eq!(left(&scene), [""; 0], "SIG{signal} at {calls} {when}");
                // Whole, with or without the key.
                assert!(scene.sandbox.read(".aws/credentials").starts_with("[default]\n"));
                scene.sandbox.keyfob(&["remove", "default", "--yes"]).run();
            }
        }
    }
    assert!(ended >= 12, "signals end it, later: {ended}");
    let mut found = 0;
    for when in 1..=14 {
        import_with_signal(&scene, &other, &strace, "KILL", "rename,renameat,renameat2", when);
        let mut holds_key = false;
        for name in left(&scene) {
            let path = scene.sandbox.path(".aws").join(&name);
            scene.sandbox.may_hold_secrets(&format!(".aws/{name}"));
            holds_key |= std::fs::read_to_string(path).is_ok_and(|text| text.contains("secret_access_key"));
        }
        let report = scene.sandbox.keyfob(&["doctor", "--json"]).run();
        assert_eq!(report.stdout.contains("\"leftover\""), holds_key, "{}", report.stdout);
        found += usize::from(holds_key);
        // The next edit in a folder removes what is in it.
        set("eu-west-2");
        let in_aws = std::fs::read_dir(scene.sandbox.path(".aws")).expect("there").flatten();
        assert!(in_aws.into_iter().all(|entry| !entry.file_name().to_string_lossy().ends_with(".tmp")), "kill {when}");
        scene.sandbox.keyfob(&["remove", "default", "--yes"]).run();
    }
    assert!(found > 0, "no kill has left a copy, so the report was not tried");
}

#[test]
fn what_is_no_leftover_of_ones_own_stays() {
    let scene = Scene::new();
    scene.sandbox.write(".aws/precious", "mine");
    std::os::unix::fs::symlink("precious", scene.sandbox.path(".aws/.keyfob-link.tmp")).expect("linked");
    scene.sandbox.write(".aws/.keyfob-busy.tmp", "");
    let busy = std::fs::File::open(scene.sandbox.path(".aws/.keyfob-busy.tmp")).expect("there");
    busy.lock().expect("locked, as by another keyfob that writes it");
    scene.sandbox.write(".aws/.keyfob-dead.tmp", "");
    scene.sandbox.keyfob(&["profile", "set", "work", "region", "eu-west-3"]).run().ok();
    let stays = |name: &str| scene.sandbox.path(name).symlink_metadata().is_ok();
    let stay = [".aws/.keyfob-link.tmp", ".aws/precious", ".aws/.keyfob-busy.tmp", ".aws/.keyfob-dead.tmp"].map(stays);
    assert_eq!(stay, [true, true, true, false]);
}
