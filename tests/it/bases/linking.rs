//! What SDKs see of a base: `link` hides it and `unlink` restores it, some are not linked, and `doctor` names what SDKs read in
//! different ways.

use serde_json::Value;

use super::Bed;
use crate::scene::fails;

/// The messages of `doctor` about profiles, each with the command that fixes it.
fn findings(bed: &Bed) -> Vec<(String, String)> {
    let ran = bed.sandbox.keyfob(&["doctor", "--json"]).run();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let found = report["findings"].as_array().expect("a list").iter();
    let words = |finding: &Value| {
        let argv = finding["fix"]["argv"].as_array().into_iter().flatten();
        argv.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    found.map(|finding| (finding["message"].as_str().expect("a text").to_owned(), words(finding))).collect()
}

#[test]
fn doctor_names_sources_that_only_some_read() {
    let bed = Bed::new();
    let role = bed.jump.arn();
    for (settings, message, fix) in [
        (
            "credential_source = Ec2InstanceMetadata".to_owned(),
            "`x` has a `credential_source` and no `role_arn`",
            "keyfob profile link x",
        ),
        (
            format!("role_arn = {role}\nweb_identity_token_process = cat ~/token"),
            "`x` gets its token from `web_identity_token_process`",
            "keyfob profile link x",
        ),
        (
            format!("role_arn = {role}\nkeyfob_web_identity = environment"),
            "`x` gets its token from `keyfob_web_identity`",
            "keyfob profile link x",
        ),
        (
            format!(
                "role_arn = {role}\nkeyfob_trust_anchor_arn = {}\nkeyfob_profile_arn = {}\n\
                 keyfob_certificate = ~/c.pem\nkeyfob_private_key = ~/k.pem",
                crate::support::aws::TRUST_ANCHOR,
                crate::support::aws::PROFILE
            ),
            "`x` gets its credentials from `keyfob_certificate`",
            "keyfob profile link x",
        ),
        (
            "credential_process = other\naws_access_key_id = AKIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKE"
                .to_owned(),
            "`x` has both an access key and a `credential_process`",
            "",
        ),
    ] {
        bed.sandbox.write(".aws/config", &format!("[profile x]\nregion = eu-central-1\n{settings}\n"));
        let found = findings(&bed);
        let about = found.iter().find(|(said, _)| said == message);
        assert_eq!(about.map(|(_, command)| command.as_str()), Some(fix), "{message}: {found:#?}");
        if fix.is_empty() {
            continue;
        }
        bed.sandbox.keyfob(&["profile", "link", "x"]).run().ok();
        assert!(!findings(&bed).iter().any(|(said, _)| said == message), "{message}, once it is linked");
    }
}

#[test]
fn each_kind_of_setting_is_hidden_and_comes_back() {
    let bed = Bed::new();
    let role = bed.jump.arn();
    for (settings, hidden) in [
        ("credential_process = other --more".to_owned(), &["credential_process"][..]),
        ("credential_source = Ec2InstanceMetadata".to_owned(), &["credential_source"]),
        (format!("credential_source = EcsContainer\nrole_arn = {role}"), &["credential_source", "role_arn"]),
        (
            format!("role_arn = {role}\nweb_identity_token_file = /token\nrole_session_name = me"),
            &["role_arn", "web_identity_token_file", "role_session_name"],
        ),
        (format!("role_arn = {role}\nweb_identity_token_process = cat /token"), &["web_identity_token_process"]),
        (
            format!("role_arn = {role}\nsource_profile = x\nlogin_session = arn:aws:iam::111122223333:user/me"),
            &["role_arn", "login_session"],
        ),
    ] {
        let config = format!("# mine\n[profile x] ; here\nregion = eu-central-1\n{settings}\n\n[profile y]\n");
        bed.sandbox.write(".aws/config", &config);
        bed.sandbox.keyfob(&["profile", "link", "x", "--yes"]).run().ok();
        let linked = bed.sandbox.read(".aws/config");
        let visible: Vec<&str> = linked.lines().filter_map(|line| Some(line.split_once('=')?.0.trim())).collect();
        for name in hidden.iter().filter(|name| **name != "credential_process") {
            assert!(!visible.contains(name) && linked.contains(&format!("keyfob_{name}")), "{name}: {linked}");
        }
        assert!(linked.contains("credential-process x"), "{linked}");
        bed.sandbox.keyfob(&["profile", "unlink", "x"]).run().ok();
        assert_eq!(bed.sandbox.read(".aws/config"), config);
    }
}

#[test]
fn what_sdks_use_before_a_link_is_not_linked() {
    let bed = Bed::new();
    for (settings, why) in [
        (
            "aws_access_key_id = ASIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKE\naws_session_token = FAKE",
            "SDKs use the session in its AWS file before a link",
        ),
        ("credential_source = Environment", "SDKs use credentials in the environment before a link"),
    ] {
        let config = format!("[profile x]\nregion = eu-central-1\n{settings}\n");
        bed.sandbox.write(".aws/config", &config);
        // `Environment` is looked at where it is set.
        let link = bed.sandbox.keyfob(&["profile", "link", "x", "--yes"]);
        let ran = link.env("AWS_ACCESS_KEY_ID", "AKIAFAKEFAKEFAKEFAKE").env("AWS_SECRET_ACCESS_KEY", "FAKE").run();
        assert!(fails(&ran, 6, why).contains("keyfob exec x"), "{}", ran.stderr);
        assert_eq!(bed.sandbox.read(".aws/config"), config);
    }
}
