//! What `login` and `logout` can be about: the `sso-session` sections and the profiles with a start URL of their own.

use crate::chain::base::BaseSource;
use crate::chain::identity_center::{self, IdentityCenter, SignInState};
use crate::chain::{Plan, nearest, nearest_of};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::profile::{Profiles, SectionKind};
use crate::session_cache::sign_in::SignInName;
use crate::sign_in::state;

/// Something to sign in to.
#[derive(Debug, Clone)]
pub struct Target {
    /// What `keyfob login` takes for it: a section, else a profile.
    pub name: String,
    pub center: IdentityCenter,
}

/// What `name` is about: a profile, with the Identity Center at the end of its chain, else a section. `planned` is the profile's
/// plan.
///
/// # Errors
/// No such profile or section, one that needs no sign-in (exit 6), and what is wrong in the files.
pub fn target(
    context: &Context<'_>,
    profiles: &Profiles<'_>,
    name: &str,
    planned: impl FnOnce() -> Result<Plan>,
) -> Result<Target> {
    let files = crate::config_file::file_names(context.paths);
    let target = |center| Target { name: name.to_owned(), center };
    if profiles.get(name).is_some() {
        // A section of the same name is what is meant if the profile has nothing to do with one.
        let own = identity_center::of_profile(profiles, context.env, &files, name)?;
        if let Some(own) = own {
            return Ok(target(own));
        }
        let planned = planned();
        if let Ok(Plan { base, .. }) = &planned
            && let BaseSource::IdentityCenter(role) = &base.source
        {
            return Ok(target(role.center.clone()));
        }
        if let Some(center) = identity_center::of_session(profiles, context.env, &files, name)? {
            return Ok(target(center));
        }
        let kind = planned?.base.kind.replace('_', " ");
        return Err(Error::new(
            Kind::Config,
            format!("`{name}` needs no sign-in: its credentials come from another source ({kind})"),
        )
        .hint(run!("keyfob explain {}", name).to("see how its credentials are made")));
    }
    if let Some(center) = identity_center::of_session(profiles, context.env, &files, name)? {
        return Ok(target(center));
    }
    let sessions = profiles.sections(SectionKind::SsoSession);
    let near = nearest_of(sessions.iter().map(String::as_str), name).or_else(|| nearest(profiles, name));
    let error = Error::new(Kind::Config, format!("there is no profile or `sso-session` `{name}`"));
    Err(match near {
        Some(near) => error.hint(run!("keyfob login {}", near).to("did you mean")),
        None => error.hint(
            run!("keyfob login {} --start-url URL --region REGION", name)
                .to("add it, with the start URL of your company"),
        ),
    })
}

/// Everything that can be signed in to, each start URL, region and set of scopes once. What is wrong in the files is left out.
pub fn all(context: &Context<'_>, profiles: &Profiles<'_>) -> Vec<Target> {
    let files = crate::config_file::file_names(context.paths);
    let mut found: Vec<Target> = Vec::new();
    let mut add = |name: &str, center: IdentityCenter| {
        let is_new = found.iter().all(|known| SignInName::new(&known.center) != SignInName::new(&center));
        if is_new {
            found.push(Target { name: name.to_owned(), center });
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
    found
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
    let mut due: Vec<Target> = all.into_iter().filter(|target| state_of(context, target).due).collect();
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
    let is_there = |target: &Target| context.cache.sign_in_header(&SignInName::new(&target.center)).is_some();
    let mut there: Vec<Target> = all(context, profiles).into_iter().filter(is_there).collect();
    match there.len() {
        0 => Ok(None),
        1 => Ok(there.pop()),
        _ => choose(context, "Sign out of:", there).map(Some),
    }
}

fn state_of(context: &Context<'_>, target: &Target) -> SignInState {
    state(context.cache, context.env, &target.center, context.clock.now())
}

fn choose(context: &Context<'_>, question: &str, mut targets: Vec<Target>) -> Result<Target> {
    let lines: Vec<String> =
        targets.iter().map(|target| format!("{}  {}", target.name, target.center.start_url)).collect();
    let chosen = context.human.choose(question, &lines).map_err(|error| {
        let names = targets.iter().map(|target| format!("`{}`", target.name)).collect::<Vec<_>>().join(", ");
        error.into_error("a name").hint(format!("add one of these names to the command: {names}"))
    })?;
    Ok(targets.swap_remove(chosen))
}

fn none_at_all() -> Error {
    Error::new(Kind::Config, "no profile and no `sso-session` section names an IAM Identity Center")
        .hint(run!("keyfob login --start-url URL --region REGION").to("sign in with the start URL of your company"))
}
