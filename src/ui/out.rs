//! Data on stdout, and nothing but data.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::mask;
use crate::ui::wrap::wrapped;
use crate::ui::{harmless, is_deceptive, shown};

/// Writes `text` to stdout at once, byte for byte, but to a terminal, which it must not steer, without control characters.
/// A reader that has gone is not a failure: it has had what it wanted.
///
/// # Errors
/// Where cannot write to stdout, a full disk for one.
pub fn write(text: &str) -> Result<()> {
    match io::stdout().is_terminal() {
        // Security: `env` on a terminal writes secrets.
        true => write_bytes(Zeroizing::new(harmless(text)).as_bytes()),
        false => write_bytes(text.as_bytes()),
    }
}

/// As [`write()`], for what only people read: a pager hands it on to a terminal, so it is without control characters always,
/// and without secrets. On a terminal no line is broken in the middle of a word.
///
/// # Errors
/// As [`write()`].
pub fn write_page(text: &str) -> Result<()> {
    write_bytes(wrapped(&shown(text), terminal_width()).as_bytes())
}

fn write_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    checked(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// The columns of the terminal that stdout is; none where it is none.
pub fn terminal_width() -> Option<usize> {
    columns(io::stdout())
}

/// The columns of the terminal that a stream is; none where it is none, or does not know.
#[cfg(unix)]
pub(super) fn columns(stream: impl std::os::fd::AsFd) -> Option<usize> {
    rustix::termios::tcgetwinsize(stream).ok().map(|size| size.ws_col.into()).filter(|width| *width > 0)
}

#[cfg(not(unix))]
pub(super) fn columns(_: impl IsTerminal) -> Option<usize> {
    None
}

/// What writing to stdout came to. A reader that has gone is not a failure.
///
/// # Errors
/// As [`write()`].
pub fn checked(written: io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Error::new(Kind::Failed, "cannot write to stdout").because(error)),
    }
}

/// Writes one indented JSON document, for `--json`: the fields of `data` behind the version of their form, without secrets.
///
/// # Errors
/// As [`write()`].
pub fn write_json(data: &impl Serialize) -> Result<()> {
    #[derive(Serialize)]
    struct Document<T> {
        version: u32,
        #[serde(flatten)]
        data: T,
    }
    let document =
        serde_json::to_value(Document { version: 1, data }).expect("keyfob's documents have text keys alone");
    let text = serde_json::to_string_pretty(&masked(document)).expect("a JSON value");
    write(&(escaped(&text) + "\n"))
}

/// Writes JSON documents, one line each, as they are but without secrets.
///
/// # Errors
/// As [`write()`].
pub fn write_json_lines(documents: impl IntoIterator<Item = impl Serialize>) -> Result<()> {
    write(&documents.into_iter().map(|document| json_line(&document)).collect::<String>())
}

fn json_line(document: &impl Serialize) -> String {
    let document = serde_json::to_value(document).expect("keyfob's documents have text keys alone");
    escaped(&masked(document).to_string()) + "\n"
}

/// The same document with its texts masked, each as a whole.
fn masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask::text(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(masked).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (mask::text(&name).into_owned(), masked(value))).collect()
        }
        other => other,
    }
}

/// JSON in which no character can deceive: all but ASCII is in texts, where `\u` stands for any. A terminal takes U+009B for the
/// start of an escape code; what is below U+0020 is escaped already, but for the line ends between the fields.
fn escaped(json: &str) -> String {
    let must_not_stand = |letter: char| letter != '\n' && letter.is_control() || is_deceptive(letter);
    let mut units = [0; 2];
    json.chars().fold(String::with_capacity(json.len()), |mut text, letter| {
        match must_not_stand(letter) {
            true => letter.encode_utf16(&mut units).iter().for_each(|unit| text += &format!("\\u{unit:04x}")),
            false => text.push(letter),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_as_it_was_with_nothing_that_deceives_in_it() {
        let value = serde_json::json!({"a\u{202e}b": ["x\u{9b}31m\ny", "\u{200b}", "\u{e0001}", "ü", 1, null]});
        let shown = escaped(&serde_json::to_string_pretty(&masked(value.clone())).expect("JSON"));
        assert!(!shown.chars().any(|letter| letter != '\n' && letter.is_control() || is_deceptive(letter)), "{shown}");
        assert_eq!(serde_json::from_str::<Value>(&shown).expect("JSON"), value);
    }

    #[test]
    fn a_line_of_json_is_one_line_with_nothing_that_deceives_in_it() {
        let value = serde_json::json!({"z": "x\n2026 forged\u{202e}\u{200b}\u{1b}[2J\u{9b}", "a": 1});
        let line = json_line(&value);
        assert!(line.ends_with('\n') && line.lines().count() == 1 && line.starts_with("{\"z\""), "{line}");
        assert!(!line.trim_end().chars().any(|letter| letter.is_control() || is_deceptive(letter)), "{line}");
        assert_eq!(serde_json::from_str::<Value>(&line).expect("JSON"), value);
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        assert!(!json_line(&serde_json::json!({"parent": {"name": secret}})).contains(secret));
    }

    #[test]
    fn a_text_is_masked_as_a_whole() {
        let inner = r#"{"token": "FAKE-secret-of-someone"}"#;
        assert!(!masked(serde_json::json!([inner])).to_string().contains("FAKE-secret"), "in a text with quotes");
    }
}
