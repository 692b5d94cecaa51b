//! What the kernel keyring holds for one data folder: the vault's unlock, and a copy of each sealing key.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::credentials::StoreId;
use crate::hex;
use crate::human::Talk;
use crate::secret::SecretBytes;
use crate::sys::kernel_keyring::{self, Refused, TimedSecret};
use crate::timestamp::Timestamp;

/// Something the kernel keyring may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelItem {
    /// The identity that opens the vault.
    VaultIdentity,
    /// The sealing key of a backend.
    SealingKey(StoreId),
}

/// The kernel keyring as one data folder sees it. Where the kernel refuses, it holds nothing, and says so once with `-v`.
pub struct KernelKeyring<'a> {
    folder: PathBuf,
    /// What stands for the folder in descriptions.
    digest: OnceCell<String>,
    talk: &'a dyn Talk,
    told: Cell<bool>,
}

impl<'a> KernelKeyring<'a> {
    /// The keyring of the data folder at `path`. Several folders of one user do not meet in it.
    pub fn new(path: &Path, talk: &'a dyn Talk) -> Self {
        KernelKeyring { folder: path.to_owned(), digest: OnceCell::new(), talk, told: Cell::new(false) }
    }

    /// What is held, if it is.
    pub fn get(&self, kept: KernelItem) -> Option<TimedSecret> {
        self.allowed(kernel_keyring::get(&self.description(kept))).flatten()
    }

    /// Holds `secret` until `until`.
    pub fn put(&self, kept: KernelItem, secret: &SecretBytes, until: Timestamp) {
        self.allowed(kernel_keyring::put(&self.description(kept), secret, until));
    }

    /// Holds it no more.
    pub fn remove(&self, kept: KernelItem) {
        self.allowed(kernel_keyring::remove(&self.description(kept)));
    }

    fn description(&self, kept: KernelItem) -> String {
        // Which folder it is counts, not the way to it. It may be made between two uses, so that its parents are resolved where
        // it is missing: what is held under a name that nobody looks for again could not be taken back.
        let folder = self.digest.get_or_init(|| {
            let digest = Sha256::digest(resolved(&self.folder).as_os_str().as_encoded_bytes());
            hex::encode(&digest[..8])
        });
        match kept {
            KernelItem::VaultIdentity => format!("keyfob:{folder}:vault"),
            KernelItem::SealingKey(backend) => format!("keyfob:{folder}:sealing-key:{backend}"),
        }
    }

    fn allowed<T>(&self, result: Result<T, Refused>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(refused) => {
                if !self.told.replace(true) {
                    self.talk.explain(&format!("{refused}; the vault stays unlocked only for this command"));
                }
                None
            }
        }
    }
}

/// The path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::testing::Silence;

    #[test]
    fn a_folder_has_one_name_before_and_after_it_is_made_whatever_leads_there() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let (real, link) = (place.path().join("real"), place.path().join("link"));
        std::fs::create_dir(&real).expect("made");
        std::os::unix::fs::symlink(&real, &link).expect("made");
        let name = |folder: &Path| KernelKeyring::new(folder, &Silence).description(KernelItem::VaultIdentity);
        let (by_link, direct) = (link.join("data/keyfob"), real.join("data/keyfob"));
        let before = name(&by_link);
        assert_eq!(before, name(&direct));
        std::fs::create_dir_all(&direct).expect("made");
        assert_eq!((name(&by_link), name(&direct)), (before.clone(), before));
    }
}
