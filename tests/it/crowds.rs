//! Many processes at once: one prompt, one derivation, one call; and a kernel keyring that is refused.

use crate::scene::{Scene, fails, key_id};
use crate::support::run::Ran;
use crate::support::tools;

/// Starts so many at once and waits for all.
fn at_once(scene: &Scene, number: usize, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<Ran> {
    let start = |_| {
        let run = scene.sandbox.keyfob(arguments);
        variables.iter().fold(run, |run, (name, value)| run.env(name, value)).start()
    };
    let started: Vec<_> = (0..number).map(start).collect();
    started.into_iter().map(|started| started.finish()).collect()
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
fn a_crowd_shares_a_failure_as_well() {
    let scene = Scene::new();
    let wrong = scene.phone.wrong_code();
    let all = at_once(&scene, 20, &["credential-process", "audit"], &[("KEYFOB_MFA_CODE", &wrong)]);
    for ran in &all {
        // Whoever comes late finds the code used.
        let late = ran.code == Some(1);
        fails(ran, if late { 1 } else { 4 }, if late { "was used already" } else { "is wrong or was used before" });
    }
    assert_eq!(scene.actions(), ["GetSessionToken"], "one code is sent once");
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
    let mut scene = Scene::empty();
    let passphrase = "FAKE passphrase that is typed";
    scene.sandbox.keep_secret(passphrase, "passphrase");
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    let file = scene.sandbox.write("passphrase", passphrase);
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", &file);
    scene.prepare();
    scene.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
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
fn a_holder_that_is_killed_is_out_of_the_way_at_once() {
    let scene = Scene::new();
    // It waits for its code for ever, with the session's lock in hand.
    let wait = scene.sandbox.script("wait", "#!/bin/sh\ntouch \"$HOME/waiting\"\nexec sleep 600\n");
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", wait.display()));
    let mut holder = scene.sandbox.keyfob(&["credential-process", "audit"]).start();
    while !scene.sandbox.path("waiting").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let second = scene.sandbox.keyfob(&["credential-process", "audit", "--mfa-code", &scene.phone.code()]).start();
    holder.kill();
    key_id(&second.finish().json());
}

#[test]
fn without_the_kernel_keyring_all_still_works() {
    let Some(strace) = tools::require("strace") else { return };
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
