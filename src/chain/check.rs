//! Whether a setting's value is one that AWS and keyfob take, before it is written. Pure.

use crate::chain::target::{boolean, checked_region, checked_url, looks_like_region};
use crate::chain::values::{self, LONGEST_ROLE, LONGEST_SESSION};
use crate::process_line;
use crate::profile::known::PREFIX;

/// What decides about values of other settings of the same profile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside {
    /// A role: its sessions last 12 h at most, others 36 h.
    pub role: bool,
    /// An endpoint of another service than AWS, whose regions have names of their own.
    pub own_endpoint: bool,
}

/// The AWS CLI's output formats (AWS CLI User Guide, "Setting the output format in the AWS CLI").
const OUTPUTS: [&str; 6] = ["json", "text", "table", "yaml", "yaml-stream", "off"];

/// Checks a value against AWS's own rules for the setting; one nobody here knows is right whatever it says.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn check_value(name: &str, value: &str, beside: Beside) -> Result<(), String> {
    let name = name.to_ascii_lowercase();
    if name == "keyfob_session" {
        return values::session_mode(value).map(drop);
    }
    if name == "keyfob_agents" {
        return values::agent_rights(value).map(drop);
    }
    let checked = match name.strip_prefix(PREFIX).unwrap_or(&name) {
        "role_arn" => values::role_arn(value).map(drop),
        "mfa_serial" => values::mfa_serial(value).map(drop),
        "external_id" => values::external_id(value).map(drop),
        "role_session_name" | "source_identity" => values::session_name(value).map(drop),
        "duration_seconds" => {
            values::duration_seconds(value, if beside.role { LONGEST_ROLE } else { LONGEST_SESSION }).map(drop)
        }
        "mfa_max_age" => values::max_age(value).map(drop),
        "session_tags" => values::session_tags(value).map(drop),
        "transitive_session_tags" => values::transitive_tag_keys(value).map(drop),
        "policy" => values::policy(value).map(drop),
        "policy_arns" => values::policy_arns(value, None).map(drop),
        "region" => region(value, beside.own_endpoint),
        "sso_region" => region(value, false),
        "endpoint_url" => checked_url(value).map(drop),
        "use_fips_endpoint" | "use_dualstack_endpoint" | "ignore_configured_endpoint_urls" => boolean(value).map(drop),
        "credential_source" => one_of(value, &["Environment", "Ec2InstanceMetadata", "EcsContainer"]),
        "sts_regional_endpoints" => one_of(value, &["regional", "legacy"]),
        "output" => one_of(value, &OUTPUTS),
        "retry_mode" => one_of(value, &["standard", "adaptive", "legacy"]),
        "aws_account_id" | "sso_account_id" => account(value),
        "credential_process" => process_line::split(value).map(drop).map_err(|error| error.to_string()),
        _ => Ok(()),
    };
    match value {
        "" => Err("the value is empty".to_owned()),
        _ => checked,
    }
}

/// Checks the name of a region; one of another service, as at an endpoint of its own, need only be a label of a host.
///
/// # Errors
/// What is wrong, and what would be right.
pub fn region(text: &str, own_endpoint: bool) -> Result<(), String> {
    // `aws-global` is the pseudo-region of the global endpoints.
    match text == "aws-global" || looks_like_region(text) {
        true => Ok(()),
        false if own_endpoint => checked_region(text).map(drop),
        false => Err(format!("`{text}` is not a valid region; expected a name like `eu-west-1`")),
    }
}

fn account(text: &str) -> Result<(), String> {
    let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_one { Ok(()) } else { Err(format!("`{text}` is not a valid account id; expected 12 digits")) }
}

fn one_of(text: &str, choices: &[&str]) -> Result<(), String> {
    if choices.contains(&text) {
        Ok(())
    } else {
        Err(format!("`{text}` is invalid; expected `{}`", choices.join("`, `")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_held_to_awss_rules_and_unknown_settings_to_none() {
        let good = [
            ("region", "eu-west-1"),
            ("region", "us-gov-east-1"),
            ("region", "eusc-de-east-1"),
            ("region", "us-isob-east-1"),
            ("region", "aws-global"),
            ("role_arn", "arn:aws:iam::123456789012:role/R"),
            ("keyfob_role_arn", "arn:aws-cn:iam::123456789012:role/R"),
            ("duration_seconds", "43200"),
            ("keyfob_session", "mfa"),
            ("keyfob_agents", "read-only"),
            ("keyfob_mfa_max_age", "15m"),
            ("output", "yaml-stream"),
            ("output", "off"),
            ("mine", "x"),
        ];
        let bad = [
            ("region", "eu-west"),
            ("region", "eu-central1"),
            ("region", "eu_west_1"),
            ("region", "Ireland"),
            ("role_arn", "R"),
            ("KEYFOB_ROLE_ARN", "R"),
            ("duration_seconds", "1h"),
            ("duration_seconds", "43201"),
            ("mfa_serial", "123"),
            ("keyfob_session", "sometimes"),
            ("keyfob_agents", "never"),
            ("credential_source", "environment"),
            ("output", "xml"),
            ("output", "JSON"),
            ("endpoint_url", "localhost:80"),
            ("credential_process", "a \"b"),
            ("sso_account_id", "1"),
            ("mine", ""),
        ];
        let beside = Beside { role: true, own_endpoint: false };
        for (name, value) in good {
            assert_eq!(check_value(name, value, beside), Ok(()), "{name} = {value}");
        }
        for (name, value) in bad {
            assert!(check_value(name, value, beside).is_err(), "{name} = {value}");
        }
        assert_eq!(check_value("duration_seconds", "129600", Beside::default()), Ok(()));
        let elsewhere = Beside { own_endpoint: true, ..beside };
        assert_eq!(check_value("region", "auto", elsewhere), Ok(()), "R2's");
        assert!(check_value("region", "x.example/", elsewhere).is_err());
    }
}
