//! Where codes come from, and that none is sent twice: many processes, programs, pinentry, clocks that are off.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::KEYFOB;
use crate::support::aws::{DeviceHandle, Fault, LoopbackAws};
use crate::support::sandbox::Sandbox;
use crate::support::tools;

const SERIAL: &str = "arn:aws:iam::111122223333:mfa/ann";

/// Ann's key and device in `work`, and roles over it, each of which needs a code of its own.
fn machine(long_roles: &[&str]) -> (Arc<LoopbackAws>, Sandbox, DeviceHandle) {
    machine_at(LoopbackAws::start(), long_roles)
}

fn machine_at(aws: LoopbackAws, long_roles: &[&str]) -> (Arc<LoopbackAws>, Sandbox, DeviceHandle) {
    let aws = Arc::new(aws);
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let (ann, key) = (aws.user("ann"), aws.user("ann").access_key());
    let device = ann.mfa("ann");
    let input = format!("{}\n{}\n", key.id, key.secret);
    let add = ["add", "work", "--stdin", "--yes", "--region", "eu-west-1", "--mfa-serial", &device.serial()];
    sandbox.keyfob(&add).stdin(&input).run().ok();
    let mut config = sandbox.read(".aws/config");
    for role in long_roles {
        let arn = aws.role(role).trusts(&ann.arn()).needs_mfa().max_session(43_200).arn();
        config += &format!("[profile {role}]\nrole_arn = {arn}\nsource_profile = work\nduration_seconds = 14400\n");
    }
    sandbox.write(".aws/config", &config);
    (aws, sandbox, device)
}

/// A second of a time step from which on enough of it is left for a test, and the next one is not far.
const LATE: i64 = 20;

fn keep_seed(sandbox: &Sandbox, seed: &str) {
    sandbox.keyfob(&["mfa", "add", "work", "--stdin", "--no-verify", "--replace"]).stdin(seed).run().ends_with(0);
}

/// A program that speaks pinentry's language, and does this when it is asked.
fn pinentry(sandbox: &mut Sandbox, on_getpin: &str) {
    let script = format!(
        "#!/bin/sh\necho OK ready\nwhile read -r verb rest; do\n  echo \"$verb $rest\" >>\"$HOME/said\"\n  case $verb in\n    \
         GETPIN) {on_getpin} ;;\n    BYE) echo OK; exit ;;\n    *) echo OK ;;\n  esac\ndone\n"
    );
    let program = sandbox.script("bin/pinentry-fake", &script);
    sandbox.set("KEYFOB_PINENTRY", program);
}

#[test]
fn twenty_processes_on_a_stored_seed_use_one_code_for_each_session() {
    let (aws, mut sandbox, device) = machine(&["long"]);
    sandbox.go_to_second(LATE);
    keep_seed(&sandbox, &device.seed());
    let started: Vec<_> = (0..20)
        .map(|number| sandbox.keyfob(&["credential-process", if number % 2 == 0 { "work" } else { "long" }]).start())
        .collect();
    for ran in started.into_iter().map(|one| one.finish()) {
        ran.ok();
    }
    assert_eq!((aws.count("GetSessionToken"), aws.count("AssumeRole")), (1, 1), "no code was refused");
}

#[test]
fn two_long_profiles_opened_in_the_same_second_both_succeed() {
    let (aws, mut sandbox, device) = machine(&["one", "two"]);
    sandbox.go_to_second(LATE);
    keep_seed(&sandbox, &device.seed());
    let began = Instant::now();
    let started = ["one", "two"].map(|profile| sandbox.keyfob(&["credential-process", profile]).start());
    for started in started {
        started.finish().ok();
    }
    assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
    assert_eq!(aws.count("AssumeRole"), 2, "no code was sent twice");
}

#[test]
fn the_wait_for_the_next_code_is_counted_down_on_the_terminal() {
    let (_aws, mut sandbox, device) = machine(&[]);
    keep_seed(&sandbox, &device.seed());
    sandbox.go_to_second(LATE);
    let first = sandbox.keyfob(&["mfa", "code", "work", "--json"]).run().json();
    assert_eq!(first["code"].as_str().map(str::len), Some(6));
    let mut terminal = sandbox.keyfob(&["credential-process", "work"]).beside_terminal();
    terminal.expect(" s: the last one was used");
    let (ran, shown) = terminal.finish();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shown}");
}

#[test]
fn a_code_that_a_phone_has_used_is_followed_once_by_the_next() {
    let (aws, mut sandbox, device) = machine(&[]);
    keep_seed(&sandbox, &device.seed());
    sandbox.go_to_second(LATE);
    device.use_code();
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    assert_eq!(aws.count("GetSessionToken"), 2);
}

#[test]
fn a_wrong_seed_is_told_apart_from_a_clock_that_is_off() {
    let (aws, mut sandbox, device) = machine_at(LoopbackAws::start_with_tls(), &[]);
    sandbox.go_to_second(LATE);
    keep_seed(&sandbox, &aws.user("bob").mfa("bob").seed());
    let said = sandbox.keyfob(&["credential-process", "work"]).run();
    let said = said.ends_with(4);
    assert!(
        said.starts_with(&format!("keyfob: AWS rejected every code generated from the stored seed of `{SERIAL}`")),
        "{said}"
    );
    assert!(!said.contains("clock"), "{said}");

    keep_seed(&sandbox, &device.seed());
    if sandbox.put_clock_off(200).is_none() {
        return;
    }
    aws.forget_requests();
    // Refused for the machine's time, made anew for AWS's.
    let ran = sandbox.keyfob(&["exec", "work", "--", "true"]).run();
    ran.ends_with(0);
    assert!(ran.stderr.contains("ahead of AWS's"), "{}", ran.stderr);
    assert_eq!(aws.count("GetSessionToken"), 2);

    sandbox.keyfob(&["mfa", "remove", "work", "--yes"]).run().ends_with(0);
    sandbox.keyfob(&["clear", "work"]).run().ends_with(0);
    let said = sandbox.keyfob(&["credential-process", "work", "--mfa-code", &device.wrong_code()]).run();
    let said = said.ends_with(4);
    assert!(said.contains("is wrong or expired: this machine's clock is 3m"), "{said}");
}

/// How a stored seed fares at `aws` when this machine's clock is off by so many seconds: what is said, and how often a code
/// was sent.
fn with_clock_off(aws: LoopbackAws, seconds: i64) -> Option<(String, usize)> {
    let (aws, mut sandbox, device) = machine_at(aws, &[]);
    sandbox.go_to_second(LATE);
    keep_seed(&sandbox, &device.seed());
    sandbox.put_clock_off(seconds)?;
    aws.forget_requests();
    let ran = sandbox.keyfob(&["credential-process", "work"]).run();
    assert_ne!(ran.code, Some(70), "{}", ran.stderr);
    Some((if ran.code == Some(0) { "issued".to_owned() } else { ran.stderr }, aws.count("GetSessionToken")))
}

#[test]
fn a_response_that_did_not_come_over_tls_never_chooses_the_time_of_a_code() {
    let Some((said, sent)) = with_clock_off(LoopbackAws::start(), -200) else { return };
    assert!(said.contains("this machine's clock is 3m") && said.contains("set this machine's clock"), "{said}");
    assert_eq!(sent, 1, "no code was made for the time of the response");
}

#[test]
fn a_response_moves_the_time_of_the_next_code_by_minutes_and_no_more() {
    for (off, expected) in [(-200, "issued"), (-600, "is 10m "), (400 * 86_400, "AWS rejected the time")] {
        let Some((said, sent)) = with_clock_off(LoopbackAws::start_with_tls(), off) else { return };
        assert!(said.contains(expected), "{off}: {said}");
        assert_eq!(sent, if expected == "issued" { 2 } else { 1 }, "{off}: {said}");
    }
}

#[test]
fn an_endpoint_gets_no_code_of_another_year_from_a_stored_seed() {
    const YEAR: i64 = 365 * 86_400;
    let wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
    for (aws, years) in [
        (LoopbackAws::start(), 1),
        (LoopbackAws::start_with_tls(), 1),
        (LoopbackAws::start_with_tls(), 70),
        (LoopbackAws::start(), -1),
    ] {
        let (aws, mut sandbox, device) = machine_at(aws, &[]);
        sandbox.go_to_second(LATE);
        keep_seed(&sandbox, &device.seed());
        // Another time in its answers, and every code is wrong.
        aws.set_clock_offset(years * YEAR);
        aws.faults("GetSessionToken", 9, Fault::Refuse { status: 403, code: "AccessDenied", message: wrong });
        aws.forget_requests();
        let ran = sandbox.keyfob(&["credential-process", "work"]).run();
        let said = ran.ends_with(4);
        assert!(said.contains("set this machine's clock"), "{years}: {said}");
        assert_eq!(aws.count("GetSessionToken"), 1, "{years}: {said}");
    }
}

#[test]
fn a_program_gives_the_code_and_its_code_is_spent_like_any_other() {
    let (aws, mut sandbox, device) = machine(&["long"]);
    sandbox.go_to_second(LATE);
    sandbox.script("bin/otp", &format!("#!/bin/sh\necho {}\n", device.code_at(0)));
    sandbox.set("KEYFOB_MFA_PROCESS", "otp");
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    // It prints the same code still, also after a wait for the next.
    let ran = sandbox.keyfob(&["credential-process", "long"]).run();
    assert!(ran.ends_with(1).contains("printed a code of `"), "{}", ran.stderr);
    assert_eq!(aws.count("AssumeRole"), 0);
}

#[test]
fn a_code_given_twice_is_sent_once() {
    let (aws, sandbox, device) = machine(&["long"]);
    let code = device.code_at(0);
    sandbox.keyfob(&["credential-process", "work", "--mfa-code", &code]).run().ok();
    let ran = sandbox.keyfob(&["credential-process", "long"]).env("KEYFOB_MFA_CODE", &code).run();
    let said = ran.ends_with(1);
    assert!(
        said.contains("was already used, and AWS accepts each code once") && said.contains("at most 30 s"),
        "{said}"
    );
    assert_eq!(aws.count("AssumeRole"), 0);
}

#[test]
fn a_typed_code_that_was_used_explains_the_rule_and_another_may_be_typed() {
    let (aws, mut sandbox, device) = machine(&[]);
    sandbox.go_to_second(LATE);
    let mut terminal = sandbox.keyfob(&["credential-process", "work"]).beside_terminal();
    device.use_code();
    terminal.expect("MFA code for profile `work`");
    terminal.type_line(&device.code_at(0));
    terminal.expect("is wrong or was already used; try again with the next code");
    terminal.expect("MFA code for profile `work`");
    terminal.type_line(&device.code_at(0));
    terminal.expect("that code was already used, and AWS accepts each code once: the next one comes in ");
    terminal.expect("MFA code for profile `work`");
    terminal.type_line(&device.code_at(1));
    terminal.finish().0.ok();
    assert_eq!(aws.count("GetSessionToken"), 2, "the used code was not sent again");
}

#[test]
fn without_a_terminal_pinentry_asks_and_a_mistyped_code_is_asked_for_again() {
    let (aws, mut sandbox, device) = machine(&[]);
    pinentry(
        &mut sandbox,
        &format!("if [ -e once ]; then echo 'D {}'; else touch once; echo 'D 12'; fi; echo OK", device.code_at(0)),
    );
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    let said = sandbox.read("said");
    assert!(said.contains(&format!("SETDESC MFA code for profile `work` ({SERIAL})")), "{said}");
    assert!(said.contains("SETERROR that is not six digits"), "{said}");
    assert_eq!(aws.count("GetSessionToken"), 1);
}

#[test]
fn a_pinentry_that_hangs_is_killed_when_the_time_of_an_sdk_is_up() {
    let (_aws, mut sandbox, _) = machine(&[]);
    pinentry(&mut sandbox, "echo $$ >pid; sleep 600");
    let began = Instant::now();
    let ran = sandbox.keyfob(&["credential-process", "work"]).run();
    assert!(ran.ends_with(3).contains("no answer within 50 s"), "{}", ran.stderr);
    assert!(began.elapsed() < Duration::from_secs(58), "Go's SDK kills at 60 s: {:?}", began.elapsed());
    let pid = sandbox.read("pid");
    assert!(!std::path::Path::new(&format!("/proc/{}/fd/0", pid.trim())).exists(), "it lives on");
}

#[test]
fn pinentry_is_cancelled_left_out_or_missing_as_the_person_wants() {
    let (_aws, mut sandbox, _) = machine(&[]);
    pinentry(&mut sandbox, "echo 'ERR 83886179 Operation cancelled <Pinentry>'");
    let run = |sandbox: &Sandbox| sandbox.keyfob(&["credential-process", "work"]).run();
    let said = run(&sandbox);
    assert!(said.ends_with(1).contains("cancelled"), "{}", said.stderr);
    for prompt in ["terminal", "never"] {
        sandbox.set("KEYFOB_PROMPT", prompt);
        run(&sandbox).ends_with(3);
    }
    sandbox.set("KEYFOB_PROMPT", "pinentry");
    sandbox.set("KEYFOB_PINENTRY", "/nonexistent/pinentry");
    let ran = run(&sandbox);
    assert!(ran.ends_with(3).contains("the pinentry program is missing"), "{}", ran.stderr);
    sandbox.unset("KEYFOB_PINENTRY");
    // gpg's own setting, where there is a display.
    sandbox
        .write(".gnupg/gpg-agent.conf", &format!("pinentry-program {}/bin/pinentry-fake\n", sandbox.home().display()));
    sandbox.set("DISPLAY", ":99");
    assert!(run(&sandbox).ends_with(1).contains("cancelled"));
}

#[test]
fn a_real_pinentry_asks_on_the_terminal_where_it_is_chosen() {
    let Some(program) = tools::require("pinentry-tty") else { return };
    let (_aws, mut sandbox, device) = machine(&[]);
    sandbox.set("KEYFOB_PINENTRY", program);
    sandbox.set("KEYFOB_PROMPT", "pinentry,terminal");
    let mut terminal = sandbox.keyfob(&["exec", "work", "--", "echo", "done"]).on_terminal();
    terminal.expect("MFA code for profile");
    terminal.expect("Answer:");
    terminal.type_line(&device.code_at(0));
    terminal.expect("done");
    terminal.finish().0.ends_with(0);
}

#[test]
fn from_cron_it_is_exit_3_at_once() {
    let (_aws, sandbox, _) = machine(&[]);
    let began = Instant::now();
    let ran = sandbox.keyfob(&["credential-process", "work"]).run();
    let said = ran.ends_with(3);
    assert!(said.contains("start a session in a terminal first"), "{said}");
    assert!(said.contains("`keyfob mfa add work`"), "{said}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_passkey_is_told_to_be_none_for_sts_and_what_does_work() {
    let (aws, mut sandbox, _) = machine(&[]);
    let passkey = aws.user("ann").u2f("key").serial();
    let config = sandbox.read(".aws/config").replace(SERIAL, &passkey);
    sandbox.write(".aws/config", &config);
    let said = sandbox.keyfob(&["credential-process", "work"]).run();
    let said = said.ends_with(6);
    assert!(said.contains(&passkey) && said.contains("`keyfob mfa enroll work`"), "{said}");
    // And that works, with the passkey in the profile.
    sandbox.go_to_second(LATE);
    let listed = sandbox.keyfob(&["mfa", "list", "work"]).run();
    assert!(
        listed.ok().lines().any(|line| line.starts_with(&passkey) && line.contains("not for codes")),
        "{}",
        listed.stdout
    );
    sandbox.keyfob(&["mfa", "enroll", "work", "--name", "beside", "--store", "--yes"]).run().ok();
    assert!(sandbox.read(".aws/config").contains("mfa_serial = arn:aws:iam::111122223333:mfa/beside"));
}

#[test]
fn a_printed_code_is_not_sent_afterwards_and_a_fresh_one_is_waited_for() {
    let (_aws, mut sandbox, device) = machine(&[]);
    let ran = sandbox.keyfob(&["mfa", "code", "work"]).run();
    assert!(ran.ends_with(1).contains("`keyfob mfa add work`"), "{}", ran.stderr);
    keep_seed(&sandbox, &device.seed());
    sandbox.go_to_second(LATE);
    let first = sandbox.keyfob(&["mfa", "code", "work"]).run();
    let again = sandbox.keyfob(&["mfa", "code", "work"]).run();
    assert!(
        first.stderr.contains(" s left\n") && again.stderr.contains("`--wait` waits for the next"),
        "{}",
        again.stderr
    );
    let fresh = sandbox.keyfob(&["mfa", "code", "work", "--wait"]).run();
    assert_ne!(fresh.ok(), first.ok());
}

#[test]
fn a_device_is_resynchronised_with_two_codes_made_from_its_seed() {
    let (aws, mut sandbox, device) = machine(&[]);
    keep_seed(&sandbox, &device.seed());
    sandbox.go_to_second(LATE);
    sandbox.keyfob(&["mfa", "resync", "work"]).run().ends_with(0);
    assert_eq!(aws.count("ResyncMFADevice"), 1);
}

#[test]
fn removing_a_profile_takes_its_seed_along_unless_another_needs_it() {
    let (aws, sandbox, device) = machine(&[]);
    keep_seed(&sandbox, &device.seed());
    let config = sandbox.read(".aws/config");
    let other = format!("[profile other]\nmfa_serial = {SERIAL}\n");
    sandbox.write(".aws/config", &format!("{config}{other}"));
    let key = aws.user("ann").access_key();
    let kept = sandbox.keyfob(&["remove", "work", "--yes"]).run();
    assert!(!kept.stderr.contains("the seed of"), "{}", kept.stderr);
    sandbox.write(".aws/config", &config);
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes"]).stdin(&input).run().ok();
    let gone = sandbox.keyfob(&["remove", "work", "--yes"]).run();
    assert!(gone.stderr.contains(&format!("deleted the seed of `{SERIAL}`")), "{}", gone.stderr);
}
