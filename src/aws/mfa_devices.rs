//! The MFA devices of an IAM user.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
        let user: Vec<_> = user_name.map(|name| ("UserName", name)).into_iter().collect();
        let listed = self.iam_pages(by, "ListMFADevices", &user, "MFADevices")?;
        let serials: Option<Vec<_>> =
            listed.iter().map(|device| device.text("SerialNumber").map(str::to_owned)).collect();
        serials.ok_or_else(|| incomplete("lacks a serial number"))
    }

    fn create_virtual_mfa_device(&self, by: Access<'_>, name: &str) -> Result<NewMfaDevice, AwsError> {
        let parameters = [("VirtualMFADeviceName", name)];
        let answer = self.iam(by, Sending::Once, "CreateVirtualMFADevice", &parameters)?;
        let made = answer.child("VirtualMFADevice").and_then(|device| {
            let serial = device.text("SerialNumber")?.to_owned();
            // Base64 of the base32 text, as all blobs of the protocol.
            let seed = STANDARD.decode(device.secret("Base32StringSeed")?.expose()).ok()?;
            Some(NewMfaDevice { serial, seed: Secret::new(String::from_utf8(seed).ok()?) })
        });
        made.ok_or_else(|| incomplete("contains no seed"))
    }

    fn enable_mfa_device(&self, by: Access<'_>, user_name: &str, codes: &CodePair) -> Result<(), AwsError> {
        self.send_codes(by, "EnableMFADevice", user_name, codes)
    }

    fn resync_mfa_device(&self, by: Access<'_>, user_name: &str, codes: &CodePair) -> Result<(), AwsError> {
        self.send_codes(by, "ResyncMFADevice", user_name, codes)
    }

    fn deactivate_mfa_device(&self, by: Access<'_>, user_name: &str, serial: &str) -> Result<(), AwsError> {
        let parameters = [("UserName", user_name), ("SerialNumber", serial)];
        self.iam(by, Sending::Retried, "DeactivateMFADevice", &parameters).map(drop)
    }

    fn delete_virtual_mfa_device(&self, by: Access<'_>, serial: &str) -> Result<(), AwsError> {
        self.iam(by, Sending::Retried, "DeleteVirtualMFADevice", &[("SerialNumber", serial)]).map(drop)
    }
}

impl Aws {
    fn send_codes(
        &self,
        by: Access<'_>,
        action: &'static str,
        user_name: &str,
        codes: &CodePair,
    ) -> Result<(), AwsError> {
        let (first, second) = (codes.first.expose(), codes.second.expose());
        let parameters = [
            ("UserName", user_name),
            ("SerialNumber", codes.serial.as_str()),
            ("AuthenticationCode1", first),
            ("AuthenticationCode2", second),
        ];
        self.iam_with(by, Sending::Once, action, &parameters, &[first, second]).map(drop)
    }
}
