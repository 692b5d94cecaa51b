//! The base's own credentials, and what a run learns of the base by making them.

use crate::chain::KnownBase;
use crate::chain::base::Signs;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Mark, Result};
use crate::ops::resolve::{Run, base};

impl Run<'_> {
    /// The base's own credentials. Where they turn out to be something else than the plan took them for, that is remembered,
    /// and whoever can make another plan is told.
    pub(super) fn own(&self) -> Result<Credentials> {
        let lesson = self.options.lesson.as_deref();
        if let Some(own) = lesson.and_then(|lesson| lesson.own.take()) {
            return Ok(own);
        }
        let base = &self.plan.base;
        let own = match base.is_kept_key() {
            true => self.untimed(|| base::credentials(self.context, self.plan, None, None, None))?,
            false => {
                let (min_ttl, prompt_limit) = (self.options.min_ttl, self.options.prompt_limit);
                let made = base::credentials(self.context, self.plan, self.time_left()?, min_ttl, prompt_limit);
                if let (Some(lesson), true) = (lesson, made.as_ref().is_err_and(|error| self.is_sign_in_due(error))) {
                    lesson.sign_in_is_due.set(true);
                }
                made?
            }
        };
        let is_long_term = matches!(own, Credentials::Key { .. } | Credentials::NoExpiry { session_token: None, .. });
        let is_other = is_long_term != (base.signs_as == Signs::Key);
        if !is_other || !base.is_process() {
            return Ok(own);
        }
        let known = KnownBase { is_key: is_long_term, ..KnownBase::default() };
        self.context.talk.explain(&format!(
            "the base is {}: remembered for the next time",
            if is_long_term { "a long-term key" } else { "a session" }
        ));
        self.context.cache.put_known(&base.identity, &known, self.context.clock.now());
        match lesson.filter(|lesson| !lesson.is_over.get()) {
            None => Ok(own),
            Some(lesson) => {
                lesson.known.replace(Some(known));
                lesson.own.replace(Some(own));
                Err(Error::new(Kind::Failed, "the base is not what it was the last time"))
            }
        }
    }

    /// Whether somebody has to sign in. Where nobody can be asked to sign in as for `aws login`, it is an error like others, which
    /// all who want the same session share.
    fn is_sign_in_due(&self, error: &Error) -> bool {
        let is_login = self.plan.base.login_arn().is_some() && error.kind() == Kind::NeedsHuman;
        error.is(Mark::SignInNeeded)
            || (is_login && self.options.prompt_limit.is_none() && self.context.human.is_there())
    }
}
