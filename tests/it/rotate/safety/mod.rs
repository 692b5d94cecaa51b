//! A rotation that meets failures, kills and crowds: after each of them the key in use comes out of the store and works at
//! AWS, every key at AWS is stored or named, and `--resume` or `--rollback` ends clean.
//!
//! The short form runs always; `KEYFOB_TEST_SOAK=1` runs every fault at every request, each kill point both ways, 300 random
//! kills and 20 rotations under a crowd.

mod again;
mod crowd;
mod faults;
mod kills;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::scene::Scene;
use crate::support::aws::Fault;
use crate::support::run::{Ran, soak};
use crate::support::vault;

/// How many scenes are played at once; most of the time they wait.
const AT_ONCE: usize = 6;

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

/// The ids of all access keys in the vault.
fn in_vault(scene: &Scene) -> BTreeSet<String> {
    let items = vault::items(&scene.sandbox).into_keys();
    items.filter_map(|name| name.strip_prefix("access-key/").map(str::to_owned)).collect()
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
    let rest = ran.stderr.split("but its secret was lost").nth(1)?;
    rest.split("--delete-other ").nth(1)?.split(['`', ' ']).next().map(str::to_owned)
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

fn kinds() -> [(&'static str, Fault); 10] {
    let refuse = |status, code, message| Fault::Refuse { status, code, message };
    [
        ("throttled", Fault::Throttle),
        ("failed inside", Fault::InternalFailure),
        ("unavailable", Fault::Unavailable),
        ("denied", refuse(403, "AccessDenied", "User: ann is not authorized to perform: that")),
        ("key unknown", refuse(403, "InvalidClientTokenId", "The security token included in the request is invalid.")),
        ("request dropped", Fault::DropRequest),
        ("answer dropped", Fault::DropAnswer),
        ("done and failed", Fault::FailAfterwards),
        ("half an answer", Fault::HalfAnswer),
        ("garbage", Fault::Garbage),
    ]
}
