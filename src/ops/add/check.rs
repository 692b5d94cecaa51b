//! Asks AWS whose key it is, and which MFA devices its user has.

use crate::aws::advice::{Attempted, Signer};
use crate::aws::{Access, AwsError, CallerIdentity};
use crate::chain::target::Target;
use crate::credentials::{AccessKey, Credentials};
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::advice::{Devices, sort_devices};
use crate::ops::signed::Refusal;
use crate::timestamp::Timestamp;

/// Asks AWS whose key it is. Needs no permission and cannot be denied (STS API, GetCallerIdentity).
///
/// # Errors
/// What AWS says of the key, and a root user's key without `--allow-root`.
pub(in crate::ops) fn identity(
    context: &Context<'_>,
    profile: &str,
    key: &AccessKey,
    target: &Target,
    allow_root: bool,
) -> Result<CallerIdentity> {
    let signer = Credentials::Key { key: key.clone(), account_id: None };
    let identity = context.sts.get_caller_identity(&signer, target).map_err(|error| {
        explained(context, error, profile, key, Attempted::GetCallerIdentity)
            .hint(context.talk.again(&["--no-verify"]).to("nothing was stored; to store the key unchecked"))
    })?;
    if identity.arn.ends_with(":root") && !allow_root {
        return Err(Error::new(
            Kind::Failed,
            format!("this access key belongs to the root user of account {}", identity.account),
        )
        .because("it can do anything in the account, no policy limits it, and AWS advises against such keys")
        .hint("create an IAM user with its own key, and delete this key in the AWS console")
        .hint(context.talk.again(&["--allow-root"]).to("or store it anyway")));
    }
    Ok(identity)
}

/// The devices of the key's user, or none where it may not list them: that is not an error.
///
/// # Errors
/// Where AWS cannot be reached, though it could a moment ago.
pub(in crate::ops) fn devices(
    context: &Context<'_>,
    profile: &str,
    key: &AccessKey,
    target: &Target,
) -> Result<Option<Devices>> {
    let signer = Credentials::Key { key: key.clone(), account_id: None };
    match context.mfa_devices.list_mfa_devices(Access { signer: &signer, target }, None) {
        Ok(serials) => Ok(Some(sort_devices(serials))),
        Err(error @ AwsError::Refused { .. }) => {
            let text = format!("cannot list the user's MFA devices: {error}");
            match error.code() {
                // Many users may not: no more than a note.
                Some("AccessDenied") => context.talk.explain(&text),
                Some(_) | None => context.talk.warn(&text),
            }
            Ok(None)
        }
        Err(error) => Err(explained(context, error, profile, key, Attempted::Iam("ListMFADevices"))),
    }
}

/// When AWS made the key; none where its user may not list keys, or AWS does not answer: that is not an error.
pub(in crate::ops) fn created_at(context: &Context<'_>, key: &AccessKey, target: &Target) -> Option<Timestamp> {
    let signer = Credentials::Key { key: key.clone(), account_id: None };
    match context.access_keys.list_access_keys(Access { signer: &signer, target }, None) {
        Ok(listed) => listed.into_iter().find(|listed| listed.id == key.id)?.created_at,
        Err(error) => {
            context.talk.explain(&format!("AWS did not say how old {} is: {error}", key.id.short()));
            None
        }
    }
}

fn explained(context: &Context<'_>, error: AwsError, profile: &str, key: &AccessKey, call: Attempted<'_>) -> Error {
    Refusal::new(context, profile, Signer::UnstoredKey { id: key.id.as_str() }, call, error).into()
}
