//! Another program's `credential_process`.

use super::Bed;
use crate::scene::{fails, key_id};
use crate::support::tools;

#[test]
fn a_program_is_run_once_for_all_that_is_made_from_its_session() {
    let mut bed = Bed::new();
    let session = bed.session();
    bed.config(&bed.process(&session.document()));
    bed.costs(&[
        ("base", "run", ""),
        ("a", "run, a 3600", ""),
        ("b", "run, a 3600, b 3600", ""),
        ("long", "run, a 3600", ""),
    ]);
    bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    bed.cost();
    // Each profile has the base in common.
    for profile in ["base", "a", "b"] {
        bed.get(profile).ok();
    }
    assert_eq!(bed.cost(), "run, a 3600, b 3600");
    let answer = bed.get("base").json();
    assert_eq!(
        (answer["AccessKeyId"].as_str(), answer["Expiration"].as_str()),
        (Some(&*session.id), Some(&*session.expires))
    );
    assert_eq!(key_id(&bed.get("b").json())[..4], *"ASIA");
    assert!(bed.sandbox.keyfob(&["env", "base", "--shell", "bash"]).run().ok().contains(&session.id));
    let printed = bed.sandbox.keyfob(&["exec", "a", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).run();
    assert!(printed.ok().starts_with("ASIA"));
    assert_eq!(bed.cost(), "");

    let explained = bed.explain("b");
    assert_eq!(explained["base"]["kind"], "process");
    assert!(explained["base"]["identity"].as_str().expect("a text").starts_with("sha256:"));
    assert_eq!(explained["needs_code"], false);
    let list = bed.sandbox.keyfob(&["list", "--json"]).run().json();
    let sources: Vec<&str> =
        list["profiles"].as_array().expect("a list").iter().filter_map(|line| line["source"].as_str()).collect();
    assert_eq!(sources, ["process", "role", "role", "role"]);

    // Over a session AWS gives no more than an hour, and `--duration` is the program's affair.
    fails(
        &bed.sandbox.keyfob(&["credential-process", "base", "--duration", "2h"]).run(),
        2,
        "`--duration` is not possible",
    );
    fails(
        &bed.sandbox.keyfob(&["credential-process", "a", "--duration", "2h"]).run(),
        2,
        "AWS limits chained roles to 1h",
    );
    assert_eq!(bed.cost(), "");

    // An edited line is another base.
    let line = bed.process(&bed.session().document());
    bed.config(&format!("{line} --more"));
    bed.get("a").ok();
    assert_eq!(bed.cost(), "run, a 3600");

    if bed.sandbox.pass_time(3400).is_some() {
        bed.process(&bed.session().document());
        bed.get("base").ok();
        assert_eq!(bed.cost(), "run", "renewed before it ends");
    }
}

#[test]
fn what_the_program_prints_decides_what_is_made_of_it() {
    let bed = Bed::new();
    let ann = bed.aws.user("ann");
    let (key, phone, session) = (ann.access_key(), ann.mfa("ann-phone"), bed.session());
    bed.a.trusts(&ann.arn());
    let long_term = format!(r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}"}}"#, key.id, key.secret);
    let plain = |document: String| document.split(",\"Expiration\"").next().unwrap_or_default().to_owned() + "}";

    // A session without an end: run each time it is used itself, and what is made from it is kept.
    bed.config(&bed.process(&plain(session.document())));
    bed.costs(&[("base", "run", "run"), ("a", "run, a 3600", ""), ("b", "run, a 3600, b 3600", "")]);
    assert!(bed.get("base").json().get("Expiration").is_none());

    // A key without a device: the key itself, and a role of two hours.
    bed.config(&bed.process(&long_term));
    bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    bed.cost();
    let answer =
        bed.sandbox.keyfob(&["credential-process", "base"]).shows(crate::support::leaks::Shows::Keys).run().json();
    assert_eq!((answer["AccessKeyId"].as_str(), answer.get("SessionToken")), (Some(&*key.id), None));
    assert_eq!(bed.cost(), "run", "also the first time, when a session was expected");
    bed.get("long").ok();
    assert_eq!(bed.cost(), "run, a 7200");
    assert_eq!(bed.explain("long")["hops"][0]["duration_seconds"], 7200, "remembered");

    // With a device: an MFA session, in the first run already.
    let line = bed.process(&long_term);
    bed.config(&format!("{line} \nmfa_serial = {}", phone.serial()));
    bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    bed.cost();
    let code = phone.code();
    bed.sandbox.keyfob(&["credential-process", "base"]).env("KEYFOB_MFA_CODE", &code).run().ok();
    assert_eq!(bed.cost(), "run, GetSessionToken");
    bed.get("base").ok();
    assert_eq!(bed.cost(), "");

    // What it is may change.
    bed.process(&session.document());
    bed.sandbox.keyfob(&["clear"]).run().ok();
    bed.get("base").ok();
    assert_eq!(bed.cost(), "run", "no GetSessionToken is tried with a session");

    // One whose answer changes is neither kept itself, nor is what follows.
    let line = bed.process(&session.document());
    bed.config(&format!("{line}\nkeyfob_cache = never"));
    bed.costs(&[("base", "run", "run"), ("a", "run, a 3600", "run, a 3600")]);
}

#[test]
fn many_at_once_run_the_program_once_and_share_its_failure() {
    let bed = Bed::new();
    bed.config(&bed.process(&bed.session().document()));
    bed.sandbox.script("bin/tool", "#!/bin/sh\nsleep 0.5; echo run >>~/runs\ncat ~/document.json\n");
    let all = |expected| {
        let started: Vec<_> = (0..20).map(|_| bed.sandbox.keyfob(&["credential-process", "b"]).start()).collect();
        for one in started {
            one.finish().ends_with(expected);
        }
    };
    all(0);
    assert_eq!(bed.cost(), "run, a 3600, b 3600");
    bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    bed.sandbox.script("bin/tool", "#!/bin/sh\nsleep 2; echo run >>~/runs\nexit 3\n");
    all(1);
    assert_eq!(bed.cost(), "run");
}

#[test]
fn a_program_has_the_environment_keyfob_was_started_with_and_knows_for_whom_it_works() {
    let bed = Bed::new();
    bed.sandbox.write("document.json", &bed.session().document());
    bed.sandbox.may_hold_secrets("document.json");
    bed.config("credential_process = env >~/seen; cat; cat ~/document.json");
    let run = |keyfob: &[&str]| {
        bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
        bed.sandbox.keyfob(keyfob).env("AWS_PROFILE", "mine").env("ECS_THING", "x").stdin("unread").run().ok();
        bed.sandbox.read("seen")
    };
    let seen = run(&["credential-process", "a"]);
    for line in ["AWS_PROFILE=mine", "ECS_THING=x", "KEYFOB_CHAIN=a,base", "AWS_REGION=eu-central-1"] {
        assert!(seen.lines().any(|seen| seen == line), "{line} is not in:\n{seen}");
    }
    // What an outer keyfob has set is not the program's.
    let keyfob = bed.sandbox.path("bin/keyfob");
    let inner = format!("{} clear >/dev/null; {} credential-process base", keyfob.display(), keyfob.display());
    let seen = run(&["exec", "a", "--", "sh", "-c", &inner]);
    assert!(seen.contains("AWS_PROFILE=mine\n"), "given back: {seen}");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "KEYFOB_PROFILE"] {
        assert!(!seen.contains(&format!("{name}=")), "{name} is in:\n{seen}");
    }
    // A program that asks keyfob for what it is needed for is refused at once.
    bed.config(&format!(
        "credential_process = env - HOME=$HOME KEYFOB_CHAIN=$KEYFOB_CHAIN {} credential-process b",
        keyfob.display()
    ));
    let ran = bed.get("a");
    assert!(fails(&ran, 1, "`credential_process` of `base` failed").contains("for the same profile"), "{}", ran.stderr);
}

#[test]
fn a_program_that_fails_is_named_with_the_start_of_what_it_said_and_no_secret() {
    let bed = Bed::new();
    let session = bed.session();
    let long = "x y ".repeat(200);
    for (script, expected) in [
        ("echo no such account >&2; exit 4".to_owned(), "it ended with exit status 4"),
        ("no-such-program-at-all".to_owned(), "it is not found (exit status 127)"),
        ("kill -9 $$".to_owned(), "it ended with exit status 137"),
        (format!("echo {} {} >&2; exit 1", session.secret, session.token), "it said: ****"),
        (format!("echo '{}'; exit 1", session.document()), "\"SecretAccessKey\":****,"),
        (format!("echo '{} and more'", session.document()), "it is not a single JSON object"),
        ("echo '{\"Version\":2}'".to_owned(), "its `Version` is not the number 1"),
        ("echo Please log in".to_owned(), "it printed: Please log in"),
        (format!("echo '{long}' >&2; exit 1"), "it said: x y"),
        ("yes".to_owned(), "it printed more than 1 MiB"),
    ] {
        bed.sandbox.script("bin/tool", &format!("#!/bin/sh\n{script}\n"));
        bed.config("credential_process = ~/bin/tool");
        bed.sandbox.keyfob(&["clear"]).run().ok();
        let stderr = fails(&bed.get("a"), 1, "`credential_process` of `base` failed");
        assert!(stderr.contains(expected), "{script}: {stderr}");
        assert!(stderr.lines().all(|line| line.len() < 400), "{stderr}");
        assert!(stderr.contains("keyfob show base"), "{stderr}");
    }
}

#[test]
fn another_programs_keyfob_and_the_aws_cli_are_programs_too() {
    let Some(cli) = tools::require("aws-cli-2") else { return };
    let bed = Bed::new();
    let session = bed.session();
    let keys = format!(
        "[other]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        session.id, session.secret, session.token
    );
    bed.sandbox.write(".aws/credentials", &keys);
    bed.config(&format!("credential_process = {} configure export-credentials --profile other", cli.display()));
    assert_eq!(bed.get("base").json()["AccessKeyId"], *session.id);
    bed.get("b").ok();
    assert_eq!(bed.cost(), "a 3600, b 3600");
}

#[test]
fn a_command_of_several_lines_is_one_as_for_botocore() {
    let bed = Bed::new();
    bed.process(&bed.session().document());
    let tool = bed.sandbox.path("bin/tool");
    bed.sandbox.script("bin/one", "#!/bin/sh\n[ \"$*\" = \"a b c\" ] && exec \"$HOME/bin/tool\"\n");
    bed.config(&format!("credential_process = {} a\n  b\n  c", tool.with_file_name("one").display()));
    bed.get("base").json();
    assert_eq!(bed.cost(), "run");
}

#[test]
fn a_program_that_does_not_end_is_ended_after_a_minute() {
    let bed = Bed::new();
    let tool = bed.sandbox.script("bin/tool", "#!/bin/sh\necho $$ >~/pid\nexec sleep 600\n");
    bed.config(&format!("credential_process = {}", tool.display()));
    let started = std::time::Instant::now();
    fails(&bed.get("base"), 1, "`credential_process` of `base` failed: ");
    let took = started.elapsed().as_secs();
    assert!((58..90).contains(&took), "{took} s");
    let pid = bed.sandbox.read("pid");
    // Whoever takes note of the end of an orphan may take a moment.
    let is_left = || std::fs::read(format!("/proc/{}/cmdline", pid.trim())).is_ok_and(|line| !line.is_empty());
    let since = std::time::Instant::now();
    while is_left() {
        assert!(since.elapsed().as_secs() < 10, "it is left behind");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
