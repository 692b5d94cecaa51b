//! Profiles of IAM Identity Center: what the portal gives, what it refuses, and what other programs make of it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bed::{ACCOUNT, Bed, START_URL};
use crate::scene::fails;
use crate::support::aws::Fault;
use crate::support::tools;

/// `printf corp | sha1sum`: the AWS CLI's file for the section `corp`.
const CLI_FILE: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

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
fn a_link_hides_the_settings_and_unlinking_restores_the_bytes() {
    let bed = Bed::new();
    let before = bed.sandbox.read(".aws/config");
    let said = bed.run(&["link", "work"]).ends_with(0).to_owned();
    assert!(
        said.contains("`aws sso login` no longer works for the profile `work`") && said.contains("`keyfob login work`"),
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

#[test]
fn the_portal_is_called_ten_times_a_second_at_most_across_processes() {
    let bed = Bed::new();
    bed.center.many_accounts(25, &["Admin"]);
    let profile = |number: usize| {
        let account = format!("{:012}", 10_000 + number);
        format!("[profile p{number}]\nsso_session = corp\nsso_account_id = {account}\nsso_role_name = Admin\n")
    };
    bed.config(&(1..=25).map(profile).collect::<String>());
    bed.login();
    let names: Vec<String> = (1..=25).map(|number| format!("p{number}")).collect();
    let started: Vec<_> = names.iter().map(|name| bed.sandbox.keyfob(&["credential-process", name]).start()).collect();
    for process in started {
        process.finish().json();
    }
    assert_eq!(bed.calls("GetRoleCredentials"), 25);
    // An eleventh may fall into the same second: a tenth of one lies between two calls as they are sent, not as they come.
    assert!(bed.center.most_calls_in_a_second() <= 11, "{}", bed.center.most_calls_in_a_second());
}

#[test]
fn boto3_uses_a_linked_profile_and_the_shared_token() {
    let Some(python) = tools::require("python") else { return };
    let mut bed = Bed::new();
    bed.sandbox.set("KEYFOB_SSO_SHARE", "true");
    bed.sandbox.set("AWS_DEFAULT_REGION", "eu-central-1");
    bed.sandbox.may_hold_secrets(".aws/sso/cache");
    bed.login();
    bed.run(&["link", "work"]).ok();
    let script =
        "import boto3, sys\nprint(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])";
    for (profile, role) in [("work", "AWSReservedSSO_Admin_"), ("ro", "AWSReservedSSO_ReadOnly_")] {
        let ran = bed.sandbox.program(&python, &["-W", "ignore", "-c", script, profile]).run();
        assert!(ran.ok().contains(role), "{} {}", ran.stdout, ran.stderr);
    }
}
