//! `rotate --status`.

use crate::credentials::AccessKeyId;
use crate::format::harmless::one_line;
use crate::ops::rotate::status::Status;

/// How a rotation stands, and its steps.
pub fn text(status: &Status) -> String {
    let Some(rotation) = &status.rotation else {
        return format!("`{}` has no unfinished rotation\n", one_line(&status.profile));
    };
    let mut text = format!(
        "{}  {} -> {}  {} ({} `{}`)\n{}\n",
        one_line(&status.profile),
        rotation.old.short(),
        rotation.new.as_ref().map_or("-".to_owned(), AccessKeyId::short),
        rotation.state,
        if rotation.done { "after" } else { "in" },
        rotation.step.name(),
        rotation.leaves
    );
    for line in &rotation.history {
        text += &format!("  {}  {}  {}\n", line.at, if line.done { "done " } else { "begin" }, line.step.name());
    }
    if let ("resting", Some(from)) = (rotation.state, &rotation.finish_from) {
        text += &format!("the old key can be deleted after {from}\n");
    }
    text
}
