//! `doctor`.

use crate::ops::doctor::Finding;

/// The findings, three lines each.
pub fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { message, why, file, line, mend, fixed, .. } in findings {
        let place = match (file, line) {
            // What a plan lacks names its place itself.
            (Some(file), _) if message.starts_with(file.as_str()) => String::new(),
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            (None, _) => String::new(),
        };
        let done = if *fixed { "fixed" } else { "mend" };
        text += &format!("{place}{message}\n  why: {why}\n  {done}: {mend}\n");
    }
    text
}
