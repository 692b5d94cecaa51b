//! What a line runs in the end: through `env NAME=VALUE …` and `sh -c '…'`. Pure.
//!
//! aws-vault documents `sh -c '… 2> $(tty)'` for its prompts, and people keep the form when they change to keyfob.

use super::is_program;
use crate::shlex;

const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "ash", "fish"];

/// Words of a shell that end a command, or lead its output elsewhere.
const OPERATORS: [&str; 7] = ["&&", "||", "|", "&", ";", "(", ")"];

/// With one of these set, keyfob reads other files than this one.
const ELSEWHERE: [&str; 6] =
    ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HOME", "KEYFOB_CONFIG", "KEYFOB_DATA_DIR", "KEYFOB_CACHE_DIR"];

/// How deep wrappers are looked through.
const DEEPEST: usize = 4;

/// The commands that run in the end, each as its words; one, but for a script of several.
pub(super) fn commands(words: &[String]) -> Vec<Vec<String>> {
    unwrapped(words, DEEPEST)
}

/// Every word of the line, those of scripts in the place of the scripts.
pub(super) fn all_words(words: &[String]) -> Vec<String> {
    words_of(words, DEEPEST)
}

fn words_of(words: &[String], depth: usize) -> Vec<String> {
    match script_of(words).filter(|_| depth > 0) {
        Some((at, script)) => {
            let inner =
                words_of(&script, depth - 1).into_iter().map(|word| word.trim_end_matches([';', ')']).to_owned());
            words[..at].iter().cloned().chain(inner).chain(words[at + 1..].iter().cloned()).collect()
        }
        None => words.to_vec(),
    }
}

fn unwrapped(words: &[String], depth: usize) -> Vec<Vec<String>> {
    if depth == 0 {
        return Vec::new();
    }
    match script_of(words) {
        Some((_, script)) => segments(&script).iter().flat_map(|segment| unwrapped(segment, depth - 1)).collect(),
        None => {
            let rest = behind_env(words).unwrap_or_default();
            match rest.len() < words.len() && !rest.is_empty() {
                true => unwrapped(rest, depth - 1),
                false => vec![rest.to_vec()],
            }
        }
    }
}

/// The script of `sh -c SCRIPT`, as words, and which word it is.
fn script_of(words: &[String]) -> Option<(usize, Vec<String>)> {
    let start = words.len() - behind_env(words)?.len();
    let shell = words.get(start)?;
    if !SHELLS.iter().any(|name| is_program(shell, name)) {
        return None;
    }
    let options = words[start + 1..].iter().take_while(|word| word.starts_with('-')).count();
    let is_command =
        words[start + 1..=start + options].iter().any(|word| !word.starts_with("--") && word.contains('c'));
    let at = start + 1 + options;
    // A shell is a POSIX one, on Windows too.
    is_command.then(|| Some((at, shlex::split(words.get(at)?).ok()?))).flatten()
}

/// The words behind `env`, `exec`, `command` and variables; none where they lead keyfob to other files.
fn behind_env(words: &[String]) -> Option<&[String]> {
    let mut rest = words;
    let mut is_env = false;
    while let [first, others @ ..] = rest {
        let variable = first.split_once('=').map(|(name, _)| name).filter(|name| is_variable(name));
        match variable {
            Some(name) if ELSEWHERE.contains(&name) => return None,
            Some(_) => rest = others,
            None if ["env", "exec", "command"].iter().any(|name| is_program(first, name)) => {
                (rest, is_env) = (others, is_program(first, "env"));
            }
            None if is_env && ["-u", "--unset", "-C", "--chdir"].contains(&first.as_str()) => rest = others.get(1..)?,
            None if is_env && first.starts_with('-') => rest = others,
            None => break,
        }
    }
    Some(rest)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The commands of a script, without what is led elsewhere.
fn segments(script: &[String]) -> Vec<Vec<String>> {
    let mut segments = vec![Vec::new()];
    let mut words = script.iter();
    while let Some(word) = words.next() {
        let is_redirection = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&').starts_with(['<', '>']);
        let content = word.trim_end_matches([';', ')']).trim_start_matches('(');
        let is_last = content.len() < word.len() && word.ends_with([';', ')']);
        let last = segments.last_mut().expect("there is always one");
        if OPERATORS.contains(&word.as_str()) {
            segments.push(Vec::new());
            continue;
        }
        if is_redirection {
            // `2> file` has its target in the next word.
            if word.ends_with(['<', '>']) {
                words.next();
            }
        } else if !content.is_empty() {
            last.push(content.to_owned());
        }
        if is_last {
            segments.push(Vec::new());
        }
    }
    segments.retain(|segment| !segment.is_empty());
    segments
}
