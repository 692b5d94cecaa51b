//! Where calls go: each source of a region or endpoint against the others.

use super::{Input, ask, target as target_of};
use crate::chain::Plan;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn planned(config: &str, env: &[(&str, &str)], asked: &str) -> Plan {
    Input { config, stored: "b", env, ask: ask(asked), ..Input::default() }.plan().expect("there is a plan")
}

#[test]
fn the_region_is_a_variables_then_the_profiles_then_the_partitions() {
    let own = "[profile b]|region = eu-west-1";
    let none = "[profile b]";
    let cases: [(&str, &str, Variables, &str); 12] = [
        ("the profile's", own, &[], "eu-west-1"),
        ("`AWS_REGION` beats it", own, &[("AWS_REGION", "us-west-2")], "us-west-2"),
        ("so does `AWS_DEFAULT_REGION`", own, &[("AWS_DEFAULT_REGION", "us-west-2")], "us-west-2"),
        (
            "`AWS_REGION` comes first",
            own,
            &[("AWS_DEFAULT_REGION", "us-west-1"), ("AWS_REGION", "us-west-2")],
            "us-west-2",
        ),
        ("an empty variable is none", own, &[("AWS_REGION", "")], "eu-west-1"),
        (
            "a region an outer keyfob exported does not beat the profile's own",
            own,
            &[("AWS_REGION", "us-west-2"), ("AWS_DEFAULT_REGION", "us-west-2"), ("KEYFOB_REGION", "us-west-2")],
            "eu-west-1",
        ),
        ("one set after that does", own, &[("AWS_REGION", "us-west-1"), ("KEYFOB_REGION", "us-west-2")], "us-west-1"),
        (
            "in either variable",
            own,
            &[("AWS_REGION", "us-west-2"), ("AWS_DEFAULT_REGION", "us-west-1"), ("KEYFOB_REGION", "us-west-2")],
            "us-west-1",
        ),
        (
            "an outer region serves where the profile has none",
            none,
            &[("AWS_REGION", "us-west-2"), ("KEYFOB_REGION", "us-west-2")],
            "us-west-2",
        ),
        (
            "but not one of another partition",
            none,
            &[("AWS_REGION", "cn-north-1"), ("KEYFOB_REGION", "cn-north-1")],
            "us-east-1",
        ),
        ("nothing set", none, &[], "us-east-1"),
        (
            "a device tells the partition",
            "[profile b]|mfa_serial = arn:aws-cn:iam::111122223333:mfa/me",
            &[],
            "cn-north-1",
        ),
    ];
    for (says, config, env, region) in cases {
        assert_eq!(target_of(&planned(config, env, "b")).region, region, "{says}");
    }
}

#[test]
fn a_role_without_a_region_goes_to_its_partitions_default() {
    for (partition, region) in [
        ("aws", "us-east-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-iso-e", "eu-isoe-west-1"),
        ("aws-iso-f", "us-isof-south-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-new", "us-east-1"),
    ] {
        let config = format!("[profile a]|role_arn = arn:{partition}:iam::111122223333:role/A|source_profile = b");
        let plan = planned(&config, &[], "a");
        assert_eq!(target_of(&plan).region, region);
    }
}

#[test]
fn the_session_goes_to_the_bases_region_and_the_hops_to_the_asked_profiles() {
    let config = "[profile a]|role_arn = ROLE(A)|source_profile = b|region = eu-west-1|[profile b]|region = us-west-2|mfa_serial = DEVICE";
    let plan = planned(config, &[], "a");
    assert_eq!(
        (plan.base_target().expect("valid").region.as_str(), target_of(&plan).region.as_str()),
        ("us-west-2", "eu-west-1")
    );
}

#[test]
fn an_endpoint_is_the_most_particular_one() {
    let services = "[services s]\nsts =\n  endpoint_url = http://services\n";
    let profile = "[profile b]\nendpoint_url = http://profile\n";
    let both = format!("{profile}services = s\n{services}");
    let ignoring = format!("{profile}ignore_configured_endpoint_urls = true\n");
    let general: Variables = &[("AWS_ENDPOINT_URL", "http://all")];
    let particular: Variables = &[("AWS_ENDPOINT_URL", "http://all"), ("AWS_ENDPOINT_URL_STS", "http://sts")];
    let ignored: Variables = &[("AWS_ENDPOINT_URL", "http://all"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    let cases: [(_, _, Variables, _, _); 7] = [
        ("none", "[profile b]", &[], None, None),
        ("the profile's", profile, &[], Some("http://profile"), Some("http://profile")),
        ("a services section beats it", &both, &[], Some("http://services"), Some("http://profile")),
        ("the general variable beats both", &both, general, Some("http://all"), Some("http://all")),
        ("the service's variable beats all", &both, particular, Some("http://sts"), Some("http://all")),
        ("a variable switches all off", &both, ignored, None, None),
        ("so does the profile", &ignoring, general, None, None),
    ];
    for (says, config, env, sts, iam) in cases {
        let plan = planned(config, env, "b");
        assert_eq!(target_of(&plan).sts_endpoint.as_deref(), sts, "{says}");
        assert_eq!(target_of(&plan).iam_endpoint.as_ref().map(Option::as_deref), Ok(iam), "{says}");
    }
}

#[test]
fn switches_and_the_bundle_come_from_the_variable_before_the_profile() {
    let config = "[profile b]|use_fips_endpoint = true|use_dualstack_endpoint = TRUE|sts_regional_endpoints = legacy|ca_bundle = ~/ca.pem";
    let target = target_of(&planned(config, &[("HOME", "/home/me")], "b")).clone();
    assert!(target.fips && target.dual_stack && !target.legacy_global, "FIPS and dual-stack hosts are regional");
    let global = "[profile b]|sts_regional_endpoints = legacy";
    assert!(target_of(&planned(global, &[], "b")).legacy_global);
    assert!(!target_of(&planned(global, &[("AWS_STS_REGIONAL_ENDPOINTS", "regional")], "b")).legacy_global);
    assert_eq!(target.ca_bundle.as_deref(), Some(std::path::Path::new("/home/me/ca.pem")));
    let env = [
        ("AWS_USE_FIPS_ENDPOINT", "false"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "false"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
        ("AWS_CA_BUNDLE", "/etc/ca.pem"),
    ];
    let target = target_of(&planned(config, &env, "b")).clone();
    assert!(!target.fips && !target.dual_stack && !target.legacy_global);
    assert_eq!(target.ca_bundle.as_deref(), Some(std::path::Path::new("/etc/ca.pem")));
}
