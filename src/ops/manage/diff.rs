//! What an edit changes, as a unified diff without secrets. Pure.

use similar::{Algorithm, TextDiff};

use crate::ini::Document;
use crate::profile::known::is_secret;

/// The changed lines with three around them. A changed secret is not shown, not even that it changed.
pub(super) fn unified(path: &str, old: &Document, new: &Document) -> String {
    // Security: a diff is shown on terminals and pasted into tickets.
    let (old, new) = (old.text_without(is_secret), new.text_without(is_secret));
    TextDiff::configure()
        // Headers are unlike each other, so with these for anchors thousands of changes cost no more than their lines.
        .algorithm(Algorithm::Patience)
        .diff_lines(&old, &new)
        .unified_diff()
        .header(path, path)
        .to_string()
}
