//! What may come next on a command line that is being typed: the hidden command behind the scripts of `completions`.
//!
//! The words come from the command tree, by clap's own engine; names of profiles are read when they are asked for. It
//! answers nothing rather than an error: whoever presses Tab without a home folder or with a broken file still gets commands
//! and options.
//!
//! The scripts are ours, not those of `clap_complete::CompleteEnv` (4.6): with its scripts bash inserts `my profile`
//! unquoted and splits `team:prod`, zsh and fish find nothing after an open quote, zsh completes nothing at the first Tab of
//! a script in `$fpath`, and PowerShell evaluates the line being typed. None leaves what follows `exec … --` to the shell,
//! and clap promises nothing for scripts older than the program, which packages can have.

mod bash;
mod candidates;
mod quote;

use std::ffi::OsString;

use clap_complete::engine;

use crate::cli::command;
use crate::format::harmless::is_deceptive;
use crate::sys::env::Environment;

pub(super) use candidates::profiles;

/// The hidden command that [`answer`] is behind. It is not in the tree: nobody types it.
pub const COMMAND: &str = "complete-words";

/// The function that `hook` defines.
const KF: &str = "kf";

/// What may come next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Next {
    /// One of these.
    Values(Vec<Value>),
    /// A file.
    Files,
    /// A folder.
    Folders,
    /// Another program's command line, which starts at this word.
    Command(usize),
}

/// A word, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    word: String,
    about: String,
}

/// Writes a word as a shell's command line needs it; none where it does not go on from what is typed.
type Spell = Box<dyn Fn(&str) -> Option<String>>;

/// Answers a shell's script.
///
/// bash gives the line up to the cursor, and the piece of it that it will put the answer in the place of; PowerShell, which
/// loses an empty last word, says first how many there are; the others give the words, the one being typed last. The
/// answer's first line says what follows: `values`, each with a tab and what it is for, or nothing: the shell is to offer
/// `files`, `folders`, or what it does for a `command` from the word of this number on.
pub fn answer(arguments: &[String], env: &Environment) -> String {
    let (next, spell): (Next, Spell) = match arguments {
        [shell, line, piece] if shell == "bash" => {
            let line = bash::TypedLine::of(line);
            let next = next(line.words(), env);
            let piece = piece.clone();
            (next, Box::new(move |word| line.spell(word, &piece)))
        }
        [shell, count, words @ ..] if shell == "powershell" => {
            let mut words = words.to_vec();
            words.resize(count.parse().unwrap_or(words.len()), String::new());
            (next(&words, env), Box::new(|word| Some(quote::powershell(word))))
        }
        [shell, words @ ..] if shell == "nu" => {
            let words: Vec<String> = words.iter().map(|word| quote::without_nushells(word)).collect();
            (next(&words, env), Box::new(|word| Some(quote::nushell(word))))
        }
        [_, words @ ..] => (next(words, env), Box::new(|word| Some(word.to_owned()))),
        [] => return String::new(),
    };
    match next {
        Next::Files => "files\n".to_owned(),
        Next::Folders => "folders\n".to_owned(),
        Next::Command(at) => format!("command {at}\n"),
        Next::Values(values) => {
            let lines = values.iter().filter_map(|value| Some(format!("{}\t{}\n", spell(&value.word)?, value.about)));
            format!("values\n{}", lines.collect::<String>())
        }
    }
}

/// What may stand in the place of the last of `words`, the first of which is keyfob, or `kf`, the function of `hook`.
fn next(words: &[String], env: &Environment) -> Next {
    match words {
        [function, words @ ..] if function == KF => of_kf(words, env),
        words => of_keyfob(words, env),
    }
}

/// A profile and options, as those of any command that issues credentials; or one of `kf`'s own words.
fn of_kf(words: &[String], env: &Environment) -> Next {
    let as_keyfobs: Vec<String> =
        ["keyfob", "credential-process"].into_iter().map(str::to_owned).chain(words.iter().cloned()).collect();
    match (of_keyfob(&as_keyfobs, env), words) {
        (Next::Values(mut values), [current]) if "off".starts_with(&**current) => {
            values.push(Value { word: "off".to_owned(), about: "restore what was there before".to_owned() });
            Next::Values(values)
        }
        (next, _) => next,
    }
}

fn of_keyfob(words: &[String], env: &Environment) -> Next {
    let Some((current, before)) = words.split_last() else { return Next::Values(Vec::new()) };
    if let Some(end) = before.iter().position(|word| word == "--")
        && before[..end].iter().any(|word| word == "exec")
    {
        return Next::Command(end + 1);
    }
    let mut tree = candidates::attach(command(), env);
    let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
    let found = engine::complete(&mut tree, arguments, words.len() - 1, None).unwrap_or_default();
    let values = || found.iter().map(engine::CompletionCandidate::get_value);
    if let Some(what) = values().find_map(candidates::marked) {
        return what;
    }
    let values = found.iter().filter_map(|candidate| {
        let word = candidate.get_value().to_str()?.to_owned();
        let about = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        let about = about.lines().next().unwrap_or_default().replace('\t', " ");
        // Options only where one is begun: a list of profiles is not to end in twenty options.
        let is_asked = current.starts_with('-') || !word.starts_with('-');
        (is_asked && !word.chars().any(|c| c.is_control() || is_deceptive(c))).then_some(Value { word, about })
    });
    Next::Values(values.collect())
}

#[cfg(test)]
mod tests;
