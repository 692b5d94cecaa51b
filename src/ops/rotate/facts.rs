//! What the AWS files and the index say of a key: which profiles use it, where its calls go, what else holds it.

use std::collections::BTreeMap;

use crate::chain::base::key::base_of;
use crate::chain::target::Target;
use crate::chain::{Mfa, Plan, Reason, Request, SessionStep, SpentIn, Step, plan};
use crate::config_file::{AwsFiles, path_of};
use crate::credentials::{AccessKeyId, StoreId, StoredKey};
use crate::error::Result;
use crate::index::Index;
use crate::ops::Context;
use crate::ops::planning::WithKey;
use crate::ops::rotate::users_of;
use crate::profile::AwsFile;
use crate::sys::env::vars;

/// What is known of a key without asking anybody.
pub(super) struct KeyFacts {
    pub(super) target: Target,
    /// The STS endpoints of every profile built on the key, each once.
    pub(super) targets: Vec<Target>,
    /// How an MFA session of its user is made, where a device is known.
    pub(super) mfa: Option<Plan>,
    /// The profiles that use it, and the store each reads it from.
    pub(super) users: BTreeMap<String, StoreId>,
}

impl KeyFacts {
    pub(super) fn gather(context: &Context<'_>, files: &AwsFiles, profile: &str, key: &StoredKey) -> Result<KeyFacts> {
        let index = Index::load(&context.paths.data)?;
        let (profiles, users) = (files.profiles(), users_of(&index, &key.id));
        let stored = WithKey { index: &index, profile, key };
        let own = plan(&profiles, &stored, context.env, &request(context, profile))?;
        let mut names: Vec<String> = profiles.names().map(str::to_owned).collect();
        names.extend(users.keys().filter(|name| profiles.get(name).is_none()).cloned());
        let mut targets: Vec<Target> = Vec::new();
        let mut add = |target: &Target| {
            if !targets.contains(target) {
                targets.push(target.clone());
            }
        };
        let mut based = None;
        let is_base = |plan: &Plan| plan.base.key_id() == Some(&key.id);
        // The profile's own first: its region is the one that is looked at first. One that cannot be planned uses no key.
        let others = names.iter().filter(|name| *name != profile);
        let others = others.filter_map(|name| plan(&profiles, &stored, context.env, &request(context, name)).ok());
        for plan in std::iter::once(own.clone()).chain(others).filter(is_base) {
            plan.base_target.iter().chain(plan.hops().map(|hop| &hop.target)).for_each(&mut add);
            based.get_or_insert(plan);
        }
        if targets.is_empty() {
            targets.push(own.base_target()?.clone());
        }
        let base = based.unwrap_or(own);
        let device = index.keys().get(&key.id).and_then(|entry| entry.mfa_serial.clone());
        Ok(KeyFacts { target: targets[0].clone(), mfa: mfa_plan(context, profile, &base, key, device), targets, users })
    }
}

fn request(context: &Context<'_>, profile: &str) -> Request {
    Request::of(context.settings, context.paths, profile)
}

/// The plan of the MFA session that `base` shares with all profiles over the key, so that a cached one serves.
fn mfa_plan(
    context: &Context<'_>,
    profile: &str,
    base: &Plan,
    key: &StoredKey,
    device: Option<String>,
) -> Option<Plan> {
    let named = base.mfa.clone();
    let known = device.map(|serial| Mfa {
        serial,
        profile: profile.to_owned(),
        process: context.settings.mfa_process.clone(),
        spent_in: SpentIn::Session,
    });
    let mfa = Mfa { spent_in: SpentIn::Session, ..named.or(known)? };
    let target = base.base_target().ok()?;
    let session = match base.session() {
        Some(session) => session.clone(),
        None => SessionStep {
            duration_seconds: request(context, profile).session_duration_seconds,
            target: target.clone(),
            reason: Reason::SessionShared,
        },
    };
    Some(Plan {
        profile: profile.to_owned(),
        base: base_of(&base.base.profile, key.clone()),
        mfa: Some(mfa),
        steps: vec![Step::SessionToken(session)],
        narrowed: None,
        mfa_max_age_seconds: None,
        ..base.clone()
    })
}

/// How `--with` makes its credentials: as ever, but for a session without MFA, which IAM refuses: then the key itself.
pub(in crate::ops) fn plan_to_sign(context: &Context<'_>, files: &AwsFiles, profile: &str) -> Result<Plan> {
    let (index, profiles) = (Index::load(&context.paths.data)?, files.profiles());
    let request = request(context, profile);
    let itself = plan(&profiles, &index, context.env, &Request { no_session: true, ..request.clone() })?;
    match itself.notes.iter().any(|note| matches!(note, Reason::KeyItself { device: None, .. })) {
        true => Ok(itself),
        false => Ok(plan(&profiles, &index, context.env, &request)?),
    }
}

/// Every place but the key store that still holds `id`: lines of AWS files, and this shell.
pub(super) fn remaining_uses(context: &Context<'_>, files: &AwsFiles, id: &AccessKeyId) -> Vec<String> {
    let mut places = Vec::new();
    for (file, document) in [(AwsFile::Config, &files.config), (AwsFile::Credentials, &files.credentials)] {
        let Some(document) = document else { continue };
        let path = path_of(context.paths, file).display();
        for (index, line) in document.lines().enumerate() {
            let is_comment = line.trim_start().starts_with(['#', ';']);
            if !is_comment && line.contains(id.as_str()) {
                places.push(format!("{path}:{}", index + 1));
            }
        }
    }
    if context.env.get(vars::AWS_ACCESS_KEY_ID) == Some(id.as_str()) {
        places.push(format!("the variable `{}`", vars::AWS_ACCESS_KEY_ID));
    }
    places
}
