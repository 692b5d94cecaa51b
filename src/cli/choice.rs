//! The profile of a command that names none.

use std::io::IsTerminal;

use crate::chain::list::names;
use crate::chain::{PlanError, StoredKeys, nearest};
use crate::cli::options::ProfileArg;
use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::error::{Error, Kind, Mark, Result};
use crate::hint::run;
use crate::human::Human;
use crate::ops::whoami::of_plan;
use crate::view::table::Table;

impl ProfileArg {
    /// The profile that is meant; where nothing says it, a person chooses, and with nobody there it is `default`.
    ///
    /// # Errors
    /// Whoever leaves the list without a choice (exit 1).
    pub fn resolve(&self, world: &World<'_>) -> Result<String> {
        match self.named(&world.process_env) {
            Some(named) => self.checked(world, named),
            // The agent's profiles are not known here.
            None if world.settings.agent.is_some() => Ok(DEFAULT.to_owned()),
            None => choose(world),
        }
    }

    /// As [`ProfileArg::resolve`], for what an SDK runs: it has a terminal too, and nobody expects a list there. What it
    /// runs writes to a pipe.
    ///
    /// # Errors
    /// As [`ProfileArg::resolve`].
    pub fn resolve_for_sdk(&self, world: &World<'_>) -> Result<String> {
        match self.named(&world.process_env) {
            Some(named) => self.checked(world, named),
            None if world.settings.agent.is_some() => Ok(DEFAULT.to_owned()),
            None if std::io::stdout().is_terminal() => choose(world),
            None => default(world),
        }
    }
}

impl ProfileArg {
    /// Refuses a profile that is not there, where it is a variable that names it.
    fn checked(&self, world: &World<'_>, name: String) -> Result<String> {
        let Some(variable) = self.variable(&world.process_env) else { return Ok(name) };
        if world.settings.agent.is_some() {
            return Ok(name);
        }
        let snapshot = world.snapshot();
        let (Ok(files), Ok(index)) = (snapshot.files(), snapshot.index()) else { return Ok(name) };
        let profiles = files.profiles();
        if profiles.get(&name).is_some() || index.key_of(&name).is_some() {
            return Ok(name);
        }
        let error = Error::from(PlanError::NoSuchProfile { nearest: nearest(&profiles, &name), name });
        Err(error.because(format!("the variable `{variable}` names it")))
    }
}

/// The profile where nothing names one.
pub(super) const DEFAULT: &str = "default";

/// The profile `default`, where nobody has named one.
///
/// # Errors
/// Where there is none: nobody has asked for it (exit 6).
fn default(world: &World<'_>) -> Result<String> {
    let snapshot = world.snapshot();
    let (Ok(files), Ok(index)) = (snapshot.files(), snapshot.index()) else { return Ok(DEFAULT.to_owned()) };
    let profiles = files.profiles();
    if profiles.get(DEFAULT).is_some() || index.key_of(DEFAULT).is_some() {
        return Ok(DEFAULT.to_owned());
    }
    let error = Error::new(Kind::Config, format!("no profile is named, and there is no profile `{DEFAULT}`"))
        .marked(Mark::NoSuchProfile);
    Err(match all(&snapshot)?.is_empty() {
        true => error
            .hint(run!("keyfob add PROFILE").to("there are no profiles yet; create one with an access key"))
            .hint(run!("keyfob login --start-url URL").to("or sign in to IAM Identity Center")),
        false => error
            .hint("name a profile in the command, or set `AWS_PROFILE`")
            .hint(run!("keyfob list").to("show all profiles")),
    })
}

fn choose(world: &World<'_>) -> Result<String> {
    if !world.person(false, None).is_there() {
        return default(world);
    }
    let snapshot = world.snapshot();
    let names = all(&snapshot)?;
    if names.iter().all(|name| name == DEFAULT) {
        return default(world);
    }
    let shown = names.clone();
    chosen(world, names, &shown)
}

/// Shows all profiles with their accounts and roles, whatever the variables say, and gives the one that was chosen.
///
/// # Errors
/// As [`ProfileArg::resolve`]; where nobody can choose (exit 3).
pub(super) fn choose_with_roles(world: &World<'_>) -> Result<String> {
    let snapshot = world.snapshot();
    let (names, profiles) = (all(&snapshot)?, snapshot.files()?.profiles());
    let rows = names.iter().map(|name| {
        let identity = snapshot.plan_in_passing(&profiles, name).ok().map(|plan| of_plan(&plan, None));
        let (account, role) = identity.map(|identity| (identity.account.clone(), identity.role())).unwrap_or_default();
        [name.clone(), account.unwrap_or_default(), role.unwrap_or_default()]
    });
    let table = Table::without_header(rows).to_string();
    let shown: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    chosen(world, names, &shown)
}

/// Every profile; those without credentials, such as a `default` that holds the region alone, last: the first is chosen by Enter.
fn all(snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    let (profiles, index) = (snapshot.files()?.profiles(), snapshot.index()?);
    let names = names(&profiles, index.profiles().keys().map(String::as_str)).map(str::to_owned);
    let (usable, others): (Vec<_>, Vec<_>) = names.partition(|name| snapshot.plan_in_passing(&profiles, name).is_ok());
    Ok([usable, others].concat())
}

fn chosen(world: &World<'_>, mut names: Vec<String>, shown: &[String]) -> Result<String> {
    let chosen = world.person(false, None).choose("Profile:", shown).map_err(|error| {
        let error = error.into_error("a profile").hint("name a profile in the command, or set `AWS_PROFILE`");
        error.hint(run!("keyfob list").to("show all profiles"))
    })?;
    Ok(names.swap_remove(chosen))
}
