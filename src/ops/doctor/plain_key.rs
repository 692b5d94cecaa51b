//! Keys that are stored in the AWS files.

use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::ops::import::plain_keys;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let name = checked.profile.name();
    let finding = |(file, line, is_temporary)| {
        let (message, why, fix) = match is_temporary {
            false => (
                format!("the access key of `{name}` is stored in plain text"),
                "every program that you run and every backup can read it",
                checked.fix_of_key(),
            ),
            true => (
                format!("a temporary key of `{name}` is stored in the file"),
                "SDKs cannot tell when it expires, and do not renew it",
                "delete its lines once it has expired".into(),
            ),
        };
        Finding::new("plain-key", message, why, fix).at(checked.path(file), line)
    };
    plain_keys(checked.profile).into_iter().map(finding).collect()
}
