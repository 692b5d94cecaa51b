//! Where a call goes: region, endpoint and its variants, decided from profile and variables as the SDKs decide it.
//!
//! Pure.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::chain::error::TargetError;
use crate::chain::node::Node;
use crate::chain::partition::{Partition, partition_of_arn};
pub use crate::chain::partition::{default_region, partition_name};
use crate::chain::reason::Reason;
use crate::chain::request::Used;
use crate::mask;
use crate::profile::{Profiles, SectionKind, Setting};
use crate::sorted;
use crate::sys::env::{Environment, vars};

/// Where calls of one profile go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The region that STS requests go to and are signed for.
    pub region: String,
    /// A configured endpoint of STS, whole URL.
    pub sts_endpoint: Option<String>,
    /// A configured endpoint of IAM, whole URL; or what is wrong with it, which matters only to a call of IAM.
    pub iam_endpoint: Result<Option<String>, String>,
    /// The configured endpoints of services that only some bases call, by their names in `services` sections: whole URLs; or
    /// what is wrong with one, which matters only to a call of that service.
    pub other_endpoints: BTreeMap<&'static str, Result<String, String>>,
    /// `use_fips_endpoint`.
    pub fips: bool,
    /// `use_dualstack_endpoint`.
    pub dual_stack: bool,
    /// `sts_regional_endpoints = legacy`.
    pub legacy_global: bool,
    /// `ca_bundle`, a PEM file.
    pub ca_bundle: Option<PathBuf>,
}

impl Target {
    /// The partition calls go to, as ARNs name it.
    pub fn partition(&self) -> &'static str {
        partition_name(&self.region)
    }
}

/// The services of [`Target::other_endpoints`]: their names in `services` sections (their ids in botocore's service models, in
/// lower case), and their variables.
const OTHER_SERVICES: [(&str, &str); 4] = [
    ("signin", vars::AWS_ENDPOINT_URL_SIGNIN),
    ("rolesanywhere", vars::AWS_ENDPOINT_URL_ROLESANYWHERE),
    ("accessanalyzer", vars::AWS_ENDPOINT_URL_ACCESSANALYZER),
    ("ec2", vars::AWS_ENDPOINT_URL_EC2),
];

/// What a target is decided from, beside the profile.
pub(super) struct TargetInputs<'a> {
    pub(super) profiles: &'a Profiles<'a>,
    pub(super) env: &'a Environment,
    /// The ARNs at hand, the first that is one decides the partition where no region is set.
    pub(super) arns: &'a [String],
}

/// Which of AWS's hosts are used.
pub(super) struct Variants {
    /// `use_fips_endpoint`.
    pub(super) fips: bool,
    /// `use_dualstack_endpoint`.
    pub(super) dual_stack: bool,
    /// `ignore_configured_endpoint_urls`.
    pub(super) ignores_configured: bool,
}

/// Reads which of AWS's hosts are used.
///
/// # Errors
/// A switch that cannot be.
pub(super) fn variants(
    node: &Node<'_>,
    inputs: &TargetInputs<'_>,
    used: &mut Vec<Used>,
) -> Result<Variants, TargetError> {
    let ignored = vars::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS;
    Ok(Variants {
        ignores_configured: switch(node, inputs, ignored, "ignore_configured_endpoint_urls", used)?,
        fips: switch(node, inputs, vars::AWS_USE_FIPS_ENDPOINT, "use_fips_endpoint", used)?,
        dual_stack: switch(node, inputs, vars::AWS_USE_DUALSTACK_ENDPOINT, "use_dualstack_endpoint", used)?,
    })
}

/// Decides where calls of `node`'s profile go.
///
/// # Errors
/// A region, URL or switch that cannot be, or a `services` section that is not there.
pub(super) fn target(
    node: &Node<'_>,
    inputs: &TargetInputs<'_>,
    used: &mut Vec<Used>,
    notes: &mut Vec<Reason>,
) -> Result<Target, TargetError> {
    let region = region(node, inputs, used, notes)?;
    let ignored =
        switch(node, inputs, vars::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, "ignore_configured_endpoint_urls", used)?;
    let (sts_endpoint, iam_endpoint, other_endpoints) = if ignored {
        (None, Ok(None), BTreeMap::new())
    } else {
        // No plan calls IAM.
        let iam = endpoint(node, inputs, "iam", vars::AWS_ENDPOINT_URL_IAM, &mut Vec::new());
        let others = OTHER_SERVICES.into_iter().filter_map(|(service, variable)| {
            let url = endpoint(node, inputs, service, variable, &mut Vec::new()).transpose()?;
            Some((service, url.map_err(|error| error.to_string())))
        });
        let sts = endpoint(node, inputs, "sts", vars::AWS_ENDPOINT_URL_STS, used)?;
        (sts, iam.map_err(|error| error.to_string()), sorted::map(others))
    };
    let fips = switch(node, inputs, vars::AWS_USE_FIPS_ENDPOINT, "use_fips_endpoint", used)?;
    let dual_stack = switch(node, inputs, vars::AWS_USE_DUALSTACK_ENDPOINT, "use_dualstack_endpoint", used)?;
    // Each of these decides the host, whatever `sts_regional_endpoints` is.
    let host_is_known = sts_endpoint.is_some() || fips || dual_stack;
    let legacy_global = !host_is_known && legacy_global(node, inputs, used)?;
    let ca_bundle = ca_bundle(node, inputs, used);
    Ok(Target { region, sts_endpoint, iam_endpoint, other_endpoints, fips, dual_stack, legacy_global, ca_bundle })
}

/// The region: a variable beats the profile, as in the SDKs, unless an outer keyfob exported that variable.
///
/// `AWS_REGION` comes before `AWS_DEFAULT_REGION`, as in AWS CLI 2. `KEYFOB_REGION` is the region an outer keyfob
/// exported: a variable equal to it says what the outer profile wants, so this profile's own region comes first.
fn region(
    node: &Node<'_>,
    inputs: &TargetInputs<'_>,
    used: &mut Vec<Used>,
    notes: &mut Vec<Reason>,
) -> Result<String, TargetError> {
    let exported = inputs.env.get(vars::KEYFOB_REGION);
    let variables = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].map(|name| (name, inputs.env.get(name)));
    for (name, value) in variables {
        if let Some(value) = value.filter(|value| Some(*value) != exported) {
            return checked_region(value).map_err(|problem| TargetError::Variable { name, problem });
        }
    }
    if let Some(setting) = node.read("region", used) {
        return checked_region(&setting.value).map_err(|problem| bad(node, &setting, problem));
    }
    let arn = inputs.arns.iter().find_map(|arn| partition_of_arn(arn).map(|partition| (arn, partition)));
    let partition = arn.map_or("aws", |(_, partition)| partition.name);
    if let Some(outer) = exported.filter(|_| variables.iter().any(|(_, value)| value.is_some()))
        && Partition::of_region(outer).name == partition
    {
        return checked_region(outer).map_err(|problem| TargetError::Variable { name: vars::KEYFOB_REGION, problem });
    }
    let region = arn.map_or("us-east-1", |(_, partition)| partition.default_region);
    notes.push(Reason::RegionDefaulted { profile: node.name.clone(), region, arn: arn.map(|(arn, _)| arn.clone()) });
    Ok(region.to_owned())
}

/// Whether a name has the form AWS gives its regions: `eu-west-1`, `us-gov-east-1` (botocore's `partitions.json`).
///
/// Others work too where an endpoint is configured, so this is for what a person types.
pub fn looks_like_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else { return false };
    let is_all = |part: &str, is: fn(&u8) -> bool| !part.is_empty() && part.bytes().all(|byte| is(&byte));
    (2..=3).contains(&words.len())
        && words.iter().all(|word| is_all(word, u8::is_ascii_lowercase))
        && (2..=4).contains(&words[0].len())
        && is_all(number, u8::is_ascii_digit)
        && number.len() <= 2
}

/// Only what can be one label of a host name passes.
///
/// # Errors
/// What is wrong, with what would be right.
// Security: a region becomes part of the host that signed requests go to; `x.example/` must not.
pub fn checked_region(text: &str) -> Result<String, String> {
    let label = (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if label {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a valid region; expected a name like `eu-west-1`"))
    }
}

/// A service's configured endpoint, in the SDKs' order: `AWS_ENDPOINT_URL_<SERVICE>`, `AWS_ENDPOINT_URL`, the
/// profile's `services` section, the profile's `endpoint_url` (AWS SDKs Reference Guide, "Service-specific endpoints").
pub(super) fn endpoint(
    node: &Node<'_>,
    inputs: &TargetInputs<'_>,
    service: &str,
    variable: &'static str,
    used: &mut Vec<Used>,
) -> Result<Option<String>, TargetError> {
    for name in [variable, vars::AWS_ENDPOINT_URL] {
        if let Some(url) = inputs.env.get(name) {
            return checked_url(url).map(Some).map_err(|problem| TargetError::Variable { name, problem });
        }
    }
    if let Some(services) = node.read("services", used) {
        let section =
            inputs.profiles.section(SectionKind::Services, &services.value).ok_or_else(|| TargetError::NoServices {
                profile: node.name.clone(),
                name: services.value.to_string(),
                place: node.place(&services),
            })?;
        if let Some(block) = section.setting(service)
            && let Some(url) = block.nested("endpoint_url")
        {
            let bad = |problem| TargetError::Services {
                name: services.value.to_string(),
                service: service.to_owned(),
                problem,
                place: node.place(&block),
            };
            return checked_url(url).map(Some).map_err(bad);
        }
    }
    match node.read("endpoint_url", used) {
        Some(url) => checked_url(&url.value).map(Some).map_err(|problem| bad(node, &url, problem)),
        None => Ok(None),
    }
}

/// Whether the profile itself names an endpoint that is not AWS's, of whatever service.
pub fn names_endpoint(profiles: &Profiles<'_>, profile: &str) -> bool {
    goes_elsewhere(profiles, profile, &Environment::default())
}

/// Whether calls of this profile go to a service other than AWS: a variable, its `services` section or its `endpoint_url` names
/// an endpoint that is not AWS's, of whatever service.
pub(super) fn goes_elsewhere(profiles: &Profiles<'_>, profile: &str, env: &Environment) -> bool {
    let profile = profiles.get(profile);
    let setting = |name: &str| profile.as_ref().and_then(|profile| profile.setting(name));
    let ignored = match env.get(vars::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS) {
        Some(value) => boolean(value) == Ok(true),
        None => setting("ignore_configured_endpoint_urls").is_some_and(|setting| boolean(&setting.value) == Ok(true)),
    };
    if ignored {
        return false;
    }
    let is_variable = |name: &str| name == vars::AWS_ENDPOINT_URL || name.starts_with(vars::AWS_ENDPOINT_URL_PREFIX);
    let mut variables = env.iter().filter(|(name, _)| name.to_str().is_some_and(is_variable));
    let services = setting("services").and_then(|name| profiles.section(SectionKind::Services, &name.value));
    let mut services = services.into_iter().flat_map(|section| section.all());
    variables.any(|(_, url)| url.to_str().is_some_and(is_elsewhere))
        || setting("endpoint_url").is_some_and(|url| is_elsewhere(&url.value))
        || services.any(|service| service.nested("endpoint_url").is_some_and(is_elsewhere))
}

/// Whether a URL names a host that is not AWS's.
// Security: a key of another service is sent there alone.
pub(crate) fn is_elsewhere(url: &str) -> bool {
    // The DNS suffixes of every partition (botocore's `partitions.json`), those of dual-stack hosts too.
    const OF_AWS: [&str; 12] = [
        "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws", "api.amazonwebservices.com.cn",
        "api.amazonwebservices.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov",
        "api.aws.ic.gov", "api.aws.scloud",
    ];
    if checked_url(url).is_err() {
        return false;
    }
    let host = url.split_once("://").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    !OF_AWS.iter().any(|suffix| host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

pub(super) fn checked_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let whole = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && text.bytes().all(|b| b.is_ascii_graphic());
    if whole {
        Ok(text.to_owned())
    } else {
        let shown = mask::address(text);
        Err(format!("`{shown}` is not a valid URL; it must begin with `https://` or `http://`"))
    }
}

/// A switch: the variable beats the profile; unset is off.
fn switch(
    node: &Node<'_>,
    inputs: &TargetInputs<'_>,
    variable: &'static str,
    name: &str,
    used: &mut Vec<Used>,
) -> Result<bool, TargetError> {
    if let Some(value) = inputs.env.get(variable) {
        return boolean(value).map_err(|problem| TargetError::Variable { name: variable, problem });
    }
    match node.read(name, used) {
        Some(setting) => boolean(&setting.value).map_err(|problem| bad(node, &setting, problem)),
        None => Ok(false),
    }
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("`{text}` is invalid; expected `true` or `false`")),
    }
}

fn legacy_global(node: &Node<'_>, inputs: &TargetInputs<'_>, used: &mut Vec<Used>) -> Result<bool, TargetError> {
    let parse = |text: &str| match text.to_ascii_lowercase().as_str() {
        "legacy" => Ok(true),
        "regional" => Ok(false),
        _ => Err(format!("`{text}` is invalid; expected `regional` or `legacy`")),
    };
    let name = vars::AWS_STS_REGIONAL_ENDPOINTS;
    if let Some(value) = inputs.env.get(name) {
        return parse(value).map_err(|problem| TargetError::Variable { name, problem });
    }
    match node.read("sts_regional_endpoints", used) {
        Some(setting) => parse(&setting.value).map_err(|problem| bad(node, &setting, problem)),
        None => Ok(false),
    }
}

/// `AWS_CA_BUNDLE`, else `ca_bundle`, a leading `~/` expanded. Whether the file is there is seen when it is read.
pub(super) fn ca_bundle(node: &Node<'_>, inputs: &TargetInputs<'_>, used: &mut Vec<Used>) -> Option<PathBuf> {
    if let Some(path) = inputs.env.get_os(vars::AWS_CA_BUNDLE) {
        return Some(path.into());
    }
    let setting = node.read("ca_bundle", used)?;
    let home = inputs.env.get_os(vars::HOME).or_else(|| inputs.env.get_os(vars::USERPROFILE));
    Some(match (setting.value.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(setting.value.as_ref()),
    })
}

fn bad(node: &Node<'_>, setting: &Setting<'_>, problem: String) -> TargetError {
    TargetError::Setting {
        profile: node.name.clone(),
        name: setting.name.to_string(),
        problem,
        place: node.place(setting),
    }
}
