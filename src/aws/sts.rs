//! STS calls: parameters into the SDK's types, answers into ours.
//!
//! May use `client`.

use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::types::{AssumedRoleUser, PolicyDescriptorType, Tag};

use crate::aws::client::{Aws, Call, Sending};
use crate::aws::connector::host_of;
use crate::aws::{
    AssumeRole, AwsError, CallerIdentity, GetFederationToken, GetScopedCredentials, GetSessionToken, MfaCode, Sts,
};
use crate::chain::target::Target;
use crate::credentials::{Credentials, Session, account_of_arn};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// The regions that `sts_regional_endpoints = legacy` sends to the global endpoint; every later one is regional all the same
/// (AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints").
const LEGACY_GLOBAL_REGIONS: [&str; 16] = [
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "aws-global", "ca-central-1", "eu-central-1",
    "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1",
    "us-west-2",
];

/// How far an answer's expiration may be from what was asked for to be the same, seconds: the time the answer took.
const SAME_SECONDS: i64 = 60;

fn call<'a>(
    signer: &'a Credentials,
    target: &'a Target,
    code: Option<&'a MfaCode>,
    limit: Option<Duration>,
) -> Call<'a> {
    let global = target.sts_endpoint.is_none()
        && target.legacy_global
        && !target.fips
        && !target.dual_stack
        && LEGACY_GLOBAL_REGIONS.contains(&target.region.as_str());
    Call {
        signer,
        target,
        region: if global { "us-east-1" } else { &target.region },
        endpoint: if global { Some("https://sts.amazonaws.com") } else { target.sts_endpoint.as_deref() },
        sending: Sending::with(code),
        code,
        limit,
    }
}

impl Sts for Aws {
    fn get_caller_identity(&self, signer: &Credentials, target: &Target) -> Result<CallerIdentity, AwsError> {
        let answer =
            self.call(&call(signer, target, None, None), |config| Client::new(&config).get_caller_identity().send())?;
        match (answer.account, answer.arn, answer.user_id) {
            (Some(account), Some(arn), Some(user_id))
                if [&account, &arn, &user_id].iter().all(|text| is_printable(text)) =>
            {
                Ok(CallerIdentity { account, arn, user_id })
            }
            _ => Err(incomplete(target, "does not name the caller")),
        }
    }

    fn get_session_token(
        &self,
        signer: &Credentials,
        request: &GetSessionToken,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let answer = self.call(&call(signer, target, request.mfa.as_ref(), request.time_limit), |config| {
            Client::new(&config)
                .get_session_token()
                .duration_seconds(seconds(request.duration_seconds))
                .set_serial_number(request.mfa.as_ref().map(|mfa| mfa.serial.clone()))
                .set_token_code(request.mfa.as_ref().map(|mfa| mfa.code.expose().to_owned()))
                .send()
        })?;
        self.session(answer.credentials, request.duration_seconds, signer.account_id().map(str::to_owned), target)
    }

    fn assume_role(&self, signer: &Credentials, request: &AssumeRole, target: &Target) -> Result<Session, AwsError> {
        let tags = tags(&request.tags)?;
        let answer = self.call(&call(signer, target, request.mfa.as_ref(), request.time_limit), |config| {
            Client::new(&config)
                .assume_role()
                .role_arn(&request.role_arn)
                .role_session_name(&request.role_session_name)
                .duration_seconds(seconds(request.duration_seconds))
                .set_external_id(request.external_id.clone())
                .set_tags(some(tags.clone()))
                .set_transitive_tag_keys(some(request.transitive_tag_keys.clone()))
                .set_source_identity(request.source_identity.clone())
                .set_policy(request.policy.clone())
                .set_policy_arns(some(request.policy_arns.iter().map(policy_arn).collect()))
                .set_serial_number(request.mfa.as_ref().map(|mfa| mfa.serial.clone()))
                .set_token_code(request.mfa.as_ref().map(|mfa| mfa.code.expose().to_owned()))
                .send()
        })?;
        check_role(answer.assumed_role_user.as_ref(), request, target)?;
        let account = account_of_arn(&request.role_arn).map(str::to_owned);
        self.session(answer.credentials, request.duration_seconds, account, target)
    }

    fn get_scoped_credentials(
        &self,
        signer: &Credentials,
        request: &GetScopedCredentials,
        target: &Target,
    ) -> Result<Session, AwsError> {
        self.scoped_credentials(signer, request, target)
    }

    fn get_federation_token(
        &self,
        signer: &Credentials,
        request: &GetFederationToken,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let answer = self.call(&call(signer, target, None, request.time_limit), |config| {
            Client::new(&config)
                .get_federation_token()
                .name(&request.name)
                .duration_seconds(seconds(request.duration_seconds))
                .set_policy(request.policy.clone())
                .set_policy_arns(some(request.policy_arns.iter().map(policy_arn).collect()))
                .send()
        })?;
        let account = answer.federated_user.as_ref().and_then(|user| account_of_arn(user.arn()));
        let account = account.or(signer.account_id()).map(str::to_owned);
        self.session(answer.credentials, request.duration_seconds, account, target)
    }

    fn assume_role_with_web_identity(
        &self,
        token: &Secret,
        request: &AssumeRole,
        target: &Target,
    ) -> Result<Session, AwsError> {
        // Signs nothing; it is here to be taken out of what AWS repeats.
        let signer = Credentials::NoExpiry {
            access_key_id: String::new(),
            secret_access_key: Secret::new(String::new()),
            session_token: Some(token.clone()),
            account_id: None,
        };
        let answer = self.call(&call(&signer, target, None, request.time_limit), |config| {
            Client::new(&config)
                .assume_role_with_web_identity()
                .role_arn(&request.role_arn)
                .role_session_name(&request.role_session_name)
                .web_identity_token(token.expose())
                .duration_seconds(seconds(request.duration_seconds))
                .set_policy(request.policy.clone())
                .set_policy_arns(some(request.policy_arns.iter().map(policy_arn).collect()))
                .send()
        })?;
        check_role(answer.assumed_role_user.as_ref(), request, target)?;
        let account = account_of_arn(&request.role_arn).map(str::to_owned);
        self.session(answer.credentials, request.duration_seconds, account, target)
    }
}

/// Refuses the session of another role than the requested one. A server that is not AWS may leave the role out.
fn check_role(user: Option<&AssumedRoleUser>, request: &AssumeRole, target: &Target) -> Result<(), AwsError> {
    let Some(arn) = user.map(AssumedRoleUser::arn).filter(|arn| !arn.is_empty()) else { return Ok(()) };
    if is_session_of(arn, &request.role_arn) {
        return Ok(());
    }
    let what = if is_printable(arn) { format!(", `{arn}`") } else { String::new() };
    Err(incomplete(target, &format!("is for another role than the requested one{what}")))
}

/// Whether `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` is a session of `arn:aws:iam::ACCOUNT:role/PATH/NAME` (STS API,
/// AssumedRoleUser).
fn is_session_of(arn: &str, role_arn: &str) -> bool {
    let account_and_rest = |arn: &str| {
        let mut parts = arn.splitn(6, ':').skip(4).map(str::to_owned);
        Some((parts.next()?, parts.next()?))
    };
    let (Some((account, session)), Some((role_account, role))) = (account_and_rest(arn), account_and_rest(role_arn))
    else {
        return false;
    };
    let name = session.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    account == role_account && name.is_some() && name == role.rsplit('/').next()
}

impl Aws {
    // Security: the strings are moved out of the SDK's answer, not copied.
    fn session(
        &self,
        credentials: Option<aws_sdk_sts::types::Credentials>,
        duration_seconds: u32,
        account_id: Option<String>,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let made = credentials.ok_or_else(|| incomplete(target, "contains no credentials"))?;
        let expires_at = Timestamp::from_unix(made.expiration.secs());
        let session = Session {
            access_key_id: made.access_key_id,
            secret_access_key: Secret::new(made.secret_access_key),
            session_token: Some(Secret::new(made.session_token)),
            issued_at: issued_at(self.clock().now(), expires_at, duration_seconds),
            expires_at,
            account_id,
        };
        self.checked(session, target)
    }

    /// A session that could be AWS's, and is not over.
    pub(super) fn checked(&self, session: Session, target: &Target) -> Result<Session, AwsError> {
        session.checked(self.clock().now()).map_err(|problem| incomplete(target, &problem))
    }
}

/// When AWS made the session: its expiration less what was asked for, so that a life of an hour is not one of 3,599 seconds
/// because the answer took one; now, where AWS gave another life.
fn issued_at(now: Timestamp, expires_at: Timestamp, duration_seconds: u32) -> Timestamp {
    let made = expires_at.plus_seconds(-i64::from(duration_seconds));
    if now.seconds_since(made).abs() <= SAME_SECONDS { made } else { now }
}

pub(super) fn incomplete(target: &Target, what: &str) -> AwsError {
    let endpoint = target.sts_endpoint.as_deref().and_then(host_of);
    let endpoint = endpoint.unwrap_or_else(|| format!("STS in {}", target.region));
    AwsError::Invalid { endpoint, cause: format!("the response {what}") }
}

fn tags(tags: &[(String, String)]) -> Result<Vec<Tag>, AwsError> {
    let tag = |(key, value): &(String, String)| Tag::builder().key(key).value(value).build();
    tags.iter()
        .map(tag)
        .collect::<Result<_, _>>()
        .map_err(|error| AwsError::Setup(format!("invalid session tags: {error}")))
}

/// Whether it is printable ASCII (IAM User Guide, "IAM identifiers"). Security: it is shown, and written into the index.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

fn policy_arn(arn: &String) -> PolicyDescriptorType {
    PolicyDescriptorType::builder().arn(arn).build()
}

/// An empty list is left out: the query protocol would send it as an empty parameter.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_belongs_to_the_role_of_its_account_and_name() {
        let role = "arn:aws:iam::222222222222:role/team/admin";
        for (arn, expected) in [
            ("arn:aws:sts::222222222222:assumed-role/admin/jane", true),
            ("arn:aws:sts::999999999999:assumed-role/admin/jane", false),
            ("arn:aws:sts::222222222222:assumed-role/EVIL/jane", false),
            ("arn:aws:sts::222222222222:assumed-role/team/admin/jane", false),
            ("arn:aws:iam::222222222222:role/team/admin", false),
            ("assumed-role/admin/jane", false),
        ] {
            assert_eq!(is_session_of(arn, role), expected, "{arn}");
        }
        // Without accounts, as Ceph has it.
        assert!(is_session_of("arn:aws:sts:::assumed-role/S3Access/jane", "arn:aws:iam:::role/S3Access"));
    }

    #[test]
    fn a_session_was_made_when_aws_says_so() {
        let at = Timestamp::from_unix;
        assert_eq!(issued_at(at(1002), at(4600), 3600), at(1000));
        assert_eq!(issued_at(at(998), at(4600), 3600), at(1000));
        assert_eq!(issued_at(at(1002), at(4600), 43_200), at(1002));
    }
}
