//! MFA devices: made and unmade at AWS, their seeds kept and forgotten here.

pub mod add;
mod caller;
pub mod code;
pub mod enroll;
mod half_made;
pub mod list;
mod pair;
pub mod remove;
pub mod resync;
mod seeds;
mod setting;
#[cfg(test)]
mod tests;

use crate::chain::Plan;
use crate::error::{Error, Kind, Result};
use crate::hint::run;

pub(in crate::ops) use caller::Caller;
pub(in crate::ops) use seeds::forget;

/// The plans a device is found by: the asked profile's, and that of the profile whose key the calls are signed with.
#[derive(Debug, Clone, Copy)]
pub struct Plans<'a> {
    /// The asked profile's: it says which device is used.
    pub asked: &'a Plan,
    /// Its base's: the device is that user's.
    pub base: &'a Plan,
}

impl Plans<'_> {
    /// The device asked for: `--serial`, else the plan's.
    ///
    /// # Errors
    /// Where neither names one.
    fn serial(&self, given: Option<&str>) -> Result<String> {
        let planned = self.asked.mfa.as_ref().map(|mfa| mfa.serial.clone());
        given.map(str::to_owned).or(planned).ok_or_else(|| {
            let profile = &self.asked.profile;
            let error = Error::new(Kind::Config, format!("`{profile}` uses no MFA device"));
            if !self.base.base.is_kept_key() {
                // Nobody could ask AWS for the devices of its user.
                return error.hint(run!("keyfob list").to("see which profiles have an access key"));
            }
            error
                .hint(run!("keyfob mfa list {}", profile).to("choose one of its user's devices with `--serial`"))
                .hint(run!("keyfob mfa enroll {}", self.base.profile).to("or enroll one"))
        })
    }
}
