//! A device that was made and is not known to be enabled: found out about, or deleted again.

use std::time::Duration;

use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::ops::Context;
use crate::ops::mfa::caller::Caller;
use crate::ops::mfa::seeds;
use crate::ops::signed::Refusal;

/// How long lists may lag behind what was done, seconds, and how often is looked.
const LISTS_LAG: u64 = 30;
const LOOK_EVERY: u8 = 3;

/// A device that must not stay as it is.
pub(super) struct HalfMade<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) caller: &'a Caller<'a>,
    pub(super) serial: &'a str,
    pub(super) profile: &'a str,
    /// Where its seed may be.
    pub(super) backend: Option<StoreId>,
}

impl HalfMade<'_> {
    /// Finds out what became of an EnableMFADevice whose answer was lost.
    ///
    /// # Errors
    /// `error`, where the device was not enabled.
    pub(super) fn settle(&self, mut error: Refusal) -> Result<()> {
        let Context { clock, human, .. } = self.context;
        human.progress("no response from AWS: checking whether the device is enabled");
        for waited in (0..=LISTS_LAG).step_by(LOOK_EVERY.into()) {
            match self.caller.devices() {
                Ok(devices) if devices.iter().any(|serial| serial == self.serial) => {
                    human.countdown("");
                    return Ok(());
                }
                Ok(_) | Err(_) => {}
            }
            if waited < LISTS_LAG {
                human.countdown(&format!("not listed yet, checking for {} s more", LISTS_LAG - waited));
                if clock.wait_or_interrupt(Duration::from_secs(LOOK_EVERY.into())) {
                    error = Error::new(Kind::Cancelled, "interrupted").into();
                    break;
                }
            }
        }
        human.countdown("");
        match self.delete() {
            // AWS deletes no device that is somebody's: it is enabled after all.
            Err(refused) if refused.is("DeleteConflict") => Ok(()),
            deleted => Err(self.told(error.into(), deleted)),
        }
    }

    /// Deletes the device again, and its seed with it; what stays is named in the error.
    pub(super) fn undo(&self, error: Error) -> Error {
        let deleted = self.delete();
        self.told(error, deleted)
    }

    fn delete(&self) -> Result<(), Refusal> {
        let deleted = self.caller.delete_device(self.serial);
        match deleted {
            Err(error) if error.is("NoSuchEntity") => Ok(()),
            deleted => deleted,
        }
    }

    fn told(&self, error: Error, deleted: Result<(), Refusal>) -> Error {
        let Self { serial, profile, .. } = self;
        match deleted {
            // Only now: a device that may be enabled keeps its seed.
            Ok(()) => match self.forget_seed() {
                Ok(()) => error.outcome(format!("the device `{serial}` was deleted again")),
                Err(kept) => {
                    error.outcome(format!("the device `{serial}` was deleted again, but its seed was not: {kept}"))
                }
            },
            Err(failed) => {
                let failed = Error::from(failed);
                error
                    .because(format!("`{serial}` could not be deleted again: {failed}"))
                    .outcome(delete_command(profile, serial).to("delete the unfinished device"))
            }
        }
    }

    /// In the store also where it has not come to the index.
    fn forget_seed(&self) -> Result<()> {
        if let Some(backend) = self.backend {
            seeds::forget(self.context, self.serial)?;
            seeds::delete(self.context, self.serial, backend)?;
        }
        Ok(())
    }
}

/// The command that deletes a half-made device.
pub(super) fn delete_command(profile: &str, serial: &str) -> Hint {
    run!("keyfob mfa remove {} --serial {} --device", profile, serial)
}
