//! Narrowed credentials, in the hands of boto3: what they cannot do, and what keyfob refuses where they are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::scene::{Scene, fails, key_id};
use crate::support::aws::Logged;
use crate::support::run::Ran;
use crate::support::tools;

/// What a client may do: read, write, assume the next role; each `ok` or the code of the refusal.
const TRY: &str = r#"
import sys, boto3
from botocore.exceptions import ClientError
session = boto3.Session(profile_name=sys.argv[2] if len(sys.argv) > 2 else None)
iam, sts = session.client("iam", region_name="us-east-1"), session.client("sts", region_name="eu-central-1")
def said(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "ok"
print(said(iam.list_access_keys, UserName="ann"), said(iam.update_access_key, UserName="ann", AccessKeyId="AKIAFAKEFAKEFAKENONE", Status="Active"),
    said(sts.assume_role, RoleArn=sys.argv[1], RoleSessionName="tried", ExternalId="audit-42"))
"#;

/// A write that is let through finds no such key.
const FREE: &str = "ok NoSuchEntity ok\n";
const READS: &str = "ok AccessDenied AccessDenied\n";

fn scene() -> Option<(Scene, PathBuf)> {
    let python = tools::require("python")?;
    let scene = Scene::new();
    scene.deploy.allows("iam:*");
    scene.ann.may_manage_others();
    scene.warm();
    Some((scene, python))
}

/// `exec PROFILE OPTIONS… -- python TRY`, perhaps with a profile for boto3 to read.
fn tried(scene: &Scene, python: &Path, options: &[&str], profile: &[&str]) -> Ran {
    let (python, role) = (python.to_str().expect("UTF-8"), scene.audit.arn());
    let command = [&["--", python, "-I", "-W", "ignore", "-c", TRY, &role], profile].concat();
    scene.sandbox.keyfob(&[&["exec"], options, &command].concat()).run()
}

#[test]
fn a_narrowed_roles_session_reads_and_can_neither_write_nor_assume_the_next_role() {
    let Some((scene, python)) = scene() else { return };
    assert_eq!(tried(&scene, &python, &["deploy"], &[]).ok(), FREE);
    assert_eq!(tried(&scene, &python, &["deploy", "--read-only"], &[]).ok(), READS);
    let is_ours = |request: &Logged| request.params.get("RoleArn") == Some(&scene.deploy.arn());
    let sent = scene.aws.requests_of("AssumeRole").into_iter().rfind(is_ours).expect("assumed");
    assert_eq!(sent.params.list("PolicyArns", ".arn"), ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["iam:*", "sts:*"], "Resource": "*"}]}"#;
    let file = scene.sandbox.write("all.json", policy);
    let file = file.to_str().expect("UTF-8");
    assert_eq!(tried(&scene, &python, &["deploy", "--policy", file], &[]).ok(), FREE);
    assert_eq!(tried(&scene, &python, &["deploy", "--policy", file, "--read-only"], &[]).ok(), READS);
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    assert_eq!(tried(&scene, &python, &["deploy", "--policy-arn", admin], &[]).ok(), FREE);
    assert_eq!(tried(&scene, &python, &["deploy", "--policy-arn", admin, "--read-only"], &[]).ok(), READS);
    let view = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
    assert_eq!(tried(&scene, &python, &["deploy", "--policy-arn", view], &[]).ok(), READS);
    // And on standard input, for `credential-process`.
    let piped = scene.sandbox.keyfob(&["credential-process", "deploy", "--policy", "-"]).stdin(policy).run();
    key_id(&piped.json());
    // A setting of the profile does the same, with a policy in a file too.
    scene.edit("[profile deploy]\n", "[profile deploy]\nkeyfob_read_only = true\n");
    assert_eq!(tried(&scene, &python, &["deploy"], &[]).ok(), READS);
    scene.edit("keyfob_read_only = true", "keyfob_policy = ~/view.json");
    scene.sandbox.write("view.json", &policy.replace(r#"["iam:*", "sts:*"]"#, r#""iam:List*""#));
    assert_eq!(tried(&scene, &python, &["deploy"], &[]).ok(), READS);
    scene.sandbox.write("view.json", policy);
    assert_eq!(tried(&scene, &python, &["deploy"], &[]).ok(), FREE, "what the file says counts, not its name");
    scene.sandbox.write("view.json", "{");
    fails(&scene.credential_process("deploy"), 6, "`~/view.json`: it is not a JSON object");
}

#[test]
fn programs_in_a_narrowed_exec_get_nothing_wider() {
    let Some((scene, python)) = scene() else { return };
    scene.credential_process_with_code("work", &scene.phone.code()).ok();
    let inner = |profile: &str, options: &[&str]| {
        let (python, role) = (python.to_str().expect("UTF-8"), scene.audit.arn());
        let command = ["--", python, "-I", "-W", "ignore", "-c", TRY, role.as_str()];
        let inner = [&["exec", "deploy", "--read-only", "--", "keyfob", "exec", profile], options, &command].concat();
        scene.sandbox.keyfob(&inner).run()
    };
    assert_eq!(inner("deploy", &[]).ok(), READS);
    assert_eq!(inner("work", &[]).ok(), READS, "another profile, a user's key");
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    assert_eq!(inner("deploy", &["--policy-arn", admin]).ok(), READS, "not by a wider policy");
    assert_eq!(
        tried(&scene, &python, &["deploy", "--read-only"], &["deploy"]).ok(),
        READS,
        "through the linked profile"
    );
    let refused = |words: &[&str]| {
        let words = [&["exec", "deploy", "--read-only", "--", "keyfob"], words].concat();
        fails(&scene.sandbox.keyfob(&words).run(), 2, "the credentials of this environment were narrowed");
    };
    refused(&["export", "work", "--force"]);
    refused(&["rotate", "work", "--yes"]);
    refused(&["mfa", "enroll", "work"]);
    refused(&["mfa", "code", "work"]);
    refused(&["user", "create", "bob", "--yes"]);
    refused(&["user", "password-policy", "--cis", "--yes"]);
    // What only reads is refused by AWS alone.
    for words in [&["user", "list"][..], &["user", "password-policy"]] {
        let words = [&["exec", "deploy", "--read-only", "--", "keyfob"], words].concat();
        let stderr = scene.sandbox.keyfob(&words).run().stderr;
        assert!(!stderr.contains("not available here"), "{stderr}");
    }
    let bad = scene.sandbox.keyfob(&["credential-process", "deploy"]).env("KEYFOB_NARROW", "all").run();
    fails(&bad, 6, "`KEYFOB_NARROW` is not valid");
    // `env` sets it, and `env --unset` takes it back.
    let lines = scene.sandbox.keyfob(&["env", "deploy", "--read-only", "--shell", "sh"]).run();
    let script = format!(
        "{}\nkeyfob env deploy --shell sh | grep -c READ_ONLY_NOT || true\neval \"$(keyfob env --unset --shell sh)\"\necho \"[$KEYFOB_NARROW]\"",
        lines.ok()
    );
    let after = scene.sandbox.program("/bin/sh", &["-c", &script]).run();
    assert_eq!(after.ok(), "0\n[]\n");
}

#[test]
fn a_users_key_is_narrowed_by_the_call_that_aws_has() {
    let Some((scene, python)) = scene() else { return };
    let code = scene.phone.code();
    scene.credential_process_with_code("work", &code).ok();
    scene.aws.forget_requests();
    assert_eq!(tried(&scene, &python, &["work", "--read-only"], &[]).ok(), READS);
    assert_eq!(scene.actions()[0], "GetScopedCredentials");
    scene.aws.forget_requests();
    let one = key_id(&scene.sandbox.keyfob(&["credential-process", "work", "--read-only"]).run().json());
    let other = key_id(&scene.credential_process("work").json());
    assert_eq!((one == other, scene.actions()), (false, vec![]), "both are cached, each for itself");
    // AWS that does not have it: with a device there is no other way.
    scene.aws.without_scoped_credentials();
    scene.sandbox.keyfob(&["clear", "work"]).run().ok();
    let narrowed = |profile: &str, code: &str| {
        scene.sandbox.keyfob(&["credential-process", profile, "--read-only"]).env("KEYFOB_MFA_CODE", code).run()
    };
    let stderr = fails(&narrowed("work", &scene.phone.code()), 4, "AWS does not know GetScopedCredentials");
    assert!(stderr.contains("keyfob exec work --role ARN --read-only"), "{stderr}");
    // Without one, the user is federated, and that is remembered.
    let bob = scene.aws.user("bob");
    let key = bob.access_key();
    let stdin = format!("{}\n{}\n", key.id, key.secret);
    scene.sandbox.keyfob(&["add", "bob", "--stdin", "--yes"]).stdin(&stdin).run().ok();
    scene.aws.forget_requests();
    let first = key_id(&narrowed("bob", "").json());
    assert_eq!(scene.actions(), ["GetSessionToken", "GetScopedCredentials", "GetFederationToken"]);
    assert_eq!(key_id(&narrowed("bob", "").json()), first, "and cached");
    let explained = scene.sandbox.keyfob(&["explain", "bob", "--read-only", "--json"]).run().json();
    assert_eq!(explained["narrowed"], json!({"by": "federation", "read_only": true}));
    scene.sandbox.keyfob(&["clear", "bob"]).run().ok();
    scene.aws.forget_requests();
    narrowed("bob", "").ok();
    assert_eq!(scene.actions(), ["GetFederationToken"]);
    // A role with a policy of its own has room for no other.
    scene.edit(
        "[profile deploy]\n",
        "[profile deploy]\nkeyfob_policy_arns = arn:aws:iam::aws:policy/AdministratorAccess\n",
    );
    let stderr = fails(&narrowed("deploy", ""), 2, "AWS does not know GetScopedCredentials");
    assert!(stderr.contains("`policy` or `policy_arns` of `deploy`"), "{stderr}");
}

#[test]
fn forty_narrowed_and_plain_runs_share_no_session() {
    let Some((scene, _)) = scene() else { return };
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    let run = |index: usize| {
        let options: &[&str] = if index.is_multiple_of(2) { &[] } else { &["--read-only"] };
        scene.sandbox.keyfob(&[&["credential-process", "deploy"], options].concat()).start()
    };
    for pair in 0..20 {
        let running = [run(2 * pair), run(2 * pair + 1)];
        for (index, running) in running.into_iter().enumerate() {
            seen[index].insert(key_id(&running.finish().json()));
        }
    }
    assert!(seen[0].is_disjoint(&seen[1]), "{seen:?}");
    assert_eq!((seen[0].len(), seen[1].len()), (1, 1), "each is made once");
}

#[test]
fn explain_tells_how_the_credentials_are_narrowed() {
    let scene = Scene::new();
    let narrowed = |words: &[&str]| {
        scene.sandbox.keyfob(&[&["explain", "--json"], words].concat()).run().json()["narrowed"].clone()
    };
    assert_eq!(narrowed(&["deploy"]), json!(null));
    assert_eq!(narrowed(&["deploy", "--read-only"]), json!({"by": "policy", "read_only": true}));
    assert_eq!(narrowed(&["work", "--read-only"]), json!({"by": "scoped", "read_only": true}));
    let text = scene.sandbox.keyfob(&["explain", "audit", "--read-only"]).run();
    assert!(
        text.ok().contains("  narrowed     to reading, by a session policy that is sent with the role\n"),
        "{}",
        text.stdout
    );
    let wrong = |words: &[&str], said: &str| {
        fails(&scene.sandbox.keyfob(words).run(), 2, said);
    };
    wrong(&["explain", "work", "--policy", "/none.json"], "`--policy`: cannot read /none.json");
    wrong(
        &["explain", "deploy", "--policy-arn", "ReadOnlyAccess"],
        "`--policy-arn`: `ReadOnlyAccess` is not a valid policy ARN",
    );
    wrong(
        &["explain", "work", "--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "takes managed policies only with a role",
    );
    wrong(&["explain", "work", "--no-session", "--read-only"], "an access key itself cannot be narrowed");
}

#[test]
fn a_role_is_assumed_without_a_profile_of_its_own() {
    let scene = Scene::new();
    scene.warm();
    let arn = scene.audit.arn();
    for role in [arn.as_str(), "444455556666:audit"] {
        let words = ["--role", role, "--external-id", "audit-42", "--session-name", "me@example.com"];
        let ran = scene.sandbox.keyfob(&[&["credential-process", "deploy"], &words[..]].concat()).run();
        assert_eq!(ran.json()["AccountId"], "444455556666");
        let sent = scene.aws.last("AssumeRole").params;
        let parameters = ["RoleArn", "ExternalId", "RoleSessionName"].map(|name| sent.get(name).map(str::to_owned));
        assert_eq!(parameters, [Some(arn.clone()), Some("audit-42".into()), Some("me@example.com".into())]);
    }
    assert_eq!(scene.aws.count("AssumeRole"), 1, "the second time it is cached");
    let words = [
        "exec", "deploy", "--role", "444455556666:audit", "--external-id", "audit-42", "--", "printenv",
        "AWS_ACCOUNT_ID",
    ];
    assert_eq!(scene.sandbox.keyfob(&words).run().ok(), "444455556666\n");
    let wrong = |words: &[&str], said: &str| {
        fails(&scene.sandbox.keyfob(&[&["credential-process", "deploy"], words].concat()).run(), 2, said);
    };
    wrong(&["--role", "audit"], "is not a role; expected an ARN, or an account and a name");
    wrong(&["--external-id", "audit-42"], "--role");
    wrong(&["--role", "444455556666:audit", "--duration", "2h"], "2h");
}
