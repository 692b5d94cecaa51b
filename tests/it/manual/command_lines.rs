//! Every keyfob command line of the manual, held against the command tree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Command;

use super::page::pages;

#[test]
fn every_command_line_in_the_manual_names_commands_and_options_that_exist() {
    let mut tree = keyfob::cli::command();
    tree.build();
    let (mut wrong, mut named) = (BTreeSet::new(), BTreeSet::new());
    for (name, text) in texts() {
        for (number, line) in (1..).zip(text.lines()) {
            for words in command_lines(line) {
                match check(&tree, &words) {
                    Ok(command) => named.insert(command),
                    Err(problem) => wrong.insert(format!("{name}:{number}: {problem}: {words}")),
                };
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    let all: BTreeSet<String> = tree.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let forgotten: Vec<_> = all.difference(&named).collect();
    assert!(forgotten.is_empty(), "the manual says nothing of {forgotten:?}");
}

/// The manual and whatever else is written beside it, with its names.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = ["SECURITY.md", "CHANGELOG.md", "packaging/README.md", "benches/README.md"];
    let beside = beside.iter().filter_map(|name| Some(((*name).to_owned(), fs::read_to_string(root.join(name)).ok()?)));
    pages().into_iter().map(|page| (page.name, page.text)).chain(beside).collect()
}

/// What follows `keyfob` in a line, up to where the command ends.
fn command_lines(line: &str) -> Vec<String> {
    let starts = ["`keyfob ", "$ keyfob ", "> keyfob ", "$(keyfob ", "bin/keyfob ", "| keyfob ", "\"keyfob "];
    let ends = ['`', '"', '\'', ';', '|', '&', ')', '>', '#', '…'];
    let mut found = Vec::new();
    for start in starts {
        for rest in line.split(start).skip(1) {
            // In a table a bar within a cell is escaped, and separates alternatives.
            let rest = rest.replace(r"\|", "/");
            let end = rest.find(|letter| ends.contains(&letter)).unwrap_or(rest.len());
            found.push(rest[..end].trim().to_owned());
        }
    }
    found
}

/// The command that is named first, where all that is named is there.
fn check(tree: &Command, words: &str) -> Result<String, String> {
    let mut words = words.split_whitespace().peekable();
    let mut commands = vec![tree];
    let mut first = String::new();
    // What every command takes may come first; none of these that the manual uses so has a value.
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        if !has_option(tree, option) {
            return Err(format!("there is no option `{option}`"));
        }
    }
    while let Some(word) = words.next_if(|word| !word.starts_with('-')) {
        if commands.iter().all(|command| !command.has_subcommands()) {
            break;
        }
        let mut found = Vec::new();
        for name in word.split('/') {
            let command = commands.iter().find_map(|command| command.find_subcommand(name));
            found.push(command.ok_or_else(|| format!("there is no `{name}`"))?);
        }
        if first.is_empty() {
            found[0].get_name().clone_into(&mut first);
        }
        commands = found;
    }
    for word in words.take_while(|word| *word != "--") {
        let names: Vec<&str> = word.split('/').filter(|name| name.starts_with('-') && name.len() > 1).collect();
        for name in names {
            let name = name.split('=').next().unwrap_or(name);
            if !commands.iter().any(|command| has_option(command, name)) {
                return Err(format!("`{}` has no option `{name}`", commands[0].get_name()));
            }
        }
    }
    Ok(first)
}

fn has_option(command: &Command, name: &str) -> bool {
    command.get_arguments().any(|argument| match name.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument.get_short() == name.chars().nth(1),
    })
}

/// All of the program, with texts that run over lines in one piece.
pub fn source() -> String {
    fn read(folder: &Path, text: &mut String) {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                read(&path, text);
            } else {
                *text += &fs::read_to_string(&path).unwrap_or_default();
            }
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    // `\` at the end of a line joins it with the next one's first letter.
    let mut joined = String::new();
    for line in text.split("\\\n") {
        joined += if joined.is_empty() { line } else { line.trim_start() };
    }
    joined.replace(r#"\""#, "\"")
}
