//! What the config file says of an IAM Identity Center: its start URL, its region, and where its two services are.
//!
//! Pure.

use std::path::PathBuf;

use crate::chain::error::PlanError;
use crate::chain::hosts::regional;
use crate::chain::nearest::nearest_of;
use crate::chain::node::{Lookup, Node};
use crate::chain::partition::Partition;
use crate::chain::request::{FileNames, Place, Used};
use crate::chain::target::{self, TargetInputs};
use crate::profile::{OtherSection, Profile, Profiles, SectionKind, Setting};
use crate::sorted;
use crate::sys::env::{Environment, vars};
use crate::timestamp::Timestamp;

/// What a client asks for where nothing is set; with it a sign-in can be refreshed (AWS CLI User Guide,
/// "Configuring IAM Identity Center authentication").
const SCOPE: &str = "sso:account:access";

/// What people sign in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityCenter {
    /// The name of its `sso-session` section; none for a profile that has the settings itself.
    pub session: Option<String>,
    /// Without what users copy along behind it.
    pub start_url: String,
    /// As it is written: the AWS CLI names a file by it.
    pub written_start_url: String,
    /// Where it is, which need not be the region of the profile.
    pub region: String,
    /// What a client asks for, sorted.
    pub scopes: Vec<String>,
    /// The OIDC service, without a slash at the end.
    pub oidc: String,
    /// The access portal, without a slash at the end.
    pub portal: String,
    /// Whether one of them is configured, and does not follow from the region.
    pub is_elsewhere: bool,
    /// `ca_bundle`, a PEM file.
    pub ca_bundle: Option<PathBuf>,
}

impl IdentityCenter {
    /// What makes a sign-in another one. Profiles and sections that agree in it share one.
    pub fn sign_in_parts(&self) -> Vec<String> {
        let endpoints =
            [&self.oidc, &self.portal].map(|url| if self.is_elsewhere { url.clone() } else { String::new() });
        let parts = [self.start_url.clone(), self.region.clone(), self.scopes.join(",")];
        parts.into_iter().chain(endpoints).collect()
    }

    /// What `keyfob login` takes for it: the section's name, else the profile's.
    pub fn login_name<'n>(&'n self, profile: &'n str) -> &'n str {
        self.session.as_deref().unwrap_or(profile)
    }
}

/// What is known of a sign-in. AWS tells when the access token ends, and does not tell when the portal's session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SignInState {
    /// Until when it works for certain: the end of the access token. None where it works no more, or never did.
    pub certain_until: Option<Timestamp>,
    /// Whether it is renewed unattended until the portal's session ends.
    pub renewed: bool,
    /// Whether somebody has to sign in: now, or once `certain_until` has passed.
    pub due: bool,
}

impl SignInState {
    /// Whether the next process would have to sign in.
    pub fn is_needed(&self) -> bool {
        self.due && self.certain_until.is_none()
    }
}

/// A start URL without what is copied along with it: `https://corp.awsapps.com/start/#/` and `…/start` are one.
pub fn trimmed(start_url: &str) -> &str {
    start_url.trim().trim_end_matches(['/', '#'])
}

/// The region, or the partition's default region, that a start URL is for; none where it does not say.
///
/// `https://ID.portal.REGION.app.aws`, `https://ID.REGION.portal.amazonaws.com`; the older ones name no more than a partition
/// (AWS CLI 2, `sso/resolve.py`).
pub fn region_in(start_url: &str) -> Option<String> {
    let host = start_url.split_once("://")?.1.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let region = match labels.as_slice() {
        [_, "portal", region, "app", "aws"]
        | [_, "portal", region, "app", "amazonwebservices", ..]
        | [_, region, "portal", "amazonaws", ..] => Some(*region),
        _ => None,
    };
    region.filter(|region| target::looks_like_region(region)).map(str::to_owned)
}

/// The partition that a start URL is for, where it is not the one everybody uses.
fn partition_in(start_url: &str) -> Option<&'static str> {
    let host = start_url.split_once("://")?.1.split(['/', '?', '#']).next()?.to_ascii_lowercase();
    if [".awsapps.cn", ".amazonaws.com.cn", ".app.amazonwebservices.com.cn"].iter().any(|end| host.ends_with(end)) {
        return Some("aws-cn");
    }
    if host.contains("us-gov") {
        return Some("aws-us-gov");
    }
    [".amazonaws.eu", ".amazonwebservices.eu"].iter().any(|end| host.ends_with(end)).then_some("aws-eusc")
}

/// Why a start URL and a region cannot belong together; none where they can.
pub fn contradiction(start_url: &str, region: &str) -> Option<String> {
    let partition = Partition::of_region(region).name;
    match (region_in(start_url), partition_in(start_url)) {
        (Some(named), _) if named != region => {
            Some(format!("the start URL is of `{named}`, and `sso_region` is `{region}`"))
        }
        (None, Some(named)) if named != partition => Some(format!(
            "the start URL is of the partition `{named}`, and `sso_region` is `{region}`, a region of `{partition}`"
        )),
        _ => None,
    }
}

/// The start URL and the region that count for a profile, without what is around the URL; none where one is missing.
pub fn start_of(profiles: &Profiles<'_>, profile: &Profile<'_>) -> Option<(String, String)> {
    let section = match profile.setting("sso_session") {
        Some(session) => Some(profiles.section(SectionKind::SsoSession, &session.value)?),
        None => None,
    };
    let setting = |name: &str| match &section {
        Some(section) => section.setting(name),
        None => profile.setting(name),
    };
    Some((trimmed(&setting("sso_start_url")?.value).to_owned(), setting("sso_region")?.value.into_owned()))
}

/// The Identity Center that a `sso-session` section is about; none where there is no such section.
///
/// # Errors
/// What is missing or wrong in it.
pub fn of_session(
    profiles: &Profiles<'_>,
    env: &Environment,
    files: &FileNames,
    name: &str,
) -> Result<Option<IdentityCenter>, PlanError> {
    let Some(section) = profiles.section(SectionKind::SsoSession, name) else { return Ok(None) };
    let stored = NoKeys;
    let node = Node::without_settings(&Lookup { profiles, stored: &stored, files, env }, name);
    let of_section = Section { name, section: &section, files };
    let (start_url, region) = (of_section.required("sso_start_url")?, of_section.required("sso_region")?);
    let scopes = section.setting("sso_registration_scopes");
    let region = target::checked_region(&region.value).map_err(|problem| of_section.bad(&region, problem))?;
    let center = CenterSettings { session: Some(name.to_owned()), start_url: &start_url.value, region, scopes };
    place(center, &node, &mut Vec::new()).map(Some)
}

/// The Identity Center that a profile is about, whether or not it names an account and a role; none where it is about none.
///
/// # Errors
/// What is missing or wrong.
pub fn of_profile(
    profiles: &Profiles<'_>,
    env: &Environment,
    files: &FileNames,
    name: &str,
) -> Result<Option<IdentityCenter>, PlanError> {
    let stored = NoKeys;
    let lookup = Lookup { profiles, stored: &stored, files, env };
    Node::find(&lookup, name).map_or(Ok(None), |node| of_node(&node, &mut Vec::new()))
}

/// Where no key is looked for.
pub(super) struct NoKeys;

impl crate::chain::request::StoredKeys for NoKeys {
    fn key_of(&self, _: &str) -> Option<crate::credentials::StoredKey> {
        None
    }
}

/// As [`of_profile`]; what has a part in it goes on the list.
pub(super) fn of_node(node: &Node<'_>, used: &mut Vec<Used>) -> Result<Option<IdentityCenter>, PlanError> {
    let (start_url, region) = (node.read("sso_start_url", used), node.read("sso_region", used));
    let Some(session) = node.read("sso_session", used) else {
        let Some(first) = start_url.as_ref().or(region.as_ref()) else { return Ok(None) };
        let missing = |setting| PlanError::IdentityCenterIncomplete {
            profile: node.name.clone(),
            setting,
            place: node.place(first),
        };
        let start_url = start_url.as_ref().ok_or_else(|| missing("sso_start_url"))?;
        let region = region.as_ref().ok_or_else(|| missing("sso_region"))?;
        let center = CenterSettings {
            session: None,
            start_url: &start_url.value,
            region: node.value(region, target::checked_region)?,
            scopes: node.read("sso_registration_scopes", used),
        };
        return place(center, node, used).map(Some);
    };
    let section = node.profiles.section(SectionKind::SsoSession, &session.value);
    let section = section.ok_or_else(|| PlanError::NoSsoSession {
        profile: node.name.clone(),
        name: session.value.to_string(),
        place: node.place(&session),
        nearest: nearest_of(node.profiles.sections(SectionKind::SsoSession).iter().map(String::as_str), &session.value),
    })?;
    let of_section = Section { name: &session.value, section: &section, files: node.files() };
    let (its_url, its_region) = (of_section.required("sso_start_url")?, of_section.required("sso_region")?);
    // As botocore: the settings may be there twice if they agree (`tokens.py`, `_get_sso_config`).
    let differs = [
        start_url.filter(|own| trimmed(&own.value) != trimmed(&its_url.value)),
        region.filter(|own| own.value != its_region.value),
    ];
    if let Some(own) = differs.into_iter().flatten().next() {
        return Err(PlanError::IdentityCenterTwice {
            profile: node.name.clone(),
            setting: own.name.to_string(),
            session: session.value.to_string(),
            place: node.place(&own),
        });
    }
    let region = target::checked_region(&its_region.value).map_err(|problem| of_section.bad(&its_region, problem))?;
    let scopes = section.setting("sso_registration_scopes");
    let center = CenterSettings { session: Some(session.value.to_string()), start_url: &its_url.value, region, scopes };
    place(center, node, used).map(Some)
}

/// A `sso-session` section, for what is wrong with it.
struct Section<'a> {
    name: &'a str,
    section: &'a OtherSection<'a>,
    files: &'a FileNames,
}

impl Section<'_> {
    fn required(&self, setting: &'static str) -> Result<Setting<'_>, PlanError> {
        let place = || self.section.all().first().map(|first| self.place(first));
        self.section.setting(setting).ok_or_else(|| PlanError::SsoSessionIncomplete {
            session: self.name.to_owned(),
            setting,
            place: place(),
        })
    }

    fn bad(&self, setting: &Setting<'_>, problem: String) -> PlanError {
        PlanError::BadSsoSession {
            session: self.name.to_owned(),
            setting: setting.name.to_string(),
            problem,
            place: self.place(setting),
        }
    }

    fn place(&self, setting: &Setting<'_>) -> Place {
        self.files.place_of(setting)
    }
}

/// What is written of an Identity Center.
struct CenterSettings<'a> {
    session: Option<String>,
    start_url: &'a str,
    region: String,
    scopes: Option<Setting<'a>>,
}

/// Adds where its services are: configured endpoints as the SDKs read them, else the region's.
fn place(written: CenterSettings<'_>, node: &Node<'_>, used: &mut Vec<Used>) -> Result<IdentityCenter, PlanError> {
    let CenterSettings { session, start_url, region, scopes } = written;
    let inputs = TargetInputs { profiles: node.profiles, env: node.env, arns: &[] };
    let hosts = target::variants(node, &inputs, used)?;
    let (oidc, portal) = match hosts.ignores_configured {
        true => (None, None),
        false => (
            target::endpoint(node, &inputs, "sso_oidc", vars::AWS_ENDPOINT_URL_SSO_OIDC, used)?,
            target::endpoint(node, &inputs, "sso", vars::AWS_ENDPOINT_URL_SSO, used)?,
        ),
    };
    let is_elsewhere = oidc.is_some() || portal.is_some();
    let of_region = |service: &str| format!("https://{}", regional(service, &region, hosts.fips, hosts.dual_stack));
    let without_slash = |url: String| url.trim_end_matches('/').to_owned();
    let mut scopes: Vec<String> = scopes.map_or_else(Vec::new, |scopes| {
        scopes.value.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect()
    });
    if scopes.is_empty() {
        scopes.push(SCOPE.to_owned());
    }
    sorted::sort(&mut scopes);
    Ok(IdentityCenter {
        session,
        start_url: trimmed(start_url).to_owned(),
        written_start_url: start_url.to_owned(),
        scopes,
        oidc: oidc.map_or_else(|| of_region("oidc"), without_slash),
        portal: portal.map_or_else(|| of_region("portal.sso"), without_slash),
        is_elsewhere,
        ca_bundle: target::ca_bundle(node, &inputs, used),
        region,
    })
}
