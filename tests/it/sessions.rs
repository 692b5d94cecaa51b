//! Cached sessions as programs that run for hours meet them, and what comes of a cache that was damaged or is of no use.

#![allow(clippy::disallowed_methods, reason = "tests damage files, as no other program should")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::scene::{Scene, fails, key_id};
use crate::support::tools;

/// Uses a profile for hours of a clock of its own, and prints how often botocore ran the `credential_process`.
///
/// botocore's clock is told what time it is; so are the programs it starts (libfaketime) and AWS (the file `tick`). Each
/// minute, or each five in a long life, is a use. What botocore's own windows force shows in a second round, in which
/// the program is one that always answers with a session just made.
const BOTOCORE: &str = r#"
import datetime, os, sys, time
import botocore.session
from dateutil.tz import tzlocal
profile, life, span, step = sys.argv[1], *map(int, sys.argv[2:5])
ahead = 0
def now():
    return datetime.datetime.now(tzlocal()) + datetime.timedelta(seconds=ahead)
def use_for_hours(profile):
    global ahead
    runs = f"runs-{profile}"
    credentials = botocore.session.Session(profile=profile).get_credentials()
    credentials._time_fetcher = now
    for _ in range(0, span, step):
        frozen = credentials.get_frozen_credentials()
        left = (credentials._expiry_time - now()).total_seconds()
        assert frozen.token and 60 <= left <= life + 60, left
        ahead += step
        os.environ["FAKETIME"] = f"+{ahead}"
        with open("tick.new", "w") as tick:
            tick.write(str(step))
        os.rename("tick.new", "tick")
        while os.path.exists("tick"):
            time.sleep(0.0005)
    return sum(1 for _ in open(runs))
print(use_for_hours(profile), use_for_hours("ideal"))
"#;

/// Counts the runs of what follows in the sandbox's home.
fn counted(scene: &Scene, profile: &str, command: &str) -> PathBuf {
    let script = format!("#!/bin/sh\necho run >>\"$HOME/runs-{profile}\"\n{command}\n");
    scene.sandbox.script(&format!("count-{profile}"), &script)
}

/// How often botocore ran keyfob over a role's session of `life` seconds, used for `span`; how often an ideal program;
/// and how many sessions AWS made for keyfob.
fn used_for_hours(life: i64, span: i64, step: i64) -> Option<(usize, usize, usize)> {
    let python = tools::require("python")?;
    let faketime = tools::require("faketime").and_then(|_| tools::faketime_library())?;
    let scene = Scene::empty();
    let bob = scene.aws.user("bob");
    let role = scene.aws.role("long").trusts(&bob.arn()).max_session(43_200);
    let key = bob.access_key();
    let input = format!("{}\n{}\n", key.id, key.secret);
    scene.sandbox.keyfob(&["add", "bob", "--stdin", "--yes", "--region", "eu-west-1"]).stdin(&input).run().ok();
    let keyfob = counted(&scene, "long", "exec keyfob credential-process long 2>>\"$HOME/said\"");
    let ideal = format!(
        "printf '{{\"Version\":1,\"AccessKeyId\":\"ASIAIDEAL\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\",\
         \"Expiration\":\"%s\"}}' \"$(date -ud \"+{life} seconds\" +%Y-%m-%dT%H:%M:%SZ)\""
    );
    let ideal = counted(&scene, "ideal", &ideal);
    scene.append(&format!(
        "[profile long]\nkeyfob_role_arn = {}\nkeyfob_source_profile = bob\nkeyfob_duration_seconds = {life}\n\
         credential_process = {}\n[profile ideal]\ncredential_process = {}\n",
        role.arn(),
        keyfob.display(),
        ideal.display()
    ));
    scene.aws.forget_requests();
    let numbers = [life, span, step].map(|number| number.to_string());
    let arguments = [&["-W", "ignore", "-c", BOTOCORE, "long"][..], &numbers.each_ref().map(String::as_str)].concat();
    // For what Python starts; its own clock stays.
    let exports = format!("import os; os.environ.update(LD_PRELOAD={:?}, FAKETIME='+0')\n", faketime.display());
    let script = exports + BOTOCORE;
    let arguments: Vec<&str> = arguments.iter().map(|a| if *a == BOTOCORE { script.as_str() } else { a }).collect();
    let mut program = scene.sandbox.program(&python, &arguments);
    for (name, value) in [("DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")] {
        program = program.env(name, value);
    }
    let mut program = program.start();
    let tick = scene.sandbox.path("tick");
    while program.is_running() {
        if let Ok(seconds) = fs::read_to_string(&tick) {
            scene.aws.advance(seconds.parse().expect("a number"));
            fs::remove_file(&tick).expect("it was there");
        }
        std::thread::sleep(std::time::Duration::from_micros(500));
    }
    let ran = program.finish();
    let mut runs = ran.ok().split_whitespace().map(|number| number.parse().expect("a number"));
    let mut run = || runs.next().expect("two numbers");
    Some((run(), run(), scene.aws.count("AssumeRole")))
}

#[test]
fn botocore_runs_keyfob_no_more_often_than_its_own_windows_force_over_any_life() {
    // Minutes a session lives, minutes of use, minutes between two uses, sessions AWS has to make at most: as many as
    // there are stretches in which one is fresh.
    for (life, span, step, most) in
        [(15, 90, 1, 10), (25, 90, 1, 11), (40, 120, 1, 6), (60, 180, 1, 6), (12 * 60, 13 * 60, 5, 3)]
    {
        let Some((runs, forced, sessions)) = used_for_hours(life * 60, span * 60, step * 60) else { return };
        // A session that was cached is a little older than one just made: one run more over all these hours.
        assert!(runs <= forced + 1, "{life} min: run {runs} times, where an ideal program is run {forced} times");
        assert!(sessions <= most, "{life} min: {sessions} sessions");
    }
}

#[test]
fn two_hundred_processes_on_a_locked_vault_and_a_cold_cache_ask_once_for_each_thing() {
    if keyfob::sys::kernel_keyring::get("keyfob:test").is_err() {
        return tools::skipped("the kernel keyring is refused here: each process unlocks the vault for itself");
    }
    let mut scene = Scene::empty();
    let passphrase = "FAKE passphrase of two hundred";
    scene.sandbox.keep_secret(passphrase, "passphrase");
    let command = format!("#!/bin/sh\necho asked >>\"$HOME/asked\"\necho '{passphrase}'\n");
    let command = scene.sandbox.script("passphrase-command", &command);
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    scene.sandbox.set("KEYFOB_PASSPHRASE_COMMAND", &command);
    scene.prepare();
    let code = scene.sandbox.script("code", "#!/bin/sh\necho code >>\"$HOME/asked\"\ncat \"$HOME/shown\"\n");
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", code.display()));
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    scene.sandbox.write("asked", "");
    scene.sandbox.write("shown", &scene.phone.code());
    let started: Vec<_> = (0..200).map(|_| scene.sandbox.keyfob(&["credential-process", "audit"]).start()).collect();
    let ids: Vec<String> = started.into_iter().map(|started| key_id(&started.finish().json())).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let mut asked: Vec<String> = scene.sandbox.read("asked").lines().map(str::to_owned).collect();
    asked.sort_unstable();
    assert_eq!(asked, ["asked", "code"]);
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
}

#[test]
fn ctrl_c_in_the_prompt_ends_all_that_wait_with_a_line_and_leaves_the_terminal_as_it_was() {
    let scene = Scene::new();
    // As `make -j` and Terraform start them: in the foreground, all interrupted by Ctrl-C as usual.
    let each = "keyfob credential-process audit </dev/null >out.$0 2>err.$0; echo code=$?";
    // Ctrl-C reaches the shells too, which go on.
    let script = format!("trap : INT; seq 5 | xargs -P5 -n1 sh -c 'trap : INT; {each}'; stty -a");
    let mut terminal = scene.sandbox.program("/bin/sh", &["-c", &script]).on_terminal();
    terminal.expect("): ");
    // The others are under way by then.
    std::thread::sleep(std::time::Duration::from_millis(500));
    terminal.press_ctrl('c');
    let (_, shown) = terminal.finish();
    assert_eq!(shown.matches("MFA code").count(), 1, "{shown}");
    for mode in [" echo ", " icanon ", "isig "] {
        assert!(shown.contains(mode), "{mode}: {shown}");
    }
    for number in 1..=5 {
        let (out, err) = (format!("out.{number}"), format!("err.{number}"));
        assert_eq!(scene.sandbox.read(&out), "");
        let said = scene.sandbox.read(&err);
        let first = said.lines().next().unwrap_or_default();
        assert!(first.is_empty() || first == "keyfob: cancelled", "{number}: {said:?}");
    }
    assert_eq!(scene.actions(), Vec::<String>::new());
    // Nobody who comes later is told no for it.
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
}

fn session_files(scene: &Scene) -> Vec<PathBuf> {
    let files =
        fs::read_dir(scene.sandbox.path("keyfob/cache")).expect("a cache").map(|file| file.expect("read").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "session")).collect();
    files.sort();
    files
}

#[test]
fn a_damaged_session_file_is_a_warning_and_a_miss_and_never_a_wrong_session() {
    let scene = Scene::new();
    scene.warm();
    let other = Scene::new();
    other.warm();
    let foreign = fs::read(&session_files(&other)[0]).expect("read");
    type Damage<'d> = &'d dyn Fn(Vec<u8>) -> Vec<u8>;
    let flipped = |at: fn(usize) -> usize| {
        move |mut file: Vec<u8>| {
            let at = at(file.len());
            file[at] ^= 1;
            file
        }
    };
    let damages: [(&str, Damage<'_>); 8] = [
        ("empty", &|_| Vec::new()),
        ("cut short", &|file| file[..file.len() - 7].to_vec()),
        ("the header alone", &|file| file.split_inclusive(|byte| *byte == b'\n').next().expect("a line").to_vec()),
        ("a bit of the header", &flipped(|_| 40)),
        ("a bit of the secret", &flipped(|length| length - 20)),
        ("longer", &|file| [file, b"x".to_vec()].concat()),
        ("another user's", &|_| foreign.clone()),
        ("no session at all", &|_| vec![0; 4096]),
    ];
    for (what, damage) in damages {
        let before = key_id(&scene.credential_process("audit").json());
        let files = session_files(&scene);
        assert_eq!(files.len(), 3, "{what}");
        let last = files
            .iter()
            .find(|file| String::from_utf8_lossy(&fs::read(file).expect("read")).contains(&scene.audit.arn()))
            .expect("the session of `audit`");
        fs::write(last, damage(fs::read(last).expect("read"))).expect("an own file");
        scene.aws.forget_requests();
        let ran = scene.credential_process("audit");
        assert_ne!(key_id(&ran.json()), before, "{what}");
        assert!(ran.stderr.contains("warning: the cached session in "), "{what}: {}", ran.stderr);
        assert_eq!(scene.actions(), ["AssumeRole"], "{what}");
        let again = scene.credential_process("audit");
        assert_eq!(again.json()["AccessKeyId"], ran.json()["AccessKeyId"], "{what}");
        assert!(!again.stderr.contains("warning: "), "{what}: {}", again.stderr);
    }
}

#[test]
fn session_files_that_change_places_are_not_taken_for_each_other() {
    let scene = Scene::new();
    scene.warm();
    let ids = ["deploy", "audit"].map(|profile| key_id(&scene.credential_process(profile).json()));
    scene.aws.forget_requests();
    let files = session_files(&scene);
    let contents: Vec<_> = files.iter().map(|file| fs::read(file).expect("read")).collect();
    for (index, file) in files.iter().enumerate() {
        fs::write(file, &contents[(index + 1) % contents.len()]).expect("an own file");
    }
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    let id = key_id(&ran.json());
    assert!(!ids.contains(&id), "a wrong session");
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_lost_sealing_key_costs_the_sessions_and_nothing_else() {
    let scene = Scene::new();
    scene.warm();
    let before = key_id(&scene.credential_process("audit").json());
    let kept: Vec<_> =
        session_files(&scene).into_iter().map(|file| (file.clone(), fs::read(file).expect("read"))).collect();
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    assert!(session_files(&scene).is_empty());
    for (file, content) in &kept {
        fs::write(file, content).expect("an own file");
    }
    fails(&scene.credential_process("audit"), 3, "MFA code");
    let after = key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    assert_ne!(before, after);
}

/// Runs `credential-process audit` with another file system in the cache folder's place, which nobody else sees.
fn with_cache_mounted(scene: &Scene, options: &str, before: &str, code: &str) -> Option<crate::support::run::Ran> {
    let unshare = tools::require("unshare")?;
    let probe = scene.sandbox.program(&unshare, &["-m", "true"]).run();
    if probe.code != Some(0) {
        tools::skipped("`unshare -m` needs root: nothing can be mounted here");
        return None;
    }
    let script = format!(
        "mkdir -p -m 700 \"$KEYFOB_CACHE_DIR\" && mount -t tmpfs -o mode=700,{options} tmpfs \"$KEYFOB_CACHE_DIR\" && \
         {before} exec keyfob credential-process audit"
    );
    let ran = scene.sandbox.program(&unshare, &["-m", "sh", "-c", &script]).env("KEYFOB_MFA_CODE", code).run();
    Some(ran)
}

#[test]
fn on_a_full_disk_credentials_are_made_and_not_kept_with_a_warning() {
    let scene = Scene::new();
    let fill = "head -c 100000 /dev/zero >\"$KEYFOB_CACHE_DIR/big\" 2>/dev/null;";
    let Some(ran) = with_cache_mounted(&scene, "size=16k", fill, &scene.phone.code()) else { return };
    key_id(&ran.json());
    assert!(ran.stderr.contains("warning: ") && ran.stderr.contains("No space left"), "{}", ran.stderr);
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn in_a_read_only_cache_folder_credentials_are_made_and_not_kept_with_a_warning() {
    let scene = Scene::new();
    let Some(ran) = with_cache_mounted(&scene, "ro", "", &scene.phone.code()) else { return };
    key_id(&ran.json());
    assert!(
        ran.stderr.contains("warning: sessions cannot be cached") && ran.stderr.contains("Read-only"),
        "{}",
        ran.stderr
    );
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_cache_folder_that_others_may_write_is_not_used_and_it_is_said_how_to_mend_it() {
    let scene = Scene::new();
    scene.warm();
    let before = key_id(&scene.credential_process("audit").json());
    let cache = scene.sandbox.path("keyfob/cache");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).expect("an own folder");
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    assert_ne!(key_id(&ran.json()), before);
    assert!(ran.stderr.contains("warning: the cache folder is not used"), "{}", ran.stderr);
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).expect("an own folder");
    assert_eq!(key_id(&scene.credential_process("audit").json()), before);
}

#[test]
fn a_clock_set_back_makes_a_new_session_and_no_wrong_promise() {
    let mut scene = Scene::new();
    scene.warm();
    let before = key_id(&scene.credential_process("audit").json());
    let Some(()) = scene.sandbox.put_clock_off(-7200) else { return };
    // Two hours behind, by this machine's clock the session has not begun.
    let ran = scene.credential_process_with_code("audit", &scene.phone.code());
    assert_ne!(key_id(&ran.json()), before);
    assert!(ran.stderr.contains("clock"), "{}", ran.stderr);
    // It knows now how far off the clock is, and needs nobody.
    scene.aws.forget_requests();
    assert_eq!(key_id(&scene.credential_process("audit").json()), key_id(&ran.json()));
    assert_eq!(scene.actions(), Vec::<String>::new());
}

#[test]
fn list_says_what_is_cached_and_clear_forgets_it_with_the_vault_locked() {
    let mut scene = Scene::new();
    scene.warm();
    scene.sandbox.keyfob(&["credential-process", "deploy"]).run().ok();
    // The kernel may hold a copy of the sealing key; nothing else opens the vault any more.
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    let expires = || {
        let listed = scene.sandbox.keyfob(&["list", "--json"]).run().json();
        let of = |name: &str| {
            let profiles = listed["profiles"].as_array().expect("a list");
            profiles.iter().find(|profile| profile["name"] == name).expect("listed")["session_expires"].is_string()
        };
        [of("work"), of("deploy"), of("audit")]
    };
    assert_eq!(expires(), [true; 3], "the MFA session is the one that `work` hands out");
    scene.sandbox.keyfob(&["clear", "audit"]).run().ok();
    // The role of `deploy` is on the way to `audit`, so what they share is gone as well.
    assert_eq!(expires(), [false, false, false]);
    assert!(session_files(&scene).is_empty());
    scene.sandbox.keyfob(&["clear"]).run().ok();
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    fails(&scene.credential_process("audit"), 5, "vault");
}
