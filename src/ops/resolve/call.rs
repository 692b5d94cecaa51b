//! One step of a plan as a call: who signs it, the code it spends, and what AWS's refusals mean for the run.

use std::time::Instant;

use crate::aws::advice::{Attempt, Attempted, CodeFrom, Signer, advise};
use crate::aws::{AssumeRole, AwsError, GetFederationToken, GetScopedCredentials, GetSessionToken, MfaCode};
use crate::chain::base::Signs;
use crate::chain::session_name::{default_role_session_name, federated_user_name};
use crate::chain::{AskedBy, FederationStep, Hop, KnownBase, Plan, Reason, ScopedStep, SessionStep, Step};
use crate::credentials::{Credentials, Session};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::mfa::{CodeError, Origin};
use crate::ops::resolve::{Need, Run, base};

/// Why a step gave no session: AWS's answer, which a new signer or code may mend, or what ends the run.
pub(super) enum Stop {
    Aws {
        error: Box<AwsError>,
        advice: Error,
    },
    /// Nothing was sent: its signer is not available.
    Unsigned(Error),
    Other(Error),
}

/// Who signs a call.
#[derive(Clone, Copy)]
pub(super) enum SignWith<'s> {
    /// The plan's base. A stored key is read for each try and dropped after it, so that it is in memory for milliseconds, and
    /// not while somebody looks for a code.
    Base,
    /// What is in memory already: the session of the step before, or what a program printed.
    Made(&'s Credentials),
}

impl Stop {
    fn into_error(self) -> Error {
        match self {
            Stop::Aws { advice, .. } => advice,
            Stop::Unsigned(error) | Stop::Other(error) => error,
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
    pub(super) fn make(&self, index: usize) -> Result<Credentials> {
        let called =
            |result: std::result::Result<Session, Stop>| result.map(Credentials::Session).map_err(Stop::into_error);
        let before = match (&self.plan.steps[index], index.checked_sub(1)) {
            (Step::Base, _) => return self.own(),
            (_, None) => return called(self.call(index, SignWith::Base)),
            (_, Some(before)) => before,
        };
        // What GetScopedCredentials gives ends with its signer.
        let is_scoped = matches!(self.plan.steps[index], Step::Scoped(_));
        let signer = self.obtain(before, if is_scoped { Need::Fresh } else { Need::Usable })?;
        let id = signer.credentials.access_key_id().to_owned();
        let dead = |error: &AwsError| signer.from_cache && (error.is_invalid_client_token() || error.is_expired());
        match self.call(index, SignWith::Made(&signer.credentials)) {
            Err(Stop::Aws { error, .. }) if dead(&error) => {
                self.context.talk.explain(&format!("AWS rejected a cached session ({error}); getting a new one"));
                let other = self.obtain(before, Need::Replacement(&id))?;
                called(self.call(index, SignWith::Made(&other.credentials)))
            }
            result => called(result),
        }
    }

    /// Sends a step's call, with a code where the plan spends one in it. A mistyped code is asked for again.
    fn call(&self, index: usize, with: SignWith<'_>) -> std::result::Result<Session, Stop> {
        // A code is spent with the key itself, so in the first step, whichever it is.
        let spent_here = self.plan.mfa.as_ref().filter(|_| index == 0);
        let (Some(mfa), Some(source)) = (spent_here, &self.source) else {
            return self.send_while_rotating(index, with, None);
        };
        let made;
        let with = match with {
            // First, since a passphrase may take longer than a code lives.
            SignWith::Base if self.plan.base.is_kept_key() => {
                self.untimed(|| self.context.keys.unlock(&self.plan.base))?;
                with
            }
            SignWith::Base => {
                made = self.own()?;
                SignWith::Made(&made)
            }
            SignWith::Made(_) => with,
        };
        let mut source = source.borrow_mut();
        let mut refused = None;
        self.code_failed.set(true);
        loop {
            let patience = self.time_left()?;
            let offered = match self.untimed(|| source.next_code(patience)) {
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
            match self.send_while_rotating(index, with, Some((code, from))) {
                Err(Stop::Aws { error, advice }) if error.is_wrong_code() => {
                    if let Some(problem) = source.clock_problem(&offered) {
                        return Err(problem.into());
                    }
                    let again = source.note_refused(&offered, advice.message());
                    let stop = Stop::Aws { error, advice };
                    if !again {
                        return Err(stop);
                    }
                    refused = Some(stop);
                }
                Err(Stop::Aws { error, advice }) if error.never_went_out() => {
                    self.code_failed.set(false);
                    source.not_sent(&offered);
                    return Err(Stop::Aws { error, advice });
                }
                Err(stop @ Stop::Unsigned(_)) => {
                    self.code_failed.set(false);
                    source.not_sent(&offered);
                    return Err(stop);
                }
                result => {
                    self.code_failed.set(false);
                    return result;
                }
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
        index: usize,
        signer: &Credentials,
        code: Option<(MfaCode, CodeFrom)>,
    ) -> std::result::Result<Session, Stop> {
        let time_limit = self.time_left()?;
        let (mfa, code) = code.unzip();
        let signed_by = self.signer(index, signer);
        let advised = |error: AwsError, call: Attempted<'_>| {
            let advice = advise(
                &error,
                &Attempt {
                    profile: self.concerned(index, &error, signed_by),
                    call,
                    signer: signed_by,
                    code,
                    clock_offset_seconds: self.context.clock.offset_seconds(),
                },
            );
            Stop::Aws { error: Box::new(error), advice }
        };
        let sts = self.context.sts;
        match &self.plan.steps[index] {
            Step::Base => Err(Stop::Other(Error::new(Kind::Defect, "a base is made without a call of the chain"))),
            Step::SessionToken(SessionStep { duration_seconds, target, reason: _ }) => {
                let request = GetSessionToken { duration_seconds: *duration_seconds, mfa, time_limit };
                sts.get_session_token(signer, &request, target)
                    .map_err(|error| advised(error, Attempted::GetSessionToken(&request)))
            }
            Step::Scoped(ScopedStep { policy, target }) => {
                let request = GetScopedCredentials { policy: policy.clone(), time_limit };
                match sts.get_scoped_credentials(signer, &request, target) {
                    Ok(session) => Ok(session),
                    Err(error) if error.is_unknown_action() => Err(Stop::Other(self.not_scoped())),
                    Err(error) => Err(advised(error, Attempted::GetScopedCredentials)),
                }
            }
            Step::Federation(FederationStep { duration_seconds, policy, policy_arns, target }) => {
                let request = GetFederationToken {
                    name: federated_user_name(&self.plan.base),
                    duration_seconds: *duration_seconds,
                    policy: policy.clone(),
                    policy_arns: policy_arns.clone(),
                    time_limit,
                };
                sts.get_federation_token(signer, &request, target)
                    .map_err(|error| advised(error, Attempted::GetFederationToken))
            }
            Step::AssumeRole(hop) => {
                let request = AssumeRole { mfa, time_limit, ..self.assume_role(hop) };
                let number = self.plan.steps[..=index].iter().filter_map(Step::hop).count();
                let (profile, hops) = (&*hop.profile, self.plan.hops().count());
                let line = self.context.talk.command_line();
                let duration_by = (hop.reason == Reason::AsAsked(AskedBy::Option)).then_some(line);
                let role_by = hop.is_ad_hoc.then_some(line);
                let call =
                    Attempted::AssumeRole { request: &request, profile, hop: number, hops, role_by, duration_by };
                let token = signer.session_token().filter(|_| self.is_exchanged(number));
                let certificate = match self.is_exchanged(number) {
                    true => self.untimed(|| base::certificate(self.context, self.plan, self.options.prompt_limit))?,
                    false => None,
                };
                let send = |request: &AssumeRole| match (token, &certificate) {
                    (_, Some(opened)) => opened.exchange(self.context, hop, request.duration_seconds, time_limit),
                    (Some(token), None) => sts.assume_role_with_web_identity(token, request, &hop.target),
                    (None, None) => sts.assume_role(signer, request, &hop.target),
                };
                let capped = AssumeRole { duration_seconds: 3600, ..request.clone() };
                match send(&request) {
                    Err(error)
                        if number == 1 && error.is_chaining_limit() && self.plan.base.signs_as == Signs::Unsure =>
                    {
                        self.remember_cap(hop);
                        send(&capped)
                    }
                    result => result,
                }
                .map_err(|error| advised(error, call))
            }
        }
    }

    /// AWS does not know GetScopedCredentials: remembered where another call can take its place, and whoever can make another
    /// plan is told.
    fn not_scoped(&self) -> Error {
        let Plan { profile, base, narrowed, .. } = self.plan;
        let what = format!("the credentials of `{profile}` cannot be narrowed: AWS does not know GetScopedCredentials");
        let (lesson, cache, now) = (self.options.lesson.as_deref(), self.context.cache, self.context.clock.now());
        if self.plan.may_federate() {
            let known = KnownBase { is_scoped_unknown: true, is_key: true, capped_roles: Vec::new() };
            cache.put_known(&base.identity, &known, now);
            if let Some(lesson) = lesson.filter(|lesson| !lesson.is_over.get()) {
                lesson.known.replace(Some(known));
                return Error::new(Kind::Failed, what);
            }
        }
        let read_only = narrowed.as_ref().is_some_and(|narrowed| narrowed.is_read_only());
        let role = run!("keyfob exec {} --role ARN", profile).flag("--read-only", read_only);
        match self.plan.hops().last().filter(|hop| hop.policy.is_some() || !hop.policy_arns.is_empty()) {
            Some(hop) => Error::new(Kind::Usage, what)
                .because(format!("`policy` or `policy_arns` of `{}` is sent with its role already", hop.profile))
                .hint(run!("keyfob explain {}", hop.profile).to("show the setting")),
            None => Error::new(Kind::Refused, what).hint(role.to("narrow a role's session, which every AWS can")),
        }
    }

    /// Whether the hop of this number is the exchange of a token.
    fn is_exchanged(&self, number: usize) -> bool {
        number == 1 && self.plan.base.signs_as == Signs::OwnRole
    }

    /// AWS takes what the base signs for role chaining, which could not be known: asked for an hour from now on.
    fn remember_cap(&self, hop: &Hop) {
        let Hop { role_arn, duration_seconds, .. } = hop;
        let (cache, base, now) = (self.context.cache, &self.plan.base.identity, self.context.clock.now());
        self.context.talk.warn(&format!(
            "AWS gives `{role_arn}` 1h at most over the credentials of `{}`, not {duration_seconds} s",
            self.plan.base.profile
        ));
        let mut known = cache.known(base, now).unwrap_or_default();
        known.capped_roles.push(role_arn.clone());
        cache.put_known(base, &known, now);
    }

    /// The profile a refusal is about, which hints tell to change: the key's, the device's, the hop's; else the asked one.
    fn concerned(&self, index: usize, error: &AwsError, signer: Signer<'_>) -> &str {
        let Plan { profile, base, mfa, steps, .. } = self.plan;
        let is_of_key = matches!(signer, Signer::Key { .. } | Signer::UnstoredKey { .. })
            && (error.is_invalid_client_token() || error.is_wrong_secret());
        // Whoever has to sign in again, does so with the profile that has the sign-in.
        let is_of_key = is_of_key || matches!(signer, Signer::Given { kind: "login", .. });
        match &steps[index] {
            _ if error.is_wrong_device() => mfa.as_ref().map_or(&base.profile, |mfa| &mfa.profile),
            _ if is_of_key => &base.profile,
            // A device that is not known yet belongs to the key's user.
            _ if error.is_access_denied() && mfa.is_none() => &base.profile,
            Step::AssumeRole(hop) if error.is_chaining_limit() || error.is_over_max_session_duration() => &hop.profile,
            Step::SessionToken(_) if error.code() == Some("RegionDisabledException") => &base.profile,
            Step::Base | Step::SessionToken(_) | Step::AssumeRole(_) | Step::Scoped(_) | Step::Federation(_) => profile,
        }
    }

    /// Who signs a step, for what is said when AWS refuses it.
    fn signer<'s>(&'s self, index: usize, credentials: &'s Credentials) -> Signer<'s> {
        let arn = self.plan.base.user_arn();
        let before = index.checked_sub(1).and_then(|before| self.plan.steps[before].hop());
        match (before, credentials) {
            (Some(hop), Credentials::Session(_)) => Signer::Role { arn: &hop.role_arn },
            (None, _) if self.plan.base.signs_as == Signs::OwnRole => match self.plan.base.anchor() {
                Some(anchor) => Signer::Certificate { region: &anchor.region },
                None => Signer::Token,
            },
            (None, Credentials::Session(session)) if self.plan.mfa.is_some() => {
                let age_seconds = self.context.clock.now().seconds_since(session.issued_at);
                Signer::MfaSession { arn, age_seconds }
            }
            (_, Credentials::NoExpiry { .. }) => Signer::GivenSession,
            (None, Credentials::Session(_)) => match self.plan.base.signs_as {
                Signs::Key => Signer::PlainSession { arn },
                _ => Signer::Given { arn, kind: self.plan.base.kind },
            },
            (_, Credentials::Key { key, .. }) if self.plan.base.stored_key().is_none() => {
                Signer::UnstoredKey { id: key.id.as_str() }
            }
            (_, Credentials::Key { key, .. }) => Signer::Key { id: key.id.as_str(), arn },
        }
    }

    fn assume_role(&self, hop: &Hop) -> AssumeRole {
        let Hop {
            profile: _,
            is_ad_hoc: _,
            role_arn,
            target: _,
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
