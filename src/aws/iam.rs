//! IAM calls. IAM has one endpoint for a partition, which the SDK's rules find from any of its regions.
//!
//! May use `client`.

use aws_sdk_iam::Client;

use crate::aws::client::{Aws, Call, Sending};
use crate::aws::{AwsError, Iam};
use crate::chain::target::{Target, default_region};
use crate::credentials::Credentials;

fn call<'a>(signer: &'a Credentials, target: &'a Target, sending: Sending) -> Call<'a> {
    Call {
        signer,
        target,
        // Signed for the partition's one region also where the endpoint is a configured one, of which the SDK's rules know
        // nothing (AWS General Reference, "IAM endpoints and quotas").
        region: default_region(&target.region),
        endpoint: target.iam_endpoint.as_deref(),
        sending,
        code: None,
        limit: None,
    }
}

impl Iam for Aws {
    fn list_mfa_devices(
        &self,
        signer: &Credentials,
        user_name: Option<&str>,
        target: &Target,
    ) -> Result<Vec<String>, AwsError> {
        // One page: a user has at most eight devices (IAM User Guide, "IAM and AWS STS quotas"), a page up to a hundred.
        let answer = self.call(&call(signer, target, Sending::Retried), |config| {
            Client::new(&config).list_mfa_devices().set_user_name(user_name.map(str::to_owned)).send()
        })?;
        Ok(answer.mfa_devices.into_iter().map(|device| device.serial_number).collect())
    }
}
