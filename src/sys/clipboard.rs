//! The clipboard: of this machine through its own programs, or of the terminal's, wherever that is.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;
use crate::sys::env::{Environment, vars};
use crate::sys::program::is_on_path;
use crate::sys::wsl::is_wsl;

/// Puts `text` into this machine's clipboard; whether a program took it. Over SSH it would be the wrong machine's.
pub fn copy(text: &Secret, env: &Environment) -> bool {
    if env.get_os(vars::SSH_CONNECTION).is_some() || env.get_os(vars::SSH_TTY).is_some() {
        return false;
    }
    let programs: &[&[&str]] = if cfg!(windows) {
        &[&["clip.exe"]]
    } else if cfg!(target_os = "macos") {
        &[&["pbcopy"]]
    } else if is_wsl(env) && is_on_path(env, "clip.exe") {
        &[&["clip.exe"]]
    } else if env.get_os(vars::WAYLAND_DISPLAY).is_some() {
        &[&["wl-copy"]]
    } else if env.get_os(vars::DISPLAY).is_some() {
        &[&["xclip", "-selection", "clipboard"], &["xsel", "--input", "--clipboard"]]
    } else {
        &[]
    };
    programs.iter().any(|words| give(words, text).is_ok_and(|taken| taken))
}

// Security: on its standard input, which no list of processes shows.
fn give(words: &[&str], text: &Secret) -> std::io::Result<bool> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.expose().as_bytes())?;
    }
    Ok(child.wait()?.success())
}

/// What makes a terminal put `text` into the clipboard of the machine it is shown on (xterm, "Operating System Commands", 52).
pub fn for_terminal(text: &Secret) -> Secret {
    Secret::new(format!("\x1b]52;c;{}\x07", STANDARD.encode(text.expose())))
}
