//! `whoami`: the identity of a shell or a profile, offline, and as AWS says.

use serde_json::{Value, json};

use crate::scene::{Scene, fails};

fn identity(scene: &Scene, words: &[&str]) -> Value {
    let mut identity = scene.sandbox.keyfob(words).run().json();
    let expires = identity["expires"].take();
    assert!(
        expires.is_null() || expires.as_str().is_some_and(|text| text.len() == 20 && text.ends_with('Z')),
        "{expires}"
    );
    identity["expires"] = (!expires.is_null()).into();
    identity
}

const DEPLOY: &str = "arn:aws:sts::111122223333:assumed-role/deploy/keyfob-ann";

#[test]
fn a_profile_is_told_offline_and_as_aws_says() {
    let scene = Scene::new();
    let mut expected = json!({
        "version": 1, "profile": "deploy", "from": "profile", "account": "111122223333", "arn": DEPLOY, "base": "key", "mfa": true,
        "expires": false, "checked": false, "narrowed": null,
    });
    assert_eq!(identity(&scene, &["whoami", "deploy", "--json"]), expected);
    assert_eq!(scene.actions(), Vec::<String>::new());
    scene.warm();
    (expected["expires"], expected["checked"]) = (true.into(), true.into());
    assert_eq!(identity(&scene, &["whoami", "deploy", "--json", "--check"]), expected);
    assert_eq!(scene.actions(), ["GetCallerIdentity"]);
    let text = scene.sandbox.keyfob(&["whoami", "deploy"]).run();
    assert!(
        text.ok().contains(&format!("ARN      {DEPLOY}\n")) && text.stdout.contains("MFA      yes\n"),
        "{}",
        text.stdout
    );
    fails(&scene.sandbox.keyfob(&["whoami", "nobody"]).run(), 6, "there is no profile `nobody`");
    for words in [&["whoami"][..], &["explain"], &["exec", "--", "true"], &["credential-process"]] {
        let ran = scene.sandbox.keyfob(words).run();
        let said = fails(&ran, 6, "no profile is named, and there is no profile `default`");
        assert!(said.contains("set `AWS_PROFILE`") && !said.contains("keyfob add"), "{said}");
    }
}

#[test]
fn the_environment_says_what_was_issued_whatever_the_profile_leads_to_now() {
    let scene = Scene::new();
    scene.warm();
    let inside = |options: &[&str], words: &[&str]| {
        let words = [&["exec", "deploy"], options, &["--", "keyfob", "whoami", "--json"], words].concat();
        identity(&scene, &words)
    };
    let mut expected = json!({
        "version": 1, "profile": "deploy", "from": "environment", "account": "111122223333", "arn": DEPLOY, "base": "key", "mfa": true,
        "expires": true, "checked": false, "narrowed": null,
    });
    assert_eq!(inside(&[], &[]), expected);
    let audit = "arn:aws:sts::444455556666:assumed-role/audit/keyfob-ann";
    let role = ["--role", "444455556666:audit", "--external-id", "audit-42"];
    (expected["arn"], expected["account"]) = (audit.into(), "444455556666".into());
    assert_eq!(inside(&role, &[]), expected);
    expected["checked"] = true.into();
    assert_eq!(inside(&role, &["--check"]), expected);
    assert_eq!(inside(&["--read-only"], &[])["narrowed"], "read-only");
    let text = scene.sandbox.keyfob(&["exec", "deploy", "--read-only", "--", "keyfob", "whoami"]).run();
    assert!(text.ok().contains("narrowed  to reading\n"), "{}", text.stdout);
    // Credentials of somebody else's, and a profile that is not theirs.
    let keys = scene.deploy.session(3600);
    scene.sandbox.keep_secret(&keys.secret, "a secret access key");
    let run = |words: &[&str]| {
        scene
            .sandbox
            .keyfob(&[&["whoami"], words].concat())
            .env("AWS_ACCESS_KEY_ID", &keys.id)
            .env("AWS_SECRET_ACCESS_KEY", &keys.secret)
            .env("AWS_SESSION_TOKEN", &keys.token)
            .env("AWS_PROFILE", "work")
            .run()
    };
    let ran = run(&["--json"]);
    let shown = json!({
        "version": 1, "profile": null, "from": "environment", "account": "111122223333", "arn": null, "base": "environment", "mfa": null,
        "expires": null, "checked": false, "narrowed": null,
    });
    assert_eq!(ran.json(), shown);
    assert!(
        ran.stderr.contains("warning: `AWS_PROFILE` names `work`, but the environment has other credentials"),
        "{}",
        ran.stderr
    );
    assert_eq!(run(&["--json", "--check"]).json()["arn"], "arn:aws:sts::111122223333:assumed-role/deploy/somebody");
    assert_eq!(run(&["work", "--json"]).json()["arn"], scene.ann.arn());
}
