//! The ports of a command, with nothing behind them that a test does not put there.

use crate::chain::Base;
use crate::context::{Context, Keys};
use crate::credentials::{AccessKey, StoreId};
use crate::error::Result;
use crate::human::{Human, Talk};
use crate::keystore::{KeyStore, StoreError, StoreOpener};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::SessionCache;
use crate::settings::Settings;
use crate::sys::clock::Clock;
use crate::sys::env::Environment;
use crate::sys::paths::Paths;
use crate::testing::aws::Unasked;
use crate::timestamp::Timestamp;
use crate::totp::Seed;

/// A machine with empty folders and a clock that stands still but for waiting.
pub(crate) struct Ports {
    pub(crate) env: Environment,
    pub(crate) settings: Settings,
    pub(crate) paths: Paths,
    pub(crate) clock: Clock,
    pub(crate) cache: SessionCache,
    _folder: tempfile::TempDir,
}

impl Ports {
    /// One on which it is `now`.
    pub(crate) fn at(now: i64) -> Ports {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        Ports {
            env: Environment::default(),
            settings: Settings::default(),
            paths: Paths {
                aws_config: path("config"),
                aws_credentials: path("credentials"),
                settings: path("config.toml"),
                data: path("data"),
                cache: path("cache"),
            },
            clock: Clock::fixed(Timestamp::from_unix(now)),
            cache: SessionCache::new(path("cache")),
            _folder: folder,
        }
    }

    /// What a command gets. A call of AWS fails the test.
    pub(crate) fn context<'a>(
        &'a self,
        talk: &'a dyn Talk,
        human: &'a dyn Human,
        keys: &'a dyn Keys,
        stores: &'a dyn StoreOpener,
    ) -> Context<'a> {
        Context {
            env: &self.env,
            clock: &self.clock,
            settings: &self.settings,
            paths: &self.paths,
            talk,
            human,
            sts: &Unasked,
            http: &Unasked,
            access_keys: &Unasked,
            mfa_devices: &Unasked,
            account: &Unasked,
            iam: &Unasked,
            stores,
            keys,
            cache: &self.cache,
        }
    }
}

/// A key store of one access key, whatever base it is asked for, and of this seed.
pub(crate) struct OneKey {
    pub(crate) seed: Result<Option<Seed>>,
}

impl Keys for OneKey {
    fn seed(&self, _: &str) -> Result<Option<Seed>> {
        self.seed.clone()
    }

    fn access_key(&self, base: &Base) -> Result<AccessKey> {
        let id = base.key_id().expect("a key").clone();
        Ok(AccessKey { id, secret: Secret::new("fake-secret-access-key".into()) })
    }

    fn unlock(&self, _: &Base) -> Result<()> {
        Ok(())
    }

    fn written(&self, _: &str, _: &str) -> Result<(Secret, Option<Secret>)> {
        unreachable!("the base is a stored key")
    }

    fn sealing_key_unasked(&self) -> Option<SecretBytes> {
        unreachable!("no session is made")
    }

    fn sealing_key(&self, _: StoreId) -> Result<SecretBytes> {
        unreachable!("no session is made")
    }
}

/// No key store at all.
pub(crate) struct NoStores;

impl StoreOpener for NoStores {
    fn open(&self, id: StoreId) -> Result<&dyn KeyStore, StoreError> {
        Err(StoreError::Unknown(id))
    }

    fn sealing_key(&self, id: StoreId) -> Result<SecretBytes, StoreError> {
        Err(StoreError::Unknown(id))
    }
}
