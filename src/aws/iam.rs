//! What all IAM calls share. IAM has one endpoint for a partition, which the SDK's rules find from any of its regions.
//!
//! May use `client`.

use aws_sdk_iam::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::client::{Aws, Call, Sending};
use crate::aws::{Access, AwsError};
use crate::chain::target::default_region;

impl Aws {
    /// Makes an IAM call.
    ///
    /// # Errors
    /// As [`AwsError`] tells; a configured endpoint that is no URL.
    pub(super) fn iam<T, E, F>(
        &self,
        by: Access<'_>,
        sending: Sending,
        send: impl Fn(Client) -> F,
    ) -> Result<T, AwsError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let Access { signer, target } = by;
        let endpoint = target.iam_endpoint.as_ref().map_err(|problem| AwsError::Setup(problem.clone()))?;
        let call = Call {
            signer,
            target,
            // Signed for the partition's one region also where the endpoint is a configured one, of which the SDK's rules
            // know nothing (AWS General Reference, "IAM endpoints and quotas").
            region: default_region(&target.region),
            endpoint: endpoint.as_deref(),
            sending,
            code: None,
            limit: None,
        };
        self.call(&call, |config| send(Client::new(&config)))
    }
}

pub(super) fn incomplete(what: &str) -> AwsError {
    AwsError::Invalid { endpoint: "IAM".to_owned(), cause: format!("the response {what}") }
}
