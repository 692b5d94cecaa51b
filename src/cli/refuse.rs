//! What is refused where an outer keyfob has narrowed the credentials.

use crate::cli::Command;
use crate::cli::mfa::MfaCommand;
use crate::cli::store::StoreCommand;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::sys::env::{Environment, vars};

/// Refuses what cannot be narrowed where an outer keyfob's credentials are: it hands out keys or codes, or signs with the key
/// itself.
///
/// It keeps programs from doing by mistake what they were not meant to; whoever wants to can unset the variable.
///
/// # Errors
/// Exit 2.
pub(super) fn in_narrowed(process_env: &Environment, command: &Command) -> Result<()> {
    if process_env.get(vars::KEYFOB_NARROW).is_none() {
        return Ok(());
    }
    let name = match command {
        Command::Export(_) => "export",
        Command::Store(StoreCommand::Move(_)) => "store move",
        Command::Rotate(arguments) if arguments.changes_keys() => "rotate",
        Command::Store(StoreCommand::Serve(_)) => "store serve",
        Command::User(command) if command.changes_users() => "user",
        Command::Mfa(MfaCommand::Enroll(_)) => "mfa enroll",
        Command::Mfa(MfaCommand::Remove(_)) => "mfa remove",
        Command::Mfa(MfaCommand::Resync(_)) => "mfa resync",
        Command::Mfa(MfaCommand::Code(_)) => "mfa code",
        _ => return Ok(()),
    };
    let text = format!("`{name}` is not available here: the credentials of this environment were narrowed");
    Err(Error::new(Kind::Usage, text)
        .hint("run it in another shell")
        .hint(run!("keyfob env --unset").to("or, if `keyfob env` narrowed them, print the commands that undo that")))
}
