//! A region that somebody types.

use crate::chain::check;
use crate::error::{Error, Kind, Result};
use crate::ops::Context;

/// How often it may be typed.
const TRIES: usize = 3;

/// Asks for a region, again while AWS has none of that name. An empty answer is `usual`; `what` names it where nobody answers.
///
/// # Errors
/// Nobody to ask (exit 3), and no region in the end.
pub(super) fn ask_for_region(context: &Context<'_>, question: &str, what: &str, usual: &str) -> Result<String> {
    let hint = || context.talk.again(&["--region", "REGION"]).to("add it to the command");
    for _ in 0..TRIES {
        let asked = context.human.ask(question, None).map_err(|error| error.into_error(what).hint(hint()))?;
        let region = Some(asked.trim()).filter(|text| !text.is_empty()).unwrap_or(usual);
        match check::region(region, false) {
            Ok(()) => return Ok(region.to_owned()),
            Err(problem) => context.human.progress(&problem),
        }
    }
    Err(Error::new(Kind::Failed, "no valid region was entered").hint(hint()))
}
