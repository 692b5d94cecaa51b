//! The first minutes: `keyfob` alone leads from a new machine to one where all is well; what is misspelt is put right.

use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::scene::Scene;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;

#[test]
fn keyfob_alone_leads_from_an_empty_home_to_a_linked_profile() {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let next = |state: &str, hint: &str| {
        let ran = sandbox.keyfob(&[]).run();
        assert!(ran.ok().contains(state), "{}", ran.stdout);
        assert!(ran.stderr.lines().next().is_some_and(|line| line.starts_with("hint: ") && line.contains(hint)));
        assert!(ran.stderr.ends_with("hint: list every command: `keyfob --help`\n"), "{}", ran.stderr);
    };
    next("no access key is stored yet; there are no AWS profiles either", "`keyfob add PROFILE`");

    let key = aws.user("ann").access_key();
    let plain = format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    sandbox.write(".aws/credentials", &plain);
    next("1 access key is stored in plain text in the AWS files: `work`", "`keyfob import`");

    sandbox.keyfob(&["import", "--no-link", "--yes"]).run().ok();
    next("1 access key stored (`work`), but no profile is linked", "`keyfob profile link work`");

    sandbox.keyfob(&["profile", "link", "work", "--yes"]).run().ok();
    next("1 access key stored, 1 profile, 1 linked, no session cached", "`keyfob doctor`");

    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    next("1 session cached", "`keyfob doctor`");
}

#[test]
fn keyfob_alone_says_which_file_is_broken() {
    let sandbox = Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()));
    sandbox.write(".aws/config", "[profile work\n");
    let ran = sandbox.keyfob(&[]).run();
    assert!(ran.ends_with(6).contains(".aws/config:1"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn what_is_misspelt_gets_a_suggestion() {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    sandbox.write(".aws/config", "[profile production]\nregion = eu-west-1\n");
    let key = aws.user("ann").access_key();
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "production", "--stdin", "--yes"]).stdin(&input).run().ok();
    let table: [(&[&str], i32, &str); 27] = [
        (&["explan"], 2, "`keyfob explain`"),
        (&["mfa", "enrol"], 2, "`keyfob mfa enroll`"),
        (&["list", "--jsn"], 2, "`keyfob list --json`"),
        (&["explain", "prodction"], 6, "did you mean `production`?"),
        (&["credential-process", "prodction"], 6, "did you mean `production`?"),
        (&["env", "prodction"], 6, "did you mean `production`?"),
        (&["exec", "prodction", "--", "true"], 6, "did you mean `production`?"),
        (&["show", "prodction"], 6, "did you mean `production`?"),
        (&["rotate", "prodction"], 1, "did you mean `production`?"),
        (&["mfa", "list", "prodction"], 6, "did you mean `production`?"),
        (&["profile", "set", "prodction", "region", "x"], 6, "did you mean `production`?"),
        (&["profile", "link", "prodction"], 6, "did you mean `production`?"),
        (&["profile", "rename", "prodction", "x"], 6, "did you mean `production`?"),
        (&["import", "prodction"], 6, "did you mean `production`?"),
        (&["remove", "prodction", "--yes"], 1, "did you mean `production`?"),
        (&["profile", "set", "production", "regoin", "x"], 2, "`region`"),
        (&["profile", "unset", "production", "regoin"], 6, "did you mean `region`?"),
        (&["log", "--profile", "prodction"], 0, "did you mean: `keyfob log --profile production`"),
        (&["login", "prodction"], 6, "did you mean: `keyfob login production`"),
        (&["clear", "prodction"], 6, "did you mean `production`?"),
        (&["export", "prodction"], 1, "did you mean `production`?"),
        (&["store", "move", "production", "--to", "pas"], 2, "did you mean `pass`?"),
        (&["list", "--backend", "valt"], 2, "did you mean `vault`?"),
        (&["audit", "production", "--only", "rootkey"], 2, "did you mean `root-key`?"),
        (&["agent", "--socket", "s", "--profile", "production"], 2, "`keyfob agent --socket s --only production`"),
        (&["user", "list", "production"], 2, "`keyfob user list --with production`"),
        (&["signin", "production"], 2, "`keyfob login production`"),
    ];
    let mut wrong = Vec::new();
    for (arguments, code, suggestion) in table {
        let ran = sandbox.keyfob(arguments).run();
        if ran.code != Some(code) || !ran.stderr.contains(suggestion) {
            wrong.push(format!("{arguments:?} ends with {:?}: {}", ran.code, ran.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_names_nothing_is_said_and_doctor_goes_on() {
    let scene = Scene::new();
    let doctor = |sandbox: &Sandbox| -> Vec<(String, Option<u64>)> {
        let report: Value = serde_json::from_str(&sandbox.keyfob(&["doctor", "--json"]).run().stdout).expect("JSON");
        let found = report["findings"].as_array().expect("findings").iter();
        found.map(|found| (found["check"].as_str().expect("text").to_owned(), found["line"].as_u64())).collect()
    };
    // A mistake in config.toml stops everything but `doctor`, which names it beside the rest.
    scene.sandbox.write("keyfob/config.toml", "\nbakcend = \"vault\"\n");
    let stopped = scene.sandbox.keyfob(&["list"]).run();
    assert!(stopped.ends_with(6).contains("config.toml:2: unknown setting `bakcend`\nhint: did you mean `backend`?\n"));
    scene.append("\n[profile lost]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = nowhere\n");
    let found = doctor(&scene.sandbox);
    assert!(found.contains(&("settings".to_owned(), Some(2))), "{found:?}");
    assert!(found.iter().any(|(check, _)| check == "chain"), "{found:?}");
    // A file that is not there.
    let mut sandbox = scene.sandbox;
    sandbox.write("keyfob/config.toml", "");
    sandbox.set("AWS_CONFIG_FILE", "/nowhere/config");
    let ran = sandbox.keyfob(&["explain", "missing"]).run();
    assert!(ran.ends_with(6).contains("  because: `AWS_CONFIG_FILE` names /nowhere/config, which does not exist\n"));
    assert!(doctor(&sandbox).contains(&("variable".to_owned(), None)));
}

#[test]
fn whoever_forbids_prompts_is_told_how_to_allow_them() {
    let scene = Scene::new();
    let ran = scene.sandbox.keyfob(&["exec", "work", "--", "true"]).env("KEYFOB_PROMPT", "never").run();
    let hint = "hint: let keyfob prompt in the terminal: change or unset `KEYFOB_PROMPT`\n";
    assert!(ran.ends_with(3).contains(hint), "{}", ran.stderr);
    scene.sandbox.write("keyfob/config.toml", "prompt = \"never\"\n");
    let ran = scene.sandbox.keyfob(&["exec", "work", "--", "true"]).run();
    assert!(ran.ends_with(3).contains("change or unset `prompt` in config.toml\n"), "{}", ran.stderr);
    scene.sandbox.write("keyfob/config.toml", "");
    let ran = scene.sandbox.keyfob(&["exec", "work", "--", "true"]).run();
    assert!(!ran.ends_with(3).contains("let keyfob prompt"), "{}", ran.stderr);
}

#[test]
fn doctor_names_a_source_that_only_the_key_store_has() {
    let scene = Scene::new();
    scene.sandbox.keyfob(&["unlink", "--all"]).run();
    scene.sandbox.keyfob(&["profile", "remove", "work", "--force"]).run().ok();
    let ran = scene.sandbox.keyfob(&["doctor"]).run();
    assert!(ran.stdout.contains("names `work`, which is not in the AWS files\n"), "{ran:?}");
    assert!(ran.stdout.contains("fix: `keyfob profile link work`\n"), "{ran:?}");
    scene.sandbox.keyfob(&["profile", "link", "work", "--yes"]).run().ok();
    assert!(!scene.sandbox.keyfob(&["doctor"]).run().stdout.contains("is not in the AWS files"));
}
