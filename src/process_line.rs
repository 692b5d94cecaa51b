//! `credential_process` lines: taken apart as botocore does, told from other programs' lines, written for every SDK.
//!
//! Pure; the files behind the paths are looked at in `sys::program`.

mod program;
mod split;
mod wrapper;

use std::path::Path;

pub use program::{ShortLived, program_to_write};
pub use split::split;

/// The subcommand a link runs.
const COMMAND: &str = "credential-process";

/// Options of keyfob's whose value is a word of its own; any other option is one word.
const OPTIONS_WITH_VALUE: [&str; 7] = ["--backend", "--duration", "-d", "--mfa-code", "-t", "--min-ttl", "--region"];

/// The profile a `credential_process` of keyfob's own names; none for another program's.
///
/// A program is keyfob where its file is named so, wherever it is. `env …` and `sh -c '…'` around it are looked through
/// (`wrapper`). A line that runs keyfob from another program is that program's; `KEYFOB_CHAIN` stops it from asking
/// for itself.
pub fn keyfob_profile_of(line: &str) -> Option<String> {
    wrapper::commands(&split(line).ok()?).into_iter().find_map(|command| match arguments_of(command)?.as_slice() {
        [command, profile] if command == COMMAND => Some(profile.clone()),
        _ => None,
    })
}

/// Whether a `credential_process` runs keyfob without naming a profile: it then takes one from the variables, else `default`.
pub fn names_no_profile(line: &str) -> bool {
    let commands = split(line).map(|words| wrapper::commands(&words)).unwrap_or_default();
    commands.into_iter().filter_map(arguments_of).any(|arguments| arguments == [COMMAND])
}

/// The subcommand of keyfob's that a `credential_process` runs, if it is one that prints no credentials for SDKs: `env` is for
/// shells, `exec` for commands.
pub fn other_command(line: &str) -> Option<String> {
    let commands = split(line).map(|words| wrapper::commands(&words)).unwrap_or_default();
    let mut first = commands.into_iter().filter_map(arguments_of).filter_map(|arguments| arguments.into_iter().next());
    first.next().filter(|command| command != COMMAND)
}

/// The options that a `credential_process` of keyfob's own passes, each as it is written and with its value.
pub fn options_of(line: &str) -> Vec<String> {
    let commands = split(line).map(|words| wrapper::commands(&words)).unwrap_or_default();
    let ours = commands.into_iter().find(|words| words.first().is_some_and(|word| is_program(word, "keyfob")));
    let (mut options, mut words) = (Vec::new(), ours.unwrap_or_default().into_iter().skip(1));
    while let Some(word) = words.next().filter(|word| word != "--") {
        if OPTIONS_WITH_VALUE.contains(&word.as_str()) {
            options.push(format!("{word} {}", words.next().unwrap_or_default()));
        } else if word.starts_with('-') {
            options.push(word);
        }
    }
    options
}

/// keyfob's arguments in a command line, without options; none for another program.
fn arguments_of(command: Vec<String>) -> Option<Vec<String>> {
    let mut words = command.into_iter();
    if !is_program(&words.next()?, "keyfob") {
        return None;
    }
    let mut arguments = Vec::new();
    let mut only_arguments = false;
    while let Some(word) = words.next() {
        if only_arguments || !word.starts_with('-') {
            arguments.push(word);
        } else if word == "--" {
            only_arguments = true;
        } else if OPTIONS_WITH_VALUE.contains(&word.as_str()) {
            words.next();
        }
    }
    Some(arguments)
}

/// Whether a word runs the program of this name, wherever it is.
fn is_program(word: &str, name: &str) -> bool {
    Path::new(word).file_stem().is_some_and(|stem| match cfg!(windows) {
        true => stem.eq_ignore_ascii_case(name),
        false => stem == name,
    })
}

/// The line with another profile in it, the program and its options as they are; none where it is not keyfob's, or
/// the name in it cannot be told from the rest.
pub fn with_profile(line: &str, profile: &str) -> Option<String> {
    // An empty name is found everywhere.
    let old = keyfob_profile_of(line).filter(|old| !old.is_empty())?;
    let words = split(line).ok()?;
    // A line as it is written here is written again: the quotes of a name are its own.
    let program = Path::new(words.first()?);
    if write(program, &old).is_ok_and(|written| written == line)
        && let Ok(new) = write(program, profile)
    {
        return Some(new);
    }
    let expected = wrapper::all_words(&words);
    // The profile is the last argument but for options, so it is looked for from the end.
    let mut end = line.len();
    while let Some(at) = line[..end].rfind(&old) {
        let new = format!("{}{profile}{}", &line[..at], &line[at + old.len()..]);
        let words = wrapper::all_words(&split(&new).ok()?);
        let changed: Vec<_> = words.iter().zip(&expected).filter(|(new, old)| new != old).collect();
        let is_it = words.len() == expected.len() && changed.len() == 1 && changed[0] == (&profile.to_owned(), &old);
        if is_it && keyfob_profile_of(&new).as_deref() == Some(profile) {
            return Some(new);
        }
        end = at;
    }
    None
}

/// Why a line cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// The program's path is relative; botocore and the shells look for it in different places.
    #[error("the path of keyfob, `{0}`, is not absolute")]
    Relative(String),
    /// The program's path is not UTF-8.
    #[error("the path of keyfob is not UTF-8")]
    NotUtf8,
    /// The path has a character that some SDK's shell reads otherwise.
    #[error("the path of keyfob, `{path}`, contains a `{character}`, which SDKs interpret in different ways")]
    Path { path: String, character: char },
    /// The profile's name has one.
    #[error("the profile name `{profile}` contains a `{character}`, which SDKs interpret in different ways")]
    Profile { profile: String, character: char },
    /// The profile's name is empty, looks like an option, or begins or ends with a blank.
    #[error("the profile name `{0}` cannot be used in a command line")]
    ProfileName(String),
}

/// The `credential_process` value that makes SDKs ask keyfob for `profile`.
///
/// It is absolute and quoted only where it must be, with the one kind of quotes that POSIX shells, `cmd.exe` and
/// botocore's own splitting read alike ("Process credential provider" in the AWS SDKs and Tools Reference Guide).
///
/// # Errors
/// A path or a name with a character that some of them expand.
pub fn write(program: &Path, profile: &str) -> Result<String, Unwritable> {
    write_for(cfg!(windows), program, profile)
}

fn write_for(windows: bool, program: &Path, profile: &str) -> Result<String, Unwritable> {
    let path = program.to_str().ok_or(Unwritable::NotUtf8)?;
    let is_absolute = match windows {
        true => path.starts_with(r"\\") || path.as_bytes().get(1..3).is_some_and(|root| root == br":\"),
        false => path.starts_with('/'),
    };
    if !is_absolute {
        return Err(Unwritable::Relative(path.to_owned()));
    }
    let in_path = |c: char| is_quotable(c) || matches!(c, '(' | ')' | '\'' | '~') || (windows && c == '\\');
    if let Some(character) = path.chars().find(|c| !in_path(*c)) {
        return Err(Unwritable::Path { path: path.to_owned(), character });
    }
    if profile.is_empty() || profile.starts_with('-') || profile.trim() != profile {
        return Err(Unwritable::ProfileName(profile.to_owned()));
    }
    let comment =
        profile.char_indices().find(|(at, c)| matches!(c, '#' | ';') && profile[..*at].ends_with(char::is_whitespace));
    let in_profile =
        |c: char| if windows { is_quotable(c) || "()[]*~'#;".contains(c) } else { is_literal_in_quotes(c) };
    if let Some(character) = profile.chars().find(|c| !in_profile(*c)).or(comment.map(|(_, c)| c)) {
        return Err(Unwritable::Profile { profile: profile.to_owned(), character });
    }
    let quoted_path = path.chars().any(|c| !(is_plain(c) || (windows && c == '\\')));
    let quoted = |text: &str| format!("\"{text}\"");
    let is_plain_profile = profile.chars().all(is_plain);
    // Go's SDK takes quotes off a value that begins and ends with them, so a letter at its end is bare, or the first `/`.
    let (program, profile) = match (quoted_path, is_plain_profile) {
        (true, true) => (quoted(path), profile.to_owned()),
        (false, true) => (path.to_owned(), profile.to_owned()),
        (false, false) => (path.to_owned(), quoted(profile)),
        (true, false) if profile.ends_with(is_plain) => {
            let (most, last) = profile.split_at(profile.len() - 1);
            (quoted(path), format!("{}{last}", quoted(most)))
        }
        (true, false) if windows => return Err(Unwritable::ProfileName(profile.to_owned())),
        (true, false) => (format!("/{}", quoted(&path[1..])), quoted(profile)),
    };
    Ok(format!("{program} {COMMAND} {profile}"))
}

/// What stands for itself everywhere, without quotes.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_./:=@+-".contains(c)
}

/// What stands for itself inside double quotes for POSIX shells and botocore.
fn is_literal_in_quotes(c: char) -> bool {
    !c.is_control() && !matches!(c, '"' | '$' | '`' | '\\')
}

/// What stands for itself everywhere inside double quotes.
///
/// Not `$`, backtick, backslash (POSIX shells), `%`, `!`, `^`, `&` (`cmd.exe`), `"`, `#` and `;` (comments in the file).
fn is_quotable(c: char) -> bool {
    is_plain(c) || c.is_alphanumeric() || matches!(c, ' ' | ',')
}

#[cfg(test)]
mod tests;
