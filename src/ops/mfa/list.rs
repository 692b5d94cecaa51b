//! Devices at AWS and seeds here, side by side.

use serde::Serialize;

use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::ops::Context;
use crate::ops::mfa::Plans;
use crate::ops::mfa::caller::Caller;
use crate::sorted;
use crate::timestamp::Timestamp;

/// `mfa list --json`.
#[derive(Debug, Serialize)]
pub struct Devices {
    /// The user whose devices were listed; none where AWS did not list them.
    user: Option<String>,
    pub(crate) devices: Vec<Listed>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    pub(crate) serial: String,
    /// `virtual`, `hardware` or `security_key`.
    pub(crate) kind: &'static str,
    /// Null where AWS did not list them.
    pub(crate) on_aws: Option<bool>,
    pub(crate) seed: Option<StoredSeed>,
    /// The profiles whose `mfa_serial` it is.
    pub(crate) profiles: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct StoredSeed {
    pub(crate) backend: StoreId,
    added: Timestamp,
}

/// Puts together what AWS, the index and the profiles know. A list AWS refuses is a warning, not the end.
///
/// # Errors
/// Where the key or the index cannot be read.
pub fn list(context: &Context<'_>, plans: Plans<'_>, files: &AwsFiles) -> Result<Devices> {
    let caller = Caller::new(context, plans.base)?;
    let listed = match caller.devices() {
        Ok(serials) => Some(serials),
        Err(error) => {
            let error = Error::from(error);
            context.talk.warn(&format!("the list does not include the devices at AWS: {error}"));
            None
        }
    };
    let index = Index::load(&context.paths.data)?;
    let profiles = files.profiles();
    let users: Vec<(String, String)> = profiles
        .names()
        .filter_map(|name| Some((name.to_owned(), profiles.get(name)?.setting("mfa_serial")?.value.into_owned())))
        .collect();
    let mut serials = sorted::set(listed.iter().flatten().map(String::as_str));
    serials.extend(index.seeds().keys().map(String::as_str));
    // Another user's device, which another profile names, is no business of this one.
    serials.extend(plans.asked.mfa.iter().map(|mfa| mfa.serial.as_str()));
    let devices = serials.into_iter().map(|serial| Listed {
        serial: serial.to_owned(),
        kind: kind(serial),
        on_aws: listed.as_ref().map(|listed| listed.iter().any(|known| known == serial)),
        seed: index.seeds().get(serial).map(|entry| StoredSeed { backend: entry.backend, added: entry.added_at }),
        profiles: users.iter().filter(|(_, used)| used == serial).map(|(name, _)| name.clone()).collect(),
    });
    Ok(Devices { user: listed.is_some().then(|| caller.user.clone()), devices: devices.collect() })
}

fn kind(serial: &str) -> &'static str {
    if serial.contains(":u2f/") {
        "security_key"
    } else if serial.contains(":mfa/") {
        "virtual"
    } else {
        "hardware"
    }
}
