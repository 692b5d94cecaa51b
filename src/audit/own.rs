//! The caller's own user, which needs the fewest permissions.

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::{Missing, Source};
use crate::audit::keys::MAX_AGE_DAYS;
use crate::audit::users::UNUSED_DAYS;
use crate::hint::run;

pub(super) const ROOT: Check = Check {
    id: "own-root",
    title: "You do not use the root user",
    cis: None,
    why: "no policy can limit the root user, so a mistake or a stolen session costs the whole account",
    needs: &[],
    judge: |judge| {
        let caller = &judge.facts.caller;
        let fix = "use an IAM user or a role, and keep the root user for the few tasks that need it";
        let found = caller.is_root.then(|| Resource::new(caller.arn.as_str(), None, "your own credentials", fix));
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const MFA: Check = Check {
    id: "own-mfa",
    title: "Your own user has an MFA device",
    cis: None,
    why: "without MFA, anyone who gets your password or key can act as you",
    needs: &[Source::OwnDevices],
    judge: |judge| {
        let Some(user) = own_user(judge) else { return Ok(not_a_user(judge)) };
        let fix = match judge.profile_of(&judge.facts.caller.arn) {
            Some(profile) => run!("keyfob mfa enroll {}", profile),
            None => run!("keyfob mfa enroll PROFILE").to("once your key is stored"),
        };
        let devices = judge.facts.own_devices.clone()?;
        let found = devices.is_empty().then(|| Resource::new(user, None, "no MFA device", fix));
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const KEYS: Check = Check {
    id: "own-keys",
    title: "Your own access keys are recent and in use",
    cis: None,
    why: "the older a key is, the more files, backups and logs it may be in",
    needs: &[Source::OwnKeys],
    judge: own_keys,
};

fn own_keys(judge: &Judge<'_>) -> Judgement {
    let Some(user) = own_user(judge) else { return Ok(not_a_user(judge)) };
    let (mut found, mut unknown) = (Vec::new(), None);
    for key in judge.facts.own_keys.clone()?.into_iter().filter(|key| key.is_active) {
        let Some(created) = key.created else {
            let reason = "the response does not say when a key was created".to_owned();
            unknown = Some(Missing { action: "iam:ListAccessKeys", reason });
            continue;
        };
        let by_hand = || {
            run!(
                "aws iam update-access-key --user-name {} --access-key-id {} --status Inactive --profile {}",
                user,
                key.id,
                judge.profile
            )
        };
        if judge.is_older(created, MAX_AGE_DAYS) {
            let fix = match judge.profile_of(&judge.facts.caller.arn) {
                Some(profile) => run!("keyfob rotate {}", profile),
                None => run!("keyfob import {}", judge.profile)
                    .to("move the key into a key store, so that `keyfob rotate` can replace it"),
            };
            let detail = format!("{} days old", judge.days_since(created));
            found.push(Resource::new(key.id.as_str(), Some(created), detail, fix));
            continue;
        }
        match &key.used {
            Ok(used) if judge.is_older(used.unwrap_or(created), UNUSED_DAYS) => {
                let detail = if used.is_none() { "never used" } else { "not used any more" };
                found.push(Resource::new(key.id.as_str(), used.or(Some(created)), detail, by_hand()));
            }
            Ok(_) => {}
            Err(missing) => unknown = Some(missing.clone()),
        }
    }
    Findings::unless_missing(found, judge.facts.asked_at, unknown)
}

fn own_user<'j>(judge: &'j Judge<'_>) -> Option<&'j str> {
    judge.facts.caller.user.as_deref()
}

fn not_a_user(judge: &Judge<'_>) -> Findings {
    let note = match judge.facts.caller.is_root {
        true => "you are the root user, which has checks of its own",
        false => "you are not an IAM user, so you have no password, key or MFA device here",
    };
    Findings::passed(note, judge.facts.asked_at)
}
