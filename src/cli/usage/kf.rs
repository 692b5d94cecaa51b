//! What was typed behind `kf`, the function of the live shell, and is no profile or option of it.

use super::answer::Typed;
use super::options::OPTIONS;
use super::words::{COMMANDS, Other, PROGRAMS};
use super::{answers, problem};
use crate::cli::command;
use crate::hint::{Hint, Word, run};
use crate::sys::env::Environment;

/// Whether it is the name of a command, of keyfob or of another tool.
pub(in crate::cli) fn is_command(word: &str) -> bool {
    let is_other = |row: &Other| row.on.contains(&"") && row.words.contains(&word);
    command().find_subcommand(word).is_some() || PROGRAMS.contains(&word) || COMMANDS.iter().any(is_other)
}

/// What options that `kf` does not take were meant for: those of `awsume` and `assume`, or misspelt ones of its own.
pub(in crate::cli) fn meant_by_options(words: &[String], env: &Environment) -> Vec<Hint> {
    let typed = Typed::new(words);
    let of =
        |tool: &str| OPTIONS.iter().find(|row| row.on.contains(&tool) && typed.has(row)).map(|row| row.answer(words));
    // Both have a `-s`, and Granted alone a console.
    let is_console = words.iter().any(|word| word == "-c" || word == "--console");
    let tools = if is_console { ["assume", "awsume"] } else { ["awsume", "assume"] };
    if let Some(hint) = tools.into_iter().find_map(of) {
        return for_kf(vec![hint]);
    }
    let line: Vec<String> = ["keyfob", "env"].into_iter().map(str::to_owned).chain(words.iter().cloned()).collect();
    if problem(&line).is_none() { Vec::new() } else { for_kf(answers(line, env)) }
}

/// The same for a shell that has `kf`: it switches and restores.
pub(in crate::cli) fn for_kf(meant: Vec<Hint>) -> Vec<Hint> {
    let own = |hint: Hint| {
        let Hint::Run { words, why } = hint else { return hint };
        let line: Vec<&str> = words.iter().map(Word::as_str).collect();
        let kf = |from: usize| [&[Word::Plain("kf".into())], &words[from..]].concat();
        let words = match line.as_slice() {
            ["keyfob", "env", "--unset"] => return run!("kf off").to("restore what was there before"),
            ["keyfob", "env", ..] if why.is_none() && !line.contains(&"--shell") => kf(2),
            ["eval", ..] => kf(1),
            _ => words,
        };
        Hint::Run { words, why }
    };
    meant.into_iter().map(own).collect()
}
