//! IAM calls. IAM has one endpoint for a partition, which the SDK's rules find from any of its regions.
//!
//! May use `client`.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};

use crate::aws::client::{Aws, Call, Sending};
use crate::aws::{AwsError, CodePair, Iam, LastUse, ListedKey, NewMfaDevice};
use crate::chain::target::{Target, default_region};
use crate::credentials::{AccessKey, AccessKeyId, Credentials};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

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

    fn list_access_keys(
        &self,
        signer: &Credentials,
        user_name: Option<&str>,
        target: &Target,
    ) -> Result<Vec<ListedKey>, AwsError> {
        // One page: a user has at most two keys.
        let answer = self.call(&call(signer, target, Sending::Retried), |config| {
            Client::new(&config).list_access_keys().set_user_name(user_name.map(str::to_owned)).send()
        })?;
        let key = |key: AccessKeyMetadata| {
            Some(ListedKey {
                id: key.access_key_id?.parse().ok()?,
                active: key.status == Some(StatusType::Active),
                created_at: key.create_date.map(|date| Timestamp::from_unix(date.secs())),
            })
        };
        // A key that cannot be named must not be overlooked: what is not in the list counts as not there.
        let keys: Option<Vec<ListedKey>> = answer.access_key_metadata.into_iter().map(key).collect();
        keys.ok_or_else(|| incomplete("names no key"))
    }

    // Security: the secret is moved out of the SDK's answer, not copied.
    fn create_access_key(&self, signer: &Credentials, user_name: &str, target: &Target) -> Result<AccessKey, AwsError> {
        let answer = self.call(&call(signer, target, Sending::Once), |config| {
            Client::new(&config).create_access_key().user_name(user_name).send()
        })?;
        let made = answer.access_key.filter(|made| !made.secret_access_key.is_empty());
        let key = made.and_then(|made| {
            Some(AccessKey { id: made.access_key_id.parse().ok()?, secret: Secret::new(made.secret_access_key) })
        });
        key.ok_or_else(|| incomplete("holds no key"))
    }

    fn set_access_key_active(
        &self,
        signer: &Credentials,
        user_name: &str,
        id: &AccessKeyId,
        active: bool,
        target: &Target,
    ) -> Result<(), AwsError> {
        let status = if active { StatusType::Active } else { StatusType::Inactive };
        let answer = self.call(&call(signer, target, Sending::Retried), |config| {
            let request = Client::new(&config).update_access_key().user_name(user_name);
            request.access_key_id(id.as_str()).status(status.clone()).send()
        });
        answer.map(drop)
    }

    fn delete_access_key(
        &self,
        signer: &Credentials,
        user_name: &str,
        id: &AccessKeyId,
        target: &Target,
    ) -> Result<(), AwsError> {
        let answer = self.call(&call(signer, target, Sending::Retried), |config| {
            Client::new(&config).delete_access_key().user_name(user_name).access_key_id(id.as_str()).send()
        });
        answer.map(drop)
    }

    fn access_key_last_used(
        &self,
        signer: &Credentials,
        id: &AccessKeyId,
        target: &Target,
    ) -> Result<Option<LastUse>, AwsError> {
        let answer = self.call(&call(signer, target, Sending::Retried), |config| {
            Client::new(&config).get_access_key_last_used().access_key_id(id.as_str()).send()
        })?;
        // Without a date the service is `N/A`: never used (IAM API, AccessKeyLastUsed).
        Ok(answer.access_key_last_used.and_then(|used| {
            let at = Timestamp::from_unix(used.last_used_date?.secs());
            Some(LastUse { at, service: used.service_name, region: used.region })
        }))
    }
}

fn incomplete(what: &str) -> AwsError {
    AwsError::AnswerLost { endpoint: "IAM".to_owned(), cause: format!("the answer {what}") }
}
