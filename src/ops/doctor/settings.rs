//! Settings that SDKs do not know, and those that win over a link.

use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::ops::show::own_warnings;
use crate::profile::known::nearest;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let warnings = own_warnings(checked.profiles, checked.profile).into_iter();
    let finding = |(file, line, message)| {
        let mut here = checked.profile.settings().filter(|setting| (setting.file, setting.line) == (file, line));
        let why = match here.any(|setting| nearest(&setting.name).is_some()) {
            true => "SDKs ignore unknown settings",
            false => "SDKs that use it never ask keyfob for credentials",
        };
        Finding::new("setting", message, why, checked.fix_of_setting(file, line)).at(checked.path(file), line)
    };
    warnings.map(finding).collect()
}
