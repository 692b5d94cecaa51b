//! The names of key stores.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a key store, where access keys and the sealing key of their sessions are: `a-z`, `0-9`, `-` and `:`.
///
/// Which stores there are is `keystore`'s: one that is unknown here, of a newer keyfob, is an error only when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreId(&'static str);

impl StoreId {
    /// Secret Service over D-Bus: gnome-keyring, KWallet, KeePassXC.
    pub const SECRET_SERVICE: StoreId = StoreId("secret-service");
    /// The macOS login keychain.
    pub const MACOS_KEYCHAIN: StoreId = StoreId("macos-keychain");
    /// Windows Credential Manager.
    pub const WINDOWS_CREDENTIAL_MANAGER: StoreId = StoreId("windows-credential-manager");
    /// The encrypted vault file.
    pub const VAULT: StoreId = StoreId("vault");

    /// For a store's own file: a name of the characters above.
    pub const fn named(name: &'static str) -> StoreId {
        StoreId(name)
    }

    /// The name in `--backend`, `KEYFOB_BACKEND`, config.toml and JSON.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The name in a sentence.
    pub fn title(self) -> Cow<'static, str> {
        self.known().map_or_else(|| format!("the key store `{}`", self.0).into(), |(_, title, _)| (*title).into())
    }

    /// Whether the store is another program, which is called only for what is nowhere else: it has no sealing key.
    pub fn is_outside(self) -> bool {
        self.0.starts_with("program:") || self.known().is_some_and(|(_, _, is_outside)| *is_outside)
    }

    /// What the pure modules say of a store, which do not see the registry of those that can be opened.
    fn known(self) -> Option<&'static (StoreId, &'static str, bool)> {
        const KNOWN: &[(StoreId, &str, bool)] = &[
            (StoreId::SECRET_SERVICE, "Secret Service", false),
            (StoreId::MACOS_KEYCHAIN, "the macOS Keychain", false),
            (StoreId::WINDOWS_CREDENTIAL_MANAGER, "Windows Credential Manager", false),
            (StoreId::VAULT, "the vault", false),
            (StoreId("op"), "1Password", true),
            (StoreId("pass"), "pass", true),
            (StoreId("gopass"), "gopass", true),
            (StoreId("bw"), "Bitwarden", true),
            (StoreId("hashicorp-vault"), "HashiCorp Vault", true),
            (StoreId("kwallet"), "KWallet", true),
            (StoreId("keepassxc"), "KeePassXC", true),
        ];
        KNOWN.iter().find(|(id, ..)| *id == self)
    }

    /// The keychain of the platform this program was built for.
    pub const fn platform() -> Option<StoreId> {
        if cfg!(target_os = "linux") {
            Some(StoreId::SECRET_SERVICE)
        } else if cfg!(target_os = "macos") {
            Some(StoreId::MACOS_KEYCHAIN)
        } else if cfg!(windows) {
            Some(StoreId::WINDOWS_CREDENTIAL_MANAGER)
        } else {
            None
        }
    }
}

impl FromStr for StoreId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// Every name seen, kept for as long as the program runs: there are a few, and so an id is as small as a number.
        static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let is_valid = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b':');
        if text.is_empty() || !text.bytes().all(is_valid) {
            return Err(format!("`{text}` is not a valid key store name: use only `a-z`, `0-9`, `-` and `:`"));
        }
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let name = names.get(text).copied().unwrap_or_else(|| String::leak(text.to_owned()));
        names.insert(name);
        Ok(StoreId(name))
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for StoreId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for StoreId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_may_have_a_name_that_nobody_knows() {
        for name in ["vault", "op", "program:my-store2"] {
            let id: StoreId = name.parse().expect("valid");
            assert_eq!((id, id.name()), (StoreId::named(name), name));
            let json = serde_json::to_string(&id).expect("can be written");
            assert_eq!((json.as_str(), serde_json::from_str(&json).ok()), (&*format!("\"{name}\""), Some(id)));
        }
        let titles = ["op", "program:a"].map(|name| StoreId::named(name).title());
        assert_eq!(titles, ["1Password", "the key store `program:a`"]);
        assert!(["", "Vault", "a b", "../x"].iter().all(|bad| bad.parse::<StoreId>().is_err()));
    }
}
