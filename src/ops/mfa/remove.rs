//! Forgetting a seed, and taking a device away at AWS.
//!
//! At AWS first: a kill in between leaves the seed of a device that is gone, which does no harm and goes with the next
//! `remove`. The other way round it would leave a device whose codes nobody can make.

use crate::config_file::AwsFiles;
use crate::error::{Error, Kind, Result};
use crate::index::Index;
use crate::ops::Context;
use crate::ops::mfa::caller::Caller;
use crate::ops::mfa::half_made::delete_command;
use crate::ops::mfa::{Plans, seeds, setting};

/// Forgets the seed of a device, after asking; with `device` the device at AWS goes before, and the lines that name it after.
///
/// # Errors
/// Where the answer is no or nobody can give one, AWS refuses, or a store fails.
pub fn remove(
    context: &Context<'_>,
    plans: Plans<'_>,
    serial: Option<&str>,
    device: bool,
    files: &AwsFiles,
) -> Result<()> {
    let serial = plans.serial(serial)?;
    let profile = &plans.asked.profile;
    let seed = Index::load(&context.paths.data)?.seeds().get(&serial).cloned();
    if !device && seed.is_none() {
        return Err(Error::new(Kind::Failed, format!("no seed of `{serial}` is stored"))
            .hint(delete_command(profile, &serial).to("deactivate and delete the device at AWS")));
    }
    let question = match device {
        true => format!(
            "deactivate and delete `{serial}` at AWS{}? its user then signs in without it, and cannot use anything that requires MFA until another device is enrolled",
            if seed.is_some() { ", and delete its stored seed" } else { "" }
        ),
        false => format!(
            "delete the seed of `{serial}`? unless an app has it too, nobody can generate this device's codes any more, and only an administrator can remove the device"
        ),
    };
    if !context.confirm(&question, &format!("confirmation to remove `{serial}`"))? {
        return Err(Error::new(Kind::Failed, format!("cancelled; `{serial}` was not changed")));
    }
    if device {
        take_away(context, plans, &serial)?;
        context.talk.say(&format!("deactivated and deleted `{serial}` at AWS"));
    }
    if seeds::forget(context, &serial)? {
        context.talk.say(&format!("deleted the seed of `{serial}`"));
    }
    if device {
        let mut index = Index::edit(&context.paths.data)?;
        index.forget_device(&serial);
        index.save()?;
        setting::take_out(context, &serial, files)?;
    }
    Ok(())
}

/// Each step may have been done by a run that was interrupted.
fn take_away(context: &Context<'_>, plans: Plans<'_>, serial: &str) -> Result<()> {
    let caller = Caller::new(context, plans.base)?;
    match caller.call("DeactivateMFADevice", |devices, by| devices.deactivate_mfa_device(by, &caller.user, serial)) {
        Err(error) if !error.is("NoSuchEntity") => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    // A hardware token is deactivated and stays a thing in a drawer.
    if !serial.contains(":mfa/") {
        return Ok(());
    }
    match caller.delete_device(serial) {
        Err(error) if !error.is("NoSuchEntity") => Err(Error::from(error)
            .hint(context.talk.again(&[]).to(format!("delete `{serial}`, which is already deactivated")))),
        Ok(()) | Err(_) => Ok(()),
    }
}
