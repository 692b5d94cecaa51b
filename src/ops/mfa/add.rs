//! Keeping the seed of a device that exists already.

use crate::config_file::AwsFiles;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::mfa::ledger::Ledger;
use crate::mfa::six_digits;
use crate::ops::Context;
use crate::ops::advice::sort_devices;
use crate::ops::mfa::caller::Caller;
use crate::ops::mfa::{Plans, pair, seeds, setting};
use crate::totp::{STEP_SECONDS, Seed, SeedError, step_at};

/// How often the code that proves a seed may be mistyped.
const TRIES: usize = 3;

/// What is asked of [`add`].
#[derive(Debug)]
pub struct AddSeedRequest {
    /// The device; none: the profile's, else the only one its user has.
    pub serial: Option<String>,
    /// The seed; none: it is asked for.
    pub seed: Option<Seed>,
    pub backend: StoreId,
    /// Whether a current code is asked for.
    pub verify: bool,
    /// Whether another stored seed may be replaced.
    pub replace: bool,
    /// `--yes`.
    pub yes: bool,
}

/// Keeps the seed of a device, once a code from the app has shown that it is the right one, and proposes that the profile
/// use the device, where it uses none. Returns the lines to paste where the AWS file cannot be replaced.
///
/// # Errors
/// Where there is no such device or seed, the code is another's, or the store fails.
pub fn add(
    context: &Context<'_>,
    plans: Plans<'_>,
    request: AddSeedRequest,
    files: &AwsFiles,
) -> Result<Option<String>> {
    let serial = match (&request.serial, &plans.asked.mfa) {
        (Some(serial), _) => serial.clone(),
        (None, Some(mfa)) => mfa.serial.clone(),
        (None, None) => only_device(context, plans)?,
    };
    if serial.contains(":u2f/") {
        return Err(Error::new(
            Kind::Failed,
            format!("`{serial}` is a security key, which has no seed and shows no codes"),
        ));
    }
    let old = if request.replace { None } else { seeds::find(context, &serial)? };
    let seed = match request.seed {
        Some(seed) => seed,
        None => {
            let asked = context.human.ask_secret("base32 key or otpauth:// address (not shown): ", None);
            let text = asked.map_err(|error| {
                error
                    .into_error("the device's seed")
                    .hint("pipe it in with `--stdin`, or name a picture with `--qr FILE`")
            })?;
            Seed::parse(text.expose()).map_err(|error| seed_error(&error, "what was typed"))?
        }
    };
    if let Some((old, backend)) = old
        && old.to_base32().expose() != seed.to_base32().expose()
    {
        return Err(Error::new(
            Kind::Failed,
            format!("another seed of `{serial}` is kept in {} already", backend.title()),
        )
        .hint(context.talk.again(&["--replace"]).to("replace it, if the device was made again")));
    }
    if request.verify {
        verify(context, &serial, &seed)?;
    }
    seeds::keep(context, &serial, &seed, request.backend)?;
    context
        .talk
        .say(&format!("the seed of `{serial}` is in {}: keyfob makes the codes by itself", request.backend.title()));
    say_what_it_means(context, plans, request.backend);
    use_in_profile(context, plans, &serial, request.yes, files)
}

/// Has the base profile name the device, unless one is named: without that no code is ever made from the seed.
fn use_in_profile(
    context: &Context<'_>,
    plans: Plans<'_>,
    serial: &str,
    yes: bool,
    files: &AwsFiles,
) -> Result<Option<String>> {
    if plans.asked.mfa.as_ref().is_some_and(|mfa| mfa.serial == serial) {
        return Ok(None);
    }
    let profile = &plans.base.profile;
    let names_another = setting::device_of(files, profile).is_some();
    let question = format!("have `{profile}` use `{serial}`?");
    let human = context.human;
    if !names_another
        && (yes || (human.is_there() && human.propose(&question).map_err(|e| e.into_error("an answer"))?))
    {
        return setting::write(context, profile, serial, files, "the seed is kept");
    }
    context.talk.hint(setting::command(profile, serial));
    Ok(None)
}

/// Once, where it is done: MFA is then no more than the key store's own lock.
pub(super) fn say_what_it_means(context: &Context<'_>, plans: Plans<'_>, backend: StoreId) {
    let profile = &plans.asked.profile;
    let beside = plans.base.base.stored_key().is_some_and(|key| key.backend == backend);
    context.talk.warn(match beside {
        true => "the second factor now rests beside the first: whoever opens that key store has both",
        false => "the second factor is now on this machine too: whoever opens both stores has both factors",
    });
    if beside {
        context.talk.hint(run!("keyfob mfa add {} --backend STORE", profile).to("keep it in another store"));
        context.talk.hint(run!("keyfob mfa remove {}", profile).to("or remove it"));
    }
}

fn only_device(context: &Context<'_>, plans: Plans<'_>) -> Result<String> {
    let devices = sort_devices(Caller::new(context, plans.base)?.devices()?);
    let profile = &plans.asked.profile;
    match devices.usable.as_slice() {
        [serial] => {
            context.talk.say(&format!("the device is `{serial}`, the only one of its user"));
            Ok(serial.clone())
        }
        [] => Err(Error::new(Kind::Failed, format!("the user of `{profile}` has no MFA device that shows codes"))
            .hint(run!("keyfob mfa enroll {}", profile).to("enrol one"))),
        several => Err(Error::new(Kind::Usage, format!("the user of `{profile}` has {} MFA devices", several.len()))
            .hint(format!("name one with `--serial`: {}", several.join(", ")))),
    }
}

/// Asks for a code from the app and compares. Nothing is sent: a code AWS takes would be gone.
fn verify(context: &Context<'_>, serial: &str, seed: &Seed) -> Result<()> {
    let prompt = format!("current code of `{serial}`, from the app: ");
    let now = || step_at(context.clock.now());
    for left in (0..TRIES).rev() {
        let answer = context.human.ask_secret(&prompt, None).map_err(|error| {
            error.into_error("a current code").hint(context.talk.again(&["--no-verify"]).to("keep the seed unchecked"))
        })?;
        let problem = match six_digits(answer.expose()) {
            None => "that is not six digits".to_owned(),
            Some(code) => {
                match seed.step_of(&code, now(), pair::FAR) {
                    Some(step) if (step - now()).abs() <= 1 => {
                        // It may have been used elsewhere a moment ago, and it was shown to somebody.
                        drop(Ledger::new(&context.paths.data).claim(serial, &code, Some(step), context.clock.now()));
                        return Ok(());
                    }
                    Some(step) => {
                        let off = (step - now()) * STEP_SECONDS;
                        return Err(Error::new(
                        Kind::Failed,
                        format!("the seed is right, but the app's clock and this machine's are about {} s apart", off.abs()),
                    )
                    .hint("set the one that is wrong (`timedatectl set-ntp true` on most Linux systems), then try again"));
                    }
                    None => "that is no code of this seed".to_owned(),
                }
            }
        };
        if left > 0 {
            context.human.progress(&problem);
        }
    }
    Err(Error::new(Kind::Failed, format!("the seed is not that of `{serial}`: its codes are others than the app's"))
        .hint("look whether the app's entry and the seed are of the same device; nothing was kept"))
}

/// The error the user sees for a seed from `place`: a file's name, `stdin`, what was typed.
pub fn seed_error(error: &SeedError, place: &str) -> Error {
    let hint: Hint = match error {
        SeedError::Unlike { .. } => "look whether it is of an AWS device: those have none of these settings".into(),
        SeedError::Migration => {
            run!("keyfob mfa enroll PROFILE").to("show the one account in the app, or enrol a new device")
        }
        SeedError::Empty
        | SeedError::NotBase32
        | SeedError::TooShort(_)
        | SeedError::TooLong(_)
        | SeedError::NotOtpauth(_) => {
            "it is shown once, when the device is made: `Show secret key` in the AWS console, 64 characters".into()
        }
    };
    Error::new(Kind::Failed, format!("{place}: {error}")).hint(hint)
}
