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
        let message = format!("{} the user `{name}` stopped at `{}`", step.doing(), step.name());
        let fix = match step {
            step if step.removes() => run!("keyfob user remove {} --with {}", name, with),
            step if step.creates() => run!("keyfob user create {} --resume --with {}", name, with),
            _ => run!("keyfob user create {} --rollback --with {}", name, with),
        };
        Finding::new("unfinished-user", message, step.leaves(), fix)
    });
    found.collect()
}
