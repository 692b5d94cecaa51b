//! A profile whose chain loops, dangles or holds what AWS does not take; one that is not keyfob's is not a finding.

use crate::chain::PlanError;
use crate::error::Error;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let Err(error) = (checked.plan)() else { return Vec::new() };
    let why = match error {
        PlanError::NoCredentials { .. }
        // Found by its line, too.
        | PlanError::NoSsoSession { .. }
        | PlanError::TemporaryKey { .. }
        // It may be set where the profile is used.
        | PlanError::Environment { .. }
        | PlanError::NoSuchProfile { .. }
        | PlanError::AskedByItself(_) => return Vec::new(),
        PlanError::OtherServiceWithoutEndpoint { .. } => {
            "SDKs would send it to AWS, so keyfob does not issue it".to_owned()
        }
        _ => format!("`{}` gets no credentials", checked.profile.name()),
    };
    let (file, line) = checked.profile.header();
    let finding = Finding { why, ..Finding::of_error("chain", &Error::from(error)) };
    vec![finding.at(checked.path(file), line)]
}
