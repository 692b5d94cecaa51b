//! Signing in, with a browser and with a code, and what every process makes of it.

use std::thread;
use std::time::{Duration, Instant};

use super::bed::{ACCOUNT, Bed, START_URL};
use crate::scene::fails;
use crate::support::aws::Fault;

#[test]
fn one_sign_in_with_a_browser_serves_every_profile_and_says_until_when() {
    let bed = Bed::new();
    fails(&bed.get("work"), 3, "nobody is signed in to https://corp.awsapps.com/start");
    assert_eq!(bed.sign_in("work")["needs_sign_in"], true);
    let said = bed.login();
    for told in [
        "/authorize?",
        "signed in to https://corp.awsapps.com/start, certain to work until",
        "renewed unattended",
        "it is kept in memory, for at most 10m (`unlock_time`)",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let issued = bed.get("work").json();
    assert_eq!(issued["AccountId"], ACCOUNT);
    assert_eq!(bed.get("work").json(), issued, "cached");
    bed.get("ro").json();
    assert_eq!((bed.calls("GetRoleCredentials"), bed.calls("RegisterClient")), (2, 1));
    let explained = bed.sign_in("work");
    assert_eq!((&explained["needs_sign_in"], &explained["base"]["kind"]), (&false.into(), &"sso".into()));
    assert!(
        explained["sign_in"]["certain_until"].is_string() && explained["sign_in"]["renewed"] == true,
        "{explained}"
    );
    let listed = bed.run(&["list", "--json"]).json();
    assert_eq!(listed["profiles"][0]["sign_in"]["due"], false);
    assert!(bed.run(&["list"]).ok().contains(", renewed"));
    assert!(bed.login().contains("already signed in to"), "it was tried");
    assert_eq!(bed.center.grants("authorization_code"), 1);
    bed.run(&["login", "corp", "--force"]).ok();
    assert_eq!((bed.center.grants("authorization_code"), bed.calls("RegisterClient")), (2, 1), "the client is kept");
    assert_ne!(bed.get("work").json(), issued, "what was made from the old sign-in went with it");
}

#[test]
fn a_code_is_approved_anywhere_and_denied_as_well() {
    let bed = Bed::new();
    for is_allowed in [false, true] {
        let login = bed.sandbox.keyfob(&["login", "work", "--device"]).start();
        let code = bed.center.user_code();
        match is_allowed {
            true => bed.center.approve(&code),
            false => bed.center.deny(&code),
        }
        let ran = login.finish();
        match is_allowed {
            true => assert!(ran.ends_with(0).contains(&code), "the code is shown"),
            false => {
                assert!(fails(&ran, 4, "was declined in the browser").contains("keyfob login work"));
            }
        }
    }
    bed.get("work").json();
    let calls = bed.aws.requests();
    assert!(calls.iter().all(|call| call.outcome.as_deref() != Some("SlowDownException")), "the pace is kept");
}

#[test]
#[cfg(target_os = "linux")]
fn another_user_cannot_end_a_sign_in() {
    let mut bed = Bed::new();
    let Some(()) = crate::peers::visit_as_browser(&mut bed.sandbox, "login") else { return };
    assert!(bed.login().contains("signed in to https://corp.awsapps.com/start"));
    assert_eq!(bed.sandbox.read("visited"), "other: nothing\nuser: 200 soon\n");
}

#[test]
fn fifty_processes_on_an_expired_access_token_make_one_refresh() {
    let bed = Bed::new();
    bed.center.access_tokens_live(2);
    bed.login();
    thread::sleep(Duration::from_secs(3));
    bed.center.access_tokens_live(3600);
    // Each role has a session of its own, so each process needs the token.
    let started: Vec<_> = (0..50)
        .map(|number| bed.sandbox.keyfob(&["credential-process", if number % 2 == 0 { "work" } else { "ro" }]).start())
        .collect();
    for process in started {
        process.finish().json();
    }
    assert_eq!((bed.center.grants("refresh_token"), bed.calls("GetRoleCredentials")), (1, 2));
    // One that the portal has forgotten, though its time is not over.
    bed.center.expire_access_tokens();
    bed.run(&["clear"]).ok();
    bed.get("work").json();
    assert_eq!(bed.center.grants("refresh_token"), 2);
}

#[test]
fn a_refresh_that_fails_while_the_token_works_is_no_error_and_a_refused_one_says_that_a_sign_in_is_due() {
    let bed = Bed::new();
    // From the first moment on it is time to refresh it.
    bed.center.access_tokens_live(30);
    bed.login();
    thread::sleep(Duration::from_secs(21));
    bed.aws.fault("CreateToken", Fault::Unavailable);
    bed.get("work").json();
    assert_eq!(bed.sign_in("ro")["sign_in"]["due"], false);
    thread::sleep(Duration::from_secs(10));
    bed.run(&["clear"]).ok();
    bed.center.end_portal_sessions();
    let said = fails(&bed.get("ro"), 3, "the portal session of https://corp.awsapps.com/start has ended");
    assert!(said.contains("`keyfob login ro`"), "{said}");
    let asked = bed.center.grants("refresh_token");
    fails(&bed.get("work"), 3, "the portal session of https://corp.awsapps.com/start has ended");
    assert_eq!(bed.center.grants("refresh_token"), asked, "AWS has said so once");
    assert!(bed.run(&["list"]).ok().contains("due"));
    bed.login();
    bed.get("work").json();
}

#[test]
fn a_renewal_whose_answer_is_lost_asks_for_a_sign_in_and_says_why() {
    let bed = Bed::new();
    bed.center.access_tokens_live(2);
    bed.login();
    thread::sleep(Duration::from_secs(3));
    bed.aws.fault("CreateToken", Fault::DropAnswer);
    fails(&bed.get("work"), 1, "cannot renew the sign-in");
    let said =
        fails(&bed.get("ro"), 3, "the last renewal of the sign-in to https://corp.awsapps.com/start was interrupted");
    assert!(said.contains("`keyfob login ro`"), "{said}");
}

#[test]
fn a_process_killed_between_a_renewals_answer_and_its_write_is_recovered_from_or_named() {
    let killed = |bed: &Bed| {
        bed.aws.fault("CreateToken", Fault::Slow(Duration::from_secs(5)));
        let asked = bed.center.grants("refresh_token");
        let mut holder = bed.sandbox.keyfob(&["credential-process", "work"]).start();
        let since = Instant::now();
        while bed.center.grants("refresh_token") == asked {
            assert!(since.elapsed() < Duration::from_secs(20), "nobody renews");
            thread::sleep(Duration::from_millis(10));
        }
        // AWS has taken the refresh token, and nobody has the new one.
        holder.kill();
        assert!(holder.finish().was_killed());
    };
    // With an access token that has ended, nothing is left.
    let bed = Bed::new();
    bed.center.access_tokens_live(2);
    bed.login();
    thread::sleep(Duration::from_secs(3));
    killed(&bed);
    for _ in 0..2 {
        let said = fails(&bed.get("work"), 3, "a sign-in to IAM Identity Center is needed");
        assert!(said.contains("`keyfob login work`"), "{said}");
    }
    bed.login();
    bed.get("work").json();

    // One that still works serves, and `list` says that a sign-in is due.
    let bed = Bed::new();
    bed.center.access_tokens_live(60);
    bed.login();
    thread::sleep(Duration::from_secs(42));
    killed(&bed);
    bed.get("work").json();
    assert_eq!(bed.sign_in("ro")["sign_in"]["due"], true);
    bed.get("ro").json();

    // Before AWS has seen the request, nothing is lost.
    let bed = Bed::new();
    bed.center.access_tokens_live(2);
    bed.login();
    thread::sleep(Duration::from_secs(3));
    bed.aws.fault("CreateToken", Fault::DropRequest);
    fails(&bed.get("work"), 1, "cannot renew the sign-in");
    bed.get("ro").json();
}

#[test]
fn a_session_outlives_its_sign_in_and_nobody_is_served_another_persons() {
    let bed = Bed::new();
    bed.login();
    let first = bed.get("work").json();
    bed.center.end_portal_sessions();
    assert_eq!(bed.get("work").json(), first);
    let said = bed.run(&["logout"]).ends_with(0).to_owned();
    assert!(said.contains("signed out of https://corp.awsapps.com/start, and deleted 1 cached session"), "{said}");
    fails(&bed.get("work"), 3, "nobody is signed in");
    assert!(bed.run(&["logout"]).ends_with(0).contains("not signed in anywhere"));
}

#[test]
fn signing_out_ends_the_session_at_the_portal_and_says_what_stays_valid() {
    let bed = Bed::new();
    bed.login();
    bed.get("work").json();
    let report = bed.run(&["logout", "work", "--json"]).json();
    assert_eq!((&report["ended_at_portal"], &report["sessions_deleted"]), (&true.into(), &1.into()));
    assert!(report["valid_until"].is_string(), "{report}");
    assert_eq!(bed.calls("Logout"), 1);
    let leftovers = std::fs::read_dir(bed.sandbox.path("keyfob/cache")).expect("a folder").filter(|file| {
        let name = file.as_ref().expect("a file").file_name().to_string_lossy().into_owned();
        name.ends_with(".sign-in") || name.ends_with(".pending") || name.ends_with(".session")
    });
    assert_eq!(leftovers.count(), 0);
}

#[test]
fn an_sdk_on_a_terminal_shows_a_code_there_and_an_approval_after_its_end_is_not_in_vain() {
    let bed = Bed::new();
    let mut asked = bed.sandbox.keyfob(&["credential-process", "work"]).beside_terminal();
    asked.expect("open this page on any device");
    let code = bed.center.user_code();
    asked.expect(&code);
    bed.center.approve(&code);
    let (ran, _) = asked.finish();
    ran.json();

    let bed = Bed::new();
    let mut asked = bed.sandbox.keyfob(&["credential-process", "work"]).beside_terminal();
    asked.expect("open this page on any device");
    let code = bed.center.user_code();
    asked.press_ctrl('c');
    let (ran, _) = asked.finish();
    assert!(ran.code != Some(0));
    fails(&bed.get("work"), 3, "nobody is signed in");
    bed.center.approve(&code);
    bed.get("work").json();
    assert_eq!(bed.calls("StartDeviceAuthorization"), 1, "the code that was shown was polled");
}

#[test]
fn a_mistyped_region_is_asked_for_again() {
    let bed = Bed::new();
    std::fs::remove_file(bed.sandbox.path(".aws/config")).expect("it was there");
    let mut login = bed.sandbox.keyfob(&["login", "--start-url", START_URL]).on_terminal();
    for mistyped in ["eu west", ""] {
        login.expect("Region of the Identity Center, such as eu-west-1: ");
        login.type_line(mistyped);
    }
    login.expect("Region of the Identity Center, such as eu-west-1: ");
    login.type_line("eu-west-1");
    login.expect("Name for https://corp.awsapps.com/start in the config file [corp]:");
    login.type_line("");
    login.expect("added `[sso-session corp]` to");
    login.finish().0.ok();
}

#[test]
fn a_start_url_from_a_colleague_is_all_it_takes() {
    let bed = Bed::new();
    std::fs::remove_file(bed.sandbox.path(".aws/config")).expect("it was there");
    let mut login = bed
        .sandbox
        .keyfob(&["login", "--start-url", &format!("{START_URL}/#/"), "--region", "eu-west-1"])
        .on_terminal();
    login.expect("Name for https://corp.awsapps.com/start in the config file [corp]:");
    login.type_line("");
    login.expect("signed in to");
    login.expect("added `[sso-session corp]` to");
    login.expect("`keyfob sso profiles corp`");
    let (ran, _) = login.finish();
    ran.ok();
    assert_eq!(
        bed.sandbox.read(".aws/config"),
        "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
    );
    let without = bed.run(&["login", "--start-url", START_URL]);
    assert!(fails(&without, 3, "the region of the Identity Center is needed").contains("--region REGION"));
    let again = bed.run(&["login", "--start-url", START_URL, "--region", "eu-west-1"]);
    assert!(again.ends_with(0).contains("already signed in"));
    // The second command, and every tool has credentials.
    bed.run(&["sso", "profiles", "corp"]).ok();
    let Some(python) = crate::support::tools::require("python") else { return };
    let caller = "import boto3; print(boto3.Session(profile_name='payments-ReadOnly').client('sts').get_caller_identity()['Arn'])";
    let ran = bed.sandbox.program(&python, &["-W", "ignore", "-c", caller]).run();
    assert!(ran.ok().starts_with(&format!("arn:aws:sts::{ACCOUNT}:assumed-role/AWSReservedSSO_ReadOnly_")));
}

#[test]
fn ctrl_c_while_the_browser_is_waited_for_leaves_nothing_behind() {
    let mut bed = Bed::new();
    bed.sandbox.set("BROWSER", "true");
    let mut login = bed.sandbox.keyfob(&["login", "work"]).on_terminal();
    login.expect("/authorize?");
    login.press_ctrl('c');
    let (ran, _) = login.finish();
    assert!(ran.signal.is_some() || ran.code == Some(130), "{ran:?}");
    let files = std::fs::read_dir(bed.sandbox.path("keyfob/cache")).expect("a folder");
    let names: Vec<_> = files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().all(|name| name.ends_with(".lock") || name == "name-digest-key"), "{names:?}");
}

#[test]
fn without_a_name_whatever_needs_a_sign_in_is_signed_in_to() {
    let bed = Bed::new();
    assert!(bed.run(&["login"]).ends_with(0).contains("signed in to https://corp.awsapps.com/start"));
    assert!(bed.run(&["login"]).ends_with(0).contains("no sign-in is needed now"));
    fails(&bed.run(&["login", "wrok"]), 6, "there is no profile or `sso-session` `wrok`");
    bed.config("[profile key]\naws_access_key_id = AKIAFILE000000000000\naws_secret_access_key = fake\n");
    fails(&bed.run(&["login", "key"]), 6, "`key` needs no sign-in");
}

#[test]
fn a_sign_in_that_waits_keeps_nobody_from_a_token_that_works() {
    let mut bed = Bed::new();
    bed.center.access_tokens_live(60);
    bed.login();
    bed.sandbox.set("BROWSER", "true");
    let mut waiting = bed.sandbox.keyfob(&["login", "work", "--force"]).start();
    // By now it is time to refresh it, and the lock is held.
    thread::sleep(Duration::from_secs(42));
    let start = Instant::now();
    bed.get("work").json();
    assert!(start.elapsed() < Duration::from_secs(10) && waiting.is_running());
    waiting.kill();
}
