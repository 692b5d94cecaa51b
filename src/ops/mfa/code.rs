//! The current code of a stored seed.

use serde::{Serialize, Serializer};

use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::mfa::ledger::Ledger;
use crate::mfa::wait_out;
use crate::ops::Context;
use crate::ops::mfa::{Plans, seeds};
use crate::secret::Secret;
use crate::timestamp::Timestamp;
use crate::totp::{seconds_left, step_at};

/// A code, and how long it is shown.
#[derive(Debug, Serialize)]
pub struct CurrentCode {
    pub serial: String,
    /// Six digits.
    // Security: a code is what this command is for.
    #[serde(serialize_with = "exposed")]
    pub code: Secret,
    /// 1 to 30.
    pub seconds_left: i64,
    /// When the next one takes its place.
    #[serde(rename = "expires")]
    pub until: Timestamp,
    /// Whether it was used before, or handed out.
    #[serde(rename = "used")]
    pub is_spent: bool,
}

fn exposed<S: Serializer>(code: &Secret, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(code.expose())
}

/// Makes the current code. It counts as used from then on, since keyfob cannot know what becomes of it; `fresh` waits for one
/// that is not.
///
/// # Errors
/// Where no seed is stored, its store fails, or the ledger of used codes cannot be kept.
pub fn code(context: &Context<'_>, plans: Plans<'_>, serial: Option<&str>, fresh: bool) -> Result<CurrentCode> {
    let serial = plans.serial(serial)?;
    let Some((seed, _)) = seeds::find(context, &serial)? else {
        let profile = &plans.asked.profile;
        return Err(Error::new(Kind::Failed, format!("the seed of `{serial}` is not stored"))
            .hint(run!("keyfob mfa add {}", profile).to("store it, or use the codes from the app")));
    };
    let ledger = Ledger::new(&context.paths.data);
    loop {
        let now = context.clock.now_for_codes();
        let (step, seconds_left) = (step_at(now), seconds_left(now));
        let code = seed.code(step);
        let claimed = ledger
            .claim(&serial, &code, Some(step), now)
            .map_err(|error| Error::new(Kind::Failed, "cannot record which codes were used").because(error))?;
        if claimed || !fresh {
            return Ok(CurrentCode {
                serial,
                code,
                seconds_left,
                until: now.plus_seconds(seconds_left),
                is_spent: !claimed,
            });
        }
        wait_out(context.clock, context.human, seconds_left, "the last one was used")
            .map_err(|error| error.into_error("a code"))?;
    }
}
