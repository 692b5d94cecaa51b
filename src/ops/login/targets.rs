//! What `login` and `logout` can be about: the `sso-session` sections, the profiles with a start URL of their own, and those of
//! `aws login`.

use crate::aws_login::TokenFile;
use crate::chain::base::{login, names_a_source};
use crate::chain::identity_center::{self, IdentityCenter};
use crate::chain::{Plan, nearest, nearest_of};
use crate::error::{Error, Kind, Mark, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::profile::{Profiles, SectionKind};
use crate::session_cache::sign_in::SignInName;
use crate::sign_in::state;

/// Something to sign in to.
#[derive(Debug, Clone)]
pub enum Target {
    Center(CenterTarget),
    AwsLogin(LoginTarget),
}

/// An Identity Center.
#[derive(Debug, Clone)]
pub struct CenterTarget {
    /// What `keyfob login` takes for it: a section, else a profile.
    pub name: String,
    pub center: IdentityCenter,
}

/// A profile that is signed in as `aws login` does it, or is to be.
#[derive(Debug, Clone)]
pub struct LoginTarget {
    pub profile: String,
    /// Who is signed in; none for a profile that never was.
    pub arn: Option<String>,
}

/// What a name is looked up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Login,
    Logout,
}

/// What `name` is about: a profile, with the Identity Center or the sign-in at the end of its chain, else a section. `planned` is
/// the profile's plan. A name that nothing has becomes a new profile of `aws login`, unless it looks like a slip.
///
/// # Errors
/// No such profile or section, one that needs no sign-in (exit 6), and what is wrong in the files.
pub fn target(
    context: &Context<'_>,
    profiles: &Profiles<'_>,
    name: &str,
    purpose: Purpose,
    planned: impl FnOnce() -> Result<Plan>,
) -> Result<Target> {
    let files = crate::config_file::file_names(context.paths);
    let target = |center| Target::Center(CenterTarget { name: name.to_owned(), center });
    let section = || identity_center::of_session(profiles, context.env, &files, name);
    let Some(profile) = profiles.get(name) else {
        return match section()? {
            Some(center) => Ok(target(center)),
            None => unknown(profiles, name, purpose),
        };
    };
    // A section of the same name is what is meant if the profile has nothing to do with one.
    if let Some(own) = identity_center::of_profile(profiles, context.env, &files, name)? {
        return Ok(target(own));
    }
    let planned = planned();
    if let Ok(Plan { base, .. }) = &planned {
        if let Some(role) = base.assigned_role() {
            return Ok(target(role.center.clone()));
        }
        if let Some(arn) = base.login_arn() {
            let (profile, arn) = (base.profile.clone(), Some(arn.to_owned()));
            return Ok(Target::AwsLogin(LoginTarget { profile, arn }));
        }
    }
    if let Some(center) = section()? {
        return Ok(target(center));
    }
    // A sign-in that is not used, a root user's for one, can be replaced.
    let arn = profile.setting(login::SETTING).map(|arn| arn.value.trim().to_owned());
    match planned {
        Err(_) if arn.is_some() || purpose == Purpose::Login && !names_a_source(&profile) => {
            Ok(Target::AwsLogin(LoginTarget { profile: name.to_owned(), arn }))
        }
        Err(error) => Err(error),
        Ok(plan) => {
            let kind = plan.base.kind.replace('_', " ");
            let text = format!("`{name}` needs no sign-in: its credentials come from another source ({kind})");
            Err(Error::new(Kind::Config, text)
                .hint(run!("keyfob console {}", name).to("open the AWS console"))
                .hint(run!("keyfob explain {}", name).to("see how its credentials are made")))
        }
    }
}

/// What to do about a name that neither a profile nor a section has.
fn unknown(profiles: &Profiles<'_>, name: &str, purpose: Purpose) -> Result<Target> {
    let sessions = profiles.sections(SectionKind::SsoSession);
    let near = nearest_of(sessions.iter().map(String::as_str), name).or_else(|| nearest(profiles, name));
    let error = || {
        Error::new(Kind::Config, format!("there is no profile or `sso-session` `{name}`")).marked(Mark::NoSuchProfile)
    };
    match (purpose, near) {
        (Purpose::Login, None) if name.contains("://") => Err(error().hint(
            run!("keyfob login --start-url {} --region REGION", name).to("if it is a start URL of your company"),
        )),
        (Purpose::Login, None) => Ok(Target::AwsLogin(LoginTarget { profile: name.to_owned(), arn: None })),
        (Purpose::Login, Some(near)) => Err(error()
            .hint(run!("keyfob login {}", near).to("did you mean"))
            .hint(run!("keyfob profile add {}", name).to("or add that profile first, and sign in then"))),
        (Purpose::Logout, Some(near)) => Err(error().hint(run!("keyfob logout {}", near).to("did you mean"))),
        (Purpose::Logout, None) => Err(error().hint(run!("keyfob list").to("show all profiles"))),
    }
}

/// Everything that can be signed in to, each start URL, region and set of scopes once, and each user or role. What is wrong in
/// the files is left out.
pub fn all(context: &Context<'_>, profiles: &Profiles<'_>) -> Vec<Target> {
    let files = crate::config_file::file_names(context.paths);
    let mut found: Vec<CenterTarget> = Vec::new();
    let mut add = |name: &str, center: IdentityCenter| {
        let is_new = found.iter().all(|known| SignInName::new(&known.center) != SignInName::new(&center));
        if is_new {
            found.push(CenterTarget { name: name.to_owned(), center });
        }
    };
    for name in profiles.sections(SectionKind::SsoSession) {
        if let Ok(Some(center)) = identity_center::of_session(profiles, context.env, &files, &name) {
            add(&name, center);
        }
    }
    for name in profiles.names() {
        let has_own = profiles.get(name).is_some_and(|profile| {
            profile.setting("sso_start_url").is_some() && profile.setting("sso_session").is_none()
        });
        if has_own && let Ok(Some(center)) = identity_center::of_profile(profiles, context.env, &files, name) {
            add(name, center);
        }
    }
    let mut signed_in: Vec<LoginTarget> = Vec::new();
    for name in profiles.names() {
        let Some(arn) =
            profiles.get(name).and_then(|profile| Some(profile.setting(login::SETTING)?.value.into_owned()))
        else {
            continue;
        };
        if signed_in.iter().all(|known| known.arn.as_ref() != Some(&arn)) {
            signed_in.push(LoginTarget { profile: name.to_owned(), arn: Some(arn) });
        }
    }
    found.into_iter().map(Target::Center).chain(signed_in.into_iter().map(Target::AwsLogin)).collect()
}

/// The one to sign in to where none is named: the only one that needs it, or the one a person chooses; none where no sign-in is
/// needed.
///
/// # Errors
/// Nothing to sign in to (exit 6), several and nobody to choose (2).
pub fn choose_due(context: &Context<'_>, profiles: &Profiles<'_>) -> Result<Option<Target>> {
    let all = all(context, profiles);
    if all.is_empty() {
        return Err(none_at_all());
    }
    let mut due: Vec<Target> = all.into_iter().filter(|target| is_due(context, target)).collect();
    match due.len() {
        0 => Ok(None),
        1 => Ok(due.pop()),
        _ => choose(context, "Sign in to:", due).map(Some),
    }
}

/// The one to sign out of where none is named.
///
/// # Errors
/// As [`choose_due`].
pub fn choose_signed_in(context: &Context<'_>, profiles: &Profiles<'_>) -> Result<Option<Target>> {
    let is_there = |target: &Target| match target {
        Target::Center(CenterTarget { center, .. }) => context.cache.sign_in_header(&SignInName::new(center)).is_some(),
        Target::AwsLogin(login) => login.file(context).is_some_and(|file| file.is_there()),
    };
    let mut there: Vec<Target> = all(context, profiles).into_iter().filter(is_there).collect();
    match there.len() {
        0 => Ok(None),
        1 => Ok(there.pop()),
        _ => choose(context, "Sign out of:", there).map(Some),
    }
}

fn is_due(context: &Context<'_>, target: &Target) -> bool {
    match target {
        Target::Center(CenterTarget { center, .. }) => {
            state(context.cache, context.env, center, context.clock.now()).due
        }
        Target::AwsLogin(login) => login.file(context).is_none_or(|file| !file.is_there()),
    }
}

impl LoginTarget {
    /// AWS's file with its tokens, whether or not it is there.
    pub fn file(&self, context: &Context<'_>) -> Option<TokenFile> {
        TokenFile::of(context.env, self.arn.as_deref()?)
    }
}

impl Target {
    /// What it is called, and what is signed in to.
    fn line(&self) -> String {
        match self {
            Target::Center(CenterTarget { name, center }) => format!("{name}  {}", center.start_url),
            Target::AwsLogin(LoginTarget { profile, arn }) => format!("{profile}  {}", arn.as_deref().unwrap_or("-")),
        }
    }

    fn name(&self) -> &str {
        match self {
            Target::Center(CenterTarget { name, .. }) | Target::AwsLogin(LoginTarget { profile: name, .. }) => name,
        }
    }
}

fn choose(context: &Context<'_>, question: &str, mut targets: Vec<Target>) -> Result<Target> {
    let lines: Vec<String> = targets.iter().map(Target::line).collect();
    let chosen = context.human.choose(question, &lines).map_err(|error| {
        let names = targets.iter().map(|target| format!("`{}`", target.name())).collect::<Vec<_>>().join(", ");
        error.into_error("a name").hint(format!("add one of these names to the command: {names}"))
    })?;
    Ok(targets.swap_remove(chosen))
}

fn none_at_all() -> Error {
    Error::new(Kind::Config, "no profile and no `sso-session` section needs a sign-in")
        .hint(run!("keyfob login --start-url URL").to("sign in with the start URL of your company"))
        .hint(run!("keyfob login PROFILE").to("or as you sign in to the AWS console, and add a profile for it"))
}
