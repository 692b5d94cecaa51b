//! The settings keyfob and the SDKs know, by name. Pure.
//!
//! AWS SDKs and Tools Reference Guide, "Settings reference"; botocore `configprovider.py`; AWS CLI User Guide, "Supported
//! config file settings"; aws-vault `vault/config.go`.

use crate::mask;

/// Begins the name of a setting that only keyfob sees.
pub const PREFIX: &str = "keyfob_";

/// What makes SDKs assume a role, and goes with it. `profile link` gives each its `keyfob_` form.
pub const ROLE_SETTINGS: [&str; 7] = [
    "role_arn", "source_profile", "credential_source", "mfa_serial", "external_id", "duration_seconds",
    "role_session_name",
];

/// What gives SDKs credentials, beside keys and `credential_process`. `profile link` gives each its `keyfob_` form.
pub const BASE_SETTINGS: [&str; 10] = [
    "credential_source", "web_identity_token_file", "web_identity_token_process", "login_session", "sso_session",
    "sso_account_id", "sso_role_name", "sso_start_url", "sso_region", "sso_registration_scopes",
];

/// The settings whose value is a profile's name; each has its `keyfob_` form too.
pub const POINTERS: [&str; 2] = ["source_profile", "include_profile"];

/// The `credential_process` of another program that `add --replace-process` replaced, for `unlink` to restore.
pub const REPLACED_PROCESS: &str = "keyfob_replaced_credential_process";

/// Marks a profile that `sso profiles` has written, with the name of the session it is of.
pub const GENERATED: &str = "keyfob_generated";

/// keyfob's alone, and without a form without `keyfob_`.
const OURS: [&str; 15] = [
    GENERATED, "keyfob_agents", "keyfob_browser", "keyfob_session", "keyfob_read_only", "keyfob_mfa_max_age",
    "keyfob_allow_root", "keyfob_cache", "keyfob_certificate", "keyfob_private_key", "keyfob_profile_arn",
    "keyfob_trust_anchor_arn", "keyfob_web_identity", "keyfob_web_identity_audience", REPLACED_PROCESS,
];

const KNOWN: [&str; 91] = [
    "account_id_endpoint_mode", "addressing_style", "api_versions", "auth_scheme_preference", "aws_access_key_id",
    "aws_account_id", "aws_secret_access_key", "aws_security_token", "aws_session_token", "ca_bundle",
    "cli_auto_prompt", "cli_binary_format", "cli_error_format", "cli_follow_urlparam", "cli_help_output",
    "cli_history", "cli_pager", "cli_timestamp_format", "cloudsearch", "cloudwatch", "credential_process",
    "credential_source", "csm_client_id", "csm_enabled", "csm_host", "csm_port", "datapipeline", "defaults_mode",
    "disable_clock_skew_correction", "disable_request_compression", "duration_seconds", "dynamodb",
    "ec2_metadata_disabled", "ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode",
    "ec2_metadata_v1_disabled", "emr", "enable_endpoint_discovery", "endpoint_discovery_enabled", "endpoint_url",
    "external_id", "ignore_configured_endpoint_urls", "include_profile", "login_session", "max_attempts",
    "metadata_service_num_attempts", "metadata_service_timeout", "mfa_process", "mfa_serial", "output",
    "parameter_validation", "payload_signing_enabled", "policy", "policy_arns", "region",
    "request_checksum_calculation", "request_min_compression_size_bytes", "response_checksum_validation", "retry_mode",
    "role_arn", "role_session_name", "s3", "s3_disable_express_session_auth", "s3_disable_multiregion_access_points",
    "s3_us_east_1_regional_endpoint", "s3_use_arn_region", "s3api", "s3control", "sdk_ua_app_id", "services",
    "session_tags", "sigv4a_signing_region_set", "source_identity", "source_profile", "sso_account_id", "sso_region",
    "sso_registration_scopes", "sso_role_name", "sso_session", "sso_start_url", "sts_regional_endpoints",
    "tcp_keepalive", "transitive_session_tags", "use_accelerate_endpoint", "use_dualstack_endpoint",
    "use_fips_endpoint", "user_agent_appid", "web_identity_token_file", "web_identity_token_process", "workspaces",
    "x_principal_arn",
];

/// Whether any output may show the setting's value.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix(PREFIX).unwrap_or(&name);
    matches!(name, "aws_secret_access_key" | "aws_session_token" | "aws_security_token")
}

/// The settings without `keyfob_` that are known.
pub fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().copied()
}

/// Whether keyfob or an SDK has a use for a setting of this name.
pub fn is_known(name: &str) -> bool {
    OURS.contains(&name) || KNOWN.binary_search(&name.strip_prefix(PREFIX).unwrap_or(name)).is_ok()
}

/// Whether a setting has others nested below it instead of a value: those of one service, and `api_versions`.
pub fn is_block(name: &str) -> bool {
    const BLOCKS: [&str; 10] = [
        "api_versions", "cloudsearch", "cloudwatch", "datapipeline", "dynamodb", "emr", "s3", "s3api", "s3control",
        "workspaces",
    ];
    BLOCKS.iter().any(|block| name.eq_ignore_ascii_case(block))
}

/// The known setting that `name` is nearly called, where `name` is not known.
pub fn nearest(name: &str) -> Option<String> {
    if is_known(name) {
        return None;
    }
    let (prefix, bare) = name.strip_prefix(PREFIX).map_or(("", name), |bare| (PREFIX, bare));
    let most = if bare.len() < 6 { 1 } else { 2 };
    // A distance takes long to work out, and a file may have thousands of settings that nobody knows.
    let length = bare.chars().count();
    // What is keyfob's alone has no form without the prefix.
    let ours = OURS.iter().filter_map(|name| name.strip_prefix(PREFIX)).filter(|_| !prefix.is_empty());
    let may_be_near = KNOWN.iter().copied().chain(ours).filter(|known| known.len().abs_diff(length) <= most);
    let near = may_be_near.filter_map(|known| Some((mask::distance_within(known, bare, most)?, known)));
    near.min().map(|(_, known)| format!("{prefix}{known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_settings_whose_names_are_masked_are_the_three_that_hold_a_secret() {
        let masked: Vec<&str> = names().filter(|name| crate::mask::is_secret_name(name)).collect();
        assert_eq!(masked, ["aws_secret_access_key", "aws_security_token", "aws_session_token"]);
        assert!(masked.iter().all(|name| is_secret(name)));
    }

    #[test]
    fn a_misspelt_setting_is_told_from_one_that_is_somebody_elses() {
        assert!(KNOWN.is_sorted());
        for known in ["region", "keyfob_role_arn", "keyfob_session"] {
            assert!(is_known(known) && nearest(known).is_none(), "{known}");
        }
        let cases = [
            ("mfa_serail", "mfa_serial"),
            ("keyfob_rolearn", "keyfob_role_arn"),
            ("regoin", "region"),
            ("keyfob_readonly", "keyfob_read_only"),
            ("keyfob_sesion", "keyfob_session"),
        ];
        for (wrong, right) in cases {
            assert_eq!(nearest(wrong).as_deref(), Some(right));
        }
        for ours in OURS {
            let cut = &ours[..ours.len() - 1];
            assert!(nearest(cut).is_some_and(|near| near == ours || is_known(&near)), "{cut}");
        }
        for other in ["granted_color", "credential_cache", "key"] {
            assert_eq!(nearest(other), None, "{other}");
        }
    }
}
