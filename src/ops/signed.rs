//! Calls to AWS that no plan makes on its way to credentials: signed with a key, or an MFA session of its user if a policy
//! demands that, or with another profile's credentials.

use std::cell::RefCell;

use crate::aws::advice::{Attempt, Attempted, Signer, advise};
use crate::aws::{Access, AwsError};
use crate::chain::target::Target;
use crate::chain::{Base, Plan};
use crate::credentials::{AccessKey, Credentials};
use crate::error::{Error, Result};
use crate::hint::Hint;
use crate::ops::Context;
use crate::ops::resolve::{self, ResolveOptions};
use crate::secret::Secret;

/// Signs calls. A session once made is used for all that follow.
pub(crate) struct Signed<'a> {
    context: &'a Context<'a>,
    signs: Signs,
    /// The ARN of the user, for hints.
    arn: Option<String>,
    /// The profile that hints name.
    profile: String,
    target: Target,
    mfa_code: Option<Secret>,
    made: RefCell<Option<Credentials>>,
}

/// Whose credentials sign.
enum Signs {
    /// A long-term key of the user, and if that is denied, the session of this plan. None if no MFA device is known.
    Key(Option<Plan>),
    /// Whatever this plan leads to.
    Plan(Plan),
}

/// A long-term key that signs, read when it does.
pub(crate) struct SigningKey<'k> {
    /// What a session made with it starts from.
    pub(crate) base: Base,
    pub(crate) read: &'k dyn Fn() -> Result<AccessKey>,
}

/// Why a call gave nothing.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// AWS's answer, or the lack of one; none if the call could not be signed.
    error: Option<Box<AwsError>>,
    advice: Box<Error>,
}

impl<'a> Signed<'a> {
    /// Signs with keys of a user, and with the session of `mfa` when those are denied.
    pub(crate) fn by_key(
        context: &'a Context<'a>,
        profile: &str,
        arn: Option<String>,
        target: Target,
        mfa: Option<Plan>,
    ) -> Self {
        Signed::new(context, Signs::Key(mfa), profile, arn, target)
    }

    /// Signs with what a plan leads to.
    pub(crate) fn by_plan(context: &'a Context<'a>, plan: Plan, target: Target) -> Self {
        let (profile, arn) = (plan.profile.clone(), plan.base.user_arn().map(str::to_owned));
        Signed::new(context, Signs::Plan(plan), &profile, arn, target)
    }

    fn new(context: &'a Context<'a>, signs: Signs, profile: &str, arn: Option<String>, target: Target) -> Self {
        let (profile, made) = (profile.to_owned(), RefCell::default());
        Signed { context, signs, arn, profile, target, mfa_code: None, made }
    }

    /// `--mfa-code`, for the session.
    pub(crate) fn with_code(self, mfa_code: Option<Secret>) -> Self {
        Signed { mfa_code, ..self }
    }

    /// Makes a call. Policies that demand MFA only say that access is denied, so a call denied to the key is made again with
    /// an MFA session of its user. A session that AWS no longer takes is dropped, and another is made. What is refused has not
    /// been done, so nothing is done twice.
    pub(crate) fn call<T>(
        &self,
        key: &SigningKey<'_>,
        call: Attempted<'_>,
        send: impl Fn(Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        let mut denied = None;
        if matches!(self.signs, Signs::Key(_)) && self.made.borrow().is_none() {
            match self.call_with_key(key, call, &send) {
                Err(refusal) if refusal.is_access_denied() && matches!(self.signs, Signs::Key(Some(_))) => {
                    self.context.talk.explain(&format!("{}; trying again with an MFA session", refusal.advice));
                    denied = Some(refusal);
                }
                result => return result,
            }
        }
        let signer = match (self.session(key), denied) {
            (Ok(signer), _) => signer,
            (Err(error), Some(denied)) => return Err(denied.without_session(error)),
            (Err(error), None) => return Err(error.into()),
        };
        match self.send(&signer, call, &send) {
            Err(refusal) if matches!(signer, Credentials::Session(_)) && refusal.is_about_session() => {
                self.context.talk.explain(&format!("AWS rejected the session ({}); deleting it", refusal.advice));
                self.made.take();
                self.context.cache.clear(&self.profile).map_err(Error::from)?;
                self.send(&self.session(key)?, call, &send)
            }
            result => result,
        }
    }

    /// As [`Signed::call`], for what is only shown: asks nobody for a code that no other call has needed.
    pub(crate) fn call_in_passing<T>(
        &self,
        key: &SigningKey<'_>,
        call: Attempted<'_>,
        send: impl Fn(Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        match matches!(self.signs, Signs::Plan(_)) || self.made.borrow().is_some() {
            true => self.call(key, call, send),
            false => self.call_with_key(key, call, &send),
        }
    }

    fn call_with_key<T>(
        &self,
        key: &SigningKey<'_>,
        call: Attempted<'_>,
        send: &impl Fn(Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        let signer = Credentials::Key { key: (key.read)()?, account_id: None };
        self.send(&signer, call, send)
    }

    /// The session that signs, or what another profile has in its place.
    fn session(&self, key: &SigningKey<'_>) -> Result<Credentials> {
        if let Some(made) = &*self.made.borrow() {
            return Ok(made.clone());
        }
        let plan = match &self.signs {
            Signs::Plan(plan) => plan.clone(),
            Signs::Key(mfa) => Plan { base: key.base.clone(), ..mfa.clone().expect("denied only then") },
        };
        let options = ResolveOptions { mfa_code: self.mfa_code.clone(), ..ResolveOptions::default() };
        let made = resolve::credentials(self.context, &plan, &options)?;
        self.made.replace(Some(made.clone()));
        Ok(made)
    }

    fn send<T>(
        &self,
        signer: &Credentials,
        call: Attempted<'_>,
        send: &impl Fn(Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        send(Access { signer, target: &self.target })
            .map_err(|error| Refusal::new(self.context, &self.profile, self.signer(signer), call, error))
    }

    /// Who has signed, for what is said of a refusal.
    fn signer<'s>(&'s self, credentials: &'s Credentials) -> Signer<'s> {
        let arn = self.arn.as_deref();
        match (credentials, &self.signs) {
            (Credentials::Key { key, .. }, _) => Signer::Key { id: key.id.as_str(), arn },
            (Credentials::NoExpiry { .. }, _) => Signer::GivenSession,
            (Credentials::Session(session), signs) => match signs {
                Signs::Plan(plan) if plan.has_hops() => {
                    Signer::Role { arn: plan.hops().last().map_or("", |hop| &hop.role_arn) }
                }
                Signs::Plan(plan) if plan.mfa.is_none() => Signer::PlainSession { arn },
                Signs::Plan(_) | Signs::Key(_) => {
                    Signer::MfaSession { arn, age_seconds: self.context.clock.now().seconds_since(session.issued_at) }
                }
            },
        }
    }
}

impl Refusal {
    /// What `error` means to the one who made the call.
    pub(crate) fn new(
        context: &Context<'_>,
        profile: &str,
        signer: Signer<'_>,
        call: Attempted<'_>,
        error: AwsError,
    ) -> Refusal {
        let clock_offset_seconds = context.clock.offset_seconds();
        let advice = advise(&error, &Attempt { profile, call, signer, code: None, clock_offset_seconds });
        Refusal { error: Some(Box::new(error)), advice: Box::new(advice) }
    }

    /// AWS's answer, or the lack of one; none if the call could not be signed.
    pub(crate) fn error(&self) -> Option<&AwsError> {
        self.error.as_deref()
    }

    /// Whether AWS answered with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.error().and_then(AwsError::code) == Some(code)
    }

    /// Whether a policy denies it.
    pub(crate) fn is_access_denied(&self) -> bool {
        self.error().is_some_and(AwsError::is_access_denied)
    }

    /// Whether AWS certainly has not acted on the call. If it may have, find out before sending it again.
    pub(crate) fn means_not_done(&self) -> bool {
        self.error().is_none_or(AwsError::means_request_not_processed)
    }

    fn is_about_session(&self) -> bool {
        self.error().is_some_and(|error| error.is_invalid_client_token() || error.is_expired())
    }

    /// Denied without MFA, and no MFA session could be made: why it was wanted belongs with that.
    fn without_session(self, error: Error) -> Refusal {
        let told = error.because(format!("without MFA: {}", self.advice));
        let told = self.advice.hints().iter().cloned().fold(told, Error::hint);
        Refusal { advice: Box::new(told), ..self }
    }

    /// Adds a hint to what the user is told.
    pub(crate) fn hint(mut self, hint: impl Into<Hint>) -> Refusal {
        *self.advice = self.advice.hint(hint);
        self
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal { error: None, advice: Box::new(error) }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        *refusal.advice
    }
}
