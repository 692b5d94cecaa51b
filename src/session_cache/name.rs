//! The name of a session: a keyed hash of everything that changes its credentials, and of nothing else. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::chain::base::{Identity, Signs};
use crate::chain::session_name::{default_role_session_name, federated_user_name};
use crate::chain::target::Target;
use crate::chain::{Base, FederationStep, Hop, Mfa, Plan, ScopedStep, SessionStep, Step};
use crate::credentials::StoreId;
use crate::hex;
use crate::session_cache::sealing_key::SealingKey;

/// The name of a session and its file: 64 hexadecimal digits that tell nothing without the sealing key.
///
/// Two plans that need the same session get the same name, so the MFA session and each hop are shared by all profiles
/// that go through them, in whatever region each is. In it are: the kind of step; the base user's ARN (the key's id while
/// that is unknown, so a rotation keeps the sessions), or another base's identity; the MFA device; the settings of every hop up to this one; the
/// seconds this step asks for; the partition, and the endpoint where one is configured. Not in it: names of profiles,
/// regions, hosts that only follow from a region, and how long the steps before this one live.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionName(String);

impl SessionName {
    /// The name of what the `step`th step of `plan` gives.
    pub fn new(key: &SealingKey, plan: &Plan, step: usize) -> SessionName {
        let digest = key.name_digest(&canonical(plan, step));
        SessionName(hex::encode(&digest))
    }

    /// The name under which it is known, without a sealing key, what is going on with a base itself: what it turned out to be,
    /// its renewal. Bases without secrets in their identity have names that anybody could work out.
    pub fn of_base(base: &Identity) -> SessionName {
        let mut digest = Sha256::new();
        for part in std::iter::once(base.sort).chain(base.parts.iter().map(String::as_str)) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        SessionName(hex::encode(&digest.finalize()))
    }

    /// The name that a file has.
    pub(super) fn of_file(stem: &str) -> SessionName {
        SessionName(stem.to_owned())
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a session's clear header says of its name, so that it is found without the sealing key: 16 bytes of SHA-256, as
/// hexadecimal digits.
///
/// Over 32 random bytes that stay in the cache folder, so that a header copied out of it tells nothing about the roles and
/// external ids in the name; the store whose sealing key seals the session; and all that names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NameDigest(String);

impl NameDigest {
    /// Of what the `step`th step of `plan` gives, sealed with the key of `store`.
    pub fn new(random: &[u8; 32], store: StoreId, plan: &Plan, step: usize) -> NameDigest {
        let mut named = Encoder(Vec::with_capacity(64));
        named.text(store.name());
        let digest = Sha256::new().chain_update(random).chain_update(named.0).chain_update(canonical(plan, step));
        NameDigest(hex::encode(&digest.finalize()[..16]))
    }
}

/// All that names a session, each part preceded by its length, so that no two different plans read alike.
///
/// Everything is taken apart by name: a field that is added to a plan does not compile until it is decided on here.
fn canonical(plan: &Plan, last: usize) -> Vec<u8> {
    // What narrows is in the steps.
    let Plan {
        profile: _,
        walk: _,
        base,
        mfa,
        steps,
        base_target,
        narrowed: _,
        mfa_max_age_seconds: _,
        notes: _,
        used: _,
    } = plan;
    let Base { profile: _, kind: _, identity, signs_as, whose: _, title: _, sealed_with: _, reuse: _, source: _ } =
        base;
    let mut out = Encoder(Vec::with_capacity(512));
    out.text("keyfob session 1");
    let Identity { sort, parts } = identity;
    out.text(sort);
    for part in parts {
        out.text(part);
    }
    let (steps, step) = (&steps[..=last], &steps[last]);
    // Where the base's own calls go, though the plan may make none. What cannot be used there is no place, and the steps'
    // own places are below.
    if let Some(target) = base_target.as_ref().ok().or_else(|| step.target()) {
        out.place(target);
    }
    out.optional(mfa.as_ref().map(|Mfa { serial, profile: _, process: _, spent_in: _ }| serial.as_str()));
    match step {
        Step::Base => out.text("base"),
        Step::SessionToken(SessionStep { duration_seconds, target: _, reason: _ }) => {
            out.text("session");
            out.number(*duration_seconds);
        }
        Step::AssumeRole(Hop { duration_seconds, duration_asked, target, .. }) => {
            out.text("hop");
            out.place(target);
            steps.iter().filter_map(Step::hop).for_each(|hop| out.hop(base, hop));
            // Whether AWS gives a first hop over such a base what is asked for is learned on the way, and the session stays.
            let is_first = steps.iter().filter_map(Step::hop).count() == 1;
            let may_be_capped = is_first && *signs_as == Signs::Unsure;
            out.number(duration_asked.filter(|_| may_be_capped).unwrap_or(*duration_seconds));
        }
        Step::Scoped(ScopedStep { policy: _, target }) => {
            out.text("scoped");
            out.place(target);
            steps.iter().filter_map(Step::hop).for_each(|hop| out.hop(base, hop));
            let scoped = steps.iter().filter_map(|step| match step {
                Step::Scoped(scoped) => Some(scoped.policy.as_str()),
                Step::Base | Step::SessionToken(_) | Step::AssumeRole(_) | Step::Federation(_) => None,
            });
            out.list(scoped.collect::<Vec<_>>().into_iter());
            // It ends with what it is made from.
            let lives = steps.iter().rev().find_map(|step| match step {
                Step::SessionToken(session) => Some(session.duration_seconds),
                Step::AssumeRole(hop) => Some(hop.duration_seconds),
                Step::Base | Step::Scoped(_) | Step::Federation(_) => None,
            });
            out.number(lives.unwrap_or_default());
        }
        Step::Federation(FederationStep { duration_seconds, policy, policy_arns, target }) => {
            out.text("federation");
            out.place(target);
            out.text(&federated_user_name(base));
            out.optional(policy.as_deref());
            out.list(policy_arns.iter().map(String::as_str));
            out.number(*duration_seconds);
        }
    }
    out.0
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&u64::from(number).to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(&(text.len() as u64).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        self.text(text.unwrap_or(""));
    }

    fn list<'t>(&mut self, items: impl ExactSizeIterator<Item = &'t str>) {
        self.0.extend_from_slice(&(items.len() as u64).to_be_bytes());
        items.for_each(|item| self.text(item));
    }

    fn place(&mut self, target: &Target) {
        let Target {
            region: _,
            sts_endpoint,
            iam_endpoint: _,
            other_endpoints: _,
            fips: _,
            dual_stack: _,
            legacy_global,
            ca_bundle: _,
        } = target;
        self.text(target.partition());
        self.optional(sts_endpoint.as_deref());
        // Tokens of the global endpoint are not taken by regions that are opted into (IAM User Guide, "Manage AWS STS in
        // an AWS Region"), so they are not the same sessions.
        self.0.push(u8::from(*legacy_global));
    }

    fn hop(&mut self, base: &Base, hop: &Hop) {
        let Hop {
            profile: _,
            is_ad_hoc: _,
            role_arn,
            target: _,
            duration_asked: _,
            duration_seconds: _,
            reason: _,
            role_session_name,
            external_id,
            tags,
            transitive_tag_keys,
            source_identity,
            policy,
            policy_arns,
        } = hop;
        self.text(role_arn);
        self.text(&role_session_name.clone().unwrap_or_else(|| default_role_session_name(base)));
        self.optional(external_id.as_deref());
        self.list(tags.iter().map(|(name, _)| name.as_str()));
        self.list(tags.iter().map(|(_, value)| value.as_str()));
        self.list(transitive_tag_keys.iter().map(String::as_str));
        self.optional(source_identity.as_deref());
        self.optional(policy.as_deref());
        self.list(policy_arns.iter().map(String::as_str));
    }
}
