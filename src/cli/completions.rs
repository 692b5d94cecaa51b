//! `keyfob completions`.

use clap::Args;

use crate::error::Result;
use crate::format::shell::Shell;
use crate::ui::out;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
The script asks keyfob for completions, so profile names are completed too.

Examples:
  mkdir -p ~/.local/share/bash-completion/completions ~/.zfunc
  keyfob completions bash > ~/.local/share/bash-completion/completions/keyfob
  keyfob completions zsh > ~/.zfunc/_keyfob          with ~/.zfunc in $fpath
  keyfob completions fish > ~/.config/fish/completions/keyfob.fish
  keyfob completions powershell >> $PROFILE
  keyfob completions elvish >> ~/.config/elvish/rc.elv
  keyfob completions nu | save -f ($nu.user-autoload-dirs.0)/keyfob.nu")]
pub struct CompletionsArgs {
    /// bash, zsh, fish, powershell, elvish or nu
    #[arg(value_parser = scripted)]
    shell: Shell,
}

/// The shells with a script, and each one's script.
pub const SCRIPTS: [(Shell, &str); 6] = [
    (Shell::Bash, include_str!("../../completions/keyfob.bash")),
    (Shell::Zsh, include_str!("../../completions/_keyfob")),
    (Shell::Fish, include_str!("../../completions/keyfob.fish")),
    (Shell::PowerShell, include_str!("../../completions/_keyfob.ps1")),
    (Shell::Elvish, include_str!("../../completions/keyfob.elv")),
    (Shell::Nushell, include_str!("../../completions/keyfob.nu")),
];

/// A shell with a script; others are refused with the list of those that have one.
fn scripted(text: &str) -> std::result::Result<Shell, String> {
    Shell::one_of(&SCRIPTS.map(|(shell, _)| shell), text)
}

impl CompletionsArgs {
    /// Needs no home folder and no files: packages are built without.
    pub(super) fn run(&self) -> Result<()> {
        SCRIPTS.iter().find(|(shell, _)| *shell == self.shell).map_or(Ok(()), |(_, script)| out::write(script))
    }
}
