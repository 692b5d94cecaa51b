//! Kill -9, at each boundary of a step and at any instant.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::rotate::safety::{Figures, a_key_works, ends_clean, play, soak};
use crate::rotate::scene;
use crate::scene::Scene;
use crate::support::tools;

/// Runs `keyfob rotate` and has the kernel kill it as it enters a system call for the so-many-th time. False: it was through
/// before.
pub fn killed(scene: &Scene, strace: &std::path::Path, call: &str, nth: usize, arguments: &[&str]) -> bool {
    let inject = format!("inject={call}:signal=KILL:when={nth}");
    let trace = format!("trace={call}");
    let words = ["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "keyfob", "rotate"];
    // strace ends by the signal that its child ended by.
    scene.sandbox.program(strace, &[&words[..], arguments].concat()).run().was_killed()
}

/// Kills at every `step`-th entry into `call`, until a rotation gets through.
fn kill_at_each(call: &str, step: usize, both_ways: bool, figures: &Figures) {
    let Some(strace) = tools::require_strace() else { return };
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
        if !killed(&scene, &strace, call, *nth, &["work", "--delete-now"]) {
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
    assert!(figures.stopped.load(Ordering::Relaxed) > 0, "{call}: nothing was killed");
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
    let landed = AtomicUsize::new(0);
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
        landed.fetch_add(usize::from(rotating.finish().was_killed()), Ordering::Relaxed);
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
    let landed = landed.load(Ordering::Relaxed);
    assert!(landed >= kills.len() / 3, "only {landed} of {} kills came in time", kills.len());
}

#[test]
fn a_rollback_killed_at_any_boundary_is_picked_up_too() {
    let Some(strace) = tools::require_strace() else { return };
    let figures = Figures::default();
    let points: Vec<usize> = (1..60).step_by(if soak() { 1 } else { 4 }).collect();
    play(&points, |nth| {
        let scene = scene();
        scene.rotate(&["--yes"]).ok();
        let killed = killed(&scene, &strace, "fsync", *nth, &["work", "--rollback"]);
        let case = format!("rollback killed at fsync {nth}");
        figures.played.fetch_add(1, Ordering::Relaxed);
        a_key_works(&scene, &case);
        if killed {
            figures.stopped.fetch_add(1, Ordering::Relaxed);
            // Whichever is said, a way back that was begun goes on.
            ends_clean(&scene, ["--resume", "--rollback"][nth % 2], &case, &figures);
        }
    });
    figures.tell("kills of a rollback");
    let stopped = figures.stopped.load(Ordering::Relaxed);
    assert!(stopped > 2 && stopped < points.len(), "{stopped} of {} kill points", points.len());
}
