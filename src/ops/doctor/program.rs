//! The `keyfob` that is started by its name.

use crate::ops::doctor::{Finding, Machine};
use crate::sys::program::{ProgramPaths, is_readable};

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let paths = match ProgramPaths::find(machine.context.env) {
        Ok(paths) => paths,
        Err(error) => {
            let fix = "run keyfob with its full path";
            return vec![Finding::new("program", error.to_string(), "keyfob cannot be linked", fix)];
        }
    };
    if is_readable(&paths.current) {
        machine.context.talk.explain(&format!(
            "{} can be read by you, so your other programs may open its memory in the instant before it protects itself; \
             keyfob's own packages install it with mode 0711, which prevents that",
            paths.current.display()
        ));
    }
    let other = paths.entries.first().filter(|(_, target)| *target != paths.current);
    let finding = other.map(|(entry, _)| {
        let message = format!("`keyfob` on PATH is {}, not this one ({})", entry.display(), paths.current.display());
        Finding::new("program", message, "two versions may behave differently", "remove one of them from PATH")
    });
    finding.into_iter().collect()
}
