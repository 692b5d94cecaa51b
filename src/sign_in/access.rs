//! The access token: the one that is kept while it works, refreshed once for all processes, else the AWS CLI's.

use std::time::Duration;

use crate::aws::AwsError;
use crate::aws::oidc::Grant;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::session_cache::failure::Failure;
use crate::session_cache::sign_in::{SignIn, SignInHeader, SignInName};
use crate::sign_in::refusal::{self, Due};
use crate::sign_in::{SignIns, Wanted, cli_cache};
use crate::timestamp::Timestamp;

/// Refreshed with so much left, seconds, as botocore does: early enough that a failure is no error yet. What is shared with
/// the JavaScript SDK must have more than five minutes.
const REFRESH_SECONDS: i64 = 15 * 60;

/// How long the refresh of a token that still works waits for another process.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// A token that the portal takes.
#[derive(Debug, Clone)]
pub struct Access {
    pub token: Secret,
    /// Whether it is keyfob's own, and not the AWS CLI's.
    pub is_own: bool,
}

impl Access {
    pub(super) fn of(sign_in: &SignIn) -> Access {
        Access { token: sign_in.access.clone(), is_own: true }
    }
}

/// Whether it is time to refresh it.
fn is_stale(header: &SignInHeader, now: Timestamp) -> bool {
    let life = header.expires_at.seconds_since(header.issued_at);
    header.expires_at.seconds_since(now) < REFRESH_SECONDS.min(life / 3)
}

impl SignIns<'_> {
    /// A token that works, refreshed if it is time; nobody is asked.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`](crate::error::Kind) where somebody has to sign in; others where a refresh fails and there is no token that still
    /// works.
    pub fn access(&self, wanted: Wanted<'_>) -> Result<Access> {
        let name = SignInName::new(wanted.center);
        let now = self.context.clock.now();
        match self.read(&name) {
            Some(own) if !own.header.is_over(now) => {
                let is_good = own.header.expires_at > now && !is_stale(&own.header, now);
                let is_last = own.header.refused || own.refresh.is_none();
                if is_good || is_last {
                    return Ok(Access::of(&own));
                }
                self.refresh(wanted, &name, None).map(|own| Access::of(&own))
            }
            own => {
                if let Some(token) = cli_cache::token(self.context.env, wanted.center, now) {
                    self.context.talk.explain("using the access token that the AWS CLI keeps in ~/.aws/sso/cache");
                    return Ok(Access { token: token.access, is_own: false });
                }
                if let Some(approved) = self.approved_meanwhile(wanted, &name)? {
                    return Ok(Access::of(&approved));
                }
                Err(refusal::due(wanted, &Due::of(own.as_ref().map(|own| &own.header))))
            }
        }
    }

    /// Another token than this one, which the portal has refused.
    ///
    /// # Errors
    /// As [`SignIns::access`].
    pub(super) fn replacement(&self, wanted: Wanted<'_>, refused: &Access) -> Result<Access> {
        if !refused.is_own {
            return Err(refusal::due(wanted, &Due::CliTokenRefused));
        }
        self.refresh(wanted, &SignInName::new(wanted.center), Some(&refused.token)).map(|own| Access::of(&own))
    }

    /// Refreshes a sign-in under its lock, unless another process has just done so. A token that still works is used where
    /// that fails, unless the portal has refused it.
    ///
    /// A kill before the call leaves a mark and the old tokens, which work; one between the answer and the write leaves a
    /// refresh token that may have been used up. The next refresh tries it again, and where AWS takes it no second time, it says
    /// that the last renewal was interrupted.
    fn refresh(&self, wanted: Wanted<'_>, name: &SignInName, refused: Option<&Secret>) -> Result<SignIn> {
        let before = self.context.cache.failure(name.of_session());
        let spare = self.read(name).filter(|own| refused.is_none() && own.header.expires_at > self.context.clock.now());
        // Whoever holds the lock may wait for a person.
        let limit = if spare.is_some() { Some(SHORT_WAIT) } else { wanted.limit };
        let _lock = match (self.lock(Wanted { limit, ..wanted }, name), spare) {
            (Ok(lock), _) => lock,
            (Err(_), Some(spare)) => return Ok(spare),
            (Err(error), None) => return Err(error),
        };
        let now = self.context.clock.now();
        let Some(own) = self.read(name) else { return Err(refusal::due(wanted, &Due::Never)) };
        let works = own.header.expires_at > now;
        let is_other = refused.is_none_or(|refused| refused.expose() != own.access.expose());
        if works && is_other && (refused.is_some() || !is_stale(&own.header, now)) {
            return Ok(own);
        }
        let usable = works && is_other;
        let Some(refresh) = own.refresh.clone().filter(|_| !own.header.refused) else {
            if usable {
                return Ok(own);
            }
            self.note_refused(name, own.clone());
            return Err(refusal::due(wanted, &Due::of(Some(&own.header))));
        };
        if let Some(failure) =
            self.context.cache.failure(name.of_session()).filter(|failure| failure.is_remembered(now))
        {
            if usable {
                return Ok(own);
            }
            // It happened while this process waited.
            if before.is_none_or(|before| before.id != failure.id) {
                return Err(failure.into_error());
            }
        }
        let mut marked = own.clone();
        marked.header.renewing = true;
        // Where nothing can be written, the new refresh token would be lost, and with it the sign-in.
        if let Err(error) = self.keep(name, &marked) {
            return if usable { Ok(own) } else { Err(error.into()) };
        }
        let result = match own.own_client() {
            Some(client) => self.oidc(wanted.center).create_token(client, Grant::RefreshToken(&refresh), now),
            None => Err(AwsError::Setup("the sign-in has no client".to_owned())),
        };
        match result {
            Ok(tokens) => {
                let new = own.refreshed(tokens, self.context.clock.now());
                self.store(wanted, name, &new);
                self.context.talk.explain(&format!("renewed the sign-in to {}", wanted.center.start_url));
                Ok(new)
            }
            Err(error) if is_end(&error) => {
                // Another program that does not take the lock, or another machine with the same home.
                if let Some(other) = self.read(name).filter(|other| other.access.expose() != own.access.expose()) {
                    return Ok(other);
                }
                let was_interrupted = own.header.renewing;
                if usable {
                    let mut marked = own.clone();
                    (marked.header.refused, marked.header.renewing) = (true, false);
                    self.warn_of_cache(self.keep(name, &marked));
                    return Ok(own);
                }
                self.note_refused(name, own);
                Err(refusal::due(wanted, &Due::Refused { was_interrupted, error }))
            }
            Err(error) => {
                // Where nobody knows whether AWS acted on it, the mark stays.
                if !matches!(error, AwsError::AnswerLost { .. }) {
                    self.warn_of_cache(self.keep(name, &own));
                }
                let error = refusal::not_renewed(wanted, error);
                self.remember(name, &error);
                if usable { Ok(own) } else { Err(error) }
            }
        }
    }

    /// From now on this sign-in counts as none, its access token too.
    fn note_refused(&self, name: &SignInName, mut own: SignIn) {
        (own.header.refused, own.header.renewing) = (true, false);
        own.header.expires_at = own.header.expires_at.min(self.context.clock.now());
        self.warn_of_cache(self.keep(name, &own));
    }

    fn remember(&self, name: &SignInName, error: &Error) {
        let failure = Failure::new(error, self.context.clock.now(), &self.context.human.place());
        // Then the next process finds out for itself.
        let _ = self.context.cache.put_failure(name.of_session(), &failure);
    }

    /// Keeps a new or refreshed sign-in, and shares it if the user wants that.
    pub(super) fn store(&self, wanted: Wanted<'_>, name: &SignInName, sign_in: &SignIn) {
        self.warn_of_cache(self.keep(name, sign_in));
        self.warn_of_cache(self.context.cache.remove_failure(name.of_session()));
        if self.context.settings.sso_share {
            let (access, end) = (&sign_in.access, sign_in.header.expires_at);
            if let Err(problem) =
                cli_cache::share(self.context.env, wanted.center, access, end, self.context.clock.now())
            {
                self.context.talk.warn(&format!("the sign-in is not shared: {problem}"));
            }
        }
    }

    pub(super) fn warn_of_cache(&self, result: std::result::Result<(), crate::session_cache::CacheError>) {
        if let Err(error) = result {
            self.context.talk.warn(&format!("the sign-in could not be kept: {error}"));
        }
    }
}

/// Whether a refresh token, or the client it belongs to, is accepted no more.
fn is_end(error: &AwsError) -> bool {
    error.is_invalid_grant() || error.is_invalid_client() || error.is_code_expired()
}
