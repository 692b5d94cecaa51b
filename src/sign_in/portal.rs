//! Calls of the portal for whoever is signed in: not more than ten a second, throttling waited out, an expired token replaced.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use crate::aws::AwsError;
use crate::aws::identity_center::Service;
use crate::aws::portal::{Page, Portal, PortalAccount};
use crate::credentials::Session;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::session_cache::sign_in::SignInName;
use crate::sign_in::{Access, SignIns, Wanted};

/// AWS answers 20 calls a second of a sign-in; half of that leaves room for other programs. A little more than a tenth of a
/// second, so that no second has eleven of them however long each is on its way.
const INTERVAL: Duration = Duration::from_millis(105);

/// The pauses after a refusal for throttling, seconds; the last one is repeated.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 10];

/// The portal, as somebody who is signed in uses it.
pub struct Portals<'a> {
    sign_ins: SignIns<'a>,
    wanted: Wanted<'a>,
    access: RefCell<Access>,
    /// How long throttling is waited out.
    patience: Duration,
    /// What is done when a call is throttled, with how long it waits.
    on_throttle: &'a dyn Fn(Duration),
}

/// Why a call gave nothing.
#[derive(Debug)]
pub enum CallError {
    /// What the portal, or the way to it, says.
    Portal(AwsError),
    /// The sign-in: somebody has to sign in, or it could not be renewed.
    SignIn(Error),
}

impl<'a> Portals<'a> {
    /// Of a sign-in, which is refreshed if it is time. Throttling is waited out for `patience`.
    ///
    /// # Errors
    /// As [`SignIns::access`].
    pub fn new(
        sign_ins: SignIns<'a>,
        wanted: Wanted<'a>,
        patience: Duration,
        on_throttle: &'a dyn Fn(Duration),
    ) -> Result<Portals<'a>> {
        let access = RefCell::new(sign_ins.access(wanted)?);
        Ok(Portals { sign_ins, wanted, access, patience, on_throttle })
    }

    /// The credentials of a permission set in an account.
    ///
    /// # Errors
    /// As [`CallError`] tells.
    pub fn role_credentials(&self, account_id: &str, role_name: &str) -> Result<Session, CallError> {
        self.call(|portal, token| {
            portal.role_credentials(token, account_id, role_name, self.sign_ins.context.clock.now())
        })
    }

    /// A page of the accounts.
    ///
    /// # Errors
    /// As [`CallError`] tells.
    pub fn accounts(&self, page: Option<&str>) -> Result<Page<PortalAccount>, CallError> {
        self.call(|portal, token| portal.accounts(token, page))
    }

    /// A page of the permission sets in an account.
    ///
    /// # Errors
    /// As [`CallError`] tells.
    pub fn account_roles(&self, account_id: &str, page: Option<&str>) -> Result<Page<String>, CallError> {
        self.call(|portal, token| portal.account_roles(token, account_id, page))
    }

    fn call<T>(&self, send: impl Fn(&Portal<'_>, &Secret) -> Result<T, AwsError>) -> Result<T, CallError> {
        let center = self.wanted.center;
        let portal = Portal(Service {
            http: self.sign_ins.context.http,
            endpoint: &center.portal,
            ca_bundle: center.ca_bundle.as_deref(),
            limit: self.sign_ins.context.settings.call_timeout.min(self.patience.max(Duration::from_secs(1))),
        });
        let name = SignInName::new(center);
        let (start, mut pauses, mut is_replaced) = (Instant::now(), PAUSES.into_iter(), false);
        loop {
            self.sign_ins.context.cache.wait_for_turn(&name, INTERVAL, self.sign_ins.context.clock);
            let token = self.access.borrow().token.clone();
            match send(&portal, &token) {
                Err(error) if error.is_throttled() => {
                    let pause = Duration::from_secs(pauses.next().unwrap_or(PAUSES[PAUSES.len() - 1]));
                    if start.elapsed() + pause > self.patience {
                        return Err(CallError::Portal(error));
                    }
                    (self.on_throttle)(pause);
                    self.sign_ins.context.clock.wait(pause);
                }
                Err(error) if error.is_unauthorized() && !is_replaced => {
                    is_replaced = true;
                    let refused = self.access.borrow().clone();
                    let other = self.sign_ins.replacement(self.wanted, &refused).map_err(CallError::SignIn)?;
                    self.access.replace(other);
                }
                result => return result.map_err(CallError::Portal),
            }
        }
    }
}
