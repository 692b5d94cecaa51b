//! Which MFA device counts, and which program gives its codes.
//!
//! Pure.

use crate::chain::error::PlanError;
use crate::chain::reason::Reason;
use crate::chain::request::{Request, Used};
use crate::chain::step::{Mfa, SpentIn};
use crate::chain::values;
use crate::chain::walk::Walk;

/// A device, and who names it.
pub(super) struct Device {
    pub(super) serial: String,
    profile: String,
    process: Option<String>,
}

impl Device {
    pub(super) fn spent_in(self, spent_in: SpentIn) -> Mfa {
        Mfa { serial: self.serial, profile: self.profile, process: self.process, spent_in }
    }
}

/// The device: the first role's, or without roles the asked profile's, else the base's. `mfa_process` alike.
pub(super) fn find(
    walk: &Walk<'_>,
    request: &Request,
    used: &mut Vec<Used>,
    notes: &mut Vec<Reason>,
) -> Result<Option<Device>, PlanError> {
    if request.without_device {
        return Ok(None);
    }
    let (first, base) = (walk.role_nodes().next().unwrap_or(walk.requested()), walk.base_node());
    let mut found = None;
    for node in [first, base] {
        if let Some(setting) = node.read("mfa_serial", used) {
            let serial = node.value(&setting, values::mfa_serial)?;
            if serial.contains(":u2f/") {
                return Err(PlanError::SecurityKey { serial, profile: node.name.clone(), place: node.place(&setting) });
            }
            found = Some((serial, node.name.clone()));
            break;
        }
    }
    let serial = found.as_ref().map(|(serial, _)| serial.clone());
    for node in &walk.nodes {
        if let Some(other) = node.setting("mfa_serial").filter(|other| Some(&*other.value) != serial.as_deref()) {
            notes.push(Reason::OtherDeviceNotUsed {
                profile: node.name.clone(),
                serial: other.value.to_string(),
                used: serial.clone(),
                base: base.name.clone(),
            });
        }
    }
    let Some((serial, profile)) = found else { return Ok(None) };
    let process = [first, base]
        .into_iter()
        .find_map(|node| node.read("mfa_process", used))
        .map(|setting| setting.value.into_owned())
        .or_else(|| request.mfa_process.clone());
    Ok(Some(Device { serial, profile, process }))
}

/// Notes the devices that a plan over a session has no use for: AWS takes no code with one (STS API, AssumeRole).
pub(super) fn note_unused(walk: &Walk<'_>, notes: &mut Vec<Reason>) {
    for node in &walk.nodes {
        if let Some(serial) = node.setting("mfa_serial") {
            let (profile, serial) = (node.name.clone(), serial.value.to_string());
            notes.push(Reason::DeviceOverSession { profile, serial });
        }
    }
}
