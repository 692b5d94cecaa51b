//! Which key store is used, and opening it.

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::credentials::StoreId;
use crate::error;
use crate::human::{Human, Talk};
use crate::keystore::kernel_keyring::{KernelItem, KernelKeyring};
use crate::keystore::passphrase::PassphraseSources;
use crate::keystore::prompt_lock::PromptLock;
use crate::keystore::sealing::SealingKeys;
use crate::keystore::vault::Vault;
use crate::keystore::{
    KeyStore, Open, Opening, PROGRAM, Presence, REGISTRY, Store, StoreError, StoreOpener, UNASKED, configured, program,
};
use crate::secret::SecretBytes;
use crate::settings::Settings;
use crate::sys::env::{Environment, vars};
use crate::sys::paths::Paths;

/// Stands for no store: the name of a sealing key that only the kernel keyring holds.
const IN_KERNEL_ALONE: StoreId = StoreId::named("kernel-keyring");

/// What key stores are opened with.
#[derive(Clone, Copy)]
pub struct StoreContext<'a> {
    /// The store, passphrase sources and limits.
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

/// Why a store was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreReason {
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

impl fmt::Display for StoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreReason::Asked => f.write_str("as requested with `--backend`"),
            StoreReason::Setting => f.write_str("as set in `KEYFOB_BACKEND` or in config.toml (`backend`)"),
            StoreReason::KeychainAnswers => f.write_str("the keychain of this system"),
            StoreReason::NoKeychain(why) => write!(f, "since {why}"),
            StoreReason::UnknownPlatform => f.write_str("because keyfob supports no keychain on this system"),
        }
    }
}

/// The key stores of this machine and data folder.
pub struct Stores<'a> {
    context: StoreContext<'a>,
    prompt_lock: Rc<PromptLock<'a>>,
    keyring: Rc<KernelKeyring<'a>>,
    vault: Vault<'a>,
    /// Those keyfob knows, and the programs that config.toml names.
    registry: Vec<Store>,
    /// Those that were opened, in the order of the registry.
    opened: Vec<OnceCell<Box<dyn KeyStore + 'a>>>,
}

impl<'a> Stores<'a> {
    /// Prepares them; nothing is opened yet.
    pub fn new(context: StoreContext<'a>) -> Self {
        Stores::of(REGISTRY, context)
    }

    fn of(registry: &'a [Store], context: StoreContext<'a>) -> Self {
        let StoreContext { settings, paths, environment, human, talk, prompt_limit } = context;
        let prompt_lock = Rc::new(PromptLock::new(paths.cache.clone(), prompt_limit, human));
        let keyring = Rc::new(KernelKeyring::new(&paths.data, talk));
        let chain = environment.get(vars::KEYFOB_CHAIN).unwrap_or_default();
        let vault = Vault {
            folder: paths.data.clone(),
            identity_file: settings.identity_file.clone(),
            sources: PassphraseSources {
                file: settings.passphrase_file.clone(),
                command: settings.passphrase_command.clone(),
                environment,
                command_limit: prompt_limit
                    .map_or(settings.program_timeout, |limit| limit.min(settings.program_timeout)),
                chain: chain.split(',').filter(|link| !link.is_empty()).map(str::to_owned).collect(),
                human,
                prompt_limit,
                talk,
            },
            keyring: Rc::clone(&keyring),
            unlock_time: settings.unlock_time,
            prompt_lock: Rc::clone(&prompt_lock),
            limit: settings.key_store_timeout,
            unlocked: None.into(),
        };
        let programs = configured(settings).filter(|id| id.name().starts_with(PROGRAM));
        let programs = programs.map(|id| Store { id, open: Some(program::open) });
        let registry: Vec<Store> = registry.iter().copied().chain(programs).collect();
        let opened = registry.iter().map(|_| OnceCell::new()).collect();
        Stores { context, prompt_lock, keyring, vault, registry, opened }
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
    pub fn choose(&self, asked: Option<StoreId>) -> error::Result<(StoreId, StoreReason)> {
        let set = self.context.settings.backend.map(|id| (id, StoreReason::Setting));
        if let Some((id, reason)) = asked.map(|id| (id, StoreReason::Asked)).or(set) {
            return match self.open(id).and_then(KeyStore::presence) {
                Ok(Presence::There) => Ok((id, reason)),
                Ok(Presence::Absent(why)) => Err(StoreError::Unavailable(why).for_user(id)),
                Err(error) => Err(error.for_user(id)),
            };
        }
        let Some(keychain) = StoreId::platform() else { return Ok((StoreId::VAULT, StoreReason::UnknownPlatform)) };
        let presence = self.open(keychain).and_then(KeyStore::presence);
        choose_by_presence(keychain, presence).map_err(|error| error.for_user(keychain))
    }

    /// The copy of a store's sealing key in the kernel keyring, if there is one. Opens and unlocks nothing.
    pub fn sealing_key_at_hand(&self, id: StoreId) -> Option<SecretBytes> {
        if id == UNASKED { self.unasked_copy() } else { self.sealing_keys().copy(id) }
    }

    /// Forgets the sealing keys of `stores` and of the vault, and the vault's unlock. Sessions sealed until now never
    /// open again. Nobody is asked for anything: from a store that is locked the key is taken at its next unlock.
    ///
    /// # Errors
    /// Where another process holds the stores, or the data folder cannot be written.
    pub fn clear_all(&self, stores: &[StoreId]) -> Result<(), StoreError> {
        let forgotten = self.forget_sealing_keys(stores);
        // Whatever became of the stores, the kernel forgets.
        for id in self.registry.iter().map(|store| store.id).chain(stores.iter().copied()).chain([IN_KERNEL_ALONE]) {
            self.keyring.remove(KernelItem::SealingKey(id));
        }
        self.vault.lock();
        forgotten
    }

    fn forget_sealing_keys(&self, stores: &[StoreId]) -> Result<(), StoreError> {
        let _inside = self.prompt_lock.enter()?;
        let keys = self.sealing_keys();
        for id in stores.iter().copied().filter(|id| *id != StoreId::VAULT && !id.is_outside()) {
            let store = self.find(id).ok().and_then(|(_, open)| self.open_with(id, open?, false).ok());
            keys.forget(id, store.as_deref())?;
        }
        if self.vault.exists()? {
            let opens = self.vault.opens_unasked()?;
            keys.forget(StoreId::VAULT, opens.then_some(&self.vault as &dyn KeyStore))?;
        }
        Ok(())
    }

    /// Where the registry has a store, and what opens it.
    fn find(&self, id: StoreId) -> Result<(usize, Option<Open>), StoreError> {
        let found = self.registry.iter().position(|store| store.id == id).ok_or_else(|| {
            match id.name().strip_prefix(PROGRAM) {
                Some(name) => StoreError::Unavailable(format!("config.toml has no `[stores.{name}]` with a `command`")),
                None => StoreError::Unknown(id),
            }
        })?;
        Ok((found, self.registry[found].open))
    }

    fn open_with(&self, id: StoreId, open: Open, may_ask: bool) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
        open(&Opening { id, context: &self.context, prompt_lock: &self.prompt_lock, may_ask })
    }

    /// The stores whose sealing key may seal sessions of no store's keys, in the order they are asked.
    fn unasked(&self) -> Vec<StoreId> {
        let mut stores: Vec<StoreId> = Vec::new();
        for id in [self.context.settings.backend, StoreId::platform(), Some(StoreId::VAULT)].into_iter().flatten() {
            if !id.is_outside() && !stores.contains(&id) {
                stores.push(id);
            }
        }
        stores
    }

    fn unasked_copy(&self) -> Option<SecretBytes> {
        self.unasked().into_iter().chain([IN_KERNEL_ALONE]).find_map(|id| self.sealing_keys().copy(id))
    }

    /// The sealing key of a store, none of a vault that would have to be made or unlocked.
    fn fetch_unasked(&self, id: StoreId) -> Result<Option<SecretBytes>, StoreError> {
        let keys = self.sealing_keys();
        match self.find(id)? {
            (_, Some(open)) => keys.fetch(&*self.open_with(id, open, false)?).map(Some),
            (_, None) if self.vault.opens_unasked()? => keys.fetch(&self.vault).map(Some),
            (_, None) => Ok(None),
        }
    }

    fn sealing_keys(&self) -> SealingKeys<'_, 'a> {
        SealingKeys {
            folder: &self.context.paths.data,
            keyring: &self.keyring,
            prompt_lock: &self.prompt_lock,
            unlock_time: self.context.settings.unlock_time,
        }
    }
}

impl StoreOpener for Stores<'_> {
    fn open(&self, id: StoreId) -> Result<&dyn KeyStore, StoreError> {
        let (index, Some(open)) = self.find(id)? else { return Ok(&self.vault) };
        let opened = &self.opened[index];
        if opened.get().is_none() {
            let store = self.open_with(id, open, true)?;
            // Nobody else can have set it: this is not shared between threads.
            let _ = opened.set(store);
        }
        Ok(&**opened.get().expect("set above"))
    }

    /// A store that is another program has none.
    fn sealing_key(&self, id: StoreId) -> Result<SecretBytes, StoreError> {
        let keys = self.sealing_keys();
        match keys.copy(id) {
            Some(key) => Ok(key),
            None => keys.fetch(self.open(id)?),
        }
    }

    fn sealing_key_unasked(&self) -> Option<SecretBytes> {
        if let Some(copy) = self.unasked_copy() {
            return Some(copy);
        }
        let fetched = self.unasked().into_iter().find_map(|id| {
            let fetched = self.fetch_unasked(id).transpose()?;
            fetched.map_err(|error| self.context.talk.explain(&format!("{}: {error}", id.title()))).ok()
        });
        fetched.or_else(|| self.sealing_keys().make_in_kernel(IN_KERNEL_ALONE))
    }

    fn keeps_unasked_key(&self) -> bool {
        let keys = self.sealing_keys();
        keys.copy(IN_KERNEL_ALONE).is_none() || self.unasked().into_iter().any(|id| keys.copy(id).is_some())
    }
}

/// "There is none" leads to the vault; a keychain that is there is used, or its trouble is the answer.
fn choose_by_presence(
    keychain: StoreId,
    presence: Result<Presence, StoreError>,
) -> Result<(StoreId, StoreReason), StoreError> {
    match presence? {
        Presence::There => Ok((keychain, StoreReason::KeychainAnswers)),
        Presence::Absent(why) => Ok((StoreId::VAULT, StoreReason::NoKeychain(why))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::{Item, throwaway};
    use crate::testing::{NOBODY, Silence};

    /// All it takes to add a store, beside its own file.
    const WITH_A_LINE: [Store; 2] = [REGISTRY[3], throwaway::STORE];

    #[test]
    fn a_store_is_added_by_one_file_and_one_line() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| folder.path().join(name);
        let (aws_config, aws_credentials, settings) = (at("config"), at("credentials"), at("config.toml"));
        let paths = Paths { aws_config, aws_credentials, settings, data: at("data"), cache: at("cache") };
        let (settings, environment) = (Settings::default(), Environment::default());
        let context = StoreContext {
            settings: &settings,
            paths: &paths,
            environment: &environment,
            human: &NOBODY,
            talk: &Silence,
            prompt_limit: None,
        };
        let stores = Stores::of(&WITH_A_LINE, context);
        let id = throwaway::STORE.id;
        assert_eq!(stores.choose(Some(id)).expect("there"), (id, StoreReason::Asked));
        let key = stores.sealing_key(id).expect("made");
        stores.keyring.remove(KernelItem::SealingKey(id));
        assert_eq!(stores.sealing_key(id).expect("read").expose(), key.expose());
        stores.open(id).expect("opened").delete(&Item::SealingKey).expect("it is the same store");
        stores.keyring.remove(KernelItem::SealingKey(id));
        let unknown = StoreId::named("unknown");
        assert!(matches!(stores.open(unknown), Err(StoreError::Unknown(id)) if id == unknown));
        assert_eq!(stores.open(StoreId::VAULT).expect("prepared").id(), StoreId::VAULT);
        stores.clear_all(&[id, unknown]).expect("what is unknown cannot be deleted, and is marked");
        assert!(paths.data.join("sealing-key-void.unknown").exists());
    }

    #[test]
    fn only_a_keychain_that_is_not_there_leads_to_the_vault() {
        let choose = |presence| choose_by_presence(StoreId::SECRET_SERVICE, presence);
        assert_eq!(
            choose(Ok(Presence::There)).expect("chosen"),
            (StoreId::SECRET_SERVICE, StoreReason::KeychainAnswers)
        );
        assert_eq!(
            choose(Ok(Presence::Absent("there is no bus".into()))).expect("chosen"),
            (StoreId::VAULT, StoreReason::NoKeychain("there is no bus".into()))
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
