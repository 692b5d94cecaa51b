//! The MFA devices of an IAM user.

use crate::aws::client::{Aws, Sending};
use crate::aws::iam::incomplete;
use crate::aws::{Access, AwsError};
use crate::secret::Secret;

/// The IAM calls about MFA devices.
pub trait MfaDevices {
    /// The serials of the MFA devices of `user_name`, or of the signer where `None`.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn list_mfa_devices(&self, by: Access<'_>, user_name: Option<&str>) -> Result<Vec<String>, AwsError>;

    /// Makes a virtual MFA device, which is nobody's until it is enabled. Sent once.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `EntityAlreadyExists` where there is one of this name.
    fn create_virtual_mfa_device(&self, by: Access<'_>, name: &str) -> Result<NewMfaDevice, AwsError>;

    /// Gives a device to a user. Sent once: it spends both codes.
    ///
    /// # Errors
    /// As [`AwsError`] tells; `InvalidAuthenticationCode` where the codes do not follow each other.
    fn enable_mfa_device(&self, by: Access<'_>, user_name: &str, codes: &CodePair) -> Result<(), AwsError>;

    /// Puts AWS's idea of a device's time right. Sent once: it spends both codes.
    ///
    /// # Errors
    /// As [`MfaDevices::enable_mfa_device`].
    fn resync_mfa_device(&self, by: Access<'_>, user_name: &str, codes: &CodePair) -> Result<(), AwsError>;

    /// Takes a device from its user. A second time it is refused with `NoSuchEntity`.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn deactivate_mfa_device(&self, by: Access<'_>, user_name: &str, serial: &str) -> Result<(), AwsError>;

    /// Deletes a virtual device that is nobody's; refused with `DeleteConflict` while it is somebody's.
    ///
    /// # Errors
    /// As [`AwsError`] tells.
    fn delete_virtual_mfa_device(&self, by: Access<'_>, serial: &str) -> Result<(), AwsError>;
}

/// A virtual MFA device just made. AWS tells its seed this once.
#[derive(Debug, Clone)]
pub struct NewMfaDevice {
    pub serial: String,
    /// Its seed in base32.
    pub seed: Secret,
}

/// A device and two of its codes, the second of the step after the first's.
#[derive(Debug, Clone)]
pub struct CodePair {
    /// The device's serial number or ARN.
    pub serial: String,
    /// Six digits.
    pub first: Secret,
    /// Six digits.
    pub second: Secret,
}

impl MfaDevices for Aws {
    fn list_mfa_devices(&self, by: Access<'_>, user_name: Option<&str>) -> Result<Vec<String>, AwsError> {
        // One page: a user has at most eight devices (IAM User Guide, "IAM and AWS STS quotas"), a page up to a hundred.
        let answer = self.iam(by, Sending::Retried, |iam| {
            iam.list_mfa_devices().set_user_name(user_name.map(str::to_owned)).send()
        })?;
        Ok(answer.mfa_devices.into_iter().map(|device| device.serial_number).collect())
    }

    fn create_virtual_mfa_device(&self, by: Access<'_>, name: &str) -> Result<NewMfaDevice, AwsError> {
        let answer =
            self.iam(by, Sending::Once, |iam| iam.create_virtual_mfa_device().virtual_mfa_device_name(name).send())?;
        let made = answer.virtual_mfa_device.and_then(|device| {
            let seed = String::from_utf8(device.base32_string_seed?.into_inner()).ok()?;
            Some(NewMfaDevice { serial: device.serial_number, seed: Secret::new(seed) })
        });
        made.ok_or_else(|| incomplete("contains no seed"))
    }

    fn enable_mfa_device(&self, by: Access<'_>, user_name: &str, codes: &CodePair) -> Result<(), AwsError> {
        let CodePair { serial, first, second } = codes;
        self.iam(by, Sending::Once, |iam| {
            let request = iam.enable_mfa_device().user_name(user_name).serial_number(serial);
            request.authentication_code1(first.expose()).authentication_code2(second.expose()).send()
        })
        .map(drop)
    }

    fn resync_mfa_device(&self, by: Access<'_>, user_name: &str, codes: &CodePair) -> Result<(), AwsError> {
        let CodePair { serial, first, second } = codes;
        self.iam(by, Sending::Once, |iam| {
            let request = iam.resync_mfa_device().user_name(user_name).serial_number(serial);
            request.authentication_code1(first.expose()).authentication_code2(second.expose()).send()
        })
        .map(drop)
    }

    fn deactivate_mfa_device(&self, by: Access<'_>, user_name: &str, serial: &str) -> Result<(), AwsError> {
        self.iam(by, Sending::Retried, |iam| {
            iam.deactivate_mfa_device().user_name(user_name).serial_number(serial).send()
        })
        .map(drop)
    }

    fn delete_virtual_mfa_device(&self, by: Access<'_>, serial: &str) -> Result<(), AwsError> {
        self.iam(by, Sending::Retried, |iam| iam.delete_virtual_mfa_device().serial_number(serial).send()).map(drop)
    }
}
