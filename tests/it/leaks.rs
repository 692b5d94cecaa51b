//! No secret gets out: not in what is said with `-v`, not in a file, not in a system call, not to a program keyfob starts.
//!
//! Every sandbox hunts through its outputs and files when it is dropped, whatever the test was about; here all commands run
//! at their most talkative, in good and in bad times, and the hunt itself is put to the test.

use crate::scene::{ADD, Scene, key_id};
use crate::support::aws::Fault;
use crate::support::leaks::Shows;
use crate::support::tools;

/// Every command, as talkative as it gets.
fn all_commands(scene: &Scene) {
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["explain", "audit"],
        &["explain", "audit", "--json"],
        &["explain", "nobody"],
        &["credential-process", "work"],
        &["credential-process", "audit"],
        &["credential-process", "audit", "--min-ttl", "2h"],
        &["env", "audit", "--shell", "fish"],
        &["env", "audit", "--shell", "json"],
        &["env", "--unset", "--shell", "bash"],
        &["exec", "audit", "--", "true"],
        &["exec", "audit", "--", "no-such-program"],
        &["clear", "audit"],
        &["clear"],
        &["remove", "work"],
    ] {
        scene.sandbox.keyfob(arguments).run();
    }
}

#[test]
fn nothing_leaks_in_good_times_or_bad_at_the_most_verbose_level() {
    let scene = Scene::new();
    scene.warm();
    all_commands(&scene);
    all_commands(&scene);
    for fault in [Fault::Garbage, Fault::HalfAnswer, Fault::DropAnswer, Fault::InternalFailure] {
        scene.aws.faults("*", 3, fault);
        scene.credential_process_with_code("audit", "123456");
        scene.add(&[ADD, &["--replace"]].concat());
    }
    assert_eq!(scene.sandbox.leaks(), Vec::<String>::new());
}

#[test]
fn the_hunt_finds_what_keyfob_is_made_to_give_away() {
    let scene = Scene::new();
    let code = scene.phone.code();
    let planted = |arguments: &[&str], shows: Shows| {
        scene.sandbox.forget_outputs();
        scene.sandbox.keyfob(arguments).shows(shows).env("KEYFOB_MFA_CODE", &code).run().ok();
        scene.sandbox.leaks().join("\n")
    };
    let echo = ["exec", "work", "--no-session", "--", "sh", "-c", "echo $AWS_SECRET_ACCESS_KEY"];
    assert!(planted(&echo, Shows::Sessions).contains("secret access key of AKIA"));
    assert!(planted(&["credential-process", "work"], Shows::Nothing).contains("session token of ASIA"));
    let file = ["exec", "work", "--", "sh", "-c", "echo $AWS_SESSION_TOKEN >planted.log"];
    assert!(planted(&file, Shows::Sessions).contains("planted.log: the session token of ASIA"));
    scene.sandbox.may_hold_secrets("planted.log");
    scene.sandbox.forget_outputs();
}

#[test]
fn what_keyfob_writes_anywhere_never_holds_the_access_key() {
    let Some(strace) = tools::require_strace() else { return };
    let scene = Scene::empty();
    // Written to files, pipes, sockets and the environment of others; what is read is not looked at.
    let calls =
        "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,execve,add_key,symlinkat,renameat2";
    let trace = ["-f", "-qq", "-v", "-s", "100000", "-e", calls, "-o"];
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    let code = scene.phone.code();
    let traced = |file: &str, arguments: &[&str]| {
        scene.sandbox.may_hold_secrets(file);
        let all = [&trace[..], &[file, "keyfob", "-v"], arguments].concat();
        scene.sandbox.program(&strace, &all).stdin(&key).env("KEYFOB_MFA_CODE", &code).run().ok();
        let seen = scene.sandbox.read(file);
        assert!(seen.contains("write("), "{seen}");
        assert!(!seen.contains(&scene.key.secret), "the secret access key leaves by a system call of {arguments:?}");
        seen
    };
    traced("trace-add", ADD);
    scene.prepare();
    assert!(traced("trace-cold", &["credential-process", "audit"]).contains("SessionToken"));
    traced("trace-warm", &["credential-process", "audit"]);
    traced("trace-remove", &["remove", "work", "--yes"]);
}

#[test]
fn a_program_keyfob_starts_learns_nothing_but_who_is_asked_for() {
    let scene = Scene::new();
    let script =
        "#!/bin/sh\nenv >\"$HOME/seen\"\necho \"$0 $*\" >>\"$HOME/seen\"\ncat >>\"$HOME/seen\"\ncat \"$HOME/code\"\n";
    let process = scene.sandbox.script("authenticator", script);
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", process.display()));
    scene.sandbox.write("code", &scene.phone.code());
    let run = scene.sandbox.keyfob(&["credential-process", "audit"]).stdin("for keyfob alone\n");
    key_id(&run.env("AWS_PROFILE", "other").run().json());
    let seen = scene.sandbox.read("seen");
    assert!(seen.lines().any(|line| line.starts_with("KEYFOB_CHAIN=") && line.contains("audit")), "{seen}");
    assert!(!seen.contains("AWS_PROFILE=") && !seen.contains("for keyfob alone"), "{seen}");
}

#[test]
fn files_are_private_from_the_moment_they_exist() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::empty();
    // Whatever the user's umask says.
    let script = "umask 000; keyfob add work --stdin --yes --region eu-central-1";
    let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
    scene.sandbox.program("/bin/sh", &["-c", script]).stdin(&key).run().ok();
    scene.prepare();
    scene.credential_process_with_code("audit", &scene.phone.code()).ok();
    let mut folders = vec![scene.sandbox.path("keyfob")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of keyfob's").flatten() {
            let metadata = entry.metadata().expect("an own file");
            let (mode, path) = (metadata.permissions().mode() & 0o777, entry.path());
            assert_eq!(mode, if metadata.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            files += usize::from(metadata.is_file());
            folders.extend(metadata.is_dir().then_some(path));
        }
    }
    assert!(files >= 4, "a vault, an index and sessions, but {files} files");
}

/// Waits for `marker`, then ends the process as a failed assertion in C would.
#[cfg(target_os = "linux")]
fn aborted(command: &mut std::process::Command, marker: &std::path::Path) -> std::process::ExitStatus {
    use rustix::process::{Pid, Signal, kill_process};
    let mut child = command.spawn().expect("it starts");
    for _ in 0..1500 {
        if marker.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(marker.exists(), "it never waits");
    kill_process(Pid::from_child(&child), Signal::ABORT).expect("an own child");
    child.wait().expect("an own child")
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_leaves_no_core_dump_and_a_command_under_exec_leaves_its_own() {
    use std::os::unix::process::ExitStatusExt;
    let scene = Scene::new();
    scene.warm();
    let under = |script: &str| {
        let script = format!("ulimit -c unlimited || exit 9; {script}");
        let mut command = scene.sandbox.program("/bin/sh", &["-c", &script]).command();
        // Its own process, and not one that `setsid` forks.
        command.stdin(std::process::Stdio::null());
        command
    };
    // What a machine does with cores is its own affair; where it makes none, nothing is shown.
    let command =
        aborted(&mut under("exec keyfob exec audit -- sh -c ': >here; exec sleep 60'"), &scene.sandbox.path("here"));
    assert_eq!(command.signal(), Some(6));
    if !command.core_dumped() {
        return tools::skipped("this machine makes no core dumps");
    }
    // The core of the command, which has the credentials by right, is no leak of keyfob's.
    for entry in std::fs::read_dir(scene.sandbox.home()).expect("the home").flatten() {
        if entry.file_name().to_string_lossy().starts_with("core") {
            std::fs::remove_file(entry.path()).expect("an own file");
        }
    }
    // keyfob with the access key in its memory, waiting for a program that gives codes.
    let process = scene.sandbox.script("slow", "#!/bin/sh\n: >\"$HOME/waiting\"\nsleep 20\n");
    scene.edit("mfa_serial", &format!("mfa_process = {}\nmfa_serial", process.display()));
    scene.sandbox.keyfob(&["clear"]).run().ok();
    let keyfob =
        aborted(&mut under("exec keyfob credential-process audit 2>/dev/null"), &scene.sandbox.path("waiting"));
    assert_eq!((keyfob.signal(), keyfob.core_dumped()), (Some(6), false));
}
