//! Plans, keys and sessions for tests.

use crate::chain::target::Target;
use crate::chain::{Base, BaseKey, Hop, Mfa, Plan, Reason, SessionStep, SpentIn};
use crate::credentials::{Backend, Session, StoredKey};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::seal::SealingKey;
use crate::timestamp::Timestamp;

pub(crate) const SERIAL: &str = "arn:aws:iam::123456789012:mfa/ann";

pub(crate) fn target(region: &str) -> Target {
    Target {
        region: region.into(),
        sts_endpoint: None,
        iam_endpoint: None,
        fips: false,
        dual_stack: false,
        legacy_global: false,
        ca_bundle: None,
    }
}

pub(crate) fn stored_key(user_arn: Option<&str>) -> StoredKey {
    StoredKey {
        id: "AKIAFAKEFAKEFAKEFAKE".parse().expect("valid"),
        backend: Backend::Vault,
        user_arn: user_arn.map(str::to_owned),
        added_at: Timestamp::from_unix(0),
    }
}

pub(crate) fn hop(role: &str) -> Hop {
    Hop {
        profile: role.into(),
        role_arn: format!("arn:aws:iam::210987654321:role/{role}"),
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
    Plan {
        profile: profile.into(),
        base: Base {
            profile: "base".into(),
            key: BaseKey::Stored(stored_key(Some("arn:aws:iam::123456789012:user/ann"))),
            target: target("eu-west-1"),
        },
        mfa: Some(Mfa { serial: SERIAL.into(), profile: "base".into(), process: None, spent_in: SpentIn::Session }),
        session: Some(SessionStep { duration_seconds: 43_200, reason: Reason::NothingAsked }),
        hops: roles.iter().copied().map(hop).collect(),
        target: target("eu-west-1"),
        mfa_max_age_seconds: None,
        notes: Vec::new(),
        walk: vec![profile.into(), "base".into()],
        used: Vec::new(),
    }
}

pub(crate) fn sealing_key(fill: u8) -> SealingKey {
    SealingKey::new(&SecretBytes::new(vec![fill; 32])).expect("32 bytes")
}

pub(crate) fn session(id: &str, issued_at: i64, life: i64) -> Session {
    Session {
        access_key_id: id.into(),
        secret_access_key: Secret::new(format!("fake-secret-of-{id}")),
        session_token: Secret::new(format!("fake-token-of-{id}")),
        issued_at: Timestamp::from_unix(issued_at),
        expires_at: Timestamp::from_unix(issued_at + life),
        account_id: Some("123456789012".into()),
    }
}
