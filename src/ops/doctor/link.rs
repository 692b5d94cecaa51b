//! A link whose program is gone, or that does not give SDKs the profile's own credentials.

use std::path::Path;

use crate::hint::run;
use crate::ops::doctor::Finding;
use crate::ops::doctor::checked::Checked;
use crate::process_line::{keyfob_profile_of, names_no_profile, other_command, split};
use crate::sys::modes::is_file;

pub(super) fn check(checked: &Checked<'_, '_>) -> Vec<Finding> {
    let (mut found, name) = (Vec::new(), checked.profile.name());
    let Some(process) = checked.profile.plain("credential_process") else { return found };
    let mut add = |message: String, why, fix| found.push(checked.finding("program", &process, message, why, fix));
    let Some(named) = keyfob_profile_of(&process.value) else {
        if names_no_profile(&process.value) {
            let fix = (checked.working_link)();
            add(
                format!("the link of `{name}` names no profile, so it asks for `default` whatever `--profile` is"),
                "SDKs get another profile's credentials, or an error",
                fix.unwrap_or_else(|| "write the name of a profile with a stored key at its end".into()),
            );
        } else if let Some(command) = other_command(&process.value) {
            let fix = (checked.working_link)();
            add(
                format!(
                    "the `credential_process` of `{name}` runs keyfob's `{command}`, whose output SDKs do not read"
                ),
                "SDKs expect the JSON that only `keyfob credential-process` prints",
                fix.unwrap_or_else(|| "run `keyfob credential-process` with the name of a profile there".into()),
            );
        } else if checked.has_link() {
            add(
                format!(
                    "another `credential_process` in the credentials file takes precedence over the link of `{name}`"
                ),
                "SDKs get other credentials than keyfob's",
                checked.link().unwrap_or_else(|| "remove one of the two lines".into()),
            );
        }
        return found;
    };
    let program = split(&process.value).ok().and_then(|words| words.first().cloned()).unwrap_or_default();
    if program.contains('/') && !is_file(Path::new(&program)) {
        let fix = checked.link().unwrap_or_else(|| run!("keyfob profile unlink {}", name));
        add(format!("`{program}` does not exist"), "SDKs that use the link fail", fix);
    }
    if let Some(fix) = (named != name).then(|| checked.link()).flatten() {
        let why = "this may be intended, or left over from copying a profile";
        add(format!("`{name}` is linked to the credentials of `{named}`"), why, fix);
    }
    found
}
