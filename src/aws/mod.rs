//! STS, IAM and IAM Identity Center, one small trait or client for each area; the async runtime starts and ends here.
//!
//! May use `sys` and the pure modules.

mod access_keys;
mod account;
pub mod advice;
#[cfg(test)]
pub(crate) mod canned;
pub mod client;
mod connection;
mod connector;
mod error;
pub mod http;
mod iam;
pub mod identity_center;
mod mfa_devices;
pub mod oidc;
pub mod portal;
mod query;
mod regional;
pub mod signature;
mod sts;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod translate;
mod users;
mod xml;

use std::time::Duration;

use crate::chain::target::Target;
use crate::credentials::{Credentials, Session};
use crate::secret::Secret;

pub use access_keys::{AccessKeys, LastUse, ListedKey};
pub use account::Account;
pub use client::Aws;
pub use error::AwsError;
#[cfg(test)]
pub use mfa_devices::NewMfaDevice;
pub use mfa_devices::{CodePair, MfaDevices};
pub use users::Iam;
pub use xml::Element;

/// Whose credentials sign an IAM call, and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    pub signer: &'a Credentials,
    pub target: &'a Target,
}

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

    /// The signer's own rights, as far as a policy grants them. Only temporary credentials may ask for it.
    ///
    /// # Errors
    /// As [`AwsError`] tells; one that [`AwsError::is_unknown_action`] where STS does not have it.
    fn get_scoped_credentials(
        &self,
        signer: &Credentials,
        request: &GetScopedCredentials,
        target: &Target,
    ) -> Result<Session, AwsError>;

    /// The rights of a user, as far as policies grant them. Only a long-term key may ask for it.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn get_federation_token(
        &self,
        signer: &Credentials,
        request: &GetFederationToken,
        target: &Target,
    ) -> Result<Session, AwsError>;

    /// The first hop over a web identity token: nothing signs it. Tags, external id and source identity are not sent.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn assume_role_with_web_identity(
        &self,
        token: &Secret,
        request: &AssumeRole,
        target: &Target,
    ) -> Result<Session, AwsError>;
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

/// What is asked of GetScopedCredentials: to narrow the signer for the rest of its life.
#[derive(Debug, Clone)]
pub struct GetScopedCredentials {
    /// An inline session policy, JSON, at most 2,048 characters.
    pub policy: String,
    /// A shorter limit than the settings' for this call, where the caller can do without the answer.
    pub time_limit: Option<Duration>,
}

/// What is asked of GetFederationToken.
#[derive(Debug, Clone)]
pub struct GetFederationToken {
    /// 2 to 32 of `[\w+=,.@-]`.
    pub name: String,
    /// 900 to 129,600.
    pub duration_seconds: u32,
    /// An inline session policy, JSON.
    pub policy: Option<String>,
    /// ARNs of managed session policies, ten at most. Without any policy the credentials have no rights.
    pub policy_arns: Vec<String>,
    /// A shorter limit than the settings' for this call, where the caller can do without the answer.
    pub time_limit: Option<Duration>,
}

/// What is asked of AssumeRole.
#[derive(Debug, Clone, Default)]
pub struct AssumeRole {
    pub role_arn: String,
    /// 2 to 64 of `[\w+=,.@-]`.
    pub role_session_name: String,
    /// 900 to 43,200.
    pub duration_seconds: u32,
    /// As the role's trust policy demands it.
    pub external_id: Option<String>,
    pub tags: Vec<(String, String)>,
    /// Keys of tags that later hops inherit.
    pub transitive_tag_keys: Vec<String>,
    /// 2 to 64 of the same characters as a session name.
    pub source_identity: Option<String>,
    /// An inline session policy, JSON.
    pub policy: Option<String>,
    /// ARNs of managed session policies, ten at most.
    pub policy_arns: Vec<String>,
    pub mfa: Option<MfaCode>,
    /// A shorter limit than the settings' for this call, where the caller can do without the answer.
    pub time_limit: Option<Duration>,
}
