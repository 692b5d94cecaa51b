//! Kill -9 at each boundary of a step of creating and removing a user: nothing is left unnamed at AWS, and no key is lost.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::run::soak;
use crate::support::tools;
use crate::user::Office;
use crate::user::remove::full;

/// Runs `keyfob user` and has the kernel kill it as it enters a system call for the so-many-th time. False: it was through before.
fn killed(office: &Office, strace: &std::path::Path, call: &str, nth: usize, arguments: &[&str]) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let trace = format!("trace={call}");
    let words = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "keyfob", "user"];
    let all = [&words[..], arguments, &["--with", "admin", "--yes"]].concat();
    office.sandbox.program(strace, &all).run().was_killed()
}

/// How many points are left out between two, unless the long form is asked for.
fn step(short: usize) -> usize {
    if soak() { 1 } else { short }
}

/// Plays each case, a few at once.
fn play(cases: &[usize], one: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(*case);
                }
            });
        }
    });
}

/// Plays `one` with a kill at every `step`-th of a system call until a run is through; it says whether that run was killed.
fn at_each(call: &str, step: usize, least: usize, one: impl Fn(usize) -> bool + Sync) {
    let (through, landed) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
    let points: Vec<usize> = (1..400).step_by(step).collect();
    play(&points, |nth| {
        if nth <= through.load(Ordering::Relaxed) {
            match one(nth) {
                true => landed.fetch_add(1, Ordering::Relaxed),
                false => through.fetch_min(nth, Ordering::Relaxed),
            };
        }
    });
    let (through, landed) = (through.into_inner(), landed.into_inner());
    assert!(through < 400 && landed > least, "{call}: through at {through}, {landed} killed");
}

/// Kills `keyfob user` with these arguments at random moments, each time in an office that `prepare` makes.
fn at_random(prepare: impl Fn() -> Office + Sync, arguments: &[&str], after: impl Fn(&Office, &str) + Sync) {
    let all = [&["user"], arguments, &["--yes", "--with", "admin"]].concat();
    let office = prepare();
    let started = std::time::Instant::now();
    office.sandbox.keyfob(&all).run().ok();
    let (whole, landed) = (started.elapsed(), AtomicUsize::new(0));
    let kills: Vec<usize> = (0..if soak() { 300 } else { 8 }).collect();
    play(&kills, |kill| {
        let office = prepare();
        let mut running = office.sandbox.keyfob(&all).start();
        std::thread::sleep(whole.mul_f64(f64::from(u32::try_from(kill * 379 % 1000).expect("small")) / 1000.0));
        running.kill();
        landed.fetch_add(usize::from(running.finish().was_killed()), Ordering::Relaxed);
        after(&office, &format!("kill {kill}"));
    });
    let landed = landed.into_inner();
    assert!(landed >= kills.len() / 3, "only {landed} of {} kills came in time", kills.len());
}

const CREATE: &[&str] = &["create", "bob", "--group", "new", "--console", "--key", "--mfa", "none"];

/// Everything is there and works.
#[track_caller]
fn is_complete(office: &Office, case: &str) {
    let own = office.bob().belongings().unwrap_or_else(|| panic!("{case}: there is no user"));
    assert!(own.groups.contains("new") && own.password.is_some(), "{case}: {own:?}");
    let keys = office.bob().keys();
    assert_eq!(keys.len(), 1, "{case}: {keys:?}");
    let stored = office.stored();
    assert!(stored.contains(&format!("access-key/{}", keys[0].0)), "{case}: {stored:?}");
    assert_eq!(stored.len(), 2, "{case}: key and password: {stored:?}");
    office.sandbox.keyfob(&["exec", "bob", "--no-session", "--", "true"]).run().ok();
}

/// Nothing of it is left anywhere.
#[track_caller]
fn is_gone(office: &Office, case: &str) {
    assert!(office.bob().belongings().is_none() && office.bob().keys().is_empty(), "{case}: at AWS");
    assert!(office.aws.groups().is_empty() && office.aws.devices().is_empty(), "{case}: {:?}", office.aws.groups());
    assert!(office.stored().is_empty(), "{case}: {:?}", office.stored());
    assert!(!office.sandbox.read(".aws/config").contains("bob"), "{case}");
}

fn kill_creations_at(call: &str, step: usize) {
    let Some(strace) = tools::require_strace() else { return };
    at_each(call, step, 3, |nth| {
        let office = Office::new();
        let case = format!("killed at {call} {nth}");
        if !killed(&office, &strace, call, nth, CREATE) {
            is_complete(&office, &case);
            return false;
        }
        let back = nth / step % 2 == 1;
        let ran = office.user(&["create", "bob", if back { "--rollback" } else { "--resume" }, "--yes"]);
        ran.ok();
        let was_over = ran.stderr.contains("there is nothing to continue");
        match (office.bob().belongings().is_some(), was_over) {
            // Killed before its beginning was written, or after its end.
            (false, true) => is_gone(&office, &case),
            (_, true) => is_complete(&office, &case),
            _ if back => is_gone(&office, &case),
            _ => is_complete(&office, &case),
        }
        true
    });
}

#[test]
fn a_creation_killed_at_any_step_is_finished_or_taken_back() {
    kill_creations_at("fsync", step(4));
}

#[test]
fn a_creation_killed_around_any_answer_is_finished_or_taken_back() {
    kill_creations_at("recvfrom", step(3));
}

#[test]
fn a_handover_killed_at_any_step_is_finished_or_taken_back() {
    let Some(strace) = tools::require_strace() else { return };
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let step = step(3);
    at_each("fsync", step, 3, |nth| {
        let office = Office::new();
        let case = format!("killed at fsync {nth}");
        let arguments = ["create", "bob", "--key", "--console", "--handover", "bob.keyfob", "--to", &public];
        let was_killed = killed(&office, &strace, "fsync", nth, &arguments);
        let back = was_killed && nth / step % 2 == 1;
        let ran = office.user(&["create", "bob", if back { "--rollback" } else { "--resume" }, "--yes"]);
        ran.ok();
        let is_there = office.bob().belongings().is_some();
        if back && !ran.stderr.contains("there is nothing to continue") || !is_there {
            is_gone(&office, &case);
            return was_killed;
        }
        // What is in the file is the one key at AWS.
        let keys = office.bob().keys();
        assert!(keys.len() == 1 && office.stored().is_empty(), "{case}: {keys:?} {:?}", office.stored());
        let text = office.sandbox.read("bob.keyfob");
        let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert!(file["key"].is_string() && file["password"].is_string(), "{case}: {file}");
        let path = office.sandbox.path("keyfob/data/users/111122223333-bob.json");
        assert!(!path.exists(), "{case}: nothing sealed stays here");
        was_killed
    });
}

#[test]
fn a_creation_killed_at_a_random_instant_is_finished() {
    at_random(Office::new, CREATE, |office, case| {
        office.user(&["create", "bob", "--resume", "--yes"]).ok();
        if office.bob().belongings().is_some() { is_complete(office, case) } else { is_gone(office, case) }
    });
}

const REMOVE: &[&str] = &["remove", "bob", "--now"];

/// An office with a user that has one of everything.
fn with_bob() -> Office {
    let office = Office::new();
    full(&office);
    office
}

/// Removes the user again, unless it is gone already, and then it is.
#[track_caller]
fn is_removed(office: &Office, case: &str) {
    if office.bob().belongings().is_some() || !office.aws.devices().is_empty() {
        office.user(&[REMOVE, &["--yes"]].concat()).ok();
    }
    assert!(office.bob().belongings().is_none() && office.bob().keys().is_empty(), "{case}");
    assert!(office.aws.devices().is_empty(), "{case}: {:?}", office.aws.devices());
}

#[test]
fn a_removal_killed_at_any_step_is_finished() {
    let Some(strace) = tools::require_strace() else { return };
    for (call, step) in [("fsync", step(3)), ("recvfrom", step(12))] {
        at_each(call, step, 1, |nth| {
            let office = with_bob();
            let was_killed = killed(&office, &strace, call, nth, REMOVE);
            is_removed(&office, &format!("killed at {call} {nth}"));
            was_killed
        });
    }
}

#[test]
fn a_removal_killed_at_a_random_instant_is_finished() {
    at_random(with_bob, REMOVE, is_removed);
}
