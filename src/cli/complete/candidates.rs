//! What the values of the command tree's arguments may be, as far as the tree does not say.

use std::ffi::OsStr;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use super::Next;
use crate::chain::list::names;
use crate::cli::completions;
use crate::config_file::{self, AwsFiles};
use crate::format::environment::before;
use crate::format::shell::Shell;
use crate::index::Index;
use crate::keystore::REGISTRY;
use crate::profile::{SectionKind, known};
use crate::sys::env::Environment;
use crate::sys::paths::{Paths, with_home};

/// Stands for a file, or a folder, which each shell completes better by itself. No file is called so.
const FILES: &str = "\0files";
const FOLDERS: &str = "\0folders";

/// What the engine's answer stands for, where it stands for something.
pub fn marked(value: &OsStr) -> Option<Next> {
    let value = value.to_str()?;
    match (value.ends_with(FILES), value.ends_with(FOLDERS)) {
        (true, _) => Some(Next::Files),
        (_, true) => Some(Next::Folders),
        (false, false) => None,
    }
}

/// The tree, with values for the arguments that have some.
pub fn attach(tree: Command, env: &Environment) -> Command {
    attach_below(tree, "", env)
}

fn attach_below(command: Command, parent: &str, env: &Environment) -> Command {
    let name = command.get_name().to_owned();
    let wants_key = parent == "keyfob" && matches!(&*name, "remove" | "rotate");
    let makes_profile = (parent, &*name) == ("profile", "add");
    let command = command.mut_args(|argument| match makes_profile && argument.get_id() == "profile" {
        true => argument,
        false if matches!(&*name, "login" | "logout") && argument.get_id() == "profile" => {
            let env = env.clone();
            argument.add(ArgValueCandidates::new(move || {
                let own = profiles(&env, false).unwrap_or_default();
                words(sessions(&env).unwrap_or_default().into_iter().chain(own))
            }))
        }
        false => with_values(argument, wants_key, env),
    });
    command.mut_subcommands(|command| attach_below(command, &name, env))
}

fn with_values(argument: Arg, wants_key: bool, env: &Environment) -> Arg {
    let env = env.clone();
    match (argument.get_id().as_str(), argument.get_value_hint()) {
        ("profile" | "old" | "with" | "only", _) => {
            argument.add(ArgValueCandidates::new(move || words(profiles(&env, wants_key).unwrap_or_default())))
        }
        ("backend" | "to" | "store", _) => {
            argument.add(ArgValueCandidates::new(|| words(REGISTRY.iter().map(|store| store.id.name()))))
        }
        ("session", _) => argument.add(ArgValueCandidates::new(move || words(sessions(&env).unwrap_or_default()))),
        ("shell", _) if argument.is_positional() => {
            argument.add(ArgValueCandidates::new(|| words(completions::SCRIPTS.map(|(shell, _)| shell.name()))))
        }
        ("shell", _) => argument.add(ArgValueCandidates::new(|| words(Shell::ALL.map(Shell::name)))),
        ("name", _) if argument.is_positional() => argument.add(ArgValueCandidates::new(|| words(known::names()))),
        ("settings", _) => {
            argument.add(ArgValueCandidates::new(|| words(known::names().map(|name| format!("{name}=")))))
        }
        (_, ValueHint::DirPath) => argument.add(ArgValueCompleter::new(|_: &OsStr| words([FOLDERS]))),
        (_, ValueHint::AnyPath) => argument.add(ArgValueCompleter::new(|_: &OsStr| words([FILES]))),
        (_, _) => argument,
    }
}

fn words<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Vec<CompletionCandidate> {
    words.into_iter().map(|word| CompletionCandidate::new(word.into())).collect()
}

/// The names of all `sso-session` sections; none where there is no home folder or the file is broken.
fn sessions(env: &Environment) -> Option<Vec<String>> {
    let paths = Paths::new(&with_home(before(env))).ok()?;
    let files = config_file::load(&paths).ok()?;
    Some(files.profiles().sections(SectionKind::SsoSession))
}

/// The names of all profiles, or of those with a stored key; none where there is no home folder or a file is broken.
fn profiles(env: &Environment, wants_key: bool) -> Option<Vec<String>> {
    let paths = Paths::new(&with_home(before(env))).ok()?;
    let index = Index::load(&paths.data).unwrap_or_default();
    if wants_key {
        return Some(index.profiles().keys().cloned().collect());
    }
    let files = config_file::load(&paths).ok();
    let none = crate::profile::Profiles::new(None, None);
    let profiles = files.as_ref().map_or(none, AwsFiles::profiles);
    let stored = index.profiles().keys().map(String::as_str);
    Some(names(&profiles, stored).map(str::to_owned).collect())
}
