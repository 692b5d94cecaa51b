//! What `doctor` finds beside the lines of AWS files: the machine, the shell, and settings that lead nowhere.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::scene::Scene;
use crate::support::aws::LoopbackAws;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

fn doctor(sandbox: &Sandbox) -> Ran {
    sandbox.keyfob(&["doctor", "--json"]).run()
}

/// The findings, each as its check, its file's line and its message.
fn findings(ran: &Ran) -> Vec<(String, Option<u64>, String)> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let found = report["findings"].as_array().expect("a list").iter();
    found.map(|found| (text(&found["check"]), found["line"].as_u64(), text(&found["message"]))).collect()
}

#[track_caller]
fn finds(ran: &Ran, check: &str, message: &str) {
    ran.ends_with(1);
    let found = findings(ran);
    assert!(found.iter().any(|(c, _, m)| c == check && m.contains(message)), "no {check}: {message} in {found:#?}");
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_file_that_opens_the_vault_is_for_its_owner_alone_and_fix_makes_it_so() {
    let scene = Scene::new();
    let identity = scene.sandbox.path("identity.txt");
    set_permissions(&identity, Permissions::from_mode(0o644)).expect("own file");
    finds(&doctor(&scene.sandbox), "mode", "other users can read it (mode 644)");
    scene.sandbox.keyfob(&["doctor", "--fix"]).run().ok();
    assert_eq!(identity.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    doctor(&scene.sandbox).ok();
    let passphrase = scene.sandbox.write("passphrase.txt", "FAKE\n");
    set_permissions(&passphrase, Permissions::from_mode(0o640)).expect("own file");
    let ran = scene.sandbox.keyfob(&["doctor", "--json"]).env("KEYFOB_PASSPHRASE_FILE", &passphrase).run();
    finds(&ran, "mode", "other users can read it (mode 640)");
}

#[test]
fn variables_that_win_over_profiles_or_lead_away_from_them_are_named() {
    let scene = Scene::new();
    let cases = [
        ("AWS_SECRET_ACCESS_KEY", "FAKE", "`AWS_SECRET_ACCESS_KEY` is set"),
        ("AWS_SESSION_TOKEN", "FAKE", "`AWS_SESSION_TOKEN` is set"),
        ("AWS_BEARER_TOKEN_BEDROCK", "FAKE", "`AWS_BEARER_TOKEN_BEDROCK` is set"),
        ("AWS_PROFILE", "gone", "`AWS_PROFILE` names `gone`, which does not exist"),
        ("AWS_PROFILE", "", "`AWS_PROFILE` is set but empty"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", "names /nowhere/credentials, which does not exist"),
    ];
    for (name, value, message) in cases {
        finds(&scene.sandbox.keyfob(&["doctor", "--json"]).env(name, value).run(), "variable", message);
    }
    let two = scene.sandbox.keyfob(&["doctor", "--json"]).env("AWS_PROFILE", "work");
    finds(&two.env("AWS_DEFAULT_PROFILE", "audit").run(), "variable", "`AWS_DEFAULT_PROFILE` is `audit`");
    let one = scene.sandbox.keyfob(&["doctor", "--json"]).env("AWS_DEFAULT_PROFILE", "audit").run();
    finds(&one, "variable", "`AWS_DEFAULT_PROFILE` is `audit`, and `AWS_PROFILE` is not set");
}

#[test]
fn another_keyfob_on_path_and_a_link_to_one_that_is_gone_are_named() {
    let scene = Scene::new();
    scene.sandbox.script("other/keyfob", "#!/bin/sh\n");
    // This one is started by its whole path, as links do.
    let ran = scene.sandbox.keyfob(&["doctor", "--json"]).env("PATH", scene.sandbox.path("other")).run();
    finds(&ran, "program", "other/keyfob, not this one");
}

/// Each section is looked for once: four times the profiles take four times as long, and not sixteen.
#[test]
fn thousands_of_profiles_over_one_session_take_no_longer_than_their_lines() {
    let Some(bash) = tools::require("bash") else { return };
    let took = |count: usize| {
        let sandbox = Sandbox::new(KEYFOB, &Arc::new(LoopbackAws::start()));
        let profile = |n: usize| {
            format!("[profile p{n}]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = R\n\n")
        };
        let profiles: String = (0..count).map(profile).collect();
        let session = "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n";
        sandbox.write(".aws/config", &format!("{profiles}{session}"));
        // The processor's time, since other tests run beside it.
        let ran = sandbox.program(&bash, &["-c", r#"TIMEFORMAT=%U; time "$0" doctor --json"#, KEYFOB]).run();
        assert!(ran.stdout.contains("findings") && !ran.stdout.contains("dangling"), "{ran:?}");
        let seconds = ran.stderr.lines().next_back().and_then(|line| line.parse::<f64>().ok());
        seconds.unwrap_or_else(|| panic!("no time in {ran:?}"))
    };
    let (few, many) = (took(1_000), took(4_000));
    assert!(many < few * 9.0, "1,000 profiles took {few} s, 4,000 {many} s");
}

#[test]
fn settings_that_lead_nowhere_are_named_with_their_line() {
    let scene = Scene::new();
    let before = scene.sandbox.read(".aws/config").lines().count() as u64;
    let cases = [
        ("region = eu-west-1\nkeyfob_frobnicate = 1", 2, "setting", "unknown keyfob setting `keyfob_frobnicate`"),
        ("services = gone", 1, "dangling", "names `gone`, but there is no such section"),
        ("sso_session = gone\nsso_account_id = 123456789012", 1, "dangling", "names `gone`"),
        ("source_profile = work", 1, "setting", "has a `source_profile`, but no `role_arn`"),
        ("include_profile = gone", 1, "file", "names `gone`, which does not exist"),
        ("regoin = eu-west-1", 1, "setting", "did you mean `region`?"),
    ];
    let config = scene.sandbox.read(".aws/config");
    for (settings, line, check, message) in cases {
        scene.sandbox.write(".aws/config", &format!("{config}[profile x]\n{settings}\n"));
        let ran = doctor(&scene.sandbox);
        finds(&ran, check, message);
        assert_eq!(findings(&ran)[0].1, Some(before + 1 + line), "{settings}");
    }
}

#[test]
fn a_key_store_that_cannot_be_reached_is_named_and_so_is_a_damaged_index() {
    let empty = Scene::empty();
    let ran = empty.sandbox.keyfob(&["doctor", "--json"]).env("KEYFOB_BACKEND", "secret-service").run();
    finds(&ran, "key-store", "there is no D-Bus session bus");
    // As though the key were in a keychain that has gone away.
    let scene = Scene::new();
    let index = scene.sandbox.read("keyfob/data/index.json").replace("\"vault\"", "\"secret-service\"");
    scene.sandbox.write("keyfob/data/index.json", &index);
    finds(&doctor(&scene.sandbox), "key-store", "Secret Service is not available");
    scene.sandbox.write("keyfob/data/index.json", "{");
    finds(&doctor(&scene.sandbox), "index", "the index of stored keys is damaged");
}

#[test]
fn a_vault_whose_files_are_gone_or_are_no_age_files_is_found() {
    let mut scene = Scene::new();
    let vault = scene.sandbox.path("keyfob/data/vault.age");
    let whole = std::fs::read(&vault).expect("there");
    let finds = |scene: &Scene, problem: &str| {
        let found = scene.sandbox.keyfob(&["doctor"]).run();
        found.ends_with(1);
        assert!(found.stdout.contains(problem), "{problem}: {}", found.stdout);
    };
    scene.sandbox.write("keyfob/data/vault.age", "junk\n");
    finds(&scene, "it does not begin as an age file does");
    std::fs::remove_file(&vault).expect("an own file");
    finds(&scene, "is missing, though keys are stored in it");
    keyfob::sys::files::replace(&vault, &whole).expect("an own file");
    assert!(!scene.sandbox.keyfob(&["doctor"]).run().stdout.contains("vault.age"), "all is well");
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    finds(&scene, "cannot be opened with a passphrase");
}

#[test]
fn a_role_without_a_region_is_offered_the_nearest_of_its_sources() {
    let scene = Scene::new();
    let role = |name: &str, source: &str| {
        format!("[profile {name}]\nrole_arn = arn:aws:iam::111122223333:role/{name}\nsource_profile = {source}\n")
    };
    scene.append(
        &[role("near", "work"), role("far", "near"), role("circle", "circle-2"), role("circle-2", "circle")].concat(),
    );
    scene.sandbox.keyfob(&["profile", "set", "work", "region", "eu-north-1"]).run().ok();
    let report: Value = serde_json::from_str(&doctor(&scene.sandbox).stdout).expect("JSON");
    let fixes = report["findings"].as_array().expect("a list").iter().filter(|found| found["check"] == "region");
    let fixes: Vec<String> = fixes.map(|found| found["fix"]["argv"].to_string()).collect();
    for (name, region) in [("near", "eu-north-1"), ("far", "eu-north-1"), ("circle", "REGION")] {
        let fix = format!("[\"keyfob\",\"profile\",\"set\",\"{name}\",\"region\",\"{region}\"]");
        assert!(fixes.contains(&fix), "{name}: {fixes:?}");
    }
}

#[test]
fn a_fix_repeats_itself_in_no_word_deletes_no_key_and_a_region_that_does_not_exist_is_named() {
    let scene = Scene::new();
    scene.append(
        "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = work\nduration_seconds = 1\nregion = eu-west-1a\n\
         [profile b]\nregion = euwest1\naws_acess_key_id = AKIAFAKEFAKEFAKEFAKE\n",
    );
    let shown = scene.sandbox.keyfob(&["doctor"]).run().stdout;
    for (message, fix) in [
        ("`duration_seconds` of `a`", "fix: `keyfob profile set a duration_seconds VALUE`"),
        ("`eu-west-1a` is not a valid region", "fix: `keyfob profile set a region REGION`"),
        ("`euwest1` is not a valid region", "fix: `keyfob profile set b region REGION`"),
        ("unknown setting `aws_acess_key_id`", "fix: write `aws_access_key_id` there"),
    ] {
        let rest = shown.split_once(message).unwrap_or_else(|| panic!("no {message} in {shown}")).1;
        assert!(rest.lines().nth(2).is_some_and(|line| line.trim_start().starts_with(fix)), "{fix}: {rest}");
    }
}

#[test]
fn the_region_of_another_service_is_left_alone() {
    let scene = Scene::new();
    let key = "aws_access_key_id = minioadmin\naws_secret_access_key = minioadmin\n";
    scene.append(&format!(
        "[profile a]\nregion = auto\nendpoint_url = https://r2.example.com\n[profile b]\nregion = auto\n{key}\
         [services other]\ns3 =\n  endpoint_url = http://localhost:9000\n[profile c]\nregion = auto\nservices = other\n"
    ));
    let regions = |ran: &Ran| findings(ran).into_iter().filter(|found| found.0 == "region").collect::<Vec<_>>();
    assert_eq!(regions(&doctor(&scene.sandbox)), []);
    scene.append("[profile d]\nregion = auto\n");
    assert_eq!(regions(&doctor(&scene.sandbox)).len(), 1);
}
