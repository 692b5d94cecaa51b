//! A line while it is typed: what each key does to it. Pure; the terminal carries it out.

use std::io;

use zeroize::Zeroizing;

use super::{Echo, ends_word};
use crate::human::AskError;
use crate::secret::Secret;

/// The most a line may hold; what is typed beyond it is dropped, so the buffer never moves and leaves no copy.
const LONGEST_LINE: usize = 4096;

/// What a byte means for the line and the screen.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyEffect {
    Nothing,
    Edited,
    Done,
    Declined,
    Cancelled,
    Suspend,
}

/// A line being typed.
pub(super) struct Line {
    bytes: Zeroizing<Vec<u8>>,
    escape: Escape,
}

/// How far into an escape sequence (an arrow key) the input is; such keys are ignored.
#[derive(PartialEq, Eq)]
enum Escape {
    No,
    Started,
    Parameters,
}

impl Line {
    pub(super) fn new() -> Line {
        Line { bytes: Zeroizing::new(Vec::with_capacity(LONGEST_LINE)), escape: Escape::No }
    }

    pub(super) fn take(&mut self, byte: u8) -> KeyEffect {
        match self.escape {
            Escape::Started if byte == b'[' || byte == b'O' => {
                self.escape = Escape::Parameters;
                return KeyEffect::Nothing;
            }
            Escape::Parameters if byte >= b' ' => {
                if (0x40..0x7f).contains(&byte) {
                    self.escape = Escape::No;
                }
                return KeyEffect::Nothing;
            }
            Escape::No | Escape::Started | Escape::Parameters => self.escape = Escape::No,
        }
        const INTERRUPT: u8 = 0x03;
        const END: u8 = 0x04;
        const QUIT: u8 = 0x1c;
        const KILL_LINE: u8 = 0x15;
        const SUSPEND: u8 = 0x1a;
        match byte {
            b'\n' | b'\r' => KeyEffect::Done,
            INTERRUPT | QUIT => KeyEffect::Cancelled,
            SUSPEND => KeyEffect::Suspend,
            END if self.bytes.is_empty() => KeyEffect::Declined,
            END => KeyEffect::Done,
            0x08 | 0x7f => self.rub(),
            KILL_LINE => {
                while self.rub() != KeyEffect::Nothing {}
                KeyEffect::Edited
            }
            0x1b => {
                self.escape = Escape::Started;
                KeyEffect::Nothing
            }
            // Tab and the other control characters belong to no answer.
            0x00..=0x1f => KeyEffect::Nothing,
            _ if self.bytes.len() == LONGEST_LINE => KeyEffect::Nothing,
            _ => {
                self.bytes.push(byte);
                KeyEffect::Edited
            }
        }
    }

    /// How many characters of it are shown.
    pub(super) fn visible(&self, echo: Echo) -> usize {
        let is_shown = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        match echo {
            Echo::On => is_shown(&self.bytes),
            Echo::FirstWord => is_shown(
                self.bytes.split(|byte| byte.is_ascii() && ends_word(char::from(*byte))).next().unwrap_or_default(),
            ),
            Echo::Off => 0,
        }
    }

    /// Takes the last character back, all of its UTF-8 bytes.
    fn rub(&mut self) -> KeyEffect {
        while let Some(byte) = self.bytes.pop() {
            if byte & 0xc0 != 0x80 {
                return KeyEffect::Edited;
            }
        }
        KeyEffect::Nothing
    }

    pub(super) fn into_secret(mut self) -> Result<Secret, AskError> {
        String::from_utf8(std::mem::take(&mut *self.bytes)).map(Secret::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            AskError::Terminal(io::Error::new(io::ErrorKind::InvalidData, "the input is not UTF-8 text"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_never_ends_is_cut() {
        let mut line = Line::new();
        for _ in 0..10_000 {
            line.take(b'a');
        }
        assert_eq!(line.bytes.len(), LONGEST_LINE);
    }
}
