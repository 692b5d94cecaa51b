//! Options that several commands share.

use std::io::IsTerminal;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::chain::list::names;
use crate::cli::world::World;
use crate::error::Result;
use crate::human::Human;
use crate::secret::Secret;
use crate::settings::parse_duration;
use crate::sys::env::{Environment, vars};

/// `PROFILE`, where it may be left out.
#[derive(Debug, Clone, Args)]
pub struct ProfileArg {
    /// The profile; left out: AWS_PROFILE, else KEYFOB_PROFILE, else chosen on the terminal, else `default`
    #[arg(value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    pub profile: Option<String>,
}

impl ProfileArg {
    /// The profile that is meant; where nothing says it, a person chooses, and with nobody there it is `default`.
    ///
    /// # Errors
    /// Whoever leaves the list without a choice (exit 1).
    pub fn resolve(&self, world: &World<'_>) -> Result<String> {
        match self.named(&world.process_env) {
            Some(named) => Ok(named),
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
            Some(named) => Ok(named),
            None if std::io::stdout().is_terminal() => choose(world),
            None => Ok(DEFAULT.to_owned()),
        }
    }

    fn named(&self, env: &Environment) -> Option<String> {
        let set = |name| env.get(name).map(str::to_owned);
        self.profile.clone().or_else(|| set(vars::AWS_PROFILE)).or_else(|| set(vars::KEYFOB_PROFILE))
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
        error.into_error("a profile").hint("name one after the command, or set `AWS_PROFILE`; `keyfob list` shows them")
    })?;
    Ok(names.swap_remove(chosen))
}

/// What the commands that hand out credentials take.
#[derive(Debug, Clone, Default, Args)]
pub struct CredentialOptions {
    /// The MFA code, six digits
    #[arg(long, value_name = "CODE", value_parser = parse_secret)]
    pub mfa_code: Option<Secret>,
    /// How long they shall last: 15m, 12h, seconds
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub duration: Option<u32>,
    /// Hand out the access key itself, this once
    #[arg(long)]
    pub no_session: bool,
    /// Renew what would last less than this; where that cannot be, fail
    #[arg(long, value_name = "TIME", value_parser = parse_seconds)]
    pub min_ttl: Option<u32>,
}

pub fn parse_secret(text: &str) -> std::result::Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}

/// A duration in whole seconds.
pub fn parse_seconds(text: &str) -> std::result::Result<u32, String> {
    u32::try_from(parse_duration(text)?.as_secs()).map_err(|_| format!("`{text}` is too long"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_left_out_is_the_shells_then_keyfobs() {
        let table = [
            (Some("a"), &[("AWS_PROFILE", "b")][..], "a"),
            (None, &[("AWS_PROFILE", "b"), ("KEYFOB_PROFILE", "c")], "b"),
            (None, &[("AWS_PROFILE", ""), ("KEYFOB_PROFILE", "c")], "c"),
            (None, &[("AWS_DEFAULT_PROFILE", "d")], ""),
        ];
        for (given, env, expected) in table {
            let argument = ProfileArg { profile: given.map(str::to_owned) };
            assert_eq!(
                argument.named(&Environment::from_pairs(env.iter().copied())).unwrap_or_default(),
                expected,
                "{given:?} {env:?}"
            );
        }
    }
}
