//! Edits of the AWS files, for every command: whom an edit waits for, and what is said of a file that cannot be replaced.

use crate::config_file::{self, Edited, Paste};
use crate::error::{Error, Result};
use crate::ini::{Document, EditError};
use crate::ops::Context;
use crate::profile::{AwsFile, Profiles};
use crate::sys::lock::holder_name;

/// Edits a file as [`config_file::edit`] does, says whom it waits for, and warns of what some SDKs read otherwise.
///
/// # Errors
/// As [`config_file::edit`].
pub(super) fn edit(
    context: &Context<'_>,
    file: AwsFile,
    mut change: impl FnMut(&mut Document) -> Result<(), EditError>,
) -> Result<Edited> {
    let waiting = |holder: Option<u32>| {
        let holder = holder_name(holder);
        context.human.waiting(&format!("waiting for {holder}, which is editing the AWS files"));
    };
    let mut texts = None;
    let edited = config_file::edit(context.paths, file, waiting, |document| {
        let old = document.clone();
        change(document)?;
        texts = Some((old, document.clone()));
        Ok(())
    })?;
    if let (Edited::Changed, Some((old, new))) = (&edited, texts) {
        warn_of_new(context, file, &old, &new);
    }
    Ok(edited)
}

/// Names what an edit has brought in that some SDKs ignore or read otherwise: a new profile's name, for example.
fn warn_of_new(context: &Context<'_>, file: AwsFile, old: &Document, new: &Document) {
    let warnings = |document| match file {
        AwsFile::Config => Profiles::new(Some(document), None).warnings(),
        AwsFile::Credentials => Profiles::new(None, Some(document)).warnings(),
    };
    let known: Vec<String> = warnings(old).iter().map(|warning| without_lines(&warning.message)).collect();
    let path = config_file::path_of(context.paths, file).display();
    for warning in warnings(new).iter().filter(|warning| !known.contains(&without_lines(&warning.message))) {
        context.talk.warn(&format!("{path}:{}: {}", warning.line, warning.message));
    }
}

/// A message without the numbers of lines, which an edit above them changes.
fn without_lines(message: &str) -> String {
    let mut parts = message.split("line ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "line " + part.trim_start_matches(|letter: char| letter.is_ascii_digit()))
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
