//! `aws login`: the sign-in in AWS's own file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Bed;
use crate::scene::{fails, key_id};
use crate::support::aws::Fault;
use crate::support::tools;

const RENEWED: &str = "CreateOAuth2Token";
const MINUTE: i64 = 60;

/// Who is signed in.
const ME: &str = "arn:aws:sts::111122223333:assumed-role/jump/me";

pub(super) struct SignedIn {
    pub(super) bed: Bed,
    file: String,
    arn: String,
}

/// A profile that is signed in, whose credentials last so many seconds more.
pub(super) fn signed_in(seconds: i64) -> SignedIn {
    let bed = Bed::new();
    bed.config(&format!("login_session = {ME}"));
    let one = SignedIn { file: file(ME), bed, arn: ME.to_owned() };
    one.write(&one.bed.aws.sign_in(&one.bed.jump, seconds));
    one
}

/// The file of a sign-in.
fn file(arn: &str) -> String {
    let name: String = Sha256::digest(arn).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".aws/login/cache/{name}.json")
}

/// Has the credentials of the sign-in expired.
pub(super) fn expire(bed: &Bed) {
    change(bed, |_| {});
}

/// Has them expired, and its refresh token spent.
pub(super) fn end(bed: &Bed) {
    change(bed, |sign_in| sign_in["refreshToken"] = "spent".into());
}

fn change(bed: &Bed, change: impl FnOnce(&mut Value)) {
    let mut sign_in: Value = serde_json::from_str(&bed.sandbox.read(&file(ME))).expect("JSON");
    sign_in["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z".into();
    change(&mut sign_in);
    bed.sandbox.write(&file(ME), &sign_in.to_string());
}

impl SignedIn {
    fn write(&self, sign_in: &Value) {
        self.bed.sandbox.write(&self.file, &sign_in.to_string());
    }

    fn read(&self) -> Value {
        serde_json::from_str(&self.bed.sandbox.read(&self.file)).expect("JSON")
    }

    fn needs_sign_in(&self, profile: &str) -> Value {
        self.bed.explain(profile)["needs_sign_in"].clone()
    }
}

#[test]
fn a_sign_in_is_used_as_it_is_and_signs_roles_of_whatever_aws_gives() {
    let one = signed_in(900);
    let bed = &one.bed;
    bed.costs(&[("base", "", ""), ("a", "a 3600", ""), ("b", "a 3600, b 3600", ""), ("long", "a 7200, a 3600", "")]);
    // That AWS takes it for role chaining is remembered, for the sign-in and the role.
    assert_eq!(bed.explain("long")["hops"][0]["capped"], true);
    let answer = bed.get("base").json();
    let token = &one.read()["accessToken"];
    for (issued, kept) in [
        ("AccessKeyId", "accessKeyId"),
        ("SecretAccessKey", "secretAccessKey"),
        ("SessionToken", "sessionToken"),
        ("AccountId", "accountId"),
        ("Expiration", "expiresAt"),
    ] {
        assert_eq!(answer[issued], token[kept]);
    }
    let base = bed.explain("b")["base"].clone();
    assert_eq!((&base["kind"], &base["identity"]), (&"login".into(), &one.arn.as_str().into()));
    let list = bed.sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(
        (&list["profiles"][0]["source"], &list["profiles"][0]["account"]),
        (&"login".into(), &"111122223333".into())
    );
    assert!(bed.sandbox.keyfob(&["explain", "base"]).run().ok().contains("sign-in of `aws login`"));
    fails(&bed.sandbox.keyfob(&["credential-process", "base", "--duration", "1h"]).run(), 2, "is not possible");

    let refused = bed.sandbox.keyfob(&["profile", "link", "base"]).run();
    assert!(fails(&refused, 6, "credentials of `aws login` last 15 min").contains("keyfob exec base"));
    bed.sandbox.keyfob(&["profile", "link", "a", "--yes"]).run().ok();
    assert!(bed.sandbox.read(".aws/config").contains("login_session"), "the source stays as it is");
    bed.get("a").ok();
}

#[test]
fn a_sign_in_is_renewed_in_awss_own_file_which_keeps_what_others_wrote() {
    let mut one = signed_in(900);
    if one.bed.sandbox.pass_time(11 * MINUTE).is_none() {
        return;
    }
    let before = one.read();
    fs::set_permissions(one.bed.sandbox.path(&one.file), fs::Permissions::from_mode(0o644)).expect("an own file");
    // For a role it works for another four minutes, and for its own sake it is renewed.
    one.bed.get("a").ok();
    assert_eq!(one.bed.cost(), "a 3600");
    let issued = one.bed.get("base").json();
    assert_eq!(one.bed.cost(), RENEWED);
    let after = one.read();
    assert_eq!(issued["AccessKeyId"], after["accessToken"]["accessKeyId"]);
    for (name, is_kept) in [
        ("tokenType", true),
        ("clientId", true),
        ("idToken", true),
        ("dpopKey", true),
        ("ofALaterRelease", true),
        ("refreshToken", false),
        ("accessToken", false),
    ] {
        assert_eq!(before[name] == after[name], is_kept, "{name}");
    }
    assert_eq!(before["accessToken"]["accountId"], after["accessToken"]["accountId"]);
    let mode = fs::metadata(one.bed.sandbox.path(&one.file)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    one.bed.get("base").ok();
    assert_eq!(one.bed.cost(), "", "renewed once");
    // Where it was made is where it is renewed, if the file says so; a region that is none goes nowhere.
    let mut elsewhere = after;
    elsewhere["signInRegion"] = "x.example/".into();
    elsewhere["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z".into();
    one.write(&elsewhere);
    one.bed.get("base").ok();
    assert_eq!(one.bed.cost(), RENEWED, "a configured endpoint is that of every region");
    one.bed.sandbox.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    elsewhere["refreshToken"] = "other".into();
    one.write(&elsewhere);
    fails(&one.bed.get("base"), 6, "`x.example/` is not a valid region");
    one.bed.sandbox.unset("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

    // Another folder.
    let moved = one.bed.sandbox.path("elsewhere");
    one.bed.sandbox.set("AWS_LOGIN_CACHE_DIRECTORY", &moved);
    fails(&one.bed.get("base"), 3, "`base` is not signed in");
}

#[test]
fn fifty_at_once_renew_a_sign_in_once_and_share_its_end() {
    let one = signed_in(-5);
    assert_eq!(one.needs_sign_in("base"), Value::Null, "only AWS knows");
    let all = |expected: i32| {
        let started: Vec<_> =
            (0..50).map(|_| one.bed.sandbox.keyfob(&["credential-process", "base"]).start()).collect();
        let ran: Vec<_> = started.into_iter().map(|one| one.finish()).collect();
        for one in &ran {
            one.ends_with(expected);
        }
        ran
    };
    one.bed.aws.fault(RENEWED, Fault::Slow(Duration::from_millis(500)));
    let ids: Vec<String> = all(0).iter().map(|ran| key_id(&ran.json())).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(one.bed.cost(), RENEWED);
    assert_eq!(one.needs_sign_in("base"), false);

    end(&one.bed);
    one.bed.aws.fault(RENEWED, Fault::Slow(Duration::from_secs(3)));
    for ran in all(3) {
        let stderr = fails(&ran, 3, "the sign-in of `base` has ended: AWS does not take its refresh token");
        assert!(stderr.contains("keyfob login base"), "{stderr}");
    }
    assert_eq!(one.bed.cost(), RENEWED);
}

#[test]
fn a_tool_that_was_faster_loses_nobody_the_sign_in() {
    let one = signed_in(-5);
    // It has spent the token, and writes what it got a moment later.
    let before = one.read();
    let theirs = one.bed.aws.renew_elsewhere(&before);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(400));
            one.write(&theirs);
        });
        let issued = one.bed.get("base").json();
        assert_eq!(issued["AccessKeyId"], theirs["accessToken"]["accessKeyId"]);
    });
    assert_eq!(one.bed.cost(), RENEWED);
    // And one that is cut off in the middle of writing is waited for.
    one.bed.sandbox.write(&one.file, &theirs.to_string()[..100]);
    one.bed.sandbox.may_hold_secrets(&one.file);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(70));
            one.write(&theirs);
        });
        one.bed.get("base").ok();
    });
}

#[test]
fn an_interrupted_renewal_leaves_a_sign_in_or_says_that_it_has_ended() {
    let one = signed_in(-5);
    // Ended politely after AWS has answered: it waits until the tokens are kept.
    one.bed.aws.fault(RENEWED, Fault::Slow(Duration::from_millis(800)));
    let running = one.bed.sandbox.keyfob(&["credential-process", "base"]).start();
    let asked = || one.bed.aws.count(RENEWED) > 0;
    while !asked() {
        thread::sleep(Duration::from_millis(10));
    }
    let kill = std::process::Command::new("kill").arg(running.pid().to_string()).status().expect("there is `kill`");
    assert!(kill.success());
    let ended = running.finish();
    assert_eq!(ended.signal, Some(15), "{ended:?}");
    assert_eq!(one.bed.cost(), RENEWED);
    one.bed.get("base").ok();
    assert_eq!(one.bed.cost(), "", "nothing was lost");

    // The answer is lost, or the process: the next one finds out.
    for kills in [true, false] {
        let mut expired = one.bed.aws.sign_in(&one.bed.jump, -5);
        expired["ofALaterRelease"] = kills.into();
        one.write(&expired);
        if kills {
            one.bed.aws.fault(RENEWED, Fault::Slow(Duration::from_millis(800)));
            let mut running = one.bed.sandbox.keyfob(&["credential-process", "base"]).start();
            while !asked() {
                thread::sleep(Duration::from_millis(10));
            }
            running.kill();
            assert!(running.finish().was_killed());
        } else {
            one.bed.aws.fault(RENEWED, Fault::DropAnswer);
            fails(&one.bed.get("base"), 1, "the sign-in of `base` may have ended");
        }
        one.bed.cost();
        assert_eq!(one.read(), expired);
        let stderr = fails(&one.bed.get("base"), 3, "the sign-in of `base` has ended");
        assert!(stderr.contains("keyfob login base"), "{stderr}");
        one.bed.cost();
    }
}

#[test]
fn a_renewal_that_could_not_be_kept_is_not_made() {
    if !rustix::process::geteuid().is_root() {
        return tools::skipped("only root can make a folder that another user cannot write to");
    }
    let Some(setpriv) = tools::require("setpriv") else { return };
    let one = signed_in(-5);
    let sandbox = &one.bed.sandbox;
    let (home, folder) = (sandbox.home().display().to_string(), sandbox.path(".aws/login/cache").display().to_string());
    for (owner, path) in [("54321:54321", &home), ("0:0", &folder)] {
        sandbox.program("chown", &["-R", owner, path]).run().ok();
    }
    for (path, mode) in [(".aws/login/cache", 0o755), (&*one.file, 0o644)] {
        fs::set_permissions(sandbox.path(path), fs::Permissions::from_mode(mode)).expect("an own file");
    }
    // With the right to get to its home, wherever the tests run.
    let user = ["--reuid=54321", "--regid=54321", "--clear-groups", "--inh-caps=+dac_read_search"];
    let keyfob = ["--ambient-caps=+dac_read_search", "keyfob", "credential-process", "base"];
    let ran = sandbox.program(&setpriv, &[&user[..], &keyfob].concat()).run();
    let stderr = fails(&ran, 1, "the sign-in of `base` is not renewed");
    assert!(stderr.contains("Permission denied"), "{stderr}");
    assert_eq!(one.bed.cost(), "", "nothing is sent");
}

#[test]
fn what_is_wrong_with_a_sign_in_is_told_apart() {
    let one = signed_in(900);
    let good = one.read();
    fs::remove_file(one.bed.sandbox.path(&one.file)).expect("it was there");
    let stderr = fails(&one.bed.get("a"), 3, "`base` is not signed in");
    assert!(stderr.contains("keyfob login base"), "{stderr}");
    assert_eq!(one.needs_sign_in("a"), true);
    for (name, value, problem) in [
        ("dpopKey", Value::Null, "is not a sign-in of `aws login`"),
        ("accessToken", Value::from("x"), "is not a sign-in of `aws login`"),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        one.write(&bad);
        fails(&one.bed.get("a"), 6, problem);
    }
    let mut bad = good.clone();
    bad.as_object_mut().expect("an object").remove("refreshToken");
    one.write(&bad);
    fails(&one.bed.get("a"), 6, "has no `refreshToken`");
    let mut bad = good.clone();
    bad["accessToken"]["expiresAt"] = "soon".into();
    one.write(&bad);
    fails(&one.bed.get("a"), 6, "has an `expiresAt` that is not a time");
    one.bed.cost();

    let refusals = [
        (401, "TOKEN_EXPIRED", 3, "has ended: its time is over"),
        (403, "USER_CREDENTIALS_CHANGED", 3, "has ended: the user's password or access has changed"),
        (400, "INVALID_REQUEST", 3, "has ended: AWS does not take its refresh token"),
        (403, "INSUFFICIENT_PERMISSIONS", 4, "does not renew the sign-in of `base`: access denied"),
        (429, "rate_exceeded", 4, "could not be renewed"),
        (500, "InternalServerException", 1, "could not be renewed"),
    ];
    for (status, code, exit, problem) in refusals {
        let refused = || {
            let fault = Fault::Refuse { status, code, message: "so it is" };
            one.bed.aws.fault(RENEWED, fault);
        };
        one.write(&one.bed.aws.sign_in(&one.bed.jump, -5));
        refused();
        let stderr = fails(&one.bed.get("base"), exit, problem);
        assert!(stderr.contains(&format!("{code}: so it is")) && stderr.contains("hint: "), "{stderr}");
        one.bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
        // While its credentials work, they are handed out; and for a minute nobody tries again.
        one.write(&one.bed.aws.sign_in(&one.bed.jump, 240));
        refused();
        one.bed.cost();
        for cost in [RENEWED, ""] {
            let ran = one.bed.get("base");
            assert!(ran.ends_with(0).contains("could not be renewed"), "{}", ran.stderr);
            assert_eq!(one.bed.cost(), cost, "{code}");
        }
        // Whoever asks for more than they have left gets that.
        one.bed.sandbox.keyfob(&["credential-process", "base", "--min-ttl", "10m"]).run().ok();
        assert_eq!(one.bed.cost(), RENEWED);
        one.bed.aws.forget_faults();
        one.bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
        one.bed.cost();
    }
    let mut bad = one.bed.aws.sign_in(&one.bed.jump, -5);
    bad["dpopKey"] = "none".into();
    one.write(&bad);
    let stderr = fails(&one.bed.get("base"), 6, "cannot be renewed");
    assert!(stderr.contains("the `dpopKey` of the sign-in is not a P-256 key"), "{stderr}");
}

#[test]
fn the_root_users_sign_in_is_used_only_where_the_profile_allows_it_and_never_for_a_role() {
    let one = signed_in(900);
    let root = "arn:aws:iam::111122223333:root";
    one.bed.sandbox.write(&file(root), &one.bed.sandbox.read(&one.file));
    one.bed.config(&format!("login_session = {root}"));
    for profile in ["base", "a"] {
        let stderr = fails(&one.bed.get(profile), 6, "`base` is signed in as the root user");
        assert!(stderr.contains("keyfob profile set base keyfob_allow_root true"), "{stderr}");
    }
    one.bed.sandbox.keyfob(&["profile", "set", "base", "keyfob_allow_root", "true"]).run().ok();
    one.bed.get("base").ok();
    let stderr =
        fails(&one.bed.get("a"), 6, "`base` has the root user's sign-in, and the root user cannot assume roles");
    assert!(stderr.contains("keyfob login base"), "{stderr}");
    one.bed.sandbox.keyfob(&["profile", "set", "base", "keyfob_allow_root", "false"]).run().ok();
    fails(&one.bed.get("base"), 6, "`base` is signed in as the root user");
}
