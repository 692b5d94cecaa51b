//! What is wrong with settings of IAM Identity Center, for keyfob or for some SDKs.

use crate::chain::identity_center::{contradiction, region_in, start_of, trimmed};
use crate::hint::{Hint, run};
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::profile::SectionKind;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    let mut found = Vec::new();
    // What keeps it from being read is a finding of the chain's.
    let Some((start_url, region)) = start_of(checked.profiles, profile) else { return found };
    let own = profile.setting("sso_session").or_else(|| profile.setting("sso_start_url"));
    if let (Some(own), Some(problem)) = (own, contradiction(&start_url, &region)) {
        let fix: Hint = match (own.name.ends_with("sso_session"), region_in(&start_url)) {
            (true, _) => format!("correct `sso_region` in `[sso-session {}]`", own.value).into(),
            (false, Some(region)) => run!("keyfob profile set {} sso_region {}", name, region),
            (false, None) => run!("keyfob profile set {} sso_region REGION", name),
        };
        let message = format!("`{name}`: {problem}");
        found.push(checked.finding("sso", &own, message, "AWS knows no such Identity Center there", fix));
    }
    let section = checked.set("sso_session");
    let is_there = |name: &str| checked.profiles.section(SectionKind::SsoSession, name).is_some();
    let beside = section.filter(|section| is_there(&section.value)).map(|_| ["sso_start_url", "sso_region"]);
    let agrees = |value: &str| [start_url.as_str(), &region].contains(&trimmed(value));
    let beside = beside.into_iter().flatten().filter_map(|setting| checked.set(setting));
    // That they differ is a finding of the chain's.
    for setting in beside.filter(|setting| agrees(&setting.value)) {
        let message = format!("`{name}` has both `sso_session` and `{}`", setting.name);
        let why = "the SDK for Rust rejects the profile; the AWS CLI, boto3 and keyfob accept it while the two agree";
        let fix = run!("keyfob profile unset {} {}", name, setting.name);
        found.push(checked.finding("sso", &setting, message, why, fix));
    }
    if let (None, Some(url)) = (checked.set("sso_session"), checked.set("sso_start_url")) {
        let message = format!("`{name}` has a start URL of its own instead of an `sso-session`");
        let why = "SDKs and the AWS CLI cannot renew a sign-in without one, so it ends after 8h at most";
        let fix = checked.link();
        let fix = fix.unwrap_or_else(|| "move `sso_start_url` and `sso_region` to an `sso-session` section".into());
        found.push(checked.finding("sso", &url, message, why, fix));
    }
    found
}
