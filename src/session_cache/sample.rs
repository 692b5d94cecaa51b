//! Plans, keys and sessions for tests.

use crate::chain::base::key::base_of;
use crate::chain::target::Target;
use crate::chain::{Hop, Mfa, Plan, Reason, SessionStep, SpentIn, Step};
use crate::credentials::{Session, StoreId, StoredKey};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::seal::BaseId;
use crate::session_cache::sealing_key::SealingKey;
use crate::timestamp::Timestamp;

pub(crate) const SERIAL: &str = "arn:aws:iam::123456789012:mfa/ann";

pub(crate) fn target(region: &str) -> Target {
    Target {
        region: region.into(),
        sts_endpoint: None,
        iam_endpoint: Ok(None),
        other_endpoints: std::collections::BTreeMap::new(),
        fips: false,
        dual_stack: false,
        legacy_global: false,
        ca_bundle: None,
    }
}

pub(crate) fn stored_key(user_arn: Option<&str>) -> StoredKey {
    StoredKey {
        id: "AKIAFAKEFAKEFAKEFAKE".parse().expect("valid"),
        backend: StoreId::VAULT,
        user_arn: user_arn.map(str::to_owned),
        created_at: None,
    }
}

pub(crate) fn hop(role: &str) -> Hop {
    Hop {
        profile: role.into(),
        is_ad_hoc: false,
        role_arn: format!("arn:aws:iam::210987654321:role/{role}"),
        target: target("eu-west-1"),
        duration_asked: None,
        duration_seconds: 3600,
        reason: Reason::NothingAsked,
        role_session_name: None,
        external_id: None,
        tags: Vec::new(),
        transitive_tag_keys: Vec::new(),
        source_identity: None,
        policy: None,
        policy_arns: Vec::new(),
    }
}

/// A key with a device, an MFA session of 12 h, and a hop to each of `roles`.
pub(crate) fn plan(profile: &str, roles: &[&str]) -> Plan {
    let reason = Reason::NothingAsked;
    let session = SessionStep { duration_seconds: 43_200, target: target("eu-west-1"), reason };
    let hops = roles.iter().copied().map(hop).map(Step::AssumeRole);
    Plan {
        profile: profile.into(),
        base: base_of("base", stored_key(Some("arn:aws:iam::123456789012:user/ann"))),
        steps: std::iter::once(Step::SessionToken(session)).chain(hops).collect(),
        mfa: Some(Mfa { serial: SERIAL.into(), profile: "base".into(), process: None, spent_in: SpentIn::Session }),
        base_target: Ok(target("eu-west-1")),
        narrowed: None,
        mfa_max_age_seconds: None,
        notes: Vec::new(),
        walk: vec![profile.into(), "base".into()],
        used: Vec::new(),
    }
}

/// The hop with this index, to be changed.
pub(crate) fn hop_mut(plan: &mut Plan, index: usize) -> &mut Hop {
    let mut hops = plan.steps.iter_mut().filter_map(|step| match step {
        Step::AssumeRole(hop) => Some(hop),
        Step::Base | Step::SessionToken(_) | Step::Scoped(_) | Step::Federation(_) => None,
    });
    hops.nth(index).expect("a hop")
}

/// The session of GetSessionToken, to be changed.
pub(crate) fn session_mut(plan: &mut Plan) -> &mut SessionStep {
    match &mut plan.steps[0] {
        Step::SessionToken(session) => session,
        Step::Base | Step::AssumeRole(_) | Step::Scoped(_) | Step::Federation(_) => panic!("no session"),
    }
}

/// Where the hops' calls go, to be changed for all.
pub(crate) fn edit_hops_target(plan: &mut Plan, edit: impl Fn(&mut Target)) {
    (0..plan.hops().count()).for_each(|index| edit(&mut hop_mut(plan, index).target));
}

/// Where the base's calls go, to be changed.
pub(crate) fn base_target_mut(plan: &mut Plan) -> &mut Target {
    plan.base_target.as_mut().expect("valid")
}

pub(crate) fn base_id() -> BaseId {
    BaseId::new(&base_of("base", stored_key(None)))
}

pub(crate) fn sealing_key(fill: u8) -> SealingKey {
    SealingKey::new(&SecretBytes::new(vec![fill; 32])).expect("32 bytes")
}

pub(crate) fn session(id: &str, issued_at: i64, life: i64) -> Session {
    Session {
        access_key_id: id.into(),
        secret_access_key: Secret::new(format!("fake-secret-of-{id}")),
        session_token: Some(Secret::new(format!("fake-token-of-{id}"))),
        issued_at: Timestamp::from_unix(issued_at),
        expires_at: Timestamp::from_unix(issued_at + life),
        account_id: Some("123456789012".into()),
    }
}
