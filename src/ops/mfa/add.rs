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
        return Err(Error::new(Kind::Failed, format!("`{serial}` is a security key, which has no seed and no codes")));
    }
    let old = if request.replace { None } else { seeds::find(context, &serial)? };
    let seed = match request.seed {
        Some(seed) => seed,
        None => {
            let asked = context.human.ask_secret("base32 key or otpauth:// URI (hidden): ", None);
            let text = asked.map_err(|error| {
                error
                    .into_error("the seed of the device")
                    .hint(context.talk.again(&["--stdin"]).to("pipe it in"))
                    .hint(context.talk.again(&["--qr", "FILE"]).to("or read a picture of its QR code"))
            })?;
            Seed::parse(text.expose()).map_err(|error| seed_error(&error, "invalid seed"))?
        }
    };
    if let Some((old, backend)) = old
        && old.to_base32().expose() != seed.to_base32().expose()
    {
        return Err(Error::new(
            Kind::Failed,
            format!("a different seed of `{serial}` is already stored in {}", backend.title()),
        )
        .hint(context.talk.again(&["--replace"]).to("replace it, if the device was re-created")));
    }
    if request.verify {
        verify(context, &serial, &seed)?;
    }
    seeds::keep(context, &serial, &seed, request.backend)?;
    context
        .talk
        .say(&format!("stored the seed of `{serial}` in {}; keyfob now generates its codes", request.backend.title()));
    say_what_it_means(context, plans, &serial, request.backend);
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
    let question = format!("use `{serial}` in `{profile}`?");
    let human = context.human;
    if !names_another
        && (yes || (human.is_there() && human.propose(&question).map_err(|e| e.into_error("an answer"))?))
    {
        return setting::write(context, profile, serial, files, "the seed is stored");
    }
    context.talk.hint(setting::command(profile, serial));
    Ok(None)
}

/// Once, where it is done: MFA is then no more than the key store's own lock.
pub(super) fn say_what_it_means(context: &Context<'_>, plans: Plans<'_>, serial: &str, backend: StoreId) {
    let profile = &plans.asked.profile;
    let beside = plans.base.base.stored_key().is_some_and(|key| key.backend == backend);
    context.talk.warn(match beside {
        true => "both factors are now in the same key store: anyone who can open it has both",
        false => "the second factor is now on this machine too: anyone who can open both key stores has both factors",
    });
    if beside {
        // The profile may use another device, or none.
        let elsewhere = run!("keyfob mfa add {} --serial {} --backend STORE", profile, serial);
        context.talk.hint(elsewhere.to("store it in another key store"));
        context.talk.hint(run!("keyfob mfa remove {} --serial {}", profile, serial).to("or remove it"));
    }
}

fn only_device(context: &Context<'_>, plans: Plans<'_>) -> Result<String> {
    let devices = sort_devices(Caller::new(context, plans.base)?.devices()?);
    let profile = &plans.asked.profile;
    match devices.usable.as_slice() {
        [serial] => {
            context.talk.say(&format!("using `{serial}`, the user's only MFA device"));
            Ok(serial.clone())
        }
        [] => Err(Error::new(Kind::Failed, format!("the user of `{profile}` has no MFA device with codes"))
            .hint(run!("keyfob mfa enroll {}", profile).to("enroll one"))),
        several => Err(Error::new(Kind::Usage, format!("the user of `{profile}` has {} MFA devices", several.len()))
            .hint(format!("choose one with `--serial`: {}", several.join(", ")))),
    }
}

/// Asks for a code from the app and compares. Nothing is sent: a code AWS takes would be gone.
fn verify(context: &Context<'_>, serial: &str, seed: &Seed) -> Result<()> {
    let prompt = format!("current code of `{serial}` in the app: ");
    let now = || step_at(context.clock.now_for_codes());
    for left in (0..TRIES).rev() {
        let answer = context.human.ask_secret(&prompt, None).map_err(|error| {
            error
                .into_error("a current MFA code")
                .hint(context.talk.again(&["--no-verify"]).to("store the seed unchecked"))
        })?;
        let problem = match six_digits(answer.expose()) {
            None => "that is not six digits".to_owned(),
            Some(code) => {
                match seed.step_of(&code, now(), pair::FAR) {
                    Some(step) if (step - now()).abs() <= 1 => {
                        // It may have been used elsewhere a moment ago, and it was shown to somebody.
                        drop(Ledger::new(&context.paths.data).claim(
                            serial,
                            &code,
                            Some(step),
                            context.clock.now_for_codes(),
                        ));
                        return Ok(());
                    }
                    Some(step) => {
                        let off = (step - now()) * STEP_SECONDS;
                        return Err(Error::new(
                        Kind::Failed,
                        format!("the seed is correct, but the app's clock and this machine's clock are about {} s apart", off.abs()),
                    )
                    .hint("correct the one that is wrong (`timedatectl set-ntp true` on most Linux systems), then try again"));
                    }
                    None => "that code does not match the seed".to_owned(),
                }
            }
        };
        if left > 0 {
            context.human.progress(&problem);
        }
    }
    Err(Error::new(Kind::Failed, format!("the seed does not belong to `{serial}`: its codes do not match the app's"))
        .hint("nothing was stored; check that the app's entry and the seed belong to the same device"))
}

/// The error the user sees for a seed from `place`: a file's name, `stdin`, what was typed.
pub fn seed_error(error: &SeedError, place: &str) -> Error {
    let hint: Hint = match error {
        SeedError::Unlike { .. } => {
            "check that it belongs to an AWS device, which would not have these settings".into()
        }
        SeedError::Migration => {
            run!("keyfob mfa enroll PROFILE").to("export only one account from the app, or enroll a new device")
        }
        SeedError::Empty
        | SeedError::NotBase32
        | SeedError::TooShort(_)
        | SeedError::TooLong(_)
        | SeedError::NotOtpauth(_) => {
            "AWS shows the seed once, when the device is created: `Show secret key` in the console, 64 characters"
                .into()
        }
    };
    Error::new(Kind::Failed, format!("{place}: {error}")).hint(hint)
}
