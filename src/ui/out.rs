//! Data on stdout, and nothing but data.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::mask;
use crate::ui::{harmless, is_deceptive, shown};

/// Writes `text` to stdout at once, byte for byte, but to a terminal, which it must not steer, without control characters.
/// A reader that has gone is no failure: it has had what it wanted.
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
/// and without secrets.
///
/// # Errors
/// As [`write()`].
pub fn write_page(text: &str) -> Result<()> {
    write_bytes(shown(text).as_bytes())
}

fn write_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    checked(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// The columns of the terminal that stdout is; none where it is none.
pub fn terminal_width() -> Option<usize> {
    #[cfg(unix)]
    return rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col.into()).filter(|width| *width > 0);
    #[cfg(not(unix))]
    None
}

/// What writing to stdout came to. A reader that has gone is no failure.
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
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Masked(PrettyFormatter::new()));
    Document { version: 1, data }.serialize(&mut serializer).expect("keyfob's documents have text keys alone");
    text.push(b'\n');
    write(&String::from_utf8(text).expect("JSON is UTF-8"))
}

/// JSON whose texts are masked.
struct Masked(PrettyFormatter<'static>);

impl Formatter for Masked {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let text = mask::text(fragment);
        // A terminal takes U+009B for the start of an escape code; below U+0020 serde_json has escaped already.
        let must_not_stand = |letter: char| letter.is_control() || is_deceptive(letter);
        if !text.contains(must_not_stand) {
            return writer.write_all(text.as_bytes());
        }
        let mut units = [0; 2];
        text.chars().try_for_each(|letter| match must_not_stand(letter) {
            true => letter.encode_utf16(&mut units).iter().try_for_each(|unit| write!(writer, "\\u{unit:04x}")),
            false => write!(writer, "{letter}"),
        })
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
