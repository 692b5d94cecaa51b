//! The one bundle of ports: everything outside that a command works with. A test hands in what it plays itself.

use crate::aws::http::Http;
use crate::aws::{AccessKeys, Account, Iam, MfaDevices, Sts};
use crate::chain::Base;
use crate::credentials::{AccessKey, StoreId};
use crate::error::Result;
use crate::human::{Human, Talk};
use crate::keystore::{KeyStore, StoreOpener};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::SessionCache;
use crate::settings::Settings;
use crate::sys::clock::Clock;
use crate::sys::env::Environment;
use crate::sys::paths::Paths;
use crate::totp::Seed;

/// The world, as a command sees it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The environment variables keyfob was started with.
    pub env: &'a Environment,
    /// The time, corrected by what AWS says.
    pub clock: &'a Clock,
    pub settings: &'a Settings,
    pub paths: &'a Paths,
    pub talk: &'a dyn Talk,
    /// The person at the terminal.
    pub human: &'a dyn Human,
    pub sts: &'a dyn Sts,
    pub http: &'a dyn Http,
    pub access_keys: &'a dyn AccessKeys,
    pub mfa_devices: &'a dyn MfaDevices,
    /// What an audit asks; for several threads.
    pub account: &'a dyn Account,
    pub iam: &'a dyn Iam,
    pub stores: &'a dyn StoreOpener,
    /// The keys a plan starts from.
    pub keys: &'a dyn Keys,
    pub cache: &'a SessionCache,
}

impl<'a> Context<'a> {
    /// Opens a key store.
    ///
    /// # Errors
    /// As [`StoreOpener::open`], as the user sees it.
    pub fn store(&self, id: StoreId) -> Result<&'a dyn KeyStore> {
        self.stores.open(id).map_err(|error| error.for_user(id))
    }

    /// Asks before something that cannot be taken back. `what` is what the answer would have been: `confirmation to …`.
    ///
    /// # Errors
    /// Where nobody answers; the hint is `--yes`.
    pub fn confirm(&self, question: &str, what: &str) -> Result<bool> {
        let answer = self.human.confirm(question);
        answer.map_err(|error| error.into_error(what).hint(self.talk.again(&["--yes"])))
    }
}

/// What carrying a plan out asks of key stores and AWS files.
pub trait Keys {
    /// The seed of the device `serial`; none where none is stored.
    ///
    /// # Errors
    /// Where one is and its store does not give it.
    fn seed(&self, serial: &str) -> Result<Option<Seed>>;

    /// The access key at the base of a plan: out of its key store, or out of the AWS file that has it.
    ///
    /// # Errors
    /// Where the store does not give it (exit 5, or 3 for a locked vault with nobody to ask).
    fn access_key(&self, base: &Base) -> Result<AccessKey>;

    /// Unlocks the store of that key, so that reading it asks nobody.
    ///
    /// # Errors
    /// As [`Keys::access_key`].
    fn unlock(&self, base: &Base) -> Result<()>;

    /// The secret and the session token that stand in the AWS files beside the key `id` of a profile.
    ///
    /// # Errors
    /// Where they have another one now.
    fn written(&self, profile: &str, id: &str) -> Result<(Secret, Option<Secret>)>;

    /// The 32 bytes that seal the sessions of a base without a stored key, if they can be read without asking anybody for
    /// anything: no vault is made or unlocked for them.
    fn sealing_key_unasked(&self) -> Option<SecretBytes>;

    /// Whether that key is in a key store, and not in the kernel's memory alone, for as long as an unlock lasts.
    fn keeps_unasked_key(&self) -> bool {
        true
    }

    /// The 32 bytes that seal the sessions of this backend's keys; made and stored where there were none.
    ///
    /// # Errors
    /// As [`Keys::access_key`].
    fn sealing_key(&self, backend: StoreId) -> Result<SecretBytes>;
}
