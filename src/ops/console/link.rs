//! Where the console is: its hosts in each partition, and its pages by service or path. Pure.

/// Two origins: `https://HOST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// Where tokens are made and people sign in.
    pub sign_in: String,
    /// The console's own.
    pub console: String,
}

/// The hosts of a region's partition; none where federation into the console is not known to work: the isolated partitions
/// (IAM User Guide, "Enabling custom identity broker access to the AWS console"; AWS General Reference, "Console endpoints").
pub fn hosts(region: &str, partition: &str) -> Option<Hosts> {
    let (sign_in, console) = match partition {
        "aws" if region == "us-east-1" => {
            ("signin.aws.amazon.com".to_owned(), format!("{region}.console.aws.amazon.com"))
        }
        "aws" => (format!("{region}.signin.aws.amazon.com"), format!("{region}.console.aws.amazon.com")),
        "aws-cn" => ("signin.amazonaws.cn".to_owned(), "console.amazonaws.cn".to_owned()),
        "aws-us-gov" => ("signin.amazonaws-us-gov.com".to_owned(), "console.amazonaws-us-gov.com".to_owned()),
        // The host without a region does not answer.
        "aws-eusc" => (format!("{region}.signin.amazonaws-eusc.eu"), "console.amazonaws-eusc.eu".to_owned()),
        _ => return None,
    };
    Some(Hosts { sign_in: format!("https://{sign_in}"), console: format!("https://{console}") })
}

/// The console's names of services, where they are not those of the AWS CLI.
const PAGES: [(&str, &str); 12] = [
    ("apigateway", "apigateway/main/apis"),
    ("cfn", "cloudformation/home"),
    ("cw", "cloudwatch/home"),
    ("ddb", "dynamodbv2/home"),
    ("dynamodb", "dynamodbv2/home"),
    ("ecr", "ecr/repositories"),
    ("ecs", "ecs/v2"),
    ("logs", "cloudwatch/home"),
    ("route53", "route53/v2/home"),
    ("sso", "singlesignon/home"),
    ("ssm", "systems-manager/home"),
    ("stepfunctions", "states/home"),
];

/// The address of a page: the start page, a service's (`s3`), or a path (`/cloudwatch/home`).
///
/// # Errors
/// What is neither, as a sentence.
pub fn page(hosts: &Hosts, region: &str, wanted: Option<&str>) -> Result<String, String> {
    let console = &hosts.console;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match wanted {
        None => Ok(format!("{console}/console/home?region={region}")),
        // Security: `//host` and `/\host` are other hosts to a browser.
        Some(path) if path.starts_with('/') && !path[1..].starts_with(['/', '\\']) => {
            if path.bytes().any(|byte| byte.is_ascii_control() || byte == b' ' || byte == b'\\') {
                return Err(format!("`{path}` is not a path of the console"));
            }
            Ok(match path.contains("region=") {
                true => format!("{console}{path}"),
                false => {
                    let (before, fragment) =
                        path.split_once('#').map_or((path, None), |(path, rest)| (path, Some(rest)));
                    let separator = if before.contains('?') { '&' } else { '?' };
                    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
                    format!("{console}{before}{separator}region={region}{fragment}")
                }
            })
        }
        Some(service) if !service.is_empty() && plain(service) => {
            let service = service.to_ascii_lowercase();
            let page = PAGES.iter().find(|(name, _)| *name == service);
            let page = page.map_or_else(|| format!("{service}/home"), |(_, page)| (*page).to_owned());
            Ok(format!("{console}/{page}?region={region}"))
        }
        Some(other) => {
            Err(format!("`{other}` is neither a service, such as `s3`, nor a path, such as `/cloudwatch/home`"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_hosts() {
        for (region, partition, sign_in, console) in [
            ("us-east-1", "aws", "signin.aws.amazon.com", "us-east-1.console.aws.amazon.com"),
            ("eu-west-1", "aws", "eu-west-1.signin.aws.amazon.com", "eu-west-1.console.aws.amazon.com"),
            ("cn-north-1", "aws-cn", "signin.amazonaws.cn", "console.amazonaws.cn"),
            ("us-gov-west-1", "aws-us-gov", "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
            ("eusc-de-east-1", "aws-eusc", "eusc-de-east-1.signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"),
        ] {
            let expected = Hosts { sign_in: format!("https://{sign_in}"), console: format!("https://{console}") };
            assert_eq!(hosts(region, partition), Some(expected));
        }
        assert_eq!(hosts("us-iso-east-1", "aws-iso"), None);
    }

    #[test]
    fn a_page_is_a_service_or_a_path_of_the_console_and_no_other_host() {
        let hosts = hosts("eu-west-1", "aws").expect("known");
        let address = |wanted: Option<&str>| {
            page(&hosts, "eu-west-1", wanted).map(|url| url.replace("https://eu-west-1.console.aws.amazon.com", ""))
        };
        for (wanted, expected) in [
            (None, "/console/home?region=eu-west-1"),
            (Some("s3"), "/s3/home?region=eu-west-1"),
            (Some("DynamoDB"), "/dynamodbv2/home?region=eu-west-1"),
            (Some("/cloudwatch/home"), "/cloudwatch/home?region=eu-west-1"),
            (Some("/cloudwatch/home#logs:"), "/cloudwatch/home?region=eu-west-1#logs:"),
            (Some("/ec2/home?region=us-east-1"), "/ec2/home?region=us-east-1"),
        ] {
            assert_eq!(address(wanted).as_deref(), Ok(expected), "{wanted:?}");
        }
        for bad in ["//evil.example", "/\\evil.example", "https://evil.example", "a b", "", "s3/../x", "/a b"] {
            assert!(address(Some(bad)).is_err(), "{bad}");
        }
    }
}
