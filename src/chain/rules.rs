//! The rules that turn a walk into a plan: which device, session or not, how long each hop, and why.
//!
//! Pure; the one place these decisions are made.

mod durations;
mod hops;
mod narrowing;

use crate::chain::base::{KINDS, Kind, Reuse, SealWith, Signs};
use crate::chain::device::{self, Device};
use crate::chain::error::{CannotNarrow, PlanError, TargetError};
use crate::chain::layer::Narrowed;
use crate::chain::node::{Lookup, Node};
use crate::chain::reason::{KeyItselfBecause, Reason};
use crate::chain::request::{Request, StoredKeys, Used};
use crate::chain::step::{Mfa, Plan, SessionStep, SpentIn, Step, outer_chain};
use crate::chain::target::{self, Target, TargetInputs};
use crate::chain::values::{self, HOUR, SessionMode};
use crate::chain::walk::{self, Walk};
use crate::profile::{Profiles, Setting};
use crate::sorted;
use crate::sys::env::Environment;

/// Plans how the credentials of the asked profile are made. Nothing is read, asked or sent.
///
/// The walk to the base follows AWS's reference; sessions, codes and durations are keyfob's own rules, and each
/// decision leaves its [`Reason`] in the plan. Profiles beyond the base, and roles the base names, are not looked at,
/// so a mistake there is not an error here.
///
/// # Errors
/// Whatever keeps credentials from being made (exit 6), and a `--duration` that is not possible (exit 2).
pub fn plan(
    profiles: &Profiles<'_>,
    stored: &dyn StoredKeys,
    env: &Environment,
    request: &Request,
) -> Result<Plan, PlanError> {
    plan_of(KINDS, profiles, stored, env, request)
}

/// As [`plan`], over these kinds of bases.
pub(super) fn plan_of(
    kinds: &[&Kind],
    profiles: &Profiles<'_>,
    stored: &dyn StoredKeys,
    env: &Environment,
    request: &Request,
) -> Result<Plan, PlanError> {
    refuse_what_waits_for_us(std::slice::from_ref(&request.profile), env)?;
    let lookup = Lookup { profiles, stored, files: &request.files, env };
    let mut walk = walk::walk(kinds, &lookup, &request.profile)?;
    if let Some(error) = walk.base.refusal() {
        return Err(error.clone());
    }
    if let Some(known) = &request.known {
        walk.base.apply(known);
    }
    for node in [walk.nodes.first(), walk.nodes.last()].into_iter().flatten() {
        if let Some(setting) = node.read("keyfob_cache", &mut walk.used)
            && !node.value(&setting, values::is_cached)?
        {
            (walk.base.sealed_with, walk.base.reuse) = (SealWith::Never, Reuse::Never);
        }
    }
    let names: Vec<String> = walk.nodes.iter().map(|node| node.name.clone()).collect();
    refuse_what_waits_for_us(&names, env)?;

    let mut used = std::mem::take(&mut walk.used);
    let mut notes = std::mem::take(&mut walk.notes);
    let mut maker = Maker { walk: &walk, request, profiles, env, used: &mut used, notes: &mut notes };
    let Made { mfa, mut steps, base_target, mfa_max_age_seconds, narrowed } = maker.make()?;
    if walk.base.is_of_other_service() {
        refuse_hosts_of_aws(&walk, &steps, profiles, env)?;
    }
    if walk.base.reuse == Reuse::UntilExpiry {
        steps.insert(0, Step::Base);
    }
    sorted::sort_by_key(&mut used, |setting| names.iter().position(|name| *name == setting.profile));
    let (profile, base) = (request.profile.clone(), walk.base);
    Ok(Plan { profile, base, steps, mfa, base_target, narrowed, mfa_max_age_seconds, walk: names, used, notes })
}

/// Refuses to resolve what an outer keyfob is resolving already: that one would wait for this one, and this one for it.
fn refuse_what_waits_for_us(walk: &[String], env: &Environment) -> Result<(), PlanError> {
    let outer: Vec<&str> = outer_chain(env).collect();
    for (index, name) in walk.iter().enumerate() {
        if let Some(start) = outer.iter().position(|being_resolved| being_resolved == name) {
            let mut cycle: Vec<String> = outer[start..].iter().map(|name| (*name).to_owned()).collect();
            cycle.extend(walk[..=index].iter().cloned());
            return Err(PlanError::AskedByItself(cycle));
        }
    }
    Ok(())
}

/// Refuses a plan that would send the key of another service to AWS, or have an SDK send it there.
fn refuse_hosts_of_aws(
    walk: &Walk<'_>,
    steps: &[Step],
    profiles: &Profiles<'_>,
    env: &Environment,
) -> Result<(), PlanError> {
    let profile = walk.base.profile.clone();
    let is_elsewhere = |target: &Target| target.sts_endpoint.as_deref().is_some_and(target::is_elsewhere);
    let astray = steps.iter().find(|step| step.target().is_some_and(|target| !is_elsewhere(target)));
    if let Some(step) = astray {
        let lacking = if step.hop().is_some() { walk.requested().name.clone() } else { profile.clone() };
        return Err(PlanError::OtherServiceWithoutEndpoint { profile, lacking, service: Some("STS") });
    }
    let named = [walk.requested(), walk.base_node()].map(|node| target::goes_elsewhere(profiles, &node.name, env));
    match steps.is_empty() && !named.contains(&true) {
        true => Err(PlanError::OtherServiceWithoutEndpoint { lacking: profile.clone(), profile, service: None }),
        false => Ok(()),
    }
}

/// What [`Maker::make`] decides.
struct Made {
    mfa: Option<Mfa>,
    steps: Vec<Step>,
    base_target: Result<Target, TargetError>,
    mfa_max_age_seconds: Option<u32>,
    narrowed: Option<Narrowed>,
}

/// What the decisions are made from, and where they leave their traces.
struct Maker<'a, 'p> {
    walk: &'a Walk<'p>,
    request: &'a Request,
    profiles: &'a Profiles<'a>,
    env: &'a Environment,
    used: &'a mut Vec<Used>,
    notes: &'a mut Vec<Reason>,
}

impl<'a, 'p> Maker<'a, 'p> {
    fn make(&mut self) -> Result<Made, PlanError> {
        let device = match self.walk.base.signs_as {
            Signs::Key => device::find(self.walk, self.request, self.used, self.notes),
            Signs::Session | Signs::Unsure | Signs::Output | Signs::OwnRole => {
                device::note_unused(self.walk, self.notes);
                Ok(None)
            }
        };
        let wanted = self.wanted_layers()?;
        let mut made = match (self.walk.role_nodes().next(), &self.request.role) {
            (None, None) => self.without_roles(device, !wanted.is_empty())?,
            (first, _) => self.with_roles(first.unwrap_or(self.walk.requested()), device?)?,
        };
        let narrowed = self.narrow(&mut made, &wanted)?;
        let requested = self.walk.requested();
        let mut mfa_max_age_seconds = None;
        if matches!(made.mfa, Some(Mfa { spent_in: SpentIn::Session, .. })) {
            mfa_max_age_seconds = self.setting(requested, "keyfob_mfa_max_age", values::max_age)?;
        } else if requested.setting("keyfob_mfa_max_age").is_some() {
            self.notes.push(Reason::MaxAgeNotUsed { profile: requested.name.clone() });
        }
        Ok(Made { mfa_max_age_seconds, narrowed, ..made })
    }

    /// The base's own credentials: of a key, `keyfob_session` decides whether it is a session or the key itself. A device
    /// that cannot be used is an error only of a session.
    fn without_roles(
        &mut self,
        device: Result<Option<Device>, PlanError>,
        is_narrowed: bool,
    ) -> Result<Made, PlanError> {
        let profile = &self.walk.base.profile;
        if self.walk.base.signs_as != Signs::Key {
            if self.request.duration_seconds.is_some() {
                return Err(PlanError::DurationOfBase { profile: profile.clone(), kind: self.walk.base.kind });
            }
            return Ok(self.as_they_are());
        }
        let mode = match self.request.no_session {
            true => None,
            false => match self.requested_or_base("keyfob_session") {
                Some((node, setting)) => Some(node.value(&setting, values::session_mode)?),
                None => None,
            },
        };
        // A key of somebody else's making is theirs to hand out.
        let mode = mode.or((!self.walk.base.is_kept_key()).then_some(SessionMode::Mfa));
        let of_other_service = self.walk.base.is_of_other_service();
        let impossible =
            [(self.request.no_session, CannotNarrow::KeyItself), (of_other_service, CannotNarrow::OtherService)];
        if let Some((_, why)) = impossible.into_iter().find(|(applies, _)| *applies && is_narrowed) {
            return Err(self.cannot_narrow(why));
        }
        let itself = match (self.request.no_session, mode, &device) {
            (true, _, _) => Some(KeyItselfBecause::Option),
            (false, Some(SessionMode::Never), _) => Some(KeyItselfBecause::Never),
            (false, None | Some(SessionMode::Mfa), _) if of_other_service => Some(KeyItselfBecause::OtherService),
            (false, Some(SessionMode::Mfa), Ok(None)) => Some(KeyItselfBecause::NoDevice),
            (false, _, _) => None,
        };
        if let Some(because) = itself.filter(|_| !is_narrowed) {
            if self.request.duration_seconds.is_some() {
                return Err(PlanError::DurationOfKey { profile: profile.clone() });
            }
            let device = device.ok().flatten();
            self.notes.push(Reason::KeyItself { because, device: device.map(|device| device.serial) });
            return Ok(self.as_they_are());
        }
        let device = device?;
        let reason = match (itself, mode) {
            (Some(_), _) => Reason::SessionToNarrow,
            (None, Some(SessionMode::Mfa)) => Reason::SessionForMfa,
            (None, _) => Reason::SessionAlways,
        };
        let setting = self.requested_or_base("duration_seconds");
        let duration_seconds = self.session_duration(setting, self.request.duration_seconds)?;
        if device.is_none() {
            self.notes.push(Reason::SessionWithoutMfa { profile: profile.clone() });
        }
        let target = self.target(self.walk.base_node(), device.as_ref())?;
        let session = SessionStep { duration_seconds, target: target.clone(), reason };
        let mfa = device.map(|device| device.spent_in(SpentIn::Session));
        let steps = vec![Step::SessionToken(session)];
        Ok(Made { mfa, steps, base_target: Ok(target), mfa_max_age_seconds: None, narrowed: None })
    }

    /// The base's credentials are issued as they are.
    fn as_they_are(&self) -> Made {
        let base_target = self.unused_base_target(None);
        Made { mfa: None, steps: Vec::new(), base_target, mfa_max_age_seconds: None, narrowed: None }
    }

    /// A chain of roles: where the code is spent, and how long each hop lives.
    fn with_roles(&mut self, first: &Node<'_>, device: Option<Device>) -> Result<Made, PlanError> {
        let walk = self.walk;
        if walk.base.is_root() {
            let by_login = walk.base.login_arn().is_some();
            return Err(PlanError::RootCannotAssumeRole { profile: walk.base.profile.clone(), by_login });
        }
        let asked = self.hop_durations()?;
        let first_asked = asked.first().copied().flatten().map_or(HOUR, |(seconds, _)| seconds);
        let no_session = self.request.no_session
            // GetSessionToken is not a call that another service can be expected to know.
            || (walk.base.is_of_other_service()
                && self.setting(walk.base_node(), "keyfob_session", values::session_mode)? != Some(SessionMode::Always));
        let spent_in = if no_session || first_asked > HOUR { SpentIn::Hop } else { SpentIn::Session };
        let session = match (&device, spent_in) {
            (None, _) => {
                if walk.base.signs_as == Signs::Key {
                    self.notes.push(Reason::KeySignsFirstHop);
                }
                None
            }
            (Some(_), SpentIn::Hop) => {
                self.notes.push(if first_asked > HOUR {
                    Reason::CodeInHopForDuration { profile: first.name.clone(), asked: first_asked }
                } else {
                    Reason::CodeInHopWithoutSession
                });
                None
            }
            (Some(_), SpentIn::Session) => {
                // The base's own setting and nobody else's, so that all profiles over it share one session. Where the
                // base names a role itself, its duration is that role's.
                let base = walk.base_node();
                let duration = match base.setting("role_arn") {
                    Some(_) => None,
                    None => base.read("duration_seconds", self.used).map(|setting| (base, setting)),
                };
                Some(self.session_duration(duration, None)?)
            }
        };
        let target = self.target(walk.requested(), device.as_ref())?;
        let base_target = match (walk.nodes.len(), session) {
            (1, _) => Ok(target.clone()),
            (_, Some(_)) => Ok(self.target(walk.base_node(), device.as_ref())?),
            (_, None) => self.unused_base_target(device.as_ref()),
        };
        let mut steps: Vec<Step> = Vec::new();
        if let (Some(duration_seconds), Ok(target)) = (session, &base_target) {
            let (target, reason) = (target.clone(), Reason::SessionShared);
            steps.push(Step::SessionToken(SessionStep { duration_seconds, target, reason }));
        }
        // Whose session signs the next hop; none while that is a key, or an unsure base.
        let signs_with_session = session.is_some() || matches!(walk.base.signs_as, Signs::Session | Signs::Output);
        let mut signed_by = signs_with_session.then(|| walk.base.profile.clone());
        for (index, (node, asked)) in walk.role_nodes().zip(&asked).enumerate() {
            let over_token = index == 0 && walk.base.signs_as == Signs::OwnRole;
            let role = node.setting("role_arn").map(|role| role.value.into_owned());
            if index == 0 && walk.base.signs_as == Signs::Unsure && self.is_capped(role.as_deref()) {
                signed_by = Some(walk.base.profile.clone());
            }
            steps.push(Step::AssumeRole(self.hop(node, *asked, signed_by, &target, over_token)?));
            signed_by = Some(node.name.clone());
        }
        if let Some(extra) = &self.request.role {
            let arn = extra.role.arn(target.partition());
            if walk.roles.is_empty() && walk.base.signs_as == Signs::Unsure && self.is_capped(Some(&arn)) {
                signed_by = Some(walk.base.profile.clone());
            }
            let asked = asked.last().copied().flatten();
            steps.push(Step::AssumeRole(self.extra_hop(extra, arn, asked, signed_by, &target)?));
        }
        for node in &walk.nodes {
            if node.setting("role_arn").is_some() && node.setting("keyfob_session").is_some() {
                self.notes.push(Reason::SessionSettingNotUsed { profile: node.name.clone() });
            }
        }
        let mfa = device.map(|device| device.spent_in(spent_in));
        Ok(Made { mfa, steps, base_target, mfa_max_age_seconds: None, narrowed: None })
    }

    /// Where the calls of a profile go.
    fn target(&mut self, node: &Node<'_>, device: Option<&Device>) -> Result<Target, TargetError> {
        let arns = self.arns(device);
        let inputs = TargetInputs { profiles: self.profiles, env: self.env, arns: &arns };
        target::target(node, &inputs, self.used, self.notes)
    }

    /// Where calls of the base would go: the plan makes none, so nothing that decides it has a part.
    fn unused_base_target(&self, device: Option<&Device>) -> Result<Target, TargetError> {
        let arns = self.arns(device);
        let inputs = TargetInputs { profiles: self.profiles, env: self.env, arns: &arns };
        target::target(self.walk.base_node(), &inputs, &mut Vec::new(), &mut Vec::new())
    }

    /// The ARNs at hand, from which the partition follows if no region is set.
    fn arns(&self, device: Option<&Device>) -> Vec<String> {
        let roles = self.walk.role_nodes().filter_map(|node| Some(node.setting("role_arn")?.value.into_owned()));
        let extra = self.request.role.iter().map(|extra| extra.role.arn("")).filter(|arn| !arn.starts_with("arn::"));
        let device = device.map(|device| device.serial.clone());
        roles.chain(extra).chain(device).chain(self.walk.base.user_arn().map(str::to_owned)).collect()
    }

    /// Whether AWS has refused more than an hour for the role, over this base.
    fn is_capped(&self, role: Option<&str>) -> bool {
        let known = self.request.known.as_ref();
        known.zip(role).is_some_and(|(known, role)| known.capped_roles.iter().any(|capped| capped == role))
    }

    /// A setting of the requested profile, else of the base; not one that belongs to a role the base names.
    fn requested_or_base(&mut self, name: &str) -> Option<(&'a Node<'p>, Setting<'a>)> {
        let walk = self.walk;
        let base = Some(walk.base_node()).filter(|base| base.setting("role_arn").is_none());
        [Some(walk.requested()), base].into_iter().flatten().find_map(|node| Some((node, node.read(name, self.used)?)))
    }

    fn setting<T>(
        &mut self,
        node: &Node<'_>,
        name: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, PlanError> {
        match node.read(name, self.used) {
            Some(setting) => node.value(&setting, read).map(Some),
            None => Ok(None),
        }
    }
}
