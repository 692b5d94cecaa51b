//! Lines that make a shell set and unset variables, and which shell that is.

use std::fmt;
use std::str::FromStr;

use serde::Serializer;
use zeroize::Zeroizing;

use crate::format::{VariableChange, quote};
use crate::secret::Secret;

/// What reads the changes: a shell, or something like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    /// Any POSIX shell: dash, ash, ksh, mksh.
    Sh,
    Fish,
    /// Windows PowerShell and PowerShell 7.
    PowerShell,
    Cmd,
    Elvish,
    Nushell,
    Tcsh,
    /// A dotenv file. It has no way to say that a variable goes: those are left out.
    Dotenv,
    /// One JSON object; `null` says that a variable goes.
    Json,
}

/// A value that cannot be handed to a shell. The value is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot set `{name}` in {shell}: {problem}")]
pub struct Unrepresentable {
    shell: Shell,
    name: String,
    problem: &'static str,
}

impl Shell {
    /// Every shell, in the order `--shell` lists them.
    pub const ALL: [Shell; 11] = [
        Shell::Bash,
        Shell::Zsh,
        Shell::Sh,
        Shell::Fish,
        Shell::PowerShell,
        Shell::Cmd,
        Shell::Elvish,
        Shell::Nushell,
        Shell::Tcsh,
        Shell::Dotenv,
        Shell::Json,
    ];

    /// The one of `own` that this is a name of.
    ///
    /// # Errors
    /// Where it is none; names those that there are.
    pub fn one_of(own: &[Shell], text: &str) -> Result<Self, String> {
        text.parse().ok().filter(|shell| own.contains(shell)).ok_or_else(|| not_one_of(own, text))
    }

    /// The name in `--shell`.
    pub const fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Sh => "sh",
            Shell::Fish => "fish",
            Shell::PowerShell => "powershell",
            Shell::Cmd => "cmd",
            Shell::Elvish => "elvish",
            Shell::Nushell => "nu",
            Shell::Tcsh => "tcsh",
            Shell::Dotenv => "dotenv",
            Shell::Json => "json",
        }
    }

    /// What a user types to load the lines: tried word for word in the real shells.
    ///
    /// A failing keyfob prints no lines, and then none of these changes anything.
    pub const fn how_to_load(self) -> &'static str {
        match self {
            Shell::Bash | Shell::Zsh | Shell::Sh => r#"eval "$(keyfob env PROFILE)""#,
            Shell::Fish => "keyfob env PROFILE | source",
            Shell::PowerShell => "keyfob env PROFILE --shell powershell | Out-String | Invoke-Expression",
            Shell::Cmd => r#"for /f "delims=" %i in ('keyfob env PROFILE --shell cmd') do @%i"#,
            Shell::Elvish => "eval (keyfob env PROFILE --shell elvish | slurp)",
            // Nushell evaluates no text at run time; a variable that is `null` is not handed to programs.
            Shell::Nushell => "keyfob env PROFILE --shell nu | from json | load-env",
            // Without the double quotes tcsh would part the values at blanks and expand `*` in them.
            Shell::Tcsh => r#"eval "`keyfob env PROFILE --shell tcsh`""#,
            Shell::Dotenv => "docker run --env-file <(keyfob env PROFILE --shell dotenv) IMAGE",
            Shell::Json => "keyfob env PROFILE --shell json",
        }
    }

    /// Renders `changes` as lines for this shell, each ended by a line end, in their order.
    ///
    /// A name is letters, digits and underscores: it goes into the lines unquoted.
    ///
    /// # Errors
    /// A value the shell cannot carry, or a name that is none.
    pub fn render(self, changes: &[VariableChange]) -> Result<Secret, Unrepresentable> {
        // Security: a buffer that grew would leave its old halves in memory, so it gets its size first.
        let mut out = Zeroizing::new(String::with_capacity(changes.iter().map(longest_line).sum::<usize>() + 16));
        for change in changes {
            let refused = |problem| Unrepresentable { shell: self, name: change.name().to_owned(), problem };
            if !is_variable_name(change.name()) {
                return Err(refused("it is not a valid variable name"));
            }
            let line = match change {
                VariableChange::Set { value, .. } if value.expose().contains('\0') => {
                    Err("a variable cannot contain a NUL byte")
                }
                VariableChange::Set { name, value } => self.set(name, value.expose(), &mut out),
                VariableChange::Unset { name } => {
                    self.unset(name, &mut out);
                    Ok(())
                }
            };
            line.map_err(refused)?;
        }
        if matches!(self, Shell::Nushell | Shell::Json) {
            json(changes, &mut out);
        }
        Ok(Secret::new(std::mem::take(&mut out)))
    }

    /// Appends a line that sets and exports `name`.
    ///
    /// Where a shell allows it a line ends in `;`, so that it survives an `eval` that joins lines with blanks.
    fn set(self, name: &str, value: &str, out: &mut String) -> Result<(), &'static str> {
        match self {
            Shell::Bash | Shell::Zsh | Shell::Sh => {
                line(out, ["export ", name, "="], |out| quote::posix(value, out), ";");
            }
            Shell::Fish => line(out, ["set -g -x ", name, " "], |out| quote::fish(value, out), ";"),
            Shell::Tcsh => line(out, ["setenv ", name, " "], |out| quote::tcsh(value, out), ";"),
            Shell::Elvish => line(out, ["set-env ", name, " "], |out| quote::elvish(value, out), ""),
            Shell::PowerShell => {
                return try_line(out, ["$env:", name, " = "], |out| quote::powershell(value, out), "");
            }
            Shell::Cmd => return try_line(out, ["set \"", name, "="], |out| quote::cmd(value, out), "\""),
            Shell::Dotenv => return try_line(out, ["", name, "="], |out| quote::dotenv(value, out), ""),
            Shell::Nushell | Shell::Json => {}
        }
        Ok(())
    }

    /// Appends a line that removes `name`, and is content where there is none.
    fn unset(self, name: &str, out: &mut String) {
        let text = match self {
            Shell::Bash | Shell::Zsh | Shell::Sh => format!("unset {name};\n"),
            // Only the global one: a universal variable is the user's in every session, and erasing it lasts. fish
            // exports it even past an unexported global of its name, so the user has to know.
            Shell::Fish => format!(
                "set -e -g {name}; set -q -U -x {name}; and echo 'keyfob: the universal variable {name} still wins; \
                 `set -e -U {name}` erases it' >&2;\n"
            ),
            Shell::Tcsh => format!("unsetenv {name};\n"),
            Shell::Elvish => format!("unset-env {name}\n"),
            Shell::PowerShell => format!("Remove-Item -ErrorAction SilentlyContinue Env:{name}\n"),
            Shell::Cmd => format!("set \"{name}=\"\n"),
            Shell::Dotenv | Shell::Nushell | Shell::Json => return,
        };
        out.push_str(&text);
    }
}

impl FromStr for Shell {
    type Err = String;

    /// Takes each shell's own name, and what its program is called too: `pwsh`, `nushell`, `dash`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Shell::ALL.into_iter().find(|shell| shell.name() == text);
        let nushell = || (text == "nushell").then_some(Shell::Nushell);
        named.or_else(nushell).or_else(|| Shell::of_program(text)).ok_or_else(|| not_one_of(&Shell::ALL, text))
    }
}

fn not_one_of(shells: &[Shell], text: &str) -> String {
    let names: Vec<_> = shells.iter().map(|shell| shell.name()).collect();
    format!("`{text}` is not a supported shell; expected one of {}", names.join(", "))
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether every shell takes `name` as a variable's: a letter or underscore, then those and digits, ASCII.
pub fn is_variable_name(name: &str) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(ok) && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn line(out: &mut String, start: [&str; 3], value: impl FnOnce(&mut String), end: &str) {
    for part in start {
        out.push_str(part);
    }
    value(out);
    out.push_str(end);
    out.push('\n');
}

fn try_line(
    out: &mut String,
    start: [&str; 3],
    value: impl FnOnce(&mut String) -> Result<(), &'static str>,
    end: &str,
) -> Result<(), &'static str> {
    let mut result = Ok(());
    line(out, start, |out| result = value(out), end);
    result
}

fn json(changes: &[VariableChange], out: &mut String) {
    // `Vec` and `String` share their buffer, so nothing is copied.
    let mut bytes = Zeroizing::new(std::mem::take(out).into_bytes());
    let pairs = changes.iter().map(|change| (change.name(), change.value().map(Secret::expose)));
    serde_json::Serializer::new(&mut *bytes)
        .collect_map(pairs)
        .expect("a vector takes everything, and names are texts");
    bytes.push(b'\n');
    *out = String::from_utf8(std::mem::take(&mut *bytes)).expect("serde_json writes UTF-8");
}

/// More than the longest line for `change` in any shell: fish says a name four times, and PowerShell takes 16 bytes for
/// a control character and 23 for one with a letter beside it.
fn longest_line(change: &VariableChange) -> usize {
    160 + 4 * change.name().len() + 20 * change.value().map_or(0, |value| value.expose().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(shell: Shell, value: &str) -> String {
        let changes = [
            VariableChange::Set { name: "AWS_CA_BUNDLE".into(), value: Secret::new(value.into()) },
            VariableChange::Unset { name: "AWS_PROFILE".into() },
        ];
        shell.render(&changes).expect("it can carry that").expose().to_owned()
    }

    fn refused(shell: Shell, value: &str) -> String {
        let changes = [VariableChange::Set { name: "AWS_CA_BUNDLE".into(), value: Secret::new(value.into()) }];
        shell.render(&changes).expect_err("it cannot carry that").to_string()
    }

    #[test]
    fn each_shell_gets_lines_of_its_own() {
        let cases = [
            (Shell::Bash, "export AWS_CA_BUNDLE='a '\\''b';\nunset AWS_PROFILE;\n"),
            (Shell::Elvish, "set-env AWS_CA_BUNDLE 'a ''b'\nunset-env AWS_PROFILE\n"),
            (Shell::Tcsh, "setenv AWS_CA_BUNDLE 'a '\\''b';\nunsetenv AWS_PROFILE;\n"),
            (
                Shell::PowerShell,
                "$env:AWS_CA_BUNDLE = 'a ''b'\nRemove-Item -ErrorAction SilentlyContinue Env:AWS_PROFILE\n",
            ),
            (Shell::Cmd, "set \"AWS_CA_BUNDLE=a 'b\"\nset \"AWS_PROFILE=\"\n"),
            (Shell::Nushell, "{\"AWS_CA_BUNDLE\":\"a 'b\",\"AWS_PROFILE\":null}\n"),
            (Shell::Json, "{\"AWS_CA_BUNDLE\":\"a 'b\",\"AWS_PROFILE\":null}\n"),
        ];
        for (shell, expected) in cases {
            assert_eq!(rendered(shell, "a 'b"), expected);
        }
        assert!(rendered(Shell::Fish, "a 'b").starts_with("set -g -x AWS_CA_BUNDLE 'a \\'b';\nset -e -g AWS_PROFILE;"));
    }

    #[test]
    fn powershell_gets_printable_ascii_alone() {
        assert_eq!(
            rendered(Shell::PowerShell, "ü a’\n🔑b").lines().next(),
            Some(
                "$env:AWS_CA_BUNDLE = '' + [char]0x00fc + ' a' + [char]0x2019 + [char]0x000a + [char]0xd83d + \
                 [char]0xdd11 + 'b'"
            )
        );
        assert!(refused(Shell::PowerShell, "").contains("treats an empty variable as unset"));
    }

    #[test]
    fn cmd_refuses_what_it_would_change() {
        let line = "set \"AWS_CA_BUNDLE=a&b|c^d<e>f 'g' (h)\"";
        assert_eq!(rendered(Shell::Cmd, "a&b|c^d<e>f 'g' (h)").lines().next(), Some(line));
        for value in ["", "a\"b", "%PATH%", "50%", "hi!", "a\nb", "a\rb", "tab\t", "ü", &"x".repeat(8001)] {
            let message = refused(Shell::Cmd, value);
            assert!(message.starts_with("cannot set `AWS_CA_BUNDLE` in cmd: "), "{message}");
        }
    }

    #[test]
    fn dotenv_refuses_what_its_parsers_disagree_on() {
        let line = |value| rendered(Shell::Dotenv, value);
        assert_eq!(line("wJalr/K7+MD=="), "AWS_CA_BUNDLE=wJalr/K7+MD==\n");
        assert_eq!(line("a b#$c"), "AWS_CA_BUNDLE='a b#$c'\n");
        for value in ["it's", "a\\b", "${HOME}", "a\nb", "\u{7f}"] {
            assert!(refused(Shell::Dotenv, value).contains("dotenv parsers interpret"));
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        assert!(!refused(Shell::Cmd, "fake!secret").contains("fake!secret"));
    }

    #[test]
    fn a_name_that_would_be_code_is_refused() {
        for name in ["A;rm -rf x", "", "1A", "A-B", "ü", "A=B", "$(x)"] {
            for shell in Shell::ALL {
                assert!(shell.render(&[VariableChange::Unset { name: name.into() }]).is_err(), "{shell}: {name}");
            }
        }
    }

    #[test]
    fn the_buffer_never_grows_and_so_leaves_no_copy_behind() {
        for shell in Shell::ALL {
            for value in ["x '\"\\!ü\t🔑", "\n", "a\nb\n", "''", "\u{1}x\u{1}x"] {
                let changes = [
                    VariableChange::Set { name: "A".into(), value: Secret::new(value.repeat(50)) },
                    VariableChange::Unset { name: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE".into() },
                ];
                let room: usize = changes.iter().map(longest_line).sum();
                if let Ok(lines) = shell.render(&changes) {
                    assert!(lines.expose().len() <= room, "{shell}");
                }
            }
        }
    }

    #[test]
    fn every_name_of_a_shell_is_understood() {
        for shell in Shell::ALL {
            assert_eq!(shell.name().parse(), Ok(shell));
        }
        for (name, shell) in [("pwsh", Shell::PowerShell), ("nushell", Shell::Nushell), ("csh", Shell::Tcsh)] {
            assert_eq!(name.parse(), Ok(shell));
        }
        let message = "bsah".parse::<Shell>().expect_err("misspelt");
        assert!(message.starts_with("`bsah` is not a supported shell; expected one of bash,"), "{message}");
    }

    #[test]
    fn a_command_that_takes_some_shells_lists_those_alone() {
        let own = [Shell::Bash, Shell::Nushell];
        assert_eq!(Shell::one_of(&own, "nushell"), Ok(Shell::Nushell));
        for other in ["tcsh", "sh", "bsah"] {
            let message = format!("`{other}` is not a supported shell; expected one of bash, nu");
            assert_eq!(Shell::one_of(&own, other), Err(message));
        }
    }
}
