//! The region of a sign-in, where nothing tells it.

use crate::chain::check;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;
use crate::ops::login::TRIES;

/// Asks until the answer is a region, three times at most; no answer is `usual`. `what` is what is asked for.
///
/// # Errors
/// Where nobody answers (exit 3), or no answer is a region.
pub(super) fn ask(context: &Context<'_>, question: &str, what: &str, usual: Option<&str>) -> Result<String> {
    let hint = || context.talk.again(&["--region", "REGION"]).to("add it to the command");
    for _ in 0..TRIES {
        let asked = context.human.ask(question, None).map_err(|error| error.into_error(what).hint(hint()))?;
        let region = usual.filter(|_| asked.trim().is_empty()).unwrap_or(asked.trim());
        match check::region(region, false) {
            Ok(()) => return Ok(region.to_owned()),
            Err(problem) => context.human.progress(&problem),
        }
    }
    Err(Error::new(Kind::Failed, "no valid region was entered").hint(hint()))
}
