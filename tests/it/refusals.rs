//! What AWS refuses, and what cannot be: one clear line, a hint to act on, and the exit code that says what kind it is.

use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::{Scene, fails, key_id};
use crate::support::aws::{Fault, LoopbackAws};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;

/// Fails with exit 4 and these texts, in the first line and among the hints.
#[track_caller]
fn refused(ran: &Ran, line: &str, hint: &str) {
    let stderr = fails(ran, 4, line);
    let hints: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect();
    assert!(hints.iter().any(|there| there.contains(hint)), "`{}` does not hint {hint:?}:\n{stderr}", ran.words);
    assert!(!stderr.contains("note: "), "an SDK shows the error alone:\n{stderr}");
}

#[test]
fn a_key_that_aws_does_not_take_is_named() {
    let scene = Scene::new();
    scene.ann.set_active(&scene.key.id, false);
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    refused(&ran, "inactive, deleted, or from another partition", "`keyfob add work --replace`");

    let bob = scene.aws.user("bob").access_key();
    let add = |secret: &str| {
        let key = format!("{}\n{secret}\n", bob.id);
        scene.sandbox.keyfob(&["add", "bob", "--stdin", "--yes"]).stdin(&key).run()
    };
    let swapped = if bob.secret.ends_with('x') { 'y' } else { 'x' };
    refused(&add(&format!("{}{swapped}", &bob.secret[..39])), "does not belong to `****", "nothing was stored");
    assert!(!scene.sandbox.read(".aws/config").contains("bob"), "a refused key leaves nothing");
    add(&bob.secret).ok();
}

#[test]
fn a_role_says_no_and_the_line_says_who_to_whom_and_at_which_hop() {
    let scene = Scene::new();
    scene.credential_process_with_code("audit", &scene.phone.code()).ok();

    scene.edit("keyfob_external_id = audit-42", "keyfob_external_id = audit-41");
    let ran = scene.credential_process("audit");
    refused(&ran, "hop 2 of 2: cannot assume `arn:aws:iam::444455556666:role/audit`: access denied", "trust policy");
    scene.edit("keyfob_external_id = audit-41\n", "");
    refused(&scene.credential_process("audit"), "hop 2 of 2", "no `external_id`");
    scene.edit(
        "/audit\nkeyfob_source_profile = deploy\n",
        "/audit\nkeyfob_source_profile = deploy\nkeyfob_external_id = audit-42\n",
    );

    // MFA does not reach past the first hop.
    scene.audit.needs_mfa();
    scene.sandbox.keyfob(&["clear", "audit"]).run().ok();
    scene.aws.forget_requests();
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    refused(&ran, "hop 2 of 2", "MFA only counts for the first role");
}

#[test]
fn a_role_that_silently_wants_mfa_is_guessed_at() {
    let scene = Scene::new();
    scene.edit(&format!("mfa_serial = {}\n", scene.phone.serial()), "");
    // Asked for the second role: the device belongs to the key's profile, and a third one's would count for nothing.
    let ran = scene.credential_process("audit");
    refused(
        &ran,
        "access denied to `arn:aws:iam::111122223333:user/ann`",
        "set your MFA device, if the role requires MFA",
    );
    assert!(ran.stderr.contains("`keyfob profile set work mfa_serial ARN`"), "{}", ran.stderr);
    assert_eq!(scene.actions(), ["AssumeRole"]);
    // A device that is not Ann's is to be mended where it is named.
    scene.edit("keyfob_source_profile = work\n", "keyfob_source_profile = work\nmfa_serial = 123456789\n");
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    refused(&ran, "AWS does not accept `123456789` as an MFA device", "`keyfob profile set deploy mfa_serial ARN`");
}

#[test]
fn durations_are_capped_beforehand_or_refused_with_the_way_out() {
    let scene = Scene::new();
    let asked = |arguments: &[&str]| {
        let all: Vec<&str> = ["credential-process"].iter().chain(arguments).copied().collect();
        scene.sandbox.keyfob(&all).env("KEYFOB_MFA_CODE", scene.phone.code()).run()
    };
    // Role chaining: the option is refused before anything is sent, naming the hop.
    let stderr =
        fails(&asked(&["audit", "--duration", "2h"]), 2, "the role of `audit` is assumed from the session of `deploy`");
    assert!(stderr.contains("hint: "), "{stderr}");
    assert_eq!(scene.aws.requests().len(), 0);
    // Straight from the key with the code, and yet more than the role gives.
    refused(&asked(&["deploy", "--duration", "4h"]), "does not allow sessions of 4h", "MaxSessionDuration");
    scene.deploy.max_session(14_400);
    scene.aws.advance(30);
    key_id(&asked(&["deploy", "--duration", "4h"]).json());
    assert_eq!(scene.aws.last("AssumeRole").param("DurationSeconds"), Some("14400"));
    assert_eq!(scene.aws.count("GetSessionToken"), 0);
}

#[test]
fn a_duration_in_the_config_that_chaining_caps_is_capped_and_works() {
    let scene = Scene::new();
    scene.edit("keyfob_external_id", "keyfob_duration_seconds = 14400\nkeyfob_external_id");
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    key_id(&ran.json());
    assert_eq!(scene.aws.last("AssumeRole").param("DurationSeconds"), Some("3600"));
    let explained = scene.sandbox.keyfob(&["explain", "audit"]).run();
    assert!(explained.ok().contains("assumed from a session"), "{}", explained.stdout);
}

#[test]
fn a_session_that_aws_no_longer_takes_is_replaced_or_named() {
    let scene = Scene::new();
    scene.warm();
    scene.sandbox.keyfob(&["clear", "deploy"]).run().ok();
    // What the cache has of the hop before is refused; it is made again from the MFA session, which still works.
    scene.edit("keyfob_external_id = audit-42", "keyfob_external_id = audit-42\nkeyfob_role_session_name = other");
    let expired = Fault::Refuse {
        status: 403,
        code: "ExpiredToken",
        message: "The security token included in the request is expired",
    };
    scene.aws.fault("AssumeRole", expired.clone());
    key_id(&scene.credential_process("audit").json());
    // Again and again: AWS means it.
    scene.sandbox.keyfob(&["clear"]).run().ok();
    scene.aws.faults("AssumeRole", 9, expired);
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    refused(&ran, "has expired", "`keyfob clear audit`");
}

#[test]
fn what_aws_may_answer_to_a_hop_is_said_in_one_line_with_a_way_out() {
    // Code, status, message; exit code, first line, hint.
    let cases: [(&str, u16, &str, i32, &str, &str); 8] = [
        ("Throttling", 400, "Rate exceeded", 4, "AWS is throttling requests", "try again in a minute"),
        ("ServiceUnavailable", 503, "Service is unable to handle request.", 1, "an internal error", "try again"),
        (
            "ValidationError",
            400,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            4,
            "AWS limits it to one hour",
            "duration_seconds 3600",
        ),
        (
            "ValidationError",
            400,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            4,
            "does not allow sessions of 1h",
            "MaxSessionDuration",
        ),
        (
            "RegionDisabledException", 403, "STS is not activated in this region", 4, "not activated in this region",
            "region",
        ),
        ("MalformedPolicyDocument", 400, "Syntax errors in policy.", 4, "policy is malformed", "keyfob explain audit"),
        ("PackedPolicyTooLarge", 400, "Packed size of session tags consumes 123%", 4, "too large", "shorten"),
        ("SomethingNew", 403, "Nobody has\nseen\u{9b}31m this yet", 4, "cannot assume `", "keyfob explain audit"),
    ];
    for (code, status, message, exit, line, hint) in cases {
        let scene = Scene::new();
        scene.aws.faults("AssumeRole", 20, Fault::Refuse { status, code, message });
        let ran = scene.credential_process_with_code("audit", &scene.phone.code());
        let stderr = fails(&ran, exit, line);
        let hints: Vec<&str> = stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect();
        assert!(hints.iter().any(|there| there.contains(hint)), "{code}: no {hint:?} in\n{stderr}");
        assert!(stderr.contains(&format!("AWS says {code}: ")), "{stderr}");
        assert!(!stderr.contains('\u{9b}') && !stderr.contains("\nseen"), "{stderr:?}");
    }
}

#[test]
fn a_stored_key_without_a_device_says_what_its_sessions_cannot_do() {
    let aws = Arc::new(LoopbackAws::start());
    let bob = aws.user("bob").access_key();
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let key = format!("{}\n{}\n", bob.id, bob.secret);
    let ran = sandbox.keyfob(&["add", "bob", "--stdin", "--yes", "--region", "eu-west-1"]).stdin(&key).run();
    ran.ok();
    assert!(ran.stderr.contains("warning: `bob` has no MFA device"), "{}", ran.stderr);
    assert!(ran.stderr.contains("keyfob_session never"), "{}", ran.stderr);
    key_id(&sandbox.keyfob(&["credential-process", "bob"]).run().json());
}

#[test]
fn each_exit_code_has_its_cause() {
    let scene = Scene::new();
    let run = |arguments: &[&str]| scene.sandbox.keyfob(arguments).run();
    let sh = |script: &str| run(&["exec", "audit", "--", "sh", "-c", script]).code;
    scene.warm();
    scene.sandbox.write("not-executable", "");
    scene.append("[profile loop-a]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = loop-b\n");
    scene.append("[profile loop-b]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = loop-a\n");

    run(&["credential-process", "audit"]).ends_with(0);
    fails(&run(&["remove", "audit", "--yes"]), 1, "`audit` has no stored key");
    fails(&run(&["credential-process", "--nonsense"]), 2, "--nonsense");
    fails(&run(&["nonsense"]), 2, "nonsense");
    fails(&run(&["credential-process", "work", "--duration", "13h"]), 3, "needs an MFA code");
    fails(&run(&["remove", "work"]), 3, "confirmation to delete");
    let wrong = ["credential-process", "work", "--duration", "13h", "--mfa-code", &scene.phone.wrong_code()];
    refused(&run(&wrong), "is wrong", "AWS accepts each code once");
    fails(&run(&["credential-process", "nobody"]), 6, "`nobody`");
    let stderr = fails(&run(&["credential-process", "loop-a"]), 6, "loop");
    assert!(stderr.contains("loop-b"), "{stderr}");
    scene.sandbox.write("not-executable", "");
    let missing = run(&["exec", "audit", "--", "no-such-program"]);
    fails(&missing, 127, "no-such-program");
    fails(&run(&["exec", "audit", "--", "./not-executable"]), 126, "not-executable");
    assert_eq!((sh("exit 0"), sh("exit 42"), sh("exit 255")), (Some(0), Some(42), Some(255)));
    assert_eq!(sh("kill -TERM $$"), None, "a signal is passed on as one");
}

#[test]
fn a_broken_aws_file_is_named_with_its_line() {
    let scene = Scene::new();
    let config = scene.sandbox.read(".aws/config");
    for (broken, line, what) in [("[profile x\n", 1, ""), ("a line without a section\n", 1, ""), ("\u{feff}", 1, "")] {
        scene.sandbox.write(".aws/config", &format!("{broken}{config}"));
        let stderr = fails(&scene.credential_process("audit"), 6, &format!(".aws/config:{line}: {what}"));
        assert!(stderr.contains("hint: "), "{stderr}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_store_that_is_locked_hangs_or_is_gone_is_exit_5_and_never_another_store() {
    let Some(mut service) = SecretService::start() else { return };
    let mut scene = Scene::empty_over(&service);
    scene.sandbox.set("KEYFOB_KEY_STORE_TIMEOUT", "1s");
    // Nothing held in the kernel keyring, so every run needs the store.
    scene.sandbox.set("KEYFOB_UNLOCK_TIME", "0");
    scene.prepare();
    let ask = || scene.credential_process_with_code("audit", "123456");

    service.lock();
    let stderr = fails(&ask(), 5, "locked");
    assert!(stderr.contains("hint: "), "{stderr}");
    service.unlock();
    service.pause();
    let stderr = fails(&ask(), 5, "");
    assert!(stderr.contains("did not respond within 1s"), "{stderr}");
    service.resume();
    service.stop();
    let stderr = fails(&ask(), 5, "");
    assert!(stderr.contains("hint: "), "{stderr}");
    assert_eq!(scene.aws.requests().len(), 0);
    service.start_again();
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    assert!(!scene.sandbox.path("keyfob/data/vault.age").exists());
}

#[test]
fn a_session_duration_out_of_range_is_refused_where_it_is_read() {
    let mut scene = Scene::new();
    let config = scene.sandbox.write("settings.toml", "# Mine.\nsession_duration = \"99h\"\n");
    let commands: [&[&str]; 4] =
        [&["credential-process", "work"], &["list"], &["rotate", "work", "--yes"], &["profile", "link", "work"]];
    let said = "settings.toml:2: `session_duration`: `99h` is out of range; a session lasts from 15m to 36h";
    for arguments in commands {
        fails(&scene.sandbox.keyfob(arguments).env("KEYFOB_CONFIG", &config).run(), 6, said);
    }
    let doctor = scene.sandbox.keyfob(&["doctor"]).env("KEYFOB_CONFIG", &config).run();
    assert!(doctor.code == Some(1) && doctor.stdout.contains(said), "{doctor:?}");
    scene.sandbox.set("KEYFOB_SESSION_DURATION", "10m");
    fails(&scene.credential_process("work"), 6, "`KEYFOB_SESSION_DURATION`: `10m` is out of range");
    assert!(scene.aws.requests().is_empty(), "{:?}", scene.actions());
}
