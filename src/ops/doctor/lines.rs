//! Settings that lead nowhere, or that SDKs have no use for. Pure but for the paths it is given.
//!
//! Deliberately absent: a setting that nobody knows and that is near to none either is no finding, since other programs
//! keep theirs in the same files. Names that begin with `keyfob_` are nobody else's.

use super::Finding;
use crate::chain::base::is_complete_for_sdks;
use crate::hint::{Hint, run};
use crate::process_line::keyfob_profile_of;
use crate::profile::known::{PREFIX, is_known, nearest};
use crate::profile::{AwsFile, Profile, Profiles, SectionKind, Setting};

/// What bites in one profile, line by line; `link` links it where that helps.
pub(super) fn of_profile(
    profiles: &Profiles<'_>,
    profile: &Profile<'_>,
    path: &dyn Fn(AwsFile) -> String,
    link: &dyn Fn() -> Option<Hint>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let name = profile.name();
    for setting in profile.settings() {
        let unknown = setting.name.starts_with(PREFIX) && !is_known(&setting.name) && nearest(&setting.name).is_none();
        if unknown {
            let message = format!("unknown keyfob setting `{}`", setting.name);
            let fix = run!("keyfob profile unset {} {}", name, setting.name);
            let finding = Finding::new("setting", message, "it has no effect", fix);
            found.push(finding.at(path(setting.file), setting.line));
        }
    }
    for (setting, kind) in [("sso_session", SectionKind::SsoSession), ("services", SectionKind::Services)] {
        let Some(named) = profile.plain(setting).filter(|named| !named.value.is_empty()) else { continue };
        if profiles.section(kind, &named.value).is_none() {
            let message = format!("`{setting}` of `{name}` names `{}`, but there is no such section", named.value);
            let (why, section) = ("SDKs reject the profile or ignore the setting", kind.prefix());
            let fix = format!("add `[{section} {}]` to {}", named.value, path(AwsFile::Config));
            found.push(Finding::new("dangling", message, why, fix).at(path(named.file), named.line));
        }
    }
    found.extend(of_placeholders(profile, path));
    found.extend(of_alias(profile, path, link));
    found.extend(of_base(profile, path, link));
    found
}

/// What gives credentials to some who read the profile, and to others nothing, or something else.
fn of_base(profile: &Profile<'_>, path: &dyn Fn(AwsFile) -> String, link: &dyn Fn() -> Option<Hint>) -> Vec<Finding> {
    let name = profile.name();
    let set = |setting: &str| profile.plain(setting).filter(|setting| !setting.value.is_empty());
    let link = || link().unwrap_or_else(|| "remove it, or name another source of credentials".into());
    let mut found = Vec::new();
    let mut add = |setting: &Setting<'_>, message: String, why: &str, fix: Hint| {
        found.push(Finding::new("setting", message, why, fix).at(path(setting.file), setting.line));
    };
    if let Some(source) = set("credential_source").filter(|_| set("role_arn").is_none()) {
        let why = "no SDK follows it: each searches the usual places for credentials, whichever has some";
        add(&source, format!("`{name}` has a `credential_source` and no `role_arn`"), why, link());
    }
    if let Some(process) = set("web_identity_token_process") {
        let why = "no SDK runs it: only aws-vault and keyfob do";
        add(&process, format!("`{name}` gets its token from `web_identity_token_process`"), why, link());
    }
    let process = set("credential_process").filter(|process| keyfob_profile_of(&process.value).is_none());
    let key =
        set("aws_access_key_id").filter(|key| key.file == AwsFile::Config && set("aws_secret_access_key").is_some());
    if let (Some(_), Some(key)) = (process, key) {
        let why = "the AWS CLI, boto3 and keyfob run the process, the SDKs for JavaScript and Rust use the key";
        let fix = "keep one of them, and delete the lines of the other".into();
        add(&key, format!("`{name}` has both an access key and a `credential_process`"), why, fix);
    }
    found
}

/// ARNs copied from a manual or a template, with an account that nobody has.
fn of_placeholders(profile: &Profile<'_>, path: &dyn Fn(AwsFile) -> String) -> Vec<Finding> {
    let name = profile.name();
    let is_arn = |setting: &str| matches!(setting.strip_prefix(PREFIX).unwrap_or(setting), "role_arn" | "mfa_serial");
    let settings = profile.settings().filter(|setting| is_arn(&setting.name) && is_placeholder(&setting.value));
    let finding = |setting: Setting<'_>| {
        let message = format!("`{}` of `{name}` is a placeholder: `{}`", setting.name, setting.value);
        let why = "it names no account of yours, so AWS refuses it";
        let fix = run!("keyfob profile set {} {} ARN", name, setting.name);
        Finding::new("placeholder", message, why, fix).at(path(setting.file), setting.line)
    };
    settings.map(finding).collect()
}

/// Whether an ARN has something else than an account's 12 digits, or the account of AWS's documentation.
fn is_placeholder(arn: &str) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    arn.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(3)).is_some_and(|account| {
        account == "123456789012" || (!is_account(account) && account.bytes().any(|byte| byte.is_ascii_alphabetic()))
    })
}

/// A profile that has a source and nothing to do with it: keyfob and aws-vault follow it, no SDK does.
fn of_alias(
    profile: &Profile<'_>,
    path: &dyn Fn(AwsFile) -> String,
    link: &dyn Fn() -> Option<Hint>,
) -> Option<Finding> {
    let source = profile.plain("source_profile").filter(|source| !source.value.is_empty())?;
    if is_complete_for_sdks(profile) {
        return None;
    }
    let name = profile.name();
    let message = format!("`{name}` has a `source_profile`, but no `role_arn`");
    let why = "SDKs find no credentials for such a profile";
    let unless: Hint = "give it a role, or name a source whose credentials keyfob can get".into();
    Some(Finding::new("setting", message, why, link().unwrap_or(unless)).at(path(source.file), source.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_named_with_its_line_and_what_is_somebody_elses_is_not() {
        let config = "[profile a]\nsource_profile = b\n[profile b]\nkeyfob_frobnicate = 1\ngranted_color = red\n\
            [profile c]\nsso_session = corp\nservices = local\n[sso-session corp]\nsso_region = eu-west-1\n\
            [profile d]\nkeyfob_source_profile = b\nsource_profile = b\nrole_arn = r\n\
            [profile e]\nsource_profile = b\ncredential_process = keyfob credential-process e\n";
        let profiles = Profiles::from_texts(config, "");
        let all = profiles.names().filter_map(|name| profiles.get(name));
        let found: Vec<(&str, Option<usize>)> = all
            .flat_map(|profile| of_profile(&profiles, &profile, &|_| "config".to_owned(), &|| None))
            .map(|finding| (finding.check, finding.line))
            .collect();
        assert_eq!(found, [("setting", Some(2)), ("setting", Some(4)), ("dangling", Some(8))]);
    }

    #[test]
    fn an_arn_out_of_a_manual_is_a_placeholder() {
        for placeholder in [
            "arn:aws:iam::ACCOUNT_ID:role/Admin",
            "arn:aws:iam::<account>:mfa/me",
            "arn:aws:iam::123456789012:role/NAME",
            "arn:aws:iam::YOUR-ACCOUNT:mfa/me",
        ] {
            assert!(is_placeholder(placeholder), "{placeholder}");
        }
        for real in ["arn:aws:iam::111122223333:role/a:b/<R>/X", "GAHT12345678", "arn:aws:iam::1:role/R", "admin", ""] {
            assert!(!is_placeholder(real), "{real}");
        }
    }

    #[test]
    fn a_command_that_fixes_is_one_for_a_shell_whatever_the_profile_is_called() {
        let profiles = Profiles::from_texts("[profile 'a $(b)']\nkeyfob_frobnicate = 1\n", "");
        let profile = profiles.get("a $(b)").expect("there");
        let found = of_profile(&profiles, &profile, &|_| String::new(), &|| None);
        assert_eq!(found[0].fix.shown(), "`keyfob profile unset 'a $(b)' keyfob_frobnicate`");
        assert_eq!(
            serde_json::to_value(&found[0]).expect("JSON")["fix"],
            serde_json::json!({"argv": ["keyfob", "profile", "unset", "a $(b)", "keyfob_frobnicate"], "fill": []})
        );
    }
}
