//! Where a sign-in to IAM Identity Center comes from: the cache, a refresh, the AWS CLI's cache, a person with a browser.
//!
//! May use `aws`, `session_cache`, `sys` and the pure modules. One sign-in serves every process: whoever makes or refreshes one
//! holds its lock, and the others read what it has left. What a kill leaves is said where it is written.

mod access;
mod browser;
mod cli_cache;
mod code;
mod page;
mod portal;
mod refusal;
mod sign_out;
mod state;
mod vanity;

use std::time::Duration;

use crate::aws::identity_center::Service;
use crate::aws::oidc::Oidc;
use crate::chain::identity_center::IdentityCenter;
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::session_cache::CacheError;
use crate::session_cache::sealing_key::SealingKey;
use crate::session_cache::sign_in::{SignIn, SignInName};
use crate::sys::lock::Lock;

pub use access::Access;
pub use browser::{Browser, browsers_words};
pub use code::Keep;
pub use page::page;
pub use portal::{CallError, Portals};
pub use refusal::in_the_way;
pub use sign_out::SignOut;
pub use state::{identity, state};

/// How long one process waits for another that signs in or refreshes, where its own prompt has no limit: as long as a device
/// code works.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Sign-ins, for whoever needs one.
#[derive(Clone, Copy)]
pub struct SignIns<'a> {
    pub context: Context<'a>,
    /// None where no key can be had without asking anybody: then nothing is kept.
    pub key: Option<&'a SealingKey>,
}

/// Hands what sign-ins come from to `work`, with the key that seals them, if one can be read without asking anybody.
pub fn with_sign_ins<T>(context: &Context<'_>, work: impl FnOnce(&SignIns<'_>) -> T) -> T {
    let key = context.keys.sealing_key_unasked().and_then(|bytes| SealingKey::new(&bytes));
    work(&SignIns { context: *context, key: key.as_ref() })
}

/// What is signed in to, and on whose behalf.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub center: &'a IdentityCenter,
    /// What `keyfob login` takes for it.
    pub name: &'a str,
    /// How long a person or another process may take.
    pub limit: Option<Duration>,
}

impl<'a> SignIns<'a> {
    fn oidc<'s>(&self, center: &'s IdentityCenter) -> Oidc<'s>
    where
        'a: 's,
    {
        Oidc(Service {
            http: self.context.http,
            endpoint: &center.oidc,
            ca_bundle: center.ca_bundle.as_deref(),
            limit: self.context.settings.call_timeout,
        })
    }

    /// The sign-in in its file; one that does not open is none, and is replaced by the next.
    fn read(&self, name: &SignInName) -> Option<SignIn> {
        let Some(key) = self.key else { return self.context.cache.unsealed_sign_in(name) };
        match self.context.cache.sign_in(key, name) {
            Ok(sign_in) => sign_in,
            Err(error) => {
                self.context.talk.explain(&error.to_string());
                None
            }
        }
    }

    /// Keeps a sign-in. One that cannot be kept serves this process.
    fn keep(&self, name: &SignInName, sign_in: &SignIn) -> Result<(), CacheError> {
        match self.key {
            Some(key) => self.context.cache.put_sign_in(key, name, sign_in),
            None => {
                self.context.cache.hold_unsealed(name, sign_in);
                Ok(())
            }
        }
    }

    /// The lock of a sign-in; none where the cache folder can hold none, and each process is on its own.
    fn lock(&self, wanted: Wanted<'_>, name: &SignInName) -> Result<Option<Lock>> {
        let limit = wanted.limit.unwrap_or(LONGEST_WAIT);
        let waiting = |holder: Option<u32>| {
            let holder = crate::sys::lock::holder_name(holder);
            let url = &wanted.center.start_url;
            self.context.human.waiting(&format!("waiting for {holder}, which is signing in to {url}"));
        };
        match self.context.cache.lock(name.of_session(), limit, waiting) {
            Ok(lock) => Ok(Some(lock)),
            Err(CacheError::Busy { holder }) => {
                let holder_name = crate::sys::lock::holder_name(holder);
                let text = format!(
                    "{holder_name} is signing in to {}, and has not finished after {} s",
                    wanted.center.start_url,
                    limit.as_secs()
                );
                Err(Error::new(Kind::NeedsHuman, text)
                    .hint(run!("keyfob login {}", wanted.name).to("sign in yourself")))
            }
            Err(error) => {
                self.context.talk.warn(&error.to_string());
                Ok(None)
            }
        }
    }
}
