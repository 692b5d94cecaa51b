//! What one request reads, the plans that are made of it, and what they lead to.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::Aws;
use crate::chain::target::names_endpoint;
use crate::chain::{Plan, Request, check, plan};
use crate::cli::about::About;
use crate::cli::narrow;
use crate::cli::options::CredentialOptions;
use crate::cli::world::World;
use crate::config_file::{self, AwsFiles};
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::format::surroundings::ProfileVariables;
use crate::human::Talk;
use crate::index::Index;
use crate::keystore::open::Stores;
use crate::ops::Context;
use crate::ops::keys::StoredOrWritten;
use crate::ops::login::{self, aws_login};
use crate::ops::resolve::{self, Lesson, ResolveOptions};
use crate::profile::{OtherSection, Profiles, SectionKind};
use crate::session_cache::SessionCache;
use crate::sys::env::{Environment, vars};

/// What one request reads: the AWS files and the index, each at most once. A command is one request; a server makes one
/// for each, so that it never serves a profile from before an edit.
pub struct Snapshot<'w> {
    world: &'w World<'w>,
    /// The variables, with the region of this request in the place of the user's.
    env: Cow<'w, Environment>,
    files: OnceCell<AwsFiles>,
    index: OnceCell<Index>,
    /// Whether the files are in fact made of variables.
    is_ad_hoc: bool,
}

/// Credentials that were made, or found in the cache; or what was made of them.
pub struct Made<T = Credentials> {
    pub plan: Plan,
    pub credentials: T,
    pub is_cached: bool,
}

impl World<'_> {
    /// Of one request. Nothing is read yet.
    pub fn snapshot(&self) -> Snapshot<'_> {
        let (files, index) = (OnceCell::new(), OnceCell::new());
        Snapshot { world: self, env: Cow::Borrowed(&self.env), files, index, is_ad_hoc: false }
    }
}

impl<'w> Snapshot<'w> {
    /// The world it is of.
    pub(super) fn world(&self) -> &'w World<'w> {
        self.world
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

    /// Takes these in the place of the AWS files, which are not read.
    pub(super) fn use_files(&mut self, files: AwsFiles) {
        self.files = OnceCell::from(files);
        self.is_ad_hoc = true;
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
    pub fn surroundings(&self, profile: &str, about: impl Into<About>) -> Result<ProfileVariables> {
        let mut surroundings = self.with_profiles(|profiles| {
            let settings = profiles.get(profile);
            let setting = |name: &str| Some(settings.as_ref()?.setting(name)?.value.into_owned());
            let services = setting("services").and_then(|name| profiles.section(SectionKind::Services, &name));
            let services: Vec<(String, String)> = services.iter().flat_map(OtherSection::settings).collect();
            Ok(ProfileVariables::new(&self.env, setting, &services))
        })?;
        let About { narrowed, identity, region, plan: _ } = about.into();
        (surroundings.narrowed, surroundings.identity) = (narrowed, Some(identity));
        surroundings.region = surroundings.region.or(region);
        surroundings.is_unnamed = self.is_ad_hoc;
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
    pub fn plan(&self, profile: &str, options: &CredentialOptions) -> Result<Plan> {
        self.planned(&self.request_with(profile, options)?)
    }

    /// As [`Snapshot::plan`], as if no profile named an MFA device: for what is to mend one that cannot be used.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan_without_device(&self, profile: &str) -> Result<Plan> {
        self.planned(&Request { without_device: true, ..self.request(profile)? })
    }

    /// As [`Snapshot::plan`], without a word, for what looks at every profile.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn plan_in_passing(&self, profiles: &Profiles<'_>, profile: &str) -> Result<Plan> {
        self.plan_of_machine(profiles, &self.request(profile)?)
    }

    fn request(&self, profile: &str) -> Result<Request> {
        let request = Request::of(&self.world.settings, &self.world.paths, profile);
        Ok(Request { narrow: narrow::of_outer(&self.world.process_env)?, ..request })
    }

    /// What is asked for, with the options of a command.
    ///
    /// # Errors
    /// As [`narrow`](crate::chain::narrow) has it, of a policy that is not one.
    pub fn request_with(&self, profile: &str, options: &CredentialOptions) -> Result<Request> {
        let CredentialOptions { duration, no_session, role, narrow, .. } = options;
        let mut request = self.request(profile)?;
        (request.duration_seconds, request.no_session, request.role) = (*duration, *no_session, role.wanted());
        request.narrow.extend(narrow.layers()?);
        Ok(request)
    }

    /// The plan of a request, which `-v` explains.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn planned(&self, request: &Request) -> Result<Plan> {
        let plan = self.with_profiles(|profiles| self.plan_of_machine(profiles, request))?;
        self.world.explain_plan(&plan);
        Ok(plan)
    }

    /// A plan with what this machine knows of its base: who it is, and what it turned out to be the last time.
    fn plan_of_machine(&self, profiles: &Profiles<'_>, request: &Request) -> Result<Plan> {
        let (index, env) = (self.index()?, &self.env);
        let mut made = plan(profiles, index, env, request)?;
        let cache = SessionCache::new(self.world.paths.cache.clone());
        resolve::identify(&mut made.base, env, &cache, self.world.clock.now());
        if request.known.is_some() || !(made.base.may_turn_out() || made.may_federate()) {
            return Ok(made);
        }
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
            account: &aws,
            iam: &aws,
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
        let Made { plan, credentials, is_cached } = self.make(profile, options, prompt_limit)?;
        self.world.note_in_log(&plan, &credentials, is_cached);
        Ok((plan, credentials))
    }

    /// As [`Snapshot::credentials`], for who may not issue them: the log does not get them.
    ///
    /// # Errors
    /// As [`resolve::credentials`].
    pub fn make(&self, profile: &str, options: &CredentialOptions, prompt_limit: Option<Duration>) -> Result<Made> {
        let request = self.request_with(profile, options)?;
        let plan = self.planned(&request)?;
        self.world.answer_ai_agent(&plan)?;
        self.make_with(request, plan, options, prompt_limit, resolve::credentials)
    }

    /// As [`Snapshot::make`], of a request whose plan has been made: what `make` makes of its credentials. On a terminal a
    /// sign-in that is missing comes first.
    ///
    /// # Errors
    /// As `make`.
    pub fn make_with<T>(
        &self,
        request: Request,
        mut plan: Plan,
        options: &CredentialOptions,
        prompt_limit: Option<Duration>,
        make: impl Fn(&Context<'_>, &Plan, &ResolveOptions) -> Result<T>,
    ) -> Result<Made<T>> {
        let lesson = Rc::new(Lesson::default());
        let resolve = ResolveOptions {
            min_ttl: options.min_ttl.map(|seconds| Duration::from_secs(seconds.into())),
            prompt_limit,
            mfa_code: options.mfa_code.clone(),
            lesson: Some(Rc::clone(&lesson)),
        };
        let credentials = self.with_ports(false, prompt_limit, |context, _| {
            let made = make(context, &plan, &resolve);
            if made.is_err() && lesson.take_sign_in_due() {
                let (base, failed) = (&plan.base, made.map(drop));
                plan = if let Some(role) = base.assigned_role() {
                    login::on_the_way(context, &base.profile, &role.center, prompt_limit, failed)?;
                    self.planned(&request)?
                } else if let Some(arn) = base.login_arn() {
                    aws_login::on_the_way(context, &self.files()?.profiles(), &base.profile, arn, failed)?;
                    // Somebody else may have signed in, and the profile been changed to that.
                    self.plan_of_machine(&config_file::load(&self.world.paths)?.profiles(), &request)?
                } else {
                    return failed.and(Err(Error::new(Kind::Defect, "no base but these is signed in to")));
                };
                return make(context, &plan, &resolve);
            }
            let Some(known) = lesson.end().filter(|_| made.is_err()) else { return made };
            plan = self.planned(&Request { known: Some(known), ..request })?;
            make(context, &plan, &resolve)
        })?;
        self.world.tell_of_rotation(&plan);
        Ok(Made { plan, credentials, is_cached: lesson.is_cached() })
    }
}
