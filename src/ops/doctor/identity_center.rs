//! What is wrong with settings of IAM Identity Center, for keyfob or for some SDKs.

use crate::chain::identity_center::{of_profile, region_in};
use crate::config_file::file_names;
use crate::hint::{Hint, run};
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::profile::SectionKind;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    let mut found = Vec::new();
    // What keeps it from being read is a finding of the chain's.
    let center = of_profile(checked.profiles, checked.env, &file_names(checked.paths), name).ok().flatten();
    let Some(center) = center else { return found };
    let own = profile.setting("sso_session").or_else(|| profile.setting("sso_start_url"));
    if let (Some(own), Some(problem)) = (own, center.contradiction()) {
        let fix: Hint = match (&center.session, region_in(&center.start_url)) {
            (Some(session), _) => format!("correct `sso_region` in `[sso-session {session}]`").into(),
            (None, Some(region)) => run!("keyfob profile set {} sso_region {}", name, region),
            (None, None) => run!("keyfob profile set {} sso_region REGION", name),
        };
        let message = format!("`{name}`: {problem}");
        found.push(checked.finding("sso", &own, message, "AWS knows no such Identity Center there", fix));
    }
    let section = checked.set("sso_session");
    let is_there = |name: &str| checked.profiles.section(SectionKind::SsoSession, name).is_some();
    let beside = section.filter(|section| is_there(&section.value)).map(|_| ["sso_start_url", "sso_region"]);
    for setting in beside.into_iter().flatten().filter_map(|setting| checked.set(setting)) {
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
