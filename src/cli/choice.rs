//! The profile of a command that names none.

use std::io::IsTerminal;

use crate::chain::list::names;
use crate::chain::{PlanError, StoredKeys, nearest};
use crate::cli::options::ProfileArg;
use crate::cli::world::World;
use crate::error::{Error, Result};
use crate::hint::run;
use crate::human::Human;

impl ProfileArg {
    /// The profile that is meant; where nothing says it, a person chooses, and with nobody there it is `default`.
    ///
    /// # Errors
    /// Whoever leaves the list without a choice (exit 1).
    pub fn resolve(&self, world: &World<'_>) -> Result<String> {
        match self.named(&world.process_env) {
            Some(named) => self.checked(world, named),
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
            None if std::io::stdout().is_terminal() => choose(world),
            None => Ok(DEFAULT.to_owned()),
        }
    }
}

impl ProfileArg {
    /// Refuses a profile that is not there, where it is a variable that names it.
    fn checked(&self, world: &World<'_>, name: String) -> Result<String> {
        let Some(variable) = self.variable(&world.process_env) else { return Ok(name) };
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

const DEFAULT: &str = "default";

fn choose(world: &World<'_>) -> Result<String> {
    let snapshot = world.snapshot();
    let person = world.person(false, None);
    if !person.is_there() {
        return Ok(DEFAULT.to_owned());
    }
    let (profiles, index) = (snapshot.files()?.profiles(), snapshot.index()?);
    let mut names: Vec<String> =
        names(&profiles, index.profiles().keys().map(String::as_str)).map(str::to_owned).collect();
    if names.iter().all(|name| name == DEFAULT) {
        return Ok(DEFAULT.to_owned());
    }
    let chosen = person.choose("Profile:", &names).map_err(|error| {
        let error = error.into_error("a profile").hint("add a profile name to the command, or set `AWS_PROFILE`");
        error.hint(run!("keyfob list").to("show all profiles"))
    })?;
    Ok(names.swap_remove(chosen))
}
