//! What an older keyfob left on a machine works on after an upgrade.
#![expect(clippy::disallowed_methods, reason = "a recorded machine is laid out byte for byte")]

use std::fs;
use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::data;
use crate::support::sandbox::Sandbox;

/// When `tests/data/sessions-v1` was recorded: 2026-01-01T00:00:00Z.
const RECORDED_AT: i64 = 1_767_225_600;

/// The machine of the recording, ten minutes later. Nothing listens where its AWS was, so a call would fail.
fn machine() -> Option<Sandbox> {
    let aws = Arc::new(LoopbackAws::start());
    let mut sandbox = Sandbox::new(KEYFOB, &aws);
    sandbox.put_clock_off(RECORDED_AT + 600 - aws.now())?;
    sandbox.set("KEYFOB_BACKEND", "vault");
    sandbox.set("KEYFOB_IDENTITY_FILE", sandbox.path("identity.txt"));
    sandbox.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    for (file, place) in [
        ("config", ".aws/config"),
        ("credentials", ".aws/credentials"),
        ("identity.txt", "identity.txt"),
        ("index.json", "keyfob/data/index.json"),
        ("vault.age", "keyfob/data/vault.age"),
    ] {
        let bytes = fs::read(data::path("sessions-v1").join(file)).expect("recorded");
        fs::write(sandbox.write(place, ""), bytes).expect("copied");
    }
    for (path, bytes) in data::files("sessions-v1/cache") {
        let name = path.file_name().expect("a file").to_str().expect("ASCII").to_owned();
        fs::write(sandbox.write(&format!("keyfob/cache/{name}"), ""), bytes).expect("copied");
    }
    Some(sandbox)
}

#[test]
fn recorded_sessions_are_handed_out_without_a_call_a_code_or_a_warning() {
    let Some(sandbox) = machine() else { return };
    for (profile, number) in [("work", 1), ("deploy", 2), ("audit", 3), ("build", 4), ("plain", 5)] {
        for _ in ["first", "again"] {
            let ran = sandbox.keyfob(&["credential-process", profile]).run();
            assert_eq!(ran.json()["AccessKeyId"], format!("ASIAFAKERECORDED000{number}"), "{profile}");
            assert_eq!(ran.stderr, "", "{profile}");
        }
    }
    let explained = sandbox.keyfob(&["explain", "audit", "--json"]).run().json();
    let listed = sandbox.keyfob(&["list", "--json"]).run().json();
    let listed = listed["profiles"].as_array().expect("a list");
    let cached = listed.iter().filter(|profile| !profile["session_expires"].is_null()).count();
    // Their headers do not say which sessions they are, so that takes the copy of the sealing key.
    if keyfob::sys::kernel_keyring::get("keyfob:test").is_err() {
        assert_eq!((&explained["cache"], &explained["needs_code"]), (&"unknown".into(), &serde_json::Value::Null));
        assert_eq!(cached, 0);
        return;
    }
    assert_eq!((&explained["cache"], &explained["needs_code"]), (&"checked".into(), &false.into()));
    assert_eq!(explained["session"]["cached_until"], "2026-01-01T12:00:00Z");
    for hop in [0, 1] {
        assert_eq!(explained["hops"][hop]["cached_until"], "2026-01-01T01:00:00Z", "hop {hop}");
    }
    assert_eq!(cached, 5, "{listed:?}");
}

#[test]
fn recorded_links_are_undone_to_the_byte() {
    let Some(sandbox) = machine() else { return };
    for profile in ["build", "deploy"] {
        sandbox.keyfob(&["profile", "unlink", profile]).run().ok();
    }
    let before = fs::read_to_string(data::path("sessions-v1").join("config-before-link")).expect("recorded");
    assert_eq!(sandbox.read(".aws/config"), before);
}

#[test]
fn recorded_sessions_and_failures_are_cleared() {
    let Some(sandbox) = machine() else { return };
    let left = || {
        let names = fs::read_dir(sandbox.path("keyfob/cache")).expect("a folder");
        let names = names.map(|entry| entry.expect("read").file_name().into_string().expect("ASCII"));
        names.filter(|name| !name.ends_with(".lock")).count()
    };
    assert_eq!(left(), 6);
    sandbox.keyfob(&["clear", "audit"]).run().ok();
    assert_eq!(left(), 3, "its three sessions are gone");
    sandbox.keyfob(&["clear", "--all"]).run().ok();
    assert_eq!(left(), 0);
}
