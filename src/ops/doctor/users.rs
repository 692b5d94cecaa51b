//! Users that keyfob was creating or removing when it stopped.

use crate::hint::run;
use crate::ops::doctor::{Finding, Machine};
use crate::ops::user::unfinished_users;

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    let journals = match unfinished_users(machine.context) {
        Ok(journals) => journals,
        Err(error) => return vec![Finding::of_error("unfinished-user", &error)],
    };
    let found = journals.into_iter().map(|journal| {
        let (name, with, step) = (&journal.name, &journal.with, journal.at().0);
        let (message, fix) = if step.removes() {
            let message = format!("removing the user `{name}` stopped at `{}`", step.name());
            (message, run!("keyfob user remove {} --with {}", name, with))
        } else {
            let message = format!("creating the user `{name}` stopped at `{}`", step.name());
            (message, run!("keyfob user create {} --resume --with {}", name, with))
        };
        Finding::new("unfinished-user", message, step.leaves(), fix)
    });
    found.collect()
}
