//! Two codes in a row, which enabling and resynchronising a device take: made from a seed, or typed.

use crate::aws::CodePair;
use crate::error::{Error, Kind, Result};
use crate::mfa::ledger::Ledger;
use crate::mfa::{six_digits, wait_out};
use crate::ops::Context;
use crate::secret::Secret;
use crate::totp::{STEP_SECONDS, Seed, seconds_left, step_at};

/// How often a code may be mistyped.
const TRIES: usize = 3;

/// How far a phone's clock may be off to be told so, in steps: an hour.
pub(super) const FAR: i64 = 120;

/// Makes two codes in a row that nobody has used, waiting for the second: about 30 s.
///
/// # Errors
/// Where the ledger of used codes cannot be kept.
pub(super) fn made(context: &Context<'_>, serial: &str, seed: &Seed) -> Result<CodePair> {
    let first = next(context, serial, seed, "the last one was used")?;
    let second = next(context, serial, seed, "two consecutive codes are needed")?;
    if second.1 != first.1 + 1 {
        // This process slept: begin again, with two of now.
        return made(context, serial, seed);
    }
    Ok(CodePair { serial: serial.to_owned(), first: first.0, second: second.0 })
}

fn next(context: &Context<'_>, serial: &str, seed: &Seed, why: &str) -> Result<(Secret, i64)> {
    let Context { clock, human, paths, .. } = *context;
    let ledger = Ledger::new(&paths.data);
    loop {
        let step = step_at(clock.now_for_codes());
        let code = seed.code(step);
        let claimed = ledger.claim(serial, &code, Some(step), clock.now_for_codes());
        if claimed
            .map_err(|error| Error::new(Kind::Failed, "cannot record which MFA codes were used").because(error))?
        {
            return Ok((code, step));
        }
        wait_out(clock, human, seconds_left(clock.now_for_codes()), why).map_err(|error| error.into_error("a code"))?;
    }
}

/// Asks for two codes in a row. With the seed at hand they are checked before anything is sent.
///
/// # Errors
/// Where nobody answers, or three answers are of no use.
pub(super) fn typed(context: &Context<'_>, serial: &str, seed: Option<&Seed>) -> Result<CodePair> {
    let (first, step) = ask(context, serial, "first code from the app: ", |code| match seed {
        None => Ok(None),
        Some(seed) => match seed.step_of(code, step_at(context.clock.now_for_codes()), FAR) {
            Some(step) => Ok(Some(step)),
            None => Err("that is not a code of this device".to_owned()),
        },
    })?;
    warn_of_phone(context, step);
    let (second, _) = ask(context, serial, "next code, once the app shows it: ", |code| match (seed, step) {
        _ if code.expose() == first.expose() => Err("that is the first code again; wait for the next one".to_owned()),
        (Some(seed), Some(step)) if seed.code(step + 1).expose() != code.expose() => {
            Err("that is not the code after the first; two consecutive codes are needed".to_owned())
        }
        _ => Ok(step.map(|step| step + 1)),
    })?;
    Ok(CodePair { serial: serial.to_owned(), first, second })
}

fn ask(
    context: &Context<'_>,
    serial: &str,
    prompt: &str,
    check: impl Fn(&Secret) -> Result<Option<i64>, String>,
) -> Result<(Secret, Option<i64>)> {
    let ledger = Ledger::new(&context.paths.data);
    for _ in 0..TRIES {
        let answer = context.human.ask_secret(prompt, None);
        let answer = answer.map_err(|error| error.into_error(&format!("a code of `{serial}`")))?;
        let checked = match six_digits(answer.expose()) {
            None => Err("that is not six digits".to_owned()),
            Some(code) => check(&code).map(|step| (code, step)),
        };
        match checked {
            Ok((code, step)) => {
                // Whoever makes codes from the seed meanwhile must not send this one; whether it is claimed already does not
                // matter to the person who reads it off.
                drop(ledger.claim(serial, &code, None, context.clock.now_for_codes()));
                return Ok((code, step));
            }
            Err(problem) => context.human.progress(&problem),
        }
    }
    Err(Error::new(Kind::Failed, format!("no valid code of `{serial}` in three attempts"))
        .hint("scan the QR code or enter the key in the app again; it then shows a new six-digit code every 30 s"))
}

/// Tells of a phone whose clock is off: AWS takes its codes now, and not for ever.
fn warn_of_phone(context: &Context<'_>, step: Option<i64>) {
    let Some(step) = step else { return };
    let off = (step - step_at(context.clock.now_for_codes())) * STEP_SECONDS;
    if off.abs() > STEP_SECONDS {
        let direction = if off > 0 { "ahead of" } else { "behind" };
        context.talk.warn(&format!("the app's clock is about {} s {direction} this machine's", off.abs()));
    }
}
