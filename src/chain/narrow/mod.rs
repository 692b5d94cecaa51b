//! Narrowing: session policies that restrict what the issued credentials can do, and which call takes them.
//!
//! Pure. AWS grants what any policy of one call allows, within the rights of the role or user (STS API, AssumeRole,
//! `PolicyArns`), so policies that must all hold go into different calls, or into one document as a Deny.

mod policy;

use std::path::{Path, PathBuf};

use crate::chain::error::{CannotNarrow, PlanError};
use crate::chain::layer::{Layer, Narrowed, NarrowedBy};
use crate::chain::node::Node;
use crate::chain::request::{Place, Used};
use crate::chain::step::{FederationStep, Hop, ScopedStep, Step};
use crate::chain::target::Target;
use crate::chain::values;
use crate::sorted;
use crate::sys::env::{Environment, vars};

/// The most calls of GetScopedCredentials in a row (STS API, GetScopedCredentials: three policies at most).
const MOST_SCOPED: usize = 3;

/// The layer of a policy and of ARNs; none if both are missing.
///
/// # Errors
/// What is wrong with one of them.
pub fn of_policies(policy: Option<&str>, arns: &[String]) -> Result<Option<Layer>, String> {
    if policy.is_none() && arns.is_empty() {
        return Ok(None);
    }
    let policy = policy.map(values::compact_policy).transpose()?;
    let arns = values::policy_arns(&arns.join(","), policy.as_deref())?;
    Ok(Some(Layer::Policies { policy, arns }))
}

/// What the settings of a role say.
fn of_hop(hop: &Hop) -> Option<Layer> {
    let is_set = hop.policy.is_some() || !hop.policy_arns.is_empty();
    is_set.then(|| Layer::Policies { policy: hop.policy.clone(), arns: hop.policy_arns.clone() })
}

/// Reads `KEYFOB_NARROW`.
///
/// # Errors
/// Where it is not what [`Narrowed::variable`] writes.
pub fn inherited(variable: &str) -> Result<Vec<Layer>, String> {
    let layers: Vec<Layer> = serde_json::from_str(variable).map_err(|_| "keyfob did not set it".to_owned())?;
    let is_narrow = |layer: &Layer| match layer {
        Layer::ReadOnly => Ok(true),
        Layer::Policies { policy, arns } => of_policies(policy.as_deref(), arns).map(|layer| layer.is_some()),
    };
    for layer in &layers {
        if !is_narrow(layer)? {
            return Err("one of its layers has no policy".to_owned());
        }
    }
    Ok(layers)
}

/// Reads a policy: a JSON object, or the path of a file with one, absolute or in the home folder.
pub(super) fn read_policy(
    text: &str,
    env: &Environment,
    read: fn(&Path) -> Result<String, String>,
) -> Result<String, String> {
    if text.trim_start().starts_with('{') {
        return values::policy(text);
    }
    let home = env.get_os(vars::HOME).or_else(|| env.get_os(vars::USERPROFILE));
    let path = match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(text),
    };
    if !path.is_absolute() {
        return Err(format!(
            "it is neither a JSON object nor the whole path of a file (`~/` is your home folder): `{text}`"
        ));
    }
    read(&path).and_then(|text| values::compact_policy(&text)).map_err(|problem| format!("`{text}`: {problem}"))
}

/// What of the settings of the requested profile narrows; its role's own policies are its AssumeRole's.
pub(super) fn of_settings(
    node: &Node<'_>,
    has_role: bool,
    read: impl Fn(&str) -> Result<String, String> + Copy,
    used: &mut Vec<Used>,
) -> Result<Vec<Layer>, PlanError> {
    let mut layers = Vec::new();
    if let Some(setting) = node.read("keyfob_read_only", used)
        && node.value(&setting, values::switch)?
    {
        layers.push(Layer::ReadOnly);
    }
    if has_role {
        return Ok(layers);
    }
    let policy = match node.read("keyfob_policy", used) {
        Some(setting) => Some(node.value(&setting, read)?),
        None => None,
    };
    let arns = match node.read("keyfob_policy_arns", used) {
        Some(setting) => node.value(&setting, |text| values::policy_arns(text, policy.as_deref()))?,
        None => Vec::new(),
    };
    if policy.is_some() || !arns.is_empty() {
        layers.push(Layer::Policies { policy, arns });
    }
    Ok(layers)
}

/// What there is beside the last step to narrow with.
pub(super) struct Ways<'a> {
    /// Where a call of GetScopedCredentials goes.
    pub(super) target: &'a Target,
    /// A key without a device, whose user's own rights GetFederationToken narrows: how long that lives, seconds.
    pub(super) federation_seconds: Option<u32>,
    /// Whether AWS has said that it does not know GetScopedCredentials.
    pub(super) is_scoped_unknown: bool,
    /// The setting with the last role's own policies.
    pub(super) own_setting: Option<(String, Place)>,
    /// Whether the call of the last step, if that is a role's, takes policies.
    pub(super) takes_policy: bool,
}

/// Narrows what `steps` lead to, so that each of `wanted` holds.
pub(super) fn narrow(
    steps: &mut Vec<Step>,
    wanted: &[Layer],
    ways: &Ways<'_>,
) -> Result<Option<Narrowed>, CannotNarrow> {
    let mut layers: Vec<Layer> = Vec::new();
    let own = match steps.last() {
        Some(Step::AssumeRole(hop)) => of_hop(hop),
        _ => None,
    };
    layers.extend(own.clone());
    for layer in wanted {
        if !layers.contains(layer) {
            layers.push(layer.clone());
        }
    }
    if layers.is_empty() {
        return Ok(None);
    }
    let mut rest = Rest::of(&layers[usize::from(own.is_some())..]);
    let mut by = NarrowedBy::Policy;
    match steps.last_mut() {
        Some(Step::AssumeRole(_)) if !ways.takes_policy => by = NarrowedBy::Scoped,
        Some(Step::AssumeRole(hop)) if own.is_none() => {
            (hop.policy, hop.policy_arns) = rest.next(hop.target.partition());
        }
        Some(Step::AssumeRole(_)) => {}
        _ => by = NarrowedBy::Scoped,
    }
    let has_arns = rest.policies.iter().any(|(_, arns)| !arns.is_empty());
    if let (Some(duration_seconds), NarrowedBy::Scoped) = (ways.federation_seconds, by)
        && (has_arns || ways.is_scoped_unknown)
    {
        let (policy, policy_arns) = rest.next(ways.target.partition());
        if !rest.is_empty() {
            return Err(CannotNarrow::TooMany);
        }
        let target = ways.target.clone();
        *steps = vec![Step::Federation(FederationStep { duration_seconds, policy, policy_arns, target })];
        return Ok(Some(Narrowed { by: NarrowedBy::Federation, layers }));
    }
    if has_arns {
        return Err(match (&ways.own_setting, by) {
            (Some((name, place)), NarrowedBy::Policy) => {
                CannotNarrow::RoleHasPolicies { name: name.clone(), place: place.clone() }
            }
            (None, NarrowedBy::Policy) => CannotNarrow::TooMany,
            (_, NarrowedBy::Scoped | NarrowedBy::Federation) => CannotNarrow::ManagedWithoutRole,
        });
    }
    let scoped = rest.inline();
    if scoped.len() > MOST_SCOPED {
        return Err(CannotNarrow::TooMany);
    }
    for policy in scoped {
        by = NarrowedBy::Scoped;
        steps.push(Step::Scoped(ScopedStep { policy, target: ways.target.clone() }));
    }
    Ok(Some(Narrowed { by, layers }))
}

/// The layers that no call has taken yet.
struct Rest {
    is_read_only: bool,
    /// Those with managed policies first: fewer calls take them.
    policies: Vec<(Option<String>, Vec<String>)>,
}

impl Rest {
    fn of(layers: &[Layer]) -> Rest {
        let mut policies: Vec<_> = layers
            .iter()
            .filter_map(|layer| match layer {
                Layer::ReadOnly => None,
                Layer::Policies { policy, arns } => Some((policy.clone(), arns.clone())),
            })
            .collect();
        sorted::sort_by_key(&mut policies, |(_, arns)| arns.is_empty());
        Rest { is_read_only: layers.contains(&Layer::ReadOnly), policies }
    }

    fn is_empty(&self) -> bool {
        !self.is_read_only && self.policies.is_empty()
    }

    /// What one call takes that takes managed policies too: the next layer, and read-only with it if both fit.
    fn next(&mut self, partition: &str) -> (Option<String>, Vec<String>) {
        if self.policies.is_empty() {
            return match std::mem::take(&mut self.is_read_only) {
                true => (Some(policy::deny_assume_role()), vec![policy::managed_read_only(partition)]),
                false => (None, Vec::new()),
            };
        }
        let (inline, arns) = self.policies.remove(0);
        let beside = arns.iter().map(|arn| arn.chars().count()).sum();
        (self.and_read_only(inline, beside), arns)
    }

    fn and_read_only(&mut self, inline: Option<String>, beside: usize) -> Option<String> {
        match self.is_read_only.then(|| policy::and_read_only(inline.as_deref(), beside)).flatten() {
            Some(both) => {
                self.is_read_only = false;
                Some(both)
            }
            None => inline,
        }
    }

    /// Each call's policy where each takes one inline policy.
    fn inline(mut self) -> Vec<String> {
        let policies = std::mem::take(&mut self.policies);
        let mut calls: Vec<String> = Vec::new();
        for (inline, _) in policies {
            calls.extend(self.and_read_only(inline, 0));
        }
        if self.is_read_only {
            calls.push(policy::read_only());
        }
        calls
    }
}
