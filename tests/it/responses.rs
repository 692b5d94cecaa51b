//! Responses that are not AWS's, or not to the request: each is an error that says so, and never credentials.

use crate::scene::{Scene, fails};
use crate::support::aws::Fault;

/// A megabyte more than is read.
const TOO_LONG: usize = 2 << 20;

/// What is made of the response to GetSessionToken or AssumeRole, and what is said of it.
fn cases() -> Vec<(Fault, &'static str)> {
    let cut = |at: &'static str, more: usize| {
        Fault::rewritten(move |body| body[..body.find(at).expect("in every answer") + more].to_owned())
    };
    vec![
        (cut("<SessionToken>", 20), "cut short"),
        (cut("<Expiration>", 22), "cut short"),
        (cut("</ResponseMetadata>", 19), "cut short"),
        (Fault::rewritten(|_| String::new()), "did not come from AWS"),
        (Fault::rewritten(|_| "<html>please log in</html>".to_owned()), "did not come from AWS"),
        (Fault::rewritten(|body| body + &" ".repeat(TOO_LONG)), "longer than 1 MiB"),
        (Fault::says("Expiration", "1970-01-01T00:00:00Z"), "expired at 1970-01-01T00:00:00Z"),
        (Fault::says("AccessKeyId", "ASIAFAKE&#27;[2J"), "the access key id is empty or not printable"),
        (Fault::says("AccessKeyId", "ASIA&#10;keyfob: run: curl evil"), "the access key id is empty or not printable"),
        (Fault::says("SessionToken", ""), "the session token is empty or not printable"),
        (Fault::says("SessionToken", "a&#10;b"), "the session token is empty or not printable"),
        (Fault::says("SessionToken", "a&#x202e;b"), "the session token is empty or not printable"),
        (Fault::says("SecretAccessKey", "a&#10;b"), "the secret access key is empty or not printable"),
    ]
}

/// Nothing is handed out, and nothing is kept of it: the next response, which is AWS's, is what the profile gets.
#[track_caller]
fn is_refused(scene: &Scene, profile: &str, action: &str, fault: &Fault, said: &str) {
    // As often as a call is tried.
    scene.aws.faults(action, 3, fault.clone());
    let ran = scene.sandbox.keyfob(&["credential-process", profile]).run();
    let stderr = fails(&ran, 1, "the response from `127.0.0.1:");
    assert!(stderr.contains(said), "no {said:?} in:\n{stderr}");
    let forged = stderr.lines().filter(|line| line.starts_with("keyfob: ")).count();
    assert_eq!(forged, 1, "{stderr}");
    scene.aws.forget_faults();
    scene.sandbox.keyfob(&["credential-process", profile]).run().json();
    scene.sandbox.keyfob(&["clear", profile]).run().ok();
}

/// A scene with a user who needs no code, and a role that wants none.
pub fn scene_without_codes() -> Scene {
    let scene = Scene::new();
    let bob = scene.aws.user("bob");
    let key = bob.access_key();
    let add = ["add", "bob", "--stdin", "--yes", "--no-link", "--region", "eu-central-1"];
    scene.sandbox.keyfob(&add).stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    let role = scene.aws.role("plain").trusts(&bob.arn());
    scene.append(&format!("\n[profile plain]\nrole_arn = {}\nsource_profile = bob\n", role.arn()));
    scene
}

#[test]
fn a_response_that_is_cut_expired_or_unprintable_is_an_error_and_never_credentials() {
    let scene = scene_without_codes();
    for (fault, said) in cases() {
        is_refused(&scene, "bob", "GetSessionToken", &fault, said);
        is_refused(&scene, "plain", "AssumeRole", &fault, said);
    }
}

#[test]
fn the_session_of_another_role_or_account_is_an_error_and_never_cached() {
    let scene = scene_without_codes();
    for arn in [
        "arn:aws:sts::111122223333:assumed-role/EVIL/bob",
        "arn:aws:sts::999999999999:assumed-role/plain/bob",
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:sts::111122223333:assumed-role/EVIL&#10;keyfob: all is well/bob",
    ] {
        let another = "is for another role than the requested one";
        is_refused(&scene, "plain", "AssumeRole", &Fault::says("Arn", arn), another);
    }
}

#[test]
fn too_little_memory_or_too_few_files_is_an_error_and_no_crash() {
    let under = |scene: &Scene, limit: String, line: &str| {
        let script = format!("ulimit {limit} && exec keyfob {line}");
        scene.sandbox.program("/bin/sh", &["-c", &script]).run()
    };
    let scene = scene_without_codes();
    let mut refused = 0;
    for files in 4..16 {
        let ran = under(&scene, format!("-n {files}"), "credential-process bob");
        assert!(matches!(ran.code, Some(0..=6)), "{files}: {ran:?}");
        refused += usize::from(ran.stderr.contains("too few file descriptors"));
        scene.sandbox.keyfob(&["clear"]).run().ok();
    }
    assert!(refused > 0, "no limit was met");

    let mut scene = Scene::empty();
    scene.sandbox.keep_secret("FAKE passphrase", "passphrase");
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    scene.sandbox.set("KEYFOB_UNLOCK_TIME", "0s");
    let file = scene.sandbox.write("passphrase", "FAKE passphrase\n");
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", file);
    scene.prepare();
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    // What the program itself takes differs from build to build; a passphrase takes 134 MB more.
    let starts = |kib: &usize| under(&scene, format!("-v {kib}"), "list").code == Some(0);
    let least = (50_000..2_000_000).step_by(30_000).find(starts).expect("it starts with two gigabytes");
    let ran = under(&scene, format!("-v {}", least + 60_000), "credential-process work --no-session");
    assert!(ran.ends_with(1).contains("not enough memory: the passphrase takes 134 MB"), "{}", ran.stderr);
}

#[test]
fn an_update_that_a_portal_answers_is_not_taken_for_done() {
    let scene = crate::rotate::scene();
    scene.aws.faults("UpdateAccessKey", 99, Fault::rewritten(|_| "<html>please log in</html>".to_owned()));
    let ran = scene.rotate(&["--yes"]);
    let stderr = fails(&ran, 1, "UpdateAccessKey");
    assert!(!stderr.contains("is now Inactive"), "{stderr}");
}

#[test]
fn the_password_of_an_endpoint_is_never_shown() {
    let scene = scene_without_codes();
    let password = "FAKE-endpoint-password";
    for endpoint in [
        format!("http://jane:{password}@127.0.0.1:1"),
        format!("https://jane:{password}@127.0.0.1:1"),
        format!("https://jane:{password}@[::1]:1/path?x=1"),
        format!("https://{password}@127.0.0.1:1"),
        format!("ftp://jane:{password}@127.0.0.1:1"),
        format!("jane:{password}@127.0.0.1:1"),
        format!("https://jane:{password}@bad host"),
    ] {
        for arguments in [
            &["credential-process", "bob"][..],
            &["doctor", "--online"],
            &["doctor", "--online", "--json"],
            &["explain", "bob", "-v"],
            &["rotate", "bob", "--yes"],
            &["env", "bob", "--shell", "bash"],
        ] {
            let ran = scene.sandbox.keyfob(arguments).env("AWS_ENDPOINT_URL", &endpoint).run();
            // `env` and `exec` hand endpoints on, and that is what they are for; nothing is handed out here.
            assert!(!ran.stdout.contains(password), "{endpoint}: {arguments:?}: {}", ran.stdout);
            assert!(!ran.stderr.contains(password), "{endpoint}: {arguments:?}: {}", ran.stderr);
        }
    }
}
