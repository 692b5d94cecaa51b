//! Carries a plan out: from the cache where it can, else hop by hop, one process for all that want the same.
//!
//! Locks are taken from the last step to the first, each held while the one before it is sought. A session's name covers
//! all the steps before it, so a process only ever waits for a lock of a shorter chain than those it holds: processes
//! cannot wait for each other in a circle. A process that dies frees its locks at once, and leaves the sessions of the
//! steps it had done in the cache; the next one goes on from there.

mod base;
mod cached;
mod call;
mod own;
mod rotating;
mod sealing;

pub use base::{identify, login_state, needs_sign_in, renewed_just_now};

#[cfg(test)]
mod tests;

pub use sealing::store_of;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::chain::base::Signs;
use crate::chain::{KnownBase, Plan, Step, length};
use crate::credentials::{Credentials, Session};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::mfa::CodeSource;
use crate::ops::Context;
use crate::secret::Secret;
use crate::session_cache::CacheError;
use crate::session_cache::failure::Failure;
use crate::session_cache::name::SessionName;
use crate::session_cache::sealing_key::SealingKey;
use crate::sys::lock::{Lock, holder_name};

/// How long the renewal of a session that is still usable may take, leaving out what a person may be needed for: the
/// code, and reading the key, which may ask for the vault's passphrase.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long one process waits for another that gets the same session, where its own prompt has no limit.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// How a plan is to be carried out.
#[derive(Debug, Clone, Default)]
pub struct ResolveOptions {
    /// `--min-ttl`: the life a session must have left, in place of the rule for fresh ones. One that has less is not
    /// handed out, also where no other can be had.
    pub min_ttl: Option<Duration>,
    /// How long a person, `mfa_process` or another process that gets the same session may take; 50 s for
    /// `credential-process`, which Go's SDK kills after 60.
    pub prompt_limit: Option<Duration>,
    /// `--mfa-code`.
    pub mfa_code: Option<Secret>,
    /// Where to leave what the base turns out to be, for who can then make another plan.
    pub lesson: Option<Rc<Lesson>>,
}

/// What a run has learned of the plan's base, where the plan took it for something else and another one has to be made.
#[derive(Debug, Default)]
pub struct Lesson {
    known: RefCell<Option<KnownBase>>,
    /// Its credentials, so that they are not made again.
    own: RefCell<Option<Credentials>>,
    is_over: Cell<bool>,
    sign_in_is_due: Cell<bool>,
    is_cached: Cell<bool>,
}

impl Lesson {
    /// Whether the credentials are those of an earlier run.
    pub fn is_cached(&self) -> bool {
        self.is_cached.get()
    }

    /// What the base is, if that was learned; nothing more is learned then.
    pub fn end(&self) -> Option<KnownBase> {
        self.is_over.set(true);
        self.known.take()
    }

    /// Whether somebody has to sign in, told once: who is signed in is part of the plan, so another one is made then.
    pub fn take_sign_in_due(&self) -> bool {
        self.sign_in_is_due.take()
    }
}

/// The credentials a plan leads to.
///
/// A fresh session comes from the cache, without reading a key or taking a lock. Otherwise it is renewed; where that
/// fails or takes too long, one that still works is handed out with a warning, and the renewal is not tried again for
/// 60 s. What only signs the next hop has to work, no more.
///
/// Sessions of a key in plain text in an AWS file are sealed with the key of the default store, the one in the settings
/// or else the platform's keychain; where that cannot be had they are not cached, with a warning, since the key itself is
/// no safer.
///
/// # Errors
/// Where a key, a code or a session cannot be had: exit 3, 4, 5, 6 or 1 as the reason is; 2 where no session lives as
/// long as `--min-ttl` asks.
pub fn credentials(context: &Context, plan: &Plan, options: &ResolveOptions) -> Result<Credentials> {
    check_life(plan, options)?;
    run(context, plan, options).map_err(|error| error.with_profile(&plan.profile))
}

fn run(context: &Context, plan: &Plan, options: &ResolveOptions) -> Result<Credentials> {
    let source = plan.mfa.as_ref().map(|mfa| {
        let ResolveOptions { min_ttl: _, prompt_limit, mfa_code, lesson: _ } = options;
        RefCell::new(CodeSource::new(plan, mfa, *context, mfa_code.as_ref(), *prompt_limit))
    });
    let run = Run {
        context,
        plan,
        options,
        sealing_key: if plan.steps.is_empty() { None } else { sealing::key(context, plan)? },
        source,
        deadline: Cell::new(None),
        code_failed: Cell::new(false),
        warned: RefCell::default(),
    };
    match plan.steps.len().checked_sub(1) {
        None => run.own(),
        Some(last) => run.obtain(last, Need::Fresh).map(|obtained| {
            if let Some(lesson) = &options.lesson {
                lesson.is_cached.set(obtained.from_cache);
            }
            obtained.credentials
        }),
    }
}

/// Refuses a `--min-ttl` that not even a new session has, before a code is spent on one.
fn check_life(plan: &Plan, options: &ResolveOptions) -> Result<()> {
    let Some((asked, life)) = options.min_ttl.zip(plan.life_seconds()) else { return Ok(()) };
    let (asked, profile) = (u32::try_from(asked.as_secs()).unwrap_or(u32::MAX), &plan.profile);
    if asked <= life {
        return Ok(());
    }
    let (asked, life) = (length(asked), length(life));
    let text = format!("`--min-ttl {asked}` is not possible: the credentials of `{profile}` last only {life}");
    let error = Error::new(Kind::Usage, text).hint(run!("keyfob explain {}", profile).to("show why"));
    let roles = plan.steps.iter().filter(|step| matches!(step, Step::AssumeRole(_))).count();
    // The hour of a role that is assumed with a session of another cannot be made longer.
    Err(match roles > 1 || roles == 1 && plan.base.signs_as == Signs::Session {
        true => error,
        false => error.hint("or set their duration with `--duration`"),
    })
}

/// One run of one plan.
struct Run<'a> {
    context: &'a Context<'a>,
    plan: &'a Plan,
    options: &'a ResolveOptions,
    /// None where sessions are not cached.
    sealing_key: Option<SealingKey>,
    source: Option<RefCell<CodeSource<'a>>>,
    /// When the renewal of a usable session has to be given up.
    deadline: Cell<Option<Instant>>,
    /// Whether it was for want of a code that AWS takes that this run failed.
    code_failed: Cell<bool>,
    warned: RefCell<BTreeSet<String>>,
}

/// What a session is wanted for.
#[derive(Clone, Copy)]
enum Need<'n> {
    Fresh,
    /// To sign the next hop.
    Usable,
    /// To sign the next hop, where AWS has refused the session with this access key id.
    Replacement(&'n str),
}

/// What a step gave, and whether another run made it.
struct Obtained {
    credentials: Credentials,
    from_cache: bool,
}

impl Obtained {
    fn cached(session: Session) -> Self {
        Obtained { credentials: Credentials::Session(session), from_cache: true }
    }
}

impl Run<'_> {
    /// The session of a step: out of the cache where one is good enough, else made and cached.
    fn obtain(&self, index: usize, need: Need) -> Result<Obtained> {
        let Some(key) = &self.sealing_key else {
            return self.make(index).map(|credentials| Obtained { credentials, from_cache: false });
        };
        let name = SessionName::new(key, self.plan, index);
        let usable = self.look(key, &name);
        if let Some(cached) = usable.as_ref().filter(|cached| self.suffices(cached, need)) {
            self.note_use(key, &name, cached);
            self.explain(index, "from the cache", &cached.session);
            return Ok(Obtained::cached(cached.session.clone()));
        }
        // Read before waiting: a failure that is another one afterwards happened meanwhile.
        let before = self.context.cache.failure(&name);
        // Whoever asks for a life of their own wants that or an error.
        let fallback = usable.filter(|_| matches!(need, Need::Fresh) && self.options.min_ttl.is_none());
        if let Some(cached) = fallback {
            let is_remembered =
                |failure: &Failure| failure.is_remembered(self.context.clock.now()) && !self.has_cure(failure);
            if let Some(failure) = before.clone().filter(is_remembered) {
                return self.serve_old(cached, failure.into_error());
            }
            self.deadline.set(Some(Instant::now() + PATIENCE));
            let renewed = self.renew(key, &name, index, need, before.as_ref());
            return renewed.or_else(|error| match error.kind() {
                Kind::Cancelled => Err(error),
                _ => self.serve_old(cached, error),
            });
        }
        self.renew(key, &name, index, need, before.as_ref())
    }

    /// Makes a session under its lock, unless another process has made it, or failed to, meanwhile.
    fn renew(
        &self,
        key: &SealingKey,
        name: &SessionName,
        index: usize,
        need: Need,
        before: Option<&Failure>,
    ) -> Result<Obtained> {
        let lock = self.lock(name)?;
        if lock.is_some() {
            match self.look(key, name) {
                Some(cached) if self.suffices(&cached, need) => {
                    return Ok(Obtained::cached(cached.session));
                }
                // Dropped now, so that it is gone even where no other can be had.
                Some(_) if matches!(need, Need::Replacement(_)) => self.warn_of(self.context.cache.remove(name)),
                Some(_) | None => {}
            }
            let is_new = |failure: &Failure| before.is_none_or(|before| before.id != failure.id);
            // What failed for want of an answer is tried once more by whoever has another person to ask.
            let is_ours = |failure: &Failure| {
                is_new(failure) && failure.is_shared_with(&self.context.human.place()) && !self.has_cure(failure)
            };
            if let Some(failure) = self.context.cache.failure(name).filter(is_ours) {
                return Err(failure.into_error());
            }
        }
        match self.make(index) {
            Ok(credentials) => {
                if let Credentials::Session(session) = &credentials {
                    self.keep(key, name, index, session);
                    self.explain(index, "made", session);
                }
                Ok(Obtained { credentials, from_cache: false })
            }
            Err(error) => {
                // Whoever waits for the lock reads this when it is free, so it is written before. What another plan will do
                // better is not one for others.
                let is_for_all = |lesson: &Rc<Lesson>| lesson.known.borrow().is_none() && !lesson.sign_in_is_due.get();
                if self.options.lesson.as_ref().is_none_or(is_for_all) {
                    let mut failure = Failure::new(&error, self.context.clock.now(), &self.context.human.place());
                    failure.is_of_code = self.code_failed.get();
                    let _ = self.context.cache.put_failure(name, &failure);
                }
                Err(error)
            }
        }
    }

    /// Whether another run failed for want of a code, and this one was given one that nobody has sent.
    fn has_cure(&self, failure: &Failure) -> bool {
        failure.is_of_code && self.source.as_ref().is_some_and(|source| source.borrow().brings_code())
    }

    /// The lock of a session; `None` where the cache folder can hold none, and each process is on its own.
    fn lock(&self, name: &SessionName) -> Result<Option<Lock>> {
        let limit = self.time_left()?.or(self.options.prompt_limit).unwrap_or(LONGEST_WAIT);
        let profile = &self.plan.profile;
        let waiting = |holder: Option<u32>| {
            let holder = holder_name(holder);
            self.context
                .human
                .waiting(&format!("waiting for {holder}, which is getting the same session as `{profile}`"));
        };
        match self.context.cache.lock(name, limit, waiting) {
            Ok(lock) => Ok(Some(lock)),
            Err(error @ CacheError::Busy { holder }) => {
                let seconds = limit.as_secs();
                let end = |pid| run!("kill {}", pid).to("wait for it, or end it");
                let hint = holder.map_or("try again later".into(), end);
                Err(Error::new(Kind::Failed, format!("{error} and has not finished after {seconds} s")).hint(hint))
            }
            Err(error) => {
                self.warn_of(Err(error));
                Ok(None)
            }
        }
    }

    fn explain(&self, index: usize, how: &str, session: &Session) {
        let what = match &self.plan.steps[index] {
            Step::Base => "the base's own session",
            Step::SessionToken(_) => "the session from GetSessionToken",
            Step::AssumeRole(hop) => &hop.role_arn,
            Step::Scoped(_) => "the narrowed session",
            Step::Federation(_) => "the narrowed session from GetFederationToken",
        };
        self.context.talk.explain(&format!("{what}: {how}, expires at {}", session.expires_at));
    }

    /// What is left of the time a renewal may take; `None` where it may take as long as it needs.
    fn time_left(&self) -> Result<Option<Duration>> {
        let Some(deadline) = self.deadline.get() else { return Ok(None) };
        match deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            Some(_) | None => Err(Error::new(Kind::Failed, format!("it took more than {} s", PATIENCE.as_secs()))),
        }
    }

    /// Says once what is wrong with the cache; credentials are handed out all the same.
    fn warn_of(&self, result: std::result::Result<(), CacheError>) {
        if let Err(error) = result {
            // Of one folder or file once, however its failures differ.
            let about = match &error {
                CacheError::Io { path, .. } => path.display().to_string(),
                other => other.to_string(),
            };
            self.warn_once_about(about, &error.to_string());
        }
    }

    fn warn_once(&self, text: &str) {
        self.warn_once_about(text.to_owned(), text);
    }

    fn warn_once_about(&self, about: String, text: &str) {
        if self.warned.borrow_mut().insert(about) {
            self.context.talk.warn(text);
        }
    }
}
