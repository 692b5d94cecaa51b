//! Settings that lead nowhere. A setting that nobody knows and that is near to none either is not a finding, since other
//! programs keep theirs in the same files. Names that begin with `keyfob_` are nobody else's.

use crate::hint::run;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::profile::known::{PREFIX, is_known, nearest};
use crate::profile::{AwsFile, SectionKind};

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (profile, name) = (checked.profile, checked.profile.name());
    let mut found = Vec::new();
    for setting in profile.settings() {
        if setting.name.starts_with(PREFIX) && !is_known(&setting.name) && nearest(&setting.name).is_none() {
            let message = format!("unknown keyfob setting `{}`", setting.name);
            let fix = run!("keyfob profile unset {} {}", name, setting.name);
            found.push(checked.finding("setting", &setting, message, "it has no effect", fix));
        }
    }
    for (setting, kind) in [("sso_session", SectionKind::SsoSession), ("services", SectionKind::Services)] {
        let Some(named) = checked.set(setting) else { continue };
        if checked.profiles.section(kind, &named.value).is_none() {
            let message = format!("`{setting}` of `{name}` names `{}`, but there is no such section", named.value);
            let fix = format!("add `[{} {}]` to {}", kind.prefix(), named.value, checked.path(AwsFile::Config));
            let why = "SDKs reject the profile or ignore the setting";
            found.push(checked.finding("dangling", &named, message, why, fix));
        }
    }
    // keyfob finds a stored key by the profile's name alone.
    if let Some(source) = profile.plain("source_profile").filter(|source| !source.value.is_empty())
        && checked.profiles.get(&source.value).is_none()
        && (checked.plan)().is_ok()
    {
        let message = format!("`source_profile` of `{name}` names `{}`, which is not in the AWS files", source.value);
        let fix = run!("keyfob profile link {}", source.value);
        let why = "keyfob has a key for it, but SDKs find no such profile, and fail";
        found.push(checked.finding("dangling", &source, message, why, fix));
    }
    // ARNs copied from a manual or a template, with an account that nobody has.
    let is_arn = |setting: &str| matches!(setting.strip_prefix(PREFIX).unwrap_or(setting), "role_arn" | "mfa_serial");
    for setting in profile.settings().filter(|setting| is_arn(&setting.name) && is_placeholder(&setting.value)) {
        let message = format!("`{}` of `{name}` is a placeholder: `{}`", setting.name, setting.value);
        let fix = run!("keyfob profile set {} {} ARN", name, setting.name);
        let why = "it does not name one of your accounts, so AWS rejects it";
        found.push(checked.finding("placeholder", &setting, message, why, fix));
    }
    found
}

/// Whether an ARN has something else than an account's 12 digits, or the account of AWS's documentation.
fn is_placeholder(arn: &str) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    arn.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).is_some_and(|account| {
        account == "123456789012" || (!is_account(account) && account.bytes().any(|byte| byte.is_ascii_alphabetic()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::doctor::sources;
    use crate::profile::Profiles;
    use crate::sys::env::Environment;
    use crate::sys::paths::Paths;

    fn found_in(config: &str) -> Vec<Finding> {
        let profiles = Profiles::from_texts(config, "");
        let env = Environment::from_pairs([("HOME", "/home/ann")]);
        let paths = Paths::new(&env).expect("HOME is set");
        let all = profiles.names().filter_map(|name| profiles.get(name));
        let found = all.flat_map(|profile| {
            let (plan, working_link) = (&|| unreachable!("not asked"), &|| None);
            let (paths, env, profiles, profile) = (&paths, &env, &profiles, &profile);
            let checked = Checked { profiles, profile, paths, env, plan, working_link };
            [check(&checked), sources::check(&checked)].concat()
        });
        found.collect()
    }

    #[test]
    fn what_leads_nowhere_is_named_with_its_line_and_what_is_somebody_elses_is_not() {
        let config = "[profile a]\nsource_profile = b\n[profile b]\nkeyfob_frobnicate = 1\ngranted_color = red\n\
            [profile c]\nsso_session = corp\nservices = local\n[sso-session corp]\nsso_region = eu-west-1\n\
            [profile d]\nkeyfob_source_profile = b\nsource_profile = b\nrole_arn = r\n\
            [profile e]\nsource_profile = b\ncredential_process = keyfob credential-process e\n";
        let found = found_in(config);
        let found: Vec<_> = found.iter().map(|finding| (finding.check, finding.line)).collect();
        assert_eq!(found, [("setting", Some(2)), ("setting", Some(4)), ("dangling", Some(8))]);
    }

    #[test]
    fn an_arn_out_of_a_manual_is_a_placeholder() {
        for placeholder in [
            "arn:aws:iam::ACCOUNT_ID:role/Admin", "arn:aws:iam::<account>:mfa/me",
            "arn:aws:iam::123456789012:role/NAME", "arn:aws:iam::YOUR-ACCOUNT:mfa/me",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for real in ["arn:aws:iam::111122223333:role/a:b/<R>/X", "GAHT12345678", "arn:aws:iam::1:role/R", "admin", ""] {
            assert!(!is_placeholder(real), "{real}");
        }
    }

    #[test]
    fn a_command_that_fixes_is_one_for_a_shell_whatever_the_profile_is_called() {
        let found = found_in("[profile 'a $(b)']\nkeyfob_frobnicate = 1\n");
        assert_eq!(found[0].fix.shown(), "`keyfob profile unset 'a $(b)' keyfob_frobnicate`");
        assert_eq!(
            serde_json::to_value(&found[0]).expect("JSON")["fix"],
            serde_json::json!({"argv": ["keyfob", "profile", "unset", "a $(b)", "keyfob_frobnicate"], "fill": []})
        );
    }
}
