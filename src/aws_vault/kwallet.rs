//! aws-vault's items in KWallet: a folder of its own, an entry of bytes for each item (keyring `kwallet.go`).

use super::{Place, UncheckedKey, VaultError, kept, name};
use crate::keystore::kwallet::{Folder, Opened, WALLET};
use crate::keystore::secret_service::Dialog;
use crate::settings::Settings;
use crate::sorted;
use crate::sys::env::Environment;

/// What aws-vault calls itself and its folder (aws-vault `cli/global.go`).
const NAME: &str = "aws-vault";

/// aws-vault's folder.
pub(super) struct KWallet(Folder);

impl KWallet {
    /// The one aws-vault itself would use.
    pub(super) fn of_aws_vault(env: &Environment, settings: &Settings) -> KWallet {
        let may_ask = env.has_display() && settings.prompt.is_allowed();
        KWallet(Folder {
            wallet: WALLET.to_owned(),
            folder: NAME.to_owned(),
            app: NAME,
            limit: settings.key_store_timeout,
            dialog: if may_ask { Dialog::Open } else { Dialog::No },
        })
    }
}

impl Place for KWallet {
    fn title(&self) -> String {
        format!("aws-vault's folder `{NAME}` in KWallet")
    }

    fn names(&self) -> Result<Vec<String>, VaultError> {
        let mut names = self.0.with(Opened::names)?;
        names.retain(|name| name::is_key(name));
        sorted::sort(&mut names);
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<UncheckedKey, VaultError> {
        let entry = name.to_owned();
        kept(name, &self.0.with(move |opened| opened.bytes(&entry))?)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        let entry = name.to_owned();
        Ok(self.0.with(move |opened| opened.delete(&entry))?)
    }
}
