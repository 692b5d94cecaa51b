//! IAM calls. IAM has one endpoint for a partition, which the SDK's rules find from any of its regions.
//!
//! May use `client`.

use aws_sdk_iam::Client;

use crate::aws::client::{Aws, Call, Sending};
use crate::aws::{AwsError, CodePair, Iam, NewMfaDevice};
use crate::chain::target::{Target, default_region};
use crate::credentials::Credentials;
use crate::secret::Secret;

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

    fn create_virtual_mfa_device(
        &self,
        signer: &Credentials,
        name: &str,
        target: &Target,
    ) -> Result<NewMfaDevice, AwsError> {
        let answer = self.call(&call(signer, target, Sending::Once), |config| {
            Client::new(&config).create_virtual_mfa_device().virtual_mfa_device_name(name).send()
        })?;
        let made = answer.virtual_mfa_device.and_then(|device| {
            let seed = String::from_utf8(device.base32_string_seed?.into_inner()).ok()?;
            Some(NewMfaDevice { serial: device.serial_number, seed: Secret::new(seed) })
        });
        made.ok_or_else(|| AwsError::AnswerLost { endpoint: "IAM".into(), cause: "the answer holds no seed".into() })
    }

    fn enable_mfa_device(
        &self,
        signer: &Credentials,
        user_name: &str,
        codes: &CodePair,
        target: &Target,
    ) -> Result<(), AwsError> {
        let CodePair { serial, first, second } = codes;
        self.call(&call(signer, target, Sending::Once), |config| {
            let request = Client::new(&config).enable_mfa_device().user_name(user_name).serial_number(serial);
            request.authentication_code1(first.expose()).authentication_code2(second.expose()).send()
        })
        .map(drop)
    }

    fn resync_mfa_device(
        &self,
        signer: &Credentials,
        user_name: &str,
        codes: &CodePair,
        target: &Target,
    ) -> Result<(), AwsError> {
        let CodePair { serial, first, second } = codes;
        self.call(&call(signer, target, Sending::Once), |config| {
            let request = Client::new(&config).resync_mfa_device().user_name(user_name).serial_number(serial);
            request.authentication_code1(first.expose()).authentication_code2(second.expose()).send()
        })
        .map(drop)
    }

    fn deactivate_mfa_device(
        &self,
        signer: &Credentials,
        user_name: &str,
        serial: &str,
        target: &Target,
    ) -> Result<(), AwsError> {
        self.call(&call(signer, target, Sending::Retried), |config| {
            Client::new(&config).deactivate_mfa_device().user_name(user_name).serial_number(serial).send()
        })
        .map(drop)
    }

    fn delete_virtual_mfa_device(&self, signer: &Credentials, serial: &str, target: &Target) -> Result<(), AwsError> {
        self.call(&call(signer, target, Sending::Retried), |config| {
            Client::new(&config).delete_virtual_mfa_device().serial_number(serial).send()
        })
        .map(drop)
    }
}
