//! `doctor`.

use crate::format::harmless::one_line;
use crate::format::shell::Shell;
use crate::ops::doctor::Finding;

/// The findings, three lines each.
pub fn text(findings: &[Finding], shell: Shell) -> String {
    let mut text = String::new();
    for Finding { message, why, file, line, fix, fixed, .. } in findings {
        let place = match (file, line) {
            // What a plan lacks names its place itself.
            (Some(file), _) if message.starts_with(file.as_str()) => String::new(),
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        let done = if *fixed { "fixed" } else { "fix" };
        let (message, why) = (one_line(&format!("{place}{message}")), one_line(why));
        text += &format!("{message}\n  why: {why}\n  {done}: {}\n", fix.text(|| shell));
    }
    text
}
