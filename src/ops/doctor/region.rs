//! A role without a region: SDKs take none over from its source.

use crate::hint::run;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::sys::env::vars;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    let by_variable = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].iter().any(|name| checked.env.get(name).is_some());
    let Some(role) = profile.setting("role_arn") else { return Vec::new() };
    if by_variable || profile.setting("region").is_some() {
        return Vec::new();
    }
    let source = profile.setting("source_profile").and_then(|source| checked.profiles.get(&source.value));
    let fix = match source.as_ref().and_then(|source| source.setting("region")) {
        Some(region) => run!("keyfob profile set {} region {}", name, region.value),
        None => run!("keyfob profile set {} region REGION", name),
    };
    let why = "most AWS CLI commands need one, and a role does not inherit the region of its source";
    vec![checked.finding("region", &role, format!("`{name}` has no region"), why, fix)]
}
