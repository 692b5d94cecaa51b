//! A command line that keyfob does not take: what is wrong with it, and the command that was meant.
//!
//! clap's own tips know neither other tools' words nor what an argument is for. A command is offered only if it parses.

mod answer;
pub(super) mod kf;
mod options;
#[cfg(test)]
mod tests;
mod words;

pub(super) use words::is_service;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::chain::nearest_of;
use crate::cli::command;
use crate::cli::complete::profiles;
use crate::error::{Error, Kind};
use crate::hint::{Hint, Word, run};
use crate::sys::env::{Environment, vars};

use answer::{Typed, is_valued};
use options::OPTIONS;
use words::{COMMANDS, NAMING, Other, PROGRAMS, STORES, SYNONYMS, is_misspelt, is_of_aws, is_region, place_of};

/// The error the user sees for a command line that clap refuses; `arguments` is the whole of it.
pub(super) fn error(refusal: &clap::Error, arguments: &[OsString], env: &Environment) -> Error {
    let text = refusal.render().to_string();
    let message = text.strip_prefix("error: ").unwrap_or(&text).split("\n\n").next().unwrap_or_default();
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let line = GivenLine::new(arguments);
    let meant = line.meant(refusal, env);
    let usage =
        meant.is_empty().then(|| command_at(&line.path).render_usage().to_string().replace("Usage:", "usage:").into());
    let shown = meant.into_iter().chain(usage).fold(Error::new(Kind::Usage, message), Error::hint);
    shown.hint(match line.path.as_slice() {
        [] => run!("keyfob --help").to("list every command"),
        path => {
            let words = ["keyfob"].into_iter().chain(path.iter().map(String::as_str)).chain(["--help"]);
            hint(words.flat_map(Word::given).collect()).to("show its options")
        }
    })
}

/// A command line that clap refuses.
struct GivenLine {
    /// The program first, by the name hints call it.
    words: Vec<String>,
    /// The commands it names: `profile`, `set`.
    path: Vec<String>,
}

impl GivenLine {
    fn new(arguments: &[OsString]) -> GivenLine {
        let given = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned());
        GivenLine::of(std::iter::once("keyfob".to_owned()).chain(given).collect())
    }

    fn of(words: Vec<String>) -> GivenLine {
        let (mut path, mut tree) = (Vec::new(), &command());
        let mut rest = words.iter().skip(1);
        while let Some(word) = rest.next() {
            match tree.find_subcommand(word) {
                Some(found) => {
                    path.push(word.clone());
                    tree = found;
                }
                // Its value may be called as a command is.
                None if word == "-p" || word.starts_with("--") && place_of(word).is_some() => drop(rest.next()),
                None if word.starts_with('-') => {}
                None => break,
            }
        }
        GivenLine { words, path }
    }

    /// What was meant, the likeliest first.
    fn meant(&self, refusal: &clap::Error, env: &Environment) -> Vec<Hint> {
        let kind = refusal.kind();
        // The first word that is too much.
        let at = (1..self.words.len()).find(|at| problem(&self.words[..=*at]) == Some(kind));
        match (kind, at) {
            (ErrorKind::InvalidSubcommand, Some(at)) => self.command_meant(at, env),
            (ErrorKind::UnknownArgument, Some(at)) if self.words[at].starts_with('-') && self.is_before_command(at) => {
                self.option_behind_command(at, env)
            }
            (ErrorKind::UnknownArgument, Some(at)) if self.words[at].starts_with('-') => self.option_meant(at, env),
            (ErrorKind::UnknownArgument, Some(at)) if self.path == ["exec"] => self.with_dashes(at, env),
            (ErrorKind::UnknownArgument, Some(at)) => self.as_option(at).into_iter().collect(),
            (ErrorKind::MissingRequiredArgument, _) => self.completed(refusal).into_iter().collect(),
            (ErrorKind::InvalidValue | ErrorKind::ValueValidation, _) => {
                self.value_meant(refusal).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The command that the word there stands for in another tool, or else is nearly the name of.
    fn command_meant(&self, at: usize, env: &Environment) -> Vec<Hint> {
        let (word, rest) = (&*self.words[at], &self.words[at + 1..]);
        let parent = self.path.last().map_or("", String::as_str);
        if word == "help" {
            let topic = ["keyfob", "help"].into_iter().map(str::to_owned).chain(self.path.iter().cloned());
            return taken(given(&topic.chain(rest.iter().cloned()).collect::<Vec<_>>())).into_iter().collect();
        }
        let whole = format!("{parent} {word}");
        let is_on = |row: &Other| row.on.contains(&word) || row.on.contains(&&*whole);
        let typed = Typed::new(rest);
        if let Some(row) = OPTIONS.iter().find(|row| is_on(row) && typed.has(row)) {
            return vec![row.answer(rest)];
        }
        if self.path.is_empty() && PROGRAMS.contains(&word) && !rest.is_empty() {
            return self.without_program(at, env);
        }
        if self.path.is_empty() && is_of_aws(word, rest) {
            return vec![self.of_aws(at, env)];
        }
        let others = COMMANDS.iter().filter(|row| row.on.contains(&parent) && row.words.contains(&word));
        // A shell's credentials are for no command.
        let runs_command = rest.iter().any(|word| word == "--");
        let others = others.filter(|row| !runs_command || !row.command.starts_with("eval"));
        let found: Vec<Hint> = others.map(|row| row.answer(rest)).collect();
        if !found.is_empty() {
            return found;
        }
        if self.path.is_empty() {
            let found = of_profile(word, &self.words[1..], env);
            if !found.is_empty() {
                return found;
            }
        }
        let tree = command_at(&self.path);
        let names = tree.get_subcommands().map(clap::Command::get_name);
        let near = nearest_of(names.filter(|name| is_misspelt(name, word)), word);
        near.map(|near| self.with(at, &near)).into_iter().collect()
    }

    /// The line without the name of the program that takes it.
    fn without_program(&self, at: usize, env: &Environment) -> Vec<Hint> {
        let own = [&self.words[..at], &self.words[at + 1..]].concat();
        let meant = answers(own, env);
        match (&*self.words[at], meant.is_empty()) {
            ("aws", true) => vec![GivenLine::of([&self.words[..at], &self.words[at + 1..]].concat()).of_aws(at, env)],
            _ => meant,
        }
    }

    /// The AWS CLI's command that begins at `at`, with the credentials of the profile that its option names.
    fn of_aws(&self, at: usize, env: &Environment) -> Hint {
        let mut words = self.words[at..].to_vec();
        let named = words.iter().position(|word| word == "--profile" || word.starts_with("--profile="));
        let profile = named.and_then(|named| {
            let word = words.remove(named);
            match word.split_once('=') {
                Some((_, profile)) => Some(profile.to_owned()),
                None => (named < words.len()).then(|| words.remove(named)),
            }
        });
        let plain = |word: &'static str| Word::Plain(word.into());
        let profile = match profile {
            Some(profile) => vec![Word::Value(profile)],
            None if env.get(vars::AWS_PROFILE).is_some() => Vec::new(),
            None => vec![Word::Fill("PROFILE".into())],
        };
        let words = words.into_iter().map(Word::Value);
        let line =
            ["keyfob", "exec"].map(plain).into_iter().chain(profile).chain(["--", "aws"].map(plain)).chain(words);
        hint(line.collect()).to("run the AWS CLI with the credentials")
    }

    fn is_before_command(&self, at: usize) -> bool {
        let command = self.path.first().and_then(|command| self.words.iter().position(|word| word == command));
        command.is_none_or(|command| at < command)
    }

    /// The line with the option there behind the command, as keyfob has it: other tools have theirs before it.
    fn option_behind_command(&self, at: usize, env: &Environment) -> Vec<Hint> {
        // Without a value, or with one.
        let behind = |end: usize| {
            let rest = GivenLine::of([&self.words[..at], self.words.get(end..)?].concat());
            let command = rest.path.last()?;
            let place = 1 + rest.words.iter().position(|word| word == command)?;
            Some([&rest.words[..place], &self.words[at..end], &rest.words[place..]].concat())
        };
        let is_pair = self.words.get(at + 1).is_some_and(|value| is_valued(&self.words[at], value));
        let ends = if is_pair { [at + 2, at + 1] } else { [at + 1, at + 2] };
        let Some(words) = ends.into_iter().find_map(behind) else {
            // The AWS CLI takes it at any place.
            let end = at + 1 + usize::from(is_pair);
            if self.words.len() > end {
                let words = [&self.words[..at], &self.words[end..], &self.words[at..end]].concat();
                let meant = answers(words, env);
                if !meant.is_empty() {
                    return meant;
                }
            }
            // Some tools need no command at all.
            let word = self.words[1..].iter().find(|word| !word.starts_with('-'));
            return word.map(|word| of_profile(word, &self.words[1..], env)).unwrap_or_default();
        };
        answers(words, env)
    }

    /// The option that the one there stands for.
    fn option_meant(&self, at: usize, env: &Environment) -> Vec<Hint> {
        let (option, value) = self.words[at].split_once('=').map_or((&*self.words[at], None), |(o, v)| (o, Some(v)));
        let value = || value.or_else(|| self.words.get(at + 1).map(String::as_str).filter(|v| !v.starts_with('-')));
        let end = at + 1 + usize::from(value().is_some() && !self.words[at].contains('='));
        let command = self.path.last().map_or("", String::as_str);
        let is_ours = option == "-r" && value().is_some_and(is_region);
        let is_about = |row: &&Other| row.is_about(option, value().unwrap_or_default());
        if let Some(row) = OPTIONS.iter().find(|row| row.on.contains(&command) && is_about(row) && !is_ours) {
            return vec![row.answer(&self.behind_path())];
        }
        // A profile is an argument of its own.
        let has_all = command_at(&self.path).get_arguments().any(|own| own.get_long() == Some("all"));
        let names_profile = place_of(option) == Some("PROFILE") && !(option == "-a" && has_all);
        if let Some(profile) = value().filter(|_| names_profile) {
            let with = [&self.words[..at], &[profile.to_owned()], &self.words[end..]].concat();
            let without = [&self.words[..at], &self.words[end..]].concat();
            if let Some(hint) = taken(given(&with)).or_else(|| taken(given(&without))) {
                return vec![hint];
            }
            // Another option is wrong too.
            if let Err(refusal) = crate::cli::command().try_get_matches_from(&with)
                && problem(&with[..=at]).is_none()
            {
                return GivenLine::of(with).meant(&refusal, env);
            }
        }
        let tree = command_at(&self.path);
        let options = || tree.get_arguments().filter_map(clap::Arg::get_long);
        let synonyms =
            SYNONYMS.iter().filter(|(_, others)| others.contains(&option)).map(|(ours, _)| (*ours).to_owned());
        let name = option.trim_start_matches('-');
        let near = nearest_of(options().filter(|ours| is_misspelt(ours, name)), name);
        let replaced = |ours: String| {
            let rest = self.words[at].strip_prefix(option).unwrap_or_default();
            let words = [&self.words[..at], &[format!("--{ours}{rest}")], &self.words[at + 1..]].concat();
            if let Some(hint) = taken(given(&words)) {
                return Some(vec![hint]);
            }
            // Another word is wrong too.
            let refusal = crate::cli::command().try_get_matches_from(&words).err()?;
            problem(&words[..=at]).is_none_or(|wrong| wrong != ErrorKind::UnknownArgument).then_some(())?;
            Some(GivenLine::of(words).meant(&refusal, env)).filter(|meant| !meant.is_empty())
        };
        synonyms.chain(near).find_map(replaced).unwrap_or_default()
    }

    /// The words behind the commands, and what was typed before them.
    fn behind_path(&self) -> Vec<String> {
        let mut words = self.words[1..].to_vec();
        for command in &self.path {
            words.iter().position(|word| word == command).map(|at| words.remove(at));
        }
        words
    }

    /// The line with `--` before the command that `exec` is to run, which begins at `at`.
    fn with_dashes(&self, at: usize, env: &Environment) -> Vec<Hint> {
        let parted = |at: usize| {
            let words = [&self.words[..at], &["--".to_owned()], &self.words[at..]].concat();
            taken(given(&words))
        };
        let exec = self.words.iter().position(|word| word == "exec").unwrap_or_default();
        let is_own = |at: &usize| !self.words[*at].starts_with('-') && problem(&self.words[..*at]).is_none();
        let profile = (exec + 1..at).find(is_own).filter(|_| env.get(vars::AWS_PROFILE).is_some());
        let first = parted(at).map(|hint| hint.to("put the command after `--`"));
        let second = profile.and_then(parted).map(|hint| hint.to("or, for the profile in `AWS_PROFILE`"));
        first.into_iter().chain(second).collect()
    }

    /// The line with the word there as a profile that an option names.
    fn as_option(&self, at: usize) -> Option<Hint> {
        let named = |option: &&str| [&self.words[..at], &[(*option).to_owned()], &self.words[at..]].concat();
        NAMING.iter().find_map(|option| taken(given(&named(option))))
    }

    /// The line with placeholders for what it lacks.
    fn completed(&self, refusal: &clap::Error) -> Option<Hint> {
        let Some(ContextValue::Strings(lacking)) = refusal.get(ContextKind::InvalidArg) else { return None };
        let fill = |name: &str| Word::Fill(name.trim_matches(['<', '>', '[', ']', '.']).to_owned().into());
        let lacking = lacking.iter().flat_map(|argument| match argument.split_once(' ') {
            Some((option, value)) => vec![Word::Plain(option.to_owned().into()), fill(value)],
            None => vec![fill(argument.split('|').next().unwrap_or(argument))],
        });
        taken(given(&self.words).into_iter().chain(lacking).collect())
    }

    /// The line with the value that clap finds nearest in the place of one it does not know.
    fn value_meant(&self, refusal: &clap::Error) -> Option<Hint> {
        let text = |kind| match refusal.get(kind) {
            Some(ContextValue::String(text)) => Some(text),
            _ => None,
        };
        let wrong = text(ContextKind::InvalidValue)?;
        let is_store = text(ContextKind::InvalidArg).is_some_and(|name| name.starts_with("--backend"));
        let store = STORES.iter().find(|(other, _)| is_store && other == wrong).map(|(_, ours)| (*ours).to_owned());
        let near = || text(ContextKind::SuggestedValue).filter(|right| is_misspelt(right, wrong)).cloned();
        let right = &store.or_else(near)?;
        let replace = |word: &String| match word.split_once('=') {
            _ if word == wrong => right.clone(),
            Some((option, value)) if value == wrong => format!("{option}={right}"),
            _ => word.clone(),
        };
        taken(given(&self.words.iter().map(replace).collect::<Vec<_>>()))
    }

    /// The line with `word` in the place of the one at `at`, and without the rest where that does not fit.
    fn with(&self, at: usize, word: &str) -> Hint {
        let short = [&self.words[..at], &[word.to_owned()]].concat();
        let long = [&short, &self.words[at + 1..]].concat();
        taken(given(&long)).unwrap_or_else(|| hint(given(&short)))
    }
}

/// The command that a line is, or was meant to be.
pub(super) fn answers(words: Vec<String>, env: &Environment) -> Vec<Hint> {
    match command().try_get_matches_from(&words) {
        Err(refusal) if refusal.use_stderr() => GivenLine::of(words).meant(&refusal, env),
        Ok(_) | Err(_) => vec![hint(given(&words))],
    }
}

/// What a profile's name without a command is for: the credentials in this shell, or with the option of `assume` the console.
fn of_profile(word: &str, typed: &[String], env: &Environment) -> Vec<Hint> {
    if profiles(env, false).is_none_or(|names| names.iter().all(|name| name != word)) {
        return Vec::new();
    }
    if typed.iter().any(|word| word == "-c" || word == "--console") {
        let is_of_granted = |row: &&Other| row.on.contains(&"assume") && Typed::new(typed).has(row);
        return OPTIONS.iter().find(is_of_granted).map(|row| row.answer(typed)).into_iter().collect();
    }
    let answers = COMMANDS.iter().filter(|row| row.words.contains(&"assume"));
    answers.map(|row| row.answer(&[word.to_owned()])).collect()
}

/// The command of the tree at this path.
fn command_at(path: &[String]) -> clap::Command {
    let mut tree = command();
    // Only a built command has the options of all commands.
    tree.build();
    path.iter().fold(tree, |tree, name| tree.find_subcommand(name).cloned().unwrap_or(tree))
}

/// A command line with the program first, as words of a command.
fn given(words: &[String]) -> Vec<Word> {
    match Hint::again(words, &[]) {
        Hint::Run { words, .. } => words,
        Hint::Say(_) | Hint::Paste { .. } => Vec::new(),
    }
}

fn hint(words: Vec<Word>) -> Hint {
    Hint::Run { words, why: None }
}

/// The command, where it is another program's or keyfob takes it.
fn taken(words: Vec<Word>) -> Option<Hint> {
    is_taken(words.iter().map(Word::as_str)).then(|| hint(words))
}

/// Whether it is another program's command, or keyfob takes it.
fn is_taken<'w>(words: impl Iterator<Item = &'w str>) -> bool {
    let line: Vec<String> = words.map(str::to_owned).collect();
    match line.first().map(String::as_str) {
        // It stands for keyfob's `env`.
        Some("eval") => is_taken(["keyfob", "env"].into_iter().chain(line[1..].iter().map(String::as_str))),
        Some("keyfob") if line.len() > 1 => {
            matches!(problem(&line), None | Some(ErrorKind::DisplayHelp | ErrorKind::DisplayVersion))
        }
        Some(_) | None => true,
    }
}

/// The word, or what may stand for a placeholder where not every word may.
fn sample(word: &Word) -> &str {
    match word {
        Word::Fill(name) => match &**name {
            "REGION" => "us-east-1",
            "ROLE" => "111122223333:role",
            "TIME" => "1h",
            "SHELL" => "bash",
            name => name,
        },
        Word::Plain(_) | Word::Value(_) => word.as_str(),
    }
}

/// What clap finds wrong with a line.
fn problem(words: &[String]) -> Option<ErrorKind> {
    command().try_get_matches_from(words).err().map(|error| error.kind())
}
