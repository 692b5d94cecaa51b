//! The access keys of an IAM user.

use serde::Serialize;

use crate::aws::client::{Aws, Sending};
use crate::aws::iam::incomplete;
use crate::aws::xml::Element;
use crate::aws::{Access, AwsError};
use crate::credentials::{AccessKey, AccessKeyId};
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
        let user: Vec<_> = user_name.map(|name| ("UserName", name)).into_iter().collect();
        let listed = self.iam_pages(by, "ListAccessKeys", &user, "AccessKeyMetadata")?;
        let key = |key: &Element| {
            Some(ListedKey {
                id: key.text("AccessKeyId")?.parse().ok()?,
                active: key.text("Status") == Some("Active"),
                created_at: key.text("CreateDate").and_then(Timestamp::parse_lenient),
            })
        };
        // A key that cannot be named must not be overlooked: what is not in the list counts as not there.
        let keys: Option<Vec<ListedKey>> = listed.iter().map(key).collect();
        keys.ok_or_else(|| incomplete("lacks a valid key id"))
    }

    fn create_access_key(&self, by: Access<'_>, user_name: &str) -> Result<AccessKey, AwsError> {
        let answer = self.iam(by, Sending::Once, "CreateAccessKey", &[("UserName", user_name)])?;
        let key = answer.child("AccessKey").and_then(|made| {
            Some(AccessKey { id: made.text("AccessKeyId")?.parse().ok()?, secret: made.secret("SecretAccessKey")? })
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
        let status = if active { "Active" } else { "Inactive" };
        let parameters = [("UserName", user_name), ("AccessKeyId", id.as_str()), ("Status", status)];
        self.iam(by, Sending::Retried, "UpdateAccessKey", &parameters).map(drop)
    }

    fn delete_access_key(&self, by: Access<'_>, user_name: &str, id: &AccessKeyId) -> Result<(), AwsError> {
        let parameters = [("UserName", user_name), ("AccessKeyId", id.as_str())];
        self.iam(by, Sending::Retried, "DeleteAccessKey", &parameters).map(drop)
    }

    fn access_key_last_used(&self, by: Access<'_>, id: &AccessKeyId) -> Result<Option<LastUse>, AwsError> {
        let answer = self.iam(by, Sending::Retried, "GetAccessKeyLastUsed", &[("AccessKeyId", id.as_str())])?;
        let text = |used: &Element, name: &str| used.text(name).unwrap_or_default().to_owned();
        // Without a date the service is `N/A`: never used (IAM API, AccessKeyLastUsed).
        let used = answer.child("AccessKeyLastUsed").ok_or_else(|| incomplete("does not say when the key was used"))?;
        let Some(at) = used.text("LastUsedDate").filter(|at| *at != "N/A") else { return Ok(None) };
        let at = Timestamp::parse_lenient(at).ok_or_else(|| incomplete("has a date that is not one"))?;
        Ok(Some(LastUse { at, service: text(used, "ServiceName"), region: text(used, "Region") }))
    }
}
