//! Which key store is used, and opening it.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::credentials::Backend;
use crate::error;
use crate::human::{Human, Talk};
use crate::keystore::gate::Gate;
use crate::keystore::held::{Kept, Keyring};
use crate::keystore::passphrase::Sources;
use crate::keystore::sealing::SealingKeys;
use crate::keystore::vault::Vault;
use crate::keystore::{KeyStore, Presence, StoreError};
use crate::secret::SecretBytes;
use crate::settings::Settings;
use crate::sys::env::{Environment, vars};
use crate::sys::paths::Paths;

/// Opens key stores by kind. A test hands in one of its own.
pub trait StoreOpener {
    /// The store of this kind; opened once, and unlocked no earlier than it is read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] for a kind this platform does not have.
    fn open(&self, backend: Backend) -> Result<&dyn KeyStore, StoreError>;

    /// The 32 bytes that seal the sessions of this backend's keys; made at the first call ever.
    ///
    /// Costs 0.1 ms while the kernel keyring holds a copy; otherwise the store is unlocked and read.
    ///
    /// # Errors
    /// As the store says.
    fn sealing_key(&self, backend: Backend) -> Result<SecretBytes, StoreError>;
}

/// What key stores are opened with.
#[derive(Clone, Copy)]
pub struct StoreContext<'a> {
    /// Backend, passphrase sources and limits.
    pub settings: &'a Settings,
    /// Data and cache folder.
    pub paths: &'a Paths,
    /// Whether there is a display, and what keyfob was started for.
    pub environment: &'a Environment,
    /// Who may be asked for the vault's passphrase.
    pub human: &'a dyn Human,
    /// Who is told why.
    pub talk: &'a dyn Talk,
    /// How long one question may stand; also how long another process's question is waited for. `credential-process`
    /// sets 50 s.
    pub prompt_limit: Option<Duration>,
}

/// Why a backend was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackendReason {
    /// `--backend`.
    Asked,
    /// `KEYFOB_BACKEND` or `backend` in config.toml.
    Setting,
    /// It is the platform's keychain, and it answers.
    KeychainAnswers,
    /// The platform's keychain is not there, and how that shows.
    NoKeychain(String),
    /// keyfob knows no keychain of this platform.
    UnknownPlatform,
}

impl fmt::Display for BackendReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackendReason::Asked => f.write_str("as asked with `--backend`"),
            BackendReason::Setting => f.write_str("as set with `KEYFOB_BACKEND` or `backend` in config.toml"),
            BackendReason::KeychainAnswers => f.write_str("the keychain of this system"),
            BackendReason::NoKeychain(why) => write!(f, "since {why}"),
            BackendReason::UnknownPlatform => f.write_str("since keyfob knows no keychain of this system"),
        }
    }
}

/// The key stores of this machine and data folder.
pub struct Stores<'a> {
    context: StoreContext<'a>,
    gate: Rc<Gate<'a>>,
    keyring: Rc<Keyring<'a>>,
    vault: Vault<'a>,
    keychain: OnceCell<Box<dyn KeyStore + 'a>>,
}

impl<'a> Stores<'a> {
    /// Prepares them; nothing is opened yet.
    pub fn new(context: StoreContext<'a>) -> Self {
        let StoreContext { settings, paths, environment, human, talk, prompt_limit } = context;
        let gate = Rc::new(Gate::new(paths.cache.clone(), prompt_limit, human));
        let keyring = Rc::new(Keyring::new(&paths.data, talk));
        let chain = environment.get(vars::KEYFOB_CHAIN).unwrap_or_default();
        let vault = Vault {
            folder: paths.data.clone(),
            identity_file: settings.identity_file.clone(),
            sources: Sources {
                file: settings.passphrase_file.clone(),
                command: settings.passphrase_command.clone(),
                command_limit: prompt_limit
                    .map_or(settings.program_timeout, |limit| limit.min(settings.program_timeout)),
                chain: chain.split(',').filter(|link| !link.is_empty()).map(str::to_owned).collect(),
                human,
                prompt_limit,
            },
            keyring: Rc::clone(&keyring),
            unlock_time: settings.unlock_time,
            gate: Rc::clone(&gate),
            limit: settings.key_store_timeout,
            unlocked: None.into(),
        };
        Stores { context, gate, keyring, vault, keychain: OnceCell::new() }
    }

    /// The vault, for what only it can do.
    pub fn vault(&self) -> &Vault<'a> {
        &self.vault
    }

    /// Chooses where a new key goes: `asked`, else the setting, else the platform's keychain where there is one, else
    /// the vault.
    ///
    /// # Errors
    /// A keychain that is there but locked, silent or broken: that is never a reason to move to another store. One that was
    /// asked for and is not there: said before anybody types a key that has nowhere to go.
    pub fn choose(&self, asked: Option<Backend>) -> error::Result<(Backend, BackendReason)> {
        let set = self.context.settings.backend.map(|backend| (backend, BackendReason::Setting));
        if let Some((backend, reason)) = asked.map(|backend| (backend, BackendReason::Asked)).or(set) {
            return match self.open(backend).and_then(KeyStore::presence) {
                Ok(Presence::There) => Ok((backend, reason)),
                Ok(Presence::Absent(why)) => Err(StoreError::Unavailable(why).for_user(backend)),
                Err(error) => Err(error.for_user(backend)),
            };
        }
        let Some(keychain) = Backend::platform() else { return Ok((Backend::Vault, BackendReason::UnknownPlatform)) };
        let presence = self.open(keychain).and_then(KeyStore::presence);
        choose_by_presence(keychain, presence).map_err(|error| error.for_user(keychain))
    }

    /// Forgets the sealing keys of `backends` and of the vault, and the vault's unlock. Sessions sealed until now never
    /// open again. Nobody is asked for anything: from a store that is locked the key is taken at its next unlock.
    ///
    /// # Errors
    /// Where another process holds the stores, or the data folder cannot be written.
    pub fn clear_all(&self, backends: &[Backend]) -> Result<(), StoreError> {
        let forgotten = self.forget_sealing_keys(backends);
        // Whatever became of the stores, the kernel forgets.
        for backend in Backend::ALL {
            self.keyring.remove(Kept::SealingKey(backend));
        }
        self.vault.lock();
        forgotten
    }

    fn forget_sealing_keys(&self, backends: &[Backend]) -> Result<(), StoreError> {
        let _inside = self.gate.enter()?;
        let keys = self.sealing_keys();
        for backend in backends.iter().copied().filter(|backend| *backend != Backend::Vault) {
            let store = keychain(&self.context, &self.gate, MayAsk::No);
            keys.forget(backend, store.as_deref().ok().filter(|store| store.backend() == backend))?;
        }
        if self.vault.exists()? {
            let opens = self.vault.opens_unasked()?;
            keys.forget(Backend::Vault, opens.then_some(&self.vault as &dyn KeyStore))?;
        }
        Ok(())
    }

    fn sealing_keys(&self) -> SealingKeys<'_, 'a> {
        SealingKeys {
            folder: &self.context.paths.data,
            keyring: &self.keyring,
            gate: &self.gate,
            unlock_time: self.context.settings.unlock_time,
        }
    }
}

impl StoreOpener for Stores<'_> {
    fn open(&self, backend: Backend) -> Result<&dyn KeyStore, StoreError> {
        if backend == Backend::Vault {
            return Ok(&self.vault);
        }
        if Backend::platform() != Some(backend) {
            return Err(StoreError::Unavailable(format!("{} is not to be had on this system", backend.title())));
        }
        if self.keychain.get().is_none() {
            let store = keychain(&self.context, &self.gate, MayAsk::Yes)?;
            // Nobody else can have set it: this is not shared between threads.
            let _ = self.keychain.set(store);
        }
        Ok(&**self.keychain.get().expect("set above"))
    }

    fn sealing_key(&self, backend: Backend) -> Result<SecretBytes, StoreError> {
        let keys = self.sealing_keys();
        match keys.copy(backend) {
            Some(key) => Ok(key),
            None => keys.fetch(self.open(backend)?),
        }
    }
}

/// "There is none" leads to the vault; a keychain that is there is used, or its trouble is the answer.
fn choose_by_presence(
    keychain: Backend,
    presence: Result<Presence, StoreError>,
) -> Result<(Backend, BackendReason), StoreError> {
    match presence? {
        Presence::There => Ok((keychain, BackendReason::KeychainAnswers)),
        Presence::Absent(why) => Ok((Backend::Vault, BackendReason::NoKeychain(why))),
    }
}

/// Whether a keychain may open its own dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MayAsk {
    Yes,
    No,
}

#[cfg(target_os = "linux")]
fn keychain<'a>(
    context: &StoreContext<'a>,
    gate: &Rc<Gate<'a>>,
    may_ask: MayAsk,
) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    use crate::keystore::secret_service::{Dialog, SecretService};
    let display = context.environment.has_display();
    let dialog = match may_ask {
        MayAsk::Yes if display && context.settings.prompt.is_allowed() => Dialog::Open,
        MayAsk::Yes | MayAsk::No => Dialog::No,
    };
    Ok(Box::new(SecretService::new(context.settings.key_store_timeout, dialog, Rc::clone(gate))))
}

#[cfg(target_os = "macos")]
fn keychain(context: &StoreContext<'_>, _: &Rc<Gate<'_>>, _: MayAsk) -> Result<Box<dyn KeyStore>, StoreError> {
    Ok(Box::new(crate::keystore::macos::keychain(context.settings.key_store_timeout)?))
}

#[cfg(windows)]
fn keychain(context: &StoreContext<'_>, _: &Rc<Gate<'_>>, _: MayAsk) -> Result<Box<dyn KeyStore>, StoreError> {
    Ok(Box::new(crate::keystore::windows::keychain(context.settings.key_store_timeout)?))
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn keychain(_: &StoreContext<'_>, _: &Rc<Gate<'_>>, _: MayAsk) -> Result<Box<dyn KeyStore>, StoreError> {
    Err(StoreError::Unavailable("keyfob knows no keychain of this system".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_keychain_that_is_not_there_leads_to_the_vault() {
        let choose = |presence| choose_by_presence(Backend::SecretService, presence);
        assert_eq!(
            choose(Ok(Presence::There)).expect("chosen"),
            (Backend::SecretService, BackendReason::KeychainAnswers)
        );
        assert_eq!(
            choose(Ok(Presence::Absent("there is no bus".into()))).expect("chosen"),
            (Backend::Vault, BackendReason::NoKeychain("there is no bus".into()))
        );
        for trouble in [
            StoreError::Locked("locked".into()),
            StoreError::Denied("no".into()),
            StoreError::Unavailable("broken".into()),
            StoreError::TimedOut(Duration::from_secs(1)),
        ] {
            choose(Err(trouble)).expect_err("never a silent move to another store");
        }
    }
}
