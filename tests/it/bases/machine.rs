//! The role of an EC2 instance and of a container.

use super::Bed;
use crate::scene::fails;
use crate::support::aws::Metadata;

fn instance() -> Bed {
    let mut bed = Bed::new();
    bed.aws.serve_machine(Some(&bed.jump), Metadata::On);
    bed.sandbox.unset("AWS_EC2_METADATA_DISABLED");
    bed.sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bed.aws.url());
    bed.config("credential_source = Ec2InstanceMetadata");
    bed
}

const MADE: &str = "token, instance role, instance";

#[test]
fn an_instance_is_asked_once_and_a_cap_is_learned_from_aws() {
    let bed = instance();
    bed.costs(&[
        ("base", MADE, ""),
        ("a", &format!("{MADE}, a 3600"), ""),
        ("b", &format!("{MADE}, a 3600, b 3600"), ""),
    ]);
    // Asked for as configured, refused, asked for an hour; and remembered.
    bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    bed.cost();
    assert_eq!(bed.explain("long")["hops"][0]["duration_seconds"], 7200);
    let ran = bed.get("long");
    assert!(ran.ends_with(0).contains("AWS gives"), "{}", ran.stderr);
    assert_eq!(bed.cost(), format!("{MADE}, a 7200, a 3600"));
    assert_eq!(bed.explain("long")["hops"][0]["duration_seconds"], 3600);
    assert_eq!(bed.explain("long")["hops"][0]["capped"], true);
    bed.get("long").ok();
    assert_eq!(bed.cost(), "", "the session of before is found");
    bed.sandbox.keyfob(&["clear", "long"]).run().ok();
    bed.get("long").ok();
    assert_eq!(bed.cost(), format!("{MADE}, a 3600"));
    fails(
        &bed.sandbox.keyfob(&["credential-process", "a", "--duration", "2h"]).run(),
        2,
        "AWS limits chained roles to 1h",
    );

    bed.sandbox.keyfob(&["clear", "--all"]).run().ok();
    bed.aws.instance_is_unchained(true);
    bed.get("long").ok();
    assert_eq!(bed.cost(), format!("{MADE}, a 7200"));
    let base = &bed.explain("long")["base"];
    assert_eq!(base["kind"], "instance");
    assert!(base["identity"].as_str().expect("a text").starts_with(&bed.aws.url()), "{base}");
}

#[test]
fn an_instance_that_gives_nothing_says_why() {
    let mut bed = instance();
    let retried = |bed: &Bed| {
        bed.sandbox.keyfob(&["clear"]).run().ok();
        bed.get("a")
    };
    bed.aws.serve_machine(Some(&bed.jump), Metadata::ForgetsTokens);
    retried(&bed).ok();
    assert_eq!(bed.cost(), format!("token, instance role, token, instance role, instance, a 3600"));
    bed.aws.serve_machine(None, Metadata::On);
    fails(&retried(&bed), 1, "this EC2 instance has no role");
    bed.aws.serve_machine(Some(&bed.jump), Metadata::Off);
    fails(&retried(&bed), 4, "the instance metadata service is switched off, or does not know version 2 (status 403)");
    bed.aws.serve_machine(Some(&bed.jump), Metadata::Fails);
    let stderr = fails(&retried(&bed), 1, "gives no credentials of the role `jump`");
    assert!(stderr.contains("AssumeRoleUnauthorizedAccess: EC2 cannot assume the role"), "{stderr}");
    bed.aws.serve_machine(Some(&bed.jump), Metadata::Outage);
    bed.sandbox.keyfob(&["clear"]).run().ok();
    let ran = bed.get("base");
    assert!(ran.ends_with(0).contains("the metadata service has no others"), "{}", ran.stderr);
    assert!(ran.json()["Expiration"].is_string());

    // A socket that takes connections and never answers, as with a hop limit that is too small.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("bound"));
    bed.sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
    let stderr = fails(&retried(&bed), 1, "does not answer");
    assert!(stderr.contains("--http-put-response-hop-limit 2"), "{stderr}");
    drop(silent);
    fails(&retried(&bed), 1, "does not answer");
    bed.sandbox.set("AWS_EC2_METADATA_DISABLED", "true");
    fails(&retried(&bed), 6, "`AWS_EC2_METADATA_DISABLED` is `true`");
    bed.config("credential_source = ec2instancemetadata");
    fails(&retried(&bed), 6, "`ec2instancemetadata` is invalid; expected");
}

#[test]
fn a_container_is_asked_with_the_token_of_now() {
    let mut bed = Bed::new();
    bed.config("credential_source = EcsContainer");
    fails(&bed.get("a"), 6, "nor `AWS_CONTAINER_CREDENTIALS_FULL_URI` is set");
    bed.aws.serve_machine(Some(&bed.jump), Metadata::On);
    bed.sandbox.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", bed.aws.url()));
    bed.costs(&[
        ("base", "container", ""),
        ("a", "container, a 3600", ""),
        ("b", "container, a 3600, b 3600", ""),
        ("long", "container, a 3600", ""),
    ]);
    assert_eq!(bed.explain("b")["base"]["kind"], "container");

    // EKS replaces the token, and its subject is who the credentials are for.
    let token = bed.aws.web_token("pod-a", "pods.eks.amazonaws.com", 3600);
    bed.aws.container_token(&token);
    bed.sandbox.keyfob(&["clear"]).run().ok();
    let stderr = fails(&bed.get("a"), 4, "gives `base` no credentials (status 403)");
    assert!(stderr.contains("InvalidToken: the token is not the right one"), "{stderr}");
    let path = bed.sandbox.write("pod-token", &token);
    bed.sandbox.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &path);
    bed.sandbox.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "FAKEnot-this-one");
    bed.cost();
    bed.get("base").ok();
    assert_eq!(bed.cost(), "container");
    let other = bed.aws.web_token("pod-a", "pods.eks.amazonaws.com", 3600);
    bed.aws.container_token(&other);
    bed.sandbox.write("pod-token", &other);
    bed.get("base").ok();
    assert_eq!(bed.cost(), "", "the same pod");
    let other = bed.aws.web_token("pod-b", "pods.eks.amazonaws.com", 3600);
    bed.aws.container_token(&other);
    bed.sandbox.write("pod-token", &other);
    bed.get("base").ok();
    assert_eq!(bed.cost(), "container", "another pod");
    bed.sandbox.write("pod-token", "two\nlines");
    bed.sandbox.keyfob(&["clear"]).run().ok();
    fails(&bed.get("base"), 6, "holds no token");
    bed.sandbox.unset("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    bed.sandbox.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", &other);
    bed.get("base").ok();
    // A server in a container asks with the container's token, and its command with another.
    bed.sandbox.keyfob(&["clear"]).run().ok();
    bed.cost();
    let ask = "curl -s -H \"Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN\" \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\" | grep -o '\"AccountId\":\"[0-9]*'";
    let served = bed.sandbox.keyfob(&["exec", "a", "--server", "--", "sh", "-c", ask]).run();
    assert_eq!((served.ok(), &*bed.cost()), ("\"AccountId\":\"111122223333\n", "container, a 3600"));
    bed.aws.serve_machine(None, Metadata::On);
    bed.sandbox.keyfob(&["clear"]).run().ok();
    assert!(fails(&bed.get("base"), 4, "(status 404)").contains("ResourceNotFound"));

    for (url, code, problem) in [
        ("http://10.0.0.1/container", 6, "is neither an `https` URL nor"),
        ("http://127.0.0.1:1/container", 1, "does not answer"),
    ] {
        bed.sandbox.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url);
        bed.sandbox.keyfob(&["clear"]).run().ok();
        fails(&bed.get("base"), code, problem);
    }
}

#[test]
fn what_an_instance_serves_in_an_outage_is_kept_for_5_minutes() {
    let mut bed = instance();
    bed.aws.serve_machine(Some(&bed.jump), Metadata::Outage);
    let ran = bed.get("base");
    assert!(ran.ends_with(0).contains("the metadata service has no others"), "{}", ran.stderr);
    let expires = ran.json()["Expiration"].as_str().and_then(keyfob::timestamp::Timestamp::parse_lenient);
    let left = expires.expect("a time").unix() - bed.aws.now();
    // As botocore has it: 15 minutes and 1 to 10 more; SDKs ask again when 15 are left.
    assert!((16 * 60..=25 * 60).contains(&left), "{left} s");
    assert_eq!(bed.cost(), MADE);
    let Some(()) = bed.sandbox.pass_time(4 * 60) else { return };
    bed.get("base").ok();
    assert_eq!(bed.cost(), "", "kept for 5 minutes");
    bed.sandbox.pass_time(2 * 60).expect("as before");
    assert!(bed.get("base").ends_with(0).contains("used until"));
    assert_eq!(bed.cost(), MADE);
    // The outage is over.
    bed.aws.serve_machine(Some(&bed.jump), Metadata::On);
    bed.sandbox.pass_time(6 * 60).expect("as before");
    let stderr = bed.get("base").ends_with(0).to_owned();
    assert!(!stderr.contains("has no others"), "{stderr}");
}
