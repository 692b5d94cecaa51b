//! Asking through a pinentry program: the window gpg asks in, for where there is no terminal.
//!
//! The `pinentry` crate speaks its language but waits for ever for a program that hangs, and does not tell its process id.
//! So it runs in a process of its own, this program started once more, which begins a session: at the limit all of that
//! session is killed. A session without a terminal is also what gpg-agent gives to pinentry-curses, which then may read
//! from a terminal whose foreground is another's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pinentry::PassphraseInput;
use secrecy::ExposeSecret;

use crate::human::AskError;
use crate::secret::Secret;
use crate::sys::child::{self, ChildError};
use crate::sys::env::{Environment, vars};
use crate::sys::files::read_optional;

/// The hidden command that [`serve`] is behind.
pub const COMMAND: &str = "ask-pinentry";

/// How long a question stands that has no limit of its own: nobody may be near to see the window.
const LONGEST: Duration = Duration::from_secs(300);

/// How the helper ended.
const DECLINED: u8 = 10;
const TIMED_OUT: u8 = 11;

/// Asks for a secret. `named` is the program of the settings; without one, gpg's, where there is a display.
///
/// # Errors
/// [`AskError::Nobody`] where there is none, or it cannot show itself.
pub fn ask(
    named: Option<&str>,
    env: &Environment,
    question: &str,
    complaint: Option<&str>,
    limit: Option<Duration>,
) -> Result<Secret, AskError> {
    let program = match named {
        Some(program) => program.to_owned(),
        None if env.has_display() || cfg!(any(target_os = "macos", windows)) => program_of_gpg(env),
        None => return Err(AskError::Nobody("there is no display for pinentry")),
    };
    let limit = limit.unwrap_or(LONGEST);
    let argv = [helper()?, COMMAND.into(), program, question.into(), complaint.unwrap_or_default().into()];
    let argv: Vec<String> = argv.into_iter().chain([limit.as_secs().to_string(), terminal_name(env)]).collect();
    let answer = match child::run_session_leader(&argv, limit) {
        Ok(answer) => answer,
        Err(ChildError::TimedOut(_)) => return Err(AskError::TimedOut(limit)),
        Err(ChildError::Start(error) | ChildError::Read(error)) => return Err(AskError::Terminal(error)),
        Err(ChildError::TooMuch) => return Err(AskError::Nobody("the pinentry program said too much")),
    };
    match answer.status.code().map(u8::try_from) {
        Some(Ok(0)) => {
            let text = std::str::from_utf8(answer.stdout.expose()).map_err(|_| AskError::Declined)?;
            Ok(Secret::new(text.to_owned()))
        }
        Some(Ok(DECLINED)) => Err(AskError::Declined),
        Some(Ok(TIMED_OUT)) => Err(AskError::TimedOut(limit)),
        Some(_) | None => Err(AskError::Nobody("the pinentry program is not there, or cannot show itself")),
    }
}

/// What the helper does: asks, prints the answer, and ends with a status that says how it went.
///
/// The arguments are those that [`ask`] makes: program, question, complaint, seconds, terminal.
pub fn serve(arguments: &[String], answer: &mut dyn std::io::Write) -> u8 {
    let [program, question, complaint, seconds, terminal] = arguments else { return 2 };
    #[cfg(unix)]
    let _ = rustix::process::setsid();
    let Some(mut input) = PassphraseInput::with_binary(program) else { return 1 };
    let (question, complaint) = (shortened(question), shortened(complaint));
    input.with_title("keyfob").with_description(&question).with_prompt("Answer:");
    if !complaint.is_empty() {
        input.with_error(&complaint);
    }
    // A program that keeps it closes its window by itself.
    input.with_timeout(seconds.parse().unwrap_or(u16::MAX));
    #[cfg(unix)]
    if !terminal.is_empty() {
        input.with_unix_options(pinentry::unix::Options::builder().tty_name(terminal).build());
    }
    #[cfg(not(unix))]
    let _ = terminal;
    match input.interact() {
        Ok(secret) if secret.expose_secret().is_empty() => DECLINED,
        Ok(secret) => match answer.write_all(secret.expose_secret().as_bytes()).and_then(|()| answer.flush()) {
            Ok(()) => 0,
            Err(_) => 1,
        },
        Err(pinentry::Error::Cancelled) => DECLINED,
        Err(pinentry::Error::Timeout) => TIMED_OUT,
        Err(_) => 1,
    }
}

/// This program. On Linux by the name that still leads to it when an upgrade has replaced the file meanwhile.
fn helper() -> Result<String, AskError> {
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".to_owned());
    }
    let path = std::env::current_exe()?;
    path.into_os_string().into_string().map_err(|_| AskError::Nobody("keyfob's own path is not UTF-8"))
}

/// `pinentry-program` of gpg-agent.conf, else the name gpg uses.
fn program_of_gpg(env: &Environment) -> String {
    let folder = env.get_os(vars::GNUPGHOME).map(PathBuf::from);
    let folder = folder.or_else(|| env.get_os(vars::HOME).map(|home| Path::new(home).join(".gnupg")));
    let file = folder.and_then(|folder| read_optional(&folder.join("gpg-agent.conf")).ok()?);
    let set = file.and_then(|file| program_in(&String::from_utf8_lossy(&file)));
    set.unwrap_or_else(|| "pinentry".to_owned())
}

fn program_in(configuration: &str) -> Option<String> {
    let values = configuration.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("--");
        line.strip_prefix("pinentry-program").filter(|rest| rest.starts_with([' ', '\t']))
    });
    values.map(|value| value.trim().to_owned()).find(|value| !value.is_empty())
}

/// The terminal a pinentry for terminals may use, as gpg is told it.
fn terminal_name(env: &Environment) -> String {
    if let Some(name) = env.get(vars::GPG_TTY) {
        return name.to_owned();
    }
    #[cfg(unix)]
    {
        let of = |name: rustix::io::Result<std::ffi::CString>| name.ok()?.into_string().ok();
        let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
        let name = of(rustix::termios::ttyname(&stderr, Vec::new()));
        name.or_else(|| of(rustix::termios::ttyname(&stdin, Vec::new()))).unwrap_or_default()
    }
    #[cfg(not(unix))]
    String::new()
}

/// The crate takes no line of 1,000 bytes, escapes included.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpgs_own_setting_names_the_program() {
        for (text, program) in [
            ("pinentry-program /usr/bin/pinentry-qt\n", Some("/usr/bin/pinentry-qt")),
            ("# pinentry-program /x\n  pinentry-program\t/opt/my pinentry \n", Some("/opt/my pinentry")),
            ("pinentry-programs /x\npinentry-program\nmax-cache-ttl 60\n", None),
        ] {
            assert_eq!(program_in(text).as_deref(), program, "{text}");
        }
    }

    // Elsewhere a display is taken for granted, and this very test program would be started as the helper.
    #[test]
    #[cfg(not(any(target_os = "macos", windows)))]
    fn without_a_display_nobody_is_asked_unless_a_program_is_named() {
        for env in [&[][..], &[("DISPLAY", ":0"), ("SSH_CONNECTION", "x")]] {
            let env = Environment::from_pairs(env.iter().copied());
            assert!(matches!(ask(None, &env, "Code?", None, None), Err(AskError::Nobody(_))));
        }
    }
}
