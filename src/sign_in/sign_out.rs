//! Signing out: the portal's session is ended, then everything of it here is deleted.

use crate::aws::identity_center::Service;
use crate::aws::portal::Portal;
use crate::error::{Kind, Result};
use crate::session_cache::sign_in::SignInName;
use crate::sign_in::{SignIns, Wanted, cli_cache};

/// What signing out has done.
#[derive(Debug)]
pub struct SignOut {
    /// Whether there was a sign-in.
    pub was_signed_in: bool,
    /// Its id.
    pub id: String,
    /// Whether the portal has ended its session now.
    pub ended: bool,
    /// Why the portal could not be told.
    pub problem: Option<String>,
}

impl SignIns<'_> {
    /// Ends the portal's session with the token it has now, and deletes the sign-in, its shared copy and a code that waits.
    ///
    /// A kill before the files are deleted leaves a sign-in that the portal refuses, which says so at its next use.
    ///
    /// # Errors
    /// Where a file stays, or another process holds the lock.
    pub fn sign_out(&self, wanted: Wanted<'_>) -> Result<SignOut> {
        let name = SignInName::new(wanted.center);
        let header = self.context.cache.sign_in_header(&name);
        let Some(header) = header else {
            self.context.cache.remove_pending_code(&name)?;
            return Ok(SignOut { was_signed_in: false, id: String::new(), ended: false, problem: None });
        };
        // An expired token ends nothing, so it is refreshed first.
        let own = self.read(&name).filter(|own| !own.header.is_over(self.context.clock.now()));
        let (ended, problem) = match own.map(|_| self.access(wanted)) {
            None => (false, None),
            Some(Err(error)) if error.kind() == Kind::NeedsHuman => (false, None),
            Some(Err(error)) => (false, Some(error.in_one_line())),
            Some(Ok(access)) => {
                let portal = Portal(Service {
                    http: self.context.http,
                    endpoint: &wanted.center.portal,
                    ca_bundle: wanted.center.ca_bundle.as_deref(),
                    limit: self.context.settings.call_timeout,
                });
                match portal.logout(&access.token) {
                    Ok(()) => (true, None),
                    Err(error) if error.is_unauthorized() => (false, None),
                    Err(error) => (false, Some(error.to_string())),
                }
            }
        };
        let _lock = self.lock(wanted, &name)?;
        self.context.cache.remove_sign_in(&name)?;
        cli_cache::unshare(self.context.env, wanted.center);
        Ok(SignOut { was_signed_in: true, id: header.id, ended, problem })
    }
}
