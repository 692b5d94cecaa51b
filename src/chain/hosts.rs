//! The hosts of AWS's services that are called without an SDK, in each partition. Pure.

use crate::chain::target::{Target, checked_region, partition_name};

/// Where AWS Sign-In gives tokens, without a slash at the end: the configured endpoint, else the host of `region` (the rules in
/// botocore's `data/signin`).
///
/// # Errors
/// An endpoint or a region that cannot be.
pub fn sign_in(target: &Target, region: &str) -> Result<String, String> {
    if let Some(url) = configured(target, "signin") {
        return url;
    }
    let region = checked_region(region)?;
    let partition = partition_name(&region);
    let host = match (target.fips, target.dual_stack, partition) {
        (false, true, _) => format!("signin.{region}.{}", suffix(partition).1),
        (true, true, _) => format!("signin-fips.{region}.{}", suffix(partition).1),
        (true, false, "aws-us-gov") if region == "us-gov-west-1" => "signin-fips.amazonaws-us-gov.com".to_owned(),
        (true, false, "aws-us-gov") => format!("{region}.signin-fips.amazonaws-us-gov.com"),
        (true, false, _) => format!("signin-fips.{region}.{}", suffix(partition).0),
        (false, false, "aws-cn") => format!("{region}.signin.amazonaws.cn"),
        (false, false, "aws-us-gov") => format!("{region}.signin.amazonaws-us-gov.com"),
        (false, false, "aws-eusc") => format!("{region}.signin.amazonaws-eusc.eu"),
        (false, false, "aws-iso") => format!("{region}.signin.c2shome.ic.gov"),
        (false, false, "aws-iso-b") => format!("{region}.signin.sc2shome.sgov.gov"),
        (false, false, "aws-iso-e") => format!("{region}.signin.csphome.adc-e.uk"),
        (false, false, "aws-iso-f") => format!("{region}.signin.csphome.hci.ic.gov"),
        (false, false, _) => format!("{region}.signin.aws.amazon.com"),
    };
    Ok(format!("https://{host}"))
}

/// Where IAM Roles Anywhere is in `region`, without a slash at the end (the rules in botocore's `data/rolesanywhere`).
///
/// # Errors
/// An endpoint that cannot be.
pub fn roles_anywhere(target: &Target, region: &str) -> Result<String, String> {
    usual(target, region, "rolesanywhere", "rolesanywhere")
}

/// Where IAM Access Analyzer is in `region`, without a slash at the end (the rules in botocore's `data/accessanalyzer`).
///
/// # Errors
/// As [`roles_anywhere`]; a region that cannot be.
pub fn access_analyzer(target: &Target, region: &str) -> Result<String, String> {
    let region = checked_region(region)?;
    // Its hosts in these regions are FIPS hosts already.
    let target = &Target { fips: target.fips && partition_name(&region) != "aws-us-gov", ..target.clone() };
    usual(target, &region, "accessanalyzer", "access-analyzer")
}

/// Where EC2 is in `region`, without a slash at the end (the rules in botocore's `data/ec2`).
///
/// # Errors
/// As [`roles_anywhere`].
pub fn ec2(target: &Target, region: &str) -> Result<String, String> {
    let target = &Target { fips: target.fips && partition_name(region) != "aws-us-gov", ..target.clone() };
    usual(target, region, "ec2", "ec2")
}

/// The host of a service, with the name that it has in `services` sections and the one in its host.
fn usual(target: &Target, region: &str, service: &str, name: &str) -> Result<String, String> {
    if let Some(url) = configured(target, service) {
        return url;
    }
    let fips = if target.fips { "-fips" } else { "" };
    let (usual, dual_stack) = suffix(partition_name(region));
    Ok(format!("https://{name}{fips}.{region}.{}", if target.dual_stack { dual_stack } else { usual }))
}

fn configured(target: &Target, service: &str) -> Option<Result<String, String>> {
    let url = target.other_endpoints.get(service)?;
    Some(url.as_ref().map(|url| url.trim_end_matches('/').to_owned()).map_err(Clone::clone))
}

/// The ends of the names of hosts in a partition: the usual one, and that of dual-stack hosts (botocore's `partitions.json`).
fn suffix(partition: &str) -> (&'static str, &'static str) {
    match partition {
        "aws-cn" => ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        "aws-eusc" => ("amazonaws.eu", "api.amazonwebservices.eu"),
        "aws-iso" => ("c2s.ic.gov", "api.aws.ic.gov"),
        "aws-iso-b" => ("sc2s.sgov.gov", "api.aws.scloud"),
        "aws-iso-e" => ("cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
        "aws-iso-f" => ("csp.hci.ic.gov", "api.aws.hci.ic.gov"),
        _ => ("amazonaws.com", "api.aws"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::{Input, ask};

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
        for (region, settings, host) in [
            ("eu-west-1", "", "rolesanywhere.eu-west-1.amazonaws.com"),
            ("us-east-1", FIPS, "rolesanywhere-fips.us-east-1.amazonaws.com"),
            ("cn-north-1", "use_dualstack_endpoint = true", "rolesanywhere.cn-north-1.api.amazonwebservices.com.cn"),
        ] {
            assert_eq!(
                roles_anywhere(&target(&format!("eu-west-1|{settings}")), region),
                Ok(format!("https://{host}"))
            );
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
}
