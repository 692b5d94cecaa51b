//! Whoever makes the IAM calls about devices: the base profile's key, or where policies want it, an MFA session of its user.

use std::cell::RefCell;

use crate::aws::AwsError;
use crate::aws::advice::{Attempt, Attempted, Signer, advise};
use crate::chain::Plan;
use crate::chain::target::Target;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::resolve::{self, ResolveOptions};

/// The user whose devices they are, and what its calls are signed with.
pub(super) struct Caller<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    /// The user's name, without its path.
    pub(super) user: String,
    /// 12 digits.
    pub(super) account: String,
    arn: String,
    signer: RefCell<Credentials>,
}

impl<'a> Caller<'a> {
    /// Reads the key of `plan`, a base's, and finds out whose it is.
    ///
    /// # Errors
    /// Where the key cannot be had, AWS does not know it, or it is a root user's.
    pub(super) fn new(context: &'a Context<'a>, plan: &'a Plan) -> Result<Self> {
        let key = context.keys.access_key(&plan.base)?;
        let signer = Credentials::Key { key, account_id: None };
        let arn = match plan.base.user_arn() {
            Some(arn) => arn.to_owned(),
            None => {
                let asked = context.sts.get_caller_identity(&signer, plan.base_target()?);
                asked
                    .map_err(|error| explained(context, plan, &signer, None, &error, Attempted::GetCallerIdentity))?
                    .arn
            }
        };
        let mut parts = arn.splitn(6, ':').skip(4);
        let (account, resource) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let user = match resource.strip_prefix("user/") {
            Some(path) => path.rsplit('/').next().unwrap_or(path).to_owned(),
            None => {
                return Err(Error::new(
                    Kind::Failed,
                    format!("`{arn}` is no IAM user, so keyfob does not touch its devices"),
                )
                .hint("a root user's devices are managed in the AWS console, under Security credentials"));
            }
        };
        let account = account.to_owned();
        Ok(Caller { context, plan, user, account, arn, signer: RefCell::new(signer) })
    }

    /// The ARN a virtual device of this name has.
    pub(super) fn serial_of(&self, name: &str) -> String {
        let partition = self.arn.split(':').nth(1).unwrap_or("aws");
        format!("arn:{partition}:iam::{}:mfa/{name}", self.account)
    }

    /// Makes a call. Denied to the key, it is made once more with an MFA session of the same user, where the profile has a
    /// device: policies that ask for MFA say no more than that access is denied. What was denied has not been done, so
    /// this sends nothing twice.
    ///
    /// # Errors
    /// AWS's, or that of making the session.
    pub(super) fn call<T>(
        &self,
        name: &str,
        send: impl Fn(&Credentials, &Target) -> Result<T, AwsError>,
    ) -> Result<T, CallError> {
        let target = self.plan.base_target().map_err(|error| CallError::NoSession(error.into()))?;
        let sent = send(&self.signer.borrow(), target);
        let with_key = matches!(&*self.signer.borrow(), Credentials::Key { .. });
        let has_mfa_session = self.plan.session().is_some() && self.plan.mfa.is_some();
        let answer = match sent {
            Err(error) if error.is_access_denied() && with_key && has_mfa_session => {
                self.context
                    .talk
                    .explain(&format!("{name} is denied to the key ({error}): trying with an MFA session"));
                let session = resolve::credentials(self.context, self.plan, &ResolveOptions::default());
                self.signer.replace(session.map_err(CallError::NoSession)?);
                let sent = send(&self.signer.borrow(), target);
                match sent {
                    // A cached session AWS does not take any more: refused is not done.
                    Err(error) if error.is_invalid_client_token() || error.is_expired() => {
                        let cleared = self.context.cache.clear(&self.plan.profile);
                        cleared.map_err(|error| CallError::NoSession(error.into()))?;
                        let session = resolve::credentials(self.context, self.plan, &ResolveOptions::default());
                        self.signer.replace(session.map_err(CallError::NoSession)?);
                        send(&self.signer.borrow(), target)
                    }
                    sent => sent,
                }
            }
            sent => sent,
        };
        answer.map_err(|error| {
            let signer = self.signer.borrow();
            let advice = explained(self.context, self.plan, &signer, Some(&self.arn), &error, Attempted::Iam(name));
            CallError::Aws { error: Box::new(error), advice: Box::new(advice) }
        })
    }

    /// The serials of the user's devices.
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub(super) fn devices(&self) -> Result<Vec<String>, CallError> {
        self.call("ListMFADevices", |signer, target| {
            self.context.mfa_devices.list_mfa_devices(signer, Some(&self.user), target)
        })
    }
}

/// Why a call gave nothing.
#[derive(Debug)]
pub(super) enum CallError {
    /// AWS's answer, and what it means for the user.
    Aws { error: Box<AwsError>, advice: Box<Error> },
    /// The MFA session it needs cannot be had.
    NoSession(Error),
}

impl CallError {
    /// Whether AWS answered with this code.
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self, CallError::Aws { error, .. } if error.code() == Some(code))
    }

    /// Whether AWS certainly has not acted on it.
    pub(super) fn means_not_done(&self) -> bool {
        match self {
            CallError::Aws { error, .. } => error.means_request_not_processed(),
            CallError::NoSession(_) => true,
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Error {
        match error {
            CallError::Aws { advice, .. } => *advice,
            CallError::NoSession(error) => error,
        }
    }
}

fn explained(
    context: &Context<'_>,
    plan: &Plan,
    signer: &Credentials,
    arn: Option<&str>,
    error: &AwsError,
    call: Attempted<'_>,
) -> Error {
    let signer = match signer {
        Credentials::Key { key, .. } => Signer::Key { id: key.id.as_str(), arn },
        Credentials::NoExpiry { .. } => Signer::PlainSession { arn },
        Credentials::Session(session) => {
            Signer::MfaSession { arn, age_seconds: context.clock.now().seconds_since(session.issued_at) }
        }
    };
    let clock_offset_seconds = context.clock.offset_seconds();
    advise(error, &Attempt { profile: &plan.profile, call, signer, code: None, clock_offset_seconds })
}
