//! What an edit changes, as a unified diff without secrets. Pure.

use diffy::DiffOptions;

use crate::ini::Document;
use crate::mask;

/// The changed lines with three around them. A changed secret is not shown, not even that it changed.
pub(super) fn unified(path: &str, old: &Document, new: &Document) -> String {
    // Security: a diff is shown on terminals and pasted into tickets.
    let shown = |document: &Document| {
        let text = document.text_without(mask::is_secret_name);
        // A diff has lines only where there are line feeds.
        let has_lone_returns = text.replace("\r\n", "").contains('\r');
        let text = if has_lone_returns { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
        mask::lines(&text).into_owned()
    };
    let (old, new) = (shown(old), shown(new));
    DiffOptions::new()
        .set_original_filename(path.to_owned())
        .set_modified_filename(path.to_owned())
        .create_patch(&old, &new)
        .to_string()
}
