//! Who signs the calls of an audit: what a profile's plan leads to. For a user's key that is the key itself, and an MFA session
//! where calls are denied to it.

use crate::aws::advice::Attempted;
use crate::aws::{Access, AwsError};
use crate::chain::base::Signs;
use crate::chain::target::Target;
use crate::chain::{Plan, Step};
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::signed::{Signed, SigningKey};
use crate::secret::Secret;

/// A profile that an account is audited with.
pub(super) struct Signer<'a, 'c> {
    context: &'a Context<'c>,
    pub(super) profile: String,
    /// 12 digits.
    pub(super) account: String,
    /// Who it is, as AWS says.
    pub(super) arn: String,
    plan: Plan,
    target: Target,
    signed: Signed<'a>,
    credentials: Credentials,
}

/// What a thread signs with.
pub(super) struct Work {
    pub(super) account: String,
    pub(super) arn: String,
    pub(super) credentials: Credentials,
    pub(super) target: Target,
}

impl<'a, 'c: 'a> Signer<'a, 'c> {
    /// Makes the credentials and asks whose they are.
    ///
    /// # Errors
    /// Where there are none, or AWS does not know them.
    pub(super) fn new(context: &'a Context<'c>, plan: Plan, code: Option<Secret>) -> Result<Self> {
        let target = plan.steps.last().and_then(Step::target).map_or_else(|| plan.base_target(), Ok)?.clone();
        let is_user = plan.base.signs_as == Signs::Key
            && plan.steps.iter().all(|step| matches!(step, Step::Base | Step::SessionToken(_)));
        let signed = match is_user {
            true => {
                let mfa = (plan.session().is_some() && plan.mfa.is_some()).then(|| plan.clone());
                let arn = plan.base.user_arn().map(str::to_owned);
                Signed::by_key(context, &plan.profile, arn, target.clone(), mfa)
            }
            false => Signed::by_plan(context, plan.clone(), target.clone()),
        };
        let signed = signed.with_code(code);
        let read = || context.keys.access_key(&plan.base).map_err(|error| error.with_profile(&plan.profile));
        let key = SigningKey { base: plan.base.clone(), read: &read };
        let asked = signed.call(&key, Attempted::GetCallerIdentity, |by| {
            Ok((context.sts.get_caller_identity(by.signer, by.target)?, by.signer.clone()))
        });
        let (who, credentials) = asked?;
        let profile = plan.profile.clone();
        Ok(Signer { context, profile, account: who.account, arn: who.arn, plan, target, signed, credentials })
    }

    /// What a thread signs with.
    pub(super) fn work(&self) -> Work {
        let (account, arn) = (self.account.clone(), self.arn.clone());
        Work { account, arn, credentials: self.credentials.clone(), target: self.target.clone() }
    }

    /// Finds other credentials after such an answer; whether there are any.
    ///
    /// # Errors
    /// Where the person cancels. What else keeps an MFA session from being made is a warning: what needs none is known.
    pub(super) fn changes(&mut self, action: &str, error: &AwsError) -> Result<bool> {
        let before = self.credentials.access_key_id().to_owned();
        let read =
            || self.context.keys.access_key(&self.plan.base).map_err(|error| error.with_profile(&self.plan.profile));
        let key = SigningKey { base: self.plan.base.clone(), read: &read };
        let found =
            self.signed.call(&key, Attempted::Iam(action.rsplit(':').next().unwrap_or(action)), |by: Access<'_>| {
                if by.signer.access_key_id() == before { Err(error.clone()) } else { Ok(by.signer.clone()) }
            });
        match found {
            Ok(credentials) => {
                self.credentials = credentials;
                Ok(true)
            }
            // It is the answer itself: nothing else can sign.
            Err(refusal) if refusal.is(error.code().unwrap_or_default()) && !self.may_have_mfa() => Ok(false),
            Err(refusal) => {
                let problem = Error::from(refusal);
                if problem.kind() == Kind::Cancelled {
                    return Err(problem);
                }
                self.context.talk.warn(&format!(
                    "`{}`: some calls may need MFA, and no MFA session could be made: {}",
                    self.profile,
                    problem.in_one_line()
                ));
                Ok(false)
            }
        }
    }

    fn may_have_mfa(&self) -> bool {
        matches!(self.credentials, Credentials::Key { .. }) && self.plan.session().is_some() && self.plan.mfa.is_some()
    }
}
