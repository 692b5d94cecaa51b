//! Edits of the AWS files, for every command: whom an edit waits for, and what is said of a file that cannot be replaced.

use crate::config_file::{self, Edited, Paste};
use crate::error::Result;
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

/// Warns that a file cannot be replaced, after what was done before (`done`) has worked. Returns the lines to paste.
pub(super) fn ask_to_paste(context: &Context<'_>, Paste { path, cause, lines }: Paste, done: &str) -> String {
    let path = path.display();
    context.talk.warn(&format!("cannot replace {path}: {cause}"));
    if !lines.is_empty() {
        context.talk.hint(format!("{done}; add these lines to {path} yourself").into());
    }
    lines
}
