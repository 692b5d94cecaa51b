//! Keys of services other than AWS: issued as they are, and never sent to AWS.

use super::{Input, ask, in_short};
use crate::chain::target::is_elsewhere;
use crate::chain::{Plan, PlanError};

const KEY: &str = "aws_access_key_id = test|aws_secret_access_key = test";

fn planned(config: &str, asked: &str, env: &[(&str, &str)]) -> Result<Plan, PlanError> {
    let config = config.replace("OTHER", KEY);
    Input { config: &config, env, ask: ask(asked), ..Input::default() }.plan()
}

#[test]
fn it_is_issued_as_it_is_and_signs_only_at_the_endpoint_of_its_service() {
    let cases = [
        ("[profile l]|endpoint_url = http://localhost:4566|OTHER", "l[file]"),
        ("[profile l]|endpoint_url = http://localhost:4566|OTHER|mfa_serial = {bad}", "l[file]"),
        ("[profile l]|endpoint_url = http://localhost:4566|OTHER|mfa_serial = DEVICE|keyfob_session = mfa", "l[file]"),
        ("[profile l]|endpoint_url = http://localhost:4566|OTHER|keyfob_session = always", "l[file] -> session 43200"),
        ("[profile l]|services = s|OTHER|[services s]|s3 =\n  endpoint_url = https://minio.example", "l[file]"),
        (
            "[profile l]|endpoint_url = http://a|role_arn = ROLE(L)|source_profile = b|[profile b]|OTHER",
            "b[file] -> l 3600",
        ),
        (
            "[profile l]|endpoint_url = http://a|role_arn = ROLE(L)|source_profile = b|[profile b]|OTHER|mfa_serial = DEVICE",
            "b[file] -> l+mfa 3600",
        ),
    ];
    for (config, expected) in cases {
        match planned(config, "l", &[]) {
            Ok(plan) => assert_eq!(in_short(&plan), expected, "{config}"),
            Err(error) => panic!("{config}: {error}"),
        }
    }
    let variable = [("AWS_ENDPOINT_URL_S3", "http://localhost:9000")];
    assert!(planned("[profile l]|OTHER", "l", &variable).is_ok());
}

#[test]
fn without_an_endpoint_of_its_service_it_is_refused() {
    let any = (None, "l");
    let sts = (Some("STS"), "l");
    let cases = [
        ("[profile l]|OTHER", any),
        ("[profile l]|OTHER|endpoint_url = https://s3.eu-west-1.amazonaws.com", any),
        ("[profile l]|OTHER|endpoint_url = http://localhost:1|ignore_configured_endpoint_urls = true", any),
        ("[profile l]|services = s|OTHER|keyfob_session = always|[services s]|s3 =", sts),
        ("[profile l]|OTHER|keyfob_session = always|endpoint_url = https://sts.amazonaws.com", sts),
        ("[profile l]|role_arn = ROLE(L)|source_profile = b|[profile b]|endpoint_url = http://localhost:1|OTHER", sts),
    ];
    for (config, (service, lacking)) in cases {
        let error = planned(config, "l", &[]).expect_err(config);
        let PlanError::OtherServiceWithoutEndpoint { service: named, lacking: whose, .. } = &error else {
            panic!("{config}: {error}");
        };
        assert_eq!((*named, whose.as_str()), (service, lacking), "{config}");
    }
}

#[test]
fn aws_hosts_are_known_in_every_partition() {
    for aws in [
        "https://sts.amazonaws.com",
        "https://sts.eu-west-1.amazonaws.com/",
        "https://STS.EU-WEST-1.AMAZONAWS.COM.:443/x",
        "https://user@s3.cn-north-1.amazonaws.com.cn?x",
        "https://vpce-1.sts.us-east-1.vpce.amazonaws.com",
        "https://s3.dualstack.eu-west-1.api.aws",
        "https://sts.eusc-de-east-1.amazonaws.eu",
        "no URL",
    ] {
        assert!(!is_elsewhere(aws), "{aws}");
    }
    for other in ["http://localhost:4566", "https://abc.r2.cloudflarestorage.com", "https://notamazonaws.com"] {
        assert!(is_elsewhere(other), "{other}");
    }
}
