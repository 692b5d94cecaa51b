//! A segment of a shell's prompt: the one output that is coloured for a terminal it is not written to.

use std::io::IsTerminal;

use crate::error::Result;
use crate::format::harmless::one_line;
use crate::format::shell::Shell;
use crate::sys::env::{Environment, vars};
use crate::ui::{out, shown};

/// Writes a segment without a line end, red where it is urgent. Without colour on a terminal, where nobody puts it into a
/// prompt, and with `NO_COLOR`.
///
/// # Errors
/// As [`out::write`].
pub fn write(text: &str, is_urgent: bool, shell: Option<Shell>, env: &Environment) -> Result<()> {
    // Security: a profile's name may hold anything; the prompt is drawn before each command.
    let text = shown(&one_line(text));
    let is_plain = env.get_os(vars::NO_COLOR).is_some() || std::io::stdout().is_terminal();
    out::write(&coloured(&text, is_urgent && !is_plain, shell))
}

/// bash and zsh count the width of their prompts, and have to be told what takes none (bash: readline's marks, since `\[` is
/// not looked for in what a command prints; zsh: prompt escapes).
fn coloured(text: &str, is_red: bool, shell: Option<Shell>) -> String {
    let text = if shell == Some(Shell::Zsh) { text.replace('%', "%%") } else { text.to_owned() };
    match (is_red, shell) {
        (false, _) => text,
        (true, Some(Shell::Bash)) => format!("\x01\x1b[31m\x02{text}\x01\x1b[0m\x02"),
        (true, Some(Shell::Zsh)) => format!("%F{{red}}{text}%f"),
        (true, _) => format!("\x1b[31m{text}\x1b[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_is_told_what_takes_no_room() {
        assert_eq!(coloured("50% a", true, Some(Shell::Zsh)), "%F{red}50%% a%f");
        assert_eq!(coloured("50% a", false, Some(Shell::Zsh)), "50%% a");
        assert_eq!(coloured("50% a", true, Some(Shell::Bash)), "\x01\x1b[31m\x0250% a\x01\x1b[0m\x02");
        assert_eq!(coloured("a", true, None), "\x1b[31ma\x1b[0m");
    }
}
