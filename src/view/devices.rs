//! `mfa list`.

use crate::ops::mfa::list::Devices;
use crate::view::table::Table;

/// The devices; nothing where there is none.
pub fn text(devices: &Devices) -> String {
    let rows = devices.devices.iter().map(|device| {
        let on_aws = match device.on_aws {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        let seed = match (&device.seed, device.kind) {
            (Some(seed), _) => seed.backend.to_string(),
            (None, "security_key") => "not for codes".to_owned(),
            (None, _) => "-".to_owned(),
        };
        [device.serial.clone(), on_aws.to_owned(), seed, device.profiles.join(", ")]
    });
    Table::new(["DEVICE", "AWS", "SEED", "PROFILES"], rows).to_string()
}
