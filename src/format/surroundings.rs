//! What a profile says beside its credentials (region, endpoints, FIPS, CA bundle), as environment variables.
//!
//! Whoever gets credentials as variables no longer reads the profile, so its settings have to go along.

use crate::format::shell::is_variable_name;
use crate::sys::env::{Environment, vars};

/// What goes along with a profile's credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileVariables {
    /// The region, where variables or profile name one; keyfob's own default is not handed out.
    pub region: Option<String>,
    /// Variables and values, from the profile's settings.
    pub variables: Vec<(String, String)>,
    /// `KEYFOB_NARROW`, where the credentials are narrowed.
    pub narrowed: Option<String>,
    /// `KEYFOB_IDENTITY`.
    pub identity: Option<String>,
    /// Whether the credentials are of no profile that a later keyfob could be asked for.
    pub is_unnamed: bool,
    /// Settings that have no variable and are lost, for a warning: `s3.addressing_style`.
    pub without_variable: Vec<String>,
}

/// Settings that choose where requests go and how they are made, and their variables, which win over them.
///
/// AWS SDKs and Tools Reference Guide, "Settings reference"; the S3 ones: botocore `configprovider.py`.
const SETTINGS: [(&str, &str); 15] = [
    ("account_id_endpoint_mode", "AWS_ACCOUNT_ID_ENDPOINT_MODE"),
    ("auth_scheme_preference", "AWS_AUTH_SCHEME_PREFERENCE"),
    ("ca_bundle", vars::AWS_CA_BUNDLE),
    ("defaults_mode", "AWS_DEFAULTS_MODE"),
    ("ignore_configured_endpoint_urls", vars::AWS_IGNORE_CONFIGURED_ENDPOINT_URLS),
    ("max_attempts", "AWS_MAX_ATTEMPTS"),
    ("output", "AWS_DEFAULT_OUTPUT"),
    ("retry_mode", "AWS_RETRY_MODE"),
    ("s3_disable_multiregion_access_points", "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS"),
    ("s3_us_east_1_regional_endpoint", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"),
    ("s3_use_arn_region", "AWS_S3_USE_ARN_REGION"),
    ("sigv4a_signing_region_set", "AWS_SIGV4A_SIGNING_REGION_SET"),
    ("sts_regional_endpoints", vars::AWS_STS_REGIONAL_ENDPOINTS),
    ("use_dualstack_endpoint", vars::AWS_USE_DUALSTACK_ENDPOINT),
    ("use_fips_endpoint", vars::AWS_USE_FIPS_ENDPOINT),
];

/// In the nested block `s3`: these choose endpoints too, and have no variable (botocore `configprovider.py`).
const S3_WITHOUT_VARIABLE: [&str; 4] =
    ["addressing_style", "payload_signing_enabled", "use_accelerate_endpoint", "use_dualstack_endpoint"];

impl ProfileVariables {
    /// Reads a profile. `environment` is the user's own, without what an outer keyfob put there: a variable in it wins
    /// over the setting, as in the SDKs, and is left alone. `setting` answers for the profile; `services` are the
    /// settings of the `[services …]` section it names, each a service and its nested block.
    pub fn new(
        environment: &Environment,
        setting: impl Fn(&str) -> Option<String>,
        services: &[(String, String)],
    ) -> ProfileVariables {
        let setting = |name: &str| setting(name).filter(|value| !value.trim().is_empty());
        let region = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].into_iter().find_map(|name| environment.get(name));
        let mut surroundings = ProfileVariables {
            region: region.map(str::to_owned).or_else(|| setting("region")),
            variables: Vec::new(),
            narrowed: None,
            identity: None,
            is_unnamed: false,
            without_variable: Vec::new(),
        };
        for (name, variable) in SETTINGS {
            if let (None, Some(value)) = (environment.get_os(variable), setting(name)) {
                surroundings.variables.push((variable.to_owned(), value));
            }
        }
        surroundings.add_endpoints(environment, setting("endpoint_url"), services);
        if let Some(block) = setting("s3") {
            let lost = nested(&block).map(|(name, _)| name).filter(|name| S3_WITHOUT_VARIABLE.contains(name));
            surroundings.without_variable.extend(lost.map(|name| format!("s3.{name}")));
        }
        surroundings
    }

    /// The SDKs take the first of: the service's variable, `AWS_ENDPOINT_URL`, the service's entry, the profile's
    /// `endpoint_url` (SDKs and Tools Reference Guide, "Service-specific endpoints"). So an `AWS_ENDPOINT_URL` of the
    /// user's hides the whole of the profile's, and the service's variable that entry alone.
    fn add_endpoints(&mut self, environment: &Environment, whole: Option<String>, services: &[(String, String)]) {
        if environment.get_os(vars::AWS_ENDPOINT_URL).is_some() {
            return;
        }
        self.variables.extend(whole.map(|url| (vars::AWS_ENDPOINT_URL.to_owned(), url)));
        for (service, block) in services {
            let Some((_, url)) = nested(block).find(|(name, url)| *name == "endpoint_url" && !url.is_empty()) else {
                continue;
            };
            let variable = format!("{}{}", vars::AWS_ENDPOINT_URL_PREFIX, service.to_ascii_uppercase());
            if !is_variable_name(&variable) {
                self.without_variable.push(format!("{service}.endpoint_url"));
            } else if environment.get_os(&variable).is_none() {
                self.variables.push((variable, url.to_owned()));
            }
        }
    }
}

/// The `name = value` lines of a nested block.
fn nested(block: &str) -> impl Iterator<Item = (&str, &str)> {
    block.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &[(&str, &str)] = &[
        ("region", "eu-west-1"),
        ("endpoint_url", "http://localhost:1"),
        ("use_fips_endpoint", "true"),
        ("use_dualstack_endpoint", "false"),
        ("ca_bundle", "/etc/corp ca.pem"),
        ("role_arn", "arn:aws:iam::123456789012:role/r"),
        ("s3", "\naddressing_style = path\nmax_concurrent_requests = 20"),
    ];

    fn read(environment: &[(&str, &str)]) -> ProfileVariables {
        let setting =
            |name: &str| PROFILE.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let services = [
            ("elastic_beanstalk".to_owned(), "\nendpoint_url = http://localhost:2".to_owned()),
            ("s3".to_owned(), "\nsomething = else\nendpoint_url=http://localhost:3".to_owned()),
            ("odd-name".to_owned(), "\nendpoint_url = http://localhost:4".to_owned()),
        ];
        ProfileVariables::new(&Environment::from_pairs(environment.iter().copied()), setting, &services)
    }

    fn names(surroundings: &ProfileVariables) -> Vec<&str> {
        surroundings.variables.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn a_profiles_settings_become_the_variables_the_sdks_read() {
        let surroundings = read(&[]);
        assert_eq!(surroundings.region.as_deref(), Some("eu-west-1"));
        let expected = [
            ("AWS_CA_BUNDLE", "/etc/corp ca.pem"),
            ("AWS_USE_DUALSTACK_ENDPOINT", "false"),
            ("AWS_USE_FIPS_ENDPOINT", "true"),
            ("AWS_ENDPOINT_URL", "http://localhost:1"),
            ("AWS_ENDPOINT_URL_ELASTIC_BEANSTALK", "http://localhost:2"),
            ("AWS_ENDPOINT_URL_S3", "http://localhost:3"),
        ];
        assert_eq!(surroundings.variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_has_no_variable_is_named() {
        assert_eq!(read(&[]).without_variable, ["odd-name.endpoint_url", "s3.addressing_style"]);
    }

    #[test]
    fn a_variable_of_the_users_wins_over_the_setting_as_in_the_sdks() {
        let surroundings =
            read(&[("AWS_REGION", "us-west-2"), ("AWS_CA_BUNDLE", "/mine"), ("AWS_ENDPOINT_URL_S3", "x")]);
        assert_eq!(surroundings.region.as_deref(), Some("us-west-2"));
        assert_eq!(
            names(&surroundings),
            [
                "AWS_USE_DUALSTACK_ENDPOINT", "AWS_USE_FIPS_ENDPOINT", "AWS_ENDPOINT_URL",
                "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK"
            ]
        );
        assert_eq!(
            read(&[("AWS_DEFAULT_REGION", "us-west-1"), ("AWS_REGION", "")]).region.as_deref(),
            Some("us-west-1")
        );
    }

    #[test]
    fn an_endpoint_of_the_users_hides_all_of_the_profiles() {
        let surroundings = read(&[("AWS_ENDPOINT_URL", "http://mine")]);
        assert!(!names(&surroundings).iter().any(|name| name.starts_with("AWS_ENDPOINT_URL")), "{surroundings:?}");
    }
}
