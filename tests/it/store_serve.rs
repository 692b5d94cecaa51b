//! `store serve`: one keyfob's key store for another, each with a home of its own.

use std::ffi::OsStr;
use std::path::Path;

use crate::KEYFOB;
use crate::scene::{ADD, Scene, fails, key_id};
use crate::support::leaks::Shows;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::sshd::Sshd;

/// A program that takes the request to the scene's keyfob, with nothing but that one's environment.
fn reach(scene: &Scene, options: &str) -> String {
    let variables = scene.sandbox.env().iter().filter(|(name, _)| *name != "AWS_ENDPOINT_URL");
    let variables: Vec<String> =
        variables.map(|(name, value)| format!("'{}={}'", name.display(), value.display())).collect();
    format!("#!/bin/sh\nexec env -i {} keyfob store serve {options}\n", variables.join(" "))
}

/// A machine whose keys go to the scene's key store.
fn remote(scene: &Scene, options: &str) -> Sandbox {
    let mut remote = Sandbox::new(KEYFOB, &scene.aws);
    let program = remote.script("bin/host-keyfob", &reach(scene, options));
    let settings = format!("[stores.host]\ncommand = \"'{}'\"\n", program.display());
    remote.write("keyfob/config.toml", &settings);
    remote.set("KEYFOB_BACKEND", "program:host");
    remote
}

fn serve(scene: &Scene, settings: &str) {
    scene.sandbox.write("keyfob/config.toml", settings);
}

fn add(scene: &Scene, remote: &Sandbox) -> Ran {
    remote.keyfob(ADD).stdin(&format!("{}\n{}\n", scene.key.id, scene.key.secret)).run()
}

#[test]
fn a_key_of_one_keyfob_is_kept_by_another_and_read_only_when_it_signs() {
    let scene = Scene::empty();
    serve(&scene, "[serve]\nask = false\n");
    let remote = remote(&scene, "");
    add(&scene, &remote).ok();
    assert!(!remote.path("keyfob/data/vault.age").exists());
    let code = scene.phone.code();
    let work = remote.keyfob(&["credential-process", "work"]).env("KEYFOB_MFA_CODE", code).run().json();
    key_id(&work);
    let listed = scene.sandbox.keyfob(&["store", "serve"]).stdin("{\"version\":1,\"action\":\"list\"}").run();
    assert_eq!(listed.ok(), format!("{{\"version\":1,\"names\":[\"access-key/{}\"]}}\n", scene.key.id));
    // Out of reach: the cached session is served, and nothing else.
    remote.script("bin/host-keyfob", "#!/bin/sh\nexit 1\n");
    let again = remote.keyfob(&["credential-process", "work"]).run().json();
    assert_eq!(key_id(&again), key_id(&work));
    remote.script("bin/host-keyfob", &reach(&scene, ""));
    let report = remote.keyfob(&["store", "check", "host", "--json"]).run().json();
    let bad: Vec<_> =
        report["checks"].as_array().expect("a list").iter().filter(|one| one["status"] != "pass").collect();
    assert!(bad.is_empty(), "{bad:?}");
    remote.keyfob(&["remove", "work", "--yes"]).run().ok();
    let listed = scene.sandbox.keyfob(&["store", "serve"]).stdin("{\"version\":1,\"action\":\"list\"}").run();
    assert_eq!(listed.ok(), "{\"version\":1,\"names\":[]}\n");
}

#[test]
fn the_key_store_is_reached_over_ssh_as_the_page_has_it() {
    let scene = Scene::empty();
    let Some(server) = Sshd::start(&scene.sandbox) else { return };
    serve(&scene, "[serve]\nask = false\n");
    let there = scene.sandbox.script("on-the-laptop", &reach(&scene, ""));
    let remote = remote(&scene, "");
    let words = server.words(&["root@127.0.0.1", there.to_str().expect("UTF-8")]);
    remote.write("keyfob/config.toml", &format!("[stores.host]\ncommand = \"ssh {}\"\n", words.join(" ")));
    add(&scene, &remote).ok();
    let code = scene.phone.code();
    key_id(&remote.keyfob(&["credential-process", "work"]).env("KEYFOB_MFA_CODE", code).run().json());
    let listed = scene.sandbox.keyfob(&["store", "serve"]).stdin("{\"version\":1,\"action\":\"list\"}").run();
    assert!(listed.ok().contains(&scene.key.id), "{listed:?}");
    drop(server);
    remote.keyfob(&["clear"]).run().ok();
    let ran = remote.keyfob(&["credential-process", "work", "--mfa-code", "123456"]).run();
    fails(&ran, 5, "Connection refused");
}

#[test]
fn limits_of_the_serving_side_hold_whatever_is_asked_for() {
    let scene = Scene::new();
    serve(&scene, "[serve]\nask = false\nget_only = true\nonly = [\"access-key/*\"]\n");
    let remote = remote(&scene, "--only '*'");
    fails(&add(&scene, &remote), 5, "`set` is not served, only `get`");
    let ask = |text: &str, shows: Shows| scene.sandbox.keyfob(&["store", "serve"]).stdin(text).shows(shows).run();
    let get = |name: &str| format!("{{\"version\":1,\"action\":\"get\",\"name\":\"{name}\"}}\n");
    let key = format!("access-key/{}", scene.key.id);
    let told = ask(&[get(&key), get("sealing-key"), get("totp-seed/x")].concat(), Shows::Keys);
    let lines: Vec<&str> = told.ok().lines().collect();
    assert!(lines[0].contains(&scene.key.secret) && lines.len() == 3, "{lines:?}");
    assert!(lines[1..].iter().all(|line| line.contains("\"error\":\"not-found\"")), "{lines:?}");
    let narrowed = scene.sandbox.keyfob(&["store", "serve"]).env("KEYFOB_NARROW", "[\"read_only\"]").run();
    fails(&narrowed, 2, "`store serve` is not available here");
    for (text, says) in [
        ("[serve]\nonly = 5\n", "config.toml:2: `[serve]`: invalid type"),
        ("\n[serve]\nasks = false\n", "config.toml:3: `[serve]`: unknown field `asks`"),
    ] {
        serve(&scene, text);
        fails(&ask("", Shows::Nothing), 6, says);
    }
}

#[test]
fn without_an_answer_nothing_is_given_and_yes_is_an_answer_of_a_window_only() {
    let mut scene = Scene::new();
    let remote = remote(&scene, "");
    let get = format!("{{\"version\":1,\"action\":\"get\",\"name\":\"access-key/{}\"}}\n", scene.key.id);
    let asked = |scene: &Scene| scene.sandbox.keyfob(&["store", "serve"]).stdin(&get).shows(Shows::Keys).run();
    let denied = asked(&scene);
    assert!(denied.ok().contains("\"error\":\"denied\",\"message\":\"nobody can be asked"), "{denied:?}");
    fails(&add(&scene, &remote), 5, "nobody can be asked");
    fails(&scene.sandbox.keyfob(&["store", "serve", "--yes"]).stdin(&get).run(), 2, "unexpected argument");
    for (answer, given) in [("echo OK", true), ("echo 'ERR 83886194 Not confirmed'", false), ("exit", false)] {
        let script = format!(
            "#!/bin/sh\necho OK ready\nwhile read -r verb rest; do\n  echo \"$verb $rest\" >>\"$HOME/said\"\n  case $verb in\n    \
             CONFIRM) {answer} ;;\n    BYE) echo OK; exit ;;\n    *) echo OK ;;\n  esac\ndone\n"
        );
        let program = scene.sandbox.script("bin/pinentry-fake", &script);
        scene.sandbox.set("KEYFOB_PINENTRY", program);
        let told = asked(&scene);
        assert_eq!(told.ok().contains(&scene.key.secret), given, "{answer}");
        assert_eq!(told.stdout.contains("\"error\":\"denied\""), !given, "{answer}");
    }
    let said = scene.sandbox.read("said");
    assert!(said.contains(&format!("wants to read `access-key/{}`", scene.key.id)), "{said}");
    assert!(Path::new(&scene.sandbox.path("said")).exists() && !said.contains(&scene.key.secret));
}

#[test]
fn without_a_pinentry_a_dialog_of_the_desktop_asks() {
    let mut scene = Scene::new();
    let get = format!("{{\"version\":1,\"action\":\"get\",\"name\":\"access-key/{}\"}}\n", scene.key.id);
    // Nobody can see it: a pinentry that is installed cannot open its window there.
    scene.sandbox.set("DISPLAY", ":9");
    let path =
        format!("{}:{}", scene.sandbox.path("dialogs").display(), scene.sandbox.env()[OsStr::new("PATH")].display());
    for (program, says) in [
        ("exit 0", None),
        ("exit 1", Some("it was declined")),
        ("echo 'cannot open display: :9' >&2; exit 1", Some("nobody can be asked: no dialog could be shown")),
        ("exit 5", Some("nobody can be asked: no dialog could be shown")),
    ] {
        scene.sandbox.script("dialogs/zenity", &format!("#!/bin/sh\necho \"$*\" >\"$HOME/said\"\n{program}\n"));
        let told = scene.sandbox.keyfob(&["store", "serve"]).env("PATH", &path).stdin(&get).shows(Shows::Keys).run();
        assert_eq!(told.ok().contains(&scene.key.secret), says.is_none(), "{program}");
        assert!(
            says.is_none_or(|says| told.stdout.contains(&format!("\"error\":\"denied\",\"message\":\"{says}"))),
            "{told:?}"
        );
        let said = scene.sandbox.read("said");
        assert!(said.contains(&format!("wants to read `access-key/{}`", scene.key.id)), "{said}");
    }
}
