//! The real world, put together for one command: each part when it is first needed, and none that is not.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::Aws;
use crate::chain::target::names_endpoint;
use crate::chain::{KeyItselfBecause, Plan, Reason, Request, check, plan};
use crate::cli::GlobalOptions;
use crate::cli::options::CredentialOptions;
use crate::config_file::{self, AwsFiles};
use crate::credentials::{Credentials, StoreId};
use crate::error::{Error, Kind, Result};
use crate::format::environment::before;
use crate::format::surroundings::ProfileVariables;
use crate::hint::run;
use crate::human::{Human, Talk};
use crate::index::Index;
use crate::keystore;
use crate::keystore::open::{StoreContext, Stores};
use crate::ops::Context;
use crate::ops::keys::StoredOrWritten;
use crate::ops::resolve::{self, Lesson, ResolveOptions};
use crate::ops::rotate::journal::Journals;
use crate::ops::rotate::{resume_of, rollback_of};
use crate::profile::{OtherSection, Profiles, SectionKind, Warning};
use crate::rotation::{Journal, Phase};
use crate::session_cache::inspection::Inspection;
use crate::session_cache::seal::Header;
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::{CacheError, SessionCache};
use crate::settings::Settings;
use crate::sys::clock::Clock;
use crate::sys::env::{Environment, vars};
use crate::sys::files::read_optional;
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
    /// `--backend`.
    pub asked_backend: Option<StoreId>,
    /// Warnings, hints and explanations.
    pub talk: &'a StderrTalk,
    quiet: bool,
    clock: Arc<Clock>,
}

/// What one request reads: the AWS files and the index, each at most once. A command is one request; a server makes one
/// for each, so that it never serves a profile from before an edit.
pub struct Snapshot<'w> {
    world: &'w World<'w>,
    /// The variables, with the region of this request in the place of the user's.
    env: Cow<'w, Environment>,
    files: OnceCell<AwsFiles>,
    index: OnceCell<Index>,
}

impl<'a> World<'a> {
    /// Reads keyfob's settings.
    ///
    /// # Errors
    /// A home folder or settings that cannot be used (exit 6).
    pub fn new(global: &GlobalOptions, process_env: Environment, talk: &'a StderrTalk) -> Result<World<'a>> {
        let env = with_home(before(&process_env));
        let paths = Paths::new(&env)?;
        let unreadable =
            |error| Error::new(Kind::Config, format!("{}: cannot be read", paths.settings.display())).because(error);
        let file = read_optional(&paths.settings).map_err(unreadable)?;
        let text = file.as_deref().map(std::str::from_utf8).transpose().map_err(|error| {
            Error::new(Kind::Config, format!("{}: not UTF-8", paths.settings.display())).because(error)
        })?;
        let mut settings = Settings::new(text, &paths.settings, &env)?;
        if let Some(set) = settings.backend {
            keystore::registered(set.name()).map_err(|problem| {
                let place = format!("`KEYFOB_BACKEND`, or `backend` in {}", paths.settings.display());
                Error::new(Kind::Config, format!("{place}: {problem}"))
            })?;
        }
        settings.backend = global.backend.or(settings.backend);
        Ok(World {
            process_env,
            env,
            paths,
            settings,
            asked_backend: global.backend,
            talk,
            quiet: global.quiet,
            clock: Arc::new(Clock::system()),
        })
    }

    /// Of one request. Nothing is read yet.
    pub fn snapshot(&self) -> Snapshot<'_> {
        Snapshot { world: self, env: Cow::Borrowed(&self.env), files: OnceCell::new(), index: OnceCell::new() }
    }

    /// The clock, corrected once AWS has answered.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The person at the terminal. `most` bounds every question.
    pub fn person(&self, yes: bool, most: Option<Duration>) -> Person<'_> {
        Person::new(&self.settings, &self.env, &self.paths.cache, yes, self.quiet, most)
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

    fn warn_of_cache(&self, error: CacheError) {
        let error = Error::from(error);
        self.talk.warn(error.message());
        error.hints().iter().for_each(|hint| self.talk.hint(hint.clone()));
    }

    /// Warns of what the lines of some profiles hold that is ignored, or read otherwise by some SDKs.
    pub fn warn_of<'n>(&self, profiles: &Profiles<'_>, names: impl IntoIterator<Item = &'n String>) {
        for Warning { file, line, message } in
            names.into_iter().filter_map(|name| profiles.get(name)).flat_map(|profile| profiles.warnings_of(&profile))
        {
            self.talk.warn(&format!("{}:{line}: {message}", config_file::path_of(&self.paths, file).display()));
        }
    }

    /// Says how many lines of the AWS files are ignored, or read otherwise by some SDKs: `doctor` names them.
    pub fn count_odd_lines(&self, profiles: &Profiles<'_>) {
        let mut lines: Vec<_> = profiles.warnings().into_iter().map(|warning| (warning.file, warning.line)).collect();
        lines.dedup();
        match lines.len() {
            0 => return,
            1 => self.talk.warn("some SDKs ignore a line of the AWS files or read it differently"),
            several => {
                self.talk.warn(&format!("some SDKs ignore {several} lines of the AWS files or read them differently"));
            }
        }
        self.talk.hint(run!("keyfob doctor").to("see which"));
    }

    fn explain_plan(&self, plan: &Plan) {
        if let Some(session) = plan.session() {
            self.talk.explain(&session.reason.to_string());
        }
        for hop in plan.hops() {
            self.talk.explain(&format!("`{}` for {} s: {}", hop.role_arn, hop.duration_seconds, hop.reason));
        }
        for note in &plan.notes {
            self.talk.explain(&note.to_string());
        }
    }

    /// Says that it is the access key itself that is handed out, where it is: SDKs keep it for as long as they run. That of
    /// another service is meant to be.
    pub fn tell_of_key(&self, plan: &Plan) {
        let is_news = |reason: &&Reason| matches!(reason, Reason::KeyItself { because, .. } if *because != KeyItselfBecause::OtherService);
        for reason in plan.reasons().filter(is_news) {
            self.talk.warn(&reason.to_string());
        }
    }

    /// Hands the key stores to `work`, which needs neither AWS nor its files: a broken one is then no hindrance.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with_stores<T>(&self, work: impl FnOnce(&Stores<'_>) -> Result<T>) -> Result<T> {
        let person = self.person(false, None);
        work(&self.stores(&person, None))
    }

    fn stores<'s>(&'s self, human: &'s dyn Human, prompt_limit: Option<Duration>) -> Stores<'s> {
        Stores::new(StoreContext {
            settings: &self.settings,
            paths: &self.paths,
            environment: &self.env,
            human,
            talk: self.talk,
            prompt_limit,
        })
    }

    /// Hints at a rotation of the plan's key that stopped half-way. Credentials work all the same, and so they do where
    /// its journal cannot be read.
    fn tell_of_rotation(&self, plan: &Plan) {
        let journals = Journals::new(&self.paths.data);
        let journal = plan.base.key_id().and_then(|id| journals.of_key(id).ok().flatten());
        let stopped = |journal: &Journal| journal.phase() == Phase::Unfinished && !journals.is_held(journal);
        if let Some(journal) = journal.filter(stopped) {
            self.talk.hint(resume_of(&journal));
            self.talk.hint(rollback_of(&journal));
        }
    }
}

impl Snapshot<'_> {
    /// Has `--region` decide where calls go, and what region a command or a shell gets: before any variable, as in the AWS CLI.
    ///
    /// # Errors
    /// A region that AWS does not have, where the profile names no endpoint of another service; and as [`Snapshot::files`].
    pub fn set_region(&mut self, profile: &str, region: Option<&str>) -> Result<()> {
        let Some(region) = region else { return Ok(()) };
        let own_endpoint = names_endpoint(&self.files()?.profiles(), profile);
        check::region(region, own_endpoint)
            .map_err(|problem| Error::new(Kind::Usage, format!("`--region`: {problem}")))?;
        self.env.to_mut().set(vars::AWS_REGION, region);
        Ok(())
    }

    /// Both AWS files, read at the first call.
    ///
    /// # Errors
    /// As [`config_file::load`].
    pub fn files(&self) -> Result<&AwsFiles> {
        if self.files.get().is_none() {
            // Nobody else can have set it: this is not shared between threads.
            let _ = self.files.set(config_file::load(&self.world.paths)?);
        }
        Ok(self.files.get().expect("set above"))
    }

    /// As [`config_file::with_profiles`], over the files that were read already, if any.
    fn with_profiles<T>(&self, work: impl Fn(&Profiles<'_>) -> Result<T>) -> Result<T> {
        if let Some(files) = self.files.get() {
            return work(&files.profiles());
        }
        let (done, files) = config_file::with_profiles(&self.world.paths, work)?;
        let _ = self.files.set(files);
        Ok(done)
    }

    /// The index of stored keys, read at the first call.
    ///
    /// # Errors
    /// As [`Index::load`].
    pub fn index(&self) -> Result<&Index> {
        if self.index.get().is_none() {
            let _ = self.index.set(Index::load(&self.world.paths.data)?);
        }
        Ok(self.index.get().expect("set above"))
    }

    /// What of `profile` a shell or a command gets beside the credentials; names what no variable can carry.
    ///
    /// # Errors
    /// As [`Snapshot::files`].
    pub fn surroundings(&self, profile: &str) -> Result<ProfileVariables> {
        let surroundings = self.with_profiles(|profiles| {
            let settings = profiles.get(profile);
            let setting = |name: &str| Some(settings.as_ref()?.setting(name)?.value.into_owned());
            let services = setting("services").and_then(|name| profiles.section(SectionKind::Services, &name));
            let services: Vec<(String, String)> = services.iter().flat_map(OtherSection::settings).collect();
            Ok(ProfileVariables::new(&self.env, setting, &services))
        })?;
        self.world.warn_of(&self.files()?.profiles(), [&profile.to_owned()]);
        for name in &surroundings.without_variable {
            self.world.talk.warn(&format!(
                "no environment variable carries `{name}` of `{profile}`, so programs started here will not see it"
            ));
        }
        Ok(surroundings)
    }

    /// Plans how `profile`'s credentials are made, and says why with `-v`.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan(&self, profile: &str, duration_seconds: Option<u32>, no_session: bool) -> Result<Plan> {
        self.planned(&Request { duration_seconds, no_session, ..self.request(profile) })
    }

    /// As [`Snapshot::plan`], as if no profile named an MFA device: for what is to mend one that cannot be used.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan_without_device(&self, profile: &str) -> Result<Plan> {
        self.planned(&Request { without_device: true, ..self.request(profile) })
    }

    /// As [`Snapshot::plan`], without a word, for what looks at every profile.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan_in_passing(&self, profiles: &Profiles<'_>, profile: &str) -> Result<Plan> {
        self.plan_of_machine(profiles, &self.request(profile))
    }

    fn request(&self, profile: &str) -> Request {
        Request::of(&self.world.settings, &self.world.paths, profile)
    }

    fn planned(&self, request: &Request) -> Result<Plan> {
        let plan = self.with_profiles(|profiles| self.plan_of_machine(profiles, request))?;
        self.world.explain_plan(&plan);
        Ok(plan)
    }

    /// A plan with what this machine knows of its base: who it is, and what it turned out to be the last time.
    fn plan_of_machine(&self, profiles: &Profiles<'_>, request: &Request) -> Result<Plan> {
        let (index, env) = (self.index()?, &self.env);
        let mut made = plan(profiles, index, env, request)?;
        resolve::identify(&mut made.base, env);
        if request.known.is_some() || !made.base.may_turn_out() {
            return Ok(made);
        }
        let cache = SessionCache::new(self.world.paths.cache.clone());
        let Some(known) = cache.known(&made.base.identity, self.world.clock.now()) else { return Ok(made) };
        let mut with_known = plan(profiles, index, env, &Request { known: Some(known), ..request.clone() })?;
        with_known.base.identity = made.base.identity;
        Ok(with_known)
    }

    /// Hands key stores and AWS to `work`, none of it opened or started yet, and tells afterwards of a clock that is off.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with_ports<T>(
        &self,
        yes: bool,
        prompt_limit: Option<Duration>,
        work: impl FnOnce(&Context<'_>, &Stores<'_>) -> Result<T>,
    ) -> Result<T> {
        let person = self.world.person(yes, prompt_limit);
        let stores = self.world.stores(&person, prompt_limit);
        let aws = Aws::new(&self.world.settings, &self.world.env, Arc::clone(&self.world.clock));
        let keys = StoredOrWritten { stores: &stores, files: &|| self.files(), data: &self.world.paths.data };
        let cache = SessionCache::new(self.world.paths.cache.clone());
        let context = Context {
            env: &self.env,
            clock: &self.world.clock,
            settings: &self.world.settings,
            paths: &self.world.paths,
            talk: self.world.talk,
            human: &person,
            sts: &aws,
            http: &aws,
            access_keys: &aws,
            mfa_devices: &aws,
            stores: &stores,
            keys: &keys,
            cache: &cache,
        };
        let done = work(&context, &stores);
        if let Some(warning) = aws.clock_warning() {
            self.world.talk.warn(&warning);
        }
        done
    }

    /// The credentials of `profile`, and the plan they were made by.
    ///
    /// # Errors
    /// As [`resolve::credentials`].
    pub fn credentials(
        &self,
        profile: &str,
        options: &CredentialOptions,
        prompt_limit: Option<Duration>,
    ) -> Result<(Plan, Credentials)> {
        let request =
            Request { duration_seconds: options.duration, no_session: options.no_session, ..self.request(profile) };
        let mut plan = self.planned(&request)?;
        let lesson = Rc::new(Lesson::default());
        let resolve = ResolveOptions {
            min_ttl: options.min_ttl.map(|seconds| Duration::from_secs(seconds.into())),
            prompt_limit,
            mfa_code: options.mfa_code.clone(),
            lesson: Some(Rc::clone(&lesson)),
        };
        let credentials = self.with_ports(false, prompt_limit, |context, _| {
            let made = resolve::credentials(context, &plan, &resolve);
            let Some(known) = lesson.end().filter(|_| made.is_err()) else { return made };
            plan = self.planned(&Request { known: Some(known), ..request })?;
            resolve::credentials(context, &plan, &resolve)
        })?;
        self.world.tell_of_rotation(&plan);
        Ok((plan, credentials))
    }
}
