//! The command tree against what the rest of the program says of it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Parser;

use super::{Cli, command};

/// The lines before the examples of a command's help.
const EXAMPLES: [&str; 3] = ["Example:", "Examples:", "Start with:"];

/// Every file of the source, with its text.
pub(super) fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("listed") {
            let path = entry.expect("read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.push((path, text));
            }
        }
    }
    found
}

/// What follows `` `keyfob `` in `text`: the first word, where it is a command's.
fn commands_named(text: &str) -> impl Iterator<Item = &str> {
    text.split("`keyfob ").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '-').unwrap_or(rest.len());
        Some(&rest[..end]).filter(|word| !word.is_empty() && !word.starts_with('-'))
    })
}

#[test]
fn every_command_that_a_message_tells_the_user_to_run_exists() {
    let tree = command();
    let known: BTreeSet<&str> = tree.get_subcommands().map(clap::Command::get_name).collect();
    let mut wrong = BTreeSet::new();
    for (file, text) in sources().iter().filter(|(file, _)| !file.ends_with("cli/tests.rs")) {
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//")) {
            wrong.extend(
                commands_named(line)
                    .filter(|word| !known.contains(word))
                    .map(|word| format!("{}:{number}: `keyfob {word}`", file.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_sdks_run_is_read_as_the_command_tree_reads_it() {
    let cases: [&[&str]; 11] = [
        &["credential-process", "work"],
        &["credential-process", "a b/ü"],
        &["credential-process", "credential-process"],
        &["credential-process", ""],
        &["credential-process", "--help"],
        &["list", "work"],
        &["prompt"],
        &["prompt", "--shell", "zsh"],
        &["prompt", "--shell", "no-such"],
        &["prompt", "--help"],
        &["prompt", "work"],
    ];
    for case in cases {
        let arguments: Vec<OsString> = std::iter::once(&"keyfob").chain(case).map(OsString::from).collect();
        let read = Cli::without_tree(&arguments).map(|cli| format!("{cli:?}"));
        let parsed = Cli::try_parse_from(arguments).map(|cli| format!("{cli:?}")).ok();
        assert!(read.is_none() || read == parsed, "{case:?}: {read:?} {parsed:?}");
        let is_fast = |parsed: String| parsed.contains("CredentialProcess(") || parsed.contains("Prompt(");
        assert_eq!(read.is_some(), parsed.is_some_and(is_fast), "{case:?}");
    }
}

/// The command and all below it, each with its whole name.
fn every_command(command: &clap::Command, see: &mut impl FnMut(&clap::Command)) {
    see(command);
    command.get_subcommands().for_each(|sub| every_command(sub, see));
}

/// A screen is 80 columns of 40 lines, beside the list of the commands below, and `-h` shows what `--help` does; the manual page has what needs more room.
#[test]
fn every_help_fits_a_screen_and_has_an_example() {
    let mut tree = command().term_width(80);
    tree.build();
    let mut wrong = Vec::new();
    every_command(&tree, &mut |command| {
        let name = command.get_bin_name().unwrap_or("keyfob");
        let help = command.clone().render_help().to_string();
        let lines = help.lines().count() - command.get_subcommands().count();
        if lines > 40 {
            wrong.push(format!("`{name} --help` has {lines} lines"));
        }
        wrong.extend(help.lines().filter(|line| line.chars().count() > 80).map(|line| format!("`{name}`: {line}")));
        let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let notes = notes.lines().take_while(|line| !EXAMPLES.contains(line)).collect::<Vec<_>>().join("\n");
        // A line that ends in the middle of a paragraph ends there on a wider screen, or a narrower one, too.
        wrong.extend(
            notes.trim().split("\n\n").filter(|part| part.contains('\n')).map(|part| format!("`{name}`: {part}")),
        );
        // An example that is broken cannot be copied.
        let raw = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        wrong.extend(
            raw.lines()
                .skip_while(|line| !EXAMPLES.contains(line))
                .filter(|line| line.chars().count() > 80)
                .map(|line| format!("`{name}`: {line}")),
        );
        let examples: Vec<&str> = help.lines().skip_while(|line| !EXAMPLES.contains(line)).collect();
        let itself = if command.has_subcommands() { "keyfob " } else { name };
        if !examples.iter().any(|line| line.contains(itself)) {
            wrong.push(format!("`{name} --help` has no example of itself, but {examples:?}"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands without `--json`: what they print is for a shell, an SDK or a person who edits.
const WITHOUT_JSON: [&str; 25] = [
    "add", "agent", "completions", "console", "credential-process", "env", "exec", "export", "help", "hook", "link",
    "man", "mfa add", "mfa enroll", "mfa remove", "mfa resync", "profile", "prompt", "store serve", "unlink",
    "user accept", "user create", "user password", "user remove", "vault",
];

#[test]
fn every_command_that_reports_something_has_json() {
    fn without(tree: &clap::Command, path: &str, found: &mut Vec<String>) {
        let below: Vec<_> = tree.get_subcommands().collect();
        if below.is_empty() && !tree.get_arguments().any(|argument| argument.get_long() == Some("json")) {
            found.push(path.trim_start().to_owned());
        }
        for command in below {
            without(command, &format!("{path} {}", command.get_name()), found);
        }
    }
    let mut found = Vec::new();
    without(&command(), "", &mut found);
    let is_known =
        |path: &String| WITHOUT_JSON.iter().any(|known| path == known || path.starts_with(&format!("{known} ")));
    let unknown: Vec<&String> = found.iter().filter(|path| !is_known(path)).collect();
    assert!(unknown.is_empty(), "{unknown:?} have no `--json`");
}
