//! Every command in a hint or a fix runs as printed, and helps: tried in a copy of the world that it was printed in.
//!
//! The worlds are data, in `tests/data/advice` and AWS's own suites. In each, commands are run for its profiles. What their
//! hints and `doctor`'s fixes tell the user to run has to be a command line that keyfob takes. Run in the same world, it must not
//! fail with the error it is the answer to; afterwards the finding is gone, or the command that failed does not fail with the
//! same error. What needs a value that only the user knows is listed in `FILLS`, what only shows something in `SHOWS`.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::support::data;
use crate::support::run::Ran;
use crate::worlds::{self, Machine, World};

/// The commands with a placeholder, and the placeholder: only the user knows what goes there. Nothing else may have one.
const FILLS: &[&str] = &[
    "keyfob add PROFILE", "keyfob exec COMMAND", "keyfob login PROFILE", "keyfob login URL", "keyfob profile set ARN",
    "keyfob profile set ID", "keyfob profile set PROFILE", "keyfob profile set REGION", "keyfob profile set VALUE",
];

/// What shows something, for the user to decide; it has to succeed.
const SHOWS: &[&str] = &["doctor", "explain", "help", "keys", "list", "show", "mfa list"];

/// What prompts on a terminal, for an MFA code or a passphrase.
const PROMPTS: &[&str] = &["exec"];

/// What changes something at AWS, which the worlds share: run on a machine and against an AWS of its own. What needs a phone is
/// given `--store`, so that keyfob makes the codes.
const CHANGES_AWS: &[&str] = &["rotate", "mfa enroll"];

/// How often a device is enrolled, in different worlds: each takes two codes, half a minute apart. Any further one is only parsed.
const MOST_ENROLLED: usize = 6;

/// Other programs that hints name.
const OTHERS: &[&str] = &["aws", "chmod", "eval", "export", "iconv", "ls", "perl", "sed", "timedatectl", "unset"];

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// A world, and what is tried in it.
#[derive(Debug, Clone)]
struct Case {
    world: World,
    /// Whether every command is tried, not only those that read.
    is_ours: bool,
}

fn ours(file: &str) -> Vec<Case> {
    let read = fs::read(data::path(&format!("advice/{file}"))).expect("data");
    let read: Value = serde_json::from_slice(&read).expect("JSON");
    let cases = read["cases"].as_array().expect("cases").iter();
    cases.map(|case| Case { world: World::of(case), is_ours: true }).collect()
}

/// AWS's: its parser's suite, and its chains, each written as a config file.
fn of_aws() -> Vec<Case> {
    let new = |name: String, config: String, credentials: String| Case {
        world: World { name, config, credentials, ..World::default() },
        is_ours: false,
    };
    let read = |path: &str| -> Value {
        let path = data::path(path);
        serde_json::from_slice(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
            .expect("JSON")
    };
    let parser = read("smithy-rs/profile-parser-tests.json");
    let parsed = parser["tests"].as_array().expect("tests").iter().map(|case| {
        let input = &case["input"];
        new(text(case, "name"), text(input, "configFile"), text(input, "credentialsFile"))
    });
    let chains = read("../../src/chain/testdata/assume-role-cases.json");
    let chains = chains["cases"].as_array().expect("cases").iter().map(|case| {
        let profiles = case["profiles"].as_object().expect("profiles").iter();
        let section = |(name, settings): (&String, &Value)| {
            let settings = settings.as_object().into_iter().flatten();
            let lines = settings.map(|(name, value)| format!("{name} = {}\n", value.as_str().unwrap_or_default()));
            format!("[profile {name}]\n{}", lines.collect::<String>())
        };
        new(text(case, "docs"), profiles.map(section).collect(), String::new())
    });
    parsed.chain(chains).collect()
}

/// What is told the user to run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    words: Vec<String>,
    fill: Vec<String>,
}

/// The commands of the hints on stderr, and of the text on stdout: those in backticks that begin with a program's name.
fn told(output: &str) -> BTreeSet<Told> {
    let mut found = BTreeSet::new();
    for line in output.lines().filter(|line| line.trim_start().starts_with("hint:")) {
        // The command is the last thing of a hint; before it, names are in backticks.
        let Some(command) = line.trim_end().strip_suffix('`') else { continue };
        let Some(start) = command.rfind(" `") else { continue };
        let command = &command[start + 2..];
        let program = command.split(' ').next().unwrap_or_default();
        if program != "keyfob" && program != "env" && !OTHERS.contains(&program) || command == "env" {
            continue;
        }
        let words = shell_words::split(command).unwrap_or_else(|error| panic!("{command}: {error}"));
        let is_fill = |word: &&String| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let fill = words.iter().filter(is_fill).cloned().collect();
        found.insert(Told { words, fill });
    }
    found
}

/// Whether AWS has refused, and something is hinted at.
fn refused(ran: &Ran) -> bool {
    let is_refused = ran.code == Some(4) || ran.code != Some(0) && ran.stderr.contains("AWS says");
    is_refused && ran.stderr.contains("hint: ")
}

/// The first command of the hints.
fn told_first(output: &str) -> Option<Told> {
    output.lines().find_map(|line| told(line).into_iter().next())
}

/// The first line of an error.
fn error_of(ran: &Ran) -> Option<String> {
    ran.stderr.lines().find(|line| line.starts_with("keyfob: ")).map(str::to_owned)
}

/// The findings of `doctor`: check, file and message each, and what fixes it.
fn findings(ran: &Ran) -> Vec<(String, Option<Told>)> {
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let words = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|word| word.as_str().expect("a word").to_owned()).collect()
    };
    let found = report["findings"].as_array().expect("findings").iter();
    found
        .map(|finding| {
            let fix =
                finding["fix"].as_object().map(|fix| Told { words: words(&fix["argv"]), fill: words(&fix["fill"]) });
            (format!("{}: {}: {}", finding["check"], finding["file"], finding["message"]), fix)
        })
        .collect()
}

/// What a run is judged by.
struct Trial<'a> {
    machine: &'a Machine,
    case: &'a Case,
    wrong: Vec<String>,
    fills: BTreeSet<String>,
    /// Each error with what answers it, and each thing to run.
    seen: BTreeSet<(Option<String>, Told)>,
    tried: usize,
    /// How many devices have been enrolled in all worlds.
    enrolled: &'a AtomicUsize,
}

/// The commands that a line of keyfob's names: `mfa list`.
fn path_of(words: &[String]) -> String {
    let mut tree = &keyfob::cli::command();
    let mut path = Vec::new();
    for word in words.iter().skip(1).filter(|word| !word.starts_with('-')) {
        let Some(below) = tree.find_subcommand(word) else { break };
        path.push(word.as_str());
        tree = below;
    }
    path.join(" ")
}

impl Trial<'_> {
    fn wrong(&mut self, command: &[String], told: &Told, what: &str) {
        let name = &self.case.world.name;
        self.wrong.push(format!("{name}: `keyfob {}` tells to run {:?}: {what}", command.join(" "), told.words));
    }

    /// Whether what was told is a command line of keyfob's to be tried; checks that it parses.
    fn is_to_be_tried(&mut self, command: &[String], told: &Told) -> bool {
        self.tried += 1;
        // `env AWS_PROFILE=NAME keyfob …` where the name would be taken for an option.
        let words = if told.words[0] == "env" { &told.words[2..] } else { &told.words[..] };
        let path = if words[0] == "keyfob" { format!("keyfob {}", path_of(words)) } else { words[0].clone() };
        if words[0] == "keyfob" && words.len() > 1 {
            if let Err(error) = keyfob::cli::command().try_get_matches_from(words)
                && error.use_stderr()
            {
                self.wrong(command, told, &format!("keyfob does not take that: {error}"));
                return false;
            }
        } else if words[0] != "keyfob" && !OTHERS.contains(&&*words[0]) {
            self.wrong(command, told, "another program");
            return false;
        }
        if !told.fill.is_empty() {
            self.fills.insert(format!("{path} {}", told.fill.join(" ")));
        }
        // What repeats a command repeats all of it.
        let is_repeated = told.words.iter().any(|word| word == "--yes")
            && path == format!("keyfob {}", path_of(&[&["keyfob".to_owned()], command].concat()));
        if is_repeated && let Some(lost) = command.iter().find(|word| *word != "--" && !told.words.contains(word)) {
            self.wrong(command, told, &format!("`{lost}` is lost"));
        }
        let is_tried = words[0] == "keyfob" && told.fill.is_empty() && told.words[0] != "env";
        let is_enrolment = is_tried && path == "keyfob mfa enroll";
        is_tried && !(is_enrolment && self.enrolled.fetch_add(1, Ordering::Relaxed) >= MOST_ENROLLED)
    }

    /// A machine and an AWS for a command that changes something there; none for one that does not.
    fn own_machine(told: &Told) -> Option<Machine> {
        CHANGES_AWS.contains(&path_of(&told.words).as_str()).then(|| {
            let (aws, key) = worlds::aws();
            Machine::new(&aws, &key)
        })
    }

    /// The words of what was told, as they run with nobody at a terminal.
    fn unattended(told: &Told) -> Vec<String> {
        let mut words = told.words[1..].to_vec();
        let is = |path: &str| path_of(&told.words) == path;
        if is("add") && !words.iter().any(|word| word == "--stdin" || word == "--csv") {
            // It prompts for the key.
            words.push("--stdin".to_owned());
        } else if is("mfa enroll") {
            words.extend(["--store", "--yes"].map(str::to_owned).into_iter().filter(|word| !told.words.contains(word)));
        }
        words
    }

    /// Runs what was told in a copy of the world; `None` where it fails with the same error.
    fn follow(&mut self, machine: &Machine, command: &[String], told: &Told, error: Option<&str>) -> Option<Ran> {
        machine.set_up(&self.case.world);
        let ran = machine.run(&self.case.world, &Self::unattended(told), &[]);
        let failed = error_of(&ran);
        let path = path_of(&told.words);
        if PROMPTS.contains(&&*path) && ran.code == Some(3) {
            return None;
        }
        if failed.is_some() && failed.as_deref() == error {
            self.wrong(command, told, &format!("it fails with the same error: {}", ran.stderr));
            return None;
        }
        if ran.code == Some(2) || ran.code == Some(70) || ran.code.is_none() {
            self.wrong(command, told, &format!("it ends with {:?}: {}", ran.code, ran.stderr));
            return None;
        }
        if SHOWS.contains(&&*path) || path.is_empty() {
            let is_doctor = path == "doctor";
            if ran.code != Some(0) && !(is_doctor && ran.code == Some(1)) && !refused(&ran) {
                self.wrong(command, told, &format!("it shows nothing: {}", ran.stderr));
            }
            return None;
        }
        Some(ran)
    }

    /// Runs a command, and all that it tells the user to run.
    fn try_hints(&mut self, command: &[&str]) {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        self.machine.set_up(&self.case.world);
        let ran = self.machine.run(&self.case.world, &command, &[]);
        let error = error_of(&ran);
        for told in told(&ran.stderr) {
            let is_new = self.seen.insert((error.clone(), told.clone()));
            if !self.is_to_be_tried(&command, &told) || !is_new {
                continue;
            }
            let own = Self::own_machine(&told);
            let machine = own.as_ref().unwrap_or(self.machine);
            // Paths and ids in it are those of the machine.
            let error = match &own {
                Some(own) => {
                    own.set_up(&self.case.world);
                    error_of(&own.run(&self.case.world, &command, &[]))
                }
                None => error.clone(),
            };
            let Some(mut followed) = self.follow(machine, &command, &told, error.as_deref()) else { continue };
            let Some(error) = &error else { continue };
            // The command itself with another option has got past what it failed with.
            let is_same = path_of(&told.words) == path_of(&[&["keyfob".to_owned()], &command[..]].concat());
            // One that could not do it may say how it can.
            if let (Some(1 | 6), Some(next)) = (followed.code, told_first(&followed.stderr))
                && next.fill.is_empty()
                && path_of(&next.words) == path_of(&told.words)
            {
                followed = machine.run(&self.case.world, &next.words[1..], &[]);
            }
            // A person has to answer, or AWS refuses: nobody can know beforehand.
            if followed.code == Some(3) || refused(&followed) || is_same {
                continue;
            }
            let again = machine.run(&self.case.world, &command, &[]);
            if error_of(&again).as_ref() == Some(error) {
                let what =
                    format!("`{error}` is still the error. It ended with {:?}: {}", followed.code, followed.stderr);
                self.wrong(&command, &told, &what);
            }
        }
    }

    /// Runs `doctor`, and each of its fixes.
    fn try_fixes(&mut self) {
        let doctor = ["doctor", "--json"].map(str::to_owned);
        self.machine.set_up(&self.case.world);
        let found = findings(&self.machine.run(&self.case.world, &doctor, &[]));
        for (at, (finding, fix)) in found.iter().enumerate() {
            let Some(told) = fix else { continue };
            if told.words[0] == "unset" {
                let left = findings(&self.machine.run(&self.case.world, &doctor, &told.words[1..]));
                if left.iter().any(|(left, _)| left == finding) {
                    self.wrong(&doctor, told, &format!("{finding} is still found"));
                }
                continue;
            }
            if !self.is_to_be_tried(&doctor, told) {
                continue;
            }
            let own = Self::own_machine(told);
            let machine = own.as_ref().unwrap_or(self.machine);
            machine.set_up(&self.case.world);
            // Paths and ids in it are those of the machine.
            let finding = match &own {
                Some(own) => findings(&own.run(&self.case.world, &doctor, &[])).swap_remove(at).0,
                None => finding.clone(),
            };
            let mut ran = machine.run(&self.case.world, &Self::unattended(told), &[]);
            // On a terminal it asks for confirmation; without one it says how to give it.
            if let (Some(3), Some(next)) = (ran.code, told_first(&ran.stderr))
                && next.words.last().is_some_and(|word| word == "--yes")
                && path_of(&next.words) == path_of(&told.words)
            {
                ran = machine.run(&self.case.world, &next.words[1..], &[]);
            }
            let left = findings(&machine.run(&self.case.world, &doctor, &[]));
            // What AWS refuses, nobody can know beforehand: then the command says what to do instead.
            if left.iter().any(|(left, _)| *left == finding) && !refused(&ran) {
                self.wrong(
                    &doctor,
                    told,
                    &format!("{finding} is still found; it ended with {:?}: {}", ran.code, ran.stderr),
                );
            }
        }
    }

    fn run(&mut self) {
        self.try_fixes();
        self.try_hints(&["list"]);
        self.try_hints(&["import", "--yes"]);
        let names = self.machine.run(&self.case.world, &["list", "--names"].map(str::to_owned), &[]);
        let names: Vec<&str> = names.stdout.lines().collect();
        for name in names.iter().copied().take(if self.case.is_ours { 3 } else { 1 }) {
            self.try_all(&[&["explain"], &["credential-process"], &["link", "--yes"]], name);
        }
        if !self.case.is_ours {
            return;
        }
        // A few of these in each world; each of them in every tenth.
        let others: [&[&str]; 20] = [
            &["show"],
            &["import", "--yes"],
            &["link"],
            &["unlink"],
            &["add", "--stdin", "--yes"],
            &["add", "--stdin", "--no-link"],
            &["remove"],
            &["remove", "--yes"],
            &["mfa", "list"],
            &["mfa", "code"],
            &["mfa", "add"],
            &["mfa", "remove", "--device", "--serial", "arn:aws:iam::111122223333:mfa/other"],
            &["rotate", "--rollback"],
            &["rotate", "--resume"],
            &["rotate", "--finish", "--force"],
            &["profile", "remove"],
            &["clear"],
            &["exec", "--no-session"],
            &["env", "--shell", "sh", "--duration", "13h"],
            &["explain", "--no-session"],
        ];
        let at = self.case.world.name.bytes().map(usize::from).sum::<usize>();
        let some = [others[at % 20], others[(at + 7) % 20]];
        if let Some(name) = names.last() {
            self.try_all(&some, name);
        }
        self.try_all(&some[..1], "missing");
        self.try_hints(match at % 3 {
            0 => &[],
            1 => &["credential-process"],
            // Every key is older.
            _ => &["rotate", "--all", "--older-than", "1s"],
        });
    }

    /// Tries the hints of these commands for a profile.
    fn try_all(&mut self, commands: &[&[&str]], name: &str) {
        let name: &[&str] = if name.starts_with('-') { &["--", name] } else { &[name] };
        for command in commands {
            self.try_hints(&[command, name].concat());
        }
    }
}

#[test]
fn every_hint_and_every_fix_runs_as_printed_and_helps() {
    let (aws, key) = worlds::aws();
    let cases = [ours("configs.json"), ours("reports.json"), of_aws()].concat();
    assert!(cases.len() >= 200, "{}", cases.len());
    let (next, wrong, fills) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(BTreeSet::new()));
    let (tried, enrolled) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let machine = Machine::new(&aws, &key);
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut trial = Trial {
                        machine: &machine,
                        case,
                        wrong: Vec::new(),
                        fills: BTreeSet::new(),
                        seen: BTreeSet::new(),
                        tried: 0,
                        enrolled: &enrolled,
                    };
                    trial.run();
                    // Other tests look for leaks.
                    machine.sandbox.forget_outputs();
                    wrong.lock().expect("not poisoned").extend(trial.wrong);
                    fills.lock().expect("not poisoned").extend(trial.fills);
                    tried.fetch_add(trial.tried, Ordering::Relaxed);
                }
            });
        }
    });
    let (wrong, fills) = (wrong.into_inner().expect("not poisoned"), fills.into_inner().expect("not poisoned"));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let unlisted: Vec<&String> = fills.iter().filter(|fill| !FILLS.contains(&&***fill)).collect();
    assert!(unlisted.is_empty(), "only the user knows what goes into {unlisted:?}?");
    let unused: Vec<&&str> = FILLS.iter().filter(|fill| !fills.contains(**fill)).collect();
    assert!(unused.is_empty(), "nothing tells to run {unused:?}");
    assert!(tried.into_inner() > 500, "hardly anything was told to run");
}
