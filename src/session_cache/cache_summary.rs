//! What is cached for a plan, and what the next run of it would need, for `list` and `explain`. Pure.

use serde::Serialize;

use crate::chain::identity_center::SignInState;
use crate::chain::list::CodeDue;
use crate::chain::{Plan, Step};
use crate::session_cache::fresh::Life;
use crate::session_cache::seal::{Header, SessionKind};
use crate::timestamp::Timestamp;

/// What is cached for a plan, and what the next run of it would need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheSummary {
    /// When the cached session of each step ends, in the order of the plan's steps. None if there is none that a run would
    /// use, or if that is not known.
    pub steps: Vec<Option<Timestamp>>,
    /// Whether a run would try to replace the last step's session, though it still works.
    pub renews: bool,
    /// Whether the next run needs an MFA code; none if that is not known.
    pub needs_code: Option<bool>,
    /// Whether the next run needs the base's credentials; none if that is not known.
    pub needs_base: Option<bool>,
    /// From when on a run needs one.
    pub code_due: CodeDue,
    /// How the sessions were found.
    pub known_by: KnownBy,
}

/// How the sessions of a plan were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownBy {
    /// By their names, and opened.
    #[default]
    Checked,
    /// By their clear headers: the sealing key is not at hand.
    Headers,
    /// Not all of them could be told from others.
    Unknown,
}

/// What the cache has for one step of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A session that a run would use.
    Session(Usable),
    Nothing,
    /// A session that may or may not be this step's.
    Unknown,
}

/// A session that works, and that the plan accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usable {
    pub life: Life,
    pub is_fresh: bool,
    /// Until when a failed renewal keeps it from being renewed.
    pub failed_until: Option<Timestamp>,
    /// Until when the plan accepts it, if that is not its end.
    pub accepted_until: Option<Timestamp>,
}

impl Usable {
    /// Until when it can sign the next step.
    fn signs_until(self) -> Timestamp {
        self.accepted_until.map_or(self.life.usable_until(), |until| until.min(self.life.usable_until()))
    }

    /// Until when it is handed out without an attempt to renew it.
    fn served_until(self) -> Timestamp {
        self.failed_until
            .map_or(self.life.fresh_until(), |until| until.max(self.life.fresh_until()))
            .min(self.signs_until())
    }

    fn is_served(self) -> bool {
        self.is_fresh || self.failed_until.is_some()
    }
}

impl CacheSummary {
    /// Whether the next run needs somebody to sign in; none if that is not known.
    pub fn needs_sign_in(&self, sign_in: &SignInState) -> Option<bool> {
        if sign_in.is_needed() { self.needs_base } else { Some(false) }
    }

    /// When the credentials that are cached end.
    pub fn cached_until(&self) -> Option<Timestamp> {
        self.steps.last().copied().flatten()
    }
}

/// What is cached for `plan`: `found` has what there is for each of its steps.
pub fn summary(plan: &Plan, found: &[Found], is_checked: bool, now: Timestamp) -> CacheSummary {
    let until = |found: &Found| match found {
        Found::Session(session) => Some(session.life.expires_at),
        Found::Nothing | Found::Unknown => None,
    };
    let is_unknown = |found: &Found| *found == Found::Unknown;
    let (last, before) = found.split_last().map_or((Found::Nothing, found), |(last, before)| (*last, before));
    let served = match last {
        Found::Session(session) => Some(session.is_served()),
        Found::Nothing => Some(false),
        Found::Unknown => None,
    };
    // A run goes back to the last step that can sign; without one, it makes the first step, which takes the code. What
    // GetScopedCredentials gives ends with its signer, which has to be fresh.
    let signs = |(index, found): (usize, &Found)| match (found, plan.steps.get(index + 1)) {
        (Found::Session(session), Some(Step::Scoped(_))) => session.is_served().then(|| session.served_until()),
        (Found::Session(session), _) => Some(session.signs_until()),
        (Found::Nothing | Found::Unknown, _) => None,
    };
    let is_signed = match before.iter().enumerate().any(|found| signs(found).is_some()) {
        true => Some(true),
        false if before.iter().any(is_unknown) => None,
        false => Some(false),
    };
    let needs_base = match (served, is_signed) {
        (Some(true), _) | (_, Some(true)) => Some(false),
        (Some(false), Some(false)) => Some(true),
        (None, _) | (_, None) => None,
    };
    let needs_code = if plan.mfa.is_none() { Some(false) } else { needs_base };
    let code_due = match needs_code {
        _ if plan.mfa.is_none() => CodeDue::Never,
        None => CodeDue::Unknown,
        Some(true) => CodeDue::At(now),
        Some(false) if found.iter().any(is_unknown) => CodeDue::Unknown,
        Some(false) => {
            let signs = before.iter().enumerate().filter_map(signs);
            let served = match last {
                Found::Session(session) if session.is_served() => Some(session.served_until()),
                Found::Session(_) | Found::Nothing | Found::Unknown => None,
            };
            CodeDue::At(signs.chain(served).max().unwrap_or(now))
        }
    };
    CacheSummary {
        steps: found.iter().map(until).collect(),
        renews: matches!(last, Found::Session(session) if !session.is_served()),
        needs_code,
        needs_base,
        code_due,
        known_by: match is_checked {
            true => KnownBy::Checked,
            false if found.iter().any(is_unknown) => KnownBy::Unknown,
            false => KnownBy::Headers,
        },
    }
}

/// Whether a session is not an MFA session older than the plan takes.
pub(crate) fn accepts(plan: &Plan, header: &Header, now: Timestamp) -> bool {
    accepted_until(plan, header).is_none_or(|until| now < until)
}

/// Until when the plan takes a session, if it limits the age of MFA sessions.
pub(super) fn accepted_until(plan: &Plan, header: &Header) -> Option<Timestamp> {
    match (header.kind, plan.mfa_max_age_seconds) {
        (SessionKind::MfaSession, Some(most)) => Some(header.issued_at.plus_seconds(i64::from(most) + 1)),
        (SessionKind::MfaSession, None) | (SessionKind::Session | SessionKind::Hop, _) => None,
    }
}
