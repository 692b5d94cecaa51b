//! Key stores that are other programs: the protocol, with the programs of docs/stores.md, and the recipes.

pub mod moves;
mod recipes;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::{ADD, Scene, fails, key_id};
use crate::support::leaks::{Shows, holds};
use crate::support::run::Ran;
use crate::support::tools;

/// The blocks of docs/stores.md with a program in them.
pub fn program_of_page(beginning: &str) -> String {
    let page = include_str!("../../../docs/stores.md");
    let mut blocks = page.split("```").skip(1).step_by(2).filter_map(|block| Some(block.split_once('\n')?.1));
    blocks.find(|block| block.starts_with(beginning)).unwrap_or_else(|| panic!("no {beginning}")).to_owned()
}

/// A scene whose keys go to the program `team`, which is `script`. There is no keychain and no vault.
fn scene_with(script: &str) -> Scene {
    let mut scene = Scene::empty();
    let program = scene.sandbox.script("team-store", script);
    let before = format!("program_timeout = \"20s\"\n[stores.team]\ncommand = \"'{}' --quiet\"\n", program.display());
    scene.sandbox.write("keyfob/config.toml", &before);
    scene.sandbox.set("KEYFOB_BACKEND", "program:team");
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    // It is the program's affair what is in its files.
    for file in [".team-store.db", "state.json"] {
        scene.sandbox.may_hold_secrets(file);
    }
    scene
}

/// The Python program of the page, which also writes a line for each of its calls, `sleeping` first.
fn counting(sleeping: &str) -> String {
    let body = program_of_page("#!/usr/bin/env python3");
    let log = "import time; open(os.path.expanduser('~/calls'), 'a').write('call\\n')";
    body.replacen("\npath = ", &format!("\n{log}; time.sleep({sleeping})\npath = "), 1)
}

fn calls(scene: &Scene) -> usize {
    scene.sandbox.read("calls").lines().count()
}

fn check(scene: &Scene, store: &str) -> Ran {
    scene.sandbox.keyfob(&["store", "check", store, "--json"]).run()
}

/// All checks passed, and none was left out.
#[track_caller]
fn passes(ran: &Ran) {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let checks = report["checks"].as_array().expect("a list");
    let bad: Vec<_> = checks.iter().filter(|check| check["status"] != "pass").collect();
    assert!(bad.is_empty() && checks.len() == 12, "{bad:#?}");
    ran.ends_with(0);
}

#[test]
fn the_programs_of_the_page_do_what_keyfob_needs() {
    passes(&check(&scene_with(&program_of_page("#!/usr/bin/env python3")), "team"));
    let (Some(_), Some(_)) = (tools::require("age-keygen"), tools::require("jq")) else { return };
    let scene = scene_with(&program_of_page("#!/bin/sh"));
    let keygen = scene.sandbox.program("age-keygen", &["-o", ".team-key.txt"]);
    keygen.shows(Shows::Keys).run().ok();
    scene.sandbox.program("mkdir", &["-m", "700", ".team-store"]).run().ok();
    passes(&check(&scene, "program:team"));
    let left = std::fs::read_dir(scene.sandbox.path(".team-store")).expect("there").count();
    assert_eq!(left, 0, "the check cleans up");
    // A key of Ann's goes there and comes back.
    scene.prepare();
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
}

#[test]
fn a_cached_session_never_calls_the_program() {
    let scene = scene_with(&counting("1"));
    scene.prepare();
    let code = scene.phone.code();
    let first = key_id(&scene.credential_process_with_code("deploy", &code).json());
    let before = calls(&scene);
    assert!(before > 0);
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(key_id(&scene.credential_process("deploy").json()), first);
        scene.sandbox.keyfob(&["list", "--json"]).run().json();
        scene.sandbox.keyfob(&["explain", "audit"]).run().ok();
    }
    assert_eq!(calls(&scene), before, "the program was called for what is cached");
    assert!(started.elapsed() < Duration::from_secs(10), "15 runs took {:?}", started.elapsed());
    // One more hop over the same session asks AWS, and not the program.
    key_id(&scene.credential_process("audit").json());
    assert_eq!(calls(&scene), before);
}

#[test]
fn a_cached_session_prepares_the_kernel_keyring_once_for_all_names_it_looks_for() {
    let Some(strace) = tools::require_strace() else { return };
    if let Err(refused) = keyfob::sys::kernel_keyring::get("keyfob:test") {
        return tools::skipped(&refused.to_string());
    }
    let scene = scene_with(&counting("0"));
    scene.prepare();
    key_id(&scene.credential_process_with_code("deploy", &scene.phone.code()).json());
    let before = calls(&scene);
    let traced = ["-f", "-qq", "-o", "trace", "-e", "trace=keyctl,readlink,readlinkat", "keyfob"];
    let ran = scene.sandbox.program(&strace, &[&traced[..], &["credential-process", "deploy"]].concat()).run();
    key_id(&ran.json());
    assert_eq!(calls(&scene), before, "it is cached");
    let trace = scene.sandbox.read("trace");
    let count = |call: &str| trace.lines().filter(|line| line.contains(call)).count();
    // There is no keychain and no vault, so their names are looked for before the one that only the kernel holds.
    let searched = count("KEYCTL_SEARCH");
    assert!(searched > 1, "{trace}");
    assert_eq!((count("KEYCTL_GET_KEYRING_ID"), count("KEYCTL_LINK"), count("KEYCTL_READ")), (2, 1, 1), "{trace}");
    let mut links: Vec<&str> =
        trace.lines().filter_map(|line| line.split_once("readlink")?.1.split('"').nth(1)).collect();
    let all = links.len();
    links.sort_unstable();
    links.dedup();
    assert_eq!(links.len(), all, "a part of the data folder's path was resolved twice: {trace}");
}

/// A program that answers everything with this, and ends like that.
fn answering(answer: &str, more: &str) -> Scene {
    scene_with(&format!("#!/bin/sh\ncat >/dev/null\nprintf '%s' '{answer}'\n{more}\n"))
}

#[test]
fn each_failure_of_a_program_has_its_message_exit_code_and_hint() {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let error = |kind: &str, message: &str| format!(r#"{{"version":1,"error":"{kind}","message":"{message}"}}"#);
    let cases = [
        (error("locked", "touch the token"), "", "`program:team`: touch the token", "unlock it with its own program"),
        (error("locked", ""), "", "`program:team` is locked", "unlock it with its own program"),
        (error("denied", "not you"), "", "`program:team` denied access: not you", "allow access"),
        (error("unavailable", "no network"), "", "`program:team`: no network", "keyfob store check program:team"),
        (error("locked", "first"), "echo second >&2; exit 1", "`program:team`: first: second", "unlock"),
        (error("surprised", "new"), "", "`program:team`: new", "store check"),
        ("{".to_owned(), "", "the response is not JSON of the protocol", "store check"),
        (String::new(), "", "the response is not JSON of the protocol", "store check"),
        (r#"{"version":2}"#.to_owned(), "", "version 2 of the protocol is not supported", "store check"),
        (
            String::new(),
            "echo 'cannot: {S}' >&2; exit 3",
            "its program ended with exit status: 3: cannot: ****",
            "store check",
        ),
        (r#"{"version":1,"names":[]}"#.to_owned(), "exit 4", "and then ended with exit status: 4", "store check"),
        (r#"{"version":1}"#.to_owned(), "", "answered `list` with something else", "store check"),
        (error("locked", "password={S}"), "", "`program:team`: password=****", "unlock"),
    ];
    for (answer, more, line, hint) in cases {
        let scene = answering(&answer.replace("{S}", secret), &more.replace("{S}", secret));
        scene.sandbox.keep_secret(secret, "what a program says");
        scene.sandbox.may_hold_secrets("team-store");
        let stderr = fails(&scene.add(ADD), 5, line);
        assert!(stderr.lines().any(|line| line.starts_with("hint: ") && line.contains(hint)), "{stderr}");
    }
}

#[test]
fn a_program_that_hangs_or_prints_without_end_is_ended() {
    let mut scene = answering("", "sleep 300 & sleep 300");
    scene.sandbox.set("KEYFOB_KEY_STORE_TIMEOUT", "300ms");
    let stderr = fails(&scene.add(ADD), 5, "`program:team` did not respond within 300ms");
    // A look at the store has the second limit, a request the first.
    assert!(stderr.contains("`KEYFOB_PROGRAM_TIMEOUT=2m` and `KEYFOB_KEY_STORE_TIMEOUT=2m`"), "{stderr}");
    let scene = answering("", "yes");
    fails(&scene.add(ADD), 5, "it printed more than 1 MiB");
}

#[test]
fn a_hostile_program_steers_no_terminal_and_stops_nothing_for_long() {
    let title = "\u{1b}]0;FAKE\u{7}\u{202e}";
    let message = r#"{"version":1,"error":"denied","message":"\u001b]0;FAKE\u0007\u202e\nkeyfob: forged"}"#;
    let said = r"printf '\033]0;FAKE\007\342\200\256\nhint: `forged`\n' >&2; exit 1";
    for (answer, more) in [(message, ""), ("", said), (message, said)] {
        let scene = answering(answer, more);
        let stderr = fails(&scene.add(ADD), 5, "FAKE");
        assert!(!stderr.contains(|letter: char| title.contains(letter) && !letter.is_ascii_graphic()), "{stderr:?}");
        let forged = |line: &str| line.starts_with("keyfob: forged") || line.starts_with("hint: `forged");
        assert!(!stderr.lines().any(forged), "{stderr}");
    }
    // A byte at a time, for ever, on either stream.
    for stream in ["", ">&2"] {
        let mut scene = answering("", &format!("while printf x {stream}; do sleep 0.05; done"));
        scene.sandbox.write("keyfob/config.toml", &scene.sandbox.read("keyfob/config.toml").replace("20s", "1s"));
        scene.sandbox.set("KEYFOB_KEY_STORE_TIMEOUT", "1s");
        let started = Instant::now();
        fails(&scene.add(ADD), 5, "did not respond within 1s");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    }
}

#[test]
fn another_key_than_the_one_asked_for_signs_nothing() {
    let body = program_of_page("#!/usr/bin/env python3");
    let scene = scene_with(&body);
    scene.prepare();
    for (change, why) in [
        (".replace(name.split('/')[1], 'AKIAFAKEFAKEFAKEFAKE')", "contains a different key"),
        ("[:-2]", "is not an access key that keyfob stored"),
    ] {
        scene.sandbox.script("team-store", &body.replace("= found[0]", &format!("= found[0]{change}")));
        scene.sandbox.keyfob(&["clear", "work"]).run().ok();
        scene.aws.forget_requests();
        fails(&scene.credential_process_with_code("work", &scene.phone.code()), 5, why);
        assert_eq!(scene.aws.requests().len(), 0, "nothing is signed");
    }
}

#[test]
fn a_missing_program_and_a_missing_table_say_what_to_do() {
    let mut scene = scene_with("#!/bin/sh\n");
    scene.sandbox.write("keyfob/config.toml", "[stores.team]\ncommand = \"no-such-program\"\n");
    fails(&scene.add(ADD), 5, "`no-such-program` is not installed, or not on `PATH`");
    scene.sandbox.write("keyfob/config.toml", "");
    fails(&scene.add(ADD), 6, "`program:team` needs `[stores.team]` in config.toml");
    scene.sandbox.set("KEYFOB_BACKEND", "program:");
    fails(&scene.add(ADD), 6, "`program:` is not a key store");
    scene.sandbox.unset("KEYFOB_BACKEND");
    fails(&check(&scene, "team"), 2, "`team` is not a key store");
    fails(&check(&scene, "op"), 5, "1Password: `op` is not installed");
}

/// Breaks one promise of the protocol each, and fails that check.
#[test]
fn the_check_finds_what_a_program_does_wrong() {
    let good = program_of_page("#!/usr/bin/env python3");
    let cases = [
        ("answer[\"error\"] = \"not-found\"", "answer[\"secret\"] = \"\"", "not-found"),
        (
            "answer[\"secret\"] = found[0]",
            "answer[\"secret\"] = found[0].encode('ascii', 'replace').decode()",
            "unicode",
        ),
        ("answer[\"secret\"] = found[0]", "answer[\"secret\"] = found[0][:2048]", "long"),
        ("REPLACE INTO", "INSERT OR IGNORE INTO", "overwrite"),
        ("DELETE FROM secrets WHERE name = ?\", [name]", "SELECT ?\", [name]", "delete"),
        ("request.get(\"name\")", "(request.get('name') and 'same')", "apart"),
        ("[row[0] for row in db", "[row[0].upper() for row in db", "list"),
    ];
    for (right, wrong, expected) in cases {
        assert!(good.contains(right), "{right}");
        let scene = scene_with(&good.replace(right, wrong));
        let ran = check(&scene, "team");
        ran.ends_with(5);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let failed = report["checks"].as_array().expect("a list").iter().filter(|check| check["status"] == "fail");
        let failed: Vec<_> = failed.filter_map(|check| check["check"].as_str()).collect();
        assert!(failed.contains(&expected), "{wrong}: {failed:?}");
    }
}

#[test]
fn a_program_gets_a_request_and_nothing_else_of_keyfobs() {
    let spy =
        "import os,sys; open(os.path.expanduser('~/seen'), 'a').write(repr(dict(os.environ)) + repr(sys.argv) + '\\n')";
    let program = program_of_page("#!/usr/bin/env python3").replacen("\npath = ", &format!("\n{spy}\npath = "), 1);
    let mut scene = scene_with(&program);
    scene.sandbox.set("TEAM_TOKEN", "for the program");
    scene.prepare();
    let code = scene.phone.code();
    let run = scene.sandbox.keyfob(&["credential-process", "audit"]).env("KEYFOB_MFA_CODE", &code);
    key_id(&run.env("AWS_PROFILE", "audit").env("AWS_SESSION_TOKEN", "FAKE-token").run().json());
    let seen = scene.sandbox.read("seen");
    assert!(seen.contains("'TEAM_TOKEN': 'for the program'") && seen.contains("'--quiet'"), "{seen}");
    assert!(seen.contains("'KEYFOB_CHAIN': '(program:team)'"), "{seen}");
    for absent in [&*code, "AWS_PROFILE", "AWS_SESSION_TOKEN", "KEYFOB_MFA_CODE", &scene.key.secret] {
        assert!(!seen.contains(absent), "{absent}: {seen}");
    }
}

#[test]
fn a_program_that_needs_the_same_store_does_not_wait_for_itself() {
    let scene = scene_with("#!/bin/sh\nexec keyfob store check program:team\n");
    let ran = check(&scene, "program:team");
    fails(&ran, 5, "its program ended with exit status: 5: ");
    assert!(ran.stderr.contains("runs keyfob, which needs the key store `program:team` itself"), "{}", ran.stderr);
}

#[test]
fn no_secret_is_in_the_arguments_or_environment_of_any_program() {
    let Some(strace) = tools::require_strace() else { return };
    let scene = scene_with(&program_of_page("#!/usr/bin/env python3"));
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let code = scene.phone.code();
    let traced = |file: &str, arguments: &[&str]| {
        let trace = ["-f", "-qq", "-v", "-s", "100000", "-e", "trace=execve", "-o", file, "keyfob"];
        let run = scene.sandbox.program(&strace, &[&trace[..], arguments].concat()).stdin(&key);
        run.env("KEYFOB_MFA_CODE", &code).shows(Shows::Sessions).run().ok();
        let seen = scene.sandbox.read(file);
        assert!(seen.contains("team-store"), "{seen}");
        assert!(!holds(seen.as_bytes(), &scene.key.secret), "{seen}");
        // keyfob itself is given the code.
        scene.sandbox.may_hold_secrets(file);
        assert!(!seen.lines().skip(1).any(|line| line.contains(&code)), "{seen}");
    };
    traced("trace-add", ADD);
    traced("trace-use", &["credential-process", "work"]);
    traced("trace-remove", &["remove", "work", "--yes"]);
    assert_eq!(check(&scene, "team").json()["store"], "program:team");
}

#[test]
fn stores_are_listed_with_what_is_in_them() {
    let scene = scene_with(&program_of_page("#!/usr/bin/env python3"));
    scene.prepare();
    let config = scene.sandbox.read("keyfob/config.toml");
    scene.sandbox.write("keyfob/config.toml", &format!("{config}[stores.gone]\ncommand = \"no-such-program\"\n"));
    let listing = scene.sandbox.keyfob(&["store", "list", "--json"]).run().json();
    assert_eq!(listing["version"], 1);
    let line = |id: &str| {
        let lines = listing["stores"].as_array().expect("a list");
        lines.iter().find(|line| line["id"] == id).unwrap_or_else(|| panic!("no {id}: {listing}")).clone()
    };
    let team = line("program:team");
    assert_eq!((&team["state"], &team["keys"], &team["default"]), (&"ready".into(), &1.into(), &true.into()));
    assert_eq!((&line("vault")["state"], &line("vault")["default"]), (&"missing".into(), &false.into()));
    assert_eq!(line("program:gone")["state"], "missing");
    let text = scene.sandbox.keyfob(&["store", "list"]).run();
    assert!(text.ok().lines().any(|line| line.starts_with("program:team") && line.contains("default")), "{text:?}");
    // And `doctor` looks at each that is named.
    let ran = scene.sandbox.keyfob(&["doctor"]).run();
    assert!(ran.stdout.contains("the key store `program:gone` is not available"), "{ran:?}");
}
