//! What an edit changes, as a unified diff without secrets. Pure.

use diffy::DiffOptions;

use crate::ini::Document;
use crate::profile::known::is_secret;

/// The changed lines with three around them. A changed secret is not shown, not even that it changed.
pub(super) fn unified(path: &str, old: &Document, new: &Document) -> String {
    // Security: a diff is shown on terminals and pasted into tickets.
    let (old, new) = (old.text_without(is_secret), new.text_without(is_secret));
    DiffOptions::new()
        .set_original_filename(path.to_owned())
        .set_modified_filename(path.to_owned())
        .create_patch(&old, &new)
        .to_string()
}
