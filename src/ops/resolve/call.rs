//! One step of a plan as a call: who signs it, the code it spends, and what AWS's refusals mean for the run.

use std::time::Instant;

use crate::aws::{AssumeRole, AwsError, GetSessionToken, MfaCode};
use crate::chain::session_name::default_role_session_name;
use crate::chain::{Hop, Plan, SpentIn};
use crate::credentials::{Credentials, Session};
use crate::error::{Error, Kind, Result};
use crate::mfa::{CodeError, Origin};
use crate::ops::resolve::{Need, Run};
use crate::session_cache::name::Step;

/// Above this age of an MFA session, a refusal may be about the age.
const SUSPICIOUS_AGE: i64 = 15 * 60;

/// Why a step gave no session: AWS's answer, which the step before may mend, or what ends the run.
enum Stop {
    Aws(AwsError),
    Other(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Other(error)
    }
}

impl From<CodeError> for Stop {
    fn from(error: CodeError) -> Stop {
        Stop::Other(error.into())
    }
}

impl Run<'_> {
    /// Makes the session of a step, and whatever it needs before.
    ///
    /// A cached signer that AWS does not know any more is replaced once.
    pub(super) fn make(&self, index: usize) -> Result<Session> {
        let step = self.steps[index];
        let Some(before) = index.checked_sub(1) else {
            let key = self.untimed(|| self.context.keys.access_key(&self.plan.base))?;
            let signer = Credentials::Key { key, account_id: base_account(self.plan) };
            return self.call(step, &signer).map_err(|stop| self.explained(stop, step, None));
        };
        let signer = self.obtain(before, Need::Usable)?;
        let id = signer.session.access_key_id.clone();
        let credentials = Credentials::Session(signer.session);
        match self.call(step, &credentials) {
            Err(Stop::Aws(error)) if signer.from_cache && is_dead_signer(&error) => {
                self.context
                    .talk
                    .explain(&format!("AWS does not take a cached session any more ({error}); making another"));
                let other = Credentials::Session(self.obtain(before, Need::Replacement(&id))?.session);
                self.call(step, &other).map_err(|stop| self.explained(stop, step, Some(&other)))
            }
            result => result.map_err(|stop| self.explained(stop, step, Some(&credentials))),
        }
    }

    /// Sends a step's call, with a code where the plan spends one in it. A mistyped code is asked for again.
    fn call(&self, step: Step, signer: &Credentials) -> std::result::Result<Session, Stop> {
        let spent_here = self.plan.mfa.as_ref().filter(|mfa| match mfa.spent_in {
            SpentIn::Session => step == Step::Session,
            SpentIn::Hop => step == Step::Hop(0),
        });
        let (Some(mfa), Some(ladder)) = (spent_here, &self.ladder) else { return self.send(step, signer, None) };
        let mut ladder = ladder.borrow_mut();
        loop {
            let offered = self.untimed(|| ladder.next_code())?;
            match self.send(step, signer, Some(MfaCode { serial: mfa.serial.clone(), code: offered.code })) {
                Err(Stop::Aws(error)) if is_wrong_code(&error) => match offered.origin {
                    Origin::Typed => ladder.refused(&error.to_string())?,
                    Origin::Given | Origin::Process => return Err(Stop::Aws(error)),
                },
                result => return result,
            }
        }
    }

    /// Does what a person may be needed for: the time it takes is not the renewal's. Each has a limit of its own.
    fn untimed<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.deadline.set(self.deadline.get().map(|deadline| deadline + start.elapsed()));
        done
    }

    fn send(&self, step: Step, signer: &Credentials, mfa: Option<MfaCode>) -> std::result::Result<Session, Stop> {
        let time_limit = self.time_left()?;
        let sts = self.context.sts;
        let sent = match step {
            Step::Session => {
                let duration_seconds = self.plan.session.as_ref().map_or(0, |session| session.duration_seconds);
                let request = GetSessionToken { duration_seconds, mfa, time_limit };
                sts.get_session_token(signer, &request, &self.plan.base.target)
            }
            Step::Hop(index) => {
                let request = AssumeRole { mfa, time_limit, ..self.assume_role(&self.plan.hops[index]) };
                sts.assume_role(signer, &request, &self.plan.target)
            }
        };
        let mut session = sent.map_err(Stop::Aws)?;
        session.account_id = session.account_id.or_else(|| match step {
            Step::Session => base_account(self.plan),
            Step::Hop(index) => account_of(&self.plan.hops[index].role_arn),
        });
        Ok(session)
    }

    fn assume_role(&self, hop: &Hop) -> AssumeRole {
        let Hop {
            profile: _,
            role_arn,
            duration_asked: _,
            duration_seconds,
            reason: _,
            role_session_name,
            external_id,
            tags,
            transitive_tag_keys,
            source_identity,
            policy,
            policy_arns,
        } = hop;
        AssumeRole {
            role_arn: role_arn.clone(),
            role_session_name: role_session_name.clone().unwrap_or_else(|| default_role_session_name(&self.plan.base)),
            duration_seconds: *duration_seconds,
            external_id: external_id.clone(),
            tags: tags.clone(),
            transitive_tag_keys: transitive_tag_keys.clone(),
            source_identity: source_identity.clone(),
            policy: policy.clone(),
            policy_arns: policy_arns.clone(),
            mfa: None,
            time_limit: None,
        }
    }

    /// A stop as the user's error: which step, and what could be behind it.
    fn explained(&self, stop: Stop, step: Step, signer: Option<&Credentials>) -> Error {
        let error = match stop {
            Stop::Aws(error) => error,
            Stop::Other(error) => return error,
        };
        let what = match step {
            Step::Session => format!("no session for profile `{}`", self.plan.base.profile),
            Step::Hop(index) => format!("role `{}` was not assumed", self.plan.hops[index].role_arn),
        };
        let explained = match &error {
            AwsError::Refused { .. } => Error::new(Kind::Refused, format!("{what}: {error}")),
            AwsError::Unreachable { .. } | AwsError::AnswerLost { .. } | AwsError::Setup(_) => {
                Error::new(Kind::Failed, format!("{what}: {error}"))
            }
        };
        match signer {
            Some(Credentials::Session(session)) if step == Step::Hop(0) && self.may_be_about_age(&error, session) => {
                explained.hint("the role may want a recent MFA code (`aws:MultiFactorAuthAge`): set `keyfob_mfa_max_age`, say to `15m`")
            }
            Some(_) | None => explained,
        }
    }

    fn may_be_about_age(&self, error: &AwsError, signer: &Session) -> bool {
        let denied = matches!(error, AwsError::Refused { code, .. } if code == "AccessDenied");
        denied && self.plan.mfa.is_some() && self.context.clock.now().seconds_since(signer.issued_at) > SUSPICIOUS_AGE
    }
}

/// Whether AWS found the code itself wrong, or used already: it says the same of both.
fn is_wrong_code(error: &AwsError) -> bool {
    matches!(error, AwsError::Refused { message, .. } if message.contains("invalid MFA one time pass code"))
}

/// Whether AWS does not take the session that signed.
fn is_dead_signer(error: &AwsError) -> bool {
    matches!(error, AwsError::Refused { code, .. }
        if ["InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException"].contains(&code.as_str()))
}

/// The account of the base key's user, where known.
pub(super) fn base_account(plan: &Plan) -> Option<String> {
    plan.base.key.user_arn().and_then(account_of)
}

/// The fifth part of an ARN (IAM User Guide, "IAM identifiers").
fn account_of(arn: &str) -> Option<String> {
    arn.split(':').nth(4).filter(|account| account.len() == 12).map(str::to_owned)
}
