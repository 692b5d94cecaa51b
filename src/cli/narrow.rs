//! What narrows the credentials of a command: its options, and what an outer keyfob was asked for.

use std::path::Path;

use crate::chain::layer::Layer;
use crate::chain::narrow::{inherited, of_policies};
use crate::cli::options::NarrowOptions;
use crate::error::{Error, Kind, Result};
use crate::sys::env::{Environment, vars};
use crate::sys::files;
use crate::sys::stdin::read_all;

impl NarrowOptions {
    /// What the options ask for; reads the file, or standard input.
    ///
    /// # Errors
    /// A policy that cannot be read, or is not one (exit 2).
    pub(super) fn layers(&self) -> Result<Vec<Layer>> {
        let NarrowOptions { read_only, policy, policy_arns } = self;
        let mut layers = Vec::new();
        if *read_only {
            layers.push(Layer::ReadOnly);
        }
        let wrong = |option: &str, problem: String| Error::new(Kind::Usage, format!("`{option}`: {problem}"));
        let text = match policy.as_deref() {
            Some(file) => {
                let text = match file {
                    "-" => read_all().map(|input| input.to_vec()),
                    file => files::read(Path::new(file)),
                };
                let name = if file == "-" { "standard input" } else { file };
                let text = text.map_err(|error| wrong("--policy", format!("cannot read {name}: {error}")))?;
                let text = String::from_utf8(text).map_err(|_| wrong("--policy", format!("{name} is not UTF-8")))?;
                of_policies(Some(&text), &[]).map_err(|problem| wrong("--policy", format!("{name}: {problem}")))?;
                Some(text)
            }
            None => None,
        };
        let policies = of_policies(text.as_deref(), policy_arns);
        layers.extend(policies.map_err(|problem| wrong("--policy-arn", problem))?);
        Ok(layers)
    }
}

/// What the outer keyfob, whose credentials this command was started with, was asked for.
///
/// # Errors
/// A variable that keyfob did not write (exit 6): without it, what was narrowed would not be any more.
pub(super) fn of_outer(process_env: &Environment) -> Result<Vec<Layer>> {
    let Some(variable) = process_env.get(vars::KEYFOB_NARROW) else { return Ok(Vec::new()) };
    inherited(variable).map_err(|problem| {
        Error::new(Kind::Config, format!("`{}` is not valid: {problem}", vars::KEYFOB_NARROW))
            .hint(format!("unset `{}`", vars::KEYFOB_NARROW))
    })
}
