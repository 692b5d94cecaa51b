//! One step of a plan as a call: who signs it, the code it spends, and what AWS's refusals mean for the run.

use std::time::Instant;

use crate::aws::advice::{Attempt, Attempted, CodeFrom, Signer, advise};
use crate::aws::{AssumeRole, AwsError, GetSessionToken, MfaCode};
use crate::chain::session_name::default_role_session_name;
use crate::chain::{Hop, Plan, SpentIn};
use crate::credentials::{Credentials, Session};
use crate::error::{Error, Result};
use crate::mfa::{CodeError, Origin};
use crate::ops::resolve::{Need, Run};
use crate::session_cache::name::Step;

/// Why a step gave no session: AWS's answer, which a new signer or code may mend, or what ends the run.
pub(super) enum Stop {
    Aws { error: Box<AwsError>, advice: Error },
    Other(Error),
}

impl Stop {
    fn into_error(self) -> Error {
        match self {
            Stop::Aws { advice, .. } => advice,
            Stop::Other(error) => error,
        }
    }
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
            let signer = Credentials::Key { key, account_id: self.plan.base.key.account_id().map(str::to_owned) };
            return self.call(step, &signer).map_err(Stop::into_error);
        };
        let signer = self.obtain(before, Need::Usable)?;
        let id = signer.session.access_key_id.clone();
        let dead = |error: &AwsError| signer.from_cache && (error.is_invalid_client_token() || error.is_expired());
        match self.call(step, &Credentials::Session(signer.session)) {
            Err(Stop::Aws { error, .. }) if dead(&error) => {
                self.context
                    .talk
                    .explain(&format!("a cached session is not taken any more ({error}): another is made"));
                let other = self.obtain(before, Need::Replacement(&id))?;
                self.call(step, &Credentials::Session(other.session)).map_err(Stop::into_error)
            }
            result => result.map_err(Stop::into_error),
        }
    }

    /// Sends a step's call, with a code where the plan spends one in it. A mistyped code is asked for again.
    fn call(&self, step: Step, signer: &Credentials) -> std::result::Result<Session, Stop> {
        let spent_here = self.plan.mfa.as_ref().filter(|mfa| match mfa.spent_in {
            SpentIn::Session => step == Step::Session,
            SpentIn::Hop => step == Step::Hop(0),
        });
        let (Some(mfa), Some(ladder)) = (spent_here, &self.ladder) else {
            return self.send_while_rotating(step, signer, None);
        };
        let mut ladder = ladder.borrow_mut();
        let mut refused = None;
        loop {
            let patience = self.time_left()?;
            let offered = match self.untimed(|| ladder.next_code(patience)) {
                Ok(offered) => offered,
                // No other code is to be had, so it is the refusal of the last one that ends it.
                Err(error) if error.is_about_used_codes() => return Err(refused.unwrap_or_else(|| error.into())),
                Err(error) => return Err(error.into()),
            };
            let from = match offered.origin {
                Origin::Seed => CodeFrom::Seed,
                Origin::Given | Origin::Process | Origin::Typed => CodeFrom::Given,
            };
            let code = MfaCode { serial: mfa.serial.clone(), code: offered.code.clone() };
            match self.send_while_rotating(step, signer, Some((code, from))) {
                Err(Stop::Aws { error, advice }) if error.is_wrong_code() => {
                    let again = ladder.may_try_again(&offered, advice.message());
                    let stop = Stop::Aws { error, advice };
                    if !again {
                        return Err(stop);
                    }
                    refused = Some(stop);
                }
                Err(Stop::Aws { error, advice }) if error.never_went_out() => {
                    ladder.not_sent(&offered);
                    return Err(Stop::Aws { error, advice });
                }
                result => return result,
            }
        }
    }

    /// Does what a person may be needed for: the time it takes is not the renewal's. Each has a limit of its own.
    pub(super) fn untimed<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.deadline.set(self.deadline.get().map(|deadline| deadline + start.elapsed()));
        done
    }

    pub(super) fn send(
        &self,
        step: Step,
        signer: &Credentials,
        code: Option<(MfaCode, CodeFrom)>,
    ) -> std::result::Result<Session, Stop> {
        let time_limit = self.time_left()?;
        let (mfa, code) = code.unzip();
        let signed_by = self.signer(step, signer);
        let advised = |error: AwsError, call: Attempted<'_>| {
            let advice = advise(
                &error,
                &Attempt {
                    profile: self.concerned(step, &error, signed_by),
                    call,
                    signer: signed_by,
                    code,
                    clock_offset_seconds: self.context.clock.offset_seconds(),
                },
            );
            Stop::Aws { error: Box::new(error), advice }
        };
        let sts = self.context.sts;
        match step {
            Step::Session => {
                let duration_seconds = self.plan.session.as_ref().map_or(0, |session| session.duration_seconds);
                let request = GetSessionToken { duration_seconds, mfa, time_limit };
                sts.get_session_token(signer, &request, &self.plan.base.target)
                    .map_err(|error| advised(error, Attempted::GetSessionToken(&request)))
            }
            Step::Hop(index) => {
                let request = AssumeRole { mfa, time_limit, ..self.assume_role(&self.plan.hops[index]) };
                let (hop, hops) = (index + 1, self.plan.hops.len());
                sts.assume_role(signer, &request, &self.plan.target)
                    .map_err(|error| advised(error, Attempted::AssumeRole { request: &request, hop, hops }))
            }
        }
    }

    /// The profile a refusal is about, which hints tell to change: the key's, the device's, the hop's; else the asked one.
    fn concerned(&self, step: Step, error: &AwsError, signer: Signer<'_>) -> &str {
        let Plan { profile, base, mfa, hops, .. } = self.plan;
        let is_of_key =
            matches!(signer, Signer::Key { .. }) && (error.is_invalid_client_token() || error.is_wrong_secret());
        match step {
            _ if error.is_wrong_device() => mfa.as_ref().map_or(&base.profile, |mfa| &mfa.profile),
            _ if is_of_key => &base.profile,
            // A device that is not known yet belongs to the key's user.
            _ if error.is_access_denied() && mfa.is_none() => &base.profile,
            Step::Hop(index) if error.is_chaining_limit() || error.is_over_max_session_duration() => {
                &hops[index].profile
            }
            Step::Session if error.code() == Some("RegionDisabledException") => &base.profile,
            Step::Session | Step::Hop(_) => profile,
        }
    }

    /// Who signs a step, for what is said when AWS refuses it.
    fn signer<'s>(&'s self, step: Step, credentials: &'s Credentials) -> Signer<'s> {
        let arn = self.plan.base.key.user_arn();
        match (step, credentials) {
            (Step::Hop(index), Credentials::Session(_)) if index > 0 => {
                Signer::Role { arn: &self.plan.hops[index - 1].role_arn }
            }
            (Step::Session | Step::Hop(_), Credentials::Session(session)) if self.plan.mfa.is_some() => {
                let age_seconds = self.context.clock.now().seconds_since(session.issued_at);
                Signer::MfaSession { arn, age_seconds }
            }
            (Step::Session | Step::Hop(_), Credentials::Session(_)) => Signer::PlainSession { arn },
            (Step::Session | Step::Hop(_), Credentials::Key { key, .. }) => Signer::Key { id: key.id.as_str(), arn },
        }
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
}
