//! The real world, put together for one command: each part when it is first needed, and none that is not.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use crate::chain::Plan;
use crate::chain::identity_center::SignInState;
use crate::cli::GlobalOptions;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::format::environment::before;
use crate::hint::run;
use crate::human::{Human, Talk};
use crate::keystore;
use crate::keystore::open::{StoreContext, Stores};
use crate::ops::log::Parent;
use crate::ops::resolve;
use crate::session_cache::inspection::Inspection;
use crate::session_cache::seal::Header;
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::{CacheError, SessionCache};
use crate::settings::{self, Settings};
use crate::sign_in;
use crate::sys::clock::Clock;
use crate::sys::env::Environment;
use crate::sys::files::read_optional;
use crate::sys::modes::{Exposed, exposed};
use crate::sys::paths::{Paths, with_home};
use crate::ui::person::Person;
use crate::ui::talk::StderrTalk;

/// What every command starts from.
pub struct World<'a> {
    /// The variables, as keyfob was started with them.
    pub process_env: Environment,
    /// The variables without those an outer keyfob set; everything is decided from these.
    pub env: Environment,
    /// Where the files are.
    pub paths: Paths,
    /// keyfob's own settings.
    pub settings: Settings,
    /// Why they are the default ones.
    pub settings_error: Option<Error>,
    /// `--backend`.
    pub asked_backend: Option<StoreId>,
    /// Warnings, hints and explanations.
    pub talk: &'a StderrTalk,
    quiet: bool,
    /// Whether a person has agreed that an AI agent gets the credentials.
    pub(super) is_agreed: Cell<bool>,
    /// Whether a question was not asked because the setting `prompt` forbids it.
    pub(super) is_forbidden: Cell<bool>,
    /// The connection of an agent's that this process answers.
    pub(super) served: Option<Served>,
    pub(super) clock: Arc<Clock>,
}

/// A connection of an agent's.
pub struct Served {
    /// The agent's socket.
    pub socket: String,
    /// What questions begin with.
    pub about: String,
    /// The program at the other end.
    pub peer: Option<Parent>,
}

impl<'a> World<'a> {
    /// Reads keyfob's settings.
    ///
    /// # Errors
    /// A home folder or settings that cannot be used (exit 6).
    pub fn new(global: &GlobalOptions, process_env: Environment, talk: &'a StderrTalk) -> Result<World<'a>> {
        let world = World::for_doctor(global, process_env, talk)?;
        world.settings_error.clone().map_or(Ok(world), Err)
    }

    /// As [`World::new`], with the default settings where they cannot be used.
    ///
    /// # Errors
    /// A home folder that cannot be used.
    pub fn for_doctor(global: &GlobalOptions, process_env: Environment, talk: &'a StderrTalk) -> Result<World<'a>> {
        let env = with_home(before(&process_env));
        let paths = Paths::new(&env)?;
        let read = read_settings(&paths, &env, global.backend);
        let settings_error = read.as_ref().err().cloned();
        Ok(World {
            process_env,
            env,
            paths,
            settings: read.unwrap_or_default(),
            settings_error,
            asked_backend: global.backend,
            talk,
            quiet: global.quiet,
            is_agreed: Cell::new(false),
            is_forbidden: Cell::new(false),
            served: None,
            clock: Arc::new(Clock::system()),
        })
    }

    /// The clock, corrected once AWS has answered.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The person at the terminal. `most` bounds every question.
    pub fn person(&self, yes: bool, most: Option<Duration>) -> Person<'_> {
        let person =
            Person::new(&self.settings, &self.env, &self.paths.cache, yes, self.quiet, most, &self.is_forbidden);
        person.on_behalf(self.served.as_ref().map_or("", |served| &served.about))
    }

    /// What is cached, to be reported; with a warning, nothing where the cache cannot be used.
    pub fn cached_sessions(&self) -> Vec<Header> {
        SessionCache::new(self.paths.cache.clone()).list().unwrap_or_else(|error| {
            self.warn_of_cache(error);
            Vec::new()
        })
    }

    /// Hands the cache to `work`, to look at what it has for plans; with a warning, an empty one where it cannot be used.
    /// No key store is opened.
    pub fn with_cache<T>(&self, work: impl FnOnce(&Inspection<'_>) -> T) -> T {
        let (cache, person) = (SessionCache::new(self.paths.cache.clone()), self.person(false, None));
        let stores = self.stores(&person, None);
        let at_hand = |store| SealingKey::new(&stores.sealing_key_at_hand(store)?);
        let inspection = Inspection::new(&cache, self.clock(), &at_hand).unwrap_or_else(|error| {
            self.warn_of_cache(error);
            Inspection::of_nothing(&cache, self.clock(), &at_hand)
        });
        work(&inspection)
    }

    /// What is known of the sign-in at the base of a plan; none where it needs none.
    pub fn sign_in_of(&self, plan: &Plan) -> Option<SignInState> {
        if let Some(role) = plan.base.assigned_role() {
            let cache = SessionCache::new(self.paths.cache.clone());
            return Some(sign_in::state(&cache, &self.env, &role.center, self.clock.now()));
        }
        plan.base.login_arn().map(|arn| resolve::login_state(&self.env, arn, self.clock.now()))
    }

    fn warn_of_cache(&self, error: CacheError) {
        let error = Error::from(error);
        self.talk.warn(error.message());
        error.hints().iter().for_each(|hint| self.talk.hint(hint.clone()));
    }

    /// Hands the key stores to `work`, which needs neither AWS nor its files: a broken one is then no hindrance.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with_stores<T>(&self, work: impl FnOnce(&Stores<'_>) -> Result<T>) -> Result<T> {
        let person = self.person(false, None);
        work(&self.stores(&person, None))
    }

    pub(super) fn stores<'s>(&'s self, human: &'s dyn Human, prompt_limit: Option<Duration>) -> Stores<'s> {
        Stores::new(StoreContext {
            settings: &self.settings,
            paths: &self.paths,
            environment: &self.env,
            human,
            talk: self.talk,
            prompt_limit,
        })
    }
}

fn read_settings(paths: &Paths, env: &Environment, asked_backend: Option<StoreId>) -> Result<Settings> {
    let file = &paths.settings;
    let unusable = |what: &str| Error::new(Kind::Config, format!("{}: {what}", file.display()));
    // Security: it names programs that keyfob runs.
    if let Some(Exposed { foreign, .. }) = exposed(file, 0o002) {
        let place = file.display();
        let problem = if foreign { "it belongs to another user" } else { "every user can change it" };
        let error = Error::new(Kind::Config, format!("{place} is not used: {problem}"));
        return Err(match foreign {
            true => error.hint("make it your own, or set `KEYFOB_CONFIG` to the path of another file"),
            false => error.hint(run!("chmod o-w {}", place)),
        });
    }
    let read = read_optional(file).map_err(|error| unusable("cannot be read").because(error))?;
    let text = read.as_deref().map(std::str::from_utf8).transpose();
    let text = text.map_err(|error| unusable("not UTF-8").because(error))?;
    let mut settings = Settings::new(text, file, env)?;
    if let Some(set) = settings.backend {
        keystore::registered(set.name()).map_err(|problem| {
            Error::new(Kind::Config, format!("{}: {problem}", settings::place_of("backend", env)))
        })?;
    }
    settings.backend = asked_backend.or(settings.backend);
    keystore::recipes::check_settings(&settings)?;
    Ok(settings)
}
