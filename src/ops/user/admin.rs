//! Whoever manages users: a profile of any base, and its calls, made again for as long as their failures may pass.

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::aws::advice::Attempted;
use crate::aws::{Access, AwsError, Element};
use crate::chain::Base;
use crate::chain::target::Target;
use crate::config_file::AwsFiles;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::ops::mfa::Caller;
use crate::ops::planning::own_target;
use crate::ops::rotate::{kind_of, plan_to_sign};
use crate::ops::signed::{Refusal, Signed, SigningKey};
use crate::rotation::Failure;
use crate::secret::Secret;

/// The first pause between two tries, and the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What IAM says of an entity that is a few seconds old, or is being changed (IAM User Guide, "Changes that I make are not
/// always immediately visible").
const SETTLES: &str = "NoSuchEntity";
const BUSY: [&str; 2] = ["EntityTemporarilyUnmodifiable", "ConcurrentModification"];

/// A profile that manages users.
pub(super) struct Admin<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) profile: String,
    /// Who it is, at AWS.
    pub(super) arn: String,
    /// 12 digits.
    pub(super) account: String,
    pub(super) target: Target,
    base: Base,
    signed: Rc<Signed<'a>>,
}

impl<'a> Admin<'a> {
    /// Finds out who `profile` is.
    ///
    /// # Errors
    /// Where it has no credentials, or AWS does not take them.
    pub(super) fn new(
        context: &'a Context<'a>,
        files: &AwsFiles,
        profile: &str,
        mfa_code: Option<&Secret>,
    ) -> Result<Self> {
        let plan = plan_to_sign(context, files, profile)?;
        let (base, target) = (plan.base.clone(), own_target(&plan)?.clone());
        let signed = Rc::new(Signed::by_plan(context, plan, target.clone()).with_code(mfa_code.cloned()));
        let mut admin = Admin {
            context,
            profile: profile.to_owned(),
            arn: String::new(),
            account: String::new(),
            target,
            base,
            signed,
        };
        let who = |by: Access<'_>| context.sts.get_caller_identity(by.signer, by.target);
        let identity = admin.signed.call(&admin.key(), Attempted::GetCallerIdentity, who)?;
        (admin.arn, admin.account) = (identity.arn, identity.account);
        Ok(admin)
    }

    /// The ARN that a user of this name has, if it has no path.
    pub(super) fn arn_of_user(&self, name: &str) -> String {
        format!("arn:{}:iam::{}:user/{name}", self.partition(), self.account)
    }

    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub(super) fn partition(&self) -> &str {
        self.arn.split(':').nth(1).unwrap_or("aws")
    }

    /// Who makes the calls about MFA devices of another user.
    pub(super) fn caller_for(&self, user_arn: &str) -> Caller<'a> {
        Caller::of_user(self.context, &self.base, user_arn, Rc::clone(&self.signed))
    }

    /// Makes a call of any area.
    pub(super) fn call<T>(
        &self,
        action: &'static str,
        send: impl Fn(Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        self.signed.call(&self.key(), Attempted::Iam(action), send).map_err(|refusal| {
            let with = self.context.talk.again(&["--with", "PROFILE"]);
            if refusal.is_access_denied() {
                refusal.hint(with.to("use the profile of an administrator"))
            } else {
                refusal
            }
        })
    }

    /// Makes a call that changes nothing.
    pub(super) fn ask(&self, action: &'static str, params: &[(&str, &str)]) -> Result<Element, Refusal> {
        self.patiently(action, &[], |by| self.context.iam.ask(by, action, params, &[]))
    }

    /// As [`Admin::ask`]; none for what does not exist.
    pub(super) fn find(&self, action: &'static str, params: &[(&str, &str)]) -> Result<Option<Element>, Refusal> {
        match self.ask(action, params) {
            Ok(found) => Ok(Some(found)),
            Err(refusal) if refusal.is("NoSuchEntity") => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Every member of a list; none where its owner does not exist.
    pub(super) fn pages(
        &self,
        action: &'static str,
        params: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<Element>, Refusal> {
        match self.patiently(action, &[], |by| self.context.iam.pages(by, action, params, list)) {
            Err(refusal) if refusal.is("NoSuchEntity") => Ok(Vec::new()),
            listed => listed,
        }
    }

    /// Creates or attaches something. `EntityAlreadyExists` is as good. What it is about may be seconds old.
    pub(super) fn ensure(&self, action: &'static str, params: &[(&str, &str)]) -> Result<(), Refusal> {
        self.until(action, params, "EntityAlreadyExists", &[SETTLES]).map(drop)
    }

    /// Deletes or detaches something. `NoSuchEntity` is as good.
    pub(super) fn ensure_gone(&self, action: &'static str, params: &[(&str, &str)]) -> Result<(), Refusal> {
        self.until(action, params, "NoSuchEntity", &[]).map(drop)
    }

    /// As [`Admin::ensure`], and says whether AWS did it now, and not earlier.
    pub(super) fn until(
        &self,
        action: &'static str,
        params: &[(&str, &str)],
        as_good: &str,
        passing: &[&str],
    ) -> Result<bool, Refusal> {
        match self.patiently(action, passing, |by| self.context.iam.ask(by, action, params, &[])) {
            Ok(_) => Ok(true),
            Err(refusal) if refusal.is(as_good) => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }

    /// Makes a call again for as long as its failures may pass, those with the codes `passing` too.
    pub(super) fn patiently<T>(
        &self,
        action: &'static str,
        passing: &[&str],
        send: impl Fn(Access<'_>) -> Result<T, AwsError>,
    ) -> Result<T, Refusal> {
        let mut patience = Patience::new(self.context);
        loop {
            let refusal = match self.call(action, &send) {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            let passes = is_passing(&refusal) || passing.iter().any(|code| refusal.is(code));
            if !passes || !patience.wait(&format!("{action}: trying again"))? {
                return Err(refusal);
            }
        }
    }

    fn key(&self) -> SigningKey<'_> {
        SigningKey { base: self.base.clone(), read: &|| Err(Error::new(Kind::Defect, "a plan signs, and no key")) }
    }
}

/// Whether a failure may pass: throttling, the network, an entity that is being changed.
pub(super) fn is_passing(refusal: &Refusal) -> bool {
    BUSY.iter().any(|code| refusal.is(code)) || matches!(kind_of(refusal), Failure::Passing { .. })
}

/// What is left of the patience of one call, with pauses that grow.
pub(super) struct Patience<'a> {
    context: &'a Context<'a>,
    started: Instant,
    waited: Duration,
    pause: Duration,
    limit: Duration,
}

impl<'a> Patience<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        let limit = context.settings.rotate_patience;
        Patience { context, started: Instant::now(), waited: Duration::ZERO, pause: PAUSE, limit }
    }

    /// Pauses; false if the patience is at its end.
    ///
    /// # Errors
    /// Ctrl-C: whoever presses it in a pause is told what is left, and how to go on.
    pub(super) fn wait(&mut self, what: &str) -> Result<bool> {
        let passed = self.waited.max(self.started.elapsed());
        if passed >= self.limit {
            return Ok(false);
        }
        self.context.human.progress(&format!("{what} ({} s)", passed.as_secs()));
        let pause = self.pause.min(self.limit.saturating_sub(passed));
        if self.context.clock.wait_or_interrupt(pause) {
            return Err(Error::new(Kind::Cancelled, "interrupted"));
        }
        self.waited += pause;
        self.pause = (pause * 2).min(LONGEST_PAUSE);
        Ok(true)
    }
}

/// The error for a user that does not exist.
pub(super) fn no_such_user(name: &str, admin: &Admin<'_>) -> Error {
    Error::new(Kind::Failed, format!("account {} has no user `{name}`", admin.account))
        .hint(run!("keyfob user list --with {}", admin.profile).to("list its users"))
}
