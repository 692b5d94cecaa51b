//! A region that does not exist, and a role without one: SDKs take none over from its source.

use crate::chain::base::key;
use crate::chain::check;
use crate::chain::target::names_endpoint;
use crate::credentials::AccessKeyId;
use crate::hint::run;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::sys::env::vars;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    // Another service has regions of its own (`auto`), whether its endpoint is configured or given to each command.
    let id = profile.setting(key::ID);
    let is_elsewhere = names_endpoint(checked.profiles, name)
        || id.is_some_and(|id| !id.value.parse::<AccessKeyId>().is_ok_and(|id| id.is_of_aws()));
    if let Some(setting) = profile.setting("region").filter(|setting| !setting.value.is_empty())
        && let Err(problem) = check::region(&setting.value, is_elsewhere)
    {
        let fix = run!("keyfob profile set {} region REGION", name);
        return vec![checked.finding("region", &setting, problem, "there is no such region, so calls fail", fix)];
    }
    let by_variable = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].iter().any(|name| checked.env.get(name).is_some());
    let Some(role) = profile.setting("role_arn") else { return Vec::new() };
    if by_variable || profile.setting("region").is_some() {
        return Vec::new();
    }
    let fix = match region_of_sources(checked) {
        Some(region) => run!("keyfob profile set {} region {}", name, region),
        None => run!("keyfob profile set {} region REGION", name),
    };
    let why = "most AWS CLI commands need one, and a role does not inherit the region of its source";
    vec![checked.finding("region", &role, format!("`{name}` has no region"), why, fix)]
}

/// The region of the nearest profile that has one, of those the role is reached through.
fn region_of_sources(checked: &Checked<'_, '_>) -> Option<String> {
    let source_of = |name: &str| Some(checked.profiles.get(name)?.setting("source_profile")?.value.into_owned());
    let region_of = |name: &str| Some(checked.profiles.get(name)?.setting("region")?.value.into_owned());
    let sources = std::iter::successors(source_of(checked.profile.name()), |name| source_of(name));
    sources.take(MOST_HOPS).find_map(|name| region_of(&name))
}

/// Profiles that name each other in a circle have no end.
const MOST_HOPS: usize = 16;
