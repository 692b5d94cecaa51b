//! Edits of the AWS files, for every command: whom an edit waits for, and what is said of a file that cannot be replaced.

use crate::config_file::{self, Edited, Paste};
use crate::error::{Error, Result};
use crate::ini::{Document, EditError};
use crate::ops::Context;
use crate::profile::AwsFile;
use crate::sys::lock::holder_name;

/// Edits a file as [`config_file::edit`] does, and says whom it waits for.
///
/// # Errors
/// As [`config_file::edit`].
pub(super) fn edit(
    context: &Context<'_>,
    file: AwsFile,
    change: impl FnMut(&mut Document) -> Result<(), EditError>,
) -> Result<Edited> {
    let waiting = |holder: Option<u32>| {
        let holder = holder_name(holder);
        context.human.waiting(&format!("waiting for {holder}, which is editing the AWS files"));
    };
    Ok(config_file::edit(context.paths, file, waiting, change)?)
}

impl Edited {
    /// Whether the file was changed, where it had to be.
    ///
    /// # Errors
    /// Where it cannot be replaced, with the lines to paste and this hint.
    pub(super) fn or_fail(self, hint: &'static str) -> Result<bool> {
        match self {
            Edited::Changed => Ok(true),
            Edited::Unchanged => Ok(false),
            Edited::Paste(paste) => Err(Error::from(paste).hint(hint)),
        }
    }

    /// Has `say` say whether the file was changed. Where it cannot be replaced, warns of that instead, after what was done before
    /// (`done`) has worked, and returns the lines to paste.
    pub(super) fn or_lines(self, context: &Context<'_>, done: &str, say: impl FnOnce(bool)) -> Option<String> {
        let Paste { path, cause, lines } = match self {
            Edited::Changed | Edited::Unchanged => {
                say(matches!(self, Edited::Changed));
                return None;
            }
            Edited::Paste(paste) => paste,
        };
        let path = path.display();
        context.talk.warn(&format!("cannot replace {path}: {cause}"));
        if !lines.is_empty() {
            context.talk.hint(format!("{done}; add these lines to {path} yourself").into());
        }
        Some(lines)
    }
}
