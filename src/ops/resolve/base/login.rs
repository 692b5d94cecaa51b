//! The credentials of a sign-in by `aws login`: out of AWS's own file, renewed there by one process for all.
//!
//! A refresh token works once, and other tools take no lock: whoever sends one that is spent loses the sign-in. So the file is
//! read again before a renewal and after a refused one, and nothing is sent that could not be written down.
//!
//! What an interruption leaves: before the request, nothing. From then on until the new tokens are in the file, SIGINT, SIGTERM
//! and SIGHUP wait; `kill -9`, a power cut and a lost answer leave the old tokens, which AWS may have replaced: the next renewal
//! is then refused, and says that a new sign-in is needed. A write that fails leaves them too; the credentials are handed out.

use std::time::Duration;

use crate::aws::AwsError;
use crate::aws_login::{Service, SignIn, TokenFile, is_invalid, renew};
use crate::chain::identity_center::SignInState;
use crate::chain::{Plan, hosts};
use crate::credentials::{Credentials, Session};
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::ops::Context;
use crate::ops::resolve::PATIENCE;
use crate::session_cache::CacheError;
use crate::session_cache::failure::Failure;
use crate::session_cache::fresh::Life;
use crate::session_cache::name::SessionName;
use crate::sys::env::{Environment, vars};
use crate::sys::lock::{Lock, holder_name};
use crate::sys::uninterrupted::uninterrupted;
use crate::timestamp::Timestamp;

/// How long a tool that was faster may take to write what AWS has given it.
const OTHERS_WRITE: [u64; 4] = [0, 100, 200, 400];

/// The life that a sign-in has left which was renewed within the last minute.
const JUST_RENEWED: Duration = Duration::from_mins(14);

struct Login<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    file: TokenFile,
    /// What an unsealed name tells of the sign-in's renewal.
    name: SessionName,
    min_ttl: Option<Duration>,
}

/// The credentials of the sign-in as `arn`. What only signs the next hop has to work, no more; `min_ttl` is the life that they
/// must have left where they are handed out themselves.
///
/// # Errors
/// No sign-in, or one that has ended (exit 3), a file that is none (6), a refusal (4), no answer (1).
pub(super) fn credentials(context: &Context, plan: &Plan, arn: &str, min_ttl: Option<Duration>) -> Result<Credentials> {
    let file = TokenFile::of(context.env, arn).ok_or_else(|| {
        let variable = vars::AWS_LOGIN_CACHE_DIRECTORY;
        Error::new(Kind::Config, "cannot find the home folder: `HOME` is not set")
            .hint(format!("set `HOME`, or `{variable}`"))
    })?;
    let name = SessionName::of_base(&plan.base.identity);
    let login = Login { context, plan, file, name, min_ttl };
    let (_, session) = login.read()?;
    if login.suffices(&session) {
        return Ok(login.issued(session));
    }
    // Whoever asks for a life of their own wants that or an error.
    let usable = login.is_usable(&session) && min_ttl.is_none();
    match login.renewed(usable) {
        Ok(session) => Ok(login.issued(session)),
        Err(error) if usable && login.is_usable(&session) && error.kind() != Kind::Cancelled => {
            let (profile, until) = (&plan.base.profile, session.expires_at);
            context.talk.warn(&format!(
                "the sign-in of `{profile}` works until {until} and could not be renewed: {}",
                error.in_one_line()
            ));
            Ok(login.issued(session))
        }
        Err(error) => Err(error),
    }
}

/// The session of a sign-in that AWS has just renewed: within the last minute, or now.
///
/// # Errors
/// As [`credentials`].
pub fn renewed_just_now(context: &Context, plan: &Plan, arn: &str) -> Result<Timestamp> {
    let credentials = credentials(context, plan, arn, Some(JUST_RENEWED))?;
    credentials.expires_at().ok_or_else(|| Error::new(Kind::Defect, "a sign-in has no end"))
}

/// What is known of the sign-in as `arn`. Nobody but AWS knows how long it is renewed.
pub fn login_state(env: &Environment, arn: &str, now: Timestamp) -> SignInState {
    let sign_in = TokenFile::of(env, arn).and_then(|file| file.read().ok()?);
    let end = sign_in.as_ref().and_then(SignIn::session).map(|session| session.expires_at);
    SignInState { certain_until: end.filter(|end| *end > now), renewed: end.is_some(), due: end.is_none() }
}

/// Whether a run that uses the sign-in as `arn` needs a person; none where that depends on whether AWS still renews it.
pub(super) fn needs_sign_in(env: &Environment, arn: &str, now: Timestamp) -> Option<bool> {
    let session = match TokenFile::of(env, arn)?.read() {
        Ok(Some(sign_in)) => sign_in.session(),
        Ok(None) | Err(_) => return Some(true),
    };
    let is_usable = session.is_some_and(|session| life(&session).is_usable(now));
    is_usable.then_some(false)
}

fn life(session: &Session) -> Life {
    Life { issued_at: session.issued_at, expires_at: session.expires_at }
}

impl Login<'_> {
    /// The sign-in in the file, and its credentials.
    fn read(&self) -> Result<(SignIn, Session)> {
        let profile = &self.plan.base.profile;
        let path = self.file.path().display();
        let bad = |problem: &str| {
            Error::new(Kind::Config, format!("the sign-in of `{profile}`, {path}, {problem}")).hint(self.sign_in())
        };
        let sign_in = self.file.read().map_err(|problem| bad(&problem))?;
        let Some(sign_in) = sign_in else {
            let message = format!("`{profile}` is not signed in: there is no sign-in of `aws login`");
            return Err(Error::new(Kind::NeedsHuman, message)
                .because(format!("{path} does not exist"))
                .hint(self.sign_in()));
        };
        let session = sign_in.session().ok_or_else(|| bad("has an `expiresAt` that is not a time"))?;
        session.check().map_err(|problem| bad(&format!("has no credentials: {problem}")))?;
        Ok((sign_in, session))
    }

    /// How a person signs in.
    fn sign_in(&self) -> Hint {
        run!("keyfob login {}", self.plan.base.profile).to("sign in")
    }

    fn is_usable(&self, session: &Session) -> bool {
        life(session).is_usable(self.context.clock.now())
    }

    /// Whether they need not be renewed: handed out themselves, they have more than a third of their life left, as the SDKs
    /// have it (botocore `LoginCredentialFetcher._REFRESH_THRESHOLD`).
    fn suffices(&self, session: &Session) -> bool {
        let is_handed_out = self.plan.steps.is_empty();
        self.is_usable(session) && (!is_handed_out || life(session).is_fresh(self.context.clock.now(), self.min_ttl))
    }

    fn issued(&self, session: Session) -> Credentials {
        Credentials::Session(session).with_account(self.plan.base.account_id().as_deref())
    }

    /// Renews the sign-in under its lock, unless another process has done so, or failed to, meanwhile.
    fn renewed(&self, is_usable: bool) -> Result<Session> {
        let (cache, now) = (self.context.cache, self.context.clock.now());
        let before = cache.failure(&self.name);
        if let Some(failure) = before.clone().filter(|failure| is_usable && failure.is_remembered(now)) {
            return Err(failure.into_error());
        }
        let _lock = self.lock(is_usable)?;
        let (mut sign_in, session) = self.read()?;
        if self.suffices(&session) {
            return Ok(session);
        }
        let is_new = |failure: &Failure| before.as_ref().is_none_or(|before| before.id != failure.id);
        if let Some(failure) = cache.failure(&self.name).filter(is_new) {
            return Err(failure.into_error());
        }
        let renewed = self.renew(&mut sign_in);
        if let Err(error) = &renewed {
            // Whoever waits for the lock reads this when it is free, so it is written before.
            let failure = Failure::new(error, self.context.clock.now(), "");
            let _ = cache.put_failure(&self.name, &failure);
        }
        renewed
    }

    fn lock(&self, is_usable: bool) -> Result<Option<Lock>> {
        let profile = &self.plan.base.profile;
        // A holder waits for AWS, for as long as a call may take.
        let limit = if is_usable { PATIENCE } else { self.context.settings.call_timeout * 2 };
        let waiting = |holder: Option<u32>| {
            let holder = holder_name(holder);
            self.context.human.waiting(&format!("waiting for {holder}, which is renewing the sign-in of `{profile}`"));
        };
        match self.context.cache.lock(&self.name, limit, waiting) {
            Ok(lock) => Ok(Some(lock)),
            Err(CacheError::Busy { holder }) => {
                let message =
                    format!("{} is renewing the sign-in of `{profile}` and has not finished", holder_name(holder));
                Err(Error::new(Kind::Failed, message).hint("try again in a moment"))
            }
            Err(error) => {
                self.context.talk.warn(&format!("two keyfobs at once could end the sign-in of `{profile}`: {error}"));
                Ok(None)
            }
        }
    }

    /// Renews it at AWS and in the file. Where AWS refuses its token because another tool has used it, that tool's result counts.
    fn renew(&self, sign_in: &mut SignIn) -> Result<Session> {
        match self.exchange(sign_in)? {
            Ok(session) => Ok(session),
            Err(error) if is_invalid(&error) => {
                let Some((mut newer, session)) = self.written_meanwhile(sign_in) else {
                    return Err(self.refused(error));
                };
                match self.suffices(&session) {
                    true => Ok(session),
                    false => self.exchange(&mut newer)?.map_err(|error| self.refused(error)),
                }
            }
            Err(error) => Err(self.refused(error)),
        }
    }

    /// What another tool has written since `sign_in` was read.
    fn written_meanwhile(&self, sign_in: &SignIn) -> Option<(SignIn, Session)> {
        OTHERS_WRITE.into_iter().find_map(|pause| {
            self.context.clock.wait(Duration::from_millis(pause));
            self.read().ok().filter(|(other, _)| !other.has_token_of(sign_in))
        })
    }

    fn exchange(&self, sign_in: &mut SignIn) -> Result<std::result::Result<Session, AwsError>> {
        let Context { http, clock, settings, .. } = *self.context;
        let target = self.plan.base_target()?;
        let endpoint = hosts::sign_in(target, sign_in.region().unwrap_or(&target.region));
        let endpoint = endpoint.map_err(|problem| Error::new(Kind::Config, format!("AWS Sign-In: {problem}")))?;
        let (path, profile) = (self.file.path().display(), &self.plan.base.profile);
        self.file.check_writable(sign_in).map_err(|error| {
            Error::new(Kind::Failed, format!("the sign-in of `{profile}` is not renewed: {path} cannot be replaced"))
                .because(error)
                .hint("renewing it without writing it would end it; make the file and its folder writable")
        })?;
        let service = Service {
            http,
            clock,
            endpoint: &endpoint,
            ca_bundle: target.ca_bundle.as_deref(),
            // Never less: an answer that is not waited for is a sign-in that is lost.
            limit: settings.call_timeout,
        };
        let _until_written = uninterrupted();
        if let Err(error) = renew(sign_in, &service) {
            return Ok(Err(error));
        }
        self.context.talk.explain("the sign-in of `aws login` was renewed");
        if let Err(error) = self.file.write(sign_in) {
            self.context.talk.warn(&format!("the renewed sign-in of `{profile}` could not be kept in {path}: {error}"));
            self.context.talk.hint(run!("keyfob login {} --force", profile).to("sign in again before it ends"));
        }
        sign_in.session().map(Ok).ok_or_else(|| Error::new(Kind::Defect, "a renewed sign-in has no end"))
    }

    /// What AWS's refusal means (AWS Sign-In API, CreateOAuth2Token, "Errors").
    fn refused(&self, error: AwsError) -> Error {
        let profile = &self.plan.base.profile;
        let again = || run!("keyfob login {}", profile).to("sign in again");
        let ended = |why: &str| Error::new(Kind::NeedsHuman, format!("the sign-in of `{profile}` has ended: {why}"));
        match &error {
            AwsError::Setup(problem) => {
                Error::new(Kind::Config, format!("the sign-in of `{profile}` cannot be renewed"))
                    .because(problem.clone())
                    .hint(again())
            }
            AwsError::Unreachable { .. } => {
                Error::new(Kind::Failed, format!("the sign-in of `{profile}` could not be renewed"))
                    .because(error)
                    .hint("check the network, and `AWS_ENDPOINT_URL` if it is set")
            }
            AwsError::AnswerLost { .. } | AwsError::Invalid { .. } => {
                let message =
                    format!("the sign-in of `{profile}` may have ended: AWS's answer to its renewal was lost");
                Error::new(Kind::Failed, message)
                    .because(error)
                    .hint("try again; if AWS then refuses it, sign in again")
            }
            AwsError::Refused { code, .. } => {
                let why = match code.as_str() {
                    "TOKEN_EXPIRED" => Some("its time is over"),
                    "USER_CREDENTIALS_CHANGED" => Some("the user's password or access has changed"),
                    _ if is_invalid(&error) => Some("AWS does not take its refresh token, which works once"),
                    _ => None,
                };
                match (why, code.as_str()) {
                    (Some(why), _) => ended(why).because(said(&error)).hint(again()),
                    (None, "INSUFFICIENT_PERMISSIONS") => {
                        let message = format!("AWS does not renew the sign-in of `{profile}`: access denied");
                        Error::new(Kind::Refused, message)
                            .because(said(&error))
                            .hint("its user or role needs the policy `SignInLocalDevelopmentAccess`")
                    }
                    (None, _) => {
                        let is_refusal = error.means_request_not_processed();
                        let kind = if is_refusal { Kind::Refused } else { Kind::Failed };
                        Error::new(kind, format!("the sign-in of `{profile}` could not be renewed"))
                            .because(said(&error))
                            .hint("try again in a minute")
                    }
                }
            }
        }
    }
}

fn said(error: &AwsError) -> String {
    format!("AWS says {error}")
}
