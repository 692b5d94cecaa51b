//! STS calls: parameters out, sessions in.
//!
//! May use `query`. STS API, version 2011-06-15.

use std::borrow::Cow;
use std::time::Duration;

use crate::aws::client::{Aws, Sending};
use crate::aws::connector::{MOST_BODY, host_of};
use crate::aws::query::QueryCall;
use crate::aws::xml::Element;
use crate::aws::{
    Access, AssumeRole, AwsError, CallerIdentity, GetFederationToken, GetScopedCredentials, GetSessionToken, MfaCode,
    Sts,
};
use crate::chain::hosts;
use crate::chain::target::Target;
use crate::credentials::{Credentials, Session, account_of_arn};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// How far an answer's expiration may be from what was asked for to be the same, seconds: the time the answer took.
const SAME_SECONDS: i64 = 60;

/// One call, without its signer.
struct Call<'a> {
    action: &'static str,
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    code: Option<&'a MfaCode>,
    limit: Option<Duration>,
}

impl<'a> Call<'a> {
    fn new(action: &'static str, limit: Option<Duration>) -> Self {
        Call { action, parameters: Vec::new(), code: None, limit }
    }

    fn with(mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    fn with_some(self, name: &'static str, value: Option<&'a String>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn with_code(mut self, code: Option<&'a MfaCode>) -> Self {
        self.code = code;
        match code {
            Some(mfa) => self.with("SerialNumber", &mfa.serial).with("TokenCode", mfa.code.expose()),
            None => self,
        }
    }

    fn with_policies(self, policy: Option<&'a String>, policy_arns: &'a [String]) -> Self {
        let call = self.with_some("Policy", policy);
        (1..)
            .zip(policy_arns)
            .fold(call, |call, (number, arn)| call.with(format!("PolicyArns.member.{number}.arn"), arn))
    }

    fn of_role(action: &'static str, request: &'a AssumeRole) -> Self {
        Call::new(action, request.time_limit)
            .with("RoleArn", &request.role_arn)
            .with("RoleSessionName", &request.role_session_name)
            .with("DurationSeconds", request.duration_seconds.to_string())
            .with_policies(request.policy.as_ref(), &request.policy_arns)
    }
}

impl Sts for Aws {
    fn get_caller_identity(&self, signer: &Credentials, target: &Target) -> Result<CallerIdentity, AwsError> {
        let answer = self.sts(signer, target, &Call::new("GetCallerIdentity", None))?;
        let text = |name: &str| answer.text(name).filter(|text| is_printable(text)).map(str::to_owned);
        match (text("Account"), text("Arn"), text("UserId")) {
            (Some(account), Some(arn), Some(user_id)) => Ok(CallerIdentity { account, arn, user_id }),
            _ => Err(incomplete(target, "does not name the caller")),
        }
    }

    fn get_session_token(
        &self,
        signer: &Credentials,
        request: &GetSessionToken,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let call = Call::new("GetSessionToken", request.time_limit)
            .with("DurationSeconds", request.duration_seconds.to_string())
            .with_code(request.mfa.as_ref());
        let answer = self.sts(signer, target, &call)?;
        self.session(&answer, request.duration_seconds, signer.account_id(), target)
    }

    fn assume_role(&self, signer: &Credentials, request: &AssumeRole, target: &Target) -> Result<Session, AwsError> {
        let mut call = Call::of_role("AssumeRole", request)
            .with_some("ExternalId", request.external_id.as_ref())
            .with_some("SourceIdentity", request.source_identity.as_ref())
            .with_code(request.mfa.as_ref());
        for (number, (key, value)) in (1..).zip(&request.tags) {
            call =
                call.with(format!("Tags.member.{number}.Key"), key).with(format!("Tags.member.{number}.Value"), value);
        }
        for (number, key) in (1..).zip(&request.transitive_tag_keys) {
            call = call.with(format!("TransitiveTagKeys.member.{number}"), key);
        }
        let answer = self.sts(signer, target, &call)?;
        check_role(&answer, request, target)?;
        self.session(&answer, request.duration_seconds, account_of_arn(&request.role_arn), target)
    }

    fn get_scoped_credentials(
        &self,
        signer: &Credentials,
        request: &GetScopedCredentials,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let call = Call::new("GetScopedCredentials", request.time_limit).with("Policy", &request.policy);
        let answer = self.sts(signer, target, &call)?;
        let mut session = self.session(&answer, 0, signer.account_id(), target)?;
        // It is as old as what it is made from, whose MFA and life it has.
        session.issued_at = signer.issued_at().unwrap_or(session.issued_at);
        Ok(session)
    }

    fn get_federation_token(
        &self,
        signer: &Credentials,
        request: &GetFederationToken,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let call = Call::new("GetFederationToken", request.time_limit)
            .with("Name", &request.name)
            .with("DurationSeconds", request.duration_seconds.to_string())
            .with_policies(request.policy.as_ref(), &request.policy_arns);
        let answer = self.sts(signer, target, &call)?;
        let user = answer.child("FederatedUser").and_then(|user| user.text("Arn")).and_then(account_of_arn);
        self.session(&answer, request.duration_seconds, user.or(signer.account_id()), target)
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
        let call = Call::of_role("AssumeRoleWithWebIdentity", request).with("WebIdentityToken", token.expose());
        let answer = self.sts(&signer, target, &call)?;
        check_role(&answer, request, target)?;
        self.session(&answer, request.duration_seconds, account_of_arn(&request.role_arn), target)
    }
}

/// Refuses the session of another role than the requested one. A server that is not AWS may leave the role out.
fn check_role(answer: &Element, request: &AssumeRole, target: &Target) -> Result<(), AwsError> {
    let Some(arn) = answer.child("AssumedRoleUser").and_then(|user| user.text("Arn")) else { return Ok(()) };
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
    /// Makes a call; the element with its result.
    fn sts(&self, signer: &Credentials, target: &Target, call: &Call<'_>) -> Result<Element, AwsError> {
        // The one call that the global endpoint does not have.
        let place = match call.action {
            "GetScopedCredentials" => hosts::regional_sts(target),
            _ => hosts::sts(target),
        };
        let place = place.map_err(AwsError::Setup)?;
        let parameters: Vec<(&str, &str)> = call.parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        let secrets: Vec<&str> = call.code.iter().map(|mfa| mfa.code.expose()).collect();
        let query = QueryCall {
            service: "sts",
            version: "2011-06-15",
            place: &place,
            action: call.action,
            parameters: &parameters,
            sending: Sending::with(call.code),
            limit: call.limit,
            longest: MOST_BODY,
            secrets: &secrets,
        };
        let mut response = self.query(Access { signer, target }, &query)?;
        Ok(response.take(&format!("{}Result", call.action)).unwrap_or(response))
    }

    fn session(
        &self,
        answer: &Element,
        duration_seconds: u32,
        account_id: Option<&str>,
        target: &Target,
    ) -> Result<Session, AwsError> {
        let made = answer.child("Credentials").and_then(|made| {
            let expires_at = Timestamp::parse_lenient(made.text("Expiration")?)?;
            Some(Session {
                access_key_id: made.text("AccessKeyId")?.to_owned(),
                secret_access_key: made.secret("SecretAccessKey")?,
                // An empty one is a problem of its own.
                session_token: Some(
                    made.secret("SessionToken")
                        .or_else(|| made.child("SessionToken").map(|_| Secret::new(String::new())))?,
                ),
                issued_at: issued_at(self.clock().now(), expires_at, duration_seconds),
                expires_at,
                account_id: account_id.map(str::to_owned),
            })
        });
        self.checked(made.ok_or_else(|| incomplete(target, "contains no credentials"))?, target)
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

/// Whether it is printable ASCII (IAM User Guide, "IAM identifiers"). Security: it is shown, and written into the index.
fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
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
