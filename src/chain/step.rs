//! The plan: steps that own their data, each with the reason for it. Pure.

use crate::chain::base::{Base, Signs};
use crate::chain::error::{PlanError, TargetError};
use crate::chain::layer::{Narrowed, NarrowedBy};
use crate::chain::reason::Reason;
use crate::chain::request::Used;
use crate::chain::target::Target;
use crate::sys::env::{Environment, vars};

/// How a profile's credentials will be made.
///
/// What changes the credentials is in `base`, `mfa` (the serial and where its code is spent), `steps` and `base_target`; the
/// rest is for people and for the programs started on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The requested profile.
    pub profile: String,
    /// Where the chain starts.
    pub base: Base,
    /// What is done after the base's credentials are there, first to last. Empty if they are issued as they are.
    pub steps: Vec<Step>,
    /// The MFA device, if one is used.
    pub mfa: Option<Mfa>,
    /// Where calls of the base's own user go, or why nowhere: no error for a plan that makes none.
    pub base_target: Result<Target, TargetError>,
    /// How the credentials are narrowed, if they are.
    pub narrowed: Option<Narrowed>,
    /// `keyfob_mfa_max_age` of the requested profile, seconds.
    pub mfa_max_age_seconds: Option<u32>,
    /// Every profile met, the requested one first, the base last.
    pub walk: Vec<String>,
    /// Every setting that had a part in it, in the order of the walk.
    pub used: Vec<Used>,
    /// What else was decided, or noted and not used.
    pub notes: Vec<Reason>,
}

/// One step, with all that changes its credentials, so that a cache can name them by it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a plan has a handful of them")]
pub enum Step {
    /// The base's own credentials, if they are cached; never those of a key.
    Base,
    /// GetSessionToken.
    SessionToken(SessionStep),
    /// AssumeRole.
    AssumeRole(Hop),
    /// GetScopedCredentials.
    Scoped(ScopedStep),
    /// GetFederationToken.
    Federation(FederationStep),
}

impl Step {
    /// The hop, of an AssumeRole.
    pub fn hop(&self) -> Option<&Hop> {
        match self {
            Step::AssumeRole(hop) => Some(hop),
            Step::Base | Step::SessionToken(_) | Step::Scoped(_) | Step::Federation(_) => None,
        }
    }

    /// Where its call goes; none for a base, which makes its own.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Step::Base => None,
            Step::SessionToken(session) => Some(&session.target),
            Step::AssumeRole(hop) => Some(&hop.target),
            Step::Scoped(scoped) => Some(&scoped.target),
            Step::Federation(federation) => Some(&federation.target),
        }
    }
}

impl Plan {
    /// The GetSessionToken step, if there is one.
    pub fn session(&self) -> Option<&SessionStep> {
        self.steps.iter().find_map(|step| match step {
            Step::SessionToken(session) => Some(session),
            Step::Base | Step::AssumeRole(_) | Step::Scoped(_) | Step::Federation(_) => None,
        })
    }

    /// Each AssumeRole, first to last.
    pub fn hops(&self) -> impl DoubleEndedIterator<Item = &Hop> + Clone {
        self.steps.iter().filter_map(Step::hop)
    }

    /// Whether it is a session of the key itself that is made without a code: AWS refuses it every IAM call, and of STS all but
    /// AssumeRole and GetCallerIdentity (STS API, GetSessionToken).
    pub fn is_session_without_mfa(&self) -> bool {
        !self.has_hops() && self.session().is_some() && self.mfa.is_none()
    }

    /// Whether it assumes a role.
    pub fn has_hops(&self) -> bool {
        self.hops().next().is_some()
    }

    /// How long its credentials last once they are made, seconds; none if the base decides that.
    pub fn life_seconds(&self) -> Option<u32> {
        // What GetScopedCredentials gives ends with what it is made from.
        match self.steps.iter().rfind(|step| !matches!(step, Step::Scoped(_)))? {
            Step::Base | Step::Scoped(_) => None,
            Step::SessionToken(session) => Some(session.duration_seconds),
            Step::AssumeRole(hop) => Some(hop.duration_seconds),
            Step::Federation(federation) => Some(federation.duration_seconds),
        }
    }

    /// Whether GetFederationToken can take the place of a GetScopedCredentials that AWS does not know: it would carry no MFA,
    /// and takes one policy.
    pub fn may_federate(&self) -> bool {
        let Base { signs_as, .. } = self.base;
        let is_scoped = self.narrowed.as_ref().is_some_and(|narrowed| narrowed.by == NarrowedBy::Scoped);
        is_scoped
            && signs_as == Signs::Key
            && !self.base.is_root()
            && self.mfa.is_none()
            && self.steps.len() == 2
            && !self.has_hops()
    }

    /// Where calls of the base's own user go.
    ///
    /// # Errors
    /// A region or endpoint that cannot be used.
    pub fn base_target(&self) -> Result<&Target, PlanError> {
        self.base_target.as_ref().map_err(|error| PlanError::Target(error.clone()))
    }

    /// The region of the last call, else the base's; none if that cannot be used.
    pub fn region(&self) -> Option<&str> {
        let last = self.steps.last().and_then(Step::target).or(self.base_target.as_ref().ok());
        last.map(|target| target.region.as_str())
    }

    /// What `KEYFOB_CHAIN` is for a program started on behalf of this plan: the profiles that were being resolved
    /// already, then this plan's own.
    pub fn chain_for_programs(&self, env: &Environment) -> Vec<String> {
        let mut chain: Vec<String> = outer_chain(env).map(str::to_owned).collect();
        chain.extend(self.walk.iter().cloned());
        chain
    }

    /// Every reason, in the order things happen: each step's, then the notes.
    pub fn reasons(&self) -> impl Iterator<Item = &Reason> {
        let of_step = |step| match step {
            &(Step::Base | Step::Scoped(_) | Step::Federation(_)) => None,
            Step::SessionToken(session) => Some(&session.reason),
            Step::AssumeRole(hop) => Some(&hop.reason),
        };
        self.steps.iter().filter_map(of_step).chain(&self.notes)
    }
}

/// The profiles that outer keyfobs are resolving right now.
pub(super) fn outer_chain(env: &Environment) -> impl Iterator<Item = &str> {
    env.get(vars::KEYFOB_CHAIN).unwrap_or_default().split(',').filter(|name| !name.is_empty())
}

/// The MFA device of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mfa {
    /// Serial number or ARN.
    pub serial: String,
    /// The profile that names it.
    pub profile: String,
    /// `mfa_process`, where a profile names one.
    pub process: Option<String>,
    /// Where its code is spent.
    pub spent_in: SpentIn,
}

/// Where a code is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpentIn {
    /// In GetSessionToken.
    Session,
    /// In the first hop.
    Hop,
}

/// A GetSessionToken step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStep {
    /// 900 to 129,600.
    pub duration_seconds: u32,
    /// Where the call goes: what the base's profile says.
    pub target: Target,
    /// Why it is made.
    pub reason: Reason,
}

/// One GetScopedCredentials: what the step before gives, with fewer rights, until the same end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopedStep {
    /// An inline session policy, at most 2,048 characters.
    pub policy: String,
    /// Where the call goes.
    pub target: Target,
}

/// A GetFederationToken: the user's own rights, as far as the policies grant them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationStep {
    /// 900 to 129,600.
    pub duration_seconds: u32,
    /// An inline session policy.
    pub policy: Option<String>,
    /// ARNs of managed ones.
    pub policy_arns: Vec<String>,
    /// Where the call goes.
    pub target: Target,
}

/// One AssumeRole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The profile that names the role; the requested one, where an option does.
    pub profile: String,
    /// Whether `--role` names it, and nothing in a file.
    pub is_ad_hoc: bool,
    /// The role.
    pub role_arn: String,
    /// Where the call goes: what the requested profile says.
    pub target: Target,
    /// What the profile or `--duration` asks for; `None` asks for nothing.
    pub duration_asked: Option<u32>,
    /// What is sent, 900 to 43,200.
    pub duration_seconds: u32,
    /// Why that much.
    pub reason: Reason,
    /// `role_session_name`, else one made when the call is.
    pub role_session_name: Option<String>,
    /// `external_id`.
    pub external_id: Option<String>,
    /// `session_tags`.
    pub tags: Vec<(String, String)>,
    /// `transitive_session_tags`.
    pub transitive_tag_keys: Vec<String>,
    /// `source_identity`.
    pub source_identity: Option<String>,
    /// `policy`: an inline session policy.
    pub policy: Option<String>,
    /// `policy_arns`.
    pub policy_arns: Vec<String>,
}

impl Hop {
    /// Whether less is sent than was asked for.
    pub fn capped(&self) -> bool {
        self.duration_asked.is_some_and(|asked| asked > self.duration_seconds)
    }
}
