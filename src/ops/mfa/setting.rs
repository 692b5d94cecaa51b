//! The `mfa_serial` of profiles: written for the device they are to use, removed for one that is gone.

use crate::config_file::{AwsFiles, path_of};
use crate::error::Result;
use crate::hint::{Hint, run};
use crate::ini::Document;
use crate::ops::Context;
use crate::ops::edits::edit;
use crate::profile::{AwsFile, Profiles};

/// Names a device is set under; the second is seen by keyfob alone.
const NAMES: [&str; 2] = ["mfa_serial", "keyfob_mfa_serial"];

/// The device a profile uses.
pub(super) fn device_of(files: &AwsFiles, profile: &str) -> Option<String> {
    Some(files.profiles().get(profile)?.setting(NAMES[0])?.value.into_owned())
}

/// The command that makes a profile use a device.
pub(super) fn command(profile: &str, serial: &str) -> Hint {
    run!("keyfob profile set {} mfa_serial {}", profile, serial).to("make the profile use the device")
}

/// Has a profile use a device, where its setting stands already, else in the config file. Returns the lines to paste where
/// the AWS file cannot be replaced. `done` is what has been done before, for messages.
///
/// # Errors
/// Where the file cannot be read or changed.
pub(super) fn write(
    context: &Context<'_>,
    profile: &str,
    serial: &str,
    files: &AwsFiles,
    done: &str,
) -> Result<Option<String>> {
    let (file, name) = place(&files.profiles(), profile);
    let set = |document: &mut Document| document.set(file.section(profile), &name, serial);
    let edited =
        edit(context, file, set).map_err(|error| error.because(done.to_owned()).hint(command(profile, serial)))?;
    Ok(edited.or_lines(context, done, |_| {
        let path = path_of(context.paths, file).display();
        context.talk.say(&format!("wrote `{name}` of `{profile}` to {path}"));
    }))
}

/// Where a profile's device is set: the name that counts, in the file that counts.
fn place(profiles: &Profiles<'_>, profile: &str) -> (AwsFile, String) {
    let own = profiles.get(profile);
    let stands = own.and_then(|own| NAMES.iter().rev().find_map(|name| own.places(name).into_iter().next()));
    stands.map_or((AwsFile::Config, NAMES[0].to_owned()), |setting| (setting.file, setting.name.into_owned()))
}

/// A line that names a device.
struct Named<'a> {
    profile: &'a str,
    file: AwsFile,
    name: String,
    place: String,
}

/// Proposes to take the lines out that name a device AWS has no more; what stays is named.
///
/// # Errors
/// Where the person ends the conversation, or a file cannot be changed.
pub(super) fn take_out(context: &Context<'_>, serial: &str, files: &AwsFiles) -> Result<()> {
    let profiles = files.profiles();
    let mut named: Vec<Named<'_>> = Vec::new();
    for profile in profiles.names().filter_map(|name| profiles.get(name)) {
        let places = NAMES.iter().flat_map(|name| profile.places(name));
        named.extend(places.filter(|setting| setting.value == serial).map(|setting| Named {
            profile: profile.name(),
            file: setting.file,
            place: format!("{}:{}", path_of(context.paths, setting.file).display(), setting.line),
            name: setting.name.into_owned(),
        }));
    }
    let question = match named.as_slice() {
        [] => return Ok(()),
        [Named { place, profile, .. }] => {
            format!("{place}: `{profile}` still names the device; remove that line?")
        }
        several => {
            let places: Vec<String> =
                several.iter().map(|line| format!("{} (`{}`)", line.place, line.profile)).collect();
            format!("{} still name the device; remove those lines?", places.join(", "))
        }
    };
    let agreed = context.human.propose(&question).map_err(|error| error.into_error("an answer"))?;
    let mut left: Vec<&Named<'_>> = named.iter().collect();
    if agreed {
        for file in [AwsFile::Config, AwsFile::Credentials] {
            if take_out_of(context, serial, file, &named)? {
                left.retain(|line| line.file != file);
            }
        }
    }
    for Named { place, profile, .. } in left {
        context.talk.hint(format!("{place}: `{profile}` still names the device; remove that line").into());
    }
    Ok(())
}

/// Whether the lines of this file are gone; a file that cannot be replaced is not a failure of what was done at AWS.
fn take_out_of(context: &Context<'_>, serial: &str, file: AwsFile, named: &[Named<'_>]) -> Result<bool> {
    let lines: Vec<&Named<'_>> = named.iter().filter(|line| line.file == file).collect();
    if lines.is_empty() {
        return Ok(true);
    }
    let edited = edit(context, file, |document| {
        for Named { profile, name, .. } in &lines {
            let section = file.section(profile);
            // Meanwhile it may name another device.
            if document.value_in(section, name).as_deref() == Some(serial) {
                document.unset(section, name);
            }
        }
        Ok(())
    })?;
    let to_paste = edited.or_lines(context, "", |_| {
        for Named { profile, place, name, .. } in lines {
            context.talk.say(&format!("removed `{name}` of `{profile}` ({place})"));
        }
    });
    Ok(to_paste.is_none())
}
