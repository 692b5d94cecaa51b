//! Where services of AWS are: the hosts of each partition, by the SDKs' own test cases.

use super::{Input, ask};
use crate::chain::hosts::{
    Place, access_analyzer, ec2, iam, regional_sts, roles_anywhere, sign_in, sign_in_sessions, sts,
};
use crate::chain::target::{Target, default_region};

fn target(settings: &str) -> Target {
    let config = format!("[profile b]|region = {settings}");
    let plan = Input { config: &config, stored: "b", ask: ask("b"), ..Input::default() }.plan().expect("a plan");
    plan.base_target().expect("a target").clone()
}

#[test]
fn each_partition_has_its_own_hosts_and_a_configured_endpoint_takes_their_place() {
    const FIPS: &str = "use_fips_endpoint = true";
    for (region, settings, host) in [
        ("eu-west-1", "", "eu-west-1.signin.aws.amazon.com"),
        ("eu-west-1", "use_dualstack_endpoint = true", "signin.eu-west-1.api.aws"),
        ("us-east-1", FIPS, "signin-fips.us-east-1.amazonaws.com"),
        ("cn-north-1", "", "cn-north-1.signin.amazonaws.cn"),
        ("us-gov-west-1", "", "us-gov-west-1.signin.amazonaws-us-gov.com"),
        ("us-gov-west-1", FIPS, "signin-fips.amazonaws-us-gov.com"),
        ("us-gov-east-1", FIPS, "us-gov-east-1.signin-fips.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "", "eusc-de-east-1.signin.amazonaws-eusc.eu"),
        ("us-iso-east-1", "", "us-iso-east-1.signin.c2shome.ic.gov"),
        ("us-isob-east-1", "", "us-isob-east-1.signin.sc2shome.sgov.gov"),
    ] {
        let target = target(&format!("{region}|{settings}"));
        assert_eq!(sign_in(&target, region), Ok(format!("https://{host}")));
    }
    for (region, host) in [
        ("eu-west-1", "signin.eu-west-1.api.aws"),
        ("cn-north-1", "signin.cn-north-1.api.amazonwebservices.com.cn"),
        ("us-gov-west-1", "signin.us-gov-west-1.api.aws"),
        ("eusc-de-east-1", "signin.eusc-de-east-1.api.amazonwebservices.eu"),
    ] {
        assert_eq!(sign_in_sessions(&target(&format!("{region}|{FIPS}")), region), Ok(format!("https://{host}")));
    }
    for (region, settings, host) in [
        ("eu-west-1", "", "rolesanywhere.eu-west-1.amazonaws.com"),
        ("us-east-1", FIPS, "rolesanywhere-fips.us-east-1.amazonaws.com"),
        ("cn-north-1", "use_dualstack_endpoint = true", "rolesanywhere.cn-north-1.api.amazonwebservices.com.cn"),
    ] {
        assert_eq!(roles_anywhere(&target(&format!("eu-west-1|{settings}")), region), Ok(format!("https://{host}")));
    }
    for (region, settings, host) in [
        ("eu-west-1", "", "access-analyzer.eu-west-1.amazonaws.com"),
        ("us-east-1", FIPS, "access-analyzer-fips.us-east-1.amazonaws.com"),
        ("us-gov-west-1", FIPS, "access-analyzer.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "", "access-analyzer.cn-north-1.amazonaws.com.cn"),
    ] {
        let target = target(&format!("eu-west-1|{settings}"));
        assert_eq!(access_analyzer(&target, region), Ok(format!("https://{host}")));
    }
    assert_eq!(ec2(&target("eu-west-1"), "eu-west-1"), Ok("https://ec2.eu-west-1.amazonaws.com".to_owned()));
    assert!(access_analyzer(&target("eu-west-1"), "x.example/").is_err(), "a region that AWS has named");
    let configured = target("eu-west-1|services = s|[services s]|signin =|  endpoint_url = http://localhost:1/");
    assert_eq!(sign_in(&configured, "eu-west-1"), Ok("http://localhost:1".to_owned()));
    assert!(sign_in(&target("eu-west-1"), "x.example/").is_err(), "in a file that somebody else wrote");
}

fn bare(region: &str, fips: bool, dual_stack: bool) -> Target {
    Target { region: region.to_owned(), fips, dual_stack, ..target("eu-west-1") }
}

#[test]
fn iam_is_where_the_sdks_find_it() {
    // The endpoint tests of AWS's SDKs for IAM.
    for (region, fips, dual_stack, host) in [
        ("us-east-1", true, true, "iam-fips.global.api.aws"),
        ("us-east-1", true, false, "iam-fips.amazonaws.com"),
        ("eu-central-1", false, true, "iam.global.api.aws"),
        ("eu-central-1", false, false, "iam.amazonaws.com"),
        ("cn-northwest-1", true, true, "iam-fips.api.amazonwebservices.com.cn"),
        ("cn-northwest-1", true, false, "iam-fips.amazonaws.com.cn"),
        ("cn-northwest-1", false, true, "iam.global.api.amazonwebservices.com.cn"),
        ("cn-northwest-1", false, false, "iam.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", true, false, "iam-fips.amazonaws.eu"),
        ("eusc-de-east-1", false, false, "iam.eusc-de-east-1.amazonaws.eu"),
        ("us-iso-east-1", true, false, "iam-fips.us-iso-east-1.c2s.ic.gov"),
        ("us-iso-east-1", false, false, "iam.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", false, false, "iam.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", true, false, "iam-fips.cloud.adc-e.uk"),
        ("eu-isoe-west-1", false, false, "iam.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", false, false, "iam.us-isof-south-1.csp.hci.ic.gov"),
        ("us-gov-west-1", true, true, "iam.us-gov.api.aws"),
        ("us-gov-east-1", true, false, "iam.us-gov.amazonaws.com"),
        ("us-gov-west-1", false, false, "iam.us-gov.amazonaws.com"),
    ] {
        let place =
            Place { url: format!("https://{host}"), region: default_region(region).to_owned(), is_configured: false };
        assert_eq!(iam(&bare(region, fips, dual_stack)), Ok(place), "{region} {fips} {dual_stack}");
    }
}

#[test]
fn sts_is_where_the_sdks_find_it() {
    // The endpoint tests of AWS's SDKs for STS.
    for (region, fips, dual_stack, host) in [
        ("af-south-1", false, false, "sts.af-south-1.amazonaws.com"),
        ("us-east-2", true, false, "sts-fips.us-east-2.amazonaws.com"),
        ("us-east-1", true, true, "sts-fips.us-east-1.api.aws"),
        ("us-east-1", false, true, "sts.us-east-1.api.aws"),
        ("cn-northwest-1", false, false, "sts.cn-northwest-1.amazonaws.com.cn"),
        ("cn-north-1", true, true, "sts-fips.cn-north-1.api.amazonwebservices.com.cn"),
        ("cn-north-1", true, false, "sts-fips.cn-north-1.amazonaws.com.cn"),
        ("cn-north-1", false, true, "sts.cn-north-1.api.amazonwebservices.com.cn"),
        ("us-gov-east-1", false, false, "sts.us-gov-east-1.amazonaws.com"),
        ("us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"),
        ("us-gov-east-1", true, true, "sts-fips.us-gov-east-1.api.aws"),
        ("us-gov-east-1", false, true, "sts.us-gov-east-1.api.aws"),
        ("us-iso-west-1", false, false, "sts.us-iso-west-1.c2s.ic.gov"),
        ("us-iso-east-1", true, false, "sts-fips.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", true, false, "sts-fips.us-isob-east-1.sc2s.sgov.gov"),
    ] {
        let place = Place { url: format!("https://{host}"), region: region.to_owned(), is_configured: false };
        assert_eq!(sts(&bare(region, fips, dual_stack)), Ok(place), "{region} {fips} {dual_stack}");
    }
    let legacy = |region| sts(&Target { legacy_global: true, ..bare(region, false, false) }).expect("a place");
    for (place, url, region) in [
        (legacy("eu-west-1"), "https://sts.amazonaws.com", "us-east-1"),
        (legacy("us-east-3"), "https://sts.us-east-3.amazonaws.com", "us-east-3"),
        (sts(&bare("aws-global", false, false)).expect("a place"), "https://sts.amazonaws.com", "us-east-1"),
        (
            regional_sts(&Target { legacy_global: true, ..bare("eu-west-1", false, false) }).expect("a place"),
            "https://sts.eu-west-1.amazonaws.com",
            "eu-west-1",
        ),
    ] {
        assert_eq!((place.url.as_str(), place.region.as_str()), (url, region));
    }
    let own =
        |fips, dual_stack| Target { sts_endpoint: Some("https://x".to_owned()), ..bare("eu-west-1", fips, dual_stack) };
    assert_eq!(sts(&own(false, false)).map(|place| place.url), Ok("https://x".to_owned()));
    assert_eq!(sts(&own(true, false)), Err("FIPS and custom endpoint are not supported".to_owned()));
    assert_eq!(sts(&own(false, true)), Err("Dualstack and custom endpoint are not supported".to_owned()));
}
