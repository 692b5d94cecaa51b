//! What the values of the command tree's arguments may be, as far as the tree does not say.

use std::ffi::OsStr;

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use super::Next;
use crate::audit::CHECKS;
use crate::chain::list::names;
use crate::cli::completions;
use crate::config_file::{self, AwsFiles};
use crate::credentials::StoreId;
use crate::format::environment::before;
use crate::format::shell::Shell;
use crate::index::Index;
use crate::keystore::{PROGRAM, REGISTRY, configured};
use crate::profile::{SectionKind, known};
use crate::settings::Settings;
use crate::sys::env::Environment;
use crate::sys::files::read_optional;
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
    let makes_profile = matches!((parent, &*name), ("profile", "add") | ("user", "create" | "accept"));
    let command = command.mut_args(|argument| match makes_profile && argument.get_id() == "profile" {
        true => argument,
        false if matches!(&*name, "login" | "logout") && argument.get_id() == "profile" => {
            let env = env.clone();
            argument.add(ArgValueCandidates::new(move || {
                let own = profiles(&env, false).unwrap_or_default();
                words(sessions(&env).unwrap_or_default().into_iter().chain(own))
            }))
        }
        false if parent == "profile" && argument.get_id() == "name" => {
            argument.add(ArgValueCandidates::new(|| words(known::names())))
        }
        false => with_values(argument, wants_key, env),
    });
    command.mut_subcommands(|command| attach_below(command, &name, env))
}

fn with_values(argument: Arg, wants_key: bool, env: &Environment) -> Arg {
    let env = env.clone();
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| name.to_string());
    let id = argument.get_id().as_str().to_owned();
    match (value.as_deref().unwrap_or(&id), argument.get_value_hint()) {
        ("PROFILE" | "OLD" | "profile" | "old", _) => {
            argument.add(ArgValueCandidates::new(move || words(profiles(&env, wants_key).unwrap_or_default())))
        }
        ("STORE" | "store", _) => argument.add(ArgValueCandidates::new(move || {
            let programs = programs(&env).unwrap_or_default();
            words(REGISTRY.iter().map(|store| store.id).chain(programs).map(StoreId::name))
        })),
        ("CHECK", _) => argument.add(ArgValueCandidates::new(|| words(CHECKS.iter().map(|check| check.id)))),
        ("SESSION" | "session", _) => {
            argument.add(ArgValueCandidates::new(move || words(sessions(&env).unwrap_or_default())))
        }
        ("SHELL" | "shell", _) if argument.is_positional() => {
            argument.add(ArgValueCandidates::new(|| words(completions::SCRIPTS.map(|(shell, _)| shell.name()))))
        }
        ("SHELL" | "shell", _) => argument.add(ArgValueCandidates::new(|| words(Shell::ALL.map(Shell::name)))),
        (_, _) if id == "settings" => {
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

/// The programs that config.toml has tables for; none where it is broken.
fn programs(env: &Environment) -> Option<Vec<StoreId>> {
    let env = with_home(before(env));
    let path = Paths::new(&env).ok()?.settings;
    let text = read_optional(&path).ok()??;
    let settings = Settings::new(std::str::from_utf8(&text).ok(), &path, &env).ok()?;
    Some(configured(&settings).filter(|id| id.name().starts_with(PROGRAM)).collect())
}

/// The names of all `sso-session` sections; none where there is no home folder or the file is broken.
fn sessions(env: &Environment) -> Option<Vec<String>> {
    let paths = Paths::new(&with_home(before(env))).ok()?;
    let files = config_file::load(&paths).ok()?;
    Some(files.profiles().sections(SectionKind::SsoSession))
}

/// The names of all profiles, or of those with a stored key; none where there is no home folder or a file is broken.
pub fn profiles(env: &Environment, wants_key: bool) -> Option<Vec<String>> {
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
