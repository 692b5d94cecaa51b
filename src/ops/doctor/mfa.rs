//! MFA devices that do nothing, or less than their user thinks.

use crate::chain::PlanError;
use crate::chain::base::process::is_linked;
use crate::hint::run;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::ops::import::can_import;
use crate::process_line::keyfob_profile_of;

/// A device that SDKs ask for themselves, or ignore; nothing where keyfob could do no better.
pub(super) fn of_device(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    let Some(device) = checked.set("mfa_serial") else { return Vec::new() };
    let process = profile.plain("credential_process");
    if process.is_some_and(|process| keyfob_profile_of(&process.value).is_some()) {
        return Vec::new();
    }
    let link = if can_import(profile) { Some(checked.fix_of_key()) } else { checked.link() };
    let (message, why, fix) = match (profile.plain("role_arn"), link) {
        (Some(_), Some(fix)) => (
            format!("`mfa_serial` of `{name}`: each SDK handles MFA codes itself, or not at all"),
            "the AWS CLI and boto3 prompt on every run; Go, Java and JavaScript fail without a callback; Rust sends no code",
            fix,
        ),
        (None, Some(fix)) => (
            format!("`mfa_serial` of `{name}` has no effect in SDKs: the profile has no role"),
            "SDKs use its access key without a code",
            fix,
        ),
        (None, None) if matches!((checked.plan)(), Err(PlanError::NoCredentials { .. })) => (
            format!("`mfa_serial` of `{name}` does nothing: the profile has no access key and no role"),
            "no program finds credentials for the profile",
            run!("keyfob add {}", name).to("store its access key"),
        ),
        (_, None) => return Vec::new(),
    };
    vec![checked.finding("mfa", &device, message, why, fix)]
}

/// A linked profile with a key of its own and no MFA device: its sessions are refused by half of what people call first.
pub(super) fn of_session(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    let process = profile.plain("credential_process").filter(|_| is_linked(profile));
    let (Some(process), Ok(plan)) = (process, (checked.plan)()) else { return Vec::new() };
    if plan.base.profile != name || plan.base.stored_key().is_none() || !plan.is_session_without_mfa() {
        return Vec::new();
    }
    let message =
        format!("`{name}` names no MFA device, so AWS refuses every IAM call of its sessions, and most of STS");
    let why = "AWS allows those calls only in a session made with a code, or with the access key itself";
    vec![checked.finding(
        "mfa",
        &process,
        message,
        why,
        run!("keyfob mfa enroll {}", name).to("set `mfa_serial` to your device, or enroll one"),
    )]
}
