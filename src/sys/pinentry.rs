//! Asking through a pinentry program: the window gpg asks in, for where there is no terminal.
//!
//! Its language is Assuan: a line a request, answered by data lines and then `OK` or `ERR`. No request depends on an answer,
//! so all of them are written at once, and the program runs to its end like any other, with a limit.
//!
//! It runs in a session of its own, as gpg-agent runs it: without a controlling terminal pinentry-curses may read from one
//! whose foreground is another's. `std` begins no sessions, so this program is started again and becomes pinentry.

#[cfg(unix)]
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use crate::human::AskError;
use crate::secret::Secret;
use crate::sys::child::{self, ChildError};
use crate::sys::env::{Environment, vars};
use crate::sys::files::read_optional;

/// The hidden command that [`become_session_leader`] is behind.
#[cfg(unix)]
pub const COMMAND: &str = "ask-pinentry";

/// How long a question stands that has no limit of its own: nobody may be near to see the window.
const LONGEST: Duration = Duration::from_mins(5);

/// Asks for a secret. `named` is the program of the settings; without one, gpg's, where there is a display. `env` is all that it
/// gets.
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
    let answer = converse(named, env, question, complaint, limit, "GETPIN")?;
    if answer.is_empty() { Err(AskError::Declined) } else { Ok(answer) }
}

/// Whether a program can open a window here: elsewhere than on Linux and its kin it is taken for granted.
pub fn has_windows(env: &Environment) -> bool {
    env.has_display() || cfg!(any(target_os = "macos", windows))
}

/// Asks for a yes, as [`ask`] does for a secret.
///
/// # Errors
/// As [`ask`].
pub fn confirm(
    named: Option<&str>,
    env: &Environment,
    question: &str,
    limit: Option<Duration>,
) -> Result<bool, AskError> {
    match converse(named, env, question, None, limit, "CONFIRM") {
        Ok(_) => Ok(true),
        Err(AskError::Declined) => Ok(false),
        Err(error) => Err(error),
    }
}

fn converse(
    named: Option<&str>,
    env: &Environment,
    question: &str,
    complaint: Option<&str>,
    limit: Option<Duration>,
    verb: &str,
) -> Result<Secret, AskError> {
    let program = match named {
        Some(program) => program.to_owned(),
        None if has_windows(env) => program_of_gpg(env),
        None => return Err(AskError::Nobody("there is no display for pinentry")),
    };
    let limit = limit.unwrap_or(LONGEST);
    let terminal = Some(terminal_name(env)).filter(|name| !name.is_empty());
    let requests: Vec<String> = [
        terminal.map(|name| format!("OPTION ttyname={name}")),
        // A program that keeps it closes its window by itself.
        Some(format!("SETTIMEOUT {}", limit.as_secs())),
        Some("SETTITLE keyfob".to_owned()),
        Some(format!("SETDESC {}", escaped(question))),
        Some("SETPROMPT Answer:".to_owned()),
        complaint.map(|complaint| format!("SETERROR {}", escaped(complaint))),
        Some(verb.to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let input = requests.join("\n") + "\nBYE\n";
    match child::run_session_leader(&command(program)?, env, &input, limit) {
        Ok(answer) => read(answer.stdout.expose(), requests.len(), limit),
        Err(ChildError::TimedOut(_)) => Err(AskError::TimedOut(limit)),
        Err(ChildError::Start(error)) if error.kind() == std::io::ErrorKind::NotFound => Err(AskError::Nobody(MISSING)),
        Err(ChildError::Start(error) | ChildError::Read(error)) => Err(AskError::Terminal(error)),
        Err(ChildError::TooMuch) => Err(AskError::Nobody("the pinentry program sent an oversized reply")),
    }
}

const MISSING: &str = "the pinentry program is missing or cannot open its window";

/// The answer to the last of `requests`; a greeting is answered before the first.
fn read(responses: &[u8], requests: usize, limit: Duration) -> Result<Secret, AskError> {
    let mut secret = Zeroizing::new(Vec::with_capacity(responses.len()));
    let mut before = requests;
    for line in responses.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
        match line {
            [b'D', b' ', data @ ..] => secret.extend(percent_decode(data)),
            [b'O', b'K', ..] | [b'E', b'R', b'R', ..] if before > 0 => before -= 1,
            [b'O', b'K', ..] => {
                let text = std::str::from_utf8(&secret).map_err(|_| AskError::Declined)?;
                return Ok(Secret::new(text.to_owned()));
            }
            [b'E', b'R', b'R', b' ', error @ ..] => {
                let code = error.split(|byte| *byte == b' ').next().unwrap_or_default();
                let code = std::str::from_utf8(code).ok().and_then(|code| code.parse::<u32>().ok());
                // Behind the source of the error, in the lower half: libgpg-error's `err-codes.h.in`.
                return Err(match code.map(|code| code & 0xffff) {
                    Some(62) => AskError::TimedOut(limit),
                    Some(99 | 114) => AskError::Declined,
                    Some(_) | None => AskError::Nobody(MISSING),
                });
            }
            _ => {}
        }
    }
    Err(AskError::Nobody(MISSING))
}

/// The command line of a pinentry that leads a session.
fn command(program: String) -> Result<Vec<String>, AskError> {
    #[cfg(unix)]
    return Ok(vec![helper()?, COMMAND.to_owned(), program]);
    #[cfg(not(unix))]
    Ok(vec![program])
}

/// This program. On Linux by the name that still leads to it when an upgrade has replaced the file meanwhile.
#[cfg(unix)]
fn helper() -> Result<String, AskError> {
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".to_owned());
    }
    let path = std::env::current_exe()?;
    path.into_os_string().into_string().map_err(|_| AskError::Nobody("keyfob's own path is not UTF-8"))
}

/// What the hidden command does: begins a session and becomes `program`; its exit code where that cannot be.
#[cfg(unix)]
pub fn become_session_leader(program: &OsStr) -> u8 {
    // It fails for the leader of a group, which this is not.
    let _ = rustix::process::setsid();
    super::server_process::end_with_parent();
    let _ = std::os::unix::process::CommandExt::exec(&mut std::process::Command::new(program));
    127
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

/// As a parameter of a request, whose line may have 1,000 bytes.
fn escaped(text: &str) -> String {
    let kept: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).take(200).collect();
    kept.replace('%', "%25").replace('\n', "%0A")
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

    #[test]
    fn the_answer_is_that_of_the_last_request() {
        let limit = Duration::from_secs(9);
        let told = |responses: &str| match read(responses.as_bytes(), 2, limit) {
            Ok(secret) => secret.expose().to_owned(),
            Err(error) => error.to_string(),
        };
        let missing = AskError::Nobody(MISSING).to_string();
        for (responses, expected) in [
            ("OK ready\nOK\nD 123456\nOK\nOK closing\n", "123456"),
            (
                "OK\r\nERR 536871187 Unknown option\r\nS PASSWORD_FROM_CACHE\r\nD a%25b%0A c\r\nD  d \r\nOK\r\n",
                "a%b\n c d ",
            ),
            ("# hello\nOK\nOK\nOK\nOK\n", ""),
            ("OK\nOK\nERR 83886194 Not confirmed <Pinentry>\nOK\n", "cancelled"),
            ("OK\nOK\nERR 83886179 Operation cancelled <Pinentry>\nOK\n", "cancelled"),
            ("OK\nOK\nERR 83886142 Timeout <Pinentry>\nOK\n", "no answer within 9 s"),
            ("OK\nOK\nERR 83918950 Inappropriate ioctl for device <Pinentry>\nOK\n", &missing),
            ("OK\nOK\nD 12", &missing),
            ("sh: not found\n", &missing),
            ("", &missing),
        ] {
            assert_eq!(told(responses), expected, "{responses}");
        }
    }

    #[test]
    fn a_question_is_one_line_of_no_more_than_a_thousand_bytes() {
        assert_eq!(escaped("100% of\n`a`\r\x1b"), "100%25 of%0A`a`");
        assert!(escaped(&"\u{10ffff}%\n".repeat(500)).len() < 990);
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
