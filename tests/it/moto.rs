//! The core against moto, a stand-in for AWS that nobody here wrote.

use std::path::PathBuf;
use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::key_id;
use crate::support::aws::{AccessKey, LoopbackAws};
use crate::support::moto::Moto;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

/// moto, a Python, the key of a user of moto's, and a sandbox that uses moto; none where one of them is missing.
fn machine() -> Option<(Moto, PathBuf, AccessKey, Sandbox)> {
    let moto = Moto::start()?;
    let python = tools::require("python")?;
    let key = moto.user("ann")?;
    // The sandbox's own AWS stays unused.
    let mut sandbox = Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()));
    sandbox.set("AWS_ENDPOINT_URL", moto.url());
    sandbox.keep_secret(&key.secret, "moto's secret access key");
    Some((moto, python, key, sandbox))
}

#[test]
fn a_key_an_mfa_session_and_a_chain_work_against_moto() {
    let Some((_moto, python, key, sandbox)) = machine() else { return };

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
    let Some((_moto, _, key, mut sandbox)) = machine() else { return };
    sandbox.set("KEYFOB_ROTATE_SETTLE", "0");
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

/// Evaluates the session policies of the requests that moto has got, and the list of the inline policy, by moto's own rules; the
/// managed policies are moto's copies of AWS's. Prints for each request its action and what its policies allow of some actions;
/// then how many operations of botocore's services the list allows, and which of those are no reading.
const EVALUATE: &str = r#"
import base64, json, sys
from urllib.parse import parse_qs
import botocore.session
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.aws_managed_policies import aws_managed_policies_data
managed = json.loads(aws_managed_policies_data)
TRIED = ["iam:ListAccessKeys", "s3:ListBucket", "ec2:DescribeInstances", "iam:UpdateAccessKey", "s3:PutObject", "s3:DeleteBucket",
    "ec2:TerminateInstances", "lambda:InvokeFunction", "kms:Decrypt", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]
def allows(policies, action):
    results = [policy.is_action_permitted(action) for policy in policies]
    return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results
for line in open(sys.argv[1]):
    sent = {name: values[0] for name, values in parse_qs(base64.b64decode(json.loads(line)["body"]).decode()).items()}
    arns = [value for name, value in sent.items() if name.startswith("PolicyArns.")]
    policies = [IAMPolicy(sent["Policy"])] if "Policy" in sent else []
    policies += [IAMPolicy(json.dumps(managed[arn.rsplit("/", 1)[1]]["Document"])) for arn in arns]
    if policies:
        print(sent["Action"], len(arns), *(action for action in TRIED if allows(policies, action)))
text = sys.stdin.read()
ours = IAMPolicy(text)
services = {action.split(":")[0] for statement in json.loads(text)["Statement"] for action in [*statement["Action"]] if ":" in action}
session = botocore.session.get_session()
operations = [f"{name}:{operation}" for name in sorted(services & set(session.get_available_services()))
    for operation in session.get_service_model(name).operation_names]
allowed = [operation for operation in operations if allows([ours], operation)]
reading = ("Get", "List", "Describe", "BatchGet", "BatchDescribe", "Lookup", "Query", "Scan", "Filter")
print(len(allowed) > 500, [operation for operation in allowed if not operation.split(":")[1].startswith(reading)])
"#;

#[test]
fn what_narrows_a_session_lets_nothing_be_written_by_motos_rules_either() {
    let Some((moto, python, key, sandbox)) = machine() else { return };
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes", "--region", "eu-central-1"]).stdin(&input).run().ok();
    let role = "role_arn=arn:aws:iam::123456789012:role/deploy";
    sandbox.keyfob(&["profile", "add", "deploy", role, "source_profile=work", "region=eu-central-1"]).run().ok();
    let policy = sandbox.write(
        "policy.json",
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#,
    );
    let policy = policy.to_str().expect("UTF-8");
    let get = |words: &[&str]| sandbox.keyfob(&[&["credential-process"], words].concat()).run();
    key_id(&get(&["deploy"]).json());
    key_id(&get(&["deploy", "--read-only"]).json());
    key_id(&get(&["deploy", "--policy", policy]).json());
    let recording = moto.recording().display().to_string();
    let list = include_str!("../../src/chain/narrow/read_only.json");
    let evaluated = sandbox.program(&python, &["-I", "-W", "ignore", "-c", EVALUATE, &recording]).stdin(list).run();
    let reads = "iam:ListAccessKeys s3:ListBucket ec2:DescribeInstances";
    let expected = format!("AssumeRole 1 {reads}\nAssumeRole 0 s3:ListBucket s3:PutObject s3:DeleteBucket\nTrue []\n");
    assert_eq!(evaluated.ok(), expected);
}
