//! The lists of the access portal, for whoever is signed in.

use std::time::Duration;

use super::directory::Account;
use super::fetch::Lists;
use crate::aws::AwsError;
use crate::aws::portal::PortalAccount;
use crate::chain::identity_center::{IdentityCenter, of_session};
use crate::chain::nearest_of;
use crate::config_file;
use crate::error::{Error, Kind, Mark, Result};
use crate::hint::run;
use crate::ops::Context;
use crate::ops::login::on_the_way;
use crate::profile::{Profiles, SectionKind};
use crate::sign_in::{CallError, Portals, SignIns, Wanted, identity, with_sign_ins};

/// How long throttling is waited out: a person watches, and can press Ctrl-C.
const PATIENCE: Duration = Duration::from_mins(10);

/// The Identity Center of an `[sso-session]`.
///
/// # Errors
/// Where there is no such section, or something is missing or wrong in it.
pub fn center(context: &Context<'_>, profiles: &Profiles<'_>, session: &str) -> Result<IdentityCenter> {
    let files = config_file::file_names(context.paths);
    if let Some(center) = of_session(profiles, context.env, &files, session)? {
        return Ok(center);
    }
    let sessions = profiles.sections(SectionKind::SsoSession);
    let error = Error::new(Kind::Config, format!("there is no `[sso-session {session}]` in {}", files.config));
    let error = match nearest_of(sessions.iter().map(String::as_str), session) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    };
    let create = run!("keyfob login {} --start-url URL", session);
    Err(error.hint(create.to("create it")))
}

/// Hands the lists to `work`. Where somebody has to sign in, that is offered on a terminal first.
///
/// # Errors
/// Where nobody signs in (exit 3), and those of `work`.
pub fn with_lists<T>(
    context: &Context<'_>,
    session: &str,
    center: &IdentityCenter,
    work: impl FnOnce(&dyn Lists) -> Result<T>,
) -> Result<T> {
    let wanted = Wanted { center, name: session, limit: None };
    let waits = |pause: Duration| {
        context.human.countdown(&format!("AWS limits the number of calls: waiting {} s", pause.as_secs()));
    };
    let signed_in = |sign_ins: &SignIns<'_>| Portals::new(*sign_ins, wanted, PATIENCE, &waits).map(drop);
    if let Err(error) = with_sign_ins(context, signed_in) {
        if !error.is(Mark::SignInNeeded) {
            return Err(error);
        }
        on_the_way(context, session, center, None, Err(error))?;
    }
    with_sign_ins(context, |sign_ins| {
        let portals = Portals::new(*sign_ins, wanted, PATIENCE, &waits)?;
        let id = identity(context.cache, context.env, center, context.clock.now());
        work(&Portal { portals, center, id })
    })
}

struct Portal<'a> {
    portals: Portals<'a>,
    center: &'a IdentityCenter,
    id: String,
}

impl Portal<'_> {
    fn error(&self, error: CallError) -> Error {
        let url = &self.center.start_url;
        match error {
            CallError::SignIn(error) => error,
            CallError::Portal(error) if error.is_throttled() => {
                Error::new(Kind::Refused, format!("the portal of {url} gets too many requests"))
                    .because(error)
                    .hint("try again in a minute")
            }
            CallError::Portal(
                error @ (AwsError::Unreachable { .. } | AwsError::AnswerLost { .. } | AwsError::Setup(_)),
            ) => Error::new(Kind::Failed, format!("the portal of {url} does not answer")).because(error),
            CallError::Portal(error) => {
                Error::new(Kind::Refused, format!("the portal of {url} refused to list your accounts")).because(error)
            }
        }
    }
}

impl Lists for Portal<'_> {
    fn accounts(&self, page: Option<&str>) -> Result<(Vec<Account>, Option<String>)> {
        let page = self.portals.accounts(page).map_err(|error| self.error(error))?;
        let of = |PortalAccount { account_id, account_name, email_address }| Account {
            id: account_id,
            name: account_name,
            email: Some(email_address).filter(|email| !email.is_empty()),
            roles: None,
        };
        Ok((page.items.into_iter().map(of).collect(), page.next))
    }

    fn roles(&self, account_id: &str, page: Option<&str>) -> Result<Option<(Vec<String>, Option<String>)>> {
        match self.portals.account_roles(account_id, page) {
            Ok(page) => Ok(Some((page.items, page.next))),
            Err(CallError::Portal(error)) if error.is_no_access() => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }

    fn sign_in_id(&self) -> String {
        self.id.clone()
    }
}
