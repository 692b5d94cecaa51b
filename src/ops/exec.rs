//! `exec`: a command, or a subshell, with credentials in its environment.

use std::ffi::OsString;

use crate::error::{Error, Kind};
use crate::format::VariableChange;
use crate::hint::run;
use crate::human::Talk;
use crate::sys::env::{Environment, vars};
use crate::sys::exec::{self, ExecError};

impl From<&ExecError> for Error {
    /// The message; the exit code is [`ExecError::exit_code`], which no kind of ours has.
    fn from(error: &ExecError) -> Self {
        let shown = Error::new(Kind::Failed, error.to_string());
        match error {
            ExecError::NoInterpreter { interpreter, program } if interpreter.ends_with("\\r") => {
                let hint = run!("sed -i {} {}", r"s/\r$//", program.display());
                shown.hint(hint.to("remove the script's Windows line endings"))
            }
            ExecError::NoInterpreter { .. } | ExecError::NotFound { .. } | ExecError::CannotRun { .. } => shown,
        }
    }
}

/// Runs `command`, or a subshell where it is empty, in `environment` with `changes`.
///
/// It returns only where the command cannot be run, for exit 126 or 127: else the command's end is this process's.
pub fn exec(
    command: &[OsString],
    profile: &str,
    changes: &[VariableChange],
    environment: &Environment,
    talk: &dyn Talk,
) -> ExecError {
    let shell;
    let (program, arguments) = match command.split_first() {
        Some((program, arguments)) => (program, arguments),
        None => {
            shell = subshell(environment);
            talk.say(&notice(&shell, profile, environment.get(vars::KEYFOB_PROFILE)));
            (&shell, [].as_slice())
        }
    };
    let path = environment.get_os(vars::PATH);
    exec::run(program, arguments, path, changes.iter().map(|change| (change.name(), change.value())))
}

/// The user's shell. On Windows `SHELL` is set by Git's bash and MSYS, whose users mean it.
fn subshell(environment: &Environment) -> OsString {
    let named = environment.get_os(vars::SHELL);
    let named = if cfg!(windows) { named.or_else(|| environment.get_os(vars::COMSPEC)) } else { named };
    named.map_or_else(|| if cfg!(windows) { "cmd.exe" } else { "/bin/sh" }.into(), ToOwned::to_owned)
}

fn notice(shell: &OsString, profile: &str, outer: Option<&str>) -> String {
    let inside = outer.map(|outer| format!(" inside `{outer}`")).unwrap_or_default();
    format!("`{}` with the credentials of `{profile}`{inside}; type `exit` to leave", shell.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_subshell_is_the_users_shell() {
        assert_eq!(subshell(&Environment::from_pairs([("SHELL", "/usr/bin/fish")])), "/usr/bin/fish");
        assert_eq!(subshell(&Environment::from_pairs([("SHELL", "")])), "/bin/sh");
    }

    #[test]
    fn a_nested_subshell_says_what_it_is_inside_of() {
        let shell = "/bin/zsh".into();
        assert_eq!(notice(&shell, "a", None), "`/bin/zsh` with the credentials of `a`; type `exit` to leave");
        assert_eq!(
            notice(&shell, "b", Some("a")),
            "`/bin/zsh` with the credentials of `b` inside `a`; type `exit` to leave"
        );
    }
}
