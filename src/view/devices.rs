//! `mfa list`.

use crate::ops::mfa::list::Devices;
use crate::view::table::Table;

/// The devices; nothing where there is none.
///
/// On a terminal of `width` columns that the serials do not fit, a virtual device has its name alone; what is still too wide
/// is cut.
pub fn text(devices: &Devices, width: Option<usize>) -> String {
    let whole = table(devices, |serial| serial);
    match width {
        Some(width) if whole.width() > width => {
            let short = table(devices, |serial| serial.rsplit('/').next().unwrap_or(serial));
            short.fit(width, &[0, 2, 3], &[2, 1, 3]).to_string()
        }
        Some(_) | None => whole.to_string(),
    }
}

fn table(devices: &Devices, name: impl Fn(&str) -> &str) -> Table<4> {
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
        [name(&device.serial).to_owned(), on_aws.to_owned(), seed, device.profiles.join(", ")]
    });
    Table::new(["DEVICE", "AWS", "SEED", "PROFILES"], rows)
}
