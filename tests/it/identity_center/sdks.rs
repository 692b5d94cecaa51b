//! SDKs over one sign-in: linked profiles, and the access token that `sso_share` leaves for plain ones.

use super::Office;
use crate::support::tools;

const BOTO3: &str =
    "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])";

/// The SDKs that are here: a program and its arguments before the profile's name, and how its own calls of the portal are told.
fn sdks() -> Vec<(&'static str, std::path::PathBuf, Vec<String>)> {
    let mut found = Vec::new();
    if let Some(python) = tools::require("python") {
        let arguments = ["-W", "ignore", "-c", BOTO3].map(str::to_owned).to_vec();
        found.push(("Boto3", python, arguments));
    }
    if let (Some(node), Some(caller)) = (tools::require("node"), tools::require_client("javascript/caller.js")) {
        found.push(("aws-sdk-js", node, vec!["--no-warnings".to_owned(), caller.display().to_string()]));
    }
    found
}

fn caller(office: &Office, program: &std::path::Path, arguments: &[String], profile: &str) -> String {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain([profile]).collect();
    office.sandbox.program(program, &arguments).run().ok().trim().to_owned()
}

#[test]
fn sdks_use_linked_profiles_without_a_call_of_the_portal_of_their_own() {
    let office = Office::with_accounts();
    office.sign_in();
    office.sandbox.keyfob(&["sso", "profiles", "corp"]).run().ok();
    for (name, program, arguments) in sdks() {
        office.aws.forget_requests();
        let arn = caller(&office, &program, &arguments, "payments-prod-ReadOnly");
        assert!(arn.starts_with("arn:aws:sts::000000000042:assumed-role/AWSReservedSSO_ReadOnly_"), "{name}: {arn}");
        let others =
            office.aws.requests_of("GetRoleCredentials").into_iter().filter(|call| call.user_agent.contains(name));
        assert_eq!(others.count(), 0, "{name}");
    }
    assert_eq!(office.center.grants("device_code"), 0, "the requests of signing in are forgotten");
}

#[test]
fn sdks_use_plain_profiles_over_the_shared_access_token() {
    let mut office = Office::with_accounts();
    office.sandbox.set("KEYFOB_SSO_SHARE", "true");
    office.sign_in();
    office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).run().ok();
    for (name, program, arguments) in sdks() {
        office.aws.forget_requests();
        let arn = caller(&office, &program, &arguments, "sandbox-ReadOnly");
        assert!(arn.starts_with("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_ReadOnly_"), "{name}: {arn}");
        let own = office.aws.last("GetRoleCredentials");
        assert!(own.user_agent.contains(name), "{name}: {}", own.user_agent);
        assert_eq!(office.center.grants("refresh_token"), 0, "{name} has nothing to refresh with");
    }
    office.sandbox.keyfob(&["logout", "corp"]).run().ok();
    let left = std::fs::read_dir(office.sandbox.path(".aws/sso/cache")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "the shared token goes with the sign-in");
}
