//! What people see: questions on the terminal, talk on stderr, data on stdout. Nothing else prints.
//!
//! May use `sys` and the ports in `human`.

pub mod out;
pub mod person;
mod picker;
pub mod talk;

/// Replaces control characters but line ends and tabs, so that no text from AWS or a file can steer the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}
