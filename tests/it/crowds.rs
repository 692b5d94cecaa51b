//! Many processes at once: one prompt, one derivation, one call; and a kernel keyring that is refused.

use std::time::{Duration, Instant};

use crate::scene::{Scene, fails, key_id};
use crate::support::aws::Fault;
use crate::support::run::{Ran, Started};
use crate::support::tools;

/// Starts so many at once and waits for all.
fn at_once(scene: &Scene, number: usize, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<Ran> {
    let start = |_| {
        let run = scene.sandbox.keyfob(arguments);
        variables.iter().fold(run, |run, (name, value)| run.env(name, value)).start()
    };
    let started: Vec<_> = (0..number).map(start).collect();
    started.into_iter().map(|one| one.finish()).collect()
}

/// A vault with a passphrase that a command prints and counts.
fn counted_passphrase(scene: &mut Scene) {
    let passphrase = "FAKE passphrase that a command prints";
    scene.sandbox.keep_secret(passphrase, "passphrase");
    let script = format!("#!/bin/sh\necho asked >>\"$HOME/asked\"\necho '{passphrase}'\n");
    let command = scene.sandbox.script("passphrase-command", &script);
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    scene.sandbox.set("KEYFOB_PASSPHRASE_COMMAND", &command);
    scene.prepare();
}

/// How often the command was asked since this was last called.
fn asked(scene: &Scene) -> usize {
    let path = scene.sandbox.path("asked");
    let times = std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
    std::fs::remove_file(path).ok();
    times
}

/// Whether this machine lets keyfob use the kernel keyring; without it each process needs the passphrase itself.
fn kernel_keyring() -> bool {
    let usable = keyfob::sys::kernel_keyring::get("keyfob:test").is_ok();
    if !usable {
        crate::support::tools::skipped("the kernel keyring is refused here: each process asks for itself");
    }
    usable
}

#[test]
fn sixty_processes_on_a_cold_cache_make_one_session_and_one_call_a_hop() {
    let scene = Scene::new();
    let code = scene.phone.code();
    let all = at_once(&scene, 60, &["credential-process", "audit"], &[("KEYFOB_MFA_CODE", &code)]);
    let id = key_id(&all[0].json());
    assert!(all.iter().all(|ran| key_id(&ran.json()) == id));
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_crowd_shares_a_failure_and_whoever_comes_later_does_not() {
    let scene = Scene::new();
    // Fails once it is let go, unless it is to succeed by then.
    code_by_program(&scene, "test -e \"$HOME/code\" && exec cat \"$HOME/code\"; exit 1");
    let mut crowd: Vec<_> = (0..20).map(|_| scene.sandbox.keyfob(&["credential-process", "audit"]).start()).collect();
    // All have the lock's file open: one holds it, the others wait.
    while !crowd.iter_mut().all(|process| process.is_running() && has_lock_open(process.pid())) {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    scene.sandbox.write("go", "");
    let all: Vec<Ran> = crowd.into_iter().map(|one| one.finish()).collect();
    let said = fails(&all[0], 1, "");
    assert!(all.iter().all(|ran| (ran.code, &ran.stderr) == (Some(1), &said)), "{all:?}");
    assert_eq!(scene.sandbox.read("runs").lines().count(), 1);
    scene.sandbox.write("code", &scene.phone.code());
    key_id(&scene.credential_process("audit").json());
    assert_eq!(scene.sandbox.read("runs").lines().count(), 2);
}

/// Starts `credential-process work`, and waits until it holds the session's lock or waits for it.
fn starts<'s>(scene: &'s Scene, code: Option<&str>) -> Started<'s> {
    let get = scene.sandbox.keyfob(&["credential-process", "work"]);
    let mut running = code.into_iter().fold(get, |get, code| get.env("KEYFOB_MFA_CODE", code)).start();
    while running.is_running() && !has_lock_open(running.pid()) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(running.is_running(), "it is to wait");
    std::thread::sleep(Duration::from_millis(300));
    running
}

#[test]
fn whoever_brings_a_code_tries_it_although_those_before_had_none_that_works() {
    let mut scene = Scene::new();
    code_by_program(&scene, "exit 1");
    let (code, wrong) = (scene.phone.code(), scene.phone.wrong_code());
    let (without, with) = (starts(&scene, None), starts(&scene, Some(&code)));
    scene.sandbox.write("go", "");
    fails(&without.finish(), 1, "slow-code");
    key_id(&with.finish().json());

    scene.sandbox.keyfob(&["clear"]).run().ok();
    let Some(()) = scene.sandbox.pass_time(60) else { return };
    scene.aws.fault("GetSessionToken", Fault::Slow(Duration::from_secs(3)));
    let code = scene.phone.code();
    let (with_wrong, with) = (starts(&scene, Some(&wrong)), starts(&scene, Some(&code)));
    fails(&with_wrong.finish(), 4, "is wrong or was already used");
    let old = key_id(&with.finish().json());

    // About to end, it is handed out while nobody has a code, and the failure is remembered.
    scene.sandbox.pass_time(12 * 3600 - 600).expect("it was there before");
    let without = scene.credential_process("work");
    assert_eq!(key_id(&without.json()), old, "{}", without.stderr);
    assert_ne!(key_id(&scene.credential_process_with_code("work", &scene.phone.code()).json()), old);
}

/// Has codes come from a program that notes each of its runs, waits until there is a file `go`, and does `then`.
fn code_by_program(scene: &Scene, then: &str) {
    // It ends with whoever started it, who may be killed.
    let script = format!(
        "#!/bin/sh\necho run >>\"$HOME/runs\"\nuntil test -e \"$HOME/go\"; do kill -0 $PPID || exit; sleep 0.05; done\n{then}\n"
    );
    let program = scene.sandbox.script("slow-code", &script);
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", program.display()));
}

/// Whether a process has a session's lock file open.
fn has_lock_open(pid: u32) -> bool {
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
    targets.into_iter().any(|target| target.extension().is_some_and(|end| end == "lock"))
}

#[test]
fn a_wrong_code_of_a_crowd_is_sent_once() {
    let scene = Scene::new();
    let wrong = scene.phone.wrong_code();
    let get = || scene.sandbox.keyfob(&["credential-process", "audit"]).env("KEYFOB_MFA_CODE", &wrong);
    // AWS takes so long that all are waiting by then.
    let answer = Duration::from_secs(10);
    scene.aws.fault("GetSessionToken", Fault::Slow(answer));
    let started = Instant::now();
    let mut crowd: Vec<_> = (0..20).map(|_| get().start()).collect();
    while !crowd.iter_mut().all(|process| process.is_running() && has_lock_open(process.pid())) {
        assert!(started.elapsed() < answer, "they do not all come to wait");
        std::thread::sleep(Duration::from_millis(10));
    }
    for process in crowd {
        fails(&process.finish(), 4, "is wrong or was already used");
    }
    // Whoever comes late finds the code used.
    fails(&get().run(), 1, "was already used");
    assert_eq!(scene.actions(), ["GetSessionToken"]);
}

#[test]
fn twenty_processes_on_a_locked_vault_derive_its_key_once() {
    if !kernel_keyring() {
        return;
    }
    let mut scene = Scene::empty();
    counted_passphrase(&mut scene);
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    asked(&scene);
    let code = scene.phone.code();
    let all = at_once(&scene, 20, &["credential-process", "audit"], &[("KEYFOB_MFA_CODE", &code)]);
    let id = key_id(&all[0].json());
    assert!(all.iter().all(|ran| key_id(&ran.json()) == id));
    assert_eq!(asked(&scene), 1);
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
}

#[test]
fn a_crowd_on_a_terminal_asks_its_person_once() {
    if !kernel_keyring() {
        return;
    }
    let passphrase = "FAKE passphrase that is typed";
    let scene = Scene::locked_with(passphrase);
    // In the foreground, as `make -j` would run them.
    let script =
        "for n in 1 2 3 4 5 6 7 8 9 10; do keyfob credential-process audit >out.$n 2>err.$n </dev/null & done; wait";
    (1..=10).for_each(|number| scene.sandbox.may_hold_secrets(&format!("out.{number}")));
    let mut terminal = scene.sandbox.program("/bin/sh", &["-c", script]).on_terminal();
    terminal.expect("Passphrase of keyfob's vault: ");
    terminal.type_line(passphrase);
    terminal.expect("): ");
    terminal.type_line(&scene.phone.code());
    let (_, seen) = terminal.finish();
    assert_eq!((seen.matches("Passphrase").count(), seen.matches("MFA code").count()), (1, 1), "{seen}");
    let first = scene.sandbox.read("out.1");
    assert!(first.contains("SessionToken") && (2..=10).all(|n| scene.sandbox.read(&format!("out.{n}")) == first));
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
}

#[test]
fn whoever_waits_says_for_which_process_and_gets_what_that_one_got() {
    let scene = Scene::new();
    code_by_program(&scene, "cat \"$HOME/code\"");
    let holder = scene.sandbox.keyfob(&["credential-process", "audit"]).start();
    wait_for(&scene, "runs");
    let mut second = scene.sandbox.keyfob(&["credential-process", "audit"]).beside_terminal();
    let before = second.expect(&format!("waiting for process {}, which is getting the same session", holder.pid()));
    assert_eq!(before, "", "nothing is said in the first two seconds");
    scene.sandbox.write("code", &scene.phone.code());
    scene.sandbox.write("go", "");
    let id = key_id(&holder.finish().json());
    let (ran, shown) = second.finish();
    assert_eq!(key_id(&ran.json()), id);
    assert!(shown.contains("`audit`") && !ran.stderr.contains("waiting"), "{shown}\n{}", ran.stderr);
    assert_eq!(scene.sandbox.read("runs").lines().count(), 1);
}

fn wait_for(scene: &Scene, file: &str) {
    while !scene.sandbox.path(file).exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_holder_that_is_killed_is_out_of_the_way_at_once() {
    let scene = Scene::new();
    // It waits for its code for ever, with the session's lock in hand.
    code_by_program(&scene, "");
    let mut holder = scene.sandbox.keyfob(&["credential-process", "audit"]).start();
    wait_for(&scene, "runs");
    let code = scene.phone.code();
    let mut second = scene.sandbox.keyfob(&["credential-process", "audit", "--mfa-code", &code]).beside_terminal();
    second.expect(&format!("waiting for process {}", holder.pid()));
    holder.kill();
    let killed = Instant::now();
    key_id(&second.finish().0.json());
    // With room for a busy machine; it would wait for most of a minute.
    assert!(killed.elapsed() < Duration::from_secs(10), "{:?}", killed.elapsed());
}

#[test]
fn whoever_waits_gives_up_in_time_for_an_sdk_and_says_how_to_end_it() {
    let Some(()) = tools::require("faketime").map(drop) else { return };
    let scene = Scene::new();
    code_by_program(&scene, "");
    let mut holder = scene.sandbox.keyfob(&["credential-process", "audit"]).start();
    wait_for(&scene, "runs");
    let second = scene.sandbox.keyfob(&["credential-process", "audit"]);
    // A clock on which a second is a minute's eighth.
    let library = tools::faketime_library().expect("it comes with `faketime`");
    let ran = second.env("LD_PRELOAD", library).env("FAKETIME", "+0 x8").env("NO_FAKE_STAT", "1").run();
    let said = fails(
        &ran,
        1,
        &format!("process {} is getting the same session and has not finished after 50 s", holder.pid()),
    );
    assert!(said.contains(&format!("`kill {}`", holder.pid())), "{said}");
    holder.kill();
}

#[test]
fn without_the_kernel_keyring_all_still_works() {
    let Some(strace) = tools::require_strace() else { return };
    let mut scene = Scene::empty();
    counted_passphrase(&mut scene);
    asked(&scene);
    let code = scene.phone.code();
    let refused = |arguments: &[&str], code: &str| {
        let inject = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=add_key,keyctl,request_key:error=EPERM", "keyfob"];
        let all = [&inject[..], &["-v"], arguments].concat();
        scene.sandbox.program(&strace, &all).env("KEYFOB_MFA_CODE", code).run()
    };
    let id = key_id(&refused(&["credential-process", "audit"], &code).json());
    assert!(asked(&scene) >= 1);
    // A warm run needs the sealing key, and so the passphrase; but no code and no call.
    assert_eq!(key_id(&refused(&["credential-process", "audit"], "").json()), id);
    assert_eq!(asked(&scene), 1);
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    refused(&["list"], "").ok();
    refused(&["clear", "--all"], "").ok();
    refused(&["remove", "work", "--yes"], "").ok();
}
