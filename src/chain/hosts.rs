//! The hosts of AWS's services that are called without an SDK, in each partition. Pure.

use crate::chain::partition::{Partition, default_region, partition_name};
use crate::chain::target::{Target, checked_region};

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
        (false, true, _) => format!("signin.{region}.{}", suffix(&region).1),
        (true, true, _) => format!("signin-fips.{region}.{}", suffix(&region).1),
        (true, false, "aws-us-gov") if region == "us-gov-west-1" => "signin-fips.amazonaws-us-gov.com".to_owned(),
        (true, false, "aws-us-gov") => format!("{region}.signin-fips.amazonaws-us-gov.com"),
        (true, false, _) => format!("signin-fips.{region}.{}", suffix(&region).0),
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

/// Where AWS Sign-In lists and revokes sessions, without a slash at the end: a host of its own in each region (the rules in
/// botocore's `data/signin`, `IsControlPlane`).
///
/// # Errors
/// As [`sign_in`].
pub fn sign_in_sessions(target: &Target, region: &str) -> Result<String, String> {
    if let Some(url) = configured(target, "signin") {
        return url;
    }
    let region = checked_region(region)?;
    Ok(format!("https://signin.{region}.{}", suffix(&region).1))
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
    let (usual, dual_stack) = suffix(region);
    Ok(format!("https://{name}{fips}.{region}.{}", if target.dual_stack { dual_stack } else { usual }))
}

fn configured(target: &Target, service: &str) -> Option<Result<String, String>> {
    let url = target.other_endpoints.get(service)?;
    Some(url.as_ref().map(|url| url.trim_end_matches('/').to_owned()).map_err(Clone::clone))
}

/// Where calls of a service go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The whole URL.
    pub url: String,
    /// The region that signatures are for.
    pub region: String,
    /// Whether the user has configured it.
    pub is_configured: bool,
}

/// The regions that `sts_regional_endpoints = legacy` sends to the global endpoint; every later one is regional anyway (AWS SDKs
/// and Tools Reference Guide, "AWS STS Regional endpoints").
const LEGACY_GLOBAL_REGIONS: [&str; 16] = [
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1", "eu-central-1",
    "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
    "us-west-2",
];

/// Where STS is (the rules in botocore's `data/sts`).
///
/// # Errors
/// A configured endpoint together with FIPS or dual-stack, as in the SDKs.
pub fn sts(target: &Target) -> Result<Place, String> {
    let variant = |name: &str| format!("{name} and custom endpoint are not supported");
    if let Some(url) = &target.sts_endpoint {
        return match (target.fips, target.dual_stack) {
            (true, _) => Err(variant("FIPS")),
            (false, true) => Err(variant("Dualstack")),
            (false, false) => Ok(Place { url: url.clone(), region: target.region.clone(), is_configured: true }),
        };
    }
    Ok(sts_of_aws(target, target.legacy_global))
}

/// As [`sts`], and never the global endpoint, which has not got every call.
///
/// # Errors
/// As [`sts`].
pub fn regional_sts(target: &Target) -> Result<Place, String> {
    match target.sts_endpoint {
        Some(_) => sts(target),
        None => Ok(sts_of_aws(target, false)),
    }
}

fn sts_of_aws(target: &Target, legacy_global: bool) -> Place {
    let region = target.region.as_str();
    let is_plain = !target.fips && !target.dual_stack;
    let is_global = region == "aws-global" || legacy_global && LEGACY_GLOBAL_REGIONS.contains(&region);
    if is_plain && is_global {
        let url = "https://sts.amazonaws.com".to_owned();
        return Place { url, region: "us-east-1".to_owned(), is_configured: false };
    }
    let host = regional("sts", region, target.fips, target.dual_stack);
    Place { url: format!("https://{host}"), region: region.to_owned(), is_configured: false }
}

/// The hosts of IAM by partition: its own, FIPS, dual-stack, both (the SDKs' `endpoint-rule-set` of IAM).
/// A partition that is not here has the first one's.
const IAM_HOSTS: [(&str, [&str; 4]); 8] = [
    ("aws", ["iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"]),
    (
        "aws-cn",
        [
            "iam.cn-north-1.amazonaws.com.cn",
            "iam-fips.amazonaws.com.cn",
            "iam.global.api.amazonwebservices.com.cn",
            "iam-fips.api.amazonwebservices.com.cn",
        ],
    ),
    (
        "aws-us-gov",
        ["iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"],
    ),
    (
        "aws-iso",
        [
            "iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov",
            "iam-fips.api.aws.ic.gov",
        ],
    ),
    (
        "aws-iso-b",
        [
            "iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov", "iam.api.aws.scloud",
            "iam-fips.api.aws.scloud",
        ],
    ),
    (
        "aws-iso-e",
        [
            "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk", "iam.api.cloud-aws.adc-e.uk",
            "iam-fips.api.cloud-aws.adc-e.uk",
        ],
    ),
    (
        "aws-iso-f",
        [
            "iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov", "iam.api.aws.hci.ic.gov",
            "iam-fips.api.aws.hci.ic.gov",
        ],
    ),
    (
        "aws-eusc",
        [
            "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu", "iam.global.api.amazonwebservices.eu",
            "iam-fips.api.amazonwebservices.eu",
        ],
    ),
];

/// Where IAM is: one endpoint for a partition, for whose one region calls are signed also where the endpoint is a configured one
/// (AWS General Reference, "IAM endpoints and quotas").
///
/// # Errors
/// An endpoint that cannot be.
pub fn iam(target: &Target) -> Result<Place, String> {
    let region = default_region(&target.region).to_owned();
    if let Some(url) = target.iam_endpoint.clone()? {
        return Ok(Place { url, region, is_configured: true });
    }
    let partition = target.partition();
    let (_, hosts) = IAM_HOSTS.iter().find(|(name, _)| *name == partition).unwrap_or(&IAM_HOSTS[0]);
    let host = hosts[usize::from(target.fips) + 2 * usize::from(target.dual_stack)];
    Ok(Place { url: format!("https://{host}"), region, is_configured: false })
}

/// A service's host in a region, as most services have them. GovCloud's ordinary endpoints are FIPS ones.
pub(super) fn regional(service: &str, region: &str, fips: bool, dual_stack: bool) -> String {
    let partition = Partition::of_region(region);
    let suffix = if dual_stack { partition.dual_stack_suffix } else { partition.suffix };
    let fips = if fips && (dual_stack || partition.name != "aws-us-gov") { "-fips" } else { "" };
    format!("{service}{fips}.{region}.{suffix}")
}

/// The ends of the names of hosts in a partition: the usual one, and that of dual-stack hosts.
fn suffix(region: &str) -> (&'static str, &'static str) {
    let partition = Partition::of_region(region);
    (partition.suffix, partition.dual_stack_suffix)
}
