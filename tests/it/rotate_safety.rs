//! A rotation that meets failures, kills and crowds: after each of them the key in use comes out of the store and works at
//! AWS, every key at AWS is stored or named, and `--resume` or `--rollback` ends clean.
//!
//! The short form runs always; `KEYFOB_TEST_SOAK=1` runs every fault at every request, each kill point both ways, 300 random
//! kills and 20 rotations under a crowd.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::rotate::{hurry, scene};
use crate::scene::{Scene, key_id};
use crate::support::aws::Fault;
use crate::support::leaks::Shows;
use crate::support::run::Ran;
use crate::support::tools;

/// How many scenes are played at once; most of the time they wait.
const AT_ONCE: usize = 6;

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests asks for the long form")]
fn soak() -> bool {
    std::env::var_os("KEYFOB_TEST_SOAK").is_some()
}

/// What many scenes came to.
#[derive(Default)]
struct Figures {
    played: AtomicUsize,
    stopped: AtomicUsize,
    orphans: AtomicUsize,
}

impl Figures {
    #[expect(clippy::print_stdout, reason = "figures for whoever runs the tests with --nocapture")]
    fn tell(&self, what: &str) {
        let [played, stopped, orphans] =
            [&self.played, &self.stopped, &self.orphans].map(|n| n.load(Ordering::Relaxed));
        println!("{what}: {played} played, {stopped} stopped half-way, {orphans} orphans named and deleted");
    }
}

/// Plays every case, a few at once.
fn play<T: Sync>(cases: &[T], one: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    one(case);
                }
            });
        }
    });
}

/// The ids of all access keys in the vault, read as `age` would.
fn in_vault(scene: &Scene) -> BTreeSet<String> {
    let identity: age::x25519::Identity = scene.sandbox.read("identity.txt").trim().parse().expect("an identity");
    let file = std::fs::File::open(scene.sandbox.path("keyfob/data/vault.age")).expect("a vault");
    let decryptor = age::Decryptor::new_buffered(std::io::BufReader::new(file)).expect("an age file");
    let mut text = String::new();
    let identities = [&identity as &dyn age::Identity];
    decryptor.decrypt(identities.into_iter()).expect("it opens").read_to_string(&mut text).expect("text");
    text.split("access-key/").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// The key in use comes out of the store and works.
#[track_caller]
fn a_key_works(scene: &Scene, case: &str) {
    let used = scene.stored_key();
    assert!(scene.is_active(&used), "{case}: {used} is in use and not Active: {:?}", scene.ann.keys());
    assert!(in_vault(scene).contains(&used), "{case}");
}

/// A key named in an error as one whose secret nobody has.
fn orphan_in(ran: &Ran) -> Option<String> {
    let rest = ran.stderr.split("the key AKIA").nth(1)?;
    rest.contains("nobody has its secret").then(|| format!("AKIA{}", rest.split(' ').next().unwrap_or_default()))
}

/// Goes on or back until nothing is left to do, and looks whether that is clean.
#[track_caller]
fn ends_clean(scene: &Scene, way: &str, case: &str, figures: &Figures) {
    let mut ran = scene.rotate(&[way, "--yes"]);
    if let Some(orphan) = orphan_in(&ran) {
        figures.orphans.fetch_add(1, Ordering::Relaxed);
        ran = scene.rotate(&[way, "--yes", "--delete-other", &orphan]);
    }
    assert_eq!(ran.code, Some(0), "{case}: {way}: {ran:?}");
    a_key_works(scene, case);
    let at_aws: BTreeSet<String> = scene.ann.keys().into_iter().map(|(id, _)| id).collect();
    assert_eq!(in_vault(scene), at_aws, "{case}: after {way} every key at AWS is stored, and no other");
    let status = scene.rotate(&["--status", "--json"]).json();
    let state = &status["rotation"]["state"];
    assert!(state.is_null() || state == "resting", "{case}: {status}");
    if way == "--rollback" {
        assert!(state.is_null() && at_aws.len() == 1, "{case}: {status} {at_aws:?}");
    }
    // And the next one works.
    if state.is_null() {
        scene.rotate(&["--yes"]).ok();
        a_key_works(scene, case);
    }
}

fn kinds() -> [(&'static str, Fault); 9] {
    let refuse = |status, code, message| Fault::Refuse { status, code, message };
    [
        ("throttled", Fault::Throttle),
        ("failed inside", Fault::InternalFailure),
        ("unavailable", Fault::Unavailable),
        ("denied", refuse(403, "AccessDenied", "User: ann is not authorized to perform: that")),
        ("key unknown", refuse(403, "InvalidClientTokenId", "The security token included in the request is invalid.")),
        ("request dropped", Fault::DropRequest),
        ("answer dropped", Fault::DropAnswer),
        ("half an answer", Fault::HalfAnswer),
        ("garbage", Fault::Garbage),
    ]
}

#[test]
fn a_fault_at_any_request_loses_no_key() {
    let clean = scene();
    clean.rotate(&["--delete-now"]).ok();
    let requests = clean.aws.requests().len();
    let mut cases = Vec::new();
    for after in 0..requests {
        for (index, (name, fault)) in kinds().into_iter().enumerate() {
            // Three in a row outlast the SDK's own retries.
            for (times, way) in [(1, "--resume"), (4, "--resume"), (4, "--rollback")] {
                // In the short form every request meets three faults, and every fault a third of the requests.
                if soak() || (times == 4 && (after + index) % 9 < 3 && (way == "--resume") == (index % 2 == 0)) {
                    cases.push((after, name, fault.clone(), times, way));
                }
            }
        }
    }
    let figures = Figures::default();
    play(&cases, |(after, name, fault, times, way)| {
        let scene = scene();
        let case = format!("request {after} {name} {times} times, {way}");
        scene.aws.faults_after(*after, *times, fault.clone());
        // Every other way of finishing: some delete the old key too.
        let ran = scene.rotate(if after % 2 == 0 { &["--yes", "--delete-now"][..] } else { &["--yes"] });
        scene.aws.forget_faults();
        figures.played.fetch_add(1, Ordering::Relaxed);
        let at_aws: BTreeSet<String> = scene.ann.keys().into_iter().map(|(id, _)| id).collect();
        let stored = in_vault(&scene);
        for unknown in at_aws.difference(&stored) {
            // Unless not even a list could be had: then the next command names it.
            let told = ran.stderr.contains(unknown) || ran.stderr.contains("--resume");
            assert!(told, "{case}: {unknown} is not named: {ran:?}");
        }
        a_key_works(&scene, &case);
        if ran.code == Some(0) {
            return;
        }
        figures.stopped.fetch_add(1, Ordering::Relaxed);
        // A rollback is refused where the old key is deleted already; then there is only on.
        let gone = !at_aws.contains(&scene.key.id);
        ends_clean(&scene, if gone { "--resume" } else { way }, &case, &figures);
    });
    figures.tell("faults");
}

/// Runs a rotation and has the kernel kill it as it enters a system call for the so-many-th time. False: it was through
/// before.
fn killed_at(scene: &Scene, strace: &std::path::Path, call: &str, nth: usize) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let trace = format!("trace={call}");
    let words =
        ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "keyfob", "rotate", "work", "--delete-now"];
    let ran = scene.sandbox.program(strace, &words).run();
    assert!(ran.code != Some(70), "{ran:?}");
    ran.code != Some(0)
}

/// Kills at every `step`-th entry into `call`, until a rotation gets through.
fn kill_at_each(call: &str, step: usize, both_ways: bool, figures: &Figures) {
    let Some(strace) = tools::require("strace") else { return };
    let through = AtomicUsize::new(usize::MAX);
    let points: Vec<(usize, &str)> = (1..400)
        .step_by(step)
        .enumerate()
        .flat_map(|(index, nth)| match both_ways {
            true => vec![(nth, "--resume"), (nth, "--rollback")],
            false => vec![(nth, ["--resume", "--rollback"][index % 2])],
        })
        .collect();
    play(&points, |(nth, way)| {
        if *nth > through.load(Ordering::Relaxed) {
            return;
        }
        let scene = scene();
        let case = format!("killed at {call} {nth}, {way}");
        if !killed_at(&scene, &strace, call, *nth) {
            through.fetch_min(*nth, Ordering::Relaxed);
            return;
        }
        figures.played.fetch_add(1, Ordering::Relaxed);
        figures.stopped.fetch_add(1, Ordering::Relaxed);
        a_key_works(&scene, &case);
        let gone = !scene.ann.keys().iter().any(|(id, _)| *id == scene.key.id);
        ends_clean(&scene, if gone { "--resume" } else { way }, &case, figures);
    });
    let through = through.load(Ordering::Relaxed);
    assert!(through < 400 && through > 5, "{call}: {through} is no number of kill points");
}

#[test]
fn a_kill_at_any_step_boundary_loses_no_key() {
    // Every file is replaced with one fsync before the rename and one after it: the journal's, the index's, the vault's.
    let figures = Figures::default();
    kill_at_each("fsync", if soak() { 1 } else { 3 }, soak(), &figures);
    figures.tell("kills at each fsync");
}

#[test]
fn a_kill_around_any_request_loses_no_key() {
    let figures = Figures::default();
    for call in ["recvfrom", "rename,renameat,renameat2"] {
        kill_at_each(call, if soak() { 1 } else { 9 }, soak(), &figures);
    }
    figures.tell("kills at each answer and rename");
}

#[test]
fn a_kill_at_a_random_instant_loses_no_key() {
    let kills: Vec<u64> = (0..if soak() { 300 } else { 12 }).collect();
    let clean = scene();
    let started = Instant::now();
    clean.rotate(&["--delete-now"]).ok();
    let whole = started.elapsed();
    let figures = Figures::default();
    let state = Mutex::new(0x9e37_79b9_7f4a_7c15_u64);
    play(&kills, |kill| {
        let scene = scene();
        // xorshift: other instants each time would make a failure hard to see again.
        let random = {
            let mut state = state.lock().expect("sound");
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            *state
        };
        let instant = whole.mul_f64(f64::from(u32::try_from(random % 1000).expect("small")) / 800.0);
        let mut rotating = scene.sandbox.keyfob(&["rotate", "work", "--delete-now"]).start();
        std::thread::sleep(instant);
        rotating.kill();
        drop(rotating);
        let way = ["--resume", "--rollback"][usize::try_from(kill % 2).expect("small")];
        let case = format!("killed after {instant:?}, {way}");
        figures.played.fetch_add(1, Ordering::Relaxed);
        a_key_works(&scene, &case);
        if scene.rotate(&["--status", "--json"]).json()["rotation"].is_object() {
            figures.stopped.fetch_add(1, Ordering::Relaxed);
        }
        let gone = !scene.ann.keys().iter().any(|(id, _)| *id == scene.key.id);
        if gone && scene.ann.keys().len() == 1 {
            return ends_clean(&scene, "--resume", &case, &figures);
        }
        ends_clean(&scene, way, &case, &figures);
    });
    figures.tell("random kills");
}

#[test]
fn a_rollback_killed_at_any_boundary_is_picked_up_too() {
    let Some(strace) = tools::require("strace") else { return };
    let figures = Figures::default();
    let points: Vec<usize> = (1..60).step_by(if soak() { 1 } else { 4 }).collect();
    play(&points, |nth| {
        let scene = scene();
        scene.rotate(&["--yes"]).ok();
        let inject = format!("inject=fsync:signal=KILL:when={nth}");
        let words = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", &inject];
        let words = [&words[..], &["keyfob", "rotate", "work", "--rollback"]].concat();
        let ran = scene.sandbox.program(&strace, &words).run();
        let case = format!("rollback killed at fsync {nth}");
        figures.played.fetch_add(1, Ordering::Relaxed);
        a_key_works(&scene, &case);
        if ran.code != Some(0) {
            figures.stopped.fetch_add(1, Ordering::Relaxed);
            // Whichever is said, a way back that was begun goes on.
            ends_clean(&scene, ["--resume", "--rollback"][nth % 2], &case, &figures);
        }
    });
    figures.tell("kills of a rollback");
}

#[test]
fn a_store_that_cannot_be_written_costs_no_key() {
    let Some(strace) = tools::require("strace") else { return };
    // The renames of a rotation, in order: the vault's, the journal's and the index's. A full disk meets each.
    let figures = Figures::default();
    let points: Vec<usize> = (1..40).step_by(if soak() { 1 } else { 2 }).collect();
    play(&points, |nth| {
        let scene = scene();
        let inject = format!("inject=rename,renameat,renameat2:error=ENOSPC:when={nth}+");
        let words = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=rename,renameat,renameat2", "-e", &inject];
        let words = [&words[..], &["keyfob", "rotate", "work", "--delete-now"]].concat();
        let ran = scene.sandbox.program(&strace, &words).run();
        let case = format!("no space from rename {nth} on");
        figures.played.fetch_add(1, Ordering::Relaxed);
        a_key_works(&scene, &case);
        let stored = in_vault(&scene);
        for (id, _) in scene.ann.keys() {
            assert!(stored.contains(&id) || ran.stderr.contains(&id), "{case}: {id} is not named: {ran:?}");
        }
        if ran.code != Some(0) {
            figures.stopped.fetch_add(1, Ordering::Relaxed);
            let gone = !scene.ann.keys().iter().any(|(id, _)| *id == scene.key.id);
            ends_clean(&scene, if gone || nth % 2 == 0 { "--resume" } else { "--rollback" }, &case, &figures);
        }
    });
    figures.tell("full disks");
}

#[test]
fn no_call_fails_while_the_key_is_rotated_under_a_crowd() {
    let (rotations, delay) = if soak() { (20, 5) } else { (2, 2) };
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene.sandbox.set("KEYFOB_ROTATE_PATIENCE", "60s");
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "2s");
    // A role that wants no MFA: its calls are signed with the access key itself, every time.
    let open = scene.aws.role("open").trusts(&scene.ann.arn());
    scene.edit("mfa_serial", "keyfob_session = never\n#");
    scene.append(&format!(
        "\n[profile open]\nregion = eu-central-1\nkeyfob_role_arn = {}\nkeyfob_source_profile = work\n",
        open.arn()
    ));
    scene.aws.new_keys_unknown_for(delay);
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (scene, stop, calls) = (&scene, &stop, &calls);
            scope.spawn(move || {
                let cache = scene.sandbox.path(&format!("cache-{worker}"));
                while !stop.load(Ordering::Relaxed) {
                    if worker % 4 == 0 {
                        let run = scene.sandbox.keyfob(&["credential-process", "work"]);
                        let answer = run.shows(Shows::Keys).env("KEYFOB_CACHE_DIR", &cache).run().json();
                        let id = answer["AccessKeyId"].as_str().expect("an id");
                        assert!(scene.is_active(id), "{id} was handed out and does not work: {:?}", scene.ann.keys());
                    } else {
                        let run = scene.sandbox.keyfob(&["credential-process", "open", "--min-ttl", "1h"]);
                        key_id(&run.env("KEYFOB_CACHE_DIR", &cache).run().json());
                    }
                    calls.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
        for rotation in 0..rotations {
            let ran = scene.rotate(&["--delete-now", "--yes"]);
            if ran.code != Some(0) {
                stop.store(true, Ordering::Relaxed);
            }
            ran.ok();
            assert_eq!(scene.ann.keys().len(), 1, "rotation {rotation}");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let figures = Figures { played: AtomicUsize::new(calls.load(Ordering::Relaxed)), ..Figures::default() };
    figures.tell(&format!("calls during {rotations} rotations with {delay} s of propagation"));
    assert!(calls.load(Ordering::Relaxed) > 16);
}

#[test]
fn a_key_that_aws_forgets_for_a_moment_is_stood_in_for_by_the_other_one() {
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene.sandbox.set("KEYFOB_ROTATE_SETTLE", "6s");
    let rotating = scene.sandbox.keyfob(&["rotate", "work"]).start();
    while scene.aws.requests().iter().filter(|request| request.action == "GetCallerIdentity").count() < 4 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    let unknown =
        Fault::Refuse { status: 403, code: "InvalidClientTokenId", message: "The security token is invalid." };
    scene.aws.fault("GetSessionToken", unknown);
    let code = scene.phone.code();
    key_id(&scene.sandbox.keyfob(&["credential-process", "work", "--mfa-code", &code]).run().json());
    let asked = scene.aws.requests_of("GetSessionToken");
    assert_eq!(asked.len(), 2, "once with each key, and the same code");
    assert_ne!(asked[0].key_id, asked[1].key_id);
    rotating.finish().ok();
}

#[test]
fn a_new_key_that_flaps_after_the_old_one_is_inactive_is_tried_again() {
    let mut scene = Scene::new();
    hurry(&mut scene);
    scene.rotate(&[]).ok();
    let new = scene.stored_key();
    let unknown =
        Fault::Refuse { status: 403, code: "InvalidClientTokenId", message: "The security token is invalid." };
    scene.aws.fault("GetSessionToken", unknown.clone());
    let code = scene.phone.code();
    key_id(&scene.sandbox.keyfob(&["credential-process", "work", "--mfa-code", &code]).run().json());
    let asked: Vec<_> = scene.aws.requests_of("GetSessionToken").into_iter().filter_map(|asked| asked.key_id).collect();
    assert_eq!(asked, [new.clone(), scene.key.id.clone(), new]);
    // A key that is in no rotation is refused at once.
    scene.rotate(&["--finish", "--force"]).ok();
    scene.sandbox.keyfob(&["clear"]).run().ok();
    scene.aws.forget_requests();
    scene.aws.fault("GetSessionToken", unknown);
    let refused = scene.credential_process_with_code("work", &scene.phone.code());
    crate::scene::fails(&refused, 4, "AWS does not know the access key");
    assert_eq!(scene.aws.count("GetSessionToken"), 1);
}
