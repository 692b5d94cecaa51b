//! Which shell keyfob was started from.

use crate::format::shell::Shell;

impl Shell {
    /// The shell among the names of the programs that led here, nearest first (a script's interpreter is one of them);
    /// where none is a shell, the user's own, which `SHELL` names. On Windows, where ancestors are not known and Git's
    /// bash and MSYS set `SHELL`, what is left is taken for PowerShell; cmd has to be named.
    ///
    /// # Errors
    /// Where nothing names a shell.
    pub fn detect<'a>(
        ancestors: impl IntoIterator<Item = &'a str>,
        shell_variable: Option<&'a str>,
    ) -> Result<Shell, NoShell> {
        let named = ancestors.into_iter().chain(shell_variable).find_map(Shell::of_program);
        named.or(cfg!(windows).then_some(Shell::PowerShell)).ok_or(NoShell)
    }

    /// The shell a program is, by its name or path: `-zsh`, `/usr/bin/fish`, `pwsh.exe`.
    pub fn of_program(program: &str) -> Option<Shell> {
        let name = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
        let name = name.trim_start_matches('-');
        match name.strip_suffix(".exe").unwrap_or(name) {
            "bash" | "rbash" => Some(Shell::Bash),
            "zsh" => Some(Shell::Zsh),
            "sh" | "dash" | "ash" | "ksh" | "ksh93" | "mksh" | "oksh" | "yash" => Some(Shell::Sh),
            "fish" => Some(Shell::Fish),
            "powershell" | "pwsh" => Some(Shell::PowerShell),
            "cmd" => Some(Shell::Cmd),
            "elvish" => Some(Shell::Elvish),
            "nu" => Some(Shell::Nushell),
            "tcsh" | "csh" => Some(Shell::Tcsh),
            _ => None,
        }
    }
}

/// No shell was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot detect the shell to print commands for")]
pub struct NoShell;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_shell_among_the_ancestors_is_meant_then_the_users_own() {
        type Case = (&'static [&'static str], Option<&'static str>, Option<Shell>);
        let cases: [Case; 7] = [
            (&["/usr/bin/sudo", "sudo", "/usr/bin/fish", "fish", "/usr/bin/bash"], None, Some(Shell::Fish)),
            (&["/usr/bin/bash", "deploy.sh"], Some("/usr/bin/fish"), Some(Shell::Bash)),
            (&["/bin/busybox", "ash"], None, Some(Shell::Sh)),
            (&["-zsh"], None, Some(Shell::Zsh)),
            (&["C:\\Program Files\\PowerShell\\7\\pwsh.exe"], None, Some(Shell::PowerShell)),
            (&["/usr/bin/make", "/usr/sbin/sshd"], Some("/bin/tcsh"), Some(Shell::Tcsh)),
            (&["/usr/bin/make"], Some("/usr/bin/xonsh"), cfg!(windows).then_some(Shell::PowerShell)),
        ];
        for (ancestors, variable, expected) in cases {
            assert_eq!(Shell::detect(ancestors.iter().copied(), variable).ok(), expected, "{ancestors:?}");
        }
    }
}
