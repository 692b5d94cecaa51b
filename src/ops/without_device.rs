//! What is said of a key whose user has no MFA device, by `add` and `import` alike.

use crate::error::Result;
use crate::hint::run;
use crate::human::AskError;
use crate::ops::Context;

/// What is known of the user's MFA devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: AWS was not asked, or does not let this user list them.
    Nothing,
    /// There is none that makes codes.
    None,
    /// There are some, and none was chosen; how to choose one has been said.
    Declined,
}

/// Says what AWS refuses to sessions that were made without a code.
pub(super) fn warn(context: &Context<'_>, profile: &str, devices: Known) {
    let has = match devices {
        Known::None => "has",
        Known::Nothing | Known::Declined => "names",
    };
    context.talk.warn(&format!(
        "`{profile}` {has} no MFA device, so AWS will refuse its sessions all IAM calls, and all STS calls except AssumeRole and \
         GetCallerIdentity"
    ));
}

/// Offers to create a device, unless `yes` is the answer to all that is asked; whether somebody wants that. Otherwise hints at what
/// helps.
///
/// # Errors
/// Ctrl-C.
pub(super) fn offer(context: &Context<'_>, profile: &str, devices: Known, yes: bool) -> Result<bool> {
    let talk = context.talk;
    if devices == Known::None
        && !yes
        && AskError::or_no(context.human.offer("create an MFA device now, in an authenticator app?"))?
    {
        return Ok(true);
    }
    match devices {
        Known::Declined => {}
        Known::None => talk.hint(run!("keyfob mfa enroll {}", profile).to("enroll an MFA device")),
        Known::Nothing => {
            talk.hint(
                run!("keyfob profile set {} mfa_serial ARN", profile)
                    .to("set your MFA device, which keyfob could not find out from AWS"),
            );
            talk.hint(run!("keyfob mfa enroll {}", profile).to("or enroll one, if you have none"));
        }
    }
    let hint = run!("keyfob profile set {} keyfob_session never", profile);
    talk.hint(hint.to("or issue the access key itself"));
    Ok(false)
}
