//! The manual pages, made from the command tree and a few tables; pure.
//!
//! What `--help` says of a command, its page says too: the text after the options is the description, up to a line
//! `Example:`, and the examples from there on.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

/// One manual page.
pub struct Page {
    /// `keyfob-profile-add.1`.
    pub file_name: String,
    /// The page, as roff.
    pub text: String,
}

/// The day of this version, as CHANGELOG.md has it: a page without one is read wrongly.
const DATE: &str = "2026-11-22";

/// The lines before the examples of a command's help.
pub const EXAMPLES: [&str; 3] = ["Example:", "Examples:", "Start with:"];

const FILES: [(&str, &str); 5] = [
    ("~/.aws/config, ~/.aws/credentials", "AWS's files; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others"),
    ("~/.config/keyfob/config.toml", "keyfob's own settings; KEYFOB_CONFIG names another file"),
    (
        "~/.local/share/keyfob/",
        "the index of stored keys, rotations that are not finished, and where it is the key store the encrypted vault.age; \
         KEYFOB_DATA_DIR names another folder",
    ),
    ("~/.cache/keyfob/", "sealed sessions and their locks; KEYFOB_CACHE_DIR names another folder"),
    ("~/Library/, %LOCALAPPDATA%", "where macOS and Windows have the last three"),
];

const EXIT_STATUS: [(&str, &str); 9] = [
    ("0", "done"),
    ("1", "failed; for doctor and keys: something was found"),
    ("2", "a command line that cannot be"),
    ("3", "a code, a passphrase or an answer is needed, and nobody can be asked"),
    ("4", "refused by AWS"),
    ("5", "the key store is missing, locked, denied or hanging"),
    ("6", "a profile, an AWS file or a setting is wrong; the message names file and line"),
    ("70", "a defect of keyfob's own"),
    ("others", "those of the command that exec runs; 126 and 127 where it cannot be run"),
];

const ENVIRONMENT: [(&str, &str); 8] = [
    ("AWS_PROFILE, KEYFOB_PROFILE", "the profile, where PROFILE is left out"),
    ("KEYFOB_BACKEND", "the key store, as --backend"),
    ("KEYFOB_IDENTITY_FILE", "a file that opens the vault without a passphrase"),
    ("KEYFOB_PASSPHRASE_FILE, KEYFOB_PASSPHRASE_COMMAND", "where the vault's passphrase comes from"),
    ("KEYFOB_MFA_CODE, KEYFOB_MFA_PROCESS", "an MFA code; a command that prints one"),
    ("KEYFOB_PROMPT, KEYFOB_PINENTRY", "how questions are asked: terminal, pinentry, never; and the pinentry program"),
    ("KEYFOB_CONFIG, KEYFOB_DATA_DIR, KEYFOB_CACHE_DIR", "other places for keyfob's files"),
    ("NO_COLOR", "no colours"),
];

/// The pages of a command tree, one a command.
pub fn pages(mut tree: Command) -> Vec<Page> {
    tree.build();
    let source = format!("keyfob {}", tree.get_version().unwrap_or_default());
    let mut pages = Vec::new();
    add(&mut tree, None, &source, &mut pages);
    pages
}

fn add(command: &mut Command, parent: Option<&str>, source: &str, pages: &mut Vec<Page>) {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned();
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let man = Man::new(command.clone().override_usage(usage));
    let man = man.title(name.to_uppercase()).date(DATE).source(source).manual("keyfob manual");
    let text = text(&man, command, parent).expect("memory takes what is written");
    pages.push(Page { file_name: man.get_filename(), text });
    for sub in command.get_subcommands_mut() {
        add(sub, Some(&name), source, pages);
    }
}

fn text(man: &Man, command: &Command, parent: Option<&str>) -> std::io::Result<String> {
    let (notes, examples) = notes_and_examples(command);
    let mut bytes = Vec::new();
    man.render_title(&mut bytes)?;
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    filled(&mut roff, &format!("{name} - {}", command.get_about().map(ToString::to_string).unwrap_or_default()));
    roff.to_writer(&mut bytes)?;
    man.render_synopsis_section(&mut bytes)?;
    man.render_description_section(&mut bytes)?;
    for note in notes.split("\n\n").filter(|note| !note.is_empty()) {
        let mut roff = Roff::new();
        roff.control("PP", []);
        filled(&mut roff, note);
        roff.to_writer(&mut bytes)?;
    }
    man.render_options_section(&mut bytes)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut bytes)?;
    }
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]).control("nf", []);
    for line in examples.lines() {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []);
    if parent.is_none() {
        list(&mut roff, "EXIT STATUS", &EXIT_STATUS);
        list(&mut roff, "ENVIRONMENT", &ENVIRONMENT);
    }
    list(&mut roff, "FILES", &FILES);
    roff.control("SH", ["SEE ALSO"]);
    let root = parent.is_some().then(|| "keyfob".to_owned());
    let parent = parent.filter(|parent| *parent != "keyfob").map(str::to_owned);
    let near: Vec<String> = root.into_iter().chain(parent).collect();
    let near = if near.is_empty() { vec!["aws".to_owned()] } else { near };
    let mut line = Vec::new();
    for (number, name) in near.into_iter().enumerate() {
        line.extend([roman(if number == 0 { "" } else { ", " }), bold(name), roman("(1)")]);
    }
    roff.text(line);
    roff.to_writer(&mut bytes)?;
    // Each part has the definition of an apostrophe before it; one does.
    let text = String::from_utf8(bytes).expect("clap's texts and ours are UTF-8");
    let lines: Vec<&str> = text.lines().collect();
    let [first, second, ..] = lines.as_slice() else { return Ok(text) };
    let rest: Vec<&str> = lines.iter().filter(|line| *line != first && *line != second).copied().collect();
    Ok(format!("{first}\n{second}\n{}", tidied(&rest)))
}

/// clap_mangen's lines as `mandoc -T lint` wants them: no empty line between two breaks, and none too long where text is
/// filled anyway.
fn tidied(lines: &[&str]) -> String {
    let joined = lines.join("\n") + "\n";
    let (mut tidied, mut is_filled, mut is_term) = (String::new(), true, false);
    for line in joined.replace("\n.br\n\n.br\n", "\n.sp\n").lines() {
        if is_filled && !is_term && line.len() > 80 && !line.starts_with(['.', '\'', ' ']) {
            tidied += &broken(line);
        } else {
            tidied += line;
        }
        tidied.push('\n');
        match line {
            ".nf" => is_filled = false,
            ".fi" => is_filled = true,
            _ => {}
        }
        // The line after it is the term, whatever its length.
        is_term = line == ".TP";
    }
    tidied
}

/// A line as several; none of them begins as a command of roff's or with a blank.
fn broken(line: &str) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in line.split(' ') {
        if length > 0 {
            let is_full = length + word.len() > 78 && !word.is_empty() && !word.starts_with(['.', '\'']);
            lines.push(if is_full { '\n' } else { ' ' });
            length = if is_full { 0 } else { length + 1 };
        }
        lines.push_str(word);
        length += word.len();
    }
    lines
}

/// The text after a command's options, before and after the line that begins the examples.
fn notes_and_examples(command: &Command) -> (String, String) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines: Vec<&str> = help.lines().collect();
    let at = lines.iter().position(|line| EXAMPLES.contains(line)).unwrap_or(lines.len());
    (lines[..at].join("\n"), lines.get(at + 1..).unwrap_or_default().join("\n"))
}

fn list(roff: &mut Roff, title: &str, rows: &[(&str, &str)]) {
    roff.control("SH", [title]);
    for (term, meaning) in rows {
        roff.control("TP", []).text([italic(*term)]);
        filled(roff, meaning);
    }
}

/// A paragraph, in lines that are short in the page's source too.
fn filled(roff: &mut Roff, text: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + word.len() > 70 {
            roff.text([roman(std::mem::take(&mut line))]);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    roff.text([roman(line)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_have_the_day_and_version_of_the_change_log() {
        let heading = format!("## [{}] - {DATE}", env!("CARGO_PKG_VERSION"));
        assert!(include_str!("../../../CHANGELOG.md").lines().any(|line| line == heading), "no `{heading}`");
    }

    #[test]
    fn a_long_line_is_folded_where_no_word_becomes_a_request() {
        let long = format!("{} .x 'y {}", "a".repeat(79), "b".repeat(40));
        assert_eq!(broken(&long), format!("{} .x 'y\n{}", "a".repeat(79), "b".repeat(40)));
        for whole in [format!(".B {}", "a ".repeat(60)), "short".to_owned(), "a".repeat(90)] {
            assert_eq!(tidied(&[&whole]), format!("{whole}\n"));
        }
    }

    #[test]
    fn every_command_has_a_page_with_examples_and_files() {
        for Page { file_name, text } in pages(crate::cli::command()) {
            let examples = text.split(".SH EXAMPLES\n.nf\n").nth(1).expect("a section");
            let examples = examples.split(".fi").next().unwrap_or_default();
            assert!(examples.contains("keyfob "), "{file_name}: {examples}");
            assert!(text.contains(".SH FILES\n"), "{file_name}");
        }
    }
}
