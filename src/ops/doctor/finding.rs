//! What a check finds.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::hint::Hint;
use crate::sys::modes;

/// A problem, and what fixes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    pub message: String,
    pub why: String,
    /// The file it is in.
    pub file: Option<String>,
    /// The line there, 1-based.
    pub line: Option<usize>,
    /// What fixes it; in JSON the command, or null.
    #[serde(serialize_with = "as_command")]
    pub fix: Hint,
    /// Whether `--fix` has fixed it.
    pub fixed: bool,
    /// The file whose mode `--fix` would change, and to what.
    #[serde(skip)]
    pub(super) mode: Option<(PathBuf, u32)>,
}

impl Finding {
    /// A finding of no file.
    pub(super) fn new(
        check: &'static str,
        message: impl Into<String>,
        why: impl Into<String>,
        fix: impl Into<Hint>,
    ) -> Finding {
        let (message, why, fix) = (message.into(), why.into(), fix.into());
        Finding { check, message, why, file: None, line: None, fix, fixed: false, mode: None }
    }

    pub(super) fn at(mut self, file: impl Into<String>, line: usize) -> Finding {
        (self.file, self.line) = (Some(file.into()), Some(line));
        self
    }

    /// What another part of keyfob refuses, as a finding.
    pub(super) fn of_error(check: &'static str, error: &Error) -> Finding {
        let why = error.causes().next().map_or_else(|| "keyfob cannot continue".to_owned(), ToString::to_string);
        let fix = error.hints().first().cloned().unwrap_or_else(|| "see above".into());
        // It stands behind the word already.
        let fix = match fix {
            Hint::Run { words, why: Some(why) } if why == "fix it" => Hint::Run { words, why: None },
            fix => fix,
        };
        Finding::new(check, error.message(), why, fix)
    }

    /// Makes it safe, where that is a matter of a mode; whether it is fixed.
    pub fn apply_fix(&mut self) -> bool {
        if let Some((path, mode)) = &self.mode {
            self.fixed = modes::restrict(path, *mode).is_ok();
        }
        self.fixed
    }
}

/// The command, where there is one.
fn as_command<S: Serializer>(fix: &Hint, serializer: S) -> Result<S::Ok, S::Error> {
    fix.argv().serialize(serializer)
}
