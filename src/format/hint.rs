//! Hints as text: the one place that puts values into a command line.

use serde::Serialize;

use crate::error::Error;
use crate::format::harmless::{one_indented_line, one_line};
use crate::format::quote;
use crate::format::shell::Shell;
use crate::hint::{Hint, Word};

impl Hint {
    /// The hint as it is shown: words, then the command in backticks as `shell` runs it.
    ///
    /// Which shell that is takes a look at other processes, so it is asked for only if there is a command.
    pub fn text(&self, shell: impl FnOnce() -> Shell) -> String {
        match self {
            Hint::Say(text) => one_line(text),
            Hint::Paste { why, lines } => {
                lines.iter().fold(one_line(why), |text, line| text + "\n" + &one_indented_line(line))
            }
            Hint::Run { words, why } => {
                // What has a line end in it is no name of anything, and would begin a line in keyfob's name.
                let command = one_line(&command(words, shell()));
                why.as_ref().map_or_else(|| format!("`{command}`"), |why| format!("{}: `{command}`", one_line(why)))
            }
        }
    }

    /// The command for another program, which fills in some of its words; none where there are words alone.
    pub fn argv(&self) -> Option<Argv> {
        let Hint::Run { words, .. } = self else { return None };
        let (words, is_fill) = (arguments(words), |word: &&Word| matches!(word, Word::Fill(_)));
        let text = |word: &Word| word.as_str().to_owned();
        let fill = words.iter().filter(is_fill).map(text).collect();
        Some(Argv { argv: words.iter().map(text).collect(), fill })
    }

    /// The command alone, as `shell` runs it; none where there are words alone.
    pub fn command(&self, shell: Shell) -> Option<String> {
        match self {
            Hint::Say(_) | Hint::Paste { .. } => None,
            Hint::Run { words, .. } => Some(command(words, shell)),
        }
    }
}

/// A command as JSON reports it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Argv {
    /// The program, then its arguments.
    argv: Vec<String>,
    /// Those that are the names of what the reader fills in.
    fill: Vec<String>,
}

impl Error {
    /// The whole error as it is shown on stderr: `keyfob: …`, causes, then `hint: …`, each line ended by `\n`.
    pub fn render(&self, shell: impl Fn() -> Shell) -> String {
        let mut text = format!("keyfob: {}\n", one_line(self.message()));
        text.push_str(&self.render_causes());
        for hint in self.hints() {
            text.push_str(&format!("hint: {}\n", hint.text(&shell)));
        }
        text
    }

    /// The lines between the message and the hints.
    pub(crate) fn render_causes(&self) -> String {
        self.causes().map(|cause| format!("  because: {}\n", one_line(&cause.to_string()))).collect()
    }
}

fn command(words: &[Word], shell: Shell) -> String {
    if let Some(command) = of_the_shell(words, shell) {
        return command;
    }
    let words = arguments(words);
    let words = words.iter().map(|word| match word {
        Word::Plain(word) | Word::Fill(word) => word.to_string(),
        Word::Value(value) => quoted(value, shell),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `unset NAME …`, `export NAME VALUE`, and `eval PROFILE [OPTIONS]` for its credentials, for which each shell has its own words.
fn of_the_shell(words: &[Word], shell: Shell) -> Option<String> {
    let (Word::Plain(builtin), arguments) = words.split_first()? else { return None };
    let names: Vec<&str> = arguments.iter().map(Word::as_str).collect();
    let each =
        |start: &str, end: &str| names.iter().map(|name| format!("{start}{name}{end}")).collect::<Vec<_>>().join("; ");
    match (&**builtin, names.as_slice()) {
        ("unset", _) => Some(match shell {
            Shell::Fish => format!("set -e {}", names.join(" ")),
            Shell::Nushell => format!("hide-env {}", names.join(" ")),
            Shell::Tcsh => format!("unsetenv {}", names.join(" ")),
            Shell::Elvish => each("unset-env ", ""),
            Shell::PowerShell => each("Remove-Item Env:", ""),
            Shell::Cmd => each("set ", "=").replace(';', " &"),
            _ => format!("unset {}", names.join(" ")),
        }),
        ("eval", [_, ..]) => {
            let words = self::arguments(arguments);
            let words = words.iter().map(|word| match word {
                Word::Plain(word) | Word::Fill(word) => word.to_string(),
                Word::Value(value) => quoted(value, shell),
            });
            Some(shell.how_to_load().replace("PROFILE", &words.collect::<Vec<_>>().join(" ")))
        }
        ("export", [name, value]) => {
            let value = quoted(value, shell);
            Some(match shell {
                Shell::Fish => format!("set -gx {name} {value}"),
                Shell::Nushell => format!("$env.{name} = {value}"),
                Shell::Tcsh => format!("setenv {name} {value}"),
                Shell::Elvish => format!("set-env {name} {value}"),
                Shell::PowerShell => format!("$env:{name} = {value}"),
                Shell::Cmd => format!("set {name}={value}"),
                _ => format!("export {name}={value}"),
            })
        }
        _ => None,
    }
}

/// The words in an order in which no value is taken for an option: one that begins with `-` is joined to its option by
/// `=`, or comes behind `--`.
///
/// `exec` has no such place, since what comes behind `--` there is another command's: it gets the profile in `AWS_PROFILE`.
pub fn arguments(words: &[Word]) -> Vec<Word> {
    let is_dashed = |word: &Word| matches!(word, Word::Value(value) if value.starts_with('-'));
    let is_option = |word: &Word| matches!(word, Word::Plain(option) if option.starts_with("--"));
    let dashes = Word::Plain("--".into());
    let own = words.iter().position(|word| *word == dashes).unwrap_or(words.len());
    let (own, others) = words.split_at(own);
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut rest = own.iter().peekable();
    while let Some(word) = rest.next() {
        let value = rest.next_if(|next| is_option(word) && !matches!(next, Word::Plain(_)));
        match (word, value) {
            (Word::Plain(option), Some(Word::Value(value))) if value.starts_with('-') => {
                first.push(Word::Value(format!("{option}={value}")));
            }
            (word, Some(value)) => first.extend([word.clone(), value.clone()]),
            (word, None) if is_option(word) || last.is_empty() && !is_dashed(word) => first.push(word.clone()),
            (word, None) => last.push(word.clone()),
        }
    }
    match last.first() {
        Some(Word::Value(profile)) if profile.starts_with('-') && !others.is_empty() => {
            let profile = [Word::Plain("env".into()), Word::Value(format!("AWS_PROFILE={profile}"))];
            profile.into_iter().chain(first).chain(others.to_owned()).collect()
        }
        _ if last.iter().any(is_dashed) => first.into_iter().chain([dashes]).chain(last).collect(),
        _ if own.iter().any(is_dashed) => [first, last, others.to_owned()].concat(),
        _ => words.to_owned(),
    }
}

/// A value as one word of a command: bare where every shell takes it so, else quoted for `shell`.
fn quoted(value: &str, shell: Shell) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@+".contains(c);
    // PowerShell parts `-a.b` in two.
    let starts = if shell == Shell::PowerShell { "_./" } else { "_./-" };
    if value.starts_with(|c: char| c.is_ascii_alphanumeric() || starts.contains(c)) && value.chars().all(is_plain) {
        return value.to_owned();
    }
    let mut out = String::new();
    match shell {
        Shell::Bash | Shell::Zsh | Shell::Sh | Shell::Dotenv | Shell::Json => quote::posix(value, &mut out),
        Shell::Fish => quote::fish(value, &mut out),
        Shell::Elvish => quote::elvish(value, &mut out),
        Shell::Tcsh => quote::tcsh(value, &mut out),
        Shell::Nushell => quote::nushell(value, &mut out),
        Shell::PowerShell => match quote::powershell(value, &mut out) {
            // An expression is one word in parentheses.
            Ok(()) if out.contains(" + [char]") => out = format!("({out})"),
            Ok(()) => {}
            Err(_) => "''".clone_into(&mut out),
        },
        // Two quotes are one to the program; cmd expands `%` in them too, for which it knows no quotes.
        Shell::Cmd => out = format!("\"{}\"", value.replace('"', "\"\"")),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint::run;

    #[test]
    fn a_command_follows_the_words_that_say_what_it_is_for() {
        let hint = run!("keyfob profile set {} region VALUE", "a b").to("set a region");
        assert_eq!(hint.shown(), "set a region: `keyfob profile set 'a b' region VALUE`");
        assert_eq!(run!("keyfob add {}", "work").shown(), "`keyfob add work`");
        assert_eq!(Hint::from("try again").shown(), "try again");
    }

    #[test]
    fn words_begin_no_line_but_lines_to_paste_do() {
        let forged = "x\nkeyfob: forged\r\nhint: forged";
        let flat = "x keyfob: forged hint: forged";
        assert_eq!(Hint::from(forged).shown(), flat);
        assert_eq!(run!("keyfob list").to(forged).shown(), format!("{flat}: `keyfob list`"));
        assert_eq!(run!("keyfob add {}", forged).shown().lines().count(), 1);
        let lines = vec!["[profile a]".to_owned(), "region = x\nkeyfob: forged".to_owned()];
        let paste = Hint::Paste { why: forged.to_owned(), lines };
        assert_eq!(paste.shown(), format!("{flat}\n[profile a]\nregion = x keyfob: forged"));
    }

    #[test]
    fn a_value_is_quoted_for_the_shell_it_is_shown_in() {
        let hint = run!("keyfob add {}", "it's $x");
        for (shell, expected) in [
            (Shell::Zsh, r"keyfob add 'it'\''s $x'"),
            (Shell::Fish, r"keyfob add 'it\'s $x'"),
            (Shell::PowerShell, "keyfob add 'it''s $x'"),
            (Shell::Elvish, "keyfob add 'it''s $x'"),
            (Shell::Nushell, "keyfob add \"it's $x\""),
            (Shell::Cmd, "keyfob add \"it's $x\""),
        ] {
            assert_eq!(hint.command(shell).as_deref(), Some(expected), "{shell}");
        }
        let umlaut = run!("keyfob add {}", "ü").command(Shell::PowerShell);
        assert_eq!(umlaut.as_deref(), Some("keyfob add ('' + [char]0x00fc)"));
    }

    #[test]
    fn a_value_that_begins_with_a_dash_is_no_option() {
        let shown = |hint: Hint| hint.command(Shell::Sh).expect("a command");
        assert_eq!(
            shown(run!("keyfob mfa remove {} --serial {} --device", "-p", "arn")),
            "keyfob mfa remove --serial arn --device -- -p"
        );
        assert_eq!(shown(run!("keyfob rotate {} --with {}", "p", "-q")), "keyfob rotate p '--with=-q'");
        assert_eq!(shown(run!("keyfob profile set {} region VALUE", "-p")), "keyfob profile set -- -p region VALUE");
        assert_eq!(shown(run!("keyfob exec {} -- true", "-p")), "env 'AWS_PROFILE=-p' keyfob exec -- true");
    }
}
