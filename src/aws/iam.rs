//! What all IAM calls share. IAM has one endpoint for a partition.
//!
//! May use `query`.

use crate::aws::client::{Aws, Sending};
use crate::aws::query::QueryCall;
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError};
use crate::chain::hosts;

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
        let place = hosts::iam(by.target).map_err(AwsError::Setup)?;
        let call = QueryCall {
            service: "iam",
            version: "2010-05-08",
            place: &place,
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
            // An empty list is in the response too; without one there is no telling that this is all.
            if page.child(list).is_none() && page.text("IsTruncated").is_none() {
                return Err(incomplete(&format!("has no {list}")));
            }
            all.extend(page.take_members(list));
            if !page.is_true("IsTruncated") {
                return Ok(all);
            }
            marker = Some(page.text("Marker").ok_or_else(|| incomplete("has no marker of the next page"))?.to_owned());
        }
        Err(incomplete("is a list without an end"))
    }
}

pub(super) fn incomplete(what: &str) -> AwsError {
    AwsError::Invalid { endpoint: "IAM".to_owned(), cause: format!("the response {what}") }
}
