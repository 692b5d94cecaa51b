//! The region of the profile that `add` writes, where it is missing.

use crate::chain::check;
use crate::error::Result;
use crate::hint::run;
use crate::ops::Context;
use crate::ops::add::profile::{Planned, unanswered};
use crate::sys::env::vars;

impl Planned<'_> {
    /// Asks for a region where the profile has none and somebody is there; Enter leaves it out. What is not named as AWS
    /// names its regions is asked for again: `--region` takes it. Where nobody is asked, a hint says what it is good for.
    ///
    /// # Errors
    /// Where the person ends the conversation.
    pub(super) fn ask_for_region(&mut self, context: &Context<'_>, yes: bool) -> Result<()> {
        if self.has("region") {
            return Ok(());
        }
        let ours = [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].iter().find_map(|name| context.env.get(name));
        if yes || !context.human.is_there() {
            hint_at_region(context, &self.name, None);
            return Ok(());
        }
        let question = match ours {
            Some(region) => format!("region of `{}` (Enter for {region}): ", self.name),
            None => format!("region of `{}` (Enter for none): ", self.name),
        };
        loop {
            let answer = context.human.ask(&question, None).map_err(unanswered)?;
            match (answer.trim(), ours) {
                ("", None) => return Ok(()),
                ("", Some(region)) => return self.set("region", region),
                (region, _) => match check::region(region, false) {
                    Ok(()) => return self.set("region", region),
                    Err(problem) => context.human.progress(&problem),
                },
            }
        }
    }
}

/// Says what a profile without a region cannot do; nothing where a variable gives it one. `like` is the region of a
/// profile it builds on.
pub(in crate::ops) fn hint_at_region(context: &Context<'_>, profile: &str, like: Option<&str>) {
    if [vars::AWS_REGION, vars::AWS_DEFAULT_REGION].iter().all(|name| context.env.get(name).is_none()) {
        let hint = run!("keyfob profile set {} region {}", profile, like.unwrap_or("eu-west-1"));
        context.talk.hint(hint.to(format!("`{profile}` has no region, and most AWS CLI commands need one")));
    }
}
