//! Secret Service over D-Bus: gnome-keyring, KWallet, KeePassXC.
//!
//! May use `limit` and `prompt_lock`. Not through keyring-core as the other keychains: its store unlocks whatever it meets, with
//! a dialog and without a time limit, and is a second connection to the bus.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secret_service::EncryptionType;
use secret_service::blocking::{Item as Entry, SecretService as Service};
use zbus::zvariant::OwnedObjectPath;

use crate::credentials::StoreId;
use crate::keystore::limit::within;
use crate::keystore::prompt_lock::PromptLock;
use crate::keystore::{Item, KeyStore, Opening, Presence, SERVICE, StoreError};
use crate::secret::SecretBytes;

/// How long a person may take over an unlock dialog. Go's SDK kills a `credential_process` after 60 s.
pub(crate) const DIALOG_LIMIT: Duration = Duration::from_secs(50);

/// What an item holds: bytes, most of them JSON.
const CONTENT_TYPE: &str = "application/octet-stream";

/// The default collection of whatever provides the Secret Service.
pub struct SecretService<'a> {
    limit: Duration,
    dialog: Dialog,
    prompt_lock: Rc<PromptLock<'a>>,
    /// The connection to the bus, made once a process.
    link: Arc<Mutex<Option<Service<'static>>>>,
    silent: Cell<bool>,
}

/// Whether an unlock dialog may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialog {
    /// Somebody sits before a display of this machine.
    Open,
    /// Over SSH, without a display, or where nobody may be asked: what does not unlock without one is an error.
    No,
}

/// Prepares it; a dialog is opened only where a person could see it.
pub(super) fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    let Opening { id: _, context, prompt_lock, may_ask } = opening;
    let sees = context.environment.has_display() && context.settings.prompt.is_allowed();
    let dialog = if *may_ask && sees { Dialog::Open } else { Dialog::No };
    Ok(Box::new(SecretService::new(context.settings.key_store_timeout, dialog, Rc::clone(prompt_lock))))
}

/// What a look at the provider shows before an item is touched.
enum State {
    Open,
    Locked,
    /// Nothing was ever set up to keep items in.
    NoCollection,
}

/// Why the provider cannot be talked to.
pub(crate) enum Trouble {
    /// There is none.
    Absent(String),
    /// There is one.
    Broken(StoreError),
}

impl<'a> SecretService<'a> {
    /// Prepares the store; the bus is connected to at the first call. Each call ends within `limit`, a dialog within
    /// 50 s; twenty processes at `prompt_lock` open one dialog.
    pub fn new(limit: Duration, dialog: Dialog, prompt_lock: Rc<PromptLock<'a>>) -> Self {
        SecretService { limit, dialog, prompt_lock, link: Arc::default(), silent: Cell::new(false) }
    }

    /// Looks whether `item` can be got at, unlocks where that is allowed, then does `call`.
    fn on_item<T: Send + 'static>(
        &self,
        item: &Item,
        call: impl FnOnce(&Service<'static>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match (self.state(item)?, self.dialog) {
            (State::Open, _) => {}
            (State::NoCollection, _) => return Err(StoreError::Unavailable(no_collection())),
            (State::Locked, Dialog::No) => {
                let name = item.to_string();
                self.linked(self.limit, move |service| unlock_without_dialog(service, &name))?;
            }
            (State::Locked, Dialog::Open) => self.unlock(item)?,
        }
        self.linked(self.limit, call)
    }

    fn state(&self, item: &Item) -> Result<State, StoreError> {
        let name = item.to_string();
        self.linked(self.limit, move |service| look(service, &name))
    }

    fn unlock(&self, item: &Item) -> Result<(), StoreError> {
        let _inside = self.prompt_lock.enter()?;
        // Whoever was inside before may have had it unlocked.
        match self.state(item)? {
            State::Open => return Ok(()),
            State::Locked | State::NoCollection => {}
        }
        let name = item.to_string();
        self.linked(DIALOG_LIMIT, move |service| unlock(service, &name)).map_err(|error| match error {
            StoreError::TimedOut(limit) => StoreError::Locked(format!(
                "Secret Service is locked, and its unlock dialog was not answered within {} s",
                limit.as_secs()
            )),
            error => error,
        })
    }

    /// Runs `call` over the connection, on a thread, within `limit`.
    ///
    /// A provider that was silent once is not waited for again: its thread still holds the connection.
    fn linked<T: Send + 'static>(
        &self,
        limit: Duration,
        call: impl FnOnce(&Service<'static>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.silent.get() {
            return Err(StoreError::TimedOut(self.limit));
        }
        let link = Arc::clone(&self.link);
        let result = within(limit, move || {
            let mut link = link.lock().unwrap_or_else(PoisonError::into_inner);
            if link.is_none() {
                // Security: what goes over the bus is encrypted; other programs of the user may watch it.
                *link = Some(connect(EncryptionType::Dh).map_err(|trouble| match trouble {
                    Trouble::Absent(why) => StoreError::Unavailable(why),
                    Trouble::Broken(error) => error,
                })?);
            }
            call(link.as_ref().expect("connected above"))
        });
        self.silent.set(matches!(result, Err(StoreError::TimedOut(_))));
        result
    }
}

impl KeyStore for SecretService<'_> {
    fn id(&self) -> StoreId {
        StoreId::SECRET_SERVICE
    }

    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        let name = item.to_string();
        self.on_item(item, move |service| read(service, &name))
    }

    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        let (name, value) = (item.to_string(), value.clone());
        self.on_item(item, move |service| write(service, &name, &value))
    }

    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        let name = item.to_string();
        self.on_item(item, move |service| delete(service, &name))
    }

    /// Absent means no session bus, no provider on it, or, where no dialog could ever make one, no default collection.
    ///
    /// With a display a missing default collection is an error instead: KeePassXC shows none while its database is
    /// closed, and the person before it can open it.
    fn presence(&self) -> Result<Presence, StoreError> {
        let dialog = self.dialog;
        within(self.limit, move || {
            // Nothing secret goes over this connection, so it needs no key exchange.
            let service = match connect(EncryptionType::Plain) {
                Ok(service) => service,
                Err(Trouble::Absent(why)) => return Ok(Presence::Absent(why)),
                Err(Trouble::Broken(error)) => return Err(error),
            };
            let name = Item::SealingKey.to_string();
            match (look(&service, &name)?, dialog) {
                (State::Open, _) | (State::Locked, Dialog::Open) => Ok(Presence::There),
                (State::Locked, Dialog::No) => unlock_without_dialog(&service, &name).map(|()| Presence::There),
                (State::NoCollection, Dialog::Open) => Err(StoreError::Unavailable(no_collection())),
                (State::NoCollection, Dialog::No) => Ok(Presence::Absent(no_collection())),
            }
        })
    }
}

/// Connects to the provider.
pub(crate) fn connect(encryption: EncryptionType) -> Result<Service<'static>, Trouble> {
    Service::connect(encryption).map_err(|error| {
        let text = error.to_string();
        // The bus's own error names, from the D-Bus specification: nobody owns the name, nothing can be started to.
        let unowned = ["DBus.Error.ServiceUnknown", "DBus.Error.NameHasNoOwner", "DBus.Error.Spawn."];
        if unowned.iter().any(|name| text.contains(name)) {
            return Trouble::Absent(
                "no keychain is running: no program on the D-Bus session bus provides the Secret Service".to_owned(),
            );
        }
        let no_bus = match &error {
            // No address, or one this system knows no way to.
            secret_service::Error::Unavailable => true,
            // A socket that is not there, or that nobody serves any more. A refusal is no absence.
            error => io_error_kind(error)
                .is_some_and(|kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)),
        };
        match no_bus {
            true => Trouble::Absent("there is no D-Bus session bus, so no keychain can be used".to_owned()),
            false => Trouble::Broken(StoreError::Unavailable(format!("cannot connect to Secret Service: {text}"))),
        }
    })
}

fn io_error_kind(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        // zbus shares its I/O errors.
        if let Some(error) = error.downcast_ref::<Arc<io::Error>>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

fn locked() -> StoreError {
    StoreError::Locked("Secret Service is locked, and there is no desktop session to show its unlock dialog".to_owned())
}

fn no_collection() -> String {
    "Secret Service has no default collection to store keys in; create one with its manager (Seahorse, KWalletManager, KeePassXC), or log in to the desktop once"
        .to_owned()
}

/// Finds out what stands between us and the item `name`: that one itself, or the collection it would go into.
fn look(service: &Service<'_>, name: &str) -> Result<State, StoreError> {
    let found = service.search_items(attributes(name)).map_err(translate_service)?;
    if !found.unlocked.is_empty() {
        return Ok(State::Open);
    }
    if !found.locked.is_empty() {
        return Ok(State::Locked);
    }
    // A locked collection may hide its items: "not found" counts in an open one alone.
    match service.get_default_collection() {
        Ok(collection) if collection.is_locked().map_err(translate_service)? => Ok(State::Locked),
        Ok(_) => Ok(State::Open),
        Err(secret_service::Error::NoResult) => Ok(State::NoCollection),
        Err(error) => Err(translate_service(error)),
    }
}

/// Unlocks what can be unlocked without asking anybody, a keyring with a blank password: `Unlock` answers then with `/` in
/// place of a prompt (Secret Service API 0.2, "Locking and Unlocking"). On a connection of its own: the crate goes on to the
/// dialog.
///
/// # Errors
/// [`StoreError::Locked`] where a dialog would be needed; it is not opened.
fn unlock_without_dialog(service: &Service<'_>, name: &str) -> Result<(), StoreError> {
    const SERVICE: Option<&str> = Some("org.freedesktop.secrets");
    let found = service.search_items(attributes(name)).map_err(translate_service)?;
    let object = match found.locked.first() {
        Some(item) => item.item_path.clone(),
        None => service.get_default_collection().map_err(translate_service)?.collection_path.clone(),
    };
    let unlock = || -> zbus::Result<bool> {
        let bus = zbus::blocking::Connection::session()?;
        let interface = Some("org.freedesktop.Secret.Service");
        let reply = bus.call_method(SERVICE, "/org/freedesktop/secrets", interface, "Unlock", &(vec![object],))?;
        let (_, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) = reply.body().deserialize()?;
        if prompt.as_str() == "/" {
            return Ok(true);
        }
        // Dropped by the provider as this connection ends, if not now.
        let _ = bus.call_method(SERVICE, &prompt, Some("org.freedesktop.Secret.Prompt"), "Dismiss", &());
        Ok(false)
    };
    match unlock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(locked()),
        Err(error) => Err(StoreError::Unavailable(format!("Secret Service cannot be unlocked: {error}"))),
    }
}

/// Opens the provider's own dialog and waits for it. It closes when this process ends.
fn unlock(service: &Service<'_>, name: &str) -> Result<(), StoreError> {
    let found = service.search_items(attributes(name)).map_err(translate_service)?;
    match found.locked.first() {
        Some(item) => item.unlock().map_err(translate_service),
        None => service.get_default_collection().and_then(|all| all.unlock()).map_err(translate_service),
    }
}

/// The attributes under which an item is filed; those of the keyring crates, so that other tools find it alike.
fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", name)])
}

/// Does `call` on the one item called `name`.
fn on_entry<T>(
    service: &Service<'_>,
    name: &str,
    call: impl FnOnce(&Entry<'_>) -> Result<T, secret_service::Error>,
) -> Result<T, StoreError> {
    let found = service.search_items(attributes(name)).map_err(translate_service)?;
    match found.unlocked.as_slice() {
        [] if found.locked.is_empty() => Err(StoreError::NotFound),
        [] => Err(StoreError::Locked("Secret Service is locked".to_owned())),
        [entry] => call(entry).map_err(translate_service),
        entries => Err(StoreError::Unavailable(format!(
            "Secret Service contains {} items named `{name}` for the service `{SERVICE}`; delete all but one with its manager",
            entries.len()
        ))),
    }
}

fn read(service: &Service<'_>, name: &str) -> Result<SecretBytes, StoreError> {
    on_entry(service, name, |entry| entry.get_secret().map(SecretBytes::new))
}

/// Over an old one, whose place in its collection is kept. A kill leaves the old value or the new.
fn write(service: &Service<'_>, name: &str, value: &SecretBytes) -> Result<(), StoreError> {
    match on_entry(service, name, |entry| entry.set_secret(value.expose(), CONTENT_TYPE)) {
        Err(StoreError::NotFound) => {}
        written => return written,
    }
    let collection = service.get_default_collection().map_err(translate_service)?;
    let label = format!("{SERVICE}: {name}");
    let created = collection.create_item(&label, attributes(name), value.expose(), true, CONTENT_TYPE);
    created.map(drop).map_err(translate_service)
}

fn delete(service: &Service<'_>, name: &str) -> Result<(), StoreError> {
    on_entry(service, name, |entry| entry.delete())
}

/// Its errors in our words.
pub(crate) fn translate_service(error: secret_service::Error) -> StoreError {
    match error {
        secret_service::Error::Locked => StoreError::Locked("Secret Service is locked".to_owned()),
        secret_service::Error::Prompt => StoreError::Denied("the unlock dialog was dismissed".to_owned()),
        secret_service::Error::NoResult => StoreError::Unavailable(no_collection()),
        error => StoreError::Unavailable(error.to_string()),
    }
}
