//! IAM Roles Anywhere: a certificate, exchanged for the credentials of the profile's role.

use super::{Base, BaseSource, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::error::PlanError;
use crate::chain::node::{Node, Trace};
use crate::chain::target::checked_region;
use crate::profile::Setting;

const TRUST_ANCHOR: &str = "keyfob_trust_anchor_arn";
const PROFILE: &str = "keyfob_profile_arn";
const CERTIFICATE: &str = "keyfob_certificate";
const PRIVATE_KEY: &str = "keyfob_private_key";
const NEEDED: [&str; 4] = [TRUST_ANCHOR, PROFILE, CERTIFICATE, PRIVATE_KEY];

pub(super) static KIND: Kind = Kind {
    name: "roles_anywhere",
    // SDKs know none of it.
    settings: &[],
    role: RoleUse::Consumes,
    claim,
};

/// Where a certificate is exchanged, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// `arn:aws:rolesanywhere:…:trust-anchor/…`.
    pub trust_anchor_arn: String,
    /// `arn:aws:rolesanywhere:…:profile/…`.
    pub profile_arn: String,
    /// The trust anchor's.
    pub region: String,
    /// A PEM file: its own certificate, then those that lead to the authority.
    pub certificate: String,
    /// A PEM file.
    pub private_key: String,
}

fn claim(node: &Node<'_>, trace: &mut Trace) -> Result<Option<Lead>, PlanError> {
    let settings = NEEDED.map(|name| node.read(name, &mut trace.used));
    let Some((has, place)) =
        settings.iter().flatten().next().map(|setting| (setting.name.to_string(), node.place(setting)))
    else {
        return Ok(None);
    };
    let missing = |lacks: &'static str| PlanError::Incomplete {
        profile: node.name.clone(),
        has: has.clone(),
        lacks,
        place: place.clone(),
    };
    if node.setting("role_arn").is_none() {
        return Err(missing("role_arn"));
    }
    let lacks = NEEDED.iter().zip(&settings).find(|(_, setting)| setting.is_none());
    let [Some(anchor), Some(profile), Some(certificate), Some(key)] = &settings else {
        return Err(missing(lacks.map_or(TRUST_ANCHOR, |(name, _)| name)));
    };
    let region = node.value(anchor, |arn| region_of(arn, "trust-anchor"))?;
    let of_profile = node.value(profile, |arn| region_of(arn, "profile"))?;
    if of_profile != region {
        return Err(PlanError::BadValue {
            profile: node.name.clone(),
            name: profile.name.to_string(),
            problem: format!(
                "it is in {of_profile}, and the trust anchor in {region}; they must be in the same region"
            ),
            place: node.place(profile),
        });
    }
    let text = |setting: &Setting<'_>| setting.value.to_string();
    let source = Anchor {
        trust_anchor_arn: text(anchor),
        profile_arn: text(profile),
        region,
        certificate: text(certificate),
        private_key: text(key),
    };
    Ok(Some(Lead::Base(Base {
        profile: node.name.clone(),
        kind: KIND.name,
        // Which certificate it is, is found out where the session is made.
        identity: Identity { sort: KIND.name, parts: vec![text(certificate), text(anchor), text(profile)] },
        signs_as: Signs::OwnRole,
        whose: Whose::Role,
        title: format!("certificate in `{}`, through {}", source.certificate, source.trust_anchor_arn),
        sealed_with: SealWith::Default,
        reuse: Reuse::Never,
        source: BaseSource::RolesAnywhere(source),
    })))
}

/// The region in an ARN of Roles Anywhere.
fn region_of(arn: &str, kind: &str) -> Result<String, String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "rolesanywhere", region, _, resource]
            if resource.split_once('/').is_some_and(|(sort, id)| sort == kind && !id.is_empty()) =>
        {
            checked_region(region)
        }
        _ => Err(format!(
            "`{arn}` is not an ARN of a {}; expected `arn:aws:rolesanywhere:REGION:123456789012:{kind}/ID`",
            kind.replace('-', " ")
        )),
    }
}
