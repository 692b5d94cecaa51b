//! What is read of an Identity Center: hosts of each partition, configured endpoints, start URLs.

use super::expand;
use crate::chain::identity_center::{IdentityCenter, contradiction, of_profile, trimmed};
use crate::chain::{FileNames, PlanError};
use crate::profile::Profiles;
use crate::sys::env::Environment;

fn read(config: &str, env: &[(&str, &str)]) -> Result<Option<IdentityCenter>, PlanError> {
    let profiles = Profiles::from_texts(&expand(config), "");
    of_profile(&profiles, &Environment::from_pairs(env.iter().copied()), &FileNames::default(), "a")
}

#[test]
fn each_partition_has_hosts_of_its_own() {
    for (region, oidc, portal) in [
        ("eu-west-1", "https://oidc.eu-west-1.amazonaws.com", "https://portal.sso.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://oidc.cn-north-1.amazonaws.com.cn", "https://portal.sso.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://oidc.us-gov-west-1.amazonaws.com", "https://portal.sso.us-gov-west-1.amazonaws.com"),
        (
            "eusc-de-east-1",
            "https://oidc.eusc-de-east-1.amazonaws.eu",
            "https://portal.sso.eusc-de-east-1.amazonaws.eu",
        ),
        ("us-iso-east-1", "https://oidc.us-iso-east-1.c2s.ic.gov", "https://portal.sso.us-iso-east-1.c2s.ic.gov"),
    ] {
        let config = format!("[profile a]|sso_start_url = https://x|sso_region = {region}");
        let read = read(&config, &[]).expect("valid").expect("there");
        assert_eq!((read.oidc.as_str(), read.portal.as_str(), read.is_elsewhere), (oidc, portal, false));
    }
    let config = "[profile a]|sso_start_url = https://x|sso_region = eu-west-1|use_fips_endpoint = true";
    assert_eq!(read(config, &[]).expect("valid").expect("there").oidc, "https://oidc-fips.eu-west-1.amazonaws.com");
    let config = "[profile a]|sso_start_url = https://x|sso_region = us-gov-west-1|use_fips_endpoint = true";
    assert_eq!(read(config, &[]).expect("valid").expect("there").oidc, "https://oidc.us-gov-west-1.amazonaws.com");
    let config = "[profile a]|sso_start_url = https://x|sso_region = us-gov-east-1|use_fips_endpoint = true|use_dualstack_endpoint = true";
    assert_eq!(
        read(config, &[]).expect("valid").expect("there").portal,
        "https://portal.sso-fips.us-gov-east-1.api.aws"
    );
    let config = "[profile a]|sso_start_url = https://x|sso_region = eu-west-1|use_dualstack_endpoint = true";
    assert_eq!(read(config, &[]).expect("valid").expect("there").portal, "https://portal.sso.eu-west-1.api.aws");
}

#[test]
fn configured_endpoints_come_from_variables_and_services_sections() {
    let config = "[profile a]|sso_start_url = https://x|sso_region = eu-west-1|services = l|[services l]";
    let services = format!(
        "{}sso =\n  endpoint_url = http://portal.l\nsso_oidc =\n  endpoint_url = http://oidc.l/\n",
        expand(config)
    );
    let profiles = Profiles::from_texts(&services, "");
    let of = |env: &[(&str, &str)]| {
        let read = of_profile(&profiles, &Environment::from_pairs(env.iter().copied()), &FileNames::default(), "a");
        let read = read.expect("valid").expect("there");
        (read.oidc, read.portal)
    };
    assert_eq!(of(&[]), ("http://oidc.l".to_owned(), "http://portal.l".to_owned()));
    let variables = [("AWS_ENDPOINT_URL_SSO", "http://p"), ("AWS_ENDPOINT_URL_SSO_OIDC", "http://o")];
    assert_eq!(of(&variables), ("http://o".to_owned(), "http://p".to_owned()));
    let ignored = of(&[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]);
    assert_eq!(ignored.0, "https://oidc.eu-west-1.amazonaws.com");
}

#[test]
fn start_urls_are_compared_without_what_is_copied_along() {
    for written in [
        "https://corp.awsapps.com/start", "https://corp.awsapps.com/start/", "https://corp.awsapps.com/start#/",
        " https://corp.awsapps.com/start/#",
    ] {
        assert_eq!(trimmed(written), "https://corp.awsapps.com/start");
    }
    let config = "[profile a]|sso_session = s|sso_start_url = https://x/start/#/|sso_region = eu-west-1|[sso-session s]|sso_start_url = https://x/start|sso_region = eu-west-1|sso_registration_scopes = b, a";
    let read = read(config, &[]).expect("they agree").expect("there");
    assert_eq!((read.session.as_deref(), read.scopes), (Some("s"), vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn a_start_url_that_cannot_belong_to_the_region_is_told() {
    for (url, region, part) in [
        ("https://ssoins-1.portal.eu-west-1.app.aws", "us-east-1", Some("is of `eu-west-1`")),
        ("https://ssoins-1.eu-west-1.portal.amazonaws.com", "eu-west-1", None),
        ("https://start.home.awsapps.cn/directory/d", "eu-west-1", Some("partition `aws-cn`")),
        ("https://start.us-gov-home.awsapps.com/directory/d", "us-gov-west-1", None),
        ("https://start.us-gov-home.awsapps.com/directory/d", "us-east-1", Some("partition `aws-us-gov`")),
        ("https://corp.awsapps.com/start", "ap-south-1", None),
    ] {
        let told = contradiction(url, region);
        assert_eq!(told.is_some(), part.is_some(), "{url} {region} {told:?}");
        assert!(told.unwrap_or_default().contains(part.unwrap_or_default()), "{url}");
    }
}
