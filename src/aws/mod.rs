//! STS and IAM behind two small traits; the async runtime starts and ends here.
//!
//! May use `sys` and the pure modules.

pub mod advice;
pub mod client;
mod connector;
mod error;
mod iam;
mod sts;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod translate;

use std::time::Duration;

use crate::chain::target::Target;
use crate::credentials::{AccessKey, AccessKeyId, Credentials, Session};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

pub use client::Aws;
pub use error::AwsError;

/// The part of STS keyfob uses.
pub trait Sts {
    /// Who these credentials are. Needs no permission and cannot be denied (STS API, GetCallerIdentity).
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn get_caller_identity(&self, signer: &Credentials, target: &Target) -> Result<CallerIdentity, AwsError>;

    /// An MFA session, or one without. Only a long-term key may ask for it. With a code it is sent once.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn get_session_token(
        &self,
        signer: &Credentials,
        request: &GetSessionToken,
        target: &Target,
    ) -> Result<Session, AwsError>;

    /// One hop. With a code it is sent once.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn assume_role(&self, signer: &Credentials, request: &AssumeRole, target: &Target) -> Result<Session, AwsError>;
}

/// The part of IAM keyfob uses.
pub trait Iam {
    /// The serials of the MFA devices of `user_name`, or of the signer where `None`.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn list_mfa_devices(
        &self,
        signer: &Credentials,
        user_name: Option<&str>,
        target: &Target,
    ) -> Result<Vec<String>, AwsError>;

    /// Makes a virtual MFA device, which is nobody's until it is enabled. Sent once.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `EntityAlreadyExists` where there is one of this name.
    fn create_virtual_mfa_device(
        &self,
        signer: &Credentials,
        name: &str,
        target: &Target,
    ) -> Result<NewMfaDevice, AwsError>;

    /// Gives a device to a user. Sent once: it spends both codes.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `InvalidAuthenticationCode` where the codes do not follow each other.
    fn enable_mfa_device(
        &self,
        signer: &Credentials,
        user_name: &str,
        codes: &CodePair,
        target: &Target,
    ) -> Result<(), AwsError>;

    /// Puts AWS's idea of a device's time right. Sent once: it spends both codes.
    ///
    /// # Errors
    /// As [`Iam::enable_mfa_device`].
    fn resync_mfa_device(
        &self,
        signer: &Credentials,
        user_name: &str,
        codes: &CodePair,
        target: &Target,
    ) -> Result<(), AwsError>;

    /// Takes a device from its user. A second time it is refused with `NoSuchEntity`.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn deactivate_mfa_device(
        &self,
        signer: &Credentials,
        user_name: &str,
        serial: &str,
        target: &Target,
    ) -> Result<(), AwsError>;

    /// Deletes a virtual device that is nobody's; refused with `DeleteConflict` while it is somebody's.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn delete_virtual_mfa_device(&self, signer: &Credentials, serial: &str, target: &Target) -> Result<(), AwsError>;

    /// The access keys of `user_name`, or of the signer where `None`, which only a long-term key may leave out.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn list_access_keys(
        &self,
        signer: &Credentials,
        user_name: Option<&str>,
        target: &Target,
    ) -> Result<Vec<ListedKey>, AwsError>;

    /// Makes an access key; AWS tells its secret this once. Sent once.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `LimitExceeded` where the user has two.
    fn create_access_key(&self, signer: &Credentials, user_name: &str, target: &Target) -> Result<AccessKey, AwsError>;

    /// Makes an access key Active or Inactive.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `NoSuchEntity` where the user has no such key.
    fn set_access_key_active(
        &self,
        signer: &Credentials,
        user_name: &str,
        id: &AccessKeyId,
        active: bool,
        target: &Target,
    ) -> Result<(), AwsError>;

    /// Deletes an access key.
    ///
    /// # Errors
    /// As [`Iam::set_access_key_active`].
    fn delete_access_key(
        &self,
        signer: &Credentials,
        user_name: &str,
        id: &AccessKeyId,
        target: &Target,
    ) -> Result<(), AwsError>;

    /// When an access key was used last; `None`: never, as far as AWS knows. Lags by minutes to hours.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn access_key_last_used(
        &self,
        signer: &Credentials,
        id: &AccessKeyId,
        target: &Target,
    ) -> Result<Option<LastUse>, AwsError>;
}

/// A virtual MFA device just made. AWS tells its seed this once.
#[derive(Debug, Clone)]
pub struct NewMfaDevice {
    /// Its ARN.
    pub serial: String,
    /// Its seed in base32.
    pub seed: Secret,
}

/// A device and two of its codes, the second of the step after the first's.
#[derive(Debug, Clone)]
pub struct CodePair {
    /// The device's serial number or ARN.
    pub serial: String,
    /// Six digits.
    pub first: Secret,
    /// Six digits.
    pub second: Secret,
}

/// An access key as ListAccessKeys shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its id.
    pub id: AccessKeyId,
    /// Whether it signs requests: `Active`, and not `Inactive` or `Expired`.
    pub active: bool,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// The last use of an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: Timestamp,
    /// With which service: `s3`, `sts`.
    pub service: String,
    /// In which region.
    pub region: String,
}

/// The answer of GetCallerIdentity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerIdentity {
    /// 12 digits.
    pub account: String,
    /// `arn:aws:iam::…:user/…`, `…:root`, `arn:aws:sts::…:assumed-role/…`.
    pub arn: String,
    /// `AIDA…`, `AROA…:session`.
    pub user_id: String,
}

/// A device and one of its codes. A code works once across all calls of its device.
#[derive(Debug, Clone)]
pub struct MfaCode {
    /// The device's serial number or ARN.
    pub serial: String,
    /// Six digits.
    pub code: Secret,
}

/// What is asked of GetSessionToken.
#[derive(Debug, Clone)]
pub struct GetSessionToken {
    /// 900 to 129,600.
    pub duration_seconds: u32,
    /// With it the session carries MFA.
    pub mfa: Option<MfaCode>,
    /// A shorter limit than the settings' for this call, where the caller can do without the answer.
    pub time_limit: Option<Duration>,
}

/// What is asked of AssumeRole.
#[derive(Debug, Clone, Default)]
pub struct AssumeRole {
    /// The role.
    pub role_arn: String,
    /// 2 to 64 of `[\w+=,.@-]`.
    pub role_session_name: String,
    /// 900 to 43,200.
    pub duration_seconds: u32,
    /// As the role's trust policy demands it.
    pub external_id: Option<String>,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of tags that later hops inherit.
    pub transitive_tag_keys: Vec<String>,
    /// 2 to 64 of the same characters as a session name.
    pub source_identity: Option<String>,
    /// An inline session policy, JSON.
    pub policy: Option<String>,
    /// ARNs of managed session policies, ten at most.
    pub policy_arns: Vec<String>,
    /// Spent in this hop.
    pub mfa: Option<MfaCode>,
    /// A shorter limit than the settings' for this call, where the caller can do without the answer.
    pub time_limit: Option<Duration>,
}
