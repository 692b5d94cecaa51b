//! What all IAM calls share. IAM has one endpoint for a partition.
//!
//! May use `query`.

use crate::aws::client::{Aws, Sending};
use crate::aws::query::QueryCall;
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError};
use crate::chain::target::{Target, default_region};

/// The hosts of IAM by partition: its own, FIPS, dual-stack, both (Smithy endpoint rules of IAM, the SDKs' `endpoint-rule-set`).
/// A partition that is not here has the first one's.
const HOSTS: [(&str, [&str; 4]); 8] = [
    ("aws", ["iam.amazonaws.com", "iam-fips.amazonaws.com", "iam.global.api.aws", "iam-fips.global.api.aws"]),
    (
        "aws-cn",
        [
            "iam.cn-north-1.amazonaws.com.cn",
            "iam-fips.amazonaws.com.cn",
            "iam.global.api.amazonwebservices.com.cn",
            "iam-fips.api.amazonwebservices.com.cn",
        ],
    ),
    (
        "aws-us-gov",
        ["iam.us-gov.amazonaws.com", "iam.us-gov.amazonaws.com", "iam.us-gov.api.aws", "iam.us-gov.api.aws"],
    ),
    (
        "aws-iso",
        [
            "iam.us-iso-east-1.c2s.ic.gov", "iam-fips.us-iso-east-1.c2s.ic.gov", "iam.api.aws.ic.gov",
            "iam-fips.api.aws.ic.gov",
        ],
    ),
    (
        "aws-iso-b",
        [
            "iam.us-isob-east-1.sc2s.sgov.gov", "iam-fips.us-isob-east-1.sc2s.sgov.gov", "iam.api.aws.scloud",
            "iam-fips.api.aws.scloud",
        ],
    ),
    (
        "aws-iso-e",
        [
            "iam.eu-isoe-west-1.cloud.adc-e.uk", "iam-fips.cloud.adc-e.uk", "iam.api.cloud-aws.adc-e.uk",
            "iam-fips.api.cloud-aws.adc-e.uk",
        ],
    ),
    (
        "aws-iso-f",
        [
            "iam.us-isof-south-1.csp.hci.ic.gov", "iam-fips.csp.hci.ic.gov", "iam.api.aws.hci.ic.gov",
            "iam-fips.api.aws.hci.ic.gov",
        ],
    ),
    (
        "aws-eusc",
        [
            "iam.eusc-de-east-1.amazonaws.eu", "iam-fips.amazonaws.eu", "iam.global.api.amazonwebservices.eu",
            "iam-fips.api.amazonwebservices.eu",
        ],
    ),
];

/// The longest response, bytes: a page has at most some hundred kilobytes.
const LONGEST: usize = 1 << 20;

/// That of the two calls whose responses grow with the account: the report of 5,000 users, a page of policy documents.
const LONGEST_OF_ACCOUNT: usize = 16 << 20;

/// A list of more pages than this is AWS's no more: 1,000 users, policies or roles are on each.
const MOST_PAGES: usize = 1000;

impl Aws {
    /// Makes an IAM call; the element with its result, `<ACTION>Result`, or the whole response of a call that has none.
    ///
    /// # Errors
    /// As [`AwsError`] tells; a configured endpoint that is no URL.
    pub(super) fn iam(
        &self,
        by: Access<'_>,
        sending: Sending,
        action: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, AwsError> {
        self.iam_with(by, sending, action, parameters, &[])
    }

    /// As [`Aws::iam`], with parameters that are secrets: AWS's words do not show `secrets`.
    ///
    /// # Errors
    /// As [`Aws::iam`].
    pub(super) fn iam_with(
        &self,
        by: Access<'_>,
        sending: Sending,
        action: &'static str,
        parameters: &[(&str, &str)],
        secrets: &[&str],
    ) -> Result<Element, AwsError> {
        let configured = by.target.iam_endpoint.as_ref().map_err(|problem| AwsError::Setup(problem.clone()))?;
        let call = QueryCall {
            service: "iam",
            version: "2010-05-08",
            // Signed for the partition's one region also where the endpoint is a configured one (AWS General Reference, "IAM
            // endpoints and quotas").
            region: default_region(&by.target.region),
            url: &configured.clone().unwrap_or_else(|| endpoint(by.target)),
            is_configured: configured.is_some(),
            action,
            parameters,
            sending,
            limit: None,
            longest: match action {
                "GetCredentialReport" | "GetAccountAuthorizationDetails" => LONGEST_OF_ACCOUNT,
                _ => LONGEST,
            },
            secrets,
        };
        let mut response = self.query(by, &call)?;
        Ok(response.take(&format!("{action}Result")).unwrap_or(response))
    }

    /// Makes an IAM call for all pages of its list `list`, and returns what is in them.
    ///
    /// # Errors
    /// As [`Aws::iam`]; a list that does not end.
    pub(super) fn iam_pages(
        &self,
        by: Access<'_>,
        action: &'static str,
        parameters: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<Element>, AwsError> {
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut parameters = parameters.to_vec();
            parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let mut page = self.iam(by, Sending::Retried, action, &parameters)?;
            all.extend(page.take_members(list));
            if !page.is_true("IsTruncated") {
                return Ok(all);
            }
            marker = Some(page.text("Marker").ok_or_else(|| incomplete("has no marker of the next page"))?.to_owned());
        }
        Err(incomplete("is a list without an end"))
    }
}

/// Where IAM is, as the SDKs find it.
fn endpoint(target: &Target) -> String {
    let partition = target.partition();
    let (_, hosts) = HOSTS.iter().find(|(name, _)| *name == partition).unwrap_or(&HOSTS[0]);
    format!("https://{}", hosts[usize::from(target.fips) + 2 * usize::from(target.dual_stack)])
}

pub(super) fn incomplete(what: &str) -> AwsError {
    AwsError::Invalid { endpoint: "IAM".to_owned(), cause: format!("the response {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::target;

    #[test]
    fn iam_is_where_the_sdks_find_it() {
        // From the endpoint tests of AWS's SDK for Rust (aws-sdk-iam, `config/endpoint.rs`).
        for (region, fips, dual_stack, host) in [
            ("us-east-1", true, true, "iam-fips.global.api.aws"),
            ("us-east-1", true, false, "iam-fips.amazonaws.com"),
            ("eu-central-1", false, true, "iam.global.api.aws"),
            ("eu-central-1", false, false, "iam.amazonaws.com"),
            ("cn-northwest-1", true, true, "iam-fips.api.amazonwebservices.com.cn"),
            ("cn-northwest-1", true, false, "iam-fips.amazonaws.com.cn"),
            ("cn-northwest-1", false, true, "iam.global.api.amazonwebservices.com.cn"),
            ("cn-northwest-1", false, false, "iam.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", true, false, "iam-fips.amazonaws.eu"),
            ("eusc-de-east-1", false, false, "iam.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", true, false, "iam-fips.us-iso-east-1.c2s.ic.gov"),
            ("us-iso-east-1", false, false, "iam.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, false, "iam.us-isob-east-1.sc2s.sgov.gov"),
            ("eu-isoe-west-1", true, false, "iam-fips.cloud.adc-e.uk"),
            ("eu-isoe-west-1", false, false, "iam.eu-isoe-west-1.cloud.adc-e.uk"),
            ("us-isof-south-1", false, false, "iam.us-isof-south-1.csp.hci.ic.gov"),
            ("us-gov-west-1", true, true, "iam.us-gov.api.aws"),
            ("us-gov-east-1", true, false, "iam.us-gov.amazonaws.com"),
            ("us-gov-west-1", false, false, "iam.us-gov.amazonaws.com"),
        ] {
            let target = Target { region: region.to_owned(), fips, dual_stack, ..target("") };
            assert_eq!(endpoint(&target), format!("https://{host}"), "{region} {fips} {dual_stack}");
        }
    }
}
