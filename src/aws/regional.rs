//! Calls of an audit to services that are in each region.
//!
//! May use `query`.

use crate::aws::client::{Aws, Sending};
use crate::aws::query::{QueryCall, SignedRequest};
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError};
use crate::chain::hosts::{self, Place};

/// The longest response, bytes.
const LONGEST: usize = 1 << 20;

impl Aws {
    /// DescribeRegions: those that are enabled (Amazon EC2 API Reference).
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    pub(super) fn describe_regions(&self, by: Access<'_>) -> Result<Element, AwsError> {
        let region = &by.target.region;
        let place = Place {
            url: hosts::ec2(by.target, region).map_err(AwsError::Setup)?,
            region: region.clone(),
            is_configured: by.target.other_endpoints.contains_key("ec2"),
        };
        let call = QueryCall {
            service: "ec2",
            version: "2016-11-15",
            place: &place,
            action: "DescribeRegions",
            parameters: &[],
            sending: Sending::Retried,
            limit: None,
            longest: LONGEST,
            secrets: &[],
        };
        self.query(by, &call)
    }

    /// A page of ListAnalyzers in a region (IAM Access Analyzer API Reference).
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    pub(super) fn list_analyzers(
        &self,
        by: Access<'_>,
        region: &str,
        query: &[(&str, &str)],
    ) -> Result<serde_json::Value, AwsError> {
        let mut url = hosts::access_analyzer(by.target, region).map_err(AwsError::Setup)? + "/analyzer";
        if !query.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            url = format!("{url}?{query}");
        }
        let request = SignedRequest {
            service: "access-analyzer",
            region,
            method: "GET",
            url: &url,
            body: "",
            action: "ListAnalyzers",
            longest: LONGEST,
        };
        self.get_json(by, &request, by.target.other_endpoints.contains_key("accessanalyzer"))
    }
}
