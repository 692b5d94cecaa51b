//! Web identity: tokens in a file, from a program, in the environment and of a GitHub workflow.

use super::Bed;
use crate::scene::fails;
use crate::support::aws::Fault;

const AUDIENCE: &str = "sts.amazonaws.com";

/// `base` exchanges a token of `pod` for the role `jump`; two hours, which is no role chaining.
fn config(bed: &Bed, token: &str) {
    bed.jump.trusts("oidc:pod");
    bed.config(&format!("role_arn = {}\nduration_seconds = 7200\n{token}", bed.jump.arn()));
}

#[test]
fn a_token_is_exchanged_once_and_the_roles_over_it_are_capped() {
    let bed = Bed::new();
    let token = bed.aws.web_token("pod", AUDIENCE, 36_000);
    let path = bed.sandbox.write("token", &format!("{token}\n"));
    config(&bed, &format!("web_identity_token_file = {}", path.display()));
    bed.costs(&[
        ("base", "jump 7200", ""),
        ("a", "jump 7200, a 3600", ""),
        ("b", "jump 7200, a 3600, b 3600", ""),
        ("long", "jump 7200, a 3600", ""),
    ]);
    assert_eq!(bed.get("base").json()["AccountId"], "111122223333");
    bed.sandbox.keyfob(&["credential-process", "base", "--duration", "3h"]).run().ok();
    assert_eq!(bed.cost(), "jump 10800", "its lifetime is ours");
    let explained = bed.explain("a");
    assert_eq!(
        (&explained["base"]["kind"], &explained["base"]["identity"]),
        (&"web_identity".into(), &"https://issuer.test pod sts.amazonaws.com ".trim_end().into())
    );
    assert_eq!(explained["hops"][0]["role_arn"], bed.jump.arn());
    let list = bed.sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(
        (&list["profiles"][0]["source"], &list["profiles"][1]["source"]),
        (&"web_identity".into(), &"role".into())
    );

    // A new token of the same subject is the same base, another subject's is another.
    bed.sandbox.write("token", &bed.aws.web_token("pod", AUDIENCE, 36_000));
    bed.get("base").ok();
    assert_eq!(bed.cost(), "");
    bed.jump.trusts("oidc:other");
    bed.sandbox.write("token", &bed.aws.web_token("other", AUDIENCE, 36_000));
    bed.get("base").ok();
    assert_eq!(bed.cost(), "jump 7200");
    // And each run in CI has its own.
    bed.sandbox.keyfob(&["credential-process", "base"]).env("GITHUB_RUN_ID", "7").run().ok();
    assert_eq!(bed.cost(), "jump 7200");
}

#[test]
fn a_token_comes_from_a_program_the_environment_or_github() {
    let mut bed = Bed::new();
    let token = bed.aws.web_token("pod", AUDIENCE, 36_000);
    let path = bed.sandbox.write("token", &token);
    bed.sandbox.script("bin/tool", "#!/bin/sh\necho run >>~/runs\ncat ~/token\n");
    config(&bed, "web_identity_token_process = ~/bin/tool");
    bed.costs(&[("a", "run, jump 7200, a 3600", "")]);
    bed.sandbox.script("bin/tool", "#!/bin/sh\necho log in first >&2; exit 1\n");
    bed.sandbox.keyfob(&["clear"]).run().ok();
    assert!(fails(&bed.get("a"), 1, "`web_identity_token_process` of `base` failed").contains("log in first"));
    bed.sandbox.script("bin/tool", "#!/bin/sh\necho two words\n");
    bed.sandbox.keyfob(&["clear"]).run().ok();
    fails(&bed.get("a"), 1, "is not one token");

    config(&bed, "keyfob_web_identity = environment");
    fails(&bed.get("a"), 6, "`AWS_WEB_IDENTITY_TOKEN_FILE` is not set");
    bed.sandbox.set("AWS_WEB_IDENTITY_TOKEN_FILE", &path);
    bed.sandbox.set("AWS_ROLE_SESSION_NAME", "of-the-pod");
    bed.costs(&[("base", "jump 7200", "")]);
    bed.sandbox.keyfob(&["clear"]).run().ok();
    bed.get("base").ok();
    assert_eq!(bed.aws.last("AssumeRoleWithWebIdentity").param("RoleSessionName"), Some("of-the-pod"));
    bed.cost();

    config(&bed, "keyfob_web_identity = github");
    bed.jump.trusts("oidc:repo:corp/app");
    fails(&bed.get("a"), 6, "`ACTIONS_ID_TOKEN_REQUEST_URL` is not set");
    let url = format!("{}/github?api-version=2", bed.aws.url());
    bed.sandbox.set("ACTIONS_ID_TOKEN_REQUEST_URL", &url);
    bed.sandbox.keep_secret("FAKEgithub-request-token", "token of the runner");
    bed.sandbox.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "FAKEgithub-wrong-token");
    assert!(fails(&bed.get("a"), 4, "GitHub gave no token to `base` (status 403)").contains("id-token: write"));
    bed.cost();
    bed.sandbox.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "FAKEgithub-request-token");
    bed.costs(&[("base", "github, jump 7200", "")]);
    config(&bed, "keyfob_web_identity = gitlab");
    fails(&bed.get("a"), 6, "`gitlab` is invalid; expected `github` or `environment`");
}

#[test]
fn a_token_that_is_not_taken_is_told_apart() {
    let bed = Bed::new();
    let path = bed.sandbox.path("token");
    config(&bed, &format!("web_identity_token_file = {}", path.display()));
    fails(&bed.get("a"), 6, "cannot be read: No such file");
    for (token, code, expected) in [
        (String::new(), 6, "holds no token"),
        ("made.up.token".to_owned(), 4, "AWS rejected the web identity token"),
        (bed.aws.web_token("pod", AUDIENCE, -10), 4, "the web identity token has expired"),
        (bed.aws.web_token("pod", "vault", 3600), 4, "the web identity token is for another audience"),
        (bed.aws.web_token("stranger", AUDIENCE, 3600), 4, "the role's trust policy does not allow this token"),
    ] {
        bed.sandbox.write("token", &token);
        bed.sandbox.keyfob(&["clear"]).run().ok();
        let stderr = fails(&bed.get("a"), code, expected);
        assert!(stderr.contains("hint: "), "{stderr}");
    }
    bed.sandbox.write("token", &bed.aws.web_token("pod", AUDIENCE, 3600));
    let message = "Couldn't retrieve verification key from your identity provider";
    bed.aws.fault("AssumeRoleWithWebIdentity", Fault::Refuse { status: 400, code: "IDPCommunicationError", message });
    bed.sandbox.keyfob(&["clear"]).run().ok();
    bed.get("a").ok();

    bed.config(&format!("web_identity_token_file = {}", path.display()));
    fails(&bed.get("base"), 6, "`base` has `web_identity_token_file` and no `role_arn`");
}
