//! Accepting a handover file on the machine of the user's owner: shown, asked about, stored, and nothing replaced.
//!
//! A kill before the key is stored leaves nothing; one after it leaves what `add` leaves. Accepting the same file again
//! finishes either.

use std::path::Path;

use crate::chain::{Request, StoredKeys, plan};
use crate::config_file::AwsFiles;
use crate::credentials::{AccessKey, StoreId, StoredKey, account_of_arn};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::AskError;
use crate::index::Index;
use crate::ops::Context;
use crate::ops::add::check::identity;
use crate::ops::add::{AddRequest, add};
use crate::ops::console::sign_in_url;
use crate::ops::manage::link::LineOf;
use crate::ops::planning::{WithKey, own_target};
use crate::ops::rotate::{RotateRequest, rotate};
use crate::ops::user::handover::{Opening, open};

/// What is asked of [`accept`].
pub struct AcceptRequest<'r> {
    pub file: &'r Path,
    pub opening: &'r Opening,
    /// `--profile`; none: the name in the file.
    pub profile: Option<String>,
    /// Where the key goes.
    pub backend: StoreId,
    /// Whether an MFA device is enrolled next.
    pub will_enroll: bool,
    /// The `credential_process` line of the new profile.
    pub line: LineOf<'r>,
}

/// What [`accept`] has done.
pub struct Accepted {
    /// The profile that has the key now; none if only a password came.
    pub profile: Option<String>,
    /// The lines to paste where the AWS file cannot be replaced.
    pub lines: Option<String>,
}

/// Stores the key of a handover file for a new profile, and shows the password in it once.
///
/// # Errors
/// Where the file does not open, the key is not what the file says, a profile would be replaced, or the answer is no.
pub fn accept(context: &Context<'_>, request: &AcceptRequest<'_>, files: &AwsFiles) -> Result<Accepted> {
    let brought = open(request.file, request.opening)?;
    let profile = request.profile.clone().unwrap_or_else(|| brought.profile.clone());
    if brought.password.is_some() && !context.human.is_there() {
        return Err(Error::new(Kind::NeedsHuman, "the password in the file is shown on a terminal, and there is none")
            .hint("run this in a terminal"));
    }
    if let Some(key) = &brought.key {
        check(context, files, &profile, key, &brought.arn)?;
    }
    let (arn, account) = (&brought.arn, account_of_arn(&brought.arn).unwrap_or("?"));
    let question = match &brought.key {
        Some(key) => format!(
            "store {}, the key of `{arn}` in account {account}, in {}, for the new profile `{profile}`?",
            key.id.short(),
            request.backend.title()
        ),
        None => format!("show the console password of `{arn}` in account {account}?"),
    };
    // Security: `--yes` is not enough: whoever sent the file chose what is in it.
    let answer = context.human.confirm(&question).map_err(|error| {
        error
            .into_error("confirmation to accept this user")
            .hint("run this in a terminal: `--yes` does not accept a user")
    })?;
    if !answer {
        return Err(Error::new(Kind::Failed, "cancelled; nothing was stored"));
    }
    let mut accepted = Accepted { profile: None, lines: None };
    if let Some(key) = brought.key {
        let request = AddRequest {
            profile: profile.clone(),
            key: Some(key),
            backend: request.backend,
            region: brought.region,
            mfa_serial: None,
            will_enroll: request.will_enroll,
            verify: true,
            link: Some((request.line)(&profile)?),
            other_service: false,
            allow_root: false,
            replace: false,
            replace_process: false,
            yes: true,
        };
        accepted = Accepted { lines: add(context, request, files)?.lines, profile: Some(profile) };
    }
    if let Some(password) = brought.password {
        context.human.progress("the console password, shown once; it has to be changed at the first sign-in:");
        // Security: on the terminal alone.
        context
            .human
            .show(password.expose())
            .map_err(|error| error.into_error("a terminal to show the password on"))?;
        let partition = brought.arn.split(':').nth(1).unwrap_or("aws");
        if let Some(url) = sign_in_url(account, partition) {
            context.talk.say(&format!("sign in at {url}"));
        }
    }
    Ok(accepted)
}

/// Refuses to replace anything, and a key that is another user's than the file says.
fn check(context: &Context<'_>, files: &AwsFiles, profile: &str, key: &AccessKey, arn: &str) -> Result<()> {
    let index = Index::load(&context.paths.data)?;
    let stored = index.key_of(profile);
    let is_same = stored.as_ref().is_some_and(|stored| stored.id == key.id);
    if !is_same && (stored.is_some() || files.profiles().get(profile).is_some()) {
        return Err(Error::new(Kind::Failed, format!("the profile `{profile}` exists already, and is not replaced"))
            .hint(context.talk.again(&["--profile", "NAME"]).to("choose another name for the new profile")));
    }
    let backend = stored.map_or(StoreId::VAULT, |stored| stored.backend);
    let stored = StoredKey { id: key.id.clone(), backend, user_arn: None, created_at: None };
    let keys = WithKey { index: &index, profile, key: &stored };
    let made = plan(&files.profiles(), &keys, context.env, &Request::of(context.settings, context.paths, profile))?;
    let caller = identity(context, profile, key, own_target(&made)?, false)?;
    match caller.arn == arn {
        true => Ok(()),
        false => {
            Err(Error::new(Kind::Failed, format!("the key belongs to `{}`, and the file says `{arn}`", caller.arn))
                .hint("do not use it; ask the person who sent the file"))
        }
    }
}

/// What is left once a user is accepted: offers to replace the key, and names the file that is not needed any more.
///
/// # Errors
/// Ctrl-C. A rotation that fails is a warning: the user is accepted.
pub fn end(context: &Context<'_>, file: &Path, profile: Option<&str>, files: &AwsFiles) -> Result<()> {
    let talk = context.talk;
    talk.hint(format!("delete {}: it is not needed any more", file.display()).into());
    let Some(profile) = profile else { return Ok(()) };
    let later = run!("keyfob rotate {}", profile).to("replace the key, which was on another machine");
    let question = "the person who created the key may still have it; replace it with a new one now?";
    if !AskError::or_no(context.human.offer(question))? {
        talk.hint(later);
        return Ok(());
    }
    let request = RotateRequest { profile: profile.to_owned(), ..RotateRequest::default() };
    match rotate(context, &request, files) {
        Err(error) if error.kind() == Kind::Cancelled => Err(error),
        Err(error) => {
            talk.warn(&error.in_one_line());
            talk.hint(later);
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
