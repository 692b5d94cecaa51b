//! The core against moto, a stand-in for AWS that nobody here wrote.

use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::key_id;
use crate::support::aws::LoopbackAws;
use crate::support::moto::Moto;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

#[test]
fn a_key_an_mfa_session_and_a_chain_work_against_moto() {
    let Some(moto) = Moto::start() else { return };
    let Some(python) = tools::require("python") else { return };
    let Some(key) = moto.user("ann") else { return };
    // The sandbox's own AWS stays unused.
    let mut sandbox = Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()));
    sandbox.set("AWS_ENDPOINT_URL", moto.url());
    sandbox.keep_secret(&key.secret, "moto's secret access key");

    let device = "arn:aws:iam::123456789012:mfa/ann";
    let input = format!("{}\n{}\n", key.id, key.secret);
    let add = ["add", "work", "--stdin", "--yes", "--region", "eu-central-1", "--mfa-serial", device];
    let added = sandbox.keyfob(&add).stdin(&input).run();
    added.ok();
    assert!(added.stderr.contains("arn:aws:iam::123456789012:user/ann"), "{}", added.stderr);

    let config = sandbox.read(".aws/config");
    let keyfob = sandbox.path("bin/keyfob");
    let linked = format!(
        "{config}[profile deploy]\nkeyfob_role_arn = arn:aws:iam::123456789012:role/deploy\n\
         keyfob_source_profile = work\nregion = eu-central-1\n\
         [profile audit]\nkeyfob_role_arn = arn:aws:iam::123456789012:role/audit\nkeyfob_source_profile = deploy\n\
         region = eu-central-1\ncredential_process = {} credential-process audit\n",
        keyfob.display()
    );
    sandbox.write(".aws/config", &linked);

    // moto takes any six digits.
    let cold = sandbox.keyfob(&["credential-process", "audit", "--mfa-code", "123456"]).run().json();
    let id = key_id(&cold);
    assert_eq!(cold["AccountId"], "123456789012");
    assert_eq!(key_id(&sandbox.keyfob(&["credential-process", "audit"]).run().json()), id);

    let boto3 = "import boto3; print(boto3.Session(profile_name='audit').client('sts').get_caller_identity()['Arn'])";
    let ran = sandbox.program(&python, &["-W", "ignore", "-c", boto3]).run();
    assert!(ran.ok().starts_with("arn:aws:sts::123456789012:assumed-role/audit/"), "{}", ran.stdout);
    assert!(sandbox.aws().requests().is_empty());
}

#[test]
fn a_key_is_rotated_back_and_finished_against_moto() {
    let Some(moto) = Moto::start() else { return };
    let Some(key) = moto.user("ann") else { return };
    let mut sandbox = Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()));
    sandbox.set("AWS_ENDPOINT_URL", moto.url());
    sandbox.set("KEYFOB_ROTATE_SETTLE", "0");
    sandbox.keep_secret(&key.secret, "moto's secret access key");
    let input = format!("{}\n{}\n", key.id, key.secret);
    let add = ["add", "work", "--stdin", "--yes", "--region", "eu-central-1"];
    sandbox.keyfob(&add).stdin(&input).run().ok();
    let stored = || {
        let keys = sandbox.keyfob(&["keys", "--json"]).run().json();
        let keys = keys["keys"].as_array().expect("a list").clone();
        keys.into_iter().map(|key| (key["id"].as_str().expect("an id").to_owned(), key["status"].clone())).collect()
    };
    let rotate = |arguments: &[&str]| sandbox.keyfob(&[&["rotate", "work"], arguments].concat()).run();

    rotate(&[]).ok();
    let keys: std::collections::BTreeMap<String, serde_json::Value> = stored();
    assert_eq!((keys.len(), &keys[&key.id]), (2, &serde_json::json!("inactive")));
    rotate(&["--rollback"]).ok();
    let keys: std::collections::BTreeMap<String, serde_json::Value> = stored();
    assert_eq!((keys.len(), &keys[&key.id]), (1, &serde_json::json!("active")));
    rotate(&["--delete-now"]).ok();
    let keys: std::collections::BTreeMap<String, serde_json::Value> = stored();
    assert!(keys.len() == 1 && !keys.contains_key(&key.id), "{keys:?}");
}
