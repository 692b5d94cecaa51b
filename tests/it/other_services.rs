//! Keys of services other than AWS, such as LocalStack's `test`: what each command does with them.

use std::sync::Arc;

use serde_json::json;

use crate::KEYFOB;
use crate::scene::fails;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;

const KEY: &str = "[l]\naws_access_key_id = test\naws_secret_access_key = test\n";

fn machine(config: &str, credentials: &str) -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let mut sandbox = Sandbox::with_vault(KEYFOB, &aws);
    sandbox.set("AWS_ENDPOINT_URL", "");
    sandbox.write(".aws/config", config);
    sandbox.write(".aws/credentials", credentials);
    let mode: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(sandbox.path(".aws/credentials"), mode).expect("own file");
    (aws, sandbox)
}

#[test]
fn a_key_in_the_files_is_issued_as_it_is_and_left_alone() {
    let config = "[profile l]\nendpoint_url = http://localhost:4566\nregion = us-east-1\n";
    let (aws, sandbox) = machine(config, KEY);
    let ran = sandbox.keyfob(&["credential-process", "l"]).run();
    let expected = json!({"Version": 1, "AccessKeyId": "test", "SecretAccessKey": "test"});
    assert_eq!(ran.json(), expected);
    assert!(sandbox.keyfob(&["exec", "l", "--", "true"]).run().stderr.is_empty(), "nothing to warn of");
    sandbox.keyfob(&["doctor"]).run().ok();
    let import = sandbox.keyfob(&["import", "l", "--yes"]).run();
    assert!(import.stderr.contains("it is a key for a service other than AWS"), "{import:?}");
    assert!(!import.stderr.contains("again"), "{import:?}");
    assert_eq!((sandbox.read(".aws/config"), sandbox.read(".aws/credentials")), (config.to_owned(), KEY.to_owned()));
    assert!(aws.requests().is_empty());
}

#[test]
fn without_an_endpoint_it_is_refused_with_the_setting_that_is_missing() {
    let (aws, sandbox) = machine("[profile l]\nregion = us-east-1\n", KEY);
    let stderr = fails(&sandbox.keyfob(&["credential-process", "l"]).run(), 6, "is not one of AWS's, and no endpoint");
    assert!(stderr.contains("`keyfob profile set l endpoint_url URL`"), "{stderr}");
    let added = sandbox.keyfob(&["add", "l", "--stdin", "--yes"]).stdin("test\ntest\n").run();
    assert!(added.ends_with(1).contains("`keyfob profile set l endpoint_url URL`"), "{added:?}");
    let doctor = sandbox.keyfob(&["doctor"]).run();
    assert!(doctor.ends_with(1).is_empty() || doctor.stdout.contains("endpoint_url"), "{doctor:?}");
    assert!(!doctor.stdout.contains("keyfob import"), "{doctor:?}");
    sandbox.keyfob(&["profile", "set", "l", "endpoint_url", "http://localhost:4566"]).run().ok();
    sandbox.keyfob(&["doctor"]).run().ok();
    assert!(aws.requests().is_empty());
}

#[test]
fn a_key_is_stored_if_the_profile_has_an_endpoint_and_never_rotated_or_overwritten() {
    let config = "[profile l]\nendpoint_url = http://localhost:4566\nregion = auto\n[profile m]\nendpoint_url = http://localhost:9000\n";
    let (aws, sandbox) = machine(config, "");
    let add = |profile: &str, secret: &str| {
        let key = format!("minioadmin\n{secret}\n");
        sandbox.keyfob(&["add", profile, "--stdin", "--yes", "--region", "auto"]).stdin(&key).run()
    };
    add("l", "FAKEfirst").ok();
    let issued = sandbox.keyfob(&["credential-process", "l"]).run().json();
    assert_eq!((&issued["AccessKeyId"], &issued["Expiration"]), (&"minioadmin".into(), &json!(null)));
    assert!(add("m", "FAKEsecond").ends_with(1).contains("`l` has a stored key of the same id with another secret"));
    assert_eq!(sandbox.keyfob(&["credential-process", "l"]).run().json(), issued);
    add("m", "FAKEfirst").ok();
    let keys = sandbox.keyfob(&["keys"]).run();
    assert!(keys.ok().contains("a key for a service other than AWS"), "{keys:?}");
    assert!(sandbox.keyfob(&["rotate", "l", "--yes"]).run().ends_with(1).contains("a service other than AWS"));
    sandbox.keyfob(&["doctor"]).run().ok();
    assert!(aws.requests().is_empty());
}
