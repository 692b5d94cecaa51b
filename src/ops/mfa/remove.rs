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
        return Err(Error::new(Kind::Failed, format!("no seed of `{serial}` is kept here"))
            .hint(delete_command(profile, &serial).to("deactivate and delete the device at AWS")));
    }
    let question = match device {
        true => format!(
            "deactivate `{serial}` at AWS and delete it, with any seed kept here? from then on its user signs in without it, \
             and whatever wants MFA is out of reach until another device is enrolled"
        ),
        false => format!(
            "delete the seed of `{serial}`? unless an app has it too, nobody can make this device's codes any more, and only an \
             administrator can take the device away"
        ),
    };
    let answer = context.human.confirm(&question).map_err(|error| {
        error.into_error(&format!("a yes to removing `{serial}`")).hint(context.talk.again(&["--yes"]))
    })?;
    if !answer {
        return Err(Error::new(Kind::Failed, format!("`{serial}` stays as it is")));
    }
    if device {
        take_away(context, plans, &serial)?;
        context.talk.say(&format!("`{serial}` is deactivated and deleted at AWS"));
    }
    if seeds::forget(context, &serial)? {
        context.talk.say(&format!("the seed of `{serial}` is deleted"));
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
    let deactivated = caller.call("DeactivateMFADevice", |signer, target| {
        context.mfa_devices.deactivate_mfa_device(signer, &caller.user, serial, target)
    });
    match deactivated {
        Err(error) if !error.is("NoSuchEntity") => return Err(error.into()),
        Ok(()) | Err(_) => {}
    }
    // A hardware token is deactivated and stays a thing in a drawer.
    if !serial.contains(":mfa/") {
        return Ok(());
    }
    let deleted = caller.call("DeleteVirtualMFADevice", |signer, target| {
        context.mfa_devices.delete_virtual_mfa_device(signer, serial, target)
    });
    match deleted {
        Err(error) if !error.is("NoSuchEntity") => {
            Err(Error::from(error)
                .hint(context.talk.again(&[]).to(format!("delete `{serial}`, which is deactivated now"))))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
