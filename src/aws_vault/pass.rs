//! aws-vault's items in pass: each a file of the password store, with the whole item as JSON (keyring `pass.go`).

use std::path::PathBuf;
use std::time::Duration;

use super::{Place, UncheckedKey, VaultError, kept, name};
use crate::format::environment::of_helper;
use crate::mask;
use crate::secret::SecretBytes;
use crate::settings::Settings;
use crate::sorted;
use crate::sys::child::{self, Given};
use crate::sys::env::{Environment, vars};
use crate::sys::folder::files_below;

/// The password store as aws-vault uses it.
pub(super) struct Pass {
    program: String,
    /// The password store.
    store: PathBuf,
    /// Where in it the items are; empty for all of it.
    prefix: String,
    env: Environment,
    limit: Duration,
}

impl Pass {
    /// What aws-vault itself would use; none without a home folder.
    pub(super) fn of_aws_vault(env: &Environment, settings: &Settings) -> Option<Pass> {
        let home = env.get(vars::HOME).map(PathBuf::from);
        // `PASSWORD_STORE_DIR` counts for pass, and not for aws-vault.
        let store = match (env.get(vars::AWS_VAULT_PASS_PASSWORD_STORE_DIR), home) {
            (Some(path), Some(home)) if path.starts_with("~/") => home.join(&path[2..]),
            (Some(path), _) => PathBuf::from(path),
            (None, home) => home?.join(".password-store"),
        };
        let mut helper = of_helper(env);
        helper.set(vars::PASSWORD_STORE_DIR, store.as_os_str());
        helper.set(vars::LC_ALL, "C.UTF-8");
        Some(Pass {
            program: env.get(vars::AWS_VAULT_PASS_CMD).unwrap_or("pass").to_owned(),
            store,
            prefix: env.get(vars::AWS_VAULT_PASS_PREFIX).unwrap_or_default().trim_matches('/').to_owned(),
            env: helper,
            limit: settings.program_timeout,
        })
    }

    fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    fn call(&self, words: [&str; 2], name: &str) -> Result<SecretBytes, VaultError> {
        let argv = [&self.program, words[0], words[1], &self.path(name)].map(str::to_owned);
        let argv: Vec<String> = argv.into_iter().filter(|word| !word.is_empty()).collect();
        let given = Given { env: &self.env, chain: &[], limit: self.limit };
        let answer = child::run_with_input(&argv, SecretBytes::new(Vec::new()), given)
            .map_err(|error| VaultError::File(format!("`{}`: {error}", self.program)))?;
        match answer.status.success() {
            true => Ok(answer.stdout),
            false => {
                let said = mask::in_one_line(&String::from_utf8_lossy(answer.stderr.expose()));
                Err(VaultError::File(format!("`{} {}` of `{name}` failed: {said}", self.program, words[0])))
            }
        }
    }
}

impl Place for Pass {
    fn title(&self) -> String {
        match self.prefix.is_empty() {
            true => format!("aws-vault's items in pass, in {}", self.store.display()),
            false => format!("aws-vault's items in pass, in {}", self.store.join(&self.prefix).display()),
        }
    }

    /// Without a prefix the user's own passwords are there too: what does not decrypt to an item of aws-vault's is left out.
    fn names(&self) -> Result<Vec<String>, VaultError> {
        let folder = self.store.join(&self.prefix);
        let files = files_below(&folder)
            .map_err(|error| VaultError::File(format!("cannot read {}: {error}", folder.display())))?;
        let mut names: Vec<String> =
            files.iter().filter_map(|file| Some(file.to_str()?.strip_suffix(".gpg")?.to_owned())).collect();
        names.retain(|name| name::is_key(name));
        if self.prefix.is_empty() {
            let mut own = Vec::new();
            for name in names {
                match self.read(&name) {
                    Err(VaultError::Form { .. }) => {}
                    Err(error) => return Err(error),
                    Ok(_) => own.push(name),
                }
            }
            names = own;
        }
        sorted::sort(&mut names);
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<UncheckedKey, VaultError> {
        kept(name, &self.call(["show", ""], name)?)
    }

    fn delete(&self, name: &str) -> Result<(), VaultError> {
        self.call(["rm", "-f"], name).map(drop)
    }
}
