//! KDE's KWallet over D-Bus (`org.kde.KWallet` of kwalletd, Frameworks 5 and 6). Not through `kwallet-query`: that program cannot
//! delete, makes no folder, and ends with 0 where it fails.

use std::time::Duration;

use zbus::Message;
use zbus::blocking::{Connection, Proxy};
use zbus::zvariant::{DynamicDeserialize, Structure};

use crate::credentials::StoreId;
use crate::keystore::limit::within;
use crate::keystore::secret_service::{DIALOG_LIMIT, Dialog};
use crate::keystore::{Item, KeyStore, Opening, Presence, StoreError};
use crate::secret::{Secret, SecretBytes};

/// The daemon's names on the bus, with the object that it has.
const DAEMONS: [(&str, &str); 2] =
    [("org.kde.kwalletd6", "/modules/kwalletd6"), ("org.kde.kwalletd5", "/modules/kwalletd5")];

/// The wallet that KDE makes.
pub(crate) const WALLET: &str = "kdewallet";

/// A folder of a wallet.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    pub wallet: String,
    pub folder: String,
    /// What kwalletd calls this program when it asks.
    pub app: &'static str,
    pub limit: Duration,
    /// Whether kwalletd may ask for the wallet's password.
    pub dialog: Dialog,
}

/// keyfob's folder in a wallet.
struct KWallet(Folder);

/// Prepares it; a dialog is opened only where a person could see it.
pub(super) fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    let settings = opening.context.settings;
    let table = settings.stores.get("kwallet");
    let setting = |name: &str, default: &str| {
        table.and_then(|table| table.values.get(name)).map_or(default, String::as_str).to_owned()
    };
    let sees = opening.context.environment.has_display() && settings.prompt.is_allowed();
    Ok(Box::new(KWallet(Folder {
        wallet: setting("wallet", WALLET),
        folder: setting("folder", "keyfob"),
        app: "keyfob",
        limit: settings.key_store_timeout,
        dialog: if opening.may_ask && sees { Dialog::Open } else { Dialog::No },
    })))
}

impl KeyStore for KWallet {
    fn id(&self) -> StoreId {
        StoreId::named("kwallet")
    }

    fn get(&self, item: &Item) -> Result<SecretBytes, StoreError> {
        let name = item.to_string();
        self.0.with(move |opened| {
            if !opened.has(&name)? {
                return Err(StoreError::NotFound);
            }
            let text: String = opened.call("readPassword", opened.entry(&name))?;
            Ok(Secret::new(text).into())
        })
    }

    fn set(&self, item: &Item, value: &SecretBytes) -> Result<(), StoreError> {
        let (name, value) = (item.to_string(), value.clone());
        self.0.with(move |opened| {
            let text = std::str::from_utf8(value.expose());
            let text = text.map_err(|_| StoreError::Unavailable("KWallet keeps nothing but text".to_owned()))?;
            let (folder, app) = (&*opened.folder.folder, opened.folder.app);
            // It says no where there is one already.
            let _made: bool = opened.call("createFolder", (opened.handle, folder, app))?;
            opened.done(opened.call("writePassword", (opened.handle, folder, &*name, text, app))?)
        })
    }

    fn delete(&self, item: &Item) -> Result<(), StoreError> {
        let name = item.to_string();
        self.0.with(move |opened| opened.delete(&name))
    }

    fn names(&self) -> Result<Option<Vec<String>>, StoreError> {
        self.0.with(Opened::names).map(Some)
    }

    fn presence(&self) -> Result<Presence, StoreError> {
        let folder = self.0.clone();
        within(self.0.limit, move || match daemon()? {
            None => Ok(Presence::Absent(none())),
            Some(daemon) => folder.check_open(&daemon).map(|()| Presence::There),
        })
    }
}

impl Folder {
    /// Opens the wallet and does `work` with it, on a thread, within the time limit; a dialog may take longer.
    pub(crate) fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = self.clone();
        let limit = match self.dialog {
            Dialog::Open => self.limit + DIALOG_LIMIT,
            Dialog::No => self.limit,
        };
        within(limit, move || {
            let daemon = daemon()?.ok_or_else(|| StoreError::Unavailable(none()))?;
            folder.check_open(&daemon)?;
            let handle: i32 = call(&daemon, "open", (&*folder.wallet, 0_i64, folder.app))?;
            if handle < 0 {
                return Err(StoreError::Denied(format!("KWallet did not open the wallet `{}`", folder.wallet)));
            }
            work(&Opened { daemon, handle, folder })
        })
    }

    /// Whether the wallet opens without a dialog that nobody would see.
    fn check_open(&self, daemon: &Proxy<'_>) -> Result<(), StoreError> {
        if self.dialog == Dialog::No && !call::<bool>(daemon, "isOpen", (&*self.wallet,))? {
            let why = "is not open, and there is no desktop session to show its dialog";
            return Err(StoreError::Locked(format!("the wallet `{}` of KWallet {why}", self.wallet)));
        }
        Ok(())
    }
}

/// An open wallet.
pub(crate) struct Opened {
    daemon: Proxy<'static>,
    handle: i32,
    folder: Folder,
}

impl Opened {
    /// The names of the folder's entries.
    pub(crate) fn names(&self) -> Result<Vec<String>, StoreError> {
        self.call("entryList", (self.handle, &*self.folder.folder, self.folder.app))
    }

    /// An entry as bytes, whichever kind it is.
    pub(crate) fn bytes(&self, name: &str) -> Result<SecretBytes, StoreError> {
        if !self.has(name)? {
            return Err(StoreError::NotFound);
        }
        self.call("readEntry", self.entry(name)).map(SecretBytes::new)
    }

    /// Deletes an entry.
    pub(crate) fn delete(&self, name: &str) -> Result<(), StoreError> {
        if !self.has(name)? {
            return Err(StoreError::NotFound);
        }
        self.done(self.call("removeEntry", self.entry(name))?)
    }

    fn has(&self, name: &str) -> Result<bool, StoreError> {
        self.call("hasEntry", self.entry(name))
    }

    fn entry<'s>(&'s self, name: &'s str) -> (i32, &'s str, &'s str, &'s str) {
        (self.handle, &self.folder.folder, name, self.folder.app)
    }

    /// Has a change written into the wallet's file.
    fn done(&self, result: i32) -> Result<(), StoreError> {
        match result {
            0 => self.call("sync", (self.handle, self.folder.app)),
            code => Err(StoreError::Unavailable(format!("KWallet did not store it (error {code})"))),
        }
    }

    fn call<'v, T>(&self, method: &'static str, arguments: impl Into<Structure<'v>>) -> Result<T, StoreError>
    where
        T: for<'d> DynamicDeserialize<'d>,
    {
        call(&self.daemon, method, arguments)
    }
}

fn none() -> String {
    "KWallet is not running: no program on the D-Bus session bus provides it".to_owned()
}

/// The running daemon, or the one that the bus starts; none where there is none.
fn daemon() -> Result<Option<Proxy<'static>>, StoreError> {
    let Ok(bus) = Connection::session() else { return Ok(None) };
    for (name, path) in DAEMONS {
        let proxy = Proxy::new(&bus, name, path, "org.kde.KWallet").map_err(|error| broken(&error))?;
        match proxy.call::<_, _, bool>("isEnabled", &()) {
            Ok(true) => return Ok(Some(proxy)),
            Ok(false) => return Err(StoreError::Unavailable("KWallet is disabled in KDE's settings".to_owned())),
            // The bus's own error names, from the D-Bus specification: nobody owns the name, nothing can be started to.
            Err(error)
                if ["ServiceUnknown", "NameHasNoOwner", ".Spawn."]
                    .iter()
                    .any(|name| error.to_string().contains(name)) => {}
            Err(error) => return Err(broken(&error)),
        }
    }
    Ok(None)
}

/// The arguments as one type, so that zbus's way to a call is in the program once, and not for each of their types (0.05 MB).
fn call<'v, T>(daemon: &Proxy<'_>, method: &'static str, arguments: impl Into<Structure<'v>>) -> Result<T, StoreError>
where
    T: for<'d> DynamicDeserialize<'d>,
{
    let reply = send(daemon, method, &arguments.into()).map_err(|error| broken(&error))?;
    reply.body().deserialize().map_err(|error| broken(&error))
}

fn send(daemon: &Proxy<'_>, method: &'static str, arguments: &Structure<'_>) -> zbus::Result<Message> {
    daemon.call_method(method, arguments)
}

fn broken(error: &zbus::Error) -> StoreError {
    StoreError::Unavailable(format!("KWallet: {error}"))
}
