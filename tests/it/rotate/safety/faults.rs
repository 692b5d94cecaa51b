//! Calls that fail, and a disk that is full.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::rotate::safety::{Figures, a_key_works, ends_clean, in_vault, kinds, play, soak};
use crate::rotate::scene;
use crate::support::tools;

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
                // In the short form every request meets three faults, and every fault three of ten requests.
                if soak() || (times == 4 && (after + index) % 10 < 3 && (way == "--resume") == (index % 2 == 0)) {
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
    assert!(figures.stopped.load(Ordering::Relaxed) > 0, "no fault stopped a rotation");
}

#[test]
fn a_store_that_cannot_be_written_costs_no_key() {
    let Some(strace) = tools::require_strace() else { return };
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
        // By then keyfob was there: strace's own failures are no full disk.
        assert!(ran.code == Some(0) || ran.stderr.contains("keyfob: "), "{case}: {ran:?}");
        if ran.code != Some(0) {
            figures.stopped.fetch_add(1, Ordering::Relaxed);
            let gone = !scene.ann.keys().iter().any(|(id, _)| *id == scene.key.id);
            ends_clean(&scene, if gone || nth % 2 == 0 { "--resume" } else { "--rollback" }, &case, &figures);
        }
    });
    figures.tell("full disks");
    let stopped = figures.stopped.load(Ordering::Relaxed);
    assert!(stopped > 2 && stopped < points.len(), "{stopped} of {} disks were full in time", points.len());
}
