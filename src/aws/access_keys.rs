//! The access keys of an IAM user.

use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
use serde::Serialize;

use crate::aws::client::{Aws, Sending};
use crate::aws::iam::incomplete;
use crate::aws::{Access, AwsError};
use crate::credentials::{AccessKey, AccessKeyId};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// The IAM calls about access keys.
pub trait AccessKeys {
    /// The access keys of `user_name`, or of the signer where `None`, which only a long-term key may leave out.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn list_access_keys(&self, by: Access<'_>, user_name: Option<&str>) -> Result<Vec<ListedKey>, AwsError>;

    /// Makes an access key; AWS tells its secret this once. Sent once.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `LimitExceeded` where the user has two.
    fn create_access_key(&self, by: Access<'_>, user_name: &str) -> Result<AccessKey, AwsError>;

    /// Makes an access key Active or Inactive.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `NoSuchEntity` where the user has no such key.
    fn set_access_key_active(
        &self,
        by: Access<'_>,
        user_name: &str,
        id: &AccessKeyId,
        active: bool,
    ) -> Result<(), AwsError>;

    /// Deletes an access key.
    ///
    /// # Errors
    /// As [`AccessKeys::set_access_key_active`].
    fn delete_access_key(&self, by: Access<'_>, user_name: &str, id: &AccessKeyId) -> Result<(), AwsError>;

    /// When an access key was used last; `None`: never, as far as AWS knows. Lags by minutes to hours.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn access_key_last_used(&self, by: Access<'_>, id: &AccessKeyId) -> Result<Option<LastUse>, AwsError>;
}

/// An access key as ListAccessKeys shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    pub id: AccessKeyId,
    /// Whether it signs requests: `Active`, and not `Inactive` or `Expired`.
    pub active: bool,
    pub created_at: Option<Timestamp>,
}

/// The last use of an access key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LastUse {
    pub at: Timestamp,
    /// With which service: `s3`, `sts`.
    pub service: String,
    pub region: String,
}

impl AccessKeys for Aws {
    fn list_access_keys(&self, by: Access<'_>, user_name: Option<&str>) -> Result<Vec<ListedKey>, AwsError> {
        // One page: a user has at most two keys.
        let answer = self.iam(by, Sending::Retried, |iam| {
            iam.list_access_keys().set_user_name(user_name.map(str::to_owned)).send()
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
        keys.ok_or_else(|| incomplete("lacks a valid key id"))
    }

    // Security: the secret is moved out of the SDK's answer, not copied.
    fn create_access_key(&self, by: Access<'_>, user_name: &str) -> Result<AccessKey, AwsError> {
        let answer = self.iam(by, Sending::Once, |iam| iam.create_access_key().user_name(user_name).send())?;
        let made = answer.access_key.filter(|made| !made.secret_access_key.is_empty());
        let key = made.and_then(|made| {
            Some(AccessKey { id: made.access_key_id.parse().ok()?, secret: Secret::new(made.secret_access_key) })
        });
        key.ok_or_else(|| incomplete("contains no valid key"))
    }

    fn set_access_key_active(
        &self,
        by: Access<'_>,
        user_name: &str,
        id: &AccessKeyId,
        active: bool,
    ) -> Result<(), AwsError> {
        let status = if active { StatusType::Active } else { StatusType::Inactive };
        let answer = self.iam(by, Sending::Retried, |iam| {
            let request = iam.update_access_key().user_name(user_name);
            request.access_key_id(id.as_str()).status(status.clone()).send()
        });
        answer.map(drop)
    }

    fn delete_access_key(&self, by: Access<'_>, user_name: &str, id: &AccessKeyId) -> Result<(), AwsError> {
        let answer = self.iam(by, Sending::Retried, |iam| {
            iam.delete_access_key().user_name(user_name).access_key_id(id.as_str()).send()
        });
        answer.map(drop)
    }

    fn access_key_last_used(&self, by: Access<'_>, id: &AccessKeyId) -> Result<Option<LastUse>, AwsError> {
        let answer =
            self.iam(by, Sending::Retried, |iam| iam.get_access_key_last_used().access_key_id(id.as_str()).send())?;
        // Without a date the service is `N/A`: never used (IAM API, AccessKeyLastUsed).
        Ok(answer.access_key_last_used.and_then(|used| {
            let at = Timestamp::from_unix(used.last_used_date?.secs());
            Some(LastUse { at, service: used.service_name, region: used.region })
        }))
    }
}
