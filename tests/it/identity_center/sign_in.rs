//! Signing in, with a browser and with a code, and what every process makes of it.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::KEYFOB;
use crate::scene::fails;
use crate::support::aws::{Fault, IdentityCenterHandle, LoopbackAws};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;

const START_URL: &str = "https://corp.awsapps.com/start";
const ACCOUNT: &str = "000000000042";
/// `printf corp | sha1sum`: the AWS CLI's file for the section `corp`.
const CLI_FILE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

/// A machine with a section, profiles over it, and nobody signed in. Its browser is signed in to the portal.
struct Bed {
    aws: Arc<LoopbackAws>,
    center: IdentityCenterHandle,
    sandbox: Sandbox,
}

impl Bed {
    fn new() -> Self {
        let aws = Arc::new(LoopbackAws::start());
        let center = aws.identity_center(START_URL);
        center.account(ACCOUNT, "Payments").assign(ACCOUNT, "Admin").assign(ACCOUNT, "ReadOnly").signed_in();
        let mut sandbox = Sandbox::new(KEYFOB, &aws);
        sandbox.always_with(&["-v"]);
        sandbox.set("AWS_REGION", "eu-central-1");
        sandbox.set("KEYFOB_LOGIN", "browser");
        sandbox.set("BROWSER", "curl -sL -o /dev/null");
        let bed = Bed { aws, center, sandbox };
        bed.config("");
        bed
    }

    /// Writes the config file, with these lines at its end.
    fn config(&self, more: &str) {
        let profile = |name: &str, role: &str| {
            format!("[profile {name}]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {role}\n")
        };
        let section = format!("[sso-session corp]\nsso_start_url = {START_URL}/\nsso_region = eu-west-1\n");
        let text = format!("{section}{}{}{more}", profile("work", "Admin"), profile("ro", "ReadOnly"));
        self.sandbox.write(".aws/config", &text);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.keyfob(arguments).run()
    }

    fn get(&self, profile: &str) -> Ran {
        self.run(&["credential-process", profile])
    }

    fn login(&self) -> String {
        self.run(&["login", "work"]).ends_with(0).to_owned()
    }

    fn sign_in(&self, profile: &str) -> Value {
        self.run(&["explain", profile, "--json"]).json()
    }

    fn calls(&self, action: &str) -> usize {
        self.aws.requests().iter().filter(|call| call.action == action).count()
    }
}

#[test]
fn one_sign_in_with_a_browser_serves_every_profile_and_says_until_when() {
    let bed = Bed::new();
    fails(&bed.get("work"), 3, "nobody is signed in to https://corp.awsapps.com/start");
    assert_eq!(bed.sign_in("work")["needs_sign_in"], true);
    let said = bed.login();
    for told in
        ["/authorize?", "signed in to https://corp.awsapps.com/start, certain to work until", "renewed unattended"]
    {
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
fn a_role_over_a_permission_set_is_chained_and_a_duration_is_the_permission_sets() {
    let bed = Bed::new();
    let role = bed.aws.role("deploy").trusts(&bed.center.role(ACCOUNT, "Admin").arn()).max_session(43_200);
    bed.config(&format!(
        "[profile deploy]\nrole_arn = {}\nsource_profile = work\nduration_seconds = 7200\n",
        role.arn()
    ));
    bed.login();
    bed.get("deploy").json();
    let hop = bed.sign_in("deploy")["hops"][0].clone();
    assert_eq!((&hop["capped"], &hop["duration_seconds"]), (&true.into(), &3600.into()));
    fails(
        &bed.run(&["credential-process", "work", "--duration", "2h"]),
        2,
        "whose permission set decides how long they last",
    );
    assert!(bed.run(&["login", "deploy"]).ends_with(0).contains("already signed in"), "the base's sign-in is meant");
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
fn what_the_portal_refuses_is_told_apart() {
    let bed = Bed::new();
    bed.login();
    let role = |name: &str| {
        let profile = format!("[profile x]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {name}\n");
        bed.config(&profile);
        bed.get("x")
    };
    let said = fails(&role("AWSReservedSSO_Admin_0123456789abcdef"), 4, "is the name of an IAM role");
    assert!(said.contains("`keyfob profile set x sso_role_name Admin`"), "{said}");
    let said = fails(
        &role("ReadOnlyy"),
        4,
        "the permission set `ReadOnlyy` is not assigned to you in the account 000000000042",
    );
    assert!(said.contains("`keyfob profile set x sso_role_name ReadOnly`"), "{said}");
    bed.center.unassign(ACCOUNT, "Admin").unassign(ACCOUNT, "ReadOnly");
    fails(&role("Admin"), 4, "000000000042");
    bed.config("[profile other]\nsso_start_url = https://other.awsapps.com/start\nsso_region = eu-west-1\n");
    let said = bed.run(&["login", "other"]);
    fails(&said, 4, "AWS knows no IAM Identity Center with the start URL https://other.awsapps.com/start in eu-west-1");
}

#[test]
fn throttling_is_waited_out_and_is_no_reason_to_sign_in() {
    let bed = Bed::new();
    bed.login();
    bed.aws.fault("GetRoleCredentials", Fault::Throttle);
    let start = Instant::now();
    bed.get("work").json();
    assert!(start.elapsed() >= Duration::from_secs(1), "it waited");
    assert_eq!((bed.calls("GetRoleCredentials"), bed.center.grants("refresh_token")), (2, 0));
}

#[test]
fn the_token_of_the_aws_cli_is_used_while_it_works_and_its_refresh_token_never() {
    let mut bed = Bed::new();
    bed.sandbox.set("KEYFOB_SSO_SHARE", "true");
    bed.sandbox.may_hold_secrets(".aws/sso/cache");
    bed.login();
    let shared: Value = serde_json::from_str(&bed.sandbox.read(CLI_FILE)).expect("JSON");
    assert_eq!(shared["startUrl"], format!("{START_URL}/"));
    assert!(
        shared["region"].is_null() && shared["refreshToken"].is_null(),
        "so that `aws sso logout` does not revoke it"
    );
    // As `aws sso logout` does.
    std::fs::remove_file(bed.sandbox.path(CLI_FILE)).expect("it was shared");
    bed.get("work").json();
    // Deleted here and not at the portal, so the token works; in a file of the AWS CLI's.
    bed.run(&["clear", "--all"]).ok();
    let mut theirs = shared.clone();
    theirs.as_object_mut().expect("an object").remove("writtenBy");
    theirs["refreshToken"] = "not-keyfobs".into();
    bed.sandbox.write(CLI_FILE, &theirs.to_string());
    bed.get("work").json();
    assert_eq!(bed.center.grants("refresh_token"), 0);
    let state = bed.sign_in("work");
    assert_eq!((&state["sign_in"]["renewed"], &state["sign_in"]["due"]), (&false.into(), &true.into()));
    bed.run(&["clear"]).ok();
    bed.center.expire_access_tokens();
    fails(&bed.get("work"), 3, "does not accept the access token that the AWS CLI keeps");
    assert_eq!(bed.center.grants("refresh_token"), 0);
    assert_eq!(bed.sandbox.read(CLI_FILE), theirs.to_string(), "it is theirs");
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
    let (ran, _) = login.finish();
    ran.ok();
    assert_eq!(
        bed.sandbox.read(".aws/config"),
        "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\nsso_registration_scopes = sso:account:access\n"
    );
    let again = bed.run(&["login", "--start-url", START_URL, "--region", "eu-west-1"]);
    assert!(again.ends_with(0).contains("already signed in"));
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
fn a_link_hides_the_settings_and_unlinking_restores_the_bytes() {
    let bed = Bed::new();
    let before = bed.sandbox.read(".aws/config");
    let said = bed.run(&["link", "work"]).ends_with(0).to_owned();
    assert!(
        said.contains("`aws sso login --profile work` no longer works") && said.contains("`keyfob login work`"),
        "{said}"
    );
    assert!(bed.sandbox.read(".aws/config").contains("keyfob_sso_session = corp"));
    bed.login();
    bed.get("work").json();
    assert_eq!(bed.run(&["list", "--json"]).json()["profiles"][0]["linked"], true);
    bed.run(&["unlink", "work"]).ok();
    assert_eq!(bed.sandbox.read(".aws/config"), before);
}

#[test]
fn doctor_finds_settings_that_cannot_belong_together() {
    let bed = Bed::new();
    bed.config(
        "[profile odd]\nsso_start_url = https://ssoins-1.portal.us-east-2.app.aws\nsso_region = eu-west-1\n\
         [profile both]\nsso_session = corp\nsso_region = eu-west-1\nsso_account_id = 000000000042\nsso_role_name = Admin\n",
    );
    let ran = bed.run(&["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let found = |part: &str| {
        let findings = findings["findings"].as_array().expect("a list");
        findings.iter().any(|finding| {
            finding["check"] == "sso" && finding["message"].as_str().is_some_and(|text| text.contains(part))
        })
    };
    for part in [
        "the start URL is of `us-east-2`",
        "`both` has both `sso_session` and `sso_region`",
        "`odd` has a start URL of its own",
    ] {
        assert!(found(part), "{part}: {findings:#}");
    }
}
