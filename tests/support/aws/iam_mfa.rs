//! IAM's MFA devices: listing, and the life of a virtual one from its seed to its end.

use super::answer::{Refusal, Xml, element, iso_date, text};
use super::authentication::Caller;
use super::iam::{Implied, authorise, subject};
use super::params::{Checks, Params, patterns};
use super::world::{DeviceKind, World};

/// Devices a user or a root may have (IAM User Guide, "IAM and AWS STS quotas").
const DEVICES_PER_USER: usize = 8;

pub fn list_mfa_devices(world: &World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let user = subject(world, caller, params, "ListMFADevices", Implied::AnyCredentials)?;
    let devices = world.devices.values().filter(|device| device.user.as_deref() == Some(&user.arn));
    let members: String = devices
        .map(|device| {
            let enabled = text("EnableDate", &iso_date(device.enabled));
            let inside = text("UserName", &user.name) + &text("SerialNumber", &device.serial) + &enabled;
            element("member", &inside)
        })
        .collect();
    Ok(element("MFADevices", &members) + &text("IsTruncated", "false"))
}

pub fn create_virtual_mfa_device(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "VirtualMFADeviceName");
    checks.text(params, "VirtualMFADeviceName", (1, 226), patterns::NAME).finish()?;
    let name = params.get("VirtualMFADeviceName").unwrap_or_default();
    let serial = format!("arn:{}:iam::{}:mfa/{name}", world.partition, caller.account);
    authorise(world, caller, "CreateVirtualMFADevice", &serial, caller.user().is_some())?;
    if world.devices.contains_key(&serial) {
        let message = "MFADevice entity at the same path and name already exists.";
        return Err(Refusal::new(409, "EntityAlreadyExists", message));
    }
    world.create_device(&serial, DeviceKind::Virtual, None);
    let seed = &world.devices[&serial].seed;
    // Both are blobs of the API, so base64 once more; the picture is a stand-in that says so.
    let inside = text("SerialNumber", &serial)
        + &text("Base32StringSeed", &base64(seed.as_bytes()))
        + &text("QRCodePNG", &base64(b"FAKE PNG: the loopback AWS draws none"));
    Ok(element("VirtualMFADevice", &inside))
}

pub fn enable_mfa_device(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    check_codes(params)?;
    let user = subject(world, caller, params, "EnableMFADevice", Implied::AnyCredentials)?;
    let serial = params.get("SerialNumber").unwrap_or_default();
    let owned = world.devices.values().filter(|device| device.user.as_deref() == Some(&user.arn)).count();
    match world.devices.get(serial).ok_or_else(|| unknown_device(serial))?.user {
        Some(_) => return Err(Refusal::new(409, "EntityAlreadyExists", "MFA Device is already in use")),
        None if owned >= DEVICES_PER_USER => {
            let message = format!("Cannot exceed quota for MfaDevicesPerUser: {DEVICES_PER_USER}");
            return Err(Refusal::new(409, "LimitExceeded", message));
        }
        None => {}
    }
    spend_two_codes(world, serial, params)?;
    let now = world.now();
    let device = world.devices.get_mut(serial).expect("looked up above");
    device.user = Some(user.arn);
    device.enabled = now;
    Ok(String::new())
}

pub fn resync_mfa_device(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    check_codes(params)?;
    let serial = own_device(world, caller, params, "ResyncMFADevice")?;
    spend_two_codes(world, &serial, params)?;
    Ok(String::new())
}

pub fn deactivate_mfa_device(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let serial = own_device(world, caller, params, "DeactivateMFADevice")?;
    let device = world.devices.get_mut(&serial).expect("looked up above");
    device.user = None;
    Ok(String::new())
}

pub fn delete_virtual_mfa_device(world: &mut World, caller: &Caller, params: &Params) -> Result<Xml, Refusal> {
    let serial = params.get("SerialNumber").unwrap_or_default().to_owned();
    authorise(world, caller, "DeleteVirtualMFADevice", &serial, caller.user().is_some())?;
    match world.devices.get(&serial) {
        None => return Err(unknown_device(&serial)),
        Some(device) if device.user.is_some() => {
            return Err(Refusal::new(409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first."));
        }
        Some(_) => {}
    }
    world.devices.remove(&serial);
    Ok(String::new())
}

fn own_device(world: &World, caller: &Caller, params: &Params, action: &str) -> Result<String, Refusal> {
    let user = subject(world, caller, params, action, Implied::AnyCredentials)?;
    let serial = params.get("SerialNumber").unwrap_or_default();
    let device = world.devices.get(serial).filter(|device| device.user.as_deref() == Some(&user.arn));
    device.map(|device| device.serial.clone()).ok_or_else(|| unknown_device(serial))
}

fn unknown_device(serial: &str) -> Refusal {
    Refusal::no_such_entity(format!("VirtualMFADevice with serial number {serial} doesn't exist."))
}

fn check_codes(params: &Params) -> Result<(), Refusal> {
    let mut checks = Checks::default();
    checks.required(params, "SerialNumber").text(params, "SerialNumber", (9, 256), patterns::SERIAL);
    for name in ["AuthenticationCode1", "AuthenticationCode2"] {
        checks.required(params, name).text(params, name, (6, 6), patterns::DIGITS);
    }
    checks.finish()
}

/// Two codes that follow each other, the second not later than the next; both are spent.
fn spend_two_codes(world: &mut World, serial: &str, params: &Params) -> Result<(), Refusal> {
    let now = world.now();
    let device = world.devices.get_mut(serial).expect("the callers have looked it up");
    let step = |name: &str| device.step_of(params.get(name).unwrap_or_default(), now);
    match (step("AuthenticationCode1"), step("AuthenticationCode2")) {
        (Some(first), Some(second)) if second == first + 1 => {
            device.spent.extend([first, second]);
            for step in [first, second] {
                world.show_code(serial, step);
            }
            Ok(())
        }
        _ => Err(Refusal::new(403, "InvalidAuthenticationCode", "Authentication code for device is not valid")),
    }
}

pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - group.len()));
        for index in 0..4 {
            let value = usize::try_from((bits >> (18 - 6 * index)) & 63).expect("six bits");
            encoded.push(if index <= group.len() { char::from(ALPHABET[value]) } else { '=' });
        }
    }
    encoded
}

#[test]
fn blobs_are_base64() {
    assert_eq!([&b"a"[..], b"ab", b"abc"].map(base64), ["YQ==", "YWI=", "YWJj"]);
}
