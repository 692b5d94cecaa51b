//! The walk from the requested profile to its base: which roles lie between, and where the chain starts.
//!
//! Pure. Follows AWS's reference (smithy-rs, `aws-config/src/profile/credentials/repr.rs`); what makes a base is asked of the
//! registry.

use crate::chain::base::{Base, Kind, Lead, RoleUse, Signs, key, settings_for_sdks};
use crate::chain::error::PlanError;
use crate::chain::nearest::nearest;
use crate::chain::node::{Lookup, Node, Trace};
use crate::chain::reason::Reason;
use crate::chain::request::{Place, Used};
use crate::process_line::{keyfob_profile_of, options_of};
use crate::profile::{Setting, known};

/// Longest chain of profiles that is followed.
const MOST_PROFILES: usize = 50;

/// What the walk found.
pub(super) struct Walk<'p> {
    /// Every profile met, the requested one first, the base last.
    pub(super) nodes: Vec<Node<'p>>,
    /// Indexes into `nodes` of those whose role is assumed, in the order of the calls.
    pub(super) roles: Vec<usize>,
    pub(super) base: Base,
    pub(super) used: Vec<Used>,
    pub(super) notes: Vec<Reason>,
}

impl<'p> Walk<'p> {
    pub(super) fn requested(&self) -> &Node<'p> {
        self.nodes.first().expect("a walk starts at the requested profile")
    }

    /// The profile that has the base.
    pub(super) fn base_node(&self) -> &Node<'p> {
        self.nodes.last().expect("a walk ends at a base")
    }

    /// Those whose roles are assumed, in the order of the calls.
    pub(super) fn role_nodes(&self) -> impl Iterator<Item = &Node<'p>> {
        self.roles.iter().map(|index| &self.nodes[*index])
    }
}

/// Walks from `requested` to its base, which is one of these kinds.
///
/// # Errors
/// Whatever keeps the walk from ending at a base; each has its own [`PlanError`].
pub(super) fn walk<'p>(kinds: &[&Kind], lookup: &Lookup<'p>, requested: &str) -> Result<Walk<'p>, PlanError> {
    let mut trace = Trace::default();
    let mut nodes: Vec<Node<'p>> = Vec::new();
    let mut node = Node::find(lookup, requested).ok_or_else(|| PlanError::NoSuchProfile {
        name: requested.to_owned(),
        nearest: nearest(lookup.profiles, requested),
    })?;
    loop {
        let lead = lead(kinds, &node, nodes.len(), &mut trace)?;
        nodes.push(node);
        match lead {
            Lead::Base(base) => {
                if base.signs_as == Signs::OwnRole {
                    trace.roles.push(nodes.len() - 1);
                }
                trace.roles.reverse();
                let Trace { roles, used, notes } = trace;
                return Ok(Walk { nodes, roles, base, used, notes });
            }
            Lead::Profile { name, setting, place } => {
                if let Some(start) = nodes.iter().position(|node| node.name == name) {
                    let mut names: Vec<String> = nodes[start..].iter().map(|node| node.name.clone()).collect();
                    names.push(name);
                    return Err(PlanError::Loop(names));
                }
                if nodes.len() > MOST_PROFILES {
                    return Err(PlanError::TooLong(requested.to_owned()));
                }
                let from = nodes.last().map(|node| node.name.clone()).unwrap_or_default();
                node = Node::find(lookup, &name).ok_or_else(|| PlanError::MissingSource {
                    nearest: nearest(lookup.profiles, &name),
                    name,
                    from,
                    setting,
                    place,
                })?;
            }
        }
    }
}

/// Where `node`, the `index`th of a walk, leads.
///
/// # Errors
/// As [`walk`].
pub(super) fn lead(kinds: &[&Kind], node: &Node<'_>, index: usize, trace: &mut Trace) -> Result<Lead, PlanError> {
    // Whatever the profile's base is.
    if let Some(process) = node.setting("credential_process").filter(|process| process.value.contains(" -"))
        && keyfob_profile_of(&process.value).is_some()
    {
        let options = options_of(&process.value);
        if !options.is_empty() {
            trace.notes.push(Reason::LinkOptions { profile: node.name.clone(), options });
        }
    }
    if index > 0 && key::is_there(node) {
        if let Some(role) = node.setting("role_arn") {
            trace.notes.push(Reason::KeyEndsWalk { profile: node.name.clone(), role_arn: role.value.to_string() });
        }
        if let Some(base) = key::own(node, trace) {
            return Ok(Lead::Base(base));
        }
    }
    match node.read("role_arn", &mut trace.used) {
        Some(role) => lead_of_role(kinds, node, &role, index, trace),
        None => lead_without_role(kinds, node, trace),
    }
}

fn lead_of_role(
    kinds: &[&Kind],
    node: &Node<'_>,
    role: &Setting<'_>,
    index: usize,
    trace: &mut Trace,
) -> Result<Lead, PlanError> {
    if let Some(lead) = claimed(kinds, &[RoleUse::Consumes], node, trace)? {
        return Ok(lead);
    }
    let source = match (node.read("source_profile", &mut trace.used), node.setting("credential_source")) {
        (Some(_), Some(source)) => {
            return Err(PlanError::TwoSources { profile: node.name.clone(), place: node.place(&source) });
        }
        (Some(source), None) => source,
        (None, _) => {
            trace.roles.push(index);
            return claimed(kinds, &[RoleUse::Beside], node, trace)?.ok_or_else(|| PlanError::RoleWithoutSource {
                profile: node.name.clone(),
                place: node.place(role),
                own_key: key::is_there(node),
            });
        }
    };
    trace.roles.push(index);
    if source.value != node.name.as_str() {
        if key::is_there(node) {
            let (profile, source) = (node.name.clone(), source.value.to_string());
            trace.notes.push(Reason::OwnKeyNotUsed { profile, source });
        }
        return Ok(Lead::to(node, &source));
    }
    // A role that is its own source: the reference takes a process before keys, in whichever file these are.
    let kinds: Vec<&Kind> =
        kinds.iter().copied().filter(|kind| !std::ptr::eq(*kind, &raw const key::CREDENTIALS_FILE)).collect();
    claimed(&kinds, &[RoleUse::Apart], node, trace)?.ok_or_else(|| {
        key::incomplete(node).unwrap_or_else(|| PlanError::SelfSourceWithoutKey {
            profile: node.name.clone(),
            place: node.place(&source),
        })
    })
}

fn lead_without_role(kinds: &[&Kind], node: &Node<'_>, trace: &mut Trace) -> Result<Lead, PlanError> {
    // One that consumes a role says what is wrong without one.
    if let Some(lead) = claimed(kinds, &[RoleUse::Consumes, RoleUse::Apart], node, trace)? {
        return Ok(lead);
    }
    if let Some(error) = key::incomplete(node) {
        return Err(error);
    }
    if let Some(source) = node.read("source_profile", &mut trace.used)
        && source.value != node.name.as_str()
    {
        trace.notes.push(Reason::Alias { profile: node.name.clone(), next: source.value.to_string() });
        return Ok(Lead::to(node, &source));
    }
    if let Some(lead) = claimed(kinds, &[RoleUse::Beside], node, trace)? {
        return Ok(lead);
    }
    Err(match node.setting("credential_process") {
        Some(process) => PlanError::LinkedToNothing { profile: node.name.clone(), place: node.place(&process) },
        None => PlanError::NoCredentials { profile: node.name.clone(), misspelt: misspelt(node) },
    })
}

/// The first setting that is nearly called as one that leads to credentials, and what that one is called.
fn misspelt(node: &Node<'_>) -> Option<(Place, String)> {
    let leading = settings_for_sdks();
    node.settings().find_map(|setting| {
        let right = known::nearest(&setting.name).filter(|right| leading.contains(&right.as_str()))?;
        Some((node.place(&setting), right))
    })
}

/// The first claim of a kind that uses the role in one of these ways.
fn claimed(kinds: &[&Kind], uses: &[RoleUse], node: &Node<'_>, trace: &mut Trace) -> Result<Option<Lead>, PlanError> {
    for kind in kinds.iter().filter(|kind| uses.contains(&kind.role)) {
        if let Some(lead) = (kind.claim)(node, trace)? {
            return Ok(Some(lead));
        }
    }
    Ok(None)
}
