//! A yes or a no from a dialog of the desktop, for where no pinentry program is installed.

use std::io::ErrorKind;
use std::time::Duration;

use crate::human::AskError;
use crate::secret::SecretBytes;
use crate::sys::child::{self, ChildError, Given};
use crate::sys::env::Environment;

/// A program that shows a question: its words, and the exit codes for a yes and for a no.
struct Program {
    argv: Vec<String>,
    yes: i32,
    no: i32,
}

/// The question, for a program whose words are a script: read from there, it cannot become part of the script.
const QUESTION: &str = "KEYFOB_QUESTION";

/// Asks `question`, which names no secret: others may see it in a list of processes. `env` is all that the program gets.
///
/// # Errors
/// [`AskError::Nobody`] where no program for it is installed, or none can show itself.
pub fn confirm(question: &str, env: &Environment, limit: Duration) -> Result<bool, AskError> {
    let mut env = env.clone();
    env.set(QUESTION, question);
    for Program { argv, yes, no } in programs(question, limit) {
        match child::run_with_input(&argv, SecretBytes::new(Vec::new()), Given { env: &env, chain: &[], limit }) {
            Ok(answer) if answer.status.code() == Some(yes) => return Ok(true),
            // Without a display both of Linux's end like a no.
            Ok(answer) if answer.status.code() == Some(no) && !mentions_display(answer.stderr.expose()) => {
                return Ok(false);
            }
            Err(ChildError::TimedOut(_)) => return Err(AskError::TimedOut(limit)),
            Err(ChildError::Start(error)) if error.kind() == ErrorKind::NotFound => {}
            Ok(_) | Err(_) => return Err(AskError::Nobody("no dialog could be shown")),
        }
    }
    Err(AskError::Nobody("neither a pinentry program nor one for dialogs is installed"))
}

fn mentions_display(stderr: &[u8]) -> bool {
    String::from_utf8_lossy(stderr).contains("display")
}

/// The programs of this platform's desktops, each tried if the one before is not installed.
fn programs(question: &str, limit: Duration) -> Vec<Program> {
    let program =
        |words: &[&str], yes, no| Program { argv: words.iter().map(|word| (*word).to_owned()).collect(), yes, no };
    if cfg!(windows) {
        // `WshShell.Popup`: yes and no, a question mark, no is the default, in front; it returns 6 for a yes and 7 for a no.
        let script = format!(
            "exit (New-Object -ComObject WScript.Shell).Popup($env:{QUESTION}, {}, 'keyfob', 4+32+256+4096)",
            limit.as_secs()
        );
        return vec![program(&["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", &script], 6, 7)];
    }
    if cfg!(target_os = "macos") {
        // The button that cancels ends the script with an error.
        let script = format!(
            "display dialog (system attribute \"{QUESTION}\") with title \"keyfob\" buttons {{\"No\", \"Yes\"}} \
             default button \"No\" cancel button \"No\" with icon caution"
        );
        return vec![program(&["osascript", "-e", &script], 0, 1)];
    }
    vec![
        program(
            &["zenity", "--question", "--title=keyfob", "--no-markup", "--default-cancel", "--text", question],
            0,
            1,
        ),
        program(&["kdialog", "--title", "keyfob", "--yesno", question], 0, 1),
    ]
}
