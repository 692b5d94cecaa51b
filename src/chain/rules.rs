//! The rules that turn a walk into a plan: which device, session or not, how long each hop, and why.
//!
//! Pure; the one place these decisions are made.

use crate::chain::device::{self, Device};
use crate::chain::error::PlanError;
use crate::chain::reason::KeyItselfBecause;
use crate::chain::target::{self, Surroundings};
use crate::chain::values::{self, HOUR, LONGEST_ROLE, LONGEST_SESSION, SHORTEST, SessionMode};
use crate::chain::walk::{self, Node, Walk, World};
use crate::chain::{
    AskedBy, Base, Hop, Mfa, Plan, Reason, Request, SessionStep, SpentIn, StoredKeys, Used, outer_chain,
};
use crate::profile::{Profiles, Setting};
use crate::sys::env::Environment;

/// Plans how the credentials of the asked profile are made. Nothing is read, asked or sent.
///
/// The walk to the base follows AWS's reference; sessions, codes and durations are keyfob's own rules, and each
/// decision leaves its [`Reason`] in the plan. Profiles beyond the base, and roles the base names, are not looked at,
/// so a mistake there is no error here.
///
/// # Errors
/// Whatever keeps credentials from being made (exit 6), and a `--duration` that cannot be had (exit 2).
pub fn plan(
    profiles: &Profiles<'_>,
    stored: &dyn StoredKeys,
    env: &Environment,
    request: &Request,
) -> Result<Plan, PlanError> {
    refuse_what_waits_for_us(std::slice::from_ref(&request.profile), env)?;
    let world = World { profiles, stored, files: &request.files };
    let mut walk = walk::walk(&world, &request.profile)?;
    let names: Vec<String> = walk.nodes.iter().map(|node| node.name.clone()).collect();
    refuse_what_waits_for_us(&names, env)?;

    let mut used = std::mem::take(&mut walk.used);
    let mut notes = std::mem::take(&mut walk.notes);
    let mut maker = Maker { walk: &walk, request, used: &mut used, notes: &mut notes };
    let made = maker.make()?;

    let arns: Vec<String> = (made.hops.iter().map(|hop| hop.role_arn.clone()))
        .chain(made.mfa.iter().map(|mfa| mfa.serial.clone()))
        .chain(walk.key.user_arn().map(str::to_owned))
        .collect();
    let around = Surroundings { profiles, env, arns: &arns };
    let target = target::target(walk.asked(), &around, &mut used, &mut notes)?;
    let base_target = if walk.nodes.len() == 1 {
        target.clone()
    } else if made.session.is_some() {
        target::target(walk.base(), &around, &mut used, &mut notes)?
    } else {
        // No call goes there, so nothing that decides it has a part in the plan.
        target::target(walk.base(), &around, &mut Vec::new(), &mut Vec::new())?
    };
    let base = Base { profile: walk.base().name.clone(), key: walk.key.clone(), target: base_target };
    let Made { mfa, session, hops, mfa_max_age_seconds } = made;
    let profile = request.profile.clone();
    used.sort_by_key(|setting| names.iter().position(|name| *name == setting.profile));
    Ok(Plan { profile, base, mfa, session, hops, target, mfa_max_age_seconds, walk: names, used, notes })
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

/// What [`Maker::make`] decides.
struct Made {
    mfa: Option<Mfa>,
    session: Option<SessionStep>,
    hops: Vec<Hop>,
    mfa_max_age_seconds: Option<u32>,
}

/// What the decisions are made from, and where they leave their traces.
struct Maker<'a, 'p> {
    walk: &'a Walk<'p>,
    request: &'a Request,
    used: &'a mut Vec<Used>,
    notes: &'a mut Vec<Reason>,
}

impl<'a, 'p> Maker<'a, 'p> {
    fn make(&mut self) -> Result<Made, PlanError> {
        let device = device::find(self.walk, self.request, self.used, self.notes)?;
        let made = match self.walk.role_nodes().next() {
            None => self.without_roles(device)?,
            Some(first) => self.with_roles(first, device)?,
        };
        if made.mfa_max_age_seconds.is_some() && !(made.mfa.is_some() && made.session.is_some()) {
            self.notes.push(Reason::MaxAgeNotUsed { profile: self.walk.asked().name.clone() });
        }
        Ok(made)
    }

    /// The base's own credentials: `keyfob_session` decides whether a session or the key itself.
    fn without_roles(&mut self, device: Option<Device>) -> Result<Made, PlanError> {
        let mode = match self.asked_or_base("keyfob_session") {
            Some((node, setting)) => Some(node.value(&setting, values::session_mode)?),
            None => None,
        };
        let itself = match (self.request.no_session, mode.unwrap_or(SessionMode::Always), &device) {
            (true, _, _) => Some(KeyItselfBecause::Option),
            (false, SessionMode::Never, _) => Some(KeyItselfBecause::Never),
            (false, SessionMode::Mfa, None) => Some(KeyItselfBecause::NoDevice),
            (false, SessionMode::Mfa, Some(_)) | (false, SessionMode::Always, _) => None,
        };
        let mfa_max_age_seconds = self.max_age()?;
        if let Some(because) = itself {
            if self.request.duration_seconds.is_some() {
                return Err(PlanError::DurationOfKey { profile: self.walk.base().name.clone() });
            }
            self.notes.push(Reason::KeyItself { because, device: device.map(|device| device.serial) });
            return Ok(Made { mfa: None, session: None, hops: Vec::new(), mfa_max_age_seconds });
        }
        let reason = if mode == Some(SessionMode::Mfa) { Reason::SessionForMfa } else { Reason::SessionAlways };
        let asked = self.asked_or_base("duration_seconds");
        let session = self.session(reason, asked, self.request.duration_seconds)?;
        if device.is_none() {
            self.notes.push(Reason::SessionWithoutMfa { profile: self.walk.base().name.clone() });
        }
        let mfa = device.map(|device| device.spent_in(SpentIn::Session));
        Ok(Made { mfa, session: Some(session), hops: Vec::new(), mfa_max_age_seconds })
    }

    /// A chain of roles: where the code is spent, and how long each hop lives.
    fn with_roles(&mut self, first: &Node<'_>, device: Option<Device>) -> Result<Made, PlanError> {
        let walk = self.walk;
        if walk.key.is_root() {
            return Err(PlanError::RootCannotAssumeRole { profile: walk.base().name.clone() });
        }
        let asked = self.hop_durations()?;
        let first_asked = asked.first().copied().flatten().map_or(HOUR, |(seconds, _)| seconds);
        let spent_in = if self.request.no_session || first_asked > HOUR { SpentIn::Hop } else { SpentIn::Session };
        let session = match (&device, spent_in) {
            (None, _) => {
                self.notes.push(Reason::KeySignsFirstHop);
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
                let base = walk.base();
                let duration = match base.setting("role_arn") {
                    Some(_) => None,
                    None => base.read("duration_seconds", self.used).map(|setting| (base, setting)),
                };
                Some(self.session(Reason::SessionShared, duration, None)?)
            }
        };
        let mut hops: Vec<Hop> = Vec::new();
        for (node, asked) in walk.role_nodes().zip(asked) {
            let signed_by = match (hops.last(), &session) {
                (Some(hop), _) => Some(hop.profile.clone()),
                (None, Some(_)) => Some(walk.base().name.clone()),
                (None, None) => None,
            };
            hops.push(self.hop(node, asked, signed_by)?);
        }
        for node in &walk.nodes {
            if node.setting("role_arn").is_some() && node.setting("keyfob_session").is_some() {
                self.notes.push(Reason::SessionSettingNotUsed { profile: node.name.clone() });
            }
        }
        let mfa = device.map(|device| device.spent_in(spent_in));
        Ok(Made { mfa, session, hops, mfa_max_age_seconds: self.max_age()? })
    }

    /// What is asked for each hop, in the order of the calls. `--duration` is for the last.
    fn hop_durations(&mut self) -> Result<Vec<Option<(u32, AskedBy)>>, PlanError> {
        let walk = self.walk;
        let mut durations = Vec::with_capacity(walk.roles.len());
        for (index, node) in walk.role_nodes().enumerate() {
            durations.push(match (self.request.duration_seconds, index + 1 == walk.roles.len()) {
                (Some(asked), true) => {
                    Some((option_in_range(asked, LONGEST_ROLE, "a role's session")?, AskedBy::Option))
                }
                (_, _) => match node.read("duration_seconds", self.used) {
                    Some(setting) => {
                        let read = |text: &str| values::duration_seconds(text, LONGEST_ROLE);
                        Some((node.value(&setting, read)?, AskedBy::Setting))
                    }
                    None => None,
                },
            });
        }
        Ok(durations)
    }

    /// One hop; `signed_by` names whose session signs it, none where the access key does.
    fn hop(
        &mut self,
        node: &Node<'_>,
        asked: Option<(u32, AskedBy)>,
        signed_by: Option<String>,
    ) -> Result<Hop, PlanError> {
        let profile = node.name.clone();
        let (duration_seconds, reason) = match (asked, signed_by) {
            (None, _) => (HOUR, Reason::NothingAsked),
            (Some((asked, AskedBy::Option)), Some(signed_by)) if asked > HOUR => {
                return Err(PlanError::DurationChained { asked, profile, signed_by });
            }
            (Some((asked, AskedBy::Setting)), Some(signed_by)) if asked > HOUR => {
                (HOUR, Reason::ChainingCap { asked, signed_by })
            }
            (Some((asked, by)), _) => (asked, Reason::AsAsked(by)),
        };
        let hop = Hop {
            profile,
            role_arn: self.setting(node, "role_arn", values::role_arn)?.unwrap_or_default(),
            duration_asked: asked.map(|(seconds, _)| seconds),
            duration_seconds,
            reason,
            role_session_name: self.setting(node, "role_session_name", values::session_name)?,
            external_id: self.setting(node, "external_id", values::external_id)?,
            tags: self.setting(node, "session_tags", values::session_tags)?.unwrap_or_default(),
            transitive_tag_keys: self
                .setting(node, "transitive_session_tags", values::transitive_tag_keys)?
                .unwrap_or_default(),
            source_identity: self.setting(node, "source_identity", values::session_name)?,
            policy: self.setting(node, "policy", values::policy)?,
            policy_arns: Vec::new(),
        };
        let room = |text: &str| values::policy_arns(text, hop.policy.as_deref());
        let policy_arns = self.setting(node, "policy_arns", room)?.unwrap_or_default();
        Ok(Hop { policy_arns, ..hop })
    }

    /// A GetSessionToken step: `option` is `--duration`, `setting` a `duration_seconds`, else keyfob's own setting.
    fn session(
        &mut self,
        reason: Reason,
        setting: Option<(&Node<'_>, Setting<'_>)>,
        option: Option<u32>,
    ) -> Result<SessionStep, PlanError> {
        let root = self.walk.key.is_root();
        let most = if root { HOUR } else { LONGEST_SESSION };
        let asked = match (option, setting) {
            (Some(asked), _) => option_in_range(asked, most, if root { "a root user's session" } else { "a session" })?,
            (None, Some((node, setting))) => {
                node.value(&setting, |text| values::duration_seconds(text, LONGEST_SESSION))?
            }
            (None, None) => match self.request.session_duration_seconds {
                asked if (SHORTEST..=LONGEST_SESSION).contains(&asked) => asked,
                asked => return Err(PlanError::BadSessionDuration(asked)),
            },
        };
        if asked > most {
            self.notes.push(Reason::RootSessionCap { asked });
        }
        Ok(SessionStep { duration_seconds: asked.min(most), reason })
    }

    fn max_age(&mut self) -> Result<Option<u32>, PlanError> {
        self.setting(self.walk.asked(), "keyfob_mfa_max_age", values::max_age)
    }

    /// A setting of the asked profile, else of the base; not one that belongs to a role the base names.
    fn asked_or_base(&mut self, name: &str) -> Option<(&'a Node<'p>, Setting<'a>)> {
        let walk = self.walk;
        let base = Some(walk.base()).filter(|base| base.setting("role_arn").is_none());
        [Some(walk.asked()), base].into_iter().flatten().find_map(|node| Some((node, node.read(name, self.used)?)))
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

/// `--duration`, where AWS could give it.
fn option_in_range(asked: u32, most: u32, what: &'static str) -> Result<u32, PlanError> {
    if (SHORTEST..=most).contains(&asked) {
        Ok(asked)
    } else {
        Err(PlanError::DurationOutOfRange { asked, most, what })
    }
}
