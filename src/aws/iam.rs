//! What all IAM calls share. IAM has one endpoint for a partition, which the SDK's rules find from any of its regions.
//!
//! May use `client`.

use crate::aws::AwsError;
use crate::aws::client::{Call, Sending};
use crate::chain::target::{Target, default_region};
use crate::credentials::Credentials;

/// # Errors
/// A configured endpoint that is no URL.
pub(super) fn call<'a>(signer: &'a Credentials, target: &'a Target, sending: Sending) -> Result<Call<'a>, AwsError> {
    let endpoint = target.iam_endpoint.as_ref().map_err(|problem| AwsError::Setup(problem.clone()))?;
    Ok(Call {
        signer,
        target,
        // Signed for the partition's one region also where the endpoint is a configured one, of which the SDK's rules know
        // nothing (AWS General Reference, "IAM endpoints and quotas").
        region: default_region(&target.region),
        endpoint: endpoint.as_deref(),
        sending,
        code: None,
        limit: None,
    })
}

pub(super) fn incomplete(what: &str) -> AwsError {
    AwsError::AnswerLost { endpoint: "IAM".to_owned(), cause: format!("the response {what}") }
}
