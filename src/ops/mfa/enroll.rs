//! Enrolling a virtual MFA device: made, shown, its seed kept, enabled, written into the profile.
//!
//! What each interruption leaves. Before CreateVirtualMFADevice: nothing. After it, until EnableMFADevice is sent: a device
//! that is nobody's, and perhaps its seed here; a failure, and Ctrl-C at a question or while a code is waited for, deletes both
//! again. A kill leaves them, and so does such a Ctrl-C where signals cannot wait; the next enrolment of that name offers to
//! take the device away, or names the command that does. From then on the seed is in the key store and was read back,
//! or in the app whose two codes are sent: an enabled device always has one. A lost answer is looked up by listing; what
//! is not listed is deleted, which AWS refuses for a device that is enabled after all, and only then is the seed dropped.

use std::path::PathBuf;

use crate::aws::CodePair;
use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::AskError;
use crate::ops::Context;
use crate::ops::mfa::add::say_what_it_means;
use crate::ops::mfa::caller::Caller;
use crate::ops::mfa::half_made::{HalfMade, delete_command};
use crate::ops::mfa::{Plans, pair, seeds, setting};
use crate::qr::{self, Drawn};
use crate::secret::Secret;
use crate::sys::files::create_new;
use crate::totp::Seed;

/// Devices a user may have (IAM User Guide, "IAM and AWS STS quotas").
const MOST_DEVICES: usize = 8;

/// How often two typed codes may be refused.
const TRIES: usize = 3;

/// What is asked of [`enroll`].
#[derive(Debug)]
pub struct EnrollRequest {
    /// The device's name; none: it is asked for, or the user's.
    pub name: Option<String>,
    /// Where the seed is kept; none: in an app alone.
    pub backend: Option<StoreId>,
    /// Where to write the QR code as a picture.
    pub png: Option<PathBuf>,
    /// Whether the seed is returned, as it may be shown.
    pub show_secret: bool,
    /// `--yes`.
    pub yes: bool,
}

/// What [`enroll`] shows before it asks for codes: `otpauth://` address and base32 key, a line each.
pub type ShowSecret<'a> = &'a dyn Fn(&Secret) -> Result<()>;

/// Enrols a virtual device for the user of the profile's key, and has the profile use it. Returns the lines to paste where
/// the AWS file cannot be replaced.
///
/// # Errors
/// Where anything is refused or fails; the message names whatever is left behind, and the command that deletes it.
pub fn enroll(
    context: &Context<'_>,
    plans: Plans<'_>,
    request: &EnrollRequest,
    files: &AwsFiles,
    show_secret: ShowSecret<'_>,
) -> Result<Option<String>> {
    let profile = &plans.asked.profile;
    if plans.base.profile != *profile {
        let base = &plans.base.profile;
        return Err(Error::new(
            Kind::Usage,
            format!(
                "`{profile}` gets its credentials from `{base}`, and the MFA device belongs to that profile's user"
            ),
        )
        .hint(run!("keyfob mfa enroll {}", base).to("enroll it there, for all profiles that use its key")));
    }
    if request.backend.is_none() && !context.human.is_there() {
        return Err(Error::new(Kind::NeedsHuman, "two codes from your app are needed, but nobody can be asked")
            .hint(context.talk.again(&["--store"]).to("run it in a terminal, or let keyfob store the seed")));
    }
    // Whatever could keep the seed from being stored is found out before there is one.
    if let Some(backend) = request.backend {
        context.store(backend)?.presence().map_err(|error| error.for_user(backend))?;
    }
    if let Some(path) = request.png.as_ref().filter(|path| path.exists()) {
        return Err(Error::new(Kind::Usage, format!("{} already exists", path.display())));
    }
    let caller = Caller::new(context, plans.base)?;
    let devices = caller.devices()?;
    if devices.len() >= MOST_DEVICES {
        return Err(Error::new(
            Kind::Failed,
            format!("user `{}` has {MOST_DEVICES} MFA devices, which is all AWS allows", caller.user),
        )
        .hint(run!("keyfob mfa list {}", profile).to("list them"))
        .hint(run!("keyfob mfa remove {} --serial ARN --device", profile).to("then remove one")));
    }
    let name = name(context, request, &caller, &devices)?;

    let device = create(context, &caller, profile, &name, &devices)?;
    context.talk.say(&format!("created `{}`, which is not enabled yet", device.serial));
    let half_made = HalfMade { context, caller: &caller, serial: &device.serial, profile, backend: request.backend };
    let pair = match prepare(context, request, &device, &caller, Some(show_secret)) {
        Ok(pair) => pair,
        Err(error) => return Err(half_made.undo(error)),
    };
    enable(context, &half_made, pair, &device, request.backend.is_some())?;
    context.talk.say(&format!("`{}` is enabled for user `{}`", device.serial, caller.user));
    if let Some(backend) = request.backend {
        context.talk.say(&format!("stored its seed in {}; keyfob now generates its codes", backend.title()));
        say_what_it_means(context, plans, &device.serial, backend);
    }
    write_profile(context, request, profile, &device.serial, files)
}

/// Creates and enables a device for somebody else, whose name is its name; with a number where that is taken. `note` is told
/// the serial before there is a device, or none where that was somebody else's. Returns the serial.
///
/// One of those in `noted` was left by an earlier try: it is enabled, or else deleted and created again.
///
/// # Errors
/// As [`enroll`].
pub(in crate::ops) fn enroll_for(
    context: &Context<'_>,
    caller: &Caller<'_>,
    request: &EnrollRequest,
    profile: &str,
    noted: &[String],
    note: &mut dyn FnMut(Option<&str>) -> Result<()>,
) -> Result<String> {
    for serial in noted {
        if caller.devices()?.contains(serial) {
            return Ok(serial.clone());
        }
        match caller.delete_device(serial) {
            // AWS deletes no device that is enabled: this one is another user's.
            Err(refused) if !["NoSuchEntity", "DeleteConflict"].iter().any(|code| refused.is(code)) => {
                return Err(refused.into());
            }
            Ok(()) | Err(_) => note(None)?,
        }
    }
    let names = std::iter::once(caller.user.clone()).chain((2..10).map(|number| format!("{}-{number}", caller.user)));
    for name in names {
        note(Some(&caller.serial_of(&name)))?;
        let send = || caller.call("CreateVirtualMFADevice", |devices, by| devices.create_virtual_mfa_device(by, &name));
        let made = match send() {
            Err(taken) if taken.is("EntityAlreadyExists") => {
                note(None)?;
                continue;
            }
            made => made?,
        };
        let seed = Seed::from_base32(made.seed.expose()).map_err(|error| {
            Error::new(Kind::Failed, format!("keyfob cannot use the seed that AWS gave `{}`: {error}", made.serial))
        })?;
        let device = Device { serial: made.serial, seed };
        let half_made = HalfMade { context, caller, serial: &device.serial, profile, backend: request.backend };
        let pair = prepare(context, request, &device, caller, None).map_err(|error| half_made.undo(error))?;
        enable(context, &half_made, pair, &device, request.backend.is_some())?;
        context.talk.say(&format!("`{}` is enabled for user `{}`", device.serial, caller.user));
        return Ok(device.serial);
    }
    Err(Error::new(
        Kind::Failed,
        format!("MFA devices with the name of `{}` exist already, up to number 9", caller.user),
    )
    .hint("delete those that belong to nobody in the IAM console"))
}

/// A device made and not yet enabled.
struct Device {
    serial: String,
    seed: Seed,
}

/// The device's name: as given, as typed, else the user's, with a number where that is taken.
fn name(context: &Context<'_>, request: &EnrollRequest, caller: &Caller<'_>, devices: &[String]) -> Result<String> {
    if let Some(name) = &request.name {
        return checked(name);
    }
    let numbered = (2..).map(|number| format!("{}-{number}", caller.user));
    let mut names = std::iter::once(caller.user.clone()).chain(numbered);
    let free =
        names.find(|name| !devices.contains(&caller.serial_of(name))).expect("there are more names than devices");
    if request.yes || !context.human.is_there() {
        return Ok(free);
    }
    let answer = context.human.ask(&format!("device name [{free}]: "), None);
    match answer.map_err(|error| error.into_error("a name for the device"))?.trim() {
        "" => Ok(free),
        typed => checked(typed),
    }
}

/// IAM API, CreateVirtualMFADevice, VirtualMFADeviceName.
fn checked(name: &str) -> Result<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    match (1..=226).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(name.to_owned()),
        false => Err(Error::new(
            Kind::Usage,
            format!("`{name}` is not a valid device name: use letters, digits and `_+=,.@-`"),
        )),
    }
}

fn create(context: &Context<'_>, caller: &Caller<'_>, profile: &str, name: &str, devices: &[String]) -> Result<Device> {
    let send = || caller.call("CreateVirtualMFADevice", |devices, by| devices.create_virtual_mfa_device(by, name));
    let serial = caller.serial_of(name);
    let mut made = send();
    if made.as_ref().is_err_and(|error| error.is("EntityAlreadyExists")) {
        take_away(context, caller, profile, &serial, devices)?;
        made = send();
    }
    let made = match made {
        Ok(made) => made,
        Err(error) if error.means_not_done() => return Err(error.into()),
        // Not deleted unseen: one of that name could have been there before, and be somebody's.
        Err(error) => {
            let hint = delete_command(profile, &serial).to(format!("delete `{serial}`, if it was created anyway"));
            return Err(Error::from(error).hint(hint));
        }
    };
    match Seed::from_base32(made.seed.expose()) {
        Ok(seed) => Ok(Device { serial: made.serial, seed }),
        Err(error) => Err(Error::new(
            Kind::Failed,
            format!("keyfob cannot use the seed that AWS gave `{}`: {error}", made.serial),
        )
        .hint(delete_command(profile, &made.serial).to("delete it"))),
    }
}

/// Deletes a device of the wanted name where somebody says so: one that an enrolment left half made.
///
/// # Errors
/// Where it stays, be it that it is somebody's.
fn take_away(
    context: &Context<'_>,
    caller: &Caller<'_>,
    profile: &str,
    serial: &str,
    devices: &[String],
) -> Result<()> {
    let there = Error::new(Kind::Failed, format!("the device `{serial}` already exists"))
        .hint(context.talk.again(&["--name", "NAME"]).to("choose another name"));
    if devices.iter().any(|known| known == serial) {
        return Err(there);
    }
    let question = format!(
        "the device `{serial}` already exists, and user `{}` has not enabled it. delete it and create it again, if an interrupted enrollment left it behind?",
        caller.user
    );
    if !AskError::or_no(context.human.offer(&question))? {
        let hint = delete_command(profile, serial);
        return Err(there.hint(hint.to("or delete it first, if an interrupted enrollment left it behind")));
    }
    match caller.delete_device(serial) {
        // AWS deletes no device that is enabled for anybody.
        Err(error) if error.is("DeleteConflict") => Err(there.because("it is enabled for another user")),
        // Who has to have MFA may create a device without it, and delete none.
        Err(error) if !error.is("NoSuchEntity") => {
            let another = context.talk.again(&["--name", "NAME"]);
            Err(Error::from(error).hint(another.to("or choose another name for the new device")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// All between making the device and enabling it: its seed kept and shown, and two codes had.
fn prepare(
    context: &Context<'_>,
    request: &EnrollRequest,
    device: &Device,
    caller: &Caller<'_>,
    show_secret: Option<ShowSecret<'_>>,
) -> Result<CodePair> {
    let Device { serial, seed } = device;
    if let Some(backend) = request.backend {
        seeds::keep(context, serial, seed, backend)?;
    }
    let name = serial.rsplit('/').next().unwrap_or(serial);
    let address = seed.to_otpauth(name, &caller.account);
    if context.human.is_there() {
        show_on_terminal(context, &address, seed, show_secret.is_some())?;
    }
    if let Some(path) = &request.png {
        create_new(path, &qr::png(&address))
            .map_err(|error| Error::new(Kind::Failed, format!("cannot write {}", path.display())).because(error))?;
        context.talk.hint(
            format!("delete {} once it is scanned: anyone who has it has the second factor", path.display()).into(),
        );
    }
    if let Some(show_secret) = show_secret.filter(|_| request.show_secret) {
        let base32 = seed.to_base32();
        show_secret(&Secret::new(format!("{}\n{}\n", address.expose(), base32.expose())))?;
    }
    match request.backend {
        Some(_) => pair::made(context, serial, seed),
        None => pair::typed(context, serial, Some(seed)),
    }
}

/// Shows the seed on the terminal: as a QR code if all of it fits above the question that follows, else as text. The options
/// of `mfa enroll` are named only where it is that command that runs.
fn show_on_terminal(context: &Context<'_>, address: &Secret, seed: &Seed, has_options: bool) -> Result<()> {
    let human = context.human;
    let needed = |error: AskError| error.into_error("a terminal to show the QR code on");
    let lacks = |drawn: &Drawn| human.size().filter(|size| size.0 <= drawn.rows || size.1 < drawn.columns);
    let fitting = || {
        let mut drawn = qr::QUIET_ROWS.map(|rows| qr::half_blocks(address, rows)).into_iter();
        drawn.find(|drawn| lacks(drawn).is_none())
    };
    let mut drawn = fitting();
    if drawn.is_none() {
        let least = qr::half_blocks(address, qr::QUIET_ROWS[1]);
        let (rows, columns) = (least.rows + 1, least.columns);
        let (has_rows, has_columns) = human.size().unwrap_or_default();
        human.progress(&format!(
            "the QR code needs {rows} rows × {columns} columns; this terminal has {has_rows} × {has_columns}"
        ));
        let answer = human.ask("enlarge it and press Enter, or `s` for the key as text: ", None).map_err(needed)?;
        drawn = fitting().filter(|_| answer.trim().is_empty());
    }
    let Some(drawn) = drawn else {
        human.progress("enter this key in an authenticator app:");
        return human.show(seed.to_base32().expose()).map_err(needed);
    };
    human.progress(if has_options {
        "scan this code with an authenticator app; `--show-secret` shows it as text, `--png FILE` as a picture"
    } else {
        "scan this code with an authenticator app"
    });
    human.show(drawn.text.trim_end()).map_err(needed)
}

fn enable(
    context: &Context<'_>,
    half_made: &HalfMade<'_>,
    mut pair: CodePair,
    device: &Device,
    stored: bool,
) -> Result<()> {
    let caller = half_made.caller;
    for last in (0..TRIES).map(|index| index + 1 == TRIES) {
        let error =
            match caller.call("EnableMFADevice", |devices, by| devices.enable_mfa_device(by, &caller.user, &pair)) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
        if !error.means_not_done() {
            return half_made.settle(error);
        }
        if !error.is("InvalidAuthenticationCode") || last {
            return Err(half_made.undo(error.into()));
        }
        context.human.progress("AWS rejected these two codes; try again with two new ones");
        let Device { serial, seed } = device;
        let again = match stored {
            true => pair::made(context, serial, seed),
            false => pair::typed(context, serial, Some(seed)),
        };
        pair = match again {
            Ok(pair) => pair,
            Err(error) => return Err(half_made.undo(error)),
        };
    }
    unreachable!("the last try returns")
}

/// Has the profile use the device, unless it uses another and is to go on so.
fn write_profile(
    context: &Context<'_>,
    request: &EnrollRequest,
    profile: &str,
    serial: &str,
    files: &AwsFiles,
) -> Result<Option<String>> {
    if let Some(old) = setting::device_of(files, profile).filter(|old| old != serial) {
        let question = format!("`{profile}` uses `{old}`; use the new device instead?");
        if !request.yes && !AskError::or_no(context.human.offer(&question))? {
            context.talk.hint(setting::command(profile, serial));
            return Ok(None);
        }
    }
    setting::write(context, profile, serial, files, "the device is enabled")
}
