//! Faults and kills while a rotation goes on or back: that is a rotation like any other.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::rotate::safety::kills::killed;
use crate::rotate::safety::{Figures, a_key_works, ends_clean, in_vault, kinds, play, soak};
use crate::rotate::scene;
use crate::scene::Scene;
use crate::support::aws::Fault;
use crate::support::tools;

/// A rotation that stopped somewhere, and what is said then.
struct Stopped {
    at: &'static str,
    way: &'static str,
}

const STOPPED: [Stopped; 7] = [
    Stopped { at: "create", way: "--resume" },
    Stopped { at: "create", way: "--rollback" },
    Stopped { at: "prove", way: "--resume" },
    Stopped { at: "prove", way: "--rollback" },
    Stopped { at: "deactivate", way: "--resume" },
    Stopped { at: "deactivate", way: "--rollback" },
    Stopped { at: "rest", way: "--rollback" },
];

impl Stopped {
    /// A scene with a rotation that stopped there. The request that never came leaves no key, the lost answer one.
    fn scene(&self) -> Scene {
        let scene = scene();
        match self.at {
            "create" => scene.aws.faults("CreateAccessKey", 1, Fault::DropAnswer),
            "prove" => scene.aws.new_keys_unknown_for(100),
            "deactivate" => {
                let refused = Fault::Refuse { status: 400, code: "ValidationError", message: "no" };
                scene.aws.fault("UpdateAccessKey", refused);
            }
            _ => {}
        }
        // `--delete-now` for what stops on the way, so that going on does all there is to do.
        let ran = scene.rotate(if self.at == "rest" { &["--yes"] } else { &["--yes", "--delete-now"] });
        assert_eq!(ran.code == Some(0), self.at == "rest", "{ran:?}");
        scene.aws.advance(110);
        scene.aws.new_keys_unknown_for(0);
        scene.aws.forget_requests();
        scene
    }

    /// What is said to go on; a key whose secret is lost is named along.
    fn words(&self, scene: &Scene) -> Vec<String> {
        let mut words = [self.way, "--yes"].map(str::to_owned).to_vec();
        if self.at == "create" {
            let orphan = scene.ann.keys().into_iter().map(|(id, _)| id).find(|id| *id != scene.key.id);
            words.extend(["--delete-other".to_owned(), orphan.expect("its answer was lost")]);
        }
        words
    }
}

#[test]
fn a_fault_while_going_on_or_back_loses_no_key() {
    let mut cases = Vec::new();
    for stopped in &STOPPED {
        let clean = stopped.scene();
        let words = stopped.words(&clean);
        clean.rotate(&words.iter().map(String::as_str).collect::<Vec<_>>()).ok();
        for after in 0..clean.aws.requests().len() {
            for (index, (name, fault)) in kinds().into_iter().enumerate() {
                // In the short form every request meets one fault.
                if soak() || index == (after * 3) % 10 {
                    cases.push((stopped, after, name, fault));
                }
            }
        }
    }
    let figures = Figures::default();
    play(&cases, |(stopped, after, name, fault)| {
        let scene = stopped.scene();
        let case = format!("{} after {}: request {after} {name}", stopped.way, stopped.at);
        let words = stopped.words(&scene);
        scene.aws.faults_after(*after, 4, fault.clone());
        let ran = scene.rotate(&words.iter().map(String::as_str).collect::<Vec<_>>());
        scene.aws.forget_faults();
        figures.played.fetch_add(1, Ordering::Relaxed);
        a_key_works(&scene, &case);
        let stored = in_vault(&scene);
        for (id, _) in scene.ann.keys() {
            let named = ran.stderr.contains(&id) || ran.stderr.contains("--resume");
            assert!(stored.contains(&id) || named, "{case}: {id} is not named: {ran:?}");
        }
        if ran.code != Some(0) {
            figures.stopped.fetch_add(1, Ordering::Relaxed);
        }
        ends_clean(&scene, way_left(&scene, stopped.way), &case, &figures);
    });
    figures.tell("faults while going on or back");
    assert!(figures.stopped.load(Ordering::Relaxed) > 0, "no fault stopped anything");
}

#[test]
fn a_kill_while_going_on_or_back_loses_no_key() {
    let Some(strace) = tools::require_strace() else { return };
    let step = if soak() { 1 } else { 6 };
    // Each way of each beginning is through after so many of a call, and what comes after is no kill.
    let through: Vec<[AtomicUsize; 2]> = STOPPED.iter().map(|_| [const { AtomicUsize::new(usize::MAX) }; 2]).collect();
    let mut cases = Vec::new();
    for nth in (1..60).step_by(step) {
        for number in 0..STOPPED.len() {
            cases.extend([0, 1].map(|call| (number, call, nth + number % step)));
        }
    }
    let figures = Figures::default();
    play(&cases, |(number, call, nth)| {
        let (stopped, through) = (&STOPPED[*number], &through[*number][*call]);
        if *nth > through.load(Ordering::Relaxed) {
            return;
        }
        let scene = stopped.scene();
        let call = ["fsync", "recvfrom"][*call];
        let case = format!("{} after {}: killed at {call} {nth}", stopped.way, stopped.at);
        let words = stopped.words(&scene);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let killed = killed(&scene, &strace, call, *nth, &[&["work"][..], &words].concat());
        a_key_works(&scene, &case);
        if !killed {
            through.fetch_min(*nth, Ordering::Relaxed);
            return;
        }
        figures.played.fetch_add(1, Ordering::Relaxed);
        figures.stopped.fetch_add(1, Ordering::Relaxed);
        ends_clean(&scene, way_left(&scene, stopped.way), &case, &figures);
    });
    figures.tell("kills while going on or back");
    assert!(figures.stopped.load(Ordering::Relaxed) > STOPPED.len(), "hardly anything was killed");
    assert!(through.iter().flatten().all(|nth| nth.load(Ordering::Relaxed) < 60), "there are kill points beyond");
}

/// The way a rotation can still take: once the old key is deleted there is only on.
fn way_left(scene: &Scene, way: &'static str) -> &'static str {
    let gone = !scene.ann.keys().iter().any(|(id, _)| *id == scene.key.id);
    if gone { "--resume" } else { way }
}
