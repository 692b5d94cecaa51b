//! Moving keys between stores: nothing is ever lost, and in the end nothing is left behind.

use std::collections::BTreeSet;

use serde_json::Value;

use super::program_of_page;
use crate::scene::{Scene, fails, key_id};
use crate::support::leaks::Shows;
use crate::support::run::{Invocation, Ran, kill_at_moments, soak};
use crate::support::vault;

/// Ann's key and seed in the vault, and the programs `team` and `other` to move them to. Each call of a program adds a line to
/// `calls`; the one whose number is in `kill-at` first ends keyfob as `kill -9` does.
pub fn scene() -> Scene {
    let mut scene = Scene::new();
    let body = program_of_page("#!/usr/bin/env python3");
    let count = "calls = os.path.expanduser('~/calls'); open(calls, 'a').write('call\\n'); at = os.path.expanduser('~/kill-at')\n\
                 if os.path.exists(at) and len(open(calls).readlines()) == int(open(at).read()): os.kill(os.getppid(), 9)";
    let body = body.replacen("\npath = ", &format!("\n{count}\npath = "), 1);
    let mut config = String::new();
    for name in ["team", "other"] {
        let script = scene.sandbox.script(name, &body.replace(".team-store.db", &format!("{name}.db")));
        config += &format!("[stores.{name}]\ncommand = \"'{}'\"\n", script.display());
        scene.sandbox.may_hold_secrets(&format!("{name}.db"));
    }
    scene.sandbox.write("keyfob/config.toml", &config);
    let seed = scene.phone.seed();
    let add = ["mfa", "add", "work", "--stdin", "--no-verify", "--yes"];
    scene.sandbox.keyfob(&add).stdin(&format!("{seed}\n")).run().ok();
    scene.sandbox.always_with(&[]);
    if soak() {
        // Beside other work at the lowest priority, a program may take longer than anybody would wait for.
        scene.sandbox.set("KEYFOB_PROGRAM_TIMEOUT", "2m");
        scene.sandbox.set("KEYFOB_KEY_STORE_TIMEOUT", "2m");
    }
    scene
}

pub fn moving<'s>(scene: &'s Scene, words: &[&str]) -> Invocation<'s> {
    scene.sandbox.keyfob(&[&["store", "move"], words].concat())
}

/// The items in the database of a program.
fn items(scene: &Scene, program: &str) -> BTreeSet<String> {
    let read = "import os, sqlite3, sys; path = os.path.expanduser(sys.argv[1]); \
                rows = sqlite3.connect(path).execute('SELECT name FROM secrets') if os.path.exists(path) else []; \
                print('\\n'.join(row[0] for row in rows))";
    let ran = scene.sandbox.program("python3", &["-c", read, &format!("~/{program}.db")]).run();
    ran.ok().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn both(scene: &Scene) -> BTreeSet<String> {
    [format!("access-key/{}", scene.key.id), format!("totp-seed/{}", scene.phone.serial())].into()
}

/// Where the index has the key and the seed.
pub fn places(scene: &Scene) -> [String; 2] {
    let index: Value = serde_json::from_str(&scene.sandbox.read("keyfob/data/index.json")).expect("JSON");
    let place = |value: &Value| value.as_str().expect("a name").to_owned();
    assert_eq!(index["profiles"]["work"]["backend"], index["keys"][&scene.key.id]["backend"]);
    [place(&index["profiles"]["work"]["backend"]), place(&index["seeds"][scene.phone.serial()]["backend"])]
}

/// Whether key and seed come out of their stores.
#[track_caller]
pub fn works(scene: &Scene) {
    let exported = scene.sandbox.keyfob(&["export", "work", "--force"]).shows(Shows::Keys).run();
    assert_eq!(exported.ok(), format!("{}\n{}\n", scene.key.id, scene.key.secret));
    let code = scene.sandbox.keyfob(&["mfa", "code", "work"]).shows(Shows::Codes).run();
    assert_eq!(code.ok().trim().len(), 6, "{code:?}");
}

pub fn moves(scene: &Scene) -> usize {
    let names = std::fs::read_dir(scene.sandbox.path("keyfob/data/moves")).into_iter().flatten().flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".json")).count()
}

#[test]
fn a_key_and_its_seed_are_moved_and_deleted_where_they_were() {
    let scene = scene();
    let before = key_id(&scene.credential_process("audit").json());
    let ran = moving(&scene, &["work", "--to", "team", "--yes", "--json"]).run();
    let report = ran.json();
    let moved: BTreeSet<String> = report["moved"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|done| {
            assert_eq!(
                (&done["from"], &done["to"], &done["deleted"]),
                (&"vault".into(), &"program:team".into(), &true.into())
            );
            done["item"].as_str().expect("a name").to_owned()
        })
        .collect();
    assert_eq!((report["version"].as_u64(), &moved), (Some(1), &both(&scene)));
    assert!(ran.stderr.contains("both factors of `work`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("the next use creates new sessions"), "{}", ran.stderr);
    assert_eq!((items(&scene, "team"), moves(&scene)), (both(&scene), 0));
    assert_eq!(places(&scene), ["program:team", "program:team"]);
    works(&scene);
    assert_ne!(key_id(&scene.credential_process("audit").json()), before, "sessions are sealed with another key now");
    // Nothing is in the vault any more: with its items, the same key would be found there.
    moving(&scene, &["--all", "--to", "vault", "--yes"]).run().ok();
    assert_eq!((items(&scene, "team"), places(&scene)), (BTreeSet::new(), ["vault", "vault"].map(str::to_owned)));
    works(&scene);
}

#[test]
fn nothing_is_moved_without_confirmation_or_to_a_store_that_does_not_work() {
    let scene = scene();
    let stderr = fails(&moving(&scene, &["work", "--to", "team"]).run(), 3, "confirmation to move keys");
    assert!(stderr.contains("store move work --to team --yes"), "{stderr}");
    fails(&moving(&scene, &["work", "--to", "op", "--yes"]).run(), 5, "`op` is not installed");
    fails(&moving(&scene, &["work", "--to", "nowhere", "--yes"]).run(), 2, "`nowhere` is not a key store");
    let stderr = fails(&moving(&scene, &["audit", "--to", "team", "--yes"]).run(), 1, "`audit` has no stored key");
    assert!(stderr.contains("keyfob store move work --to program:team"), "{stderr}");
    assert_eq!((items(&scene, "team"), places(&scene)), (BTreeSet::new(), ["vault", "vault"].map(str::to_owned)));
    let ran = moving(&scene, &["work", "--to", "vault", "--yes"]).run();
    assert!(ran.stderr.contains("nothing to move") && ran.code == Some(0), "{ran:?}");
    works(&scene);
}

#[test]
fn two_names_of_one_place_lose_neither_key_nor_seed() {
    let scene = scene();
    let config = scene.sandbox.read("keyfob/config.toml");
    let team =
        config.split("[stores.team]\n").nth(1).and_then(|rest| rest.lines().next()).expect("its command").to_owned();
    let keyfob = format!("{} store serve --backend vault", crate::KEYFOB);
    let more = format!("[stores.alias]\n{team}\n[stores.self]\ncommand = \"{keyfob}\"\n[serve]\nask = false\n");
    scene.sandbox.write("keyfob/config.toml", &format!("{config}{more}"));
    // This machine's own vault, by way of a program.
    let ran = moving(&scene, &["--all", "--to", "program:self", "--yes"]).run();
    assert!(ran.ends_with(0).contains("are the same place"), "{}", ran.stderr);
    works(&scene);
    moving(&scene, &["--all", "--to", "vault", "--yes"]).run().ends_with(0);
    works(&scene);
    // Two names of one program.
    moving(&scene, &["--all", "--to", "program:team", "--yes"]).run().ok();
    let ran = moving(&scene, &["--all", "--to", "program:alias", "--yes"]).run();
    assert!(ran.ends_with(0).contains("are the same place"), "{}", ran.stderr);
    works(&scene);
    assert_eq!((items(&scene, "team"), moves(&scene)), (both(&scene), 0));
    // The same by storing key and seed again.
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let add = ["add", "work", "--stdin", "--replace", "--yes", "--backend", "program:team"];
    let ran = scene.sandbox.keyfob(&add).stdin(&key).run();
    assert!(ran.ends_with(0).contains("are the same place"), "{}", ran.stderr);
    works(&scene);
    let seed = format!("{}\n", scene.phone.seed());
    let add = ["mfa", "add", "work", "--stdin", "--no-verify", "--yes", "--backend", "program:team"];
    scene.sandbox.keyfob(&add).stdin(&seed).run().ok();
    works(&scene);
}

#[test]
fn a_move_names_the_other_profiles_that_it_moves_the_key_of() {
    let scene = scene();
    let warning = |ran: &Ran| -> Vec<String> {
        let lines = ran.stderr.lines().filter(|line| line.contains("use the access key"));
        lines.map(str::to_owned).collect()
    };
    scene.sandbox.keyfob(&["profile", "copy", "work", "work-us"]).run().ok();
    let shown = format!("****{}", &scene.key.id[scene.key.id.len() - 4..]);
    let expected = format!("warning: other profiles use the access key {shown} too, and move with it: `work-us`");
    assert_eq!(
        warning(&moving(&scene, &["work", "--to", "team"]).run()),
        std::slice::from_ref(&expected),
        "asked by nobody"
    );
    let ran = moving(&scene, &["work", "--to", "team", "--yes"]).run();
    assert_eq!((ran.code, warning(&ran)), (Some(0), vec![expected]), "{}", ran.stderr);
    for words in [&["work", "work-us"][..], &["--all"]] {
        let ran = moving(&scene, &[words, &["--to", "other", "--yes"]].concat()).run();
        assert_eq!((ran.code, warning(&ran)), (Some(0), Vec::new()), "{words:?}: {}", ran.stderr);
        moving(&scene, &["--all", "--to", "team", "--yes"]).run().ok();
    }
}

#[test]
fn a_seed_may_stay_and_so_may_a_copy() {
    let scene = scene();
    moving(&scene, &["work", "--to", "team", "--yes", "--no-seeds", "--keep"]).run().ok();
    assert_eq!(places(&scene), ["program:team", "vault"]);
    assert_eq!(items(&scene, "team").len(), 1);
    // The copy in the vault is what it was, so that nothing has to be written to come back.
    moving(&scene, &["work", "--to", "vault", "--yes"]).run().ok();
    assert_eq!((items(&scene, "team").len(), places(&scene)), (0, ["vault", "vault"].map(str::to_owned)));
    works(&scene);
}

#[test]
fn a_target_that_loses_what_it_is_given_never_gets_the_key() {
    let scene = scene();
    let script = scene.sandbox.read("team").replace("[name, request[\"secret\"]]", "[name, request[\"secret\"][:-4]]");
    scene.sandbox.script("team", &script);
    let stderr = fails(&moving(&scene, &["work", "--to", "team", "--yes"]).run(), 5, "returned another secret");
    assert!(stderr.contains("keyfob store move --resume"), "{stderr}");
    assert_eq!(places(&scene), ["vault", "vault"]);
    works(&scene);
    assert!(scene.sandbox.keyfob(&["doctor"]).run().stdout.contains("was interrupted"));
    // Another target is the way out.
    moving(&scene, &["work", "--to", "other", "--yes"]).run().ok();
    assert_eq!((items(&scene, "other"), moves(&scene)), (both(&scene), 0));
    works(&scene);
}

/// Has `program` do this to each secret that it returns, from the `after`-th on.
fn returning(scene: &Scene, program: &str, after: usize, change: &str) -> String {
    let script = scene.sandbox.read(program);
    let count = "rot = os.path.expanduser('~/rot'); open(rot, 'a').write('x')";
    let spoilt = format!(
        "{count}\n    answer[\"secret\"] = found[0]\n    if len(open(rot).read()) >= {after}: answer[\"secret\"] = found[0]{change}"
    );
    scene.sandbox.script(program, &script.replace("answer[\"secret\"] = found[0]", &spoilt));
    scene.sandbox.write("rot", "");
    script
}

#[test]
fn a_store_that_returns_something_else_neither_gets_nor_loses_the_key() {
    let scene = scene();
    moving(&scene, &["work", "--to", "team", "--yes", "--no-seeds"]).run().ok();
    for (change, why) in [
        ("[:40]", "is not an access key that keyfob stored"),
        (".replace(name.split('/')[1], 'AKIAFAKEFAKEFAKEFAKE')", "contains a different key"),
        (".replace('\"version\":1', '\"version\":2')", "was written by a newer version"),
    ] {
        let good = returning(&scene, "team", 1, change);
        fails(&moving(&scene, &["work", "--to", "vault", "--yes", "--no-seeds"]).run(), 5, why);
        scene.sandbox.script("team", &good);
        assert_eq!((places(&scene), items(&scene, "team").len()), (["program:team", "vault"].map(str::to_owned), 1));
        works(&scene);
    }
    moving(&scene, &["--resume"]).run().ok();
    let in_vault = || vault::items(&scene.sandbox).keys().any(|name| name.starts_with("access-key/"));
    assert!(in_vault() && items(&scene, "team").is_empty());
    // The target shows it once as it was stored, and then no more.
    let good = returning(&scene, "other", 2, ".replace('secret_access_key\":\"', 'secret_access_key\":\"x')");
    let moved = moving(&scene, &["work", "--to", "other", "--yes", "--no-seeds"]).run();
    fails(&moved, 5, "does not return");
    assert!(in_vault() && items(&scene, "other").len() == 1, "nothing is deleted");
    scene.sandbox.script("other", &good);
    moving(&scene, &["--resume"]).run().ok();
    assert_eq!((in_vault(), places(&scene)[0].as_str(), moves(&scene)), (false, "program:other", 0));
    works(&scene);
}

#[test]
fn a_move_killed_at_any_call_of_the_program_is_finished_by_the_next() {
    let scene = scene();
    let (mut killed, mut at) = (0, 1);
    loop {
        moving(&scene, &["--all", "--to", "vault", "--yes"]).run().ok();
        scene.sandbox.write("calls", "");
        scene.sandbox.write("kill-at", &at.to_string());
        let was_killed = moving(&scene, &["work", "--to", "team", "--yes"]).run().was_killed();
        scene.sandbox.program("rm", &["kill-at"]).run().ok();
        works(&scene);
        if !was_killed {
            break;
        }
        let next = if at % 2 == 0 { vec!["--resume"] } else { vec!["work", "--to", "team", "--yes"] };
        moving(&scene, &next).run().ok();
        // The other item was not begun.
        moving(&scene, &["work", "--to", "team", "--yes"]).run().ok();
        assert_eq!((items(&scene, "team"), moves(&scene)), (both(&scene), 0), "kill {at}");
        assert_eq!(places(&scene), ["program:team", "program:team"], "kill {at}");
        works(&scene);
        (killed, at) = (killed + 1, at + 1);
    }
    assert!(killed >= 7, "{killed} kills");
}

#[test]
fn a_move_killed_at_any_moment_loses_nothing() {
    let scene = scene();
    let there = std::cell::Cell::new("vault");
    let prepared = |_| {
        there.set(if there.get() == "vault" { "program:team" } else { "vault" });
        moving(&scene, &["work", "--to", there.get(), "--yes"])
    };
    kill_at_moments(if soak() { 300 } else { 15 }, prepared, |kill| {
        works(&scene);
        moving(&scene, &["work", "--to", there.get(), "--yes"]).run().ok();
        assert_eq!((places(&scene), moves(&scene)), ([there.get(), there.get()].map(str::to_owned), 0), "kill {kill}");
        let expected = if there.get() == "vault" { BTreeSet::new() } else { both(&scene) };
        assert_eq!(items(&scene, "team"), expected, "kill {kill}");
        works(&scene);
    });
}

#[test]
fn two_moves_at_once_leave_each_item_in_one_store() {
    let scene = scene();
    for round in 0..if soak() { 300 } else { 6 } {
        let targets = if round % 2 == 0 { ["team", "other"] } else { ["team", "team"] };
        let running: Vec<_> = targets.map(|to| moving(&scene, &["work", "--to", to, "--yes"]).start()).into();
        for ran in running.into_iter().map(|running| running.finish()) {
            // One of them may find the other at it.
            assert!(ran.code == Some(0) || ran.stderr.contains(" is moving "), "{ran:?}");
        }
        moving(&scene, &["--resume"]).run().ok();
        let (team, other) = (items(&scene, "team"), items(&scene, "other"));
        let apart: BTreeSet<String> = team.union(&other).cloned().collect();
        assert_eq!((apart, team.intersection(&other).count()), (both(&scene), 0), "round {round}");
        works(&scene);
        moving(&scene, &["--all", "--to", "vault", "--yes"]).run().ok();
    }
}

#[test]
fn a_use_during_a_move_finds_the_key_where_it_is_now() {
    let scene = scene();
    let mut moving_there = moving(&scene, &["work", "--to", "team", "--yes", "--no-seeds"]).start();
    let mut uses = 0;
    while moving_there.is_running() {
        works(&scene);
        uses += 1;
    }
    moving_there.finish().ok();
    assert!(uses > 0);
    works(&scene);
}

#[test]
fn a_key_that_is_being_rotated_stays_until_that_is_finished() {
    let mut scene = scene();
    crate::rotate::hurry(&mut scene);
    scene.sandbox.keyfob(&["rotate", "work", "--yes"]).run().ok();
    let stderr = fails(&moving(&scene, &["--all", "--to", "team", "--yes"]).run(), 1, "is not finished");
    assert!(stderr.contains("keyfob rotate work --finish"), "{stderr}");
    scene.sandbox.keyfob(&["rotate", "work", "--finish", "--force"]).run().ok();
    moving(&scene, &["--all", "--to", "team", "--yes"]).run().ok();
    assert_eq!(places_of_any_key(&scene), BTreeSet::from(["program:team".to_owned()]));
}

fn places_of_any_key(scene: &Scene) -> BTreeSet<String> {
    let index: Value = serde_json::from_str(&scene.sandbox.read("keyfob/data/index.json")).expect("JSON");
    let keys = index["keys"].as_object().expect("keys").values();
    keys.map(|key| key["backend"].as_str().expect("a name").to_owned()).collect()
}
