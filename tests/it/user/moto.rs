//! Creating, listing, removing and taking back users against moto, which nobody here wrote, with AWS's own policies in it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::moto::Moto;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::{python, tools, vault};

/// What moto has of a user, in the words of boto3; null for a user that it does not have.
const LOOK: &str = r#"
iam = client("iam", "AKIAFAKEADMINISTRATR", "FAKEsecret")
def there(call, **parameters):
    return refusal(call, **parameters) == "ok"
name = sys.argv[1]
if not there(iam.get_user, UserName=name):
    print("null")
else:
    print(json.dumps({
        "groups": sorted(group["GroupName"] for group in iam.list_groups_for_user(UserName=name)["Groups"]),
        "policies": sorted(policy["PolicyName"] for policy in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]),
        "keys": [key["Status"] for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]],
        "devices": [device["SerialNumber"] for device in iam.list_mfa_devices(UserName=name)["MFADevices"]],
        "password": there(iam.get_login_profile, UserName=name),
    }))
"#;

const GROUPS: &str = r#"
iam = client("iam", "AKIAFAKEADMINISTRATR", "FAKEsecret")
print(json.dumps({group["GroupName"]: [
    [policy["PolicyName"] for policy in iam.list_attached_group_policies(GroupName=group["GroupName"])["AttachedPolicies"]],
    iam.list_group_policies(GroupName=group["GroupName"])["PolicyNames"],
] for group in iam.list_groups()["Groups"]}))
"#;

/// An administrator's machine whose AWS is moto.
struct Office {
    moto: Moto,
    python: PathBuf,
    sandbox: Sandbox,
}

impl Office {
    fn new() -> Option<Office> {
        let (moto, python) = (Moto::with_managed_policies()?, tools::require("python")?);
        let key = moto.user("admin")?;
        let mut sandbox = Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()));
        sandbox.set("AWS_ENDPOINT_URL", moto.url());
        sandbox.set("KEYFOB_ROTATE_PATIENCE", "300ms");
        sandbox.keep_secret(&key.secret, "moto's secret access key");
        let add = ["add", "admin", "--stdin", "--yes", "--region", "eu-west-1"];
        sandbox.keyfob(&add).stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
        Some(Office { moto, python, sandbox })
    }

    fn user(&self, arguments: &[&str]) -> Ran {
        self.sandbox.keyfob(&[&["user"], arguments, &["--with", "admin"]].concat()).run()
    }

    fn look(&self, script: &str) -> Value {
        serde_json::from_str(&python::boto3(&self.python, &self.moto.url(), script, &["bob"])).expect("JSON")
    }
}

const CREATE: [&str; 9] = [
    "create", "bob", "--group", "developers", "--policy", "arn:aws:iam::aws:policy/ReadOnlyAccess", "--require-mfa",
    "--console", "--key",
];
const DEVICE: &str = "arn:aws:iam::123456789012:mfa/bob";

#[test]
fn a_user_is_created_listed_and_removed_against_moto() {
    let Some(mut office) = Office::new() else { return };
    office.sandbox.go_to_second(26);
    let arguments = [&CREATE[..], &["--mfa", "store", "--region", "eu-west-1", "--yes"]].concat();
    office.user(&arguments).ok();
    let expected = serde_json::json!({
        "groups": ["developers", "require-mfa"], "policies": [], "keys": ["Active"],
        "devices": [DEVICE], "password": true,
    });
    assert_eq!(office.look(LOOK), expected);
    let groups = serde_json::json!({"developers": [["IAMUserChangePassword", "ReadOnlyAccess"], []], "require-mfa": [[], ["require-mfa"]]});
    assert_eq!(office.look(GROUPS), groups);
    let whoami = office.sandbox.keyfob(&["whoami", "bob", "--check", "--json"]).run().json();
    assert_eq!(whoami["account"], "123456789012", "{whoami}");

    let listed = office.user(&["list", "--json"]).json();
    let users = listed["users"].as_array().expect("a list");
    let bob = users.iter().find(|user| user["name"] == "bob").unwrap_or_else(|| panic!("no bob: {listed}"));
    assert_eq!(
        (&bob["groups"], &bob["profiles"], bob["keys"].as_array().map(Vec::len), &bob["password"]),
        (&expected["groups"], &serde_json::json!(["bob"]), Some(1), &true.into())
    );

    office.user(&["remove", "bob", "--yes"]).ok();
    let shut_out = office.look(LOOK);
    assert_eq!((&shut_out["keys"], &shut_out["password"]), (&serde_json::json!(["Inactive"]), &false.into()));
    assert_eq!(shut_out["policies"], serde_json::json!(["AWSDenyAll"]));
    office.user(&["remove", "bob", "--now", "--yes"]).ok();
    assert_eq!((office.look(LOOK), office.look(GROUPS)), (Value::Null, groups), "groups are not the user's");
}

#[test]
fn a_creation_is_taken_back_completely_against_moto() {
    let Some(office) = Office::new() else { return };
    let before = vault::items(&office.sandbox);
    // The last step fails: no file can have this name.
    let file = "b".repeat(300);
    let arguments = [&CREATE[..], &["--mfa", "none", "--handover", &file, "--yes"]].concat();
    let public = age::x25519::Identity::generate().to_public().to_string();
    let ran = office.user(&[&arguments[..], &["--to", &public]].concat());
    assert!(ran.code == Some(1) && ran.stderr.contains("stopped at `handover`"), "{ran:?}");
    assert_eq!(office.look(LOOK)["keys"], serde_json::json!(["Active"]));
    office.user(&["create", "bob", "--rollback", "--yes"]).ok();
    assert_eq!((office.look(LOOK), office.look(GROUPS)), (Value::Null, serde_json::json!({})));
    assert_eq!(vault::items(&office.sandbox).len(), before.len());
}
