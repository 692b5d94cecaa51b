//! Putting AWS's idea of a device's time right, for a token whose clock has drifted.

use crate::error::{Error, Result};
use crate::ops::Context;
use crate::ops::mfa::caller::Caller;
use crate::ops::mfa::{Plans, pair, seeds};

/// Sends two codes in a row, made from the stored seed, else typed.
///
/// # Errors
/// Where there are no codes, or AWS rejects them.
pub fn resync(context: &Context<'_>, plans: Plans<'_>, serial: Option<&str>) -> Result<()> {
    let serial = plans.serial(serial)?;
    let caller = Caller::new(context, plans.base)?;
    let codes = match seeds::find(context, &serial)? {
        Some((seed, _)) => pair::made(context, &serial, &seed)?,
        None => pair::typed(context, &serial, None)?,
    };
    let sent = caller.call("ResyncMFADevice", |devices, by| devices.resync_mfa_device(by, &caller.user, &codes));
    sent.map_err(|error| match error.is("InvalidAuthenticationCode") {
        true => Error::from(error).hint("both codes must be unused, and the second must directly follow the first"),
        false => error.into(),
    })?;
    context.talk.say(&format!("resynchronized `{serial}` with AWS"));
    Ok(())
}
